//! One segment file, for reading: its header, its batches, marks for finding a sequence number.
//!
//! A batch is read only as a whole and only if its checksums hold. Batches from `superseded_from` on were
//! never acknowledged under that number: a later epoch took it over.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::super::disk::{Disk, DiskFile};
use super::super::error::{Damage, JournalError, OpenError};
use super::format::{BATCH_HEADER, BatchHeader, FORMAT, HeaderFault, PAGE, SegmentHeader};

/// At most one mark in so many bytes.
const MARK_EVERY: u64 = 64 * 1024;

#[derive(Debug)]
pub struct Segment {
    pub header: SegmentHeader,
    /// Bytes of the file.
    pub size: u64,
    pub file: Arc<dyn DiskFile>,
    superseded_from: AtomicU64,
    dropped: AtomicBool,
    marks: Mutex<Vec<(u64, u64)>>,
}

impl Segment {
    pub fn new(header: SegmentHeader, size: u64, file: Arc<dyn DiskFile>) -> Segment {
        let first = (header.first_seq, PAGE);
        Segment {
            header,
            size,
            file,
            superseded_from: AtomicU64::new(u64::MAX),
            dropped: AtomicBool::new(false),
            marks: Mutex::new(vec![first]),
        }
    }

    /// The file of a segment below the data directory.
    pub fn file_name(number: u64) -> String {
        format!("journal/{number:010}.seg")
    }

    /// The number in a file's name, if it is a segment's.
    pub fn number_of(name: &str) -> Option<u64> {
        name.strip_suffix(".seg")?.parse().ok()
    }

    pub fn name(&self) -> String {
        Segment::file_name(self.header.number)
    }

    /// Opens the file and reads its header.
    pub fn open(disk: &dyn Disk, number: u64) -> Result<Segment, OpenError> {
        let name = Segment::file_name(number);
        let io = |error: io::Error| OpenError::Io { file: name.clone(), error: error.to_string() };
        let file = disk.open(&name).map_err(io)?;
        let size = file.len().map_err(io)?;
        let mut page = vec![0; PAGE.min(size) as usize];
        file.read_at(0, &mut page).map_err(io)?;
        match SegmentHeader::decode(&page, number) {
            Ok(header) => Ok(Segment::new(header, size, file)),
            Err(HeaderFault::NewerFormat(found)) => {
                Err(OpenError::NewerFormat { file: name, found, known: FORMAT })
            }
            Err(HeaderFault::Invalid(what)) => Err(JournalError::Damaged(Damage {
                file: name,
                offset: 0,
                batch: None,
                what: what.to_owned(),
            })
            .into()),
        }
    }

    /// Batches from this number on are void here.
    pub fn superseded_from(&self) -> u64 {
        self.superseded_from.load(Ordering::Acquire)
    }

    pub fn supersede(&self, from: u64) {
        self.superseded_from.fetch_min(from, Ordering::AcqRel);
    }

    /// No batch of it counts any more.
    pub fn is_void(&self) -> bool {
        self.superseded_from() <= self.header.first_batch
    }

    /// Readers that still hold the segment are told that it is gone, whatever its file contains by now.
    pub fn set_dropped(&self) {
        self.dropped.store(true, Ordering::Release);
    }

    pub fn is_dropped(&self) -> bool {
        self.dropped.load(Ordering::Acquire)
    }

    fn io(&self, error: &io::Error) -> JournalError {
        JournalError::Io { file: self.name(), error: error.to_string() }
    }

    pub fn damage(&self, offset: u64, batch: u64, what: impl Into<String>) -> JournalError {
        let what = what.into();
        JournalError::Damaged(Damage { file: self.name(), offset, batch: Some(batch), what })
    }

    /// The header at `offset`, if a batch begins there; its plans are not looked at.
    pub fn header_at(&self, offset: u64) -> Result<Option<BatchHeader>, JournalError> {
        if offset + BATCH_HEADER as u64 > self.size {
            return Ok(None);
        }
        let mut bytes = [0; BATCH_HEADER];
        self.file.read_at(offset, &mut bytes).map_err(|error| self.io(&error))?;
        let header = BatchHeader::decode(&bytes, &self.header, offset);
        Ok(header.filter(|header| offset + header.span() <= self.size))
    }

    /// The whole batch at `offset`, if there is one and it holds together.
    pub fn batch_at(&self, offset: u64) -> Result<Option<(BatchHeader, Vec<u8>)>, JournalError> {
        let Some(header) = self.header_at(offset)? else { return Ok(None) };
        Ok(self.payload_of(&header, offset)?.map(|payload| (header, payload)))
    }

    /// What lies behind the header at `offset`, if it holds together.
    pub fn payload_of(
        &self,
        header: &BatchHeader,
        offset: u64,
    ) -> Result<Option<Vec<u8>>, JournalError> {
        let mut payload = vec![0; header.length as usize];
        self.file
            .read_at(offset + BATCH_HEADER as u64, &mut payload)
            .map_err(|error| self.io(&error))?;
        Ok(header.matches(&payload, &self.header).then_some(payload))
    }

    /// Remembers where a batch begins.
    pub fn mark(&self, first_seq: u64, offset: u64) {
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        if marks.last().is_none_or(|(_, last)| last + MARK_EVERY <= offset) {
            marks.push((first_seq, offset));
        }
    }

    /// Where a batch begins, at or before the one that holds the event `seq`: its first sequence number and offset.
    pub fn boundary_before(&self, seq: u64) -> (u64, u64) {
        let marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        let after = marks.partition_point(|(first_seq, _)| *first_seq <= seq);
        after.checked_sub(1).and_then(|at| marks.get(at)).copied().unwrap_or(self.start())
    }

    /// The first sequence number and the offset of the first batch.
    pub fn start(&self) -> (u64, u64) {
        (self.header.first_seq, PAGE)
    }
}
