//! What can be wrong with a backup, and where; and why one could not be made.

use std::io;

use super::super::error::{JournalError, StoreError};
use super::FORMAT;

/// Why a backup is refused. `at` counts bytes from the start of the file.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("the backup cannot be read at byte {at}: {error}")]
    Io { at: u64, error: io::Error },
    #[error("this is no frontdesk backup: it does not begin with \"fdbackup\"")]
    NoBackup,
    #[error(
        "the backup has format {found}, this frontdesk reads up to {FORMAT}; restore it with the version that wrote it or a newer one"
    )]
    Newer { found: u32 },
    #[error(
        "the backup is of a store of format {found}, written by frontdesk {version}; this frontdesk reads up to {known}"
    )]
    NewerStore { found: u32, known: u32, version: String },
    #[error("the backup is encrypted to a {0}, and none was given")]
    Locked(&'static str),
    #[error("the backup is encrypted to a {wants}, and what was given is a {given}")]
    OtherLock { wants: &'static str, given: &'static str },
    #[error("the {0} is not the one that the backup was encrypted to")]
    WrongKey(&'static str),
    #[error("the backup is damaged at byte {at}: {what}")]
    Damaged { at: u64, what: String },
    #[error(
        "the backup is cut off at byte {at}: it has no end, so it was never finished or was copied in part"
    )]
    CutOff { at: u64 },
}

/// Why a backup could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(
        "the journal was trimmed faster than the backup was written: batch {batch} is gone; try again when there is less to do, or raise feed.max_bytes"
    )]
    Trimmed { batch: u64 },
    #[error("a file of a ticket cannot be read: {0}")]
    File(io::Error),
}
