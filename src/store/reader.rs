//! Reading rows: what a view is, and snapshots for everybody.
//!
//! A snapshot is the recent rows in memory over redb as the last checkpoint left it. One transaction of redb
//! serves everybody until the next checkpoint.

use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use redb::{ReadOnlyTable, ReadTransaction, ReadableDatabase, ReadableTableMetadata, TableError};

use super::changes::{Changes, Merge, bounds};
use super::database::{Instance, Raw, definition, failed, guarded};
use super::error::StoreError;
use super::plan::Blob;
use super::recent::Recent;
use super::row_key::RowKey;
use super::tables::Table;

/// The order of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Ascending,
    Descending,
}

/// A key and its value.
pub type Pair = (RowKey, Blob);

/// Reading rows: the open write batch (which sees what was applied before in the batch) and snapshots.
pub trait View {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Blob>, StoreError>;

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

    /// What is in a sealed value that this view gave, if it is known without opening it.
    fn plain(&self, _sealed: &Blob) -> Option<Blob> {
        None
    }

    /// Takes note of what is in a sealed value.
    fn note_plain(&self, _sealed: &Blob, _plain: &[u8]) {}
}

/// redb as a checkpoint left it.
pub(super) struct Base {
    /// Opened when first used; none for a table that nobody had written to.
    tables: [OnceLock<Option<ReadOnlyTable<Raw, Raw>>>; Table::NUMBERS],
    transaction: ReadTransaction,
    /// Dropped last: closing it waits for nobody.
    _instance: Arc<Instance>,
}

impl Base {
    pub fn of(instance: &Arc<Instance>) -> Result<Base, StoreError> {
        let transaction = guarded(|| instance.redb()?.begin_read().map_err(failed))?;
        let tables = std::array::from_fn(|_| OnceLock::new());
        Ok(Base { tables, transaction, _instance: Arc::clone(instance) })
    }

    fn table(&self, table: Table) -> Result<Option<&ReadOnlyTable<Raw, Raw>>, StoreError> {
        let place = &self.tables[usize::from(table as u8)];
        if let Some(opened) = place.get() {
            return Ok(opened.as_ref());
        }
        let opened = guarded(|| match self.transaction.open_table(definition(table)) {
            Ok(opened) => Ok(Some(opened)),
            Err(TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(failed(error)),
        })?;
        Ok(place.get_or_init(|| opened).as_ref())
    }

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Blob>, StoreError> {
        let Some(rows) = self.table(table)? else { return Ok(None) };
        guarded(|| Ok(rows.get(key).map_err(failed)?.map(|value| value.value().into())))
    }
}

/// What everybody sees: rows that redb has not taken yet over those it has.
pub struct Snapshot {
    recent: Recent,
    settling: Recent,
    position: (u64, u64),
    base: Arc<Base>,
}

impl Snapshot {
    /// What is held in memory, the newest first.
    fn layers(&self) -> impl Iterator<Item = &Changes> {
        self.recent.layers().chain(self.settling.layers())
    }

    /// What memory says of a key; `None` when only redb knows.
    pub(super) fn held(&self, table: Table, key: &[u8]) -> Option<&Option<Blob>> {
        self.recent.get(table, key).or_else(|| self.settling.get(table, key))
    }

    pub(super) fn get_below(&self, table: Table, key: &[u8]) -> Result<Option<Blob>, StoreError> {
        self.base.get(table, key)
    }

    /// The last batch and sequence number that this snapshot has; (0, 0) in a new store.
    pub(super) fn position(&self) -> (u64, u64) {
        self.position
    }

    /// About how many rows a table has: what was put since the last checkpoint is counted anew.
    pub fn count(&self, table: Table) -> Result<u64, StoreError> {
        let below = match self.base.table(table)? {
            Some(rows) => guarded(|| rows.len().map_err(failed))?,
            None => 0,
        };
        Ok(self.layers().map(|changes| changes.count(table)).sum::<u64>() + below)
    }

    /// Visits the rows from `start` on until there are no more or `visit` wants none; true when there are no more.
    pub(super) fn walk(
        &self,
        table: Table,
        start: &[u8],
        mut visit: impl FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<bool, StoreError> {
        const AT_ONCE: usize = 32;
        let mut start = start.to_vec();
        loop {
            let rows = self.scan(table, &start, None, Order::Ascending, AT_ONCE)?;
            if !rows.iter().all(|(key, value)| visit(key, value)) {
                return Ok(false);
            }
            match rows.last() {
                Some((last, _)) if rows.len() == AT_ONCE => start = [last, &[0][..]].concat(),
                _ => return Ok(true),
            }
        }
    }

    /// A scan of all this beneath further changes.
    pub(super) fn scan_under(
        &self,
        above: &Changes,
        table: Table,
        (start, end): (&[u8], Option<&[u8]>),
        order: Order,
        limit: usize,
    ) -> Result<Vec<Pair>, StoreError> {
        let Some(bounds) = bounds(start, end) else { return Ok(Vec::new()) };
        let changes = Merge::new([above].into_iter().chain(self.layers()), table, bounds, order);
        let Some(rows) = self.base.table(table)? else {
            return changes.over(std::iter::empty(), limit);
        };
        guarded(|| {
            let mut range = rows.range::<&[u8]>(bounds).map_err(failed)?;
            let base = std::iter::from_fn(|| {
                let row = match order {
                    Order::Ascending => range.next(),
                    Order::Descending => range.next_back(),
                };
                let pair = |row: Result<(redb::AccessGuard<'_, Raw>, _), _>| {
                    let (key, value): (_, redb::AccessGuard<'_, Raw>) = row.map_err(failed)?;
                    Ok((key.value().into(), value.value().into()))
                };
                row.map(pair)
            });
            changes.over(base, limit)
        })
    }
}

impl View for Snapshot {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Blob>, StoreError> {
        match self.held(table, key) {
            Some(value) => Ok(value.clone()),
            None => self.get_below(table, key),
        }
    }

    fn scan(
        &self,
        table: Table,
        start: &[u8],
        end: Option<&[u8]>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<Pair>, StoreError> {
        self.scan_under(&Changes::default(), table, (start, end), order, limit)
    }
}

/// What snapshots are taken of. The rows outlive a redb that is reopened.
pub(super) struct State {
    /// Since the last checkpoint was begun.
    pub recent: Recent,
    /// What a checkpoint is writing into redb.
    pub settling: Recent,
    /// The last batch and sequence number in all this.
    pub position: (u64, u64),
    /// Or why there is none.
    pub base: Result<Arc<Base>, StoreError>,
}

impl State {
    pub fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let base = Arc::clone(self.base.as_ref().map_err(Clone::clone)?);
        let (recent, settling) = (self.recent.clone(), self.settling.clone());
        Ok(Snapshot { recent, settling, position: self.position, base })
    }
}

/// The state, shared by the writer and everybody who reads.
pub(super) struct Current(RwLock<State>);

impl Current {
    pub fn of(instance: &Arc<Instance>, position: (u64, u64)) -> Result<Arc<Current>, StoreError> {
        let base = Ok(Arc::new(Base::of(instance)?));
        let (recent, settling) = (Recent::default(), Recent::default());
        let state = State { recent, settling, position, base };
        Ok(Arc::new(Current(RwLock::new(state))))
    }

    pub fn read(&self) -> RwLockReadGuard<'_, State> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives snapshots; cheap to clone.
#[derive(Clone)]
pub struct Reader {
    current: Arc<Current>,
}

impl Reader {
    pub(super) fn new(current: Arc<Current>) -> Reader {
        Reader { current }
    }

    /// Reads from the state as it is now. Keep it short, at most a second: pages and rows a snapshot sees are not
    /// freed. While the store is reopened after an error this waits, and a snapshot from before fails.
    pub fn read<R>(
        &self,
        work: impl FnOnce(&Snapshot) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        let snapshot = self.current.read().snapshot()?;
        work(&snapshot)
    }
}
