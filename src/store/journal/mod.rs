//! The journal: what was acknowledged is here first, in order, each batch behind one sync.
//!
//! What always holds:
//! - batch numbers and sequence numbers are gapless, from 1, for ever;
//! - one batch is under way at a time; the next is written only after its sync returned;
//! - after a failed write or sync the file is never written again: the next batch goes, under the failed
//!   one's number, into a new segment of a higher epoch that is durable first, and what the old file may
//!   hold from that number on is void;
//! - a file gets the name of a segment only after its header is durable.

mod begin;
pub mod format;
mod open;
pub mod scan;
pub mod segment;
pub mod spare;

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use format::{BatchHeader, PAGE, SegmentHeader, UNKNOWN};
use open::{Tail, check_seq};
use scan::{End, Found};
use segment::Segment;
use spare::{Ready, Spare, create_zeroed};

use super::disk::Disk;
use super::error::StoreError;
use super::tables::Table;
use crate::domain::time::Micros;

/// The segment after an unclean stop or an error is this small, so that a crash loop does not wear the flash out.
const RECOVERY_SEGMENT: u64 = 256 * 1024;
const UNFINISHED: &str = "journal/segment.tmp";

/// The segments and how far they may be read; shared with the feed.
#[derive(Debug, Default)]
pub struct Segments {
    list: RwLock<Vec<Arc<Segment>>>,
    last_seq: AtomicU64,
}

impl Segments {
    /// The segments in order, none void.
    pub fn list(&self) -> Vec<Arc<Segment>> {
        self.list.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The last acknowledged sequence number.
    pub fn last_seq(&self) -> u64 {
        self.last_seq.load(Ordering::Acquire)
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Arc<Segment>>)) {
        change(&mut self.list.write().unwrap_or_else(PoisonError::into_inner));
    }
}

#[derive(Debug)]
pub struct Journal {
    disk: Arc<dyn Disk>,
    segment_bytes: u64,
    segments: Arc<Segments>,
    /// Where the next batch goes; none when it must begin a new segment.
    active: Option<(Arc<Segment>, u64)>,
    /// After a failed write: nothing is appended before a new epoch began.
    broken: bool,
    epoch: u64,
    next_batch: u64,
    next_seq: u64,
    next_number: u64,
    /// The latest time of a batch; unknown before the first one since the start.
    latest: Micros,
    spare: Spare,
    /// Files of segments in which nothing counts: void ones, and what a failed start left.
    litter: Vec<String>,
    /// Bytes of batches and segment headers.
    pub written: u64,
    zeroed: Arc<AtomicU64>,
    pub syncs: u64,
    pub last_sync: Duration,
}

/// Why a batch was not appended.
#[derive(Debug)]
pub enum AppendError {
    /// Nothing of it was written.
    NotWritten { file: String, error: io::Error },
    /// It may be on disk or not.
    Unknown { file: String, offset: u64, error: io::Error },
}

/// A batch as it goes into the journal.
pub struct Record<'a> {
    /// [`BATCH_HEADER`](format::BATCH_HEADER) spare bytes, then the encoded plans.
    pub bytes: &'a mut Vec<u8>,
    pub plans: u32,
    pub events: u32,
    /// Its time, by which the feed's age is counted.
    pub at: Micros,
}

impl Journal {
    pub fn segments(&self) -> &Arc<Segments> {
        &self.segments
    }

    /// The number of the last acknowledged batch.
    pub fn last_batch(&self) -> u64 {
        self.next_batch - 1
    }

    pub fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// Bytes of zeros that prepared segments.
    pub fn zeroed(&self) -> u64 {
        self.zeroed.load(Ordering::Relaxed)
    }

    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// The segment that the next batch goes into, and where; none before the first one.
    pub fn active(&self) -> Option<(&Arc<Segment>, u64)> {
        self.active.as_ref().map(|(segment, offset)| (segment, *offset))
    }

    /// The largest record that fits into a segment, header included.
    pub fn max_record(&self) -> usize {
        (self.segment_bytes - PAGE) as usize
    }

    /// Bytes the next segment will still take from the free space.
    pub fn space_for_next(&self) -> u64 {
        if self.spare.is_ready() { 0 } else { self.segment_bytes }
    }

    /// Writes one batch and syncs it: one write, one sync.
    pub fn append(&mut self, record: &mut Record<'_>) -> Result<(), AppendError> {
        let span = (record.bytes.len() as u64).next_multiple_of(PAGE);
        if self.latest == UNKNOWN {
            self.latest = record.at;
        }
        let (segment, offset) = match self.active.take() {
            Some((segment, offset)) if offset + span <= segment.size => (segment, offset),
            _ => self
                .roll()
                .map_err(|error| AppendError::NotWritten { file: "journal".to_owned(), error })?,
        };
        let ids = (self.next_batch, self.next_seq);
        let counts = (record.plans, record.events);
        let header = BatchHeader::seal(record.bytes, &segment.header, offset, ids, counts);
        let start = Instant::now();
        let written = segment.file.write_at(offset, record.bytes);
        if let Err(error) = written.and_then(|()| segment.file.sync_data()) {
            self.broken = true;
            return Err(AppendError::Unknown { file: segment.name(), offset, error });
        }
        self.last_sync = start.elapsed();
        self.syncs += 1;
        self.written += record.bytes.len() as u64;
        segment.mark(header.first_seq, offset);
        self.next_batch += 1;
        self.next_seq = header.next_seq();
        self.latest = self.latest.max(record.at);
        self.segments.last_seq.store(self.next_seq - 1, Ordering::Release);
        self.active = Some((segment, offset + span));
        Ok(())
    }

    /// Prepares the next segment once the active one is half full.
    pub fn tend_spare(&mut self) {
        if self.active.as_ref().is_none_or(|(segment, offset)| *offset > segment.size / 2) {
            self.spare.tend();
        }
    }

    /// Gives room back to a disk that is full: of the files for next segments all but one. Whether there were more.
    pub fn shed_spares(&mut self) -> io::Result<bool> {
        self.spare.shed()
    }

    pub fn wait_for_spare(&mut self) {
        self.spare.wait();
    }

    /// Goes on in a new segment of the same epoch, which the old one ended cleanly.
    fn roll(&mut self) -> io::Result<(Arc<Segment>, u64)> {
        self.start_segment(self.segment_bytes, None)
    }

    /// Makes everything from the next batch's number on void in older segments, durably. With `tail`, the last
    /// batch is written again and its old copy void.
    pub fn begin_epoch(&mut self, tail: Option<&mut Tail>) -> io::Result<()> {
        self.epoch += 1;
        let size = RECOVERY_SEGMENT.min(self.segment_bytes);
        self.active = Some(self.start_segment(size, tail)?);
        self.broken = false;
        Ok(())
    }

    fn start_segment(
        &mut self,
        size: u64,
        tail: Option<&mut Tail>,
    ) -> io::Result<(Arc<Segment>, u64)> {
        let number = self.next_number;
        // A number is used once: what a failed attempt left under it stays an empty segment.
        self.next_number += 1;
        let (first_batch, first_seq) = match &tail {
            Some(tail) => (tail.header.number, tail.header.first_seq),
            None => (self.next_batch, self.next_seq),
        };
        let header = SegmentHeader {
            id: self.disk.random()?,
            number,
            epoch: self.epoch,
            first_batch,
            first_seq,
            before: self.latest,
            previous: self.last_before(first_batch),
        };
        let mut start = header.encode();
        let mut offset = PAGE;
        if let Some(tail) = tail {
            let record = tail.seal(&header);
            offset += record.len() as u64;
            start.extend_from_slice(&record);
        }
        let size = size.max(offset + PAGE);
        let (file, from) = self.take_file(size, offset)?;
        let size = file.len()?;
        if let Err(error) = file.write_at(0, &start).and_then(|()| file.sync_data()) {
            // After a failed sync the file is never trusted again.
            self.disk.remove(from)?;
            return Err(error);
        }
        let name = Segment::file_name(number);
        let named = self.disk.rename(from, &name).and_then(|()| self.disk.sync_dir("journal"));
        if let Err(error) = named {
            self.litter.push(name);
            return Err(error);
        }
        self.syncs += 1;
        self.written += start.len() as u64;
        let segment = Arc::new(Segment::new(header, size, file));
        self.segments.change(|list| {
            for older in list.iter() {
                older.supersede(first_batch);
            }
            let void = list.extract_if(.., |older| older.is_void());
            self.litter.extend(void.map(|older| older.name()));
            list.push(Arc::clone(&segment));
        });
        Ok((segment, offset))
    }

    /// The number of the last segment in which something still counts when a new one takes over from `batch` on.
    fn last_before(&self, batch: u64) -> u64 {
        let segments = self.segments.list();
        let last = segments.iter().rfind(|segment| segment.header.first_batch < batch);
        last.map_or(0, |segment| segment.header.number)
    }

    /// A file for a new segment and its present name: the spare one when a full segment is wanted, else, or if
    /// there is no space for another, the other way round.
    fn take_file(&mut self, size: u64, needed: u64) -> io::Result<Ready> {
        if size == self.segment_bytes
            && let Some(ready) = self.spare.take()
        {
            return Ok(ready);
        }
        let made = create_zeroed(&*self.disk, UNFINISHED, size, &self.zeroed);
        match made {
            Ok(file) => Ok((file, UNFINISHED)),
            Err(error) if needed <= self.segment_bytes => self.spare.take().ok_or(error),
            Err(error) => Err(error),
        }
    }

    /// Reads every batch after `applied` again, for replay into a redb that was reopened.
    pub fn replay(
        &self,
        (applied, applied_seq): (u64, u64),
        mut visit: impl FnMut(Found<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let segments = self.segments.list();
        let last = self.last_batch();
        if segments.is_empty() || applied >= last {
            return Ok(());
        }
        scan::walk_from::<StoreError>(&segments, applied, |found| {
            if found.header.number == applied + 1 {
                check_seq(&found, applied_seq)?;
            }
            // A broken journal may hold a batch behind the acknowledged end: that one is void or yet to be.
            if (applied + 1..=last).contains(&found.header.number) { visit(found) } else { Ok(()) }
        })
        .map(|_: End| ())
    }

    /// Goes on in a fresh file and gives up all others: what was written before is nowhere any more. All of it must be
    /// settled.
    pub fn renew(&mut self) -> io::Result<()> {
        self.spare.discard()?;
        let size = RECOVERY_SEGMENT.min(self.segment_bytes);
        self.active = Some(self.start_segment(size, None)?);
        while self.segments.list().len() > 1 {
            self.drop_oldest()?;
            // It was used again as it is.
            self.spare.discard()?;
        }
        self.sweep()
    }

    /// Takes the oldest segment out of the feed and gives its file up; durable when it returns.
    pub fn drop_oldest(&mut self) -> io::Result<()> {
        let segments = self.segments.list();
        let [oldest, _, ..] = &segments[..] else { return Ok(()) };
        self.sweep()?;
        let place = self.spare.place(oldest.size);
        match place {
            Some(name) => self.disk.rename(&oldest.name(), name)?,
            None => self.disk.remove(&oldest.name())?,
        }
        oldest.set_dropped();
        self.segments.change(|list| list.retain(|kept| !Arc::ptr_eq(kept, oldest)));
        self.disk.sync_dir("journal")?;
        if let Some(name) = place {
            self.spare.put(Arc::clone(&oldest.file), name);
        }
        Ok(())
    }

    /// Removes files in which nothing counts. Durable before anything else is removed: a file is known as void
    /// only while the segment that took over from it is there, and segments must go in order.
    fn sweep(&mut self) -> io::Result<()> {
        while let Some(name) = self.litter.last() {
            match self.disk.remove(name) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => self.litter.pop(),
            };
        }
        self.disk.sync_dir("journal")
    }
}

/// The plans of a batch that was found, with all of their rows or those of these tables.
pub fn decode(
    found: &Found<'_>,
    of: Option<&[Table]>,
) -> Result<Vec<super::PlanRecord>, StoreError> {
    super::PlanRecord::decode_of(found.payload, of)
        .map_err(|what| StoreError::Undecodable { batch: found.header.number, what })
}
