//! Reading rows: what a view is, and MVCC snapshots for everybody but the writer.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock};

use redb::{
    ReadOnlyTable, ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata,
    TableError,
};

use super::database::{APPLIED, Bytes, Current, decode_applied, definition, failed, guarded};
use super::error::StoreError;
use super::tables::Table;

/// The order of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Ascending,
    Descending,
}

/// A key and its value.
pub type Pair = (Vec<u8>, Vec<u8>);

/// Reading rows: the open write batch (which sees what was applied before in the batch) and snapshots.
pub trait View {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// At most `limit` rows with `start <= key`, and `key < end` unless that is the end of the table;
    /// descending ones begin at the end.
    fn scan(
        &self,
        table: Table,
        start: &[u8],
        end: Option<&[u8]>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<Pair>, StoreError>;
}

pub(super) fn get_from(
    table: &impl ReadableTable<Bytes, Bytes>,
    key: &[u8],
) -> Result<Option<Vec<u8>>, StoreError> {
    guarded(|| Ok(table.get(key).map_err(failed)?.map(|value| value.value().to_vec())))
}

pub(super) fn scan_from(
    table: &impl ReadableTable<Bytes, Bytes>,
    start: &[u8],
    end: Option<&[u8]>,
    order: Order,
    limit: usize,
) -> Result<Vec<Pair>, StoreError> {
    if end.is_some_and(|end| end <= start) {
        return Ok(Vec::new());
    }
    guarded(|| {
        let bounds = (Bound::Included(start), end.map_or(Bound::Unbounded, Bound::Excluded));
        let mut rows = table.range::<&[u8]>(bounds).map_err(failed)?;
        let mut pairs = Vec::new();
        while pairs.len() < limit {
            let row = match order {
                Order::Ascending => rows.next(),
                Order::Descending => rows.next_back(),
            };
            let Some(row) = row else { break };
            let (key, value) = row.map_err(failed)?;
            pairs.push((key.value().to_vec(), value.value().to_vec()));
        }
        Ok(pairs)
    })
}

/// Gives snapshots; cheap to clone.
#[derive(Clone, Debug)]
pub struct Reader {
    current: Arc<RwLock<Current>>,
}

impl Reader {
    pub(super) fn new(current: Arc<RwLock<Current>>) -> Reader {
        Reader { current }
    }

    /// Reads from the state as it is now. Keep it short, at most a second: pages a snapshot sees are not freed.
    /// While the store is reopened after an error this waits, and a snapshot from before fails.
    pub fn read<R>(
        &self,
        work: impl FnOnce(&Snapshot) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        let instance = self.current.read().unwrap_or_else(PoisonError::into_inner).clone()?;
        let transaction = guarded(|| instance.redb()?.begin_read().map_err(failed))?;
        work(&Snapshot { transaction, tables: RefCell::default() })
    }
}

/// The rows as they were when it was taken.
pub struct Snapshot {
    transaction: ReadTransaction,
    /// Opened when first used; none for a table that nobody has written to yet.
    tables: RefCell<BTreeMap<Table, Option<ReadOnlyTable<Bytes, Bytes>>>>,
}

impl Snapshot {
    fn with<R: Default>(
        &self,
        table: Table,
        work: impl FnOnce(&ReadOnlyTable<Bytes, Bytes>) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        let mut tables = self.tables.borrow_mut();
        let opened = match tables.get(&table) {
            Some(opened) => opened,
            None => {
                let opened = guarded(|| match self.transaction.open_table(definition(table)) {
                    Ok(opened) => Ok(Some(opened)),
                    Err(TableError::TableDoesNotExist(_)) => Ok(None),
                    Err(error) => Err(failed(error)),
                })?;
                tables.entry(table).or_insert(opened)
            }
        };
        opened.as_ref().map_or_else(|| Ok(R::default()), work)
    }
}

impl Snapshot {
    /// The last batch and sequence number that this snapshot has; (0, 0) in a new store.
    pub(super) fn applied(&self) -> Result<(u64, u64), StoreError> {
        self.get(Table::Meta, APPLIED)?.map_or(Ok((0, 0)), |value| decode_applied(&value))
    }

    /// How many rows a table has.
    pub fn count(&self, table: Table) -> Result<u64, StoreError> {
        self.with(table, |rows| guarded(|| rows.len().map_err(failed)))
    }

    /// Visits the rows from `start` on until there are no more or `visit` wants none; true when there are no more.
    pub(super) fn walk(
        &self,
        table: Table,
        start: &[u8],
        mut visit: impl FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<bool, StoreError> {
        let more = self.with(table, |rows| {
            guarded(|| {
                for row in rows.range::<&[u8]>(start..).map_err(failed)? {
                    let (key, value) = row.map_err(failed)?;
                    if !visit(key.value(), value.value()) {
                        return Ok(true);
                    }
                }
                Ok(false)
            })
        })?;
        Ok(!more)
    }
}

impl View for Snapshot {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.with(table, |rows| get_from(rows, key))
    }

    fn scan(
        &self,
        table: Table,
        start: &[u8],
        end: Option<&[u8]>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<Pair>, StoreError> {
        self.with(table, |rows| scan_from(rows, start, end, order, limit))
    }
}
