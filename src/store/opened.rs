//! Putting rows into a transaction of redb, table by table.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use redb::{ReadableTableMetadata, WriteTransaction};

use super::database::{Raw, definition, failed, guarded};
use super::error::StoreError;
use super::plan::Row;
use super::tables::Table;

/// The tables of a transaction, each opened once, when first used: redb wants it so.
pub(super) struct Opened<'t> {
    transaction: &'t WriteTransaction,
    tables: RefCell<BTreeMap<Table, redb::Table<'t, Raw, Raw>>>,
}

impl<'t> Opened<'t> {
    pub fn of(transaction: &'t WriteTransaction) -> Opened<'t> {
        Opened { transaction, tables: RefCell::default() }
    }

    pub fn with<R>(
        &self,
        table: Table,
        work: impl FnOnce(&mut redb::Table<'t, Raw, Raw>) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        let mut tables = self.tables.borrow_mut();
        guarded(|| {
            let opened = match tables.entry(table) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => {
                    entry.insert(self.transaction.open_table(definition(table)).map_err(failed)?)
                }
            };
            work(opened)
        })
    }

    pub fn len(&self, table: Table) -> Result<u64, StoreError> {
        self.with(table, |rows| rows.len().map_err(failed))
    }

    pub fn put(&self, rows: &[Row]) -> Result<(), StoreError> {
        for row in rows {
            self.with(row.table, |table| {
                match &row.value {
                    Some(value) => drop(table.insert(&*row.key, &**value).map_err(failed)?),
                    None => drop(table.remove(&*row.key).map_err(failed)?),
                }
                Ok(())
            })?;
        }
        Ok(())
    }
}
