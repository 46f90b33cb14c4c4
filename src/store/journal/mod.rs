//! The journal: what was acknowledged is here first, in order, each batch behind one sync.
//!
//! What always holds:
//! - batch numbers and sequence numbers are gapless, from 1, for ever;
//! - one batch is under way at a time; the next is written only after its sync returned;
//! - after a failed write or sync the file is never written again: the next batch goes, under the failed
//!   one's number, into a new segment of a higher epoch that is durable first, and what the old file may
//!   hold from that number on is void;
//! - a file gets the name of a segment only after its header is durable.

pub mod format;
pub mod scan;
pub mod segment;
pub mod spare;

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use format::{BATCH_HEADER, BatchHeader, PAGE, SegmentHeader};
use scan::{End, Found};
use segment::Segment;
use spare::{SPARE, Spare, create_zeroed};

use super::StoreSettings;
use super::disk::Disk;
use super::error::{JournalError, OpenError, StoreError};
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
    latest: Micros,
    spare: Spare,
    pub written: u64,
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
    /// [`BATCH_HEADER`] spare bytes, then the encoded plans.
    pub bytes: &'a mut Vec<u8>,
    pub plans: u32,
    pub events: u32,
    /// The latest time of its plans.
    pub at: Micros,
}

impl Journal {
    /// Reads the journal from the batch redb has applied, and makes it ready to append. When batches after
    /// `applied` were found, the last of them was perhaps never synced: it is written again into a new segment
    /// before anybody relies on it.
    pub fn open(
        disk: &Arc<dyn Disk>,
        settings: &StoreSettings,
        (applied, applied_seq): (u64, u64),
    ) -> Result<Journal, OpenError> {
        let (segments, spare) = list(&**disk)?;
        let spare = Spare::open(
            Arc::clone(disk),
            settings.segment_bytes,
            settings.prepare_inline,
            spare,
        )
        .map_err(|error| OpenError::Io { file: SPARE.to_owned(), error: error.to_string() })?;
        let mut journal = Journal {
            disk: Arc::clone(disk),
            segment_bytes: settings.segment_bytes,
            segments: Arc::default(),
            active: None,
            broken: false,
            epoch: segments.last().map_or(1, |last| last.header.epoch),
            next_batch: applied + 1,
            next_seq: applied_seq + 1,
            next_number: segments.last().map_or(1, |last| last.header.number + 1),
            latest: segments.last().map_or(Micros(i64::MIN), |last| last.header.before),
            spare,
            written: 0,
            syncs: 0,
            last_sync: Duration::ZERO,
        };
        let (kept, void) = scan::chain(segments)?;
        journal.segments.change(|list| *list = kept);
        let tail = journal.find_end((applied, applied_seq))?;
        if let Some(mut tail) = tail {
            journal.begin_epoch(Some(&mut tail)).map_err(|error| OpenError::Io {
                file: "journal".to_owned(),
                error: format!("a new segment could not be written: {error}"),
            })?;
        }
        journal.segments.last_seq.store(journal.next_seq - 1, Ordering::Release);
        for segment in void {
            journal.discard(&segment).map_err(|error| OpenError::Io {
                file: segment.name(),
                error: error.to_string(),
            })?;
        }
        Ok(journal)
    }

    /// Finds the end of the journal; returns the last batch if redb has not applied it durably.
    fn find_end(&mut self, (applied, applied_seq): (u64, u64)) -> Result<Option<Tail>, OpenError> {
        let segments = self.segments.list();
        let Some(last) = segments.last() else {
            if applied == 0 {
                return Ok(None);
            }
            let what = format!("store.redb has applied batch {applied}, but there is no journal");
            return Err(OpenError::Io { file: "journal".to_owned(), error: what });
        };
        let mut tail: Option<Tail> = None;
        let end = scan::walk_from::<OpenError>(&segments, applied, |found| {
            if found.header.number == applied + 1 {
                check_seq(&found, applied_seq)?;
            }
            tail = Some(Tail { header: found.header, payload: found.payload.to_vec() });
            Ok(())
        })?;
        if end.next_batch == applied + 1 && end.next_seq != applied_seq + 1 {
            let what = format!(
                "store.redb has applied sequence {applied_seq}, the journal's is {}",
                end.next_seq - 1
            );
            return Err(last.damage(end.offset, applied, what).into());
        }
        if let Some(tail) = &tail {
            let plans = super::PlanRecord::decode_all(&tail.payload)
                .map_err(|what| StoreError::Undecodable { batch: tail.header.number, what })?;
            self.latest = plans.iter().map(|plan| plan.at).fold(self.latest, Micros::max);
        }
        (self.next_batch, self.next_seq) = (end.next_batch, end.next_seq);
        self.active = Some((Arc::clone(last), end.offset));
        Ok(tail.filter(|tail| tail.header.number > applied))
    }

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

    pub fn is_broken(&self) -> bool {
        self.broken
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
        self.disk.rename(from, &Segment::file_name(number))?;
        self.disk.sync_dir("journal")?;
        self.syncs += 1;
        self.written += start.len() as u64;
        let segment = Arc::new(Segment::new(header, size, file));
        self.segments.change(|list| {
            for older in list.iter() {
                older.supersede(first_batch);
            }
            list.retain(|older| !older.is_void());
            list.push(Arc::clone(&segment));
        });
        Ok((segment, offset))
    }

    /// A file for a new segment and its present name: the spare one when a full segment is wanted, else, or if
    /// there is no space for another, the other way round.
    fn take_file(
        &mut self,
        size: u64,
        needed: u64,
    ) -> io::Result<(Arc<dyn super::disk::DiskFile>, &'static str)> {
        if size == self.segment_bytes
            && let Some(file) = self.spare.take()
        {
            return Ok((file, SPARE));
        }
        let made = create_zeroed(&*self.disk, UNFINISHED, size);
        match made {
            Ok(file) => Ok((file, UNFINISHED)),
            Err(error) if needed <= self.segment_bytes => match self.spare.take() {
                Some(file) => Ok((file, SPARE)),
                None => Err(error),
            },
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

    /// Takes the oldest segment out of the feed and gives its file up; durable when it returns.
    pub fn drop_oldest(&mut self) -> io::Result<()> {
        match &self.segments.list()[..] {
            [oldest, _, ..] => self.discard(oldest),
            _ => Ok(()),
        }
    }

    /// Removes the file of a segment, or keeps it as the spare one.
    fn discard(&mut self, segment: &Segment) -> io::Result<()> {
        // Files go in order, whatever a power cut leaves of the directory: earlier removals are durable first.
        self.disk.sync_dir("journal")?;
        let recycled = self.spare.wants(segment.size);
        if recycled {
            self.disk.rename(&segment.name(), SPARE)?;
        } else {
            self.disk.remove(&segment.name())?;
        }
        segment.set_dropped();
        self.segments
            .change(|list| list.retain(|kept| kept.header.number != segment.header.number));
        self.disk.sync_dir("journal")?;
        if recycled {
            self.spare.put(Arc::clone(&segment.file));
        }
        Ok(())
    }
}

/// The last batch found at open.
pub struct Tail {
    header: BatchHeader,
    payload: Vec<u8>,
}

impl Tail {
    fn seal(&self, segment: &SegmentHeader) -> Vec<u8> {
        let mut record = vec![0; BATCH_HEADER];
        record.extend_from_slice(&self.payload);
        let ids = (self.header.number, self.header.first_seq);
        BatchHeader::seal(&mut record, segment, PAGE, ids, (self.header.plans, self.header.events));
        record
    }
}

/// The plans of a batch that was found.
pub fn decode(found: &Found<'_>) -> Result<Vec<super::PlanRecord>, StoreError> {
    super::PlanRecord::decode_all(found.payload)
        .map_err(|what| StoreError::Undecodable { batch: found.header.number, what })
}

fn check_seq(found: &Found<'_>, applied_seq: u64) -> Result<(), JournalError> {
    if found.header.first_seq == applied_seq + 1 {
        return Ok(());
    }
    let what = format!(
        "store.redb has applied sequence {applied_seq}, this batch begins with {}",
        found.header.first_seq
    );
    Err(found.segment.damage(found.offset, found.header.number, what))
}

/// The segments in the directory, in order, and whether there is a spare file; removes unfinished ones.
fn list(disk: &dyn Disk) -> Result<(Vec<Segment>, bool), OpenError> {
    let io =
        |error: io::Error| OpenError::Io { file: "journal".to_owned(), error: error.to_string() };
    let mut segments = Vec::new();
    let mut spare = false;
    for name in disk.list("journal").map_err(io)? {
        let path = format!("journal/{name}");
        if let Some(number) = Segment::number_of(&name) {
            segments.push(Segment::open(disk, number)?);
        } else if path == SPARE {
            spare = true;
        } else if name.ends_with(".tmp") {
            disk.remove(&path).map_err(io)?;
        }
    }
    segments.sort_by_key(|segment| segment.header.number);
    Ok((segments, spare))
}
