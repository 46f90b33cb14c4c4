//! The newest documents, in memory, until they are written as a segment.

use foldhash::HashMap;

use super::bits::Bits;
use super::document::{Document, Key};
use super::postings::Postings;
use super::write::{Line, Writer};
use crate::store::records::SearchSegment;

/// The documents of one term: of each its place, how many positions follow, and these. One allocation a term.
#[derive(Default)]
pub struct Places {
    /// How many, dead ones included.
    pub documents: u32,
    all: Vec<u32>,
}

impl Places {
    /// Ascending, dead ones included, with the positions of the word in each, if it has any.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &[u32])> {
        let mut rest = self.all.as_slice();
        std::iter::from_fn(move || {
            let (&[at, count], after) = rest.split_first_chunk()?;
            let (positions, after) = after.split_at_checked(count as usize)?;
            rest = after;
            Some((at, positions))
        })
    }
}

#[derive(Default)]
pub struct Fresh {
    pub lines: Vec<Line>,
    terms: HashMap<Box<str>, Places>,
    /// Replaced or removed since.
    pub dead: Bits,
    by_key: HashMap<Key, u32>,
    bytes: usize,
}

impl Fresh {
    /// The living document of this key, and its digest.
    pub fn document(&self, key: Key) -> Option<(u32, Option<u32>)> {
        let at = *self.by_key.get(&key)?;
        Some((at, self.lines[at as usize].digest))
    }

    pub fn remove(&mut self, key: Key) {
        if let Some(at) = self.by_key.remove(&key) {
            self.dead.put(at);
        }
    }

    pub fn add(&mut self, key: Key, document: Document) {
        const A_POSTING: usize = 8;
        let Document { ticket, length, width, digest, terms } = document;
        let at = self.lines.len() as u32;
        self.lines.push(Line { key, ticket, length, width, digest: Some(digest) });
        self.by_key.insert(key, at);
        for (term, positions) in terms.iter() {
            self.bytes += A_POSTING + 4 * positions.len();
            let places = match self.terms.get_mut(term) {
                Some(places) => places,
                None => self.terms.entry(term.into()).or_default(),
            };
            places.documents += 1;
            places.all.extend([at, positions.len() as u32]);
            places.all.extend(positions);
        }
    }

    pub fn term(&self, term: &str) -> Option<&Places> {
        self.terms.get(term)
    }

    /// The terms that begin so, in order.
    pub fn beginning(&self, prefix: &str) -> Vec<(&str, &Places)> {
        let such = self.terms.iter().filter(|(term, _)| term.starts_with(prefix));
        let mut such: Vec<_> = such.map(|(term, places)| (&**term, places)).collect();
        such.sort_unstable_by_key(|(term, _)| *term);
        such
    }

    /// About how much memory it takes.
    pub fn bytes(&self) -> usize {
        const A_LINE: usize = 72;
        const A_TERM: usize = 112;
        self.bytes + self.lines.len() * A_LINE + self.terms.len() * A_TERM
    }

    /// How many documents there are, dead ones included.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// The living documents as a segment of this number; none if there are none.
    pub fn write(&self, number: u64) -> Option<(Vec<super::write::Piece>, SearchSegment)> {
        let mut order: Vec<u32> = self.by_key.values().copied().collect();
        if order.is_empty() {
            return None;
        }
        order.sort_unstable_by_key(|at| self.lines[*at as usize].key);
        let mut places = vec![None; self.lines.len()];
        let mut writer = Writer::new(number);
        for (place, at) in (0u32..).zip(&order) {
            places[*at as usize] = Some(place);
            writer.document(self.lines[*at as usize]);
        }
        let mut terms: Vec<_> = self.terms.iter().collect();
        terms.sort_unstable_by_key(|(term, _)| *term);
        let mut living = Postings::default();
        for (term, known) in terms {
            living.clear();
            for (at, positions) in known.iter() {
                if let Some(place) = places[at as usize] {
                    living.add(place, positions);
                }
            }
            living.sort();
            if !living.is_empty() {
                writer.term(term, &living);
            }
        }
        Some(writer.finish())
    }
}
