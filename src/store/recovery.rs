//! Opening the store, and getting it to write again after an error.
//!
//! What the journal has beyond redb is held in memory, as it was before the end, and the next checkpoint takes it: a
//! start waits for no write. Only a store of an older format, or one with more than memory shall hold, is replayed into
//! redb. Every step may be cut off and is then done again: rows are plain puts and deletes, applying them twice
//! is harmless, and redb takes over the journal's position together with them.

use std::io;
use std::sync::Arc;

use redb::Durability;

use super::StoreSettings;
use super::backup::UNFINISHED;
use super::ballast::Ballast;
use super::batch::Known;
use super::changes::Changes;
use super::checkpoint::{ENDURANCE, begin, put_applied};
use super::compaction::Held;
use super::database::{Database, Instance, failed, guarded};
use super::disk::Disk;
use super::epoch;
use super::error::{OpenError, Refusal, StoreError, WriteError};
use super::journal::{Journal, decode};
use super::migrate;
use super::opened::Opened;
use super::plan::PlanRecord;
use super::reader::Current;
use super::recent::Recent;
use super::space::{LEAST, Since};
use super::writer::{Figures, Health, Store, io_refused, refused};

/// Plans are replayed in transactions of about this many bytes.
const REPLAY_BYTES: usize = 4 * 1024 * 1024;

impl Store {
    /// Opens the store, creating it in an empty directory; replays what redb had not applied durably.
    pub fn open(disk: Arc<dyn Disk>, settings: StoreSettings) -> Result<Store, OpenError> {
        let lock = disk.lock().map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => OpenError::InUse(error.to_string()),
            _ => OpenError::Io { file: "lock".to_owned(), error: error.to_string() },
        })?;
        refuse_unfinished(&*disk)?;
        let mut ballast = Ballast::open(&*disk, settings.ballast);
        if disk.free_space().is_ok_and(|free| free < settings.ballast) {
            ballast.release(&*disk);
        }
        let newest = settings.upgrade.newest();
        let mut database = Database::open(&disk, settings.cache_bytes, newest)?;
        let mut instance = database.current()?;
        let stamp = instance.stamp()?;
        settings.upgrade.check(&stamp)?;
        let applied = instance.applied()?;
        let journal = Journal::open(&disk, &settings, applied)?;
        // redb takes nothing on a disk without room.
        let is_full = || stamp.format == newest && disk.free_space().is_ok_and(|free| free < LEAST);
        let most = match stamp.format == newest {
            _ if is_full() => u64::MAX,
            true => settings.checkpoint_bytes.saturating_mul(ENDURANCE),
            false => 0,
        };
        let mut recalled = recall(&journal, applied, most)?;
        if recalled.is_none() {
            match replay(&instance, &journal, applied) {
                Ok(()) => {}
                Err(_) if is_full() => {
                    instance = database.reopen()?;
                    recalled = recall(&journal, applied, u64::MAX)?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        if !is_full() {
            migrate::bring_up(&*disk, &settings, &instance, &journal, &stamp)?;
        }
        let feed_epoch = epoch::load(&instance, &*disk)?;
        let position = (journal.last_batch(), journal.next_seq() - 1);
        let current = Current::of(&instance, position)?;
        drop(instance);
        let mut store = Store {
            disk,
            settings,
            database,
            journal,
            current,
            known: Known::default(),
            feed_epoch,
            mark: None,
            since: Since::default(),
            settling: None,
            postponed: None,
            ballast,
            held: Held::default(),
            short: false,
            durable_batch: applied.0,
            health: Health::Healthy,
            figures: Figures::default(),
            buffer: Vec::new(),
            checkpointed: None,
            replayed: 0,
            _lock: lock,
        };
        store.replayed = store.journal.last_batch().saturating_sub(applied.0);
        if store.replayed > 0 {
            tracing::info!(batches = store.replayed, "the journal was ahead of redb: replayed");
        }
        match recalled {
            Some(recalled) => store.hold(recalled),
            None => store.first_checkpoint(applied)?,
        }
        Ok(store)
    }

    /// Settles what was replayed. A full disk puts it off: the store is there to be read.
    fn first_checkpoint(&mut self, applied: (u64, u64)) -> Result<(), OpenError> {
        let error = match self.checkpoint() {
            Ok(()) => return Ok(()),
            Err(error) => self.for_want_of_space(error),
        };
        if let WriteError::Refused(full @ Refusal::NoSpace { .. }) = &error {
            tracing::warn!(%full, "what was replayed is settled once there is room");
            let recalled = recall(&self.journal, applied, u64::MAX)?;
            recalled.into_iter().for_each(|recalled| self.hold(recalled));
            return Ok(());
        }
        Err(OpenError::Io { file: "store.redb".to_owned(), error: error.to_string() })
    }

    fn hold(&mut self, (rows, since): (Recent, Since)) {
        self.current.write().recent = rows;
        self.since = since;
    }

    /// Gets the store to write again; `Ok` once it does. Cheap to call repeatedly, and when nothing is wrong.
    pub fn recover(&mut self) -> Result<(), WriteError> {
        if self.journal.is_broken() {
            self.journal.begin_epoch(None).map_err(|error| io_refused("journal", &error))?;
        }
        if self.database.needs_reopening() {
            self.reopen().map_err(refused)?;
        }
        if self.health != Health::Healthy {
            tracing::info!("the store writes again");
            self.health = Health::Healthy;
        }
        Ok(())
    }
}

/// A directory in which a restore was cut off looks like a store, and is none.
pub(super) fn refuse_unfinished(disk: &dyn Disk) -> Result<(), OpenError> {
    let names = disk.list("").map_err(|error| OpenError::Io {
        file: "data directory".to_owned(),
        error: error.to_string(),
    })?;
    if names.iter().any(|name| name == UNFINISHED) { Err(OpenError::Unfinished) } else { Ok(()) }
}

/// What the journal has beyond `applied`, as it would lie in memory had the store just written it; none when that is
/// more than so many bytes of journal.
fn recall(
    journal: &Journal,
    applied: (u64, u64),
    most: u64,
) -> Result<Option<(Recent, Since)>, StoreError> {
    let (mut changes, mut since) = (Changes::default(), Since::default());
    journal.replay(applied, |found| {
        since.journal_bytes += found.header.span();
        if since.journal_bytes > most {
            return Ok(());
        }
        for row in decode(&found, None)?.into_iter().flat_map(|plan| plan.rows) {
            since.rows += 1;
            changes.put(row.table, row.key, row.value);
        }
        since.events += u64::from(found.header.events);
        Ok(())
    })?;
    let mut recent = Recent::default();
    recent.pour(changes);
    Ok((since.journal_bytes <= most).then_some((recent, since)))
}

/// Applies every acknowledged batch that the database has not.
pub(super) fn replay(
    instance: &Arc<Instance>,
    journal: &Journal,
    applied: (u64, u64),
) -> Result<(), StoreError> {
    let mut pending = Vec::new();
    let mut bytes = 0;
    let mut position = applied;
    journal.replay(applied, |found| {
        pending.extend(decode(&found, None)?);
        bytes += found.payload.len();
        position = (found.header.number, found.header.next_seq() - 1);
        if bytes >= REPLAY_BYTES {
            apply(instance, &std::mem::take(&mut pending), position)?;
            bytes = 0;
        }
        Ok(())
    })?;
    if pending.is_empty() { Ok(()) } else { apply(instance, &pending, position) }
}

fn apply(
    instance: &Instance,
    plans: &[PlanRecord],
    position: (u64, u64),
) -> Result<(), StoreError> {
    guarded(|| {
        let transaction = begin(instance, Durability::None)?;
        let rows = Opened::of(&transaction);
        plans.iter().try_for_each(|plan| rows.put(&plan.rows))?;
        drop(rows);
        put_applied(&transaction, position)?;
        transaction.commit().map_err(failed)
    })
}
