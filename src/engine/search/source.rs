//! One face of what lies in memory and of what lies in segments: the living documents of a term.

use std::sync::Arc;

use super::bits::Bits;
use super::document::{Key, WORD, term};
use super::fresh::{Fresh, Places};
use super::pieces::Pieces;
use super::segment::{At, Columns, Segment, Windows};
use super::varint::damaged;
use super::write::{DOCUMENTS, Line};
use crate::engine::rows::ReadError;

#[derive(Clone, Copy)]
pub enum Source<'a> {
    /// With what died while it is written.
    Fresh(&'a Fresh, &'a Bits),
    Segment(&'a Segment, Pieces<'a>),
}

/// Reads what terms of one source say; those that stand beside each other are read together.
pub struct Reading<'a> {
    source: Source<'a>,
    windows: Option<Windows<'a>>,
}

/// A term that a source has.
pub enum Term<'a> {
    Fresh(&'a Places),
    Stored(At),
}

impl Term<'_> {
    /// In how many documents it is, dead ones included.
    pub fn documents(&self) -> u32 {
        match self {
            Term::Fresh(places) => places.documents,
            Term::Stored(at) => at.documents,
        }
    }
}

impl<'a> Source<'a> {
    pub fn find(&self, term: &str) -> Result<Option<Term<'a>>, ReadError> {
        Ok(match self {
            Source::Fresh(fresh, _) => fresh.term(term).map(Term::Fresh),
            Source::Segment(segment, pieces) => segment.find(pieces, term)?.map(Term::Stored),
        })
    }

    /// Visits the terms that begin so, in order.
    pub fn each(
        &self,
        prefix: &str,
        mut visit: impl FnMut(&str, Term<'a>),
    ) -> Result<(), ReadError> {
        match self {
            Source::Fresh(fresh, _) => {
                let such = fresh.beginning(prefix).into_iter();
                such.for_each(|(term, places)| visit(term, Term::Fresh(places)));
                Ok(())
            }
            Source::Segment(segment, pieces) => segment.terms(pieces, prefix, |term, at| {
                visit(term, Term::Stored(at));
                true
            }),
        }
    }

    /// The terms that begin so.
    pub fn beginning(&self, prefix: &str) -> Result<Vec<Term<'a>>, ReadError> {
        let mut found = Vec::new();
        self.each(prefix, |_, term| found.push(term))?;
        Ok(found)
    }

    pub fn reading(&self) -> Reading<'a> {
        let windows = match self {
            Source::Segment(segment, pieces) => Some(segment.windows(pieces)),
            Source::Fresh(..) => None,
        };
        Reading { source: *self, windows }
    }

    /// Of these documents, which ascend, what the table says.
    pub fn lines(&self, of: &[u32]) -> Result<Vec<Line>, ReadError> {
        let mut lines = Vec::with_capacity(of.len());
        let mut held: Option<(usize, Vec<Line>)> = None;
        for at in of {
            let (block, within) = (*at as usize / DOCUMENTS, *at as usize % DOCUMENTS);
            match self {
                Source::Fresh(fresh, _) => lines.push(fresh.lines[*at as usize]),
                Source::Segment(segment, pieces) => {
                    if held.as_ref().is_none_or(|(known, _)| *known != block) {
                        held = Some((block, segment.lines(pieces, block)?));
                    }
                    let line = held.as_ref().and_then(|(_, lines)| lines.get(within));
                    lines.push(*line.ok_or_else(damaged)?);
                }
            }
        }
        Ok(lines)
    }

    /// Whether a document is of an entry, when it is not of a contact.
    pub fn is_entry(&self, at: u32) -> bool {
        match self {
            Source::Fresh(fresh, _) => matches!(fresh.lines[at as usize].key, Key::Entry(_)),
            Source::Segment(segment, _) => at < segment.head.entries,
        }
    }

    /// The words that are one typo away.
    pub fn near(&self, word: &str) -> Result<Vec<String>, ReadError> {
        let (length, mut found) = (word.chars().count(), Vec::new());
        self.each(&term(WORD, ""), |term, _| {
            let other = &term[WORD.len_utf8()..];
            if is_near(word, length, other) {
                found.push(other.to_owned());
            }
        })?;
        Ok(found)
    }

    fn is_dead(&self, at: u32) -> bool {
        match self {
            Source::Fresh(fresh, died) => fresh.dead.has(at) || died.has(at),
            Source::Segment(segment, _) => segment.dead.has(at),
        }
    }

    pub fn columns(&self) -> Result<Arc<Columns>, ReadError> {
        Ok(match self {
            Source::Fresh(fresh, _) => {
                let mut columns = Columns::of(fresh.lines.len().div_ceil(DOCUMENTS));
                fresh.lines.chunks(DOCUMENTS).for_each(|lines| columns.push(lines));
                Arc::new(columns)
            }
            Source::Segment(segment, pieces) => segment.columns(pieces)?,
        })
    }

    /// How many documents, dead ones included.
    pub fn documents(&self) -> u64 {
        match self {
            Source::Fresh(fresh, _) => fresh.lines.len() as u64,
            Source::Segment(segment, _) => u64::from(segment.head.documents),
        }
    }
}

impl Reading<'_> {
    /// Visits the living documents of a term, ascending, with how often it is in each.
    pub fn postings(
        &mut self,
        term: &Term<'_>,
        mut visit: impl FnMut(u32, u32),
    ) -> Result<(), ReadError> {
        let source = self.source;
        let living = |at: u32, times: u32| {
            if !source.is_dead(at) {
                visit(at, times);
            }
        };
        match (source, &mut self.windows, term) {
            (Source::Segment(segment, _), Some(windows), Term::Stored(at)) => {
                segment.postings(windows, *at, living)
            }
            (Source::Fresh(..), _, Term::Fresh(places)) => {
                let mut living = living;
                places.iter().for_each(|(at, all)| living(at, all.len().max(1) as u32));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Visits the living documents of a term, ascending.
    pub fn documents(
        &mut self,
        term: &Term<'_>,
        mut visit: impl FnMut(u32),
    ) -> Result<(), ReadError> {
        match (self.source, &mut self.windows, term) {
            (Source::Segment(segment, _), Some(windows), Term::Stored(at)) => {
                segment.documents(windows, *at, |at| {
                    if !segment.dead.has(at) {
                        visit(at);
                    }
                })
            }
            _ => self.postings(term, |at, _| visit(at)),
        }
    }

    /// Visits the positions of a word in these documents, ascending.
    pub fn positions(
        &mut self,
        term: &Term<'_>,
        within: &Bits,
        mut visit: impl FnMut(u32, &[u32]),
    ) -> Result<(), ReadError> {
        match (self.source, &mut self.windows, term) {
            (Source::Segment(segment, _), Some(windows), Term::Stored(at)) => {
                segment.positions(windows, *at, |at| within.has(at), visit)
            }
            (Source::Fresh(..), _, Term::Fresh(places)) => {
                let such = places.iter().filter(|(at, _)| within.has(*at));
                such.for_each(|(at, positions)| visit(at, positions));
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// Whether a word becomes the other by one letter more, less or changed, or two neighbours swapped.
pub fn is_near(word: &str, length: usize, other: &str) -> bool {
    other.len().abs_diff(word.len()) <= 4
        && other.chars().count().abs_diff(length) <= 1
        && strsim::osa_distance(word, other) == 1
}
