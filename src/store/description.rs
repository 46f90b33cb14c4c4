//! What the store says of itself to whoever looks after the box.

use std::time::Instant;

use super::stamp::Stamp;
use super::writer::{Figures, Store};

/// The store as it stands; sizes in bytes.
#[derive(Clone, Debug)]
pub struct Description {
    /// The format of the rows.
    pub format: u32,
    /// Of `store.redb`.
    pub bytes: u64,
    /// None if the file system does not say.
    pub free: Option<u64>,
    /// What of that only clearing up may use.
    pub reserve: u64,
    /// What must be free for new events to be taken, the reserve included; none if the file system does not say.
    pub needed: Option<u64>,
    /// Room kept by the ballast file; 0 when there is none.
    pub ballast: u64,
    pub segments: usize,
    /// Of the journal's segments.
    pub journal_bytes: u64,
    pub last_batch: u64,
    pub last_seq: u64,
    /// The oldest event of the feed.
    pub oldest_seq: u64,
    /// Events since the last checkpoint: what a start after a power cut replays.
    pub to_replay: u64,
    /// None before the first one.
    pub checkpointed: Option<Instant>,
    /// Batches that were replayed when it was opened: not 0 after a stop that was none.
    pub replayed: u64,
    pub figures: Figures,
}

impl Store {
    pub fn describe(&self) -> Description {
        let segments = self.journal.segments().list();
        let space = self.space_after(self.unsettled(), self.settings.disk_reserve).ok();
        Description {
            format: Stamp::ours(self.settings.upgrade.newest()).format,
            bytes: self.database.size(),
            free: space.map(|space| space.free),
            reserve: self.settings.disk_reserve,
            needed: space.map(|space| space.needed),
            ballast: self.ballast.held(),
            segments: segments.len(),
            journal_bytes: segments.iter().map(|segment| segment.size).sum(),
            last_batch: self.journal.last_batch(),
            last_seq: self.last_seq(),
            oldest_seq: self.feed().oldest(),
            to_replay: self.unsettled().events,
            checkpointed: self.checkpointed,
            replayed: self.replayed,
            figures: self.figures(),
        }
    }
}
