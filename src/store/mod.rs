//! Durable state: a journal ahead of redb. To this module rows and events are bytes.
//!
//! ```text
//! plans ──► journal, one sync ──► recent rows in memory ──► Ok
//!              └──► feed                └──► redb: one sorted, synced transaction a checkpoint, beside the writer
//! ```
//!
//! A row that is written again and again between two checkpoints goes into redb once.
//!
//! What always holds:
//! - when [`Store::write`] returned `Ok`, the batch is on disk and readers see it; a power cut at any later
//!   time loses nothing of it;
//! - an `Unknown` batch is there wholly or not at all, in redb and in the feed alike;
//! - redb's durable state is never ahead of the journal, and carries the batch it has applied; what the
//!   journal has beyond that is applied again at open;
//! - events are numbered from 1 without a gap, for ever;
//! - damage is reported with file and offset and stops the start; only the torn tail that nobody was told
//!   about is cut.
//!
//! Layout of the data directory: `store.redb`, `journal/NNNNNNNNNN.seg`, `journal/spare`, `journal/used-N`, `probe`,
//! `ballast`, `lock`, `files/` with what was attached to tickets, `before-format-N/` with a copy of the store as it was
//! before an upgrade; `restore.unfinished` marks a directory that is no store.

mod aead;
pub mod backup;
mod ballast;
mod batch;
mod changes;
mod checkpoint;
pub mod codec;
mod compaction;
mod database;
mod description;
pub mod disk;
mod epoch;
mod error;
mod feed;
pub mod files;
mod index_row;
mod inspect;
mod journal;
mod kept;
pub mod keyfile;
pub mod keyring;
mod keyring_file;
pub mod keys;
mod migrate;
mod older;
mod opened;
pub mod owner;
mod plain;
mod plan;
mod reader;
mod recent;
pub mod records;
mod recovery;
mod retention;
mod row_key;
pub mod seal;
#[doc(hidden)]
pub mod sim;
mod space;
mod stamp;
mod tables;
mod unlock;
mod verify;
mod writer;

#[cfg(test)]
mod tests;

pub use batch::Batch;
pub use changes::{Changes, Merge, bounds};
pub use compaction::{Compacted, Copied, Copy, Packed};
pub use database::FILE;
pub use description::Description;
pub use disk::{Disk, RealDisk};
pub use error::{Damage, FeedError, JournalError, OpenError, Refusal, StoreError, WriteError};
pub use feed::{Feed, FeedPlan};
pub use inspect::{Inspection, inspect};
pub use kept::PREFIX as KEPT_BEFORE_UPGRADE;
pub use keyring_file::{
    KeyringError, NAME as KEYRING, wants_passphrase as keyring_wants_passphrase,
};
pub use migrate::{MigrateError, Migrating, Migration, Progress, Upgrade};
pub use plan::{Blob, MAX_PLAN, PlanRecord, Row};
pub use reader::{Order, Pair, Reader, Snapshot, View};
pub use retention::Trimmed;
pub use row_key::RowKey;
pub use space::Space;
pub use stamp::Stamp;
pub use tables::{Table, Whose};
pub use unlock::{UnlockError, Wanted, check as check_keyring};
pub use verify::{SegmentReport, VerifyReport, verify};
pub use writer::{Committed, Figures, Health, Store, Written};

use crate::domain::time::Micros;

/// Limits of the store; the defaults suit a small box with a flash card.
#[derive(Clone, Debug)]
pub struct StoreSettings {
    /// Bytes redb may cache.
    pub cache_bytes: usize,
    /// Bytes of a journal segment; a batch must fit into one.
    pub segment_bytes: u64,
    /// A checkpoint is due after so many bytes of journal …
    pub checkpoint_bytes: u64,
    /// … or so many events.
    pub checkpoint_events: u64,
    /// Free bytes that only commands which free space may use.
    pub disk_reserve: u64,
    /// Bytes of the file that is given up when the disk is full; 0 goes without.
    pub ballast: u64,
    /// How long the feed keeps what every consumer has passed, in microseconds.
    pub feed_keep: i64,
    /// Beyond so many bytes the feed drops its oldest part, whoever still needs it.
    pub feed_max_bytes: u64,
    /// Do what is done beside the writer (the next segment, checkpoints) on its thread: for simulations.
    pub inline: bool,
    /// The format of the rows, and how stores of older ones come to it.
    pub upgrade: Upgrade,
}

impl Default for StoreSettings {
    fn default() -> StoreSettings {
        StoreSettings {
            cache_bytes: 64 * 1024 * 1024,
            segment_bytes: 16 * 1024 * 1024,
            checkpoint_bytes: 16 * 1024 * 1024,
            checkpoint_events: 20_000,
            disk_reserve: 64 * 1024 * 1024,
            ballast: 32 * 1024 * 1024,
            feed_keep: 7 * Micros::DAY,
            feed_max_bytes: 1024 * 1024 * 1024,
            inline: false,
            upgrade: Upgrade::default(),
        }
    }
}
