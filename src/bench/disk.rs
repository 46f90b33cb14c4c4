//! The disk's limit: records of 300 bytes appended to a preallocated file, one fdatasync a batch.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::BenchError;

const RECORD: usize = 300;
const FILE: u64 = 64 << 20;

pub struct Log {
    path: PathBuf,
    file: File,
    at: u64,
}

impl Log {
    /// Writes the file full of zeroes, so that appending to it never changes its length or its extents.
    pub fn preallocate(path: &Path) -> Result<Log, BenchError> {
        let made = || -> io::Result<File> {
            let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
            let zeroes = vec![0; 1 << 20];
            for _ in 0..FILE >> 20 {
                file.write_all(&zeroes)?;
            }
            file.sync_all()?;
            Ok(file)
        };
        let file = made().map_err(|e| BenchError::Io(path.display().to_string(), e))?;
        Ok(Log { path: path.to_owned(), file, at: 0 })
    }

    /// Appends `batch` records and syncs; goes round when the file is full.
    pub fn append(&mut self, batch: usize) -> Result<u64, BenchError> {
        let records = vec![b'r'; RECORD * batch];
        if self.at + records.len() as u64 > FILE {
            self.at = 0;
        }
        let written =
            self.file.write_all_at(&records, self.at).and_then(|()| self.file.sync_data());
        written.map_err(|e| BenchError::Io(self.path.display().to_string(), e))?;
        self.at += records.len() as u64;
        Ok(batch as u64)
    }
}
