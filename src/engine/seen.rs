//! Which message ids may have been seen: the newest keys in memory, so that a new message costs no look-up
//! in old buckets. A key that is not here and whose bucket is wholly here was never seen.

use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

/// Fingerprints by day of arrival, newest days first kept; of a day all or none.
pub struct SeenWindow {
    days: BTreeMap<u32, HashSet<u32, BuildHasherDefault<AsItIs>>>,
    held: usize,
    limit: usize,
    /// Days before this one are not held; they must be looked up.
    complete_from: u32,
}

/// One in four billion other messages has the same: then the rows are asked.
fn fingerprint(hash: &[u8; 16]) -> u32 {
    u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]])
}

/// Fingerprints are of keyed hashes: nobody outside can make many of them meet.
#[derive(Default)]
pub struct AsItIs(u64);

impl Hasher for AsItIs {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0 << 8 | u64::from(*byte));
    }

    fn write_u32(&mut self, fingerprint: u32) {
        // Tables look at the highest bits and at the lowest.
        self.0 = u64::from(fingerprint) << 32 | u64::from(fingerprint);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl SeenWindow {
    pub fn new(limit: usize) -> SeenWindow {
        SeenWindow { days: BTreeMap::new(), held: 0, limit, complete_from: 0 }
    }

    /// False if the day is not held: it is too old, or there are too many of it.
    pub fn insert(&mut self, day: u32, hash: &[u8; 16]) -> bool {
        if day < self.complete_from {
            return false;
        }
        if self.days.entry(day).or_default().insert(fingerprint(hash)) {
            self.held += 1;
        }
        while self.held > self.limit
            && let Some((oldest, keys)) = self.days.pop_first()
        {
            self.held -= keys.len();
            self.complete_from = oldest + 1;
        }
        day >= self.complete_from
    }

    /// Days before `day` are past their time. They are asked of the rows from then on: not all of them need be
    /// swept yet, and a clock that was ahead goes back.
    pub fn forget_before(&mut self, day: u32) {
        while let Some(entry) = self.days.first_entry().filter(|e| *e.key() < day) {
            self.held -= entry.remove().len();
        }
        self.complete_from = self.complete_from.max(day);
    }

    /// False when the key was certainly not seen on that day.
    pub fn may_hold(&self, day: u32, hash: &[u8; 16]) -> bool {
        day < self.complete_from
            || self.days.get(&day).is_some_and(|keys| keys.contains(&fingerprint(hash)))
    }

    /// False when there certainly is nothing of any day later than this one.
    pub fn may_hold_after(&self, day: u32) -> bool {
        self.complete_from > day.saturating_add(1)
            || self.days.last_key_value().is_some_and(|(newest, _)| *newest > day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_days_beyond_the_limit_must_be_looked_up() {
        let mut window = SeenWindow::new(2);
        window.insert(1, &[1; 16]);
        assert!(window.may_hold(1, &[1; 16]) && !window.may_hold(1, &[2; 16]));
        window.insert(2, &[2; 16]);
        window.insert(2, &[3; 16]);
        assert!(window.may_hold(1, &[9; 16]), "day 1 is no longer held, so anything may be there");
        assert!(!window.may_hold(2, &[9; 16]));
        assert!(!window.insert(1, &[4; 16]));
        assert_eq!(window.held, 2);
        assert!(!window.insert(2, &[5; 16]), "a day with more than that is not held at all");
        assert!(window.may_hold(2, &[9; 16]) && window.held == 0);
        assert!(window.insert(3, &[6; 16]) && !window.may_hold(3, &[9; 16]));
    }

    #[test]
    fn a_clock_that_goes_back_finds_what_came_later_and_what_was_forgotten_too_early() {
        let mut window = SeenWindow::new(9);
        window.insert(40, &[1; 16]);
        assert!(window.may_hold_after(39) && !window.may_hold_after(40));
        window.forget_before(60);
        assert!(window.may_hold(40, &[1; 16]), "the rows of day 40 may still be there");
        assert!(window.may_hold_after(39));
    }
}
