//! How much disk must stay free so that nothing acknowledged can become unrecoverable.
//!
//! redb's file has holes and grows when a checkpoint writes what was held in memory, so the space is
//! estimated from what was applied since the last one: each row may copy a leaf and two branches, all rows
//! together at most every page there is.

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

    /// Bytes the next checkpoint takes at worst, in a database of `size` bytes. A replay after a crash takes
    /// the same pages once more, not others.
    pub fn checkpoint_bytes(&self, size: u64) -> u64 {
        let copied = self.rows.saturating_mul(PAGES_OF_A_ROW).min(size);
        copied + 2 * self.journal_bytes + size / 512 + LEAST
    }
}
