//! Backups as files: one gets its name only when it is whole, synced and read back.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use super::place::{is_dated, outdated};
use crate::cli::Failure;

/// What follows the name of a file that is not whole.
const PART: &str = ".part";

/// A file under its temporary name; removed unless it is kept.
pub struct NewFile {
    out: BufWriter<File>,
    temporary: PathBuf,
    path: PathBuf,
    kept: bool,
}

fn at(path: &Path) -> impl Fn(io::Error) -> Failure {
    let path = path.display().to_string();
    move |error| Failure::failed(format!("{path}: {error}"))
}

impl NewFile {
    /// Readable by its owner only: what is in it is as private as the store.
    pub fn begin(path: &Path) -> Result<NewFile, Failure> {
        let mut temporary = path.as_os_str().to_owned();
        temporary.push(PART);
        let temporary = PathBuf::from(temporary);
        let mut options = OpenOptions::new();
        let opened = options.write(true).create(true).truncate(false).mode(0o600).open(&temporary);
        let file = opened.map_err(at(&temporary))?;
        // Some shares know no locks: then nobody is told apart, and nothing left behind is removed.
        if flock(&file, FlockOperation::NonBlockingLockExclusive)
            == Err(rustix::io::Errno::WOULDBLOCK)
        {
            let why = "another backup is being written there";
            return Err(Failure::failed(format!("{}: {why}", temporary.display())));
        }
        file.set_len(0).map_err(at(&temporary))?;
        let out = BufWriter::with_capacity(1 << 18, file);
        Ok(NewFile { out, temporary, path: path.to_owned(), kept: false })
    }

    /// Makes what was written durable and gives a way to read it back.
    pub fn synced(&mut self) -> Result<File, Failure> {
        self.out
            .flush()
            .and_then(|()| self.out.get_ref().sync_all())
            .map_err(at(&self.temporary))?;
        File::open(&self.temporary).map_err(at(&self.temporary))
    }

    /// Gives it its name, durably.
    pub fn keep(mut self) -> Result<(), Failure> {
        fs::rename(&self.temporary, &self.path).map_err(at(&self.path))?;
        self.kept = true;
        let directory = match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        File::open(directory).and_then(|d| d.sync_all()).map_err(at(directory))
    }
}

impl Write for NewFile {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.out.write(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.kept {
            // What cannot be removed now is removed by the next backup there.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// The names of the files in a directory.
fn names(directory: &Path) -> Result<Vec<String>, Failure> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory).map_err(at(directory))? {
        names.extend(entry.map_err(at(directory))?.file_name().into_string().ok());
    }
    Ok(names)
}

/// The newest dated backup of a directory.
pub fn newest(directory: &Path) -> Result<Option<PathBuf>, Failure> {
    let dated = names(directory)?.into_iter().filter(|name| is_dated(name));
    Ok(dated.max().map(|name| directory.join(name)))
}

/// Removes dated backups so that `keep` are left, `new` among them, and what backups that were cut off left.
/// Gives how many backups were removed.
pub fn prune(directory: &Path, new: &str, keep: usize) -> Result<usize, Failure> {
    let names = names(directory)?;
    for name in &names {
        if name.strip_suffix(PART).is_some_and(is_dated) {
            let path = directory.join(name);
            let left = File::open(&path);
            if left.is_ok_and(|f| flock(f, FlockOperation::NonBlockingLockExclusive).is_ok()) {
                fs::remove_file(&path).map_err(at(&path))?;
            }
        }
    }
    let outdated = outdated(names, new, keep);
    for name in &outdated {
        let path = directory.join(name);
        fs::remove_file(&path).map_err(at(&path))?;
    }
    Ok(outdated.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::scratch::Scratch;

    #[test]
    fn a_file_has_no_name_until_it_is_kept_and_leaves_nothing_else() {
        let dir = Scratch::new(&std::env::temp_dir(), "backup").unwrap();
        let path = dir.path().join("desk.fdb");
        fs::write(&path, "the last one").unwrap();
        let mut file = NewFile::begin(&path).unwrap();
        file.write_all(b"half").unwrap();
        let second = NewFile::begin(&path).err().unwrap();
        assert!(second.text.contains("another backup is being written"), "{}", second.text);
        drop(file);
        assert_eq!(fs::read(&path).unwrap(), b"the last one");
        assert_eq!(names(dir.path()).unwrap(), ["desk.fdb"]);
        let mut file = NewFile::begin(&path).unwrap();
        file.write_all(b"whole").unwrap();
        file.synced().unwrap();
        file.keep().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert_eq!(names(dir.path()).unwrap(), ["desk.fdb"]);
    }

    #[test]
    fn what_a_backup_that_was_cut_off_left_is_removed_by_the_next() {
        let dir = Scratch::new(&std::env::temp_dir(), "backup").unwrap();
        let name = |day: u32| format!("frontdesk-202611{day:02}T000000.000Z.fdb");
        for name in [name(1), name(2), name(3) + PART, "mine.part".into(), "mine.fdb".into()] {
            fs::write(dir.path().join(name), "x").unwrap();
        }
        let under_way = NewFile::begin(&dir.path().join(name(4))).unwrap();
        assert_eq!(newest(dir.path()).unwrap(), Some(dir.path().join(name(2))));
        assert_eq!(prune(dir.path(), &name(2), 1).unwrap(), 1);
        let mut left = names(dir.path()).unwrap();
        left.sort();
        assert_eq!(left, [name(2), name(4) + PART, "mine.fdb".into(), "mine.part".into()]);
        drop(under_way);
    }
}
