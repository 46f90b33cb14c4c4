//! Files of tickets, beside the store: `files/ABCD…`, each under the SHA-256 of its bytes.
//!
//! What always holds: a file has its name only when it is whole and synced, before any row speaks of it; the same bytes
//! lie there once; what no row speaks of is removed, but never what came within the last hour, as its row may be on
//! its way. Rows are the truth: nothing here counts them.

use std::collections::HashSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

/// The directory below the data directory.
pub const FILES: &str = "files";
/// How old a file must be to be removed when no row speaks of it.
const GRACE: Duration = Duration::from_secs(3600);
const COMING: &str = "coming-";

/// The files of a data directory. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Files {
    root: PathBuf,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// Held while a file gets its name, and while one is looked at and removed.
    names: Mutex<()>,
    coming: AtomicU64,
}

impl Files {
    /// Below this data directory; what was on its way when the daemon died is removed.
    pub fn open(data_dir: &Path) -> io::Result<Files> {
        let root = data_dir.join(FILES);
        make_dir(&root)?;
        for entry in fs::read_dir(&root)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(COMING) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(Files { root, shared: Arc::default() })
    }

    /// A file that is coming.
    pub fn begin(&self) -> io::Result<NewFile> {
        let number = self.shared.coming.fetch_add(1, Ordering::Relaxed);
        let path = self.root.join(format!("{COMING}{number}"));
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        Ok(NewFile { files: self.clone(), file, path, hash: Sha256::new(), bytes: 0 })
    }

    pub fn read(&self, sha256: &[u8; 32]) -> io::Result<File> {
        File::open(self.path(sha256))
    }

    /// Bytes that may still be written on the disk.
    pub fn free(&self) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(&self.root)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    /// Removes what no row speaks of, if it has been there for an hour; gives how many.
    pub fn sweep(&self, spoken_of: &HashSet<[u8; 32]>) -> io::Result<usize> {
        let mut removed = 0;
        for sha256 in self.all()? {
            if spoken_of.contains(&sha256) {
                continue;
            }
            let path = self.path(&sha256);
            let _held = self.shared.names.lock().unwrap_or_else(PoisonError::into_inner);
            let age = SystemTime::now().duration_since(fs::metadata(&path)?.modified()?);
            // A clock that was set back says nothing.
            if age.is_ok_and(|age| age > GRACE) {
                fs::remove_file(&path)?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// The files that are there.
    pub fn all(&self) -> io::Result<Vec<[u8; 32]>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.root)? {
            found.extend(unhex(&entry?.file_name().to_string_lossy()));
        }
        found.sort_unstable();
        Ok(found)
    }

    fn path(&self, sha256: &[u8; 32]) -> PathBuf {
        self.root.join(hex(sha256))
    }
}

fn make_dir(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    match path.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(bytes)
}

/// A file that is coming; removed unless it is kept.
#[derive(Debug)]
pub struct NewFile {
    files: Files,
    file: File,
    path: PathBuf,
    hash: Sha256,
    bytes: u64,
}

impl NewFile {
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Gives it its name, durably.
    pub fn keep(self) -> io::Result<[u8; 32]> {
        self.file.sync_all()?;
        let sha256: [u8; 32] = self.hash.clone().finalize().into();
        let path = self.files.path(&sha256);
        {
            // Over the same bytes too: they are as young as this now, and not swept.
            let _held = self.files.shared.names.lock().unwrap_or_else(PoisonError::into_inner);
            fs::rename(&self.path, &path)?;
        }
        File::open(&self.files.root)?.sync_all()?;
        Ok(sha256)
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        // Gone already if it was kept; what cannot be removed now is at the next start.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let dir =
            std::env::temp_dir().join(format!("frontdesk-files-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).unwrap();
        dir
    }

    fn put(files: &Files, bytes: &[u8]) -> [u8; 32] {
        let mut new = files.begin().unwrap();
        new.write(bytes).unwrap();
        new.keep().unwrap()
    }

    #[test]
    fn the_same_bytes_lie_there_once_and_come_back() {
        let dir = scratch("once");
        let files = Files::open(&dir).unwrap();
        let (one, two) = (put(&files, b"invoice"), put(&files, b"invoice"));
        assert_eq!(one, two);
        assert_eq!(files.all().unwrap(), [one]);
        let mut text = String::new();
        files.read(&one).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "invoice");
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn what_broke_off_leaves_nothing() {
        let dir = scratch("broken");
        let files = Files::open(&dir).unwrap();
        let mut new = files.begin().unwrap();
        new.write(b"half").unwrap();
        let left = new.path.clone();
        // As a power cut leaves it.
        std::mem::forget(new);
        assert!(left.exists());
        let files = Files::open(&dir).unwrap();
        assert!(!left.exists() && files.all().unwrap().is_empty());
        drop(files.begin().unwrap());
        assert_eq!(fs::read_dir(dir.join(FILES)).unwrap().count(), 0);
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn only_what_no_row_speaks_of_and_is_old_is_swept() {
        let dir = scratch("swept");
        let files = Files::open(&dir).unwrap();
        let (kept, old, young) = (put(&files, b"kept"), put(&files, b"old"), put(&files, b"young"));
        let long_ago = SystemTime::now() - 2 * GRACE;
        for sha256 in [&kept, &old] {
            files.read(sha256).unwrap().set_modified(long_ago).unwrap();
        }
        assert_eq!(files.sweep(&HashSet::from([kept])).unwrap(), 1);
        let mut left = vec![kept, young];
        left.sort_unstable();
        assert_eq!(files.all().unwrap(), left);
        // What comes again is as young as what is new.
        files.read(&kept).unwrap().set_modified(long_ago).unwrap();
        put(&files, b"kept");
        assert_eq!(files.sweep(&HashSet::new()).unwrap(), 0);
        fs::remove_dir_all(dir).unwrap();
    }
}
