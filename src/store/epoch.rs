//! The feed's epoch: what tells the events of one life of a store from those of another with the same numbers.
//!
//! A store draws it when it is made, and again when it is made from a backup: what the lost machine went on to
//! number after that backup has nothing to do with what the restored one numbers.

use redb::{Durability, ReadableDatabase};

use super::checkpoint::begin;
use super::database::{APPLIED, Instance, definition, failed, guarded};
use super::disk::Disk;
use super::error::{OpenError, StoreError};
use super::space::LEAST;
use super::tables::Table;

/// Row of [`Table::Meta`]: a version byte, then a random number, big endian.
pub const FEED_EPOCH: &[u8] = b"feed.epoch";

/// Whether a row is the store's own: no plan puts it, and a backup leaves it out.
pub fn is_own(table: Table, key: &[u8]) -> bool {
    table == Table::Meta && [APPLIED, FEED_EPOCH].contains(&key)
}

/// The epoch in the database; drawn and made durable if there is none yet.
pub fn load(instance: &Instance, disk: &dyn Disk) -> Result<String, OpenError> {
    if let Some(epoch) = read(instance)? {
        return Ok(epoch);
    }
    let fresh = disk.random().map_err(|error| OpenError::Io {
        file: "the system's random numbers".to_owned(),
        error: error.to_string(),
    })?;
    // A full disk is no reason not to start: then the next start draws again, and consumers resync.
    if !disk.free_space().is_ok_and(|free| free >= 2 * LEAST) {
        return Ok(show(fresh));
    }
    let row = encode(fresh);
    guarded(|| {
        let transaction = begin(instance, Durability::Immediate)?;
        let mut table = transaction.open_table(definition(Table::Meta)).map_err(failed)?;
        table.insert(FEED_EPOCH, &row[..]).map_err(failed)?;
        drop(table);
        transaction.commit().map_err(failed)
    })?;
    Ok(show(fresh))
}

/// The row of an epoch.
pub fn encode(epoch: u64) -> [u8; 9] {
    let mut row = [1; 9];
    row[1..].copy_from_slice(&epoch.to_be_bytes());
    row
}

/// As it is told.
pub fn show(epoch: u64) -> String {
    format!("{epoch:016x}")
}

fn read(instance: &Instance) -> Result<Option<String>, StoreError> {
    guarded(|| {
        let transaction = instance.redb()?.begin_read().map_err(failed)?;
        let table = match transaction.open_table(definition(Table::Meta)) {
            Ok(table) => table,
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let Some(row) = table.get(FEED_EPOCH).map_err(failed)? else { return Ok(None) };
        match row.value().split_first_chunk::<9>() {
            Some(([1, epoch @ ..], [])) => Ok(Some(show(u64::from_be_bytes(*epoch)))),
            _ => Err(StoreError::Damaged("the feed's epoch cannot be read".to_owned())),
        }
    })
}
