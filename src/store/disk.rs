//! The disk seam: the few file operations the store needs, so that tests can put a faulty disk below it.
//!
//! Names are paths below the data directory, `/` between parts. Nothing is durable before `sync_data` of
//! the file and, for creating, renaming and removing, `sync_dir` of its directory returned `Ok`. After a
//! failed `sync_data` the cache may show bytes that never reach the disk: [`DiskFile::forget_cache`].

use std::fmt::Debug;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{Advice, FallocateFlags, FlockOperation};
use rustix::io::Errno;

/// A data directory.
pub trait Disk: Debug + Send + Sync {
    /// Opens an existing file.
    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;
    /// Creates a file, or empties it.
    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Gives a file another name in the same directory, replacing what had it.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// The names of the files in a directory (`""` is the data directory itself), sorted.
    fn list(&self, dir: &str) -> io::Result<Vec<String>>;
    fn sync_dir(&self, dir: &str) -> io::Result<()>;
    /// Makes a directory unless it is there.
    fn make_dir(&self, dir: &str) -> io::Result<()>;
    /// Bytes a process without privileges may still write.
    fn free_space(&self) -> io::Result<u64>;
    /// Takes the directory for this process until the lock is dropped; `WouldBlock` when another has it.
    fn lock(&self) -> io::Result<DiskLock>;
    /// A random number, for ids that must never come twice.
    fn random(&self) -> io::Result<u64>;
}

/// A file; all offsets and lengths in bytes.
pub trait DiskFile: Debug + Send + Sync {
    fn len(&self) -> io::Result<u64>;
    /// Bytes it takes on the disk: fewer than its length where it has holes.
    fn allocated(&self) -> io::Result<u64>;
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
    /// Fills `out`, or fails with `UnexpectedEof`.
    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()>;
    /// Writes all of `data`; after an error any part of it may be written.
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()>;
    fn set_len(&self, len: u64) -> io::Result<()>;
    /// Makes the file `len` bytes long and sets the disk's blocks for them aside, without writing where the
    /// file system can do that.
    fn allocate(&self, len: u64) -> io::Result<()>;
    fn sync_data(&self) -> io::Result<()>;
    /// Makes the next reads come from the disk, not from pages that a failed sync left looking clean.
    fn forget_cache(&self) -> io::Result<()>;
}

/// Holds a data directory while it lives.
#[derive(Debug)]
pub struct DiskLock(#[expect(dead_code, reason = "dropping it releases the lock")] Box<dyn Held>);

/// Whatever releases a lock when it is dropped.
pub trait Held: Debug + Send + Sync {}

impl DiskLock {
    pub fn new(held: impl Held + 'static) -> DiskLock {
        DiskLock(Box::new(held))
    }
}

/// A directory of the file system. Files are readable by their owner only: transcripts are private.
#[derive(Debug)]
pub struct RealDisk {
    root: PathBuf,
    /// Nothing is changed through it, not even a time stamp.
    read_only: bool,
}

impl RealDisk {
    /// Uses `root` as the data directory, making it and its sub-directory `journal` if need be.
    pub fn new(root: impl Into<PathBuf>) -> io::Result<RealDisk> {
        let root = root.into();
        DirBuilder::new().recursive(true).mode(0o700).create(root.join("journal"))?;
        sync_directory(&root)?;
        match root.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => sync_directory(parent)?,
            _ => {}
        }
        Ok(RealDisk { root, read_only: false })
    }

    /// A data directory as it is, only to be looked at: changing operations fail.
    pub fn read_only(root: impl Into<PathBuf>) -> RealDisk {
        RealDisk { root: root.into(), read_only: true }
    }

    fn may_change(&self) -> io::Result<()> {
        if self.read_only { Err(io::ErrorKind::ReadOnlyFilesystem.into()) } else { Ok(()) }
    }

    fn options() -> OpenOptions {
        let mut options = OpenOptions::new();
        options.read(true).write(true).mode(0o600);
        options
    }
}

fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

impl Disk for RealDisk {
    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        if self.read_only {
            return Ok(Arc::new(RealFile(File::open(self.root.join(name))?)));
        }
        Ok(Arc::new(RealFile(RealDisk::options().open(self.root.join(name))?)))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        self.may_change()?;
        let mut options = RealDisk::options();
        options.create(true).truncate(true);
        Ok(Arc::new(RealFile(options.open(self.root.join(name))?)))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.may_change()?;
        std::fs::remove_file(self.root.join(name))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.may_change()?;
        std::fs::rename(self.root.join(from), self.root.join(to))
    }

    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(self.root.join(dir))? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                names.extend(entry.file_name().into_string().ok());
            }
        }
        names.sort();
        Ok(names)
    }

    fn sync_dir(&self, dir: &str) -> io::Result<()> {
        sync_directory(&self.root.join(dir))
    }

    fn make_dir(&self, dir: &str) -> io::Result<()> {
        self.may_change()?;
        DirBuilder::new().recursive(true).mode(0o700).create(self.root.join(dir))
    }

    fn free_space(&self) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(&self.root)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    fn lock(&self) -> io::Result<DiskLock> {
        let path = self.root.join("lock");
        let file = if self.read_only {
            // Where no lock was made no daemon has been; the directory stands in for it.
            File::open(&path).or_else(|_| File::open(&self.root))?
        } else {
            RealDisk::options().create(true).truncate(false).open(path)?
        };
        rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        Ok(DiskLock::new(file))
    }

    fn random(&self) -> io::Result<u64> {
        getrandom::u64().map_err(|error| io::Error::other(error.to_string()))
    }
}

/// Writes zeros up to `len`.
pub fn fill(file: &dyn DiskFile, len: u64) -> io::Result<()> {
    const CHUNK: u64 = 256 * 1024;
    let zeros = vec![0; CHUNK.min(len) as usize];
    let mut offset = 0;
    while offset < len {
        let length = CHUNK.min(len - offset);
        file.write_at(offset, &zeros[..length as usize])?;
        offset += length;
    }
    Ok(())
}

impl Held for File {}

#[derive(Debug)]
struct RealFile(File);

impl DiskFile for RealFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn allocated(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.blocks().saturating_mul(512))
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read_exact_at(out, offset)
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write_all_at(data, offset)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn allocate(&self, len: u64) -> io::Result<()> {
        match rustix::fs::fallocate(&self.0, FallocateFlags::empty(), 0, len) {
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => fill(self, len),
            done => Ok(done?),
        }
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn forget_cache(&self) -> io::Result<()> {
        Ok(rustix::fs::fadvise(&self.0, 0, None, Advice::DontNeed)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_process_is_told_that_the_directory_is_in_use() {
        let dir = super::super::tests::scratch("lock");
        let first = RealDisk::new(dir.as_ref()).expect("directory");
        let second = RealDisk::new(dir.as_ref()).expect("directory");
        let held = first.lock().expect("free");
        assert_eq!(second.lock().expect_err("held").kind(), io::ErrorKind::WouldBlock);
        drop(held);
        second.lock().expect("free again");
    }
}
