//! The stamp of a store: the format of its rows, and the frontdesk that last opened it for writing.
//!
//! The format is the number of the row layout: 1, and one more for every migration since
//! ([`super::migrate`]). It is durable before the first row of that format is journaled, so whoever finds a
//! format newer than their own has touched nothing yet. A store without a stamp has format 1: the first
//! version wrote none.

use redb::{Durability, ReadableDatabase, TableError, WriteTransaction};

use super::checkpoint::begin;
use super::database::{Instance, definition, failed, guarded};
use super::error::StoreError;
use super::tables::Table;

/// Row of [`Table::Meta`]: a version byte, the format as u32 big endian, the frontdesk's version as text.
pub const STAMP: &[u8] = b"store.stamp";

/// The version of this program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What a store says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub format: u32,
    /// The frontdesk that wrote last, as `0.1.0`.
    pub version: String,
}

impl Stamp {
    /// What this program makes of a store of this format.
    pub fn ours(format: u32) -> Stamp {
        Stamp { format, version: VERSION.to_owned() }
    }

    fn encode(&self) -> Vec<u8> {
        let mut value = vec![1];
        value.extend_from_slice(&self.format.to_be_bytes());
        value.extend_from_slice(self.version.as_bytes());
        value
    }

    /// Writes the stamp with the rows of a transaction.
    pub fn put(&self, transaction: &WriteTransaction) -> Result<(), StoreError> {
        let mut meta = transaction.open_table(definition(Table::Meta)).map_err(failed)?;
        drop(meta.insert(STAMP, self.encode().as_slice()).map_err(failed)?);
        Ok(())
    }

    pub fn decode(value: &[u8]) -> Option<Stamp> {
        let (head, version) = value.split_first_chunk::<5>()?;
        let [1, format @ ..] = head else { return None };
        let version = std::str::from_utf8(version).ok()?.to_owned();
        Some(Stamp { format: u32::from_be_bytes(*format), version })
    }

    pub fn read(database: &redb::Database) -> Result<Stamp, StoreError> {
        let first = || Stamp { format: 1, version: "0.1.0".to_owned() };
        let transaction = database.begin_read().map_err(failed)?;
        let table = match transaction.open_table(definition(Table::Meta)) {
            Ok(table) => table,
            Err(TableError::TableDoesNotExist(_)) => return Ok(first()),
            Err(error) => return Err(failed(error)),
        };
        let Some(value) = table.get(STAMP).map_err(failed)? else { return Ok(first()) };
        Stamp::decode(value.value())
            .ok_or_else(|| StoreError::Damaged(format!("its stamp is {:?}", value.value())))
    }

    /// Writes the stamp, durably, and with it everything that redb holds: a checkpoint.
    pub fn write(&self, instance: &Instance) -> Result<(), StoreError> {
        guarded(|| {
            let mut transaction = begin(instance, Durability::Immediate)?;
            transaction.set_quick_repair(true);
            self.put(&transaction)?;
            transaction.commit().map_err(failed)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_comes_back_and_anything_else_is_none() {
        let stamp = Stamp { format: 7, version: "1.2.3".to_owned() };
        assert_eq!(Stamp::decode(&stamp.encode()), Some(stamp));
        for bytes in [&b""[..], b"\x01\x00", b"\x02\x00\x00\x00\x07", b"\x01\x00\x00\x00\x07\xff"] {
            assert_eq!(Stamp::decode(bytes), None, "{bytes:?}");
        }
    }
}
