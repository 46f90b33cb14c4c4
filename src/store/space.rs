//! How much disk must stay free so that nothing acknowledged can become unrecoverable, and what happens below that.
//!
//! Below it plans are refused; reads go on. On a disk without a byte left the ballast file gives its room to a
//! checkpoint, which settles everything acknowledged, and to a start. Once there is room again it is made anew.
//!
//! redb's file has holes and grows when a checkpoint writes what was held in memory, so the space is
//! estimated from what was applied since the last one: each row may copy a leaf and two branches, all rows
//! together at most every page there is.

use super::error::{Refusal, WriteError};
use super::writer::{Store, io_refused};

const PAGES_OF_A_ROW: u64 = 3 * 4096;
/// What a checkpoint may take however little it settles.
pub const LEAST: u64 = 1024 * 1024;

/// What has happened since the last checkpoint.
#[derive(Clone, Copy, Debug, Default)]
pub struct Since {
    pub rows: u64,
    pub journal_bytes: u64,
    pub events: u64,
}

impl Since {
    /// The two together.
    pub fn with(mut self, more: Since) -> Since {
        self.rows += more.rows;
        self.journal_bytes += more.journal_bytes;
        self.events += more.events;
        self
    }

    /// Whether there are as many bytes or as many events.
    pub fn reached(&self, limit: &Since) -> bool {
        self.journal_bytes >= limit.journal_bytes || self.events >= limit.events
    }

    /// Whether what takes so much fits into this.
    pub fn covers(&self, news: &Since) -> bool {
        news.rows <= self.rows && news.journal_bytes <= self.journal_bytes
    }

    /// Bytes the next checkpoint takes at worst, in a database of `size` bytes. A replay after a crash takes
    /// the same pages once more, not others.
    pub fn checkpoint_bytes(&self, size: u64) -> u64 {
        let copied = self.rows.saturating_mul(PAGES_OF_A_ROW).min(size);
        copied + 2 * self.journal_bytes + size / 512 + LEAST
    }
}

/// The disk as the store sees it, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Space {
    pub free: u64,
    /// What must be free for new plans to be taken, [`StoreSettings::disk_reserve`](super::StoreSettings) included.
    pub needed: u64,
    /// What the ballast file keeps free for the case of a full disk; 0 when there is none.
    pub ballast: u64,
}

impl Space {
    pub fn is_full(&self) -> bool {
        self.free < self.needed
    }
}

impl Store {
    /// The disk as it is now, for plans that come after `since` and must leave `reserve` free.
    pub(super) fn space_after(&self, since: Since, reserve: u64) -> Result<Space, WriteError> {
        let segment = self.settings.segment_bytes;
        let needed = since.checkpoint_bytes(self.database.size())
            + self.journal.space_for_next()
            + segment
            + reserve;
        let free = self.disk.free_space().map_err(|error| io_refused("data directory", &error))?;
        Ok(Space { free, needed, ballast: self.ballast.held() })
    }

    pub(super) fn check_space(&self, since: Since, reserve: u64) -> Result<(), WriteError> {
        let Space { free, needed, .. } = self.space_after(since, reserve)?;
        if free >= needed {
            return Ok(());
        }
        Err(WriteError::Refused(Refusal::NoSpace { free, needed }))
    }

    /// With next to nothing free a checkpoint only fails, and redb would be reopened for every command: then it
    /// is the ballast's room or none.
    pub(super) fn room_to_try(&mut self) -> Result<(), WriteError> {
        match self.disk.free_space() {
            Ok(free) if free < LEAST && !self.ballast.release(&*self.disk) => {
                self.check_space(self.unsettled(), self.settings.disk_reserve)
            }
            _ => Ok(()),
        }
    }

    /// Makes the ballast again where there is room for it, gives up what is only kept to be used again where there is not.
    /// Cheap to call repeatedly; gives the disk as it is.
    pub fn tend_space(&mut self) -> Result<Space, WriteError> {
        let mut space = self.space_after(self.unsettled(), self.settings.disk_reserve)?;
        if space.is_full() && self.journal.shed_spares().is_ok_and(|shed| shed) {
            space = self.space_after(self.unsettled(), self.settings.disk_reserve)?;
        }
        self.ballast.tend(&*self.disk, space.free.saturating_sub(space.needed));
        Ok(Space { ballast: self.ballast.held(), ..space })
    }
}
