//! Reading a segment: terms, their documents, their positions, the table of documents.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::bits::Bits;
use super::coding::BEHIND;
use super::document::Key;
use super::pieces::{Pieces, Window};
use super::postings::Listed;
use super::varint::{self, damaged};
use super::write::{DOCUMENTS, Head, Line, Stream, TERMS, is_word};
use crate::engine::packed::Packed;
use crate::engine::rows::ReadError;
use crate::store::records::{SearchDead, SearchSegment};

/// Where a term's documents lie.
#[derive(Clone, Copy, Debug)]
pub struct At {
    pub documents: u32,
    pub is_word: bool,
    pub postings: (u64, u64),
    pub positions: (u64, u64),
}

/// A segment that lies in the rows; a clone shares all of it.
#[derive(Clone)]
pub struct Segment {
    pub known: SearchSegment,
    pub head: Arc<Head>,
    /// Documents that are there no more.
    pub dead: Arc<Bits>,
    pub dead_count: u32,
    /// The highest entry that it has, packed, once somebody asked.
    last_entry: Arc<OnceLock<u64>>,
    /// The block of the table in which a key was looked for last: the next one is often a neighbour.
    looked_in: Arc<Mutex<LookedIn>>,
}

/// A block of the table with the packed keys of its lines.
type LookedIn = Option<(usize, Vec<u64>)>;

/// What the table tells of all documents, by their positions.
#[derive(Default)]
pub struct Columns {
    /// By blocks; of neighbours they are neighbours.
    tickets: Vec<Packed>,
    /// Of words, 255 where there are more.
    pub lengths: Vec<u8>,
    /// Bits of positions.
    pub widths: Vec<u8>,
}

impl Columns {
    /// Empty ones, with room for so many blocks of documents.
    pub fn of(blocks: usize) -> Columns {
        let room = || Vec::with_capacity(blocks * DOCUMENTS);
        Columns { tickets: Vec::with_capacity(blocks), lengths: room(), widths: room() }
    }

    /// Adds a block; all but the last are full.
    pub fn push(&mut self, lines: &[Line]) {
        let numbered = (0..).zip(lines).map(|(at, line)| (at, i64::from(line.ticket)));
        self.tickets.push(Packed::of(lines.len(), &numbered.collect::<Vec<_>>()));
        self.lengths.extend(lines.iter().map(|l| u8::try_from(l.length).unwrap_or(u8::MAX)));
        self.widths.extend(lines.iter().map(|line| line.width));
    }

    /// The number of a document's ticket; 0 without one.
    #[inline]
    pub fn ticket(&self, at: u32) -> u32 {
        let (block, at) = (at as usize / DOCUMENTS, at as usize % DOCUMENTS);
        self.tickets[block].get(at).map_or(0, |ticket| ticket as u32)
    }

    pub fn bytes(&self) -> usize {
        let tickets = self.tickets.iter().map(|block| size_of::<Packed>() + block.bytes());
        tickets.sum::<usize>() + self.lengths.len() + self.widths.len()
    }
}

/// A segment's streams of bits, as they are read term by term.
pub struct Windows<'a> {
    pieces: Pieces<'a>,
    postings: Window<'a>,
    positions: Window<'a>,
    columns: Option<Arc<Columns>>,
}

impl Segment {
    pub fn open(
        pieces: &Pieces<'_>,
        known: SearchSegment,
        dead: Bits,
    ) -> Result<Segment, ReadError> {
        let mut bytes = Vec::new();
        for at in 0..known.chunks[Stream::Head as usize] {
            let chunk = pieces.chunk(known.number, Stream::Head, at)?;
            bytes.extend_from_slice(&chunk[..chunk.len() - BEHIND]);
        }
        let head = postcard::from_bytes(&bytes).map_err(|_| damaged())?;
        let dead_count = dead.count();
        let (head, dead) = (Arc::new(head), Arc::new(dead));
        let (last_entry, looked_in) = (Arc::default(), Arc::default());
        Ok(Segment { known, head, dead, dead_count, last_entry, looked_in })
    }

    /// Marks a document as there no more.
    pub fn bury(&mut self, document: u32) {
        self.dead_count += u32::from(Arc::make_mut(&mut self.dead).put(document));
    }

    /// What died, as its row says it.
    pub fn deaths(&self) -> SearchDead {
        let mut before = 0;
        let steps = self.dead.iter().map(|at| at - std::mem::replace(&mut before, at));
        SearchDead(steps.collect())
    }

    pub fn number(&self) -> u64 {
        self.known.number
    }

    pub fn window<'a>(&self, pieces: &Pieces<'a>, stream: Stream) -> Window<'a> {
        Window::new(*pieces, self.number(), stream)
    }

    pub fn windows<'a>(&self, pieces: &Pieces<'a>) -> Windows<'a> {
        let [postings, positions] =
            [Stream::Postings, Stream::Positions].map(|stream| self.window(pieces, stream));
        Windows { pieces: *pieces, postings, positions, columns: None }
    }

    pub fn find(&self, pieces: &Pieces<'_>, term: &str) -> Result<Option<At>, ReadError> {
        let after = self.head.terms.partition_point(|(first, _)| first.as_str() <= term);
        let Some(block) = after.checked_sub(1) else { return Ok(None) };
        let mut found = None;
        self.block(&mut self.window(pieces, Stream::Terms), block, |known, at| {
            if known == term {
                found = Some(at);
            }
            known < term
        })?;
        Ok(found)
    }

    /// Visits the terms that begin so, in order, until `visit` wants no more.
    pub fn terms(
        &self,
        pieces: &Pieces<'_>,
        prefix: &str,
        mut visit: impl FnMut(&str, At) -> bool,
    ) -> Result<(), ReadError> {
        let after = self.head.terms.partition_point(|(first, _)| first.as_str() <= prefix);
        let mut window = self.window(pieces, Stream::Terms);
        for block in after.saturating_sub(1)..self.head.terms.len() {
            let more = self.block(&mut window, block, |term, at| {
                term < prefix || (term.starts_with(prefix) && visit(term, at))
            })?;
            if !more {
                break;
            }
        }
        Ok(())
    }

    /// Visits a block of terms, read through a window of them; true if `visit` wanted all.
    pub fn block(
        &self,
        window: &mut Window<'_>,
        block: usize,
        mut visit: impl FnMut(&str, At) -> bool,
    ) -> Result<bool, ReadError> {
        let Some((_, from)) = self.head.terms.get(block) else { return Ok(true) };
        let to = self.head.terms.get(block + 1).map_or(self.head.terms_end, |(_, offset)| *offset);
        let mut input = window.bytes((*from, to))?;
        let input = &mut input;
        let (mut postings, mut positions) = (varint::take(input)?, varint::take(input)?);
        let count = varint::take(input)? as usize;
        let mut column = || {
            let mut numbers = [0; TERMS];
            for number in numbers.get_mut(..count).ok_or_else(damaged)? {
                *number = varint::take(input)?;
            }
            Ok::<_, ReadError>(numbers)
        };
        let (shared, lengths, documents) = (column()?, column()?, column()?);
        let (of_postings, of_positions) = (column()?, column()?);
        let mut term = Vec::new();
        for at in 0..count {
            if shared[at] > term.len() as u64 {
                return Err(damaged());
            }
            term.truncate(shared[at] as usize);
            term.extend_from_slice(varint::take_bytes(input, lengths[at])?);
            let documents = u32::try_from(documents[at]).map_err(|_| damaged())?;
            let is_word = is_word(&term);
            let usual = self.head.usual(documents, is_word);
            let end = |from: u64, usual: u64, more: u64| {
                let end = from.checked_add(usual)?.checked_add_signed(varint::signed(more))?;
                (end >= from).then_some(end)
            };
            let ends = end(postings, usual.0, of_postings[at]).zip(end(
                positions,
                usual.1,
                of_positions[at],
            ));
            let ends = ends.ok_or_else(damaged)?;
            let (postings, positions) = (
                (std::mem::replace(&mut postings, ends.0), ends.0),
                (std::mem::replace(&mut positions, ends.1), ends.1),
            );
            let at = At { documents, is_word, postings, positions };
            if !visit(std::str::from_utf8(&term).map_err(|_| damaged())?, at) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Visits the documents of a term, ascending and dead ones included, with how often it is in each.
    pub fn postings(
        &self,
        windows: &mut Windows<'_>,
        at: At,
        mut visit: impl FnMut(u32, u32),
    ) -> Result<(), ReadError> {
        let bits = windows.postings.bits(at.postings)?;
        self.listed(bits, at).times(|document, times| {
            visit(document, times);
            Ok(())
        })
    }

    /// The same without telling how often.
    pub fn documents(
        &self,
        windows: &mut Windows<'_>,
        at: At,
        visit: impl FnMut(u32),
    ) -> Result<(), ReadError> {
        let bits = windows.postings.bits(at.postings)?;
        self.listed(bits, at).documents(visit)
    }

    fn listed<'a>(&self, bytes: &'a [u8], At { documents, is_word, .. }: At) -> Listed<'a> {
        Listed { bytes, is_word, count: documents, all: self.head.documents }
    }

    /// Visits the documents of a term that `wanted` wants, with the positions of the word in each; a term of another
    /// kind has none.
    pub fn positions(
        &self,
        windows: &mut Windows<'_>,
        at: At,
        mut wanted: impl FnMut(u32) -> bool,
        mut visit: impl FnMut(u32, &[u32]),
    ) -> Result<(), ReadError> {
        if !at.is_word {
            return self.documents(windows, at, |document| {
                if wanted(document) {
                    visit(document, &[]);
                }
            });
        }
        if windows.columns.is_none() {
            windows.columns = Some(self.columns(&windows.pieces)?);
        }
        let widths = windows.columns.as_ref().map_or(&[][..], |columns| &columns.widths);
        let documents = windows.postings.bits(at.postings)?;
        let positions = windows.positions.bits(at.positions)?;
        self.listed(documents, at).positions((positions, widths), wanted, visit)
    }

    /// A block of the table.
    pub fn lines(&self, pieces: &Pieces<'_>, block: usize) -> Result<Vec<Line>, ReadError> {
        self.lines_in(&mut self.window(pieces, Stream::Table), block)
    }

    /// The bytes of a block of the table.
    fn table_block<'w>(
        &self,
        window: &'w mut Window<'_>,
        block: usize,
    ) -> Result<&'w [u8], ReadError> {
        let (_, from) = self.head.table.get(block).ok_or_else(damaged)?;
        let to = self.head.table.get(block + 1).map_or(self.head.table_end, |(_, offset)| *offset);
        window.bytes((*from, to))
    }

    fn lines_in(&self, window: &mut Window<'_>, block: usize) -> Result<Vec<Line>, ReadError> {
        let mut input = self.table_block(window, block)?;
        let input = &mut input;
        let count = take_count(input)?;
        let blank = Line { key: Key::Entry(0), ticket: 0, length: 0, width: 0, digest: None };
        let mut lines = vec![blank; count as usize];
        for (line, key) in lines.iter_mut().zip(take_keys(input, count)?) {
            line.key = Key::unpacked(key);
        }
        let mut ticket = 0i64;
        for line in &mut lines {
            ticket = ticket.checked_add(varint::take_signed(input)?).ok_or_else(damaged)?;
            line.ticket = u32::try_from(ticket).map_err(|_| damaged())?;
        }
        for line in &mut lines {
            line.length = varint::take_u32(input)?;
        }
        for (line, more) in lines.iter_mut().zip(varint::take_bytes(input, count)?) {
            line.width = line.usual_width().wrapping_add(*more);
        }
        for line in lines.iter_mut().filter(|line| Line::keeps_digest(line.key)) {
            let digest = varint::take_bytes(input, 4)?.try_into().map_err(|_| damaged())?;
            line.digest = Some(u32::from_le_bytes(digest));
        }
        Ok(lines)
    }

    /// The living document of this key, and its digest, if it is known.
    pub fn document(
        &self,
        pieces: &Pieces<'_>,
        key: Key,
    ) -> Result<Option<(u32, Option<u32>)>, ReadError> {
        let packed = key.packed();
        if packed > self.head.last_key
            || matches!(key, Key::Entry(_)) && packed > self.last_entry(pieces)?
        {
            return Ok(None);
        }
        let after = self.head.table.partition_point(|(first, _)| *first <= packed);
        let Some(block) = after.checked_sub(1) else { return Ok(None) };
        let Some(at) = self.place_in(pieces, block, packed)? else { return Ok(None) };
        let document = (block * DOCUMENTS + at) as u32;
        if self.dead.has(document) {
            return Ok(None);
        }
        let mut window = self.window(pieces, Stream::Table);
        let digest =
            Line::keeps_digest(key).then(|| digest_of(self.table_block(&mut window, block)?, at));
        Ok(Some((document, digest.transpose()?)))
    }

    /// The place of a packed key in a block of the table.
    fn place_in(
        &self,
        pieces: &Pieces<'_>,
        block: usize,
        packed: u64,
    ) -> Result<Option<usize>, ReadError> {
        let mut looked_in = self.looked_in.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = match &mut *looked_in {
            Some((held, keys)) if *held == block => keys,
            other => {
                let mut window = self.window(pieces, Stream::Table);
                let mut input = self.table_block(&mut window, block)?;
                let count = take_count(&mut input)?;
                &mut other.insert((block, take_keys(&mut input, count)?)).1
            }
        };
        Ok(keys.binary_search(&packed).ok())
    }

    /// The highest entry that it has, packed; 0 without one. Entries come first, and most that are looked for are new.
    fn last_entry(&self, pieces: &Pieces<'_>) -> Result<u64, ReadError> {
        if let Some(known) = self.last_entry.get() {
            return Ok(*known);
        }
        let last = match self.head.entries.checked_sub(1) {
            Some(at) => {
                let lines = self.lines(pieces, at as usize / DOCUMENTS)?;
                lines.get(at as usize % DOCUMENTS).ok_or_else(damaged)?.key.packed()
            }
            None => 0,
        };
        Ok(*self.last_entry.get_or_init(|| last))
    }

    pub fn columns(&self, pieces: &Pieces<'_>) -> Result<Arc<Columns>, ReadError> {
        if let Some(columns) = pieces.cache.columns(self.number()) {
            return Ok(columns);
        }
        let mut columns = Columns::of(self.head.table.len());
        let mut window = self.window(pieces, Stream::Table);
        for block in 0..self.head.table.len() {
            columns.push(&self.lines_in(&mut window, block)?);
        }
        let columns = Arc::new(columns);
        pieces.cache.put_columns(self.number(), &columns);
        Ok(columns)
    }
}

/// How many lines a block of the table has.
fn take_count(input: &mut &[u8]) -> Result<u64, ReadError> {
    let count = varint::take(input)?;
    if count > DOCUMENTS as u64 { Err(damaged()) } else { Ok(count) }
}

/// The packed keys of a block of the table, which begins with them.
fn take_keys(input: &mut &[u8], count: u64) -> Result<Vec<u64>, ReadError> {
    let mut key = 0u64;
    let next = |_| {
        key = key.checked_add(varint::take(input)?).ok_or_else(damaged)?;
        Ok(key)
    };
    (0..count).map(next).collect()
}

/// The digest of a line of a block of the table that keeps one; of the other columns no more is read than that takes.
fn digest_of(mut input: &[u8], at: usize) -> Result<u32, ReadError> {
    let input = &mut input;
    let count = take_count(input)?;
    let keys = take_keys(input, count)?;
    // Tickets and lengths, then widths.
    varint::skip(input, 2 * count)?;
    varint::take_bytes(input, count)?;
    let before = keys.iter().take(at).filter(|key| Line::keeps_digest(Key::unpacked(**key)));
    varint::take_bytes(input, 4 * before.count() as u64)?;
    let digest = varint::take_bytes(input, 4)?.try_into().map_err(|_| damaged())?;
    Ok(u32::from_le_bytes(digest))
}
