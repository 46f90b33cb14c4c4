//! A read-only pass over everything on disk, saying where the damage is.
//!
//! redb wants to write even when it only checks (it repairs): its writes go to memory. The engine adds its
//! own checks on top.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::StoreSettings;
use super::database::{Backend, FILE, failed, guarded};
use super::disk::{Disk, DiskFile};
use super::error::{Damage, JournalError, OpenError, StoreError};
use super::journal::scan::{self, End};
use super::journal::segment::Segment;
use super::plan::PlanRecord;
use super::recovery::refuse_unfinished;
use crate::telemetry::progress::Progress;

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct VerifyReport {
    /// The segments that count, in order.
    pub segments: Vec<SegmentReport>,
    /// Batches that hold together.
    pub batches: u64,
    pub events: u64,
    /// The last batch redb has applied durably; none if it does not open.
    pub applied: Option<u64>,
    /// Every place in the journal that is not as written.
    pub damage: Vec<Damage>,
    /// What redb's own check found wrong.
    pub database: Option<String>,
}

/// One segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentReport {
    pub file: String,
    pub epoch: u64,
    pub first_batch: u64,
    /// The batch that would come next.
    pub next_batch: u64,
    pub first_seq: u64,
    pub next_seq: u64,
    /// Bytes with batches in them, and of the file.
    pub used: u64,
    pub size: u64,
}

impl VerifyReport {
    pub fn is_sound(&self) -> bool {
        self.damage.is_empty() && self.database.is_none()
    }
}

/// Checks every batch of every segment and redb's checksums. Writes nothing; wants the directory to itself.
/// Bytes read are counted in `progress`.
pub fn verify(
    disk: &Arc<dyn Disk>,
    settings: &StoreSettings,
    progress: &Progress,
) -> Result<VerifyReport, OpenError> {
    let _lock = disk.lock().map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => OpenError::InUse(error.to_string()),
        _ => OpenError::Io { file: "lock".to_owned(), error: error.to_string() },
    })?;
    refuse_unfinished(&**disk)?;
    let mut report = VerifyReport::default();
    match check_database(&**disk, settings.cache_bytes, progress) {
        Ok(applied) => report.applied = Some(applied),
        Err(error) => report.database = Some(error.to_string()),
    }
    check_journal(&**disk, &mut report, progress)?;
    Ok(report)
}

fn check_database(
    disk: &dyn Disk,
    cache_bytes: usize,
    progress: &Progress,
) -> Result<u64, StoreError> {
    let file = disk.open(FILE).map_err(|error| StoreError::Database(error.to_string()))?;
    let overlay = Overlay::new(file, progress);
    let overlay = overlay.map_err(|error| StoreError::Database(error.to_string()))?;
    guarded(|| {
        let mut builder = redb::Builder::new();
        builder.set_cache_size(cache_bytes);
        let mut database =
            builder.create_with_backend(Backend::new(Arc::new(overlay))).map_err(failed)?;
        if !database.check_integrity().map_err(failed)? {
            return Err(StoreError::Damaged("its checksums do not match".to_owned()));
        }
        Ok(super::database::applied(&database)?.0)
    })
}

fn check_journal(
    disk: &dyn Disk,
    report: &mut VerifyReport,
    progress: &Progress,
) -> Result<(), OpenError> {
    let names = disk
        .list("journal")
        .map_err(|error| OpenError::Io { file: "journal".to_owned(), error: error.to_string() })?;
    let mut segments = Vec::new();
    for number in names.iter().filter_map(|name| Segment::number_of(name)) {
        match Segment::open(disk, number) {
            Ok(segment) => segments.push(segment),
            Err(OpenError::Store(StoreError::Journal(JournalError::Damaged(damage)))) => {
                report.damage.push(damage);
            }
            Err(error) => return Err(error),
        }
    }
    segments.sort_by_key(|segment| segment.header.number);
    let (done, total) = progress.now();
    progress.set(done.max(total));
    progress.set_total(total + segments.iter().map(|segment| segment.size).sum::<u64>());
    let (segments, _) = scan::chain(segments);
    if let Err(error) = scan::check_chain(&segments) {
        note(report, error)?;
    }
    let mut previous: Option<End> = None;
    for (at, segment) in segments.iter().enumerate() {
        let expected = (segment.header.first_batch, segment.header.first_seq);
        if let Some(end) = previous
            && (end.next_batch, end.next_seq) != expected
        {
            let what = format!(
                "batch {} with sequence {} was expected to begin here",
                end.next_batch, end.next_seq
            );
            note(report, segment.damage(0, expected.0, what))?;
        }
        let walked = scan::walk::<StoreError>(segment, |found| {
            report.batches += 1;
            report.events += u64::from(found.header.events);
            match PlanRecord::decode_all(found.payload) {
                Ok(_) => Ok(()),
                Err(what) => Err(StoreError::Journal(segment.damage(
                    found.offset,
                    found.header.number,
                    what,
                ))),
            }
        })
        .and_then(|end| Ok(scan::check_end(segment, end, segments.get(at + 1)).map(|()| end)?));
        progress.add(segment.size);
        previous = match walked {
            Ok(end) => {
                report.segments.push(SegmentReport {
                    file: segment.name(),
                    epoch: segment.header.epoch,
                    first_batch: segment.header.first_batch,
                    next_batch: end.next_batch,
                    first_seq: segment.header.first_seq,
                    next_seq: end.next_seq,
                    used: end.offset,
                    size: segment.size,
                });
                Some(end)
            }
            Err(StoreError::Journal(error)) => {
                note(report, error)?;
                None
            }
            Err(error) => return Err(error.into()),
        };
    }
    if let (Some(end), Some(applied), Some(last)) = (previous, report.applied, segments.last())
        && end.next_batch <= applied
    {
        let what =
            format!("store.redb has applied batch {applied}, but the journal ends before it");
        note(report, last.damage(end.offset, end.next_batch, what))?;
    }
    Ok(())
}

fn note(report: &mut VerifyReport, error: JournalError) -> Result<(), OpenError> {
    match error {
        JournalError::Damaged(damage) => {
            report.damage.push(damage);
            Ok(())
        }
        JournalError::Io { .. } => Err(error.into()),
    }
}

const PAGE: u64 = 4096;

/// A file whose writes stay in memory.
#[derive(Debug)]
pub(super) struct Overlay {
    base: Arc<dyn DiskFile>,
    progress: Progress,
    written: Mutex<Written>,
}

#[derive(Debug)]
struct Written {
    len: u64,
    /// From here on the base file is not looked at.
    base_len: u64,
    pages: BTreeMap<u64, Vec<u8>>,
}

impl Overlay {
    pub fn new(base: Arc<dyn DiskFile>, progress: &Progress) -> io::Result<Overlay> {
        let len = base.len()?;
        progress.set_total(len);
        let written = Mutex::new(Written { len, base_len: len, pages: BTreeMap::new() });
        Ok(Overlay { base, progress: progress.clone(), written })
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Written {
    fn page(&self, base: &dyn DiskFile, number: u64) -> io::Result<Vec<u8>> {
        if let Some(page) = self.pages.get(&number) {
            return Ok(page.clone());
        }
        let start = number * PAGE;
        let mut page = vec![0; PAGE as usize];
        let there = self.base_len.saturating_sub(start).min(PAGE) as usize;
        base.read_at(start, &mut page[..there])?;
        Ok(page)
    }

    fn each_page(
        &mut self,
        base: &dyn DiskFile,
        offset: u64,
        length: usize,
        mut visit: impl FnMut(&mut [u8], usize) -> bool,
    ) -> io::Result<()> {
        let mut done = 0;
        while done < length {
            let at = offset + done as u64;
            let mut page = self.page(base, at / PAGE)?;
            let from = (at % PAGE) as usize;
            let part = (length - done).min(page.len() - from);
            if visit(&mut page[from..from + part], done) {
                self.pages.insert(at / PAGE, page);
            }
            done += part;
        }
        Ok(())
    }
}

impl DiskFile for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.written().len)
    }

    fn allocated(&self) -> io::Result<u64> {
        self.base.allocated()
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut written = self.written();
        if offset + out.len() as u64 > written.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.progress.add(out.len() as u64);
        written.each_page(&*self.base, offset, out.len(), |page, done| {
            out[done..done + page.len()].copy_from_slice(page);
            false
        })
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut written = self.written();
        written.len = written.len.max(offset + data.len() as u64);
        written.each_page(&*self.base, offset, data.len(), |page, done| {
            page.copy_from_slice(&data[done..done + page.len()]);
            true
        })
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut written = self.written();
        if len < written.len {
            let cut = (len % PAGE) as usize;
            let mut last = written.page(&*self.base, len / PAGE)?;
            last[cut..].fill(0);
            written.pages.split_off(&(len / PAGE));
            written.pages.insert(len / PAGE, last);
            written.base_len = written.base_len.min(len);
        }
        written.len = len;
        Ok(())
    }

    fn allocate(&self, len: u64) -> io::Result<()> {
        self.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn forget_cache(&self) -> io::Result<()> {
        Ok(())
    }
}
