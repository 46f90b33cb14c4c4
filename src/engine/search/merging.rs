//! Several segments become one, without what died in them.

use super::document::Key;
use super::pieces::{Pieces, Window};
use super::postings::Postings;
use super::segment::{At, Segment, Windows};
use super::varint::damaged;
use super::write::{DOCUMENTS, Line, Piece, Stream, Writer};
use crate::engine::rows::ReadError;
use crate::store::records::SearchSegment;

/// Bytes of pieces that are given on together.
const AT_ONCE: usize = 256 * 1024;

/// Writes these segments as one of this number. `put` takes pieces as they get full, and may give up; the answer has
/// the last ones.
pub fn merge<E: From<ReadError>>(
    pieces: &Pieces<'_>,
    segments: &[Segment],
    number: u64,
    mut put: impl FnMut(Vec<Piece>) -> Result<(), E>,
) -> Result<(Vec<Piece>, SearchSegment), E> {
    let mut writer = Writer::new(number);
    let places = documents(pieces, segments, &mut writer, &mut put)?;
    let mut terms = Vec::new();
    for segment in segments {
        let mut cursor = Terms::of(segment, pieces);
        cursor.advance()?;
        terms.push(cursor);
    }
    let mut postings = Postings::default();
    loop {
        let least = terms.iter().filter_map(|t| t.next.as_ref()).map(|(term, _)| term).min();
        let Some(least) = least.cloned() else { break };
        postings.clear();
        for (cursor, places) in terms.iter_mut().zip(&places) {
            let Some((_, at)) = cursor.next.take_if(|(term, _)| *term == least) else { continue };
            let lives = |document: u32| places.get(document as usize).is_some_and(|p| *p != GONE);
            let take = |document: u32, all: &[u32]| postings.add(places[document as usize], all);
            cursor.segment.positions(&mut cursor.windows, at, lives, take)?;
            cursor.advance()?;
        }
        postings.sort();
        if !postings.is_empty() {
            writer.term(&least, &postings);
        }
        if writer.waiting() >= AT_ONCE {
            put(writer.pieces())?;
        }
    }
    Ok(writer.finish())
}

/// In place of a position, of what died.
const GONE: u32 = u32::MAX;

/// Writes the table; for each segment, the new position of each document.
fn documents<E: From<ReadError>>(
    pieces: &Pieces<'_>,
    segments: &[Segment],
    writer: &mut Writer,
    put: &mut impl FnMut(Vec<Piece>) -> Result<(), E>,
) -> Result<Vec<Vec<u32>>, E> {
    let mut places: Vec<Vec<u32>> =
        segments.iter().map(|s| vec![GONE; s.known.documents as usize]).collect();
    let mut cursors: Vec<Lines<'_>> = segments.iter().map(Lines::new).collect();
    let mut next: Vec<Option<(u32, Line)>> =
        cursors.iter_mut().map(|cursor| cursor.next(pieces)).collect::<Result<_, _>>()?;
    let mut place = 0;
    let mut last: Option<Key> = None;
    loop {
        let first =
            next.iter().enumerate().filter_map(|(of, line)| Some((line.as_ref()?.1.key, of)));
        let Some((key, of)) = first.min() else { return Ok(places) };
        let Some((at, line)) = next[of].take() else { return Ok(places) };
        // No document lives twice; if one did, damage would be written on.
        if last.replace(key) == Some(key) {
            return Err(damaged().into());
        }
        writer.document(line);
        if writer.waiting() >= AT_ONCE {
            put(writer.pieces())?;
        }
        *places[of].get_mut(at as usize).ok_or_else(damaged)? = place;
        place += 1;
        next[of] = cursors[of].next(pieces)?;
    }
}

/// The living documents of a segment, in order.
struct Lines<'a> {
    segment: &'a Segment,
    at: u32,
    held: Vec<Line>,
}

impl<'a> Lines<'a> {
    fn new(segment: &'a Segment) -> Lines<'a> {
        Lines { segment, at: 0, held: Vec::new() }
    }

    fn next(&mut self, pieces: &Pieces<'_>) -> Result<Option<(u32, Line)>, ReadError> {
        while self.at < self.segment.known.documents {
            let (block, within) = (self.at as usize / DOCUMENTS, self.at as usize % DOCUMENTS);
            if within == 0 {
                self.held = self.segment.lines(pieces, block)?;
            }
            let at = self.at;
            self.at += 1;
            if !self.segment.dead.has(at) {
                return self.held.get(within).map(|line| Some((at, *line))).ok_or_else(damaged);
            }
        }
        Ok(None)
    }
}

/// The terms of a segment, in order.
struct Terms<'a> {
    segment: &'a Segment,
    terms: Window<'a>,
    windows: Windows<'a>,
    block: usize,
    held: std::vec::IntoIter<(String, At)>,
    next: Option<(String, At)>,
}

impl<'a> Terms<'a> {
    fn of(segment: &'a Segment, pieces: &Pieces<'a>) -> Terms<'a> {
        let (terms, windows) = (segment.window(pieces, Stream::Terms), segment.windows(pieces));
        Terms { segment, terms, windows, block: 0, held: Vec::new().into_iter(), next: None }
    }

    fn advance(&mut self) -> Result<(), ReadError> {
        self.next = self.held.next();
        while self.next.is_none() && self.block < self.segment.head.terms.len() {
            let mut held = Vec::new();
            self.segment.block(&mut self.terms, self.block, |term, at| {
                held.push((term.to_owned(), at));
                true
            })?;
            self.block += 1;
            self.held = held.into_iter();
            self.next = self.held.next();
        }
        Ok(())
    }
}
