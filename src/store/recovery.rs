//! Opening the store, and getting it to write again after an error.
//!
//! Every step may be cut off and is then done again: rows are plain puts and deletes, applying them twice
//! is harmless, and redb takes over the journal's position together with them.

use std::io;
use std::sync::Arc;

use redb::Durability;

use super::StoreSettings;
use super::backup::UNFINISHED;
use super::batch::Rows;
use super::database::{Database, Instance, failed, guarded};
use super::disk::Disk;
use super::epoch;
use super::error::{OpenError, StoreError, WriteError};
use super::journal::{Journal, decode};
use super::space::Since;
use super::writer::{Figures, Health, Store, begin, io_refused, refused};

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
        let (database, instance) = Database::open(&disk, settings.cache_bytes)?;
        let applied = instance.applied()?;
        let journal = Journal::open(&disk, &settings, applied)?;
        replay(&instance, &journal, applied)?;
        let feed_epoch = epoch::load(&instance, &*disk)?;
        database.publish(instance);
        let mut store = Store {
            disk,
            settings,
            database,
            journal,
            feed_epoch,
            since: Since::default(),
            short: false,
            durable_batch: applied.0,
            health: Health::Healthy,
            figures: Figures::default(),
            buffer: Vec::new(),
            _lock: lock,
        };
        if store.journal.last_batch() > applied.0 {
            let batches = store.journal.last_batch() - applied.0;
            tracing::info!(batches, "the journal was ahead of redb: replayed");
            store.checkpoint().map_err(|error| OpenError::Io {
                file: "store.redb".to_owned(),
                error: error.to_string(),
            })?;
        }
        Ok(store)
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

    /// Drops redb, opens it again and replays everything acknowledged.
    pub(super) fn reopen(&mut self) -> Result<(), StoreError> {
        self.figures.reopened += 1;
        let journal = &self.journal;
        self.database.reopen(|instance| {
            let applied = instance.applied()?;
            replay(instance, journal, applied)
        })
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

/// Applies every acknowledged batch that the database has not.
fn replay(
    instance: &Arc<Instance>,
    journal: &Journal,
    applied: (u64, u64),
) -> Result<(), StoreError> {
    let mut pending = Vec::new();
    let mut bytes = 0;
    let mut position = applied;
    journal.replay(applied, |found| {
        pending.extend(decode(&found)?);
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
    plans: &[super::PlanRecord],
    position: (u64, u64),
) -> Result<(), StoreError> {
    guarded(|| {
        let transaction = begin(instance, Durability::None)?;
        let rows = Rows::new(&transaction);
        for plan in plans {
            rows.put(&plan.rows)?;
        }
        rows.put_applied(position)?;
        drop(rows);
        transaction.commit().map_err(failed)
    })
}
