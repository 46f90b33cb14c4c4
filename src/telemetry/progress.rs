//! How far a long work has come: counted by whoever does it, watched by whoever waits.
//!
//! The worker and the watcher share two numbers and never wait for each other, so counting costs next to
//! nothing and works from any thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

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

/// Tells how far a work has come, again and again, until it is dropped.
#[derive(Debug)]
pub struct Watch {
    /// Dropped to end the thread.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Progress {
    /// Calls `tell` with done and total every so often, from a thread of its own; never at the very beginning.
    pub fn watch(&self, every: Duration, mut tell: impl FnMut(u64, u64) + Send + 'static) -> Watch {
        let progress = self.clone();
        let (stop, stopped) = mpsc::channel::<()>();
        let watch = move || {
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(every) {
                let (done, total) = progress.now();
                tell(done, total);
            }
        };
        // Without a thread nobody is told, and the work goes on.
        let thread = std::thread::Builder::new().name("progress".to_owned()).spawn(watch).ok();
        Watch { stop: Some(stop), thread }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_waits_hears_how_far_it_has_come_until_it_is_over() {
        let progress = Progress::default();
        progress.set_total(10);
        let (tell, told) = mpsc::channel();
        let watch = progress.watch(Duration::from_millis(1), move |done, total| {
            let _ = tell.send((done, total));
        });
        progress.add(3);
        progress.add(4);
        let heard = told.iter().find(|(done, _)| *done == 7);
        assert_eq!(heard, Some((7, 10)));
        drop(watch);
        assert_eq!(told.iter().filter(|(done, _)| *done != 7).count(), 0, "it ends with the watch");
    }
}
