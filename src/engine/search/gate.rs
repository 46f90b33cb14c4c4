//! How much memory the queries of the moment may take together.

use std::sync::{Condvar, Mutex, PoisonError};

/// Lets queries in as long as what they take fits; one that takes more than all runs alone.
pub struct Gate {
    most: u64,
    taken: Mutex<u64>,
    left: Condvar,
}

/// A query that was let in; it leaves when this is dropped.
pub struct Inside<'a> {
    gate: &'a Gate,
    bytes: u64,
}

impl Gate {
    pub fn new(most: u64) -> Gate {
        Gate { most, taken: Mutex::default(), left: Condvar::new() }
    }

    /// Waits until there is room for so many bytes.
    pub fn enter(&self, bytes: u64) -> Inside<'_> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let full = |taken: &mut u64| *taken > 0 && taken.saturating_add(bytes) > self.most;
        let mut taken = self.left.wait_while(taken, full).unwrap_or_else(PoisonError::into_inner);
        *taken = taken.saturating_add(bytes);
        Inside { gate: self, bytes }
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        let mut taken = self.gate.taken.lock().unwrap_or_else(PoisonError::into_inner);
        *taken = taken.saturating_sub(self.bytes);
        self.gate.left.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_does_not_fit_waits_and_what_fits_never_runs_alone() {
        let gate = Gate::new(10);
        let (small, other) = (gate.enter(4), gate.enter(6));
        let (told, tells) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            let gate = &gate;
            scope.spawn(move || {
                let large = gate.enter(100);
                told.send(()).expect("somebody listens");
                drop(large);
            });
            assert!(tells.recv_timeout(Duration::from_millis(20)).is_err());
            drop(small);
            assert!(tells.recv_timeout(Duration::from_millis(20)).is_err());
            drop(other);
            tells.recv_timeout(Duration::from_secs(30)).expect("it is let in at last");
        });
        drop(gate.enter(1));
    }
}
