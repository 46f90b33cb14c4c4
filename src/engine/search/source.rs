//! One face of what lies in memory and of what lies in segments: the living documents of a term.

use std::sync::Arc;

use super::bits::Bits;
use super::document::{Key, WORD, term};
use super::fresh::Fresh;
use super::segment::{At, Columns, Pieces, Segment};
use super::varint::damaged;
use super::write::{DOCUMENTS, Line};
use crate::engine::rows::ReadError;

#[derive(Clone, Copy)]
pub enum Source<'a> {
    /// With what died while it is written.
    Fresh(&'a Fresh, &'a Bits),
    Segment(&'a Segment, Pieces<'a>),
}

/// A term that was found by how it begins.
pub enum Longer {
    Fresh(String),
    Stored(At),
}

impl Source<'_> {
    /// Visits the living documents of a term, ascending, with how often it is in each.
    pub fn postings(&self, term: &str, mut visit: impl FnMut(u32, u32)) -> Result<(), ReadError> {
        let living = |at: u32, times: u32| {
            if !self.is_dead(at) {
                visit(at, times);
            }
        };
        match self {
            Source::Fresh(fresh, _) => {
                let mut living = living;
                fresh.postings(term, |at, positions| living(at, positions.len().max(1) as u32));
                Ok(())
            }
            Source::Segment(segment, pieces) => match segment.find(pieces, term)? {
                Some(at) => segment.postings(pieces, at, living),
                None => Ok(()),
            },
        }
    }

    /// The terms that begin so, but for the one that is just that.
    pub fn beginning(&self, prefix: &str) -> Result<Vec<Longer>, ReadError> {
        let mut found = Vec::new();
        match self {
            Source::Fresh(fresh, _) => {
                let such = fresh.beginning(prefix).into_iter().filter(|(term, _)| *term != prefix);
                found.extend(such.map(|(term, _)| Longer::Fresh(term.to_owned())));
            }
            Source::Segment(segment, pieces) => segment.terms(pieces, prefix, |term, at| {
                if term != prefix {
                    found.push(Longer::Stored(at));
                }
                true
            })?,
        }
        Ok(found)
    }

    /// As [`Source::postings`], of a term that is found already.
    pub fn postings_of(
        &self,
        term: &Longer,
        mut visit: impl FnMut(u32, u32),
    ) -> Result<(), ReadError> {
        match (self, term) {
            (Source::Segment(segment, pieces), Longer::Stored(at)) => {
                segment.postings(pieces, *at, |at, times| {
                    if !self.is_dead(at) {
                        visit(at, times);
                    }
                })
            }
            (Source::Fresh(..), Longer::Fresh(term)) => self.postings(term, visit),
            _ => Ok(()),
        }
    }

    /// Visits the positions of a word in these documents, which ascend.
    pub fn positions(
        &self,
        term: &str,
        within: &[u32],
        mut visit: impl FnMut(u32, &[u32]),
    ) -> Result<(), ReadError> {
        let mut rest = within.iter().peekable();
        let mut wanted = |at: u32| {
            while rest.next_if(|known| **known < at).is_some() {}
            rest.peek() == Some(&&at)
        };
        match self {
            Source::Fresh(fresh, _) => {
                fresh.postings(term, |at, positions| {
                    if wanted(at) {
                        visit(at, positions);
                    }
                });
                Ok(())
            }
            Source::Segment(segment, pieces) => match segment.find(pieces, term)? {
                Some(at) => segment.positions(pieces, at, wanted, visit),
                None => Ok(()),
            },
        }
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

    /// The terms that begin so and that `wanted` wants.
    pub fn terms(
        &self,
        prefix: &str,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Vec<String>, ReadError> {
        let mut found = Vec::new();
        match self {
            Source::Fresh(fresh, _) => {
                let such = fresh.beginning(prefix).into_iter().map(|(term, _)| term);
                found.extend(such.filter(|term| wanted(term)).map(str::to_owned));
            }
            Source::Segment(segment, pieces) => segment.terms(pieces, prefix, |term, _| {
                if wanted(term) {
                    found.push(term.to_owned());
                }
                true
            })?,
        }
        Ok(found)
    }

    /// The terms that begin so, and in how many documents each is, dead ones included.
    pub fn frequencies(&self, prefix: &str) -> Result<Vec<(String, u32)>, ReadError> {
        let mut found = Vec::new();
        match self {
            Source::Fresh(fresh, _) => {
                let such = fresh.beginning(prefix).into_iter();
                found.extend(such.map(|(term, documents)| (term.to_owned(), documents)));
            }
            Source::Segment(segment, pieces) => segment.terms(pieces, prefix, |term, at| {
                found.push((term.to_owned(), at.documents));
                true
            })?,
        }
        Ok(found)
    }

    /// In how many documents a term is, dead ones included.
    pub fn count(&self, term: &str) -> Result<u64, ReadError> {
        Ok(match self {
            Source::Fresh(fresh, _) => u64::from(fresh.count(term)),
            Source::Segment(segment, pieces) => {
                segment.find(pieces, term)?.map_or(0, |at| u64::from(at.documents))
            }
        })
    }

    /// The words that are one typo away.
    pub fn near(&self, word: &str) -> Result<Vec<String>, ReadError> {
        let length = word.chars().count();
        let bare = |term: &str| term[WORD.len_utf8()..].to_owned();
        let found = self.terms(&term(WORD, ""), |term| is_near(word, length, &term[1..]))?;
        Ok(found.iter().map(|term| bare(term)).collect())
    }

    fn is_dead(&self, at: u32) -> bool {
        match self {
            Source::Fresh(fresh, died) => fresh.dead.has(at) || died.has(at),
            Source::Segment(segment, _) => segment.dead.has(at),
        }
    }

    pub fn columns(&self) -> Result<Arc<Columns>, ReadError> {
        Ok(match self {
            Source::Fresh(fresh, _) => Arc::new(Columns {
                tickets: fresh.lines.iter().map(|line| line.ticket).collect(),
                lengths: fresh
                    .lines
                    .iter()
                    .map(|l| u8::try_from(l.length).unwrap_or(u8::MAX))
                    .collect(),
            }),
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

/// Whether a word becomes the other by one letter more, less or changed, or two neighbours swapped.
pub fn is_near(word: &str, length: usize, other: &str) -> bool {
    other.len().abs_diff(word.len()) <= 4
        && other.chars().count().abs_diff(length) <= 1
        && strsim::osa_distance(word, other) == 1
}
