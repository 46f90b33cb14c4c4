//! What came in through the doors since the start: how many of which outcome, and when the last one came.
//!
//! The doors' own counters, beside those of Prometheus, which cannot be read back.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// One door.
#[derive(Clone, Debug)]
pub struct Door {
    /// Events by what became of them.
    pub outcomes: BTreeMap<&'static str, u64>,
    pub last: Instant,
}

/// Doors by name; a door is there once something has come through it.
#[derive(Debug, Default)]
pub struct Doors(Mutex<BTreeMap<&'static str, Door>>);

impl Doors {
    pub fn event(&self, door: &'static str, outcome: &'static str) {
        let mut doors = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let door =
            doors.entry(door).or_insert_with(|| Door { outcomes: BTreeMap::new(), last: now });
        *door.outcomes.entry(outcome).or_default() += 1;
        door.last = now;
    }

    pub fn all(&self) -> BTreeMap<&'static str, Door> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
