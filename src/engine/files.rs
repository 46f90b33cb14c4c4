//! The files of tickets as others reach them: the bytes beside the store, and which of them rows speak of.

use std::collections::HashSet;

use super::{Engine, Error};
use crate::domain::file::StoredFile;
use crate::store::Order;
pub use crate::store::files::{Files, Kept, NewFile, hex, name_of};

/// Rows read within one snapshot.
const CHUNK: usize = 10_000;

impl Engine {
    /// The names of all files that a row speaks of.
    pub fn files_spoken_of(&self) -> Result<HashSet<[u8; 32]>, Error> {
        let mut found = HashSet::new();
        let mut start = Vec::new();
        loop {
            let rows =
                self.read(|rows| rows.scan::<StoredFile>(&start, None, Order::Ascending, CHUNK))?;
            let Some((last, _)) = rows.last() else { return Ok(found) };
            start = [last, &[0][..]].concat();
            found.extend(rows.iter().map(|(_, file)| name_of(file)));
        }
    }

    /// Removes the files of an erased person at once: nobody else's rows speak of what is sealed under keys of its own.
    pub(super) fn remove_files(&self, files: &[StoredFile]) {
        for name in files.iter().filter(|file| file.key.is_some()).map(name_of) {
            if let Err(error) = self.files().remove(&name) {
                // Without its key it is noise, and the sweep looks for it again.
                tracing::warn!(%error, "a file that was erased could not be removed yet");
            }
        }
    }

    /// Removes the bytes that no row speaks of.
    pub fn sweep_files(&self) -> Result<usize, Error> {
        // What comes after this is young, and stays.
        let spoken_of = self.files_spoken_of()?;
        self.files().sweep(&spoken_of).map_err(|e| Error::Unavailable(format!("files: {e}")))
    }
}
