//! How far a long work has come: counted by whoever does it, watched by whoever waits.
//!
//! The worker and the watcher share two numbers and never wait for each other, so counting costs next to
//! nothing and works from any thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Two counts that clones share. The unit (rows, bytes, files) is the work's own.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    done: AtomicU64,
    total: AtomicU64,
}

impl Progress {
    /// What there is to do; may be corrected on the way. 0 while nobody knows.
    pub fn set_total(&self, total: u64) {
        self.0.total.store(total, Ordering::Relaxed);
    }

    pub fn add(&self, more: u64) {
        self.0.done.fetch_add(more, Ordering::Relaxed);
    }

    pub fn set(&self, done: u64) {
        self.0.done.store(done, Ordering::Relaxed);
    }

    /// Done and total; done may pass the total, as what is counted goes on changing.
    pub fn now(&self) -> (u64, u64) {
        (self.0.done.load(Ordering::Relaxed), self.0.total.load(Ordering::Relaxed))
    }
}
