//! What is known of the last backup: a note in the data directory, for `status`, `doctor`, the system page and whoever
//! watches over the box. The clock of its time is the box's own.

use std::fs;
use std::io;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::describe::ToSchema;

const NOTE: &str = "last-backup.json";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LastBackup {
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// File or address, as people write it.
    pub to: String,
    pub bytes: u64,
    /// The newest event that is in it.
    pub seq: u64,
}

impl LastBackup {
    /// None if none was ever made, or the note cannot be read.
    pub fn read(data_dir: &Path) -> Option<LastBackup> {
        serde_json::from_slice(&fs::read(data_dir.join(NOTE)).ok()?).ok()
    }

    pub fn write(&self, data_dir: &Path) -> io::Result<()> {
        let path = data_dir.join(NOTE);
        let fresh = path.with_extension("json.new");
        fs::write(&fresh, format!("{}\n", serde_json::to_string(self)?))?;
        fs::rename(fresh, path)
    }

    /// Seconds; 0 if it is of a time that has not come yet.
    pub fn age(&self) -> u64 {
        let since = Timestamp::now().duration_since(self.at).as_secs();
        u64::try_from(since).unwrap_or_default()
    }
}
