//! The next segment's file, made before it is needed.
//!
//! A log that grows costs four times the flash writes of one that is written inside a file of zeros, so
//! files are filled with zeros and synced ahead, off the write path, and dropped segments are used again.
//! Whatever fails here only means that the next segment is made when it is needed.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use super::super::disk::{Disk, DiskFile, fill};

/// A file of full size, ready to become a segment.
pub const SPARE: &str = "journal/spare";
const UNFINISHED: &str = "journal/spare.tmp";

#[derive(Debug)]
pub struct Spare {
    disk: Arc<dyn Disk>,
    size: u64,
    /// Prepare on the caller's thread, so that a simulation stays deterministic.
    inline: bool,
    /// Bytes of zeros written so far.
    zeroed: Arc<AtomicU64>,
    state: State,
}

#[derive(Debug)]
enum State {
    Missing,
    /// Making one failed; not tried again before the next segment is needed.
    Failed,
    Preparing(JoinHandle<io::Result<Arc<dyn DiskFile>>>),
    Ready(Arc<dyn DiskFile>),
}

impl Spare {
    /// Takes over the spare file of an earlier run; one of another size is removed.
    pub fn open(
        disk: Arc<dyn Disk>,
        size: u64,
        inline: bool,
        exists: bool,
        zeroed: Arc<AtomicU64>,
    ) -> io::Result<Spare> {
        let mut state = State::Missing;
        if exists {
            let file = disk.open(SPARE)?;
            if file.len()? == size {
                state = State::Ready(file);
            } else {
                disk.remove(SPARE)?;
            }
        }
        Ok(Spare { disk, size, inline, zeroed, state })
    }

    pub fn is_ready(&self) -> bool {
        matches!(self.state, State::Ready(_))
    }

    /// Prepares one unless there is one; returns at once outside simulations.
    pub fn tend(&mut self) {
        if matches!(&self.state, State::Preparing(thread) if thread.is_finished()) {
            self.wait();
        }
        if !matches!(self.state, State::Missing) {
            return;
        }
        let (disk, size) = (Arc::clone(&self.disk), self.size);
        let zeroed = Arc::clone(&self.zeroed);
        if self.inline {
            self.finish(prepare(&*disk, size, &zeroed));
            return;
        }
        let thread = std::thread::Builder::new().name("segment".to_owned());
        self.state = match thread.spawn(move || prepare(&*disk, size, &zeroed)) {
            Ok(thread) => State::Preparing(thread),
            Err(error) => {
                tracing::warn!(%error, "the next journal segment is not prepared ahead");
                State::Failed
            }
        };
    }

    /// Waits for a file under preparation.
    pub fn wait(&mut self) {
        if matches!(self.state, State::Preparing(_))
            && let State::Preparing(thread) = std::mem::replace(&mut self.state, State::Missing)
        {
            let done = thread.join().unwrap_or_else(|_| Err(io::Error::other("it panicked")));
            self.finish(done);
        }
    }

    fn finish(&mut self, prepared: io::Result<Arc<dyn DiskFile>>) {
        self.state = match prepared {
            Ok(file) => State::Ready(file),
            Err(error) => {
                tracing::warn!(%error, "the next journal segment is not prepared ahead");
                State::Failed
            }
        };
    }

    /// The prepared file, which still has the name [`SPARE`].
    pub fn take(&mut self) -> Option<Arc<dyn DiskFile>> {
        self.wait();
        match std::mem::replace(&mut self.state, State::Missing) {
            State::Ready(file) => Some(file),
            _ => None,
        }
    }

    /// Removes the file, whatever an earlier segment left in it.
    pub fn discard(&mut self) -> io::Result<()> {
        if self.take().is_some() {
            self.disk.remove(SPARE)?;
        }
        Ok(())
    }

    /// Whether a dropped segment of `size` bytes would be of use.
    pub fn wants(&self, size: u64) -> bool {
        size == self.size && matches!(self.state, State::Missing | State::Failed)
    }

    /// Takes a file that now has the name [`SPARE`].
    pub fn put(&mut self, file: Arc<dyn DiskFile>) {
        self.state = State::Ready(file);
    }
}

fn prepare(disk: &dyn Disk, size: u64, zeroed: &AtomicU64) -> io::Result<Arc<dyn DiskFile>> {
    let file = create_zeroed(disk, UNFINISHED, size, zeroed)?;
    disk.rename(UNFINISHED, SPARE)?;
    disk.sync_dir("journal")?;
    Ok(file)
}

/// Creates a file of `size` bytes of zeros on the disk, which are counted; removes it again if that fails.
pub fn create_zeroed(
    disk: &dyn Disk,
    name: &str,
    size: u64,
    zeroed: &AtomicU64,
) -> io::Result<Arc<dyn DiskFile>> {
    let file = disk.create(name)?;
    if let Err(error) = fill(&*file, size).and_then(|()| file.sync_data()) {
        disk.remove(name)?;
        return Err(error);
    }
    zeroed.fetch_add(size, Ordering::Relaxed);
    Ok(file)
}
