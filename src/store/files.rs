//! Files of tickets, beside the store: `files/ABCD…`, each sealed under a key of its own, which its row holds.
//!
//! ```text
//! file = magic "fdfile\0\x01", chunks of 64 KiB of XChaCha20-Poly1305 in the STREAM construction, as in backups
//! ```
//!
//! The nonce is zero, as no key seals two files; the name is a hash of the key, so it tells nothing of what is inside.
//! Earlier files lie there as they are, under the SHA-256 of their bytes: their rows have no key.
//!
//! What always holds: a file has its name only when it is whole and synced, before any row speaks of it; no two rows
//! speak of the same sealed file; whoever loses the row, and be it in a backup, has lost the file; what no row speaks
//! of is removed, but never what came within the last hour, as its row may be on its way. Rows are the truth: nothing
//! here counts them.

use std::collections::HashSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

use super::backup::cipher::{Opener, Sealer};
use crate::domain::file::{FileKey, StoredFile};

/// The directory below the data directory.
pub const FILES: &str = "files";
/// How old a file must be to be removed when no row speaks of it.
const GRACE: Duration = Duration::from_secs(3600);
const COMING: &str = "coming-";
const MAGIC: &[u8; 8] = b"fdfile\0\x01";
/// No key seals two files.
const NONCE: [u8; 19] = [0; 19];

/// The files of a data directory. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Files {
    root: PathBuf,
    coming: Arc<AtomicU64>,
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
        Ok(Files { root, coming: Arc::default() })
    }

    /// A file that is coming.
    pub fn begin(&self) -> io::Result<NewFile> {
        let number = self.coming.fetch_add(1, Ordering::Relaxed);
        let path = self.root.join(format!("{COMING}{number}"));
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(io::Error::other)?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        file.write_all(MAGIC)?;
        let sealer = Sealer::new(file, MAGIC, NONCE, &key);
        let (files, key) = (self.clone(), FileKey(key));
        Ok(NewFile { files, sealer: Some(sealer), path, key, hash: Sha256::new(), bytes: 0 })
    }

    /// A file's bytes, as they were taken; none that were changed since.
    pub fn read(&self, file: &StoredFile) -> io::Result<Reading> {
        let mut raw = self.open_raw(&name_of(file))?;
        let Some(FileKey(key)) = &file.key else { return Ok(Reading::Plain(raw)) };
        let mut magic = [0; MAGIC.len()];
        raw.read_exact(&mut magic)?;
        if &magic != MAGIC {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it is no sealed file"));
        }
        let opener = Opener::new(raw, MAGIC, NONCE, key).map_err(io::Error::other)?;
        Ok(Reading::Sealed { opener: Box::new(opener), chunk: Vec::new(), used: 0 })
    }

    /// A file as it lies there, for backups.
    pub fn open_raw(&self, name: &[u8; 32]) -> io::Result<File> {
        File::open(self.path(name))
    }

    /// Removes a file that no row speaks of any more; one that is not there is no error.
    pub fn remove(&self, name: &[u8; 32]) -> io::Result<()> {
        match fs::remove_file(self.path(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Bytes that may still be written on the disk.
    pub fn free(&self) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(&self.root)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    /// Removes what no row speaks of, if it has been there for an hour; gives how many.
    pub fn sweep(&self, spoken_of: &HashSet<[u8; 32]>) -> io::Result<usize> {
        let mut removed = 0;
        for name in self.all()? {
            if spoken_of.contains(&name) {
                continue;
            }
            let path = self.path(&name);
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

    fn path(&self, name: &[u8; 32]) -> PathBuf {
        self.root.join(hex(name))
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

/// What a file is called, by its row.
pub fn name_of(file: &StoredFile) -> [u8; 32] {
    file.key.as_ref().map_or(file.sha256, name_of_key)
}

fn name_of_key(FileKey(key): &FileKey) -> [u8; 32] {
    Sha256::new().chain_update(b"frontdesk file").chain_update(key).finalize().into()
}

/// A file's bytes on their way out.
pub enum Reading {
    Plain(File),
    Sealed { opener: Box<Opener<File>>, chunk: Vec<u8>, used: usize },
}

impl Read for Reading {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Reading::Plain(file) => file.read(out),
            Reading::Sealed { opener, chunk, used } => {
                while *used == chunk.len() {
                    let Some((next, _)) = opener.chunk().map_err(io::Error::other)? else {
                        return Ok(0);
                    };
                    (*chunk, *used) = (next, 0);
                }
                let read = (&chunk[*used..]).read(out)?;
                *used += read;
                Ok(read)
            }
        }
    }
}

/// A file that is coming; removed unless it is kept.
pub struct NewFile {
    files: Files,
    /// Until it is kept.
    sealer: Option<Sealer<File>>,
    path: PathBuf,
    key: FileKey,
    hash: Sha256,
    bytes: u64,
}

/// A file that is on the disk, for its row.
#[derive(Debug)]
pub struct Kept {
    /// Of its bytes as they came.
    pub sha256: [u8; 32],
    pub key: FileKey,
}

impl NewFile {
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(sealer) = &mut self.sealer {
            sealer.write_all(bytes)?;
        }
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Gives it its name, durably.
    pub fn keep(mut self) -> io::Result<Kept> {
        if let Some(sealer) = self.sealer.take() {
            sealer.finish()?.sync_all()?;
        }
        let sha256: [u8; 32] = self.hash.clone().finalize().into();
        let key = self.key.clone();
        fs::rename(&self.path, self.files.path(&name_of_key(&key)))?;
        File::open(&self.files.root)?.sync_all()?;
        Ok(Kept { sha256, key })
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
    use super::*;
    use crate::domain::time::Micros;

    fn scratch(name: &str) -> PathBuf {
        let dir =
            std::env::temp_dir().join(format!("frontdesk-files-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).unwrap();
        dir
    }

    fn row(sha256: [u8; 32], key: Option<FileKey>) -> StoredFile {
        StoredFile {
            id: 1,
            ticket: 1001,
            name: "invoice.txt".to_owned(),
            media_type: "text/plain".to_owned(),
            bytes: 7,
            sha256,
            key,
            entry: None,
            uploaded_by: "Ani".to_owned(),
            uploaded_at: Micros(0),
            arrived_at: Micros(0),
        }
    }

    fn put(files: &Files, bytes: &[u8]) -> StoredFile {
        let mut new = files.begin().unwrap();
        for piece in bytes.chunks(1000) {
            new.write(piece).unwrap();
        }
        let Kept { sha256, key } = new.keep().unwrap();
        row(sha256, Some(key))
    }

    fn read(files: &Files, file: &StoredFile) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        files.read(file)?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn raw(dir: &Path, file: &StoredFile) -> PathBuf {
        dir.join(FILES).join(hex(&name_of(file)))
    }

    #[test]
    fn a_file_comes_back_and_nothing_on_the_disk_tells_what_it_was() {
        let dir = scratch("sealed");
        let files = Files::open(&dir).unwrap();
        for length in [1, 999, 64 << 10, (64 << 10) + 1, 200_000] {
            let bytes: Vec<u8> = b"invoice ".iter().copied().cycle().take(length).collect();
            let (one, two) = (put(&files, &bytes), put(&files, &bytes));
            assert_eq!(one.sha256, two.sha256);
            assert_ne!(name_of(&one), name_of(&two), "each has its own key");
            assert_ne!(name_of(&one), one.sha256);
            assert_eq!(read(&files, &one).unwrap(), bytes);
            let lies = fs::read(raw(&dir, &one)).unwrap();
            assert!(!lies.windows(7).any(|part| part == b"invoice"));
        }
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_file_from_before_is_read_as_it_lies_there() {
        let dir = scratch("older");
        let files = Files::open(&dir).unwrap();
        let older = row(Sha256::digest(b"invoice").into(), None);
        fs::write(raw(&dir, &older), b"invoice").unwrap();
        assert_eq!(read(&files, &older).unwrap(), b"invoice");
        assert_eq!(files.all().unwrap(), [older.sha256]);
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_changed_file_and_another_key_give_nothing() {
        let dir = scratch("changed");
        let files = Files::open(&dir).unwrap();
        let file = put(&files, b"invoice");
        let (path, whole) = (raw(&dir, &file), fs::read(raw(&dir, &file)).unwrap());
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            fs::write(&path, changed).unwrap();
            assert!(read(&files, &file).is_err(), "byte {at}");
            fs::write(&path, &whole[..at]).unwrap();
            assert!(read(&files, &file).is_err(), "cut at {at}");
        }
        let stranger = put(&files, b"another");
        fs::write(&path, fs::read(raw(&dir, &stranger)).unwrap()).unwrap();
        assert!(read(&files, &file).is_err());
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
        for file in [&kept, &old] {
            File::open(raw(&dir, file)).unwrap().set_modified(long_ago).unwrap();
        }
        assert_eq!(files.sweep(&HashSet::from([name_of(&kept)])).unwrap(), 1);
        let mut left = vec![name_of(&kept), name_of(&young)];
        left.sort_unstable();
        assert_eq!(files.all().unwrap(), left);
        files.remove(&name_of(&young)).unwrap();
        files.remove(&name_of(&young)).unwrap();
        assert_eq!(files.all().unwrap(), [name_of(&kept)]);
        fs::remove_dir_all(dir).unwrap();
    }
}
