//! What the index's segments are made of, to know where its bytes go.

use std::collections::BTreeMap;

use super::Newest;
use crate::engine::rows::Rows;
use crate::engine::{Engine, Error};

/// The terms of one kind in all segments; a term counts once in each segment that has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kind {
    pub terms: u64,
    /// Bytes of the terms themselves, less what each shares with the one before.
    pub texts: u64,
    /// Documents of each term, summed.
    pub documents: u64,
    /// Bytes of these.
    pub postings: u64,
    /// Bytes of where words stand in them.
    pub positions: u64,
}

impl Engine {
    /// By the letter that terms of a kind begin with.
    pub fn search_account(&self) -> Result<BTreeMap<char, Kind>, Error> {
        let shared = self.shared();
        let view = Newest(&shared.reader);
        let rows = Rows { view: &view, seal: &shared.seal };
        let state = shared.search.read();
        let mut kinds: BTreeMap<char, Kind> = BTreeMap::new();
        for segment in &state.segments {
            let mut before = String::new();
            segment.terms(&shared.search.pieces(rows), "", |term, at| {
                let kind = kinds.entry(term.chars().next().unwrap_or_default()).or_default();
                let alike = before.bytes().zip(term.bytes()).take_while(|(a, b)| a == b).count();
                kind.terms += 1;
                kind.texts += (term.len() - alike) as u64;
                kind.documents += u64::from(at.documents);
                kind.postings += at.postings.1 - at.postings.0;
                kind.positions += at.positions.1 - at.positions.0;
                term.clone_into(&mut before);
                true
            })?;
        }
        Ok(kinds)
    }
}
