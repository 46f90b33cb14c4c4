//! The files beside the store on their way into a backup, piece by piece.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};

use super::super::files::Files;
use super::ScanError;
use super::block::{Part, file_part};

pub struct Filing {
    files: Files,
    waiting: VecDeque<[u8; 32]>,
    /// The one that is read, its hash, and how far.
    open: Option<(File, [u8; 32], u64)>,
}

impl Filing {
    pub fn begin(files: Files) -> Result<Filing, ScanError> {
        let waiting = files.all().map_err(ScanError::File)?.into();
        Ok(Filing { files, waiting, open: None })
    }

    /// The next piece of at most so many bytes; none when all was read.
    pub fn piece(&mut self, bytes: usize) -> Result<Option<Part>, ScanError> {
        loop {
            if let Some((file, sha256, offset)) = &mut self.open {
                let mut piece = Vec::with_capacity(bytes);
                let read = file.take(bytes as u64).read_to_end(&mut piece);
                let read = read.map_err(ScanError::File)?;
                if read > 0 {
                    let part = file_part(sha256, *offset, &piece);
                    *offset += read as u64;
                    return Ok(Some(part));
                }
                self.open = None;
            }
            let Some(sha256) = self.waiting.pop_front() else { return Ok(None) };
            match self.files.open_raw(&sha256) {
                Ok(file) => self.open = Some((file, sha256, 0)),
                // Swept meanwhile: no row speaks of it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(ScanError::File(error)),
            }
        }
    }
}
