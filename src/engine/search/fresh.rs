//! The newest documents, in memory, until they are written as a segment.

use std::collections::{BTreeMap, HashMap};

use super::bits::Bits;
use super::document::{Document, Key};
use super::write::{Line, Posting, Writer};
use crate::store::records::SearchSegment;

#[derive(Default)]
pub struct Fresh {
    pub lines: Vec<Line>,
    pub terms: BTreeMap<String, Vec<Posting>>,
    /// Replaced or removed since.
    pub dead: Bits,
    by_key: HashMap<Key, u32>,
    bytes: usize,
}

impl Fresh {
    /// The living document of this key, and its digest.
    pub fn document(&self, key: Key) -> Option<(u32, u32)> {
        let at = *self.by_key.get(&key)?;
        Some((at, self.lines[at as usize].digest))
    }

    pub fn remove(&mut self, key: Key) {
        if let Some(at) = self.by_key.remove(&key) {
            self.dead.put(at);
        }
    }

    pub fn add(&mut self, key: Key, document: Document) {
        const A_TERM: usize = 48;
        let Document { ticket, length, digest, terms } = document;
        let at = self.lines.len() as u32;
        self.lines.push(Line { key, ticket, length, digest });
        self.by_key.insert(key, at);
        for (term, positions) in terms {
            self.bytes += A_TERM + 4 * positions.len();
            self.terms.entry(term).or_default().push((at, positions));
        }
    }

    /// About how much memory it takes.
    pub fn bytes(&self) -> usize {
        const A_LINE: usize = 96;
        self.bytes + self.lines.len() * A_LINE + self.terms.len() * A_LINE
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
        for (term, postings) in &self.terms {
            let placed =
                |(at, positions): &Posting| Some((places[*at as usize]?, positions.clone()));
            let mut living: Vec<Posting> = postings.iter().filter_map(placed).collect();
            living.sort_unstable_by_key(|(place, _)| *place);
            if !living.is_empty() {
                writer.term(term, &living);
            }
        }
        Some(writer.finish())
    }
}
