//! The one writer's side of the store: batches and the truth about its health.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::StoreSettings;
use super::ballast::Ballast;
use super::batch::{Batch, Decided, Known};
use super::checkpoint::Settling;
use super::compaction::Held;
use super::database::Database;
use super::disk::{Disk, DiskLock};
use super::error::{Refusal, StoreError, WriteError};
use super::feed::Feed;
use super::journal::format::PAGE;
use super::journal::{AppendError, Journal, Record};
use super::plan::PlanRecord;
use super::reader::{Current, Reader};
use super::space::Since;
use super::unlock::Mark;

/// Rows that a batch is expected not to exceed; one that does near the end of the space is refused once.
const ROWS_AHEAD: u64 = 256;

/// The store, owned by the one writer thread.
pub struct Store {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) settings: StoreSettings,
    pub(super) database: Database,
    pub(super) journal: Journal,
    pub(super) feed_epoch: String,
    /// How values lie, once it is unlocked; none if nothing was ever encrypted.
    pub(super) mark: Option<Mark>,
    pub(super) current: Arc<Current>,
    pub(super) known: Known,
    /// What has happened since the last checkpoint was begun.
    pub(super) since: Since,
    /// The checkpoint under way.
    pub(super) settling: Option<Settling>,
    /// After a failed checkpoint: not another one before this.
    pub(super) postponed: Option<Since>,
    pub(super) ballast: Ballast,
    /// What a compaction that is under way needs of the journal.
    pub(super) held: Held,
    /// A batch was refused for want of space that a checkpoint might settle.
    pub(super) short: bool,
    /// The last batch of the last successful checkpoint.
    pub(super) durable_batch: u64,
    pub(super) health: Health,
    pub(super) figures: Figures,
    pub(super) buffer: Vec<u8>,
    /// When the last checkpoint was made.
    pub(super) checkpointed: Option<Instant>,
    /// Batches that were replayed at open.
    pub(super) replayed: u64,
    pub(super) _lock: DiskLock,
}

/// Whether the store writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    Healthy,
    /// Nothing is written until [`Store::recover`] succeeds.
    Failed {
        since: Instant,
        why: String,
    },
}

/// What has happened since the store was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    pub batches: u64,
    pub plans: u64,
    pub events: u64,
    /// Bytes written to the journal, with the zeros that prepared segments.
    pub journal_bytes: u64,
    /// Bytes of zeros that prepared segments.
    pub journal_zeroed: u64,
    pub journal_syncs: u64,
    pub database_bytes: u64,
    pub checkpoints: u64,
    pub compactions: u64,
    /// How often redb was reopened after an error.
    pub reopened: u64,
    /// How long the last journal write and sync took.
    pub last_sync: Duration,
    pub last_checkpoint: Duration,
}

/// What a write came to.
#[derive(Debug, PartialEq, Eq)]
pub struct Written<R> {
    pub result: R,
    /// None when no plan was applied.
    pub committed: Option<Committed>,
}

/// A batch on disk, visible to readers.
#[derive(Debug, PartialEq, Eq)]
pub struct Committed {
    /// The number of its first event; one above `last_seq` when it has none.
    pub first_seq: u64,
    pub last_seq: u64,
    pub plans: Vec<PlanRecord>,
}

impl Store {
    /// Lets `work` read and apply plans, then writes them as one batch. `Ok` means that it is on disk and that
    /// readers see it. A batch without plans writes nothing.
    pub fn write<R>(
        &mut self,
        work: impl FnOnce(&mut Batch) -> R,
    ) -> Result<Written<R>, WriteError> {
        self.write_batch(work).map_err(|error| self.for_want_of_space(error))
    }

    /// What redb or a file could not do on a disk that is full, it could not do for want of space.
    pub(super) fn for_want_of_space(&self, error: WriteError) -> WriteError {
        if let WriteError::Refused(Refusal::Store(_) | Refusal::Io { .. }) = error
            && let Err(full @ WriteError::Refused(Refusal::NoSpace { .. })) =
                self.check_space(self.unsettled(), self.settings.disk_reserve)
        {
            return full;
        }
        error
    }

    fn write_batch<R>(
        &mut self,
        work: impl FnOnce(&mut Batch) -> R,
    ) -> Result<Written<R>, WriteError> {
        let ample = self.ready()?;
        let below = self.current.read().snapshot().map_err(refused)?;
        let (known, buffer) = (std::mem::take(&mut self.known), std::mem::take(&mut self.buffer));
        let (max_record, next_seq) = (self.journal.max_record(), self.journal.next_seq());
        let mut batch = Batch::new(below, known, buffer, max_record, next_seq);
        let result = work(&mut batch);
        let mut decided = batch.finish().map_err(refused)?;
        if decided.plans.is_empty() {
            self.known = decided.known;
            self.buffer = decided.record;
            return Ok(Written { result, committed: None });
        }
        let news = Since {
            rows: decided.row_count,
            journal_bytes: (decided.record.len() as u64).next_multiple_of(PAGE),
            events: decided.next_seq - decided.first_seq,
        };
        // A usual batch has its room already.
        if ample.is_none_or(|ample| !ample.covers(&news)) {
            let reserve = if decided.may_use_reserve { 0 } else { self.settings.disk_reserve };
            self.check_space(self.unsettled().with(news), reserve)
                .inspect_err(|_| self.short = true)?;
        }
        self.append(&mut decided)?;
        self.since = self.since.with(news);
        {
            let mut state = self.current.write();
            state.recent.pour(decided.changes);
            state.position = (self.journal.last_batch(), self.journal.next_seq() - 1);
        }
        self.journal.tend_spare();
        self.known = decided.known;
        self.buffer = decided.record;
        self.figures.batches += 1;
        self.figures.plans += decided.plans.len() as u64;
        self.figures.events += decided.next_seq - decided.first_seq;
        let committed = Committed {
            first_seq: decided.first_seq,
            last_seq: decided.next_seq - 1,
            plans: decided.plans,
        };
        Ok(Written { result, committed: Some(committed) })
    }

    /// What must be right before a batch is begun: health, redb, a due checkpoint, space. Gives what there certainly is
    /// room for, if it was found out.
    fn ready(&mut self) -> Result<Option<Since>, WriteError> {
        if let Health::Failed { why, .. } = &self.health {
            return Err(WriteError::Refused(Refusal::Failed { why: why.clone() }));
        }
        if self.database.needs_reopening() && !self.is_settling() {
            self.reopen().map_err(refused)?;
        }
        // The estimate grows with what a checkpoint would settle: near the end of the space, settle it.
        let segment = self.settings.segment_bytes / 4;
        let ample = Since { rows: ROWS_AHEAD, journal_bytes: segment, events: 0 };
        let unsettled = self.unsettled();
        let is_ample = |store: &Store| {
            store.check_space(unsettled.with(ample), store.settings.disk_reserve).is_ok()
        };
        let has_room = unsettled.rows > 0 && !self.short && is_ample(self);
        if unsettled.rows > 0 && !has_room {
            self.room_to_try()?;
            self.checkpoint()?;
            return Ok(None);
        }
        self.tend_checkpoint()?;
        Ok(has_room.then_some(ample))
    }

    fn append(&mut self, decided: &mut Decided) -> Result<(), WriteError> {
        let mut record = Record {
            plans: decided.plans.len() as u32,
            events: (decided.next_seq - decided.first_seq) as u32,
            at: decided.latest,
            bytes: &mut decided.record,
        };
        self.journal.append(&mut record).map_err(|error| match error {
            AppendError::NotWritten { file, error } => match error.kind() {
                io::ErrorKind::StorageFull => WriteError::Refused(Refusal::NoSpace {
                    free: self.disk.free_space().unwrap_or(0),
                    needed: self.settings.segment_bytes,
                }),
                _ => io_refused(&file, &error),
            },
            AppendError::Unknown { file, offset, error } => {
                self.fail(format!("{file} at byte {offset}: {error}"))
            }
        })
    }

    /// Marks the store failed; the error for the batch it happened to.
    pub(super) fn fail(&mut self, why: String) -> WriteError {
        tracing::error!(why, "the store has failed");
        self.health = Health::Failed { since: Instant::now(), why: why.clone() };
        WriteError::Unknown { why }
    }

    /// Whether a command would be taken: there is room, and a small file can be written and synced.
    pub fn probe(&mut self) -> Result<(), WriteError> {
        self.ready()?;
        self.check_space(self.unsettled(), self.settings.disk_reserve)?;
        let write = || {
            let file = self.disk.open("probe").or_else(|_| self.disk.create("probe"))?;
            file.write_at(0, &self.figures.batches.to_le_bytes())?;
            file.sync_data()
        };
        write().map_err(|error| io_refused("probe", &error))
    }

    /// To be called when keys were destroyed: what was sealed under them is to be read no more.
    pub fn forget_plain(&mut self) {
        self.known.forget_plain();
    }

    pub fn health(&self) -> &Health {
        &self.health
    }

    pub fn reader(&self) -> Reader {
        Reader::new(Arc::clone(&self.current))
    }

    pub fn feed(&self) -> Feed {
        Feed::new(Arc::clone(self.journal.segments()))
    }

    /// What tells this feed from another with the same numbers: 16 hex digits, new after a restore.
    pub fn feed_epoch(&self) -> &str {
        &self.feed_epoch
    }

    /// The last acknowledged sequence number; 0 before the first event.
    pub fn last_seq(&self) -> u64 {
        self.journal.next_seq() - 1
    }

    pub fn figures(&self) -> Figures {
        Figures {
            journal_bytes: self.journal.written + self.journal.zeroed(),
            journal_zeroed: self.journal.zeroed(),
            journal_syncs: self.journal.syncs,
            last_sync: self.journal.last_sync,
            database_bytes: self.database.written(),
            ..self.figures
        }
    }

    /// A last checkpoint, then the end. Without it, or after an error, the next open replays the journal.
    pub fn close(mut self) -> Result<(), WriteError> {
        self.journal.wait_for_spare();
        let closed = match &self.health {
            Health::Healthy => self.checkpoint(),
            Health::Failed { why, .. } => {
                Err(WriteError::Refused(Refusal::Failed { why: why.clone() }))
            }
        };
        self.shut();
        closed
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("health", &self.health).finish_non_exhaustive()
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.shut();
    }
}

pub(super) fn refused(error: StoreError) -> WriteError {
    WriteError::Refused(Refusal::Store(error))
}

pub(super) fn io_refused(file: &str, error: &io::Error) -> WriteError {
    WriteError::Refused(Refusal::Io { file: file.to_owned(), error: error.to_string() })
}
