//! The files of next segments, made before they are needed.
//!
//! A log that grows costs four times the flash writes of one that is written inside a file of zeros, so
//! files are filled with zeros and synced ahead, off the write path, and dropped segments are used again.
//! Whatever fails here only means that the next segment is made when it is needed.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use super::super::disk::{Disk, DiskFile, fill};

/// A file of zeros and of full size, ready to become a segment.
const PREPARED: &str = "journal/spare";
/// Files of dropped segments, to be used again before another one is prepared: a week that is as busy as the one
/// before then writes no zeros.
const USED: [&str; 4] = ["journal/used-1", "journal/used-2", "journal/used-3", "journal/used-4"];
const UNFINISHED: &str = "journal/spare.tmp";

/// The files that next segments are made of.
#[derive(Debug)]
pub struct Spare {
    disk: Arc<dyn Disk>,
    size: u64,
    /// Prepare on the caller's thread, so that a simulation stays deterministic.
    inline: bool,
    /// Bytes of zeros written so far.
    zeroed: Arc<AtomicU64>,
    prepared: Prepared,
    used: Vec<Ready>,
}

/// A file under the name that it still has.
pub type Ready = (Arc<dyn DiskFile>, &'static str);

#[derive(Debug)]
enum Prepared {
    Missing,
    /// Making one failed; not tried again before the next segment is needed.
    Failed,
    Preparing(JoinHandle<io::Result<Arc<dyn DiskFile>>>),
    Ready(Arc<dyn DiskFile>),
}

impl Spare {
    /// Takes over the spare files of an earlier run; those of another size are removed.
    pub fn open(
        disk: Arc<dyn Disk>,
        size: u64,
        inline: bool,
        zeroed: Arc<AtomicU64>,
    ) -> io::Result<Spare> {
        let (mut prepared, mut used) = (Prepared::Missing, Vec::new());
        let there = disk.list("journal")?;
        for name in USED.into_iter().chain([PREPARED]) {
            if !there.iter().any(|file| name.strip_prefix("journal/") == Some(file)) {
                continue;
            }
            let file = disk.open(name)?;
            if file.len()? != size {
                disk.remove(name)?;
            } else if name == PREPARED {
                prepared = Prepared::Ready(file);
            } else {
                used.push((file, name));
            }
        }
        Ok(Spare { disk, size, inline, zeroed, prepared, used })
    }

    pub fn is_ready(&self) -> bool {
        !self.used.is_empty() || matches!(self.prepared, Prepared::Ready(_))
    }

    /// Prepares a file unless there is one; returns at once outside simulations.
    pub fn tend(&mut self) {
        if matches!(&self.prepared, Prepared::Preparing(thread) if thread.is_finished()) {
            self.wait();
        }
        if self.is_ready() || !matches!(self.prepared, Prepared::Missing) {
            return;
        }
        let (disk, size) = (Arc::clone(&self.disk), self.size);
        let zeroed = Arc::clone(&self.zeroed);
        if self.inline {
            self.finish(prepare(&*disk, size, &zeroed));
            return;
        }
        let thread = std::thread::Builder::new().name("segment".to_owned());
        self.prepared = match thread.spawn(move || prepare(&*disk, size, &zeroed)) {
            Ok(thread) => Prepared::Preparing(thread),
            Err(error) => {
                tracing::warn!(%error, "the next journal segment is not prepared ahead");
                Prepared::Failed
            }
        };
    }

    /// Waits for a file under preparation.
    pub fn wait(&mut self) {
        if matches!(self.prepared, Prepared::Preparing(_))
            && let Prepared::Preparing(thread) =
                std::mem::replace(&mut self.prepared, Prepared::Missing)
        {
            let done = thread.join().unwrap_or_else(|_| Err(io::Error::other("it panicked")));
            self.finish(done);
        }
    }

    fn finish(&mut self, prepared: io::Result<Arc<dyn DiskFile>>) {
        self.prepared = match prepared {
            Ok(file) => Prepared::Ready(file),
            Err(error) => {
                tracing::warn!(%error, "the next journal segment is not prepared ahead");
                Prepared::Failed
            }
        };
    }

    /// A file for the next segment.
    pub fn take(&mut self) -> Option<Ready> {
        if let Some(used) = self.used.pop() {
            return Some(used);
        }
        self.wait();
        match std::mem::replace(&mut self.prepared, Prepared::Missing) {
            Prepared::Ready(file) => Some((file, PREPARED)),
            _ => None,
        }
    }

    /// Removes all files, whatever an earlier segment left in them.
    pub fn discard(&mut self) -> io::Result<()> {
        while let Some((_, name)) = self.take() {
            self.disk.remove(name)?;
        }
        Ok(())
    }

    /// Gives the room of all but one back to a disk that is full; whether there were more.
    pub fn shed(&mut self) -> io::Result<bool> {
        let kept = usize::from(!matches!(self.prepared, Prepared::Ready(_)));
        let more = self.used.len() > kept;
        while self.used.len() > kept
            && let Some((_, name)) = self.used.pop()
        {
            self.disk.remove(name)?;
        }
        Ok(more)
    }

    /// The name under which a dropped segment of `size` bytes would be of use.
    pub fn place(&self, size: u64) -> Option<&'static str> {
        let free = |name: &&str| self.used.iter().all(|(_, used)| used != name);
        USED.into_iter().find(free).filter(|_| size == self.size)
    }

    /// Takes a file that now has the name which [`Spare::place`] gave.
    pub fn put(&mut self, file: Arc<dyn DiskFile>, name: &'static str) {
        self.used.push((file, name));
    }
}

fn prepare(disk: &dyn Disk, size: u64, zeroed: &AtomicU64) -> io::Result<Arc<dyn DiskFile>> {
    let file = create_zeroed(disk, UNFINISHED, size, zeroed)?;
    disk.rename(UNFINISHED, PREPARED)?;
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
