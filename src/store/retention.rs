//! Dropping the oldest part of the feed.
//!
//! A segment goes only when redb has durably applied all of it: then when every cursor has passed it and it
//! is old enough, or when the feed is larger than it may be. A dead consumer never fills the disk.

use super::error::WriteError;
use super::journal::format::UNKNOWN;
use super::journal::segment::Segment;
use super::writer::{Store, io_refused};
use crate::domain::time::Micros;

/// What trimming the feed came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trimmed {
    /// Segments dropped.
    pub segments: usize,
    /// The oldest sequence number still there.
    pub oldest: u64,
    /// Consumers that had not passed what was dropped: they must resync from state.
    pub cut_off: Vec<String>,
}

impl Store {
    /// Drops what the feed need not keep. `cursors` are the consumers and the last event each has dealt with.
    pub fn trim_feed(
        &mut self,
        cursors: &[(String, u64)],
        now: Micros,
    ) -> Result<Trimmed, WriteError> {
        let segments = self.journal.segments().list();
        let mut bytes: u64 = segments.iter().map(|segment| segment.size).sum();
        let passed = cursors.iter().map(|(_, seq)| *seq).min().unwrap_or(u64::MAX);
        let mut trimmed = Trimmed::default();
        let ages = ages(&segments);
        // A compaction that is under way will read from where it began.
        let needed_after = self.durable_batch.min(self.held.from());
        for (pair, before) in segments.windows(2).zip(ages) {
            let [oldest, next] = pair else { break };
            let too_large = bytes > self.settings.feed_max_bytes;
            let done_with = next.header.first_seq <= passed.saturating_add(1)
                && before.plus(self.settings.feed_keep) <= now;
            if next.header.first_batch > needed_after + 1 || !(too_large || done_with) {
                break;
            }
            self.journal.drop_oldest().map_err(|error| io_refused(&oldest.name(), &error))?;
            bytes -= oldest.size;
            trimmed.segments += 1;
        }
        trimmed.oldest = self.oldest();
        let lagging = cursors.iter().filter(|(_, seq)| seq + 1 < trimmed.oldest);
        trimmed.cut_off = lagging.map(|(name, _)| name.clone()).collect();
        Ok(trimmed)
    }

    fn oldest(&self) -> u64 {
        let first = |segment: &std::sync::Arc<Segment>| segment.header.first_seq;
        self.journal.segments().list().first().map_or(self.journal.next_seq(), first)
    }
}

/// For each segment but the last: the latest time it can hold, told by the next one that knows.
fn ages(segments: &[std::sync::Arc<Segment>]) -> Vec<Micros> {
    let mut known = UNKNOWN;
    let later = segments.iter().skip(1).rev();
    let mut ages: Vec<Micros> = later
        .map(|next| {
            known = known.min(next.header.before);
            known
        })
        .collect();
    ages.reverse();
    ages
}
