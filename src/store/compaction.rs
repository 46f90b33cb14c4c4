//! Writing the database anew, without the room it no longer uses, while everything goes on.
//!
//! redb's own compaction wants the database to itself and, cut off, a long repair. So the rows are copied instead, in
//! short snapshots, into a file beside it; then the batches that the journal has gained since the copying began are
//! applied to the copy (plans are plain rows, so applying them twice is harmless), it is synced and takes over the
//! name. Readers and the writer go on meanwhile; only the last step, as long as a replay of those batches, is the
//! writer's. Whatever is cut off before the name changes leaves the old file as it was, and the copy is removed at
//! the next start.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use redb::Durability;

use super::checkpoint::{begin, put_applied};
use super::database::{FILE, Instance, UNFINISHED, failed, guarded, open_instance};
use super::disk::Disk;
use super::error::{Refusal, StoreError, WriteError};
use super::kept;
use super::opened::Opened;
use super::plan::Row;
use super::reader::{Base, Order, Pair, Reader};
use super::recent::Recent;
use super::recovery::replay;
use super::seal::{Nonces, Seal};
use super::space::Since;
use super::tables::Table;
use super::unlock::Mark;
use super::writer::{Store, io_refused, refused};
use super::{Health, View};

/// Rows read within one snapshot, and about the bytes that are then written at once.
const ROWS: usize = 512;
const BYTES: usize = 4 * 1024 * 1024;
/// Memory for the copy's pages.
const CACHE: usize = 8 * 1024 * 1024;
/// What a row takes beside its key and value, pages that are not quite full included.
const ROW_OVERHEAD: u64 = 16;
/// What encrypting a value adds to it, at most.
const ENVELOPE: u64 = 64;
/// What a database without rows takes.
const EMPTY: u64 = 1024 * 1024;
/// No longer than this does copying leave the disk to others between two writes.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// No batch is held for a copy.
const NOTHING: u64 = u64::MAX;

/// Keeps the journal from being trimmed beyond the batch where a copy began.
#[derive(Debug)]
struct Hold(Arc<AtomicU64>);

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.store(NOTHING, Ordering::Release);
    }
}

/// The copy's file until it takes over the name; removed with a copy that is given up.
struct Unfinished {
    disk: Arc<dyn Disk>,
    renamed: bool,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.renamed {
            // What cannot be removed now is removed at the next start.
            let _ = self.disk.remove(UNFINISHED);
        }
    }
}

/// The batch from which on a copy will need the journal; shared with whoever copies.
#[derive(Debug)]
pub struct Held(Arc<AtomicU64>);

impl Default for Held {
    fn default() -> Held {
        Held(Arc::new(AtomicU64::new(NOTHING)))
    }
}

impl Held {
    /// The first batch that must stay, if there is one.
    pub fn from(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

/// A copy to be made, on any thread but the writer's.
pub struct Copy {
    disk: Arc<dyn Disk>,
    written: Arc<AtomicU64>,
    reader: Reader,
    /// Batch and sequence number from which on the journal will be applied to it.
    from: (u64, u64),
    /// Bytes of the file as it is.
    size: u64,
    /// Bytes that must stay free for the writer meanwhile.
    needed: u64,
    pace: bool,
    /// Seals anew what lies otherwise than it would be put now; none leaves values as they are.
    anew: Option<Seal>,
    hold: Hold,
}

/// A whole copy, but for what the journal has gained since it was begun.
pub struct Copied {
    instance: Arc<Instance>,
    from: (u64, u64),
    file: Unfinished,
    anew: bool,
    hold: Hold,
}

/// What the database's file holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Packed {
    /// Bytes of the file.
    pub size: u64,
    /// About what it would have after a compaction; more than `size` only where values are encrypted anew.
    pub packed: u64,
}

impl Packed {
    /// Per cent of the file that hold nothing.
    pub fn unused(&self) -> u64 {
        self.size.saturating_sub(self.packed) * 100 / self.size.max(1)
    }
}

/// What a compaction came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compacted {
    /// Bytes of the file before and after.
    pub before: u64,
    pub after: u64,
    /// How long the writer was kept.
    pub kept_writer: Duration,
}

impl Copy {
    /// Goes through all rows: how much of the file is in use.
    pub fn measure(&self) -> Result<Packed, StoreError> {
        let mut bytes = 0;
        self.each_chunk(|_, rows| {
            let length = |(key, value): &Pair| (key.len() + value.len()) as u64;
            let envelopes = if self.anew.is_some() { ENVELOPE * rows.len() as u64 } else { 0 };
            bytes += rows.iter().map(|row| length(row) + ROW_OVERHEAD).sum::<u64>() + envelopes;
            Ok(())
        })?;
        let most = if self.anew.is_some() { u64::MAX } else { self.size };
        Ok(Packed { size: self.size, packed: (bytes + bytes / 8 + EMPTY).min(most) })
    }

    /// Makes the copy. `packed` is what [`Copy::measure`] gave.
    pub fn run(self, packed: Packed) -> Result<Copied, WriteError> {
        self.check_room(packed.packed)?;
        let io = |error: std::io::Error| io_refused(UNFINISHED, &error);
        self.disk.create(UNFINISHED).map_err(io)?;
        let file = Unfinished { disk: Arc::clone(&self.disk), renamed: false };
        let instance = self.copy_rows()?;
        let anew = self.anew.is_some();
        Ok(Copied { instance, from: self.from, file, anew, hold: self.hold })
    }

    /// The writer's room is not for copies.
    fn check_room(&self, more: u64) -> Result<(), WriteError> {
        let free = self.disk.free_space().map_err(|error| io_refused("data directory", &error))?;
        let needed = self.needed.saturating_add(more);
        if free >= needed {
            return Ok(());
        }
        Err(WriteError::Refused(Refusal::NoSpace { free, needed }))
    }

    fn copy_rows(&self) -> Result<Arc<Instance>, WriteError> {
        let instance =
            open_instance(&self.disk, UNFINISHED, CACHE, &self.written).map_err(refused)?;
        let mut pending = Vec::new();
        let mut bytes = 0;
        let mut random = [0; 16];
        getrandom::fill(&mut random)
            .map_err(|error| refused(StoreError::Database(error.to_string())))?;
        let mut nonces = Nonces::new(random);
        self.each_chunk(|table, rows| {
            for (key, mut value) in rows {
                // The store's own rows lie bare.
                if let Some(seal) = self.anew.as_ref().filter(|_| table != Table::Meta)
                    && let Some(sealed) = seal.again(table, &key, &value, &mut nonces)
                {
                    value = sealed.into();
                }
                bytes += key.len() + value.len();
                pending.push(Row { table, key, value: Some(value) });
            }
            if bytes < BYTES {
                return Ok(());
            }
            bytes = 0;
            let began = Instant::now();
            put(&instance, &std::mem::take(&mut pending))?;
            if self.pace {
                std::thread::sleep(began.elapsed().min(LONGEST_PAUSE));
            }
            self.check_room(0).map_err(|full| StoreError::Database(full.to_string()))
        })
        .map_err(refused)?;
        put(&instance, &pending).map_err(refused)?;
        Ok(instance)
    }

    /// Gives the rows of every table in order, some at a time, each time from a snapshot of its own.
    fn each_chunk(
        &self,
        mut work: impl FnMut(Table, Vec<Pair>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        for table in Table::ALL.iter().copied() {
            let mut start: Vec<u8> = Vec::new();
            loop {
                let rows = self
                    .reader
                    .read(|view| view.scan(table, &start, None, Order::Ascending, ROWS))?;
                let Some((last, _)) = rows.last() else { break };
                start.clear();
                start.extend_from_slice(last);
                start.push(0);
                work(table, rows)?;
            }
        }
        Ok(())
    }
}

fn put(instance: &Instance, rows: &[Row]) -> Result<(), StoreError> {
    guarded(|| {
        let transaction = begin(instance, Durability::Immediate)?;
        Opened::of(&transaction).put(rows)?;
        transaction.commit().map_err(failed)
    })
}

impl Store {
    /// Begins a compaction: the copy is made beside the writer, then given to [`Store::finish_compaction`]. With
    /// `pace` copying leaves the disk to others half of the time; `anew` seals values anew where they lie otherwise than
    /// it would, and gives up the feed so far, which holds them as they were.
    pub fn begin_compaction(&mut self, pace: bool, anew: Option<Seal>) -> Result<Copy, WriteError> {
        if let Health::Failed { why, .. } = self.health() {
            return Err(WriteError::Refused(Refusal::Failed { why: why.clone() }));
        }
        let from = (self.journal.last_batch(), self.journal.next_seq() - 1);
        let held = &self.held.0;
        if held.compare_exchange(NOTHING, from.0, Ordering::AcqRel, Ordering::Acquire).is_err() {
            let why = "another compaction is under way".to_owned();
            return Err(WriteError::Refused(Refusal::Failed { why }));
        }
        let hold = Hold(Arc::clone(held));
        let needed = self.space_after(self.unsettled(), self.settings.disk_reserve)?.needed;
        Ok(Copy {
            disk: Arc::clone(&self.disk),
            written: self.database.counter(),
            reader: self.reader(),
            from,
            size: self.database.size(),
            needed,
            pace,
            anew,
            hold,
        })
    }

    /// Brings the copy up to date and puts it in the place of the database. On an error the database is as it was.
    pub fn finish_compaction(&mut self, copied: Copied) -> Result<Compacted, WriteError> {
        let began = Instant::now();
        if let Health::Failed { why, .. } = self.health() {
            return Err(WriteError::Refused(Refusal::Failed { why: why.clone() }));
        }
        let before = self.database.size();
        let last = self.journal.last_batch();
        let Copied { instance, from, mut file, anew, hold } = copied;
        if anew {
            // They hold in clear what this is done for.
            for dir in kept::copies(&*self.disk, self.settings.upgrade.newest()) {
                kept::remove(&*self.disk, &dir).map_err(|error| io_refused("a copy", &error))?;
            }
        }
        // What a checkpoint cannot settle, the copy holds all the same.
        drop(self.end_checkpoint());
        let mark = self.mark.map(|mark| Mark { mixed: mark.mixed && !anew, ..mark });
        self.settle_copy(&instance, from, mark)?;
        // Closed in order, so that it opens without a repair.
        drop(instance);
        self.rename_copy()?;
        file.renamed = true;
        let opened = self.database.replace().and_then(|instance| Base::of(&instance));
        self.known.clear();
        {
            let mut state = self.current.write();
            match opened {
                Ok(base) => {
                    state.base = Ok(Arc::new(base));
                    (state.recent, state.settling) = (Recent::default(), Recent::default());
                }
                Err(error) => {
                    state.base = Err(error.clone());
                    return Err(refused(error));
                }
            }
        }
        // Until the new name is durable a power cut may bring the old file back, with its need of the journal.
        self.disk.sync_dir("").map_err(|error| io_refused(FILE, &error))?;
        drop(hold);
        self.durable_batch = last;
        self.since = Since::default();
        self.postponed = None;
        self.short = false;
        self.checkpointed = Some(Instant::now());
        self.figures.compactions += 1;
        self.mark = mark;
        if anew {
            self.journal.renew().map_err(|error| io_refused("journal", &error))?;
        }
        Ok(Compacted { before, after: self.database.size(), kept_writer: began.elapsed() })
    }

    fn settle_copy(
        &self,
        instance: &Arc<Instance>,
        from: (u64, u64),
        mark: Option<Mark>,
    ) -> Result<(), WriteError> {
        replay(instance, &self.journal, from).map_err(refused)?;
        let settled = guarded(|| {
            let mut transaction = begin(instance, Durability::Immediate)?;
            transaction.set_quick_repair(true);
            put_applied(&transaction, (self.journal.last_batch(), self.last_seq()))?;
            if let Some(mark) = mark {
                mark.put(&transaction)?;
            }
            transaction.commit().map_err(failed)
        });
        settled.map_err(refused)
    }

    fn rename_copy(&self) -> Result<(), WriteError> {
        let io = |error: std::io::Error| io_refused(UNFINISHED, &error);
        self.disk.open(UNFINISHED).and_then(|file| file.sync_data()).map_err(io)?;
        self.disk.rename(UNFINISHED, FILE).map_err(io)
    }
}
