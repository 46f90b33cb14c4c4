//! Rows that are in the journal and not yet in redb.
//!
//! A clone is a snapshot: it shares what is held, and what is shared is copied before it is changed. So that
//! this costs little beside busy readers, rows lie in levels: the newest in a small one, which is poured into
//! the next when it is full.

use std::sync::Arc;

use super::changes::Changes;
use super::plan::Blob;
use super::tables::Table;

/// How many keys the levels above the last hold, the newest first.
const FULL: [usize; 2] = [1024, 16 * 1024];

/// Changes by age, the newest first.
#[derive(Clone, Debug, Default)]
pub struct Recent {
    levels: [Arc<Changes>; FULL.len() + 1],
}

impl Recent {
    /// The last word on a key; `None` when redb has it.
    pub fn get(&self, table: Table, key: &[u8]) -> Option<&Option<Blob>> {
        self.levels.iter().find_map(|level| level.get(table, key))
    }

    /// The levels, the newest first.
    pub fn layers(&self) -> impl Iterator<Item = &Changes> {
        self.levels.iter().map(|level| &**level)
    }

    /// Takes over what a batch changed. A large one goes at once to the level that holds as many.
    pub fn pour(&mut self, batch: Changes) {
        let first = FULL.iter().position(|full| batch.len() < *full).unwrap_or(FULL.len());
        for newer in (0..first).rev() {
            self.pour_level(newer, first);
        }
        Arc::make_mut(&mut self.levels[first]).pour(batch);
        for (at, full) in FULL.iter().enumerate().skip(first) {
            if self.levels[at].len() < *full {
                break;
            }
            self.pour_level(at, at + 1);
        }
    }

    fn pour_level(&mut self, from: usize, to: usize) {
        let poured = Arc::unwrap_or_clone(std::mem::take(&mut self.levels[from]));
        Arc::make_mut(&mut self.levels[to]).pour(poured);
    }

    /// Takes over later changes, all of them.
    pub fn absorb(&mut self, later: Recent) {
        for newer in (0..FULL.len()).rev() {
            self.pour_level(newer, FULL.len());
        }
        for level in later.levels.into_iter().rev() {
            Arc::make_mut(&mut self.levels[FULL.len()]).pour(Arc::unwrap_or_clone(level));
        }
    }
}
