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

    /// Takes over what a batch changed.
    pub fn pour(&mut self, batch: &Changes) {
        Arc::make_mut(&mut self.levels[0]).pour(batch);
        for (at, full) in FULL.iter().enumerate() {
            if self.levels[at].len() < *full {
                break;
            }
            let poured = std::mem::take(&mut self.levels[at]);
            Arc::make_mut(&mut self.levels[at + 1]).pour(&poured);
        }
    }

    /// Takes over later changes, all of them.
    pub fn absorb(&mut self, later: &Recent) {
        let mut oldest = std::mem::take(&mut self.levels[FULL.len()]);
        let all = Arc::make_mut(&mut oldest);
        for level in self.levels.iter().rev().chain(later.levels.iter().rev()) {
            all.pour(level);
        }
        *self = Recent::default();
        self.levels[FULL.len()] = oldest;
    }
}
