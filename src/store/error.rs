//! What can go wrong in the store, in words for an operator: which file, which offset, what to do.
//!
//! Nothing here knows of HTTP. [`WriteError`] keeps apart the two answers a caller must never confuse:
//! *refused* (nothing was written) and *unknown* (it may be on disk or not).

use std::fmt;

use super::stamp::VERSION;
use super::tables::Table;

/// A place where bytes on disk are not what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// File below the data directory.
    pub file: String,
    /// Bytes from the start of the file.
    pub offset: u64,
    /// The batch expected there, when known.
    pub batch: Option<u64>,
    pub what: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.file, self.offset)?;
        if let Some(batch) = self.batch {
            write!(f, " (batch {batch})")?;
        }
        write!(f, ": {}", self.what)
    }
}

/// Why a read, or a plan put into a batch, failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    #[error("store.redb: {0}")]
    Database(String),
    #[error("store.redb is damaged: {0}; stop the daemon and run `frontdesk verify`")]
    Damaged(String),
    #[error("the store is closed until it has recovered: {0}")]
    Closed(String),
    #[error("a plan of {bytes} bytes is too large: at most {limit}")]
    PlanTooLarge { bytes: usize, limit: usize },
    #[error("the batch is full: {bytes} bytes with this plan, at most {limit}; commit it first")]
    BatchFull { bytes: usize, limit: usize },
    #[error("the key {key:?} of table {} belongs to the store itself", .table.name())]
    ReservedKey { table: Table, key: String },
    #[error("batch {batch}: {what}")]
    Undecodable { batch: u64, what: String },
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// Why the journal could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    #[error("the journal is damaged: {0}; run `frontdesk verify`, then restore a backup")]
    Damaged(Damage),
    #[error("{file}: {error}")]
    Io { file: String, error: String },
}

/// Why a write, a checkpoint or a recovery failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// Nothing was journaled: the commands did not happen and never will by themselves.
    #[error("refused, nothing was written: {0}")]
    Refused(Refusal),
    /// The journal write or sync failed: the batch may be on disk wholly or not at all. The store is failed
    /// until [`Store::recover`](super::Store::recover) succeeds.
    #[error("outcome unknown, the batch may or may not be on disk: {why}")]
    Unknown { why: String },
}

/// Why nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// 507: writing goes on by itself once space is free again.
    #[error(
        "the disk is full: {} of it are free, {} must be for new events to stay recoverable; delete or move what else lies there, and writing goes on by itself",
        in_mib(*free),
        in_mib(*needed)
    )]
    NoSpace { free: u64, needed: u64 },
    #[error("the store has failed and not yet recovered: {why}")]
    Failed { why: String },
    #[error("{file}: {error}")]
    Io { file: String, error: String },
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn in_mib(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

/// Why the store does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(
        "the data directory is already in use ({0}); stop the other process or use its admin socket"
    )]
    InUse(String),
    #[error("{file}: {error}")]
    Io { file: String, error: String },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(
        "a restore into this directory did not come to its end, so it is no store; empty the directory and restore the backup again"
    )]
    Unfinished,
    #[error(
        "{file} has format {found}, this frontdesk reads up to {known}; start the newer version again"
    )]
    NewerFormat { file: String, found: u32, known: u32 },
    #[error(
        "the store has format {found} and was last written by frontdesk {version}; this is frontdesk {}, \
         which knows formats up to {known}: start frontdesk {version} or a later one",
        VERSION
    )]
    NewerStore { found: u32, known: u32, version: String },
    #[error(
        "the store has format {found} and was last written by frontdesk {version}; frontdesk {} works with \
         format {known}: start the daemon once (`systemctl start frontdesk` or `frontdesk serve`), which keeps \
         a copy of the store and upgrades it",
        VERSION
    )]
    OlderStore { found: u32, known: u32, version: String },
    /// Nothing was changed.
    #[error(
        "no room to upgrade the store to format {to}: {free} bytes are free, {needed} are needed for a copy of \
         the store and the work; free {} more, or go on with frontdesk {version}", .needed - .free
    )]
    NoRoomToUpgrade { to: u32, free: u64, needed: u64, version: String },
    /// The store is as it was.
    #[error(
        "the store could not be upgraded from format {from} to {to} ({name}): {why}; it is as it was, the \
         frontdesk that wrote it still works with it"
    )]
    Migration { from: u32, to: u32, name: &'static str, why: String },
}

impl From<JournalError> for OpenError {
    fn from(error: JournalError) -> OpenError {
        OpenError::Store(StoreError::Journal(error))
    }
}

/// Why the feed could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FeedError {
    /// That part was dropped: resync from state, then read from `oldest` on.
    #[error("the feed begins at {oldest}: what lies before was dropped")]
    Gone { oldest: u64 },
    #[error(transparent)]
    Journal(#[from] JournalError),
}
