//! Opening the journal: finding its end, and making sure that everything found is durable.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::Journal;
use super::format::{BATCH_HEADER, BatchHeader, PAGE, SegmentHeader, UNKNOWN};
use super::scan::{self, Found};
use super::segment::Segment;
use super::spare::Spare;
use crate::store::StoreSettings;
use crate::store::disk::Disk;
use crate::store::error::{JournalError, OpenError};

impl Journal {
    /// Reads the journal from the batch redb has applied, and makes it ready to append. When batches after
    /// `applied` were found, the last of them was perhaps never synced: it is written again into a new segment
    /// before anybody relies on it.
    pub fn open(
        disk: &Arc<dyn Disk>,
        settings: &StoreSettings,
        (applied, applied_seq): (u64, u64),
    ) -> Result<Journal, OpenError> {
        let segments = list(&**disk)?;
        let zeroed = Arc::<AtomicU64>::default();
        let (size, inline) = (settings.segment_bytes, settings.inline);
        let spare =
            Spare::open(Arc::clone(disk), size, inline, Arc::clone(&zeroed)).map_err(|error| {
                OpenError::Io { file: "journal".to_owned(), error: error.to_string() }
            })?;
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
            latest: UNKNOWN,
            spare,
            litter: Vec::new(),
            written: 0,
            zeroed,
            syncs: 0,
            last_sync: Duration::ZERO,
        };
        let (kept, void) = scan::chain(segments);
        scan::check_chain(&kept)?;
        journal.segments.change(|list| *list = kept);
        let tail = journal.find_end((applied, applied_seq))?;
        if let Some(mut tail) = tail {
            let ended = journal.active.clone();
            match journal.begin_epoch(Some(&mut tail)) {
                Ok(()) => {
                    if let Some((segment, end)) = ended {
                        journal.cut(&segment, end);
                    }
                }
                // On a full disk the daemon starts all the same, where the tail can be made sure of as it is.
                Err(error)
                    if error.kind() == io::ErrorKind::StorageFull
                        && journal.settle(&tail).unwrap_or(false) => {}
                Err(error) => {
                    let error = format!("a new segment could not be written: {error}");
                    return Err(OpenError::Io { file: "journal".to_owned(), error });
                }
            }
        }
        journal.segments.last_seq.store(journal.next_seq - 1, Ordering::Release);
        journal.litter.extend(void.iter().map(Segment::name));
        journal.sweep().map_err(|error| OpenError::Io {
            file: "journal".to_owned(),
            error: error.to_string(),
        })?;
        Ok(journal)
    }

    /// Makes the last batch durable where it stands, without taking a byte of space: synced, then read again past
    /// the cache, which may show what an earlier, failed sync never wrote. True if it is there.
    fn settle(&mut self, tail: &Tail) -> io::Result<bool> {
        // The new epoch has not begun, durably: whatever was written of it is gone.
        self.sweep()?;
        self.epoch -= 1;
        tail.segment.file.sync_data()?;
        tail.segment.file.forget_cache()?;
        let found = tail.segment.batch_at(tail.offset).map_err(io::Error::other)?;
        Ok(found.is_some_and(|(header, payload)| header == tail.header && payload == tail.payload))
    }

    /// Gives back what a segment that has ended did not use: otherwise every power cut would cost a whole segment of
    /// the disk and of the feed's allowance. If that fails the segment merely stays as large as it is.
    fn cut(&self, segment: &Arc<Segment>, end: u64) {
        let end = end.next_multiple_of(PAGE);
        if segment.is_void() || end >= segment.size {
            return;
        }
        let shorter = || -> Result<Segment, OpenError> {
            let io =
                |error: io::Error| OpenError::Io { file: segment.name(), error: error.to_string() };
            segment.file.set_len(end).and_then(|()| segment.file.sync_data()).map_err(io)?;
            Segment::open(&*self.disk, segment.header.number)
        };
        match shorter() {
            Ok(shorter) => {
                shorter.supersede(segment.superseded_from());
                let shorter = Arc::new(shorter);
                self.segments.change(|list| {
                    for kept in list.iter_mut().filter(|kept| Arc::ptr_eq(kept, segment)) {
                        kept.clone_from(&shorter);
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a journal segment keeps the room it does not need")
            }
        }
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
            tail = Some(Tail {
                header: found.header,
                payload: found.payload.to_vec(),
                segment: Arc::clone(found.segment),
                offset: found.offset,
            });
            Ok(())
        })?;
        if end.next_batch == applied + 1 && end.next_seq != applied_seq + 1 {
            let what = format!(
                "store.redb has applied sequence {applied_seq}, the journal's is {}",
                end.next_seq - 1
            );
            return Err(last.damage(end.offset, applied, what).into());
        }
        (self.next_batch, self.next_seq) = (end.next_batch, end.next_seq);
        self.active = Some((Arc::clone(last), end.offset));
        Ok(tail.filter(|tail| tail.header.number > applied))
    }
}

/// The last batch found at open.
pub struct Tail {
    pub header: BatchHeader,
    payload: Vec<u8>,
    segment: Arc<Segment>,
    offset: u64,
}

impl Tail {
    pub fn seal(&self, segment: &SegmentHeader) -> Vec<u8> {
        let mut record = vec![0; BATCH_HEADER];
        record.extend_from_slice(&self.payload);
        let ids = (self.header.number, self.header.first_seq);
        BatchHeader::seal(&mut record, segment, PAGE, ids, (self.header.plans, self.header.events));
        record
    }
}

/// A replay goes on exactly where redb ended.
pub fn check_seq(found: &Found<'_>, applied_seq: u64) -> Result<(), JournalError> {
    if found.header.first_seq == applied_seq + 1 {
        return Ok(());
    }
    let what = format!(
        "store.redb has applied sequence {applied_seq}, this batch begins with {}",
        found.header.first_seq
    );
    Err(found.segment.damage(found.offset, found.header.number, what))
}

/// The segments in the directory, in order; removes unfinished files.
fn list(disk: &dyn Disk) -> Result<Vec<Segment>, OpenError> {
    let io =
        |error: io::Error| OpenError::Io { file: "journal".to_owned(), error: error.to_string() };
    let mut segments = Vec::new();
    for name in disk.list("journal").map_err(io)? {
        let path = format!("journal/{name}");
        if let Some(number) = Segment::number_of(&name) {
            segments.push(Segment::open(disk, number)?);
        } else if name.ends_with(".tmp") {
            disk.remove(&path).map_err(io)?;
        }
    }
    segments.sort_by_key(|segment| segment.header.number);
    Ok(segments)
}
