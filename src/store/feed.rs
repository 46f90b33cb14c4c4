//! The change feed: the journal's events, in order, gapless, by sequence number.
//!
//! Reads never touch the writer. Nothing is ever read that was not acknowledged, whatever `until` says.

use std::sync::Arc;

use super::error::{Damage, FeedError, JournalError, StoreError};
use super::journal::scan::Found;
use super::journal::segment::Segment;
use super::journal::{Segments, decode};
use super::plan::PlanRecord;
use super::row_key::RowKey;
use super::tables::Table;

/// A plan as it is in the feed; its first event has the number `first_seq`, the next one more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedPlan {
    pub first_seq: u64,
    pub plan: PlanRecord,
}

/// Reads the feed; cheap to clone.
#[derive(Clone, Debug)]
pub struct Feed {
    segments: Arc<Segments>,
}

impl Feed {
    pub(super) fn new(segments: Arc<Segments>) -> Feed {
        Feed { segments }
    }

    /// The segments it reads.
    pub(super) fn segments(&self) -> &Arc<Segments> {
        &self.segments
    }

    /// The plans, in order, with an event numbered above `after` and at most `until` (what the caller has
    /// published): at least one if there is one, then as many as fit `max_bytes`, and no more once they hold
    /// `max_events`. The first may begin at or before `after`, when a consumer stopped within a plan. Plans without
    /// events are no part of the feed.
    pub fn read(
        &self,
        after: u64,
        until: u64,
        limits: (usize, usize),
    ) -> Result<Vec<FeedPlan>, FeedError> {
        self.read_of(after, until, limits, None)
    }

    /// The same; of the rows those of these tables alone, if any are named.
    pub fn read_of(
        &self,
        after: u64,
        until: u64,
        (max_events, max_bytes): (usize, usize),
        of: Option<&[Table]>,
    ) -> Result<Vec<FeedPlan>, FeedError> {
        let mut reading = Reading {
            feed: self,
            after,
            until: until.min(self.segments.last_seq()),
            enough: after.saturating_add(max_events as u64),
            max_bytes,
            bytes: 0,
            of,
            plans: Vec::new(),
            touched: None,
        };
        if after < reading.until {
            reading.all(after + 1)?;
        }
        Ok(reading.plans)
    }

    /// The keys of all rows of these tables that were written behind event `after` and up to event `until`, by plans
    /// without events too: such may stand before event `after` or behind `until` as well.
    pub fn touched(
        &self,
        after: u64,
        until: u64,
        tables: &[Table],
    ) -> Result<Vec<(Table, RowKey)>, FeedError> {
        let until = until.min(self.segments.last_seq());
        let (enough, max_bytes, bytes, plans) = (u64::MAX, usize::MAX, 0, Vec::new());
        let (of, touched) = (Some(tables), Some(Vec::new()));
        let mut reading =
            Reading { feed: self, after, until, enough, max_bytes, bytes, of, plans, touched };
        // A plan without events lies behind the event before it.
        reading.all(after.max(1))?;
        Ok(reading.touched.unwrap_or_default())
    }

    /// The oldest sequence number still there.
    pub fn oldest(&self) -> u64 {
        match self.segments.list().first() {
            Some(first) => first.header.first_seq,
            None => self.segments.last_seq() + 1,
        }
    }

    fn gone(&self) -> FeedError {
        FeedError::Gone { oldest: self.oldest() }
    }
}

enum Step {
    /// Everything asked for, or everything that fits.
    Done,
    /// The segment has no further batch.
    End { next_seq: u64 },
}

struct Reading<'a> {
    feed: &'a Feed,
    after: u64,
    until: u64,
    /// With this event there are as many as are wanted.
    enough: u64,
    max_bytes: usize,
    bytes: usize,
    /// Tables whose rows are wanted, if not all are.
    of: Option<&'a [Table]>,
    plans: Vec<FeedPlan>,
    /// Not plans are wanted, but keys.
    touched: Option<Vec<(Table, RowKey)>>,
}

impl Reading<'_> {
    /// Reads from the batch on in which this event is.
    fn all(&mut self, first: u64) -> Result<(), FeedError> {
        let segments = self.feed.segments.list();
        let start = segments.partition_point(|segment| segment.header.first_seq <= first);
        let Some(start) = start.checked_sub(1) else { return Err(self.feed.gone()) };
        let mut position = segments[start].boundary_before(first);
        for (at, segment) in segments.iter().enumerate().skip(start) {
            let next_seq = match self.segment(segment, position)? {
                Step::Done => return Ok(()),
                Step::End { next_seq } => next_seq,
            };
            match segments.get(at + 1) {
                Some(next) if next.header.first_seq == next_seq => position = next.start(),
                Some(next) => return Err(self.broken(next, next.start(), next_seq)),
                // Behind the last event there may be plans without any.
                None if self.touched.is_some() => return Ok(()),
                None => return Err(self.broken(segment, (next_seq, segment.size), next_seq)),
            }
        }
        Ok(())
    }

    fn segment(&mut self, segment: &Arc<Segment>, start: (u64, u64)) -> Result<Step, FeedError> {
        let (mut next_seq, mut offset) = start;
        loop {
            if self.touched.is_none() && next_seq > self.until {
                return Ok(Step::Done);
            }
            let header = match segment.header_at(offset)? {
                Some(header) if header.number < segment.superseded_from() => header,
                _ => return Ok(Step::End { next_seq }),
            };
            if header.first_seq != next_seq {
                return Err(self.broken(segment, (next_seq, offset), header.first_seq));
            }
            segment.mark(header.first_seq, offset);
            let wanted = match &self.touched {
                Some(_) => header.next_seq() > self.after,
                None => header.events > 0 && header.next_seq() > self.after + 1,
            };
            if wanted {
                let Some(payload) = segment.payload_of(&header, offset)? else {
                    return Err(self.broken(segment, (next_seq, offset), next_seq));
                };
                if self.take(&Found { header, payload: &payload, segment, offset })? {
                    return Ok(Step::Done);
                }
            }
            next_seq = header.next_seq();
            offset += header.span();
        }
    }

    /// Takes a batch's plans; true once nothing more is wanted.
    fn take(&mut self, found: &Found<'_>) -> Result<bool, FeedError> {
        let mut first_seq = found.header.first_seq;
        let plans = decode(found, self.of).map_err(|error| match error {
            StoreError::Journal(error) => error,
            other => found.segment.damage(found.offset, found.header.number, other.to_string()),
        })?;
        for plan in plans {
            let next = first_seq + plan.events.len() as u64;
            if next - 1 > self.until {
                return Ok(true);
            }
            if let Some(keys) = &mut self.touched {
                keys.extend(plan.rows.into_iter().map(|row| (row.table, row.key)));
                first_seq = next;
                continue;
            }
            if !plan.events.is_empty() && next > self.after + 1 {
                let size = plan.size_bound();
                if !self.plans.is_empty() && self.bytes + size > self.max_bytes {
                    return Ok(true);
                }
                self.bytes += size;
                self.plans.push(FeedPlan { first_seq, plan });
                if next > self.enough {
                    return Ok(true);
                }
            }
            first_seq = next;
        }
        Ok(false)
    }

    /// What was expected is not there: the segment was dropped meanwhile, or it is damaged.
    fn broken(&self, segment: &Segment, (next_seq, offset): (u64, u64), found: u64) -> FeedError {
        if segment.is_dropped() {
            return self.feed.gone();
        }
        let what = format!("the batch with sequence {next_seq} is expected here, found {found}");
        let damage = Damage { file: segment.name(), offset, batch: None, what };
        FeedError::Journal(JournalError::Damaged(damage))
    }
}
