//! The open write batch: plans go in, later commands see what earlier ones did.
//!
//! A plan is refused before its first row is put, or goes in wholly. If redb fails while rows are put, the
//! whole batch is lost and says so from then on.

use std::cell::RefCell;
use std::collections::BTreeMap;

use redb::WriteTransaction;

use super::database::{APPLIED, Bytes, definition, encode_applied, failed, guarded};
use super::epoch::is_own;
use super::error::StoreError;
use super::journal::format::BATCH_HEADER;
use super::plan::{MAX_PLAN, PlanRecord, Row};
use super::reader::{Order, Pair, View, get_from, scan_from};
use super::tables::Table;
use crate::domain::time::Micros;

type Tables<'t> = BTreeMap<Table, redb::Table<'t, Bytes, Bytes>>;

/// The rows and plans of one write.
pub struct Batch<'t> {
    rows: Rows<'t>,
    plans: Vec<PlanRecord>,
    record: Vec<u8>,
    max_record: usize,
    first_seq: u64,
    next_seq: u64,
    row_count: u64,
    latest: Micros,
    failed: Option<StoreError>,
    may_use_reserve: bool,
}

/// What a batch came to.
pub struct Decided {
    pub plans: Vec<PlanRecord>,
    /// Room for the batch's header, then the encoded plans.
    pub record: Vec<u8>,
    pub first_seq: u64,
    pub next_seq: u64,
    pub row_count: u64,
    pub latest: Micros,
    pub may_use_reserve: bool,
}

impl<'t> Batch<'t> {
    /// `record` is a buffer to use again.
    pub(super) fn new(
        transaction: &'t WriteTransaction,
        mut record: Vec<u8>,
        max_record: usize,
        first_seq: u64,
    ) -> Batch<'t> {
        record.clear();
        record.resize(BATCH_HEADER, 0);
        Batch {
            rows: Rows::new(transaction),
            plans: Vec::new(),
            record,
            max_record,
            first_seq,
            next_seq: first_seq,
            row_count: 0,
            latest: Micros(i64::MIN),
            failed: None,
            may_use_reserve: false,
        }
    }

    /// Puts a plan's rows and numbers its events. `PlanTooLarge`, `BatchFull` and `ReservedKey` leave the batch
    /// as it was; after any other error the batch will not be written.
    pub fn apply(&mut self, plan: PlanRecord) -> Result<(), StoreError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let limit = MAX_PLAN.min(self.max_record - BATCH_HEADER);
        let size = plan.size_bound();
        if size > limit {
            return Err(StoreError::PlanTooLarge { bytes: size, limit });
        }
        if !self.fits(&plan) {
            let bytes = self.record.len() + size;
            return Err(StoreError::BatchFull { bytes, limit: self.max_record });
        }
        if let Some(row) = plan.rows.iter().find(|row| is_own(row.table, &row.key)) {
            let key = String::from_utf8_lossy(&row.key).into_owned();
            return Err(StoreError::ReservedKey { table: row.table, key });
        }
        if let Err(error) = self.rows.put(&plan.rows) {
            self.failed = Some(error.clone());
            return Err(error);
        }
        plan.encode(&mut self.record);
        self.row_count += plan.rows.len() as u64;
        self.next_seq += plan.events.len() as u64;
        self.latest = self.latest.max(plan.at);
        self.plans.push(plan);
        Ok(())
    }

    /// Whether there is room for the plan; a batch that stays below half a segment takes any plan.
    pub fn fits(&self, plan: &PlanRecord) -> bool {
        self.record.len() + plan.size_bound() <= self.max_record
    }

    /// Bytes of the batch so far.
    pub fn bytes(&self) -> usize {
        self.record.len()
    }

    /// The number the next applied event gets.
    pub fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// For commands that free space: the batch may use the disk's reserve.
    pub fn use_reserve(&mut self) {
        self.may_use_reserve = true;
    }

    /// Ends the batch as the one with this number; the error if redb failed it.
    pub(super) fn finish(self, number: u64) -> Result<Decided, StoreError> {
        if let Some(error) = self.failed.or_else(|| self.rows.failed.take()) {
            return Err(error);
        }
        if !self.plans.is_empty() {
            self.rows.put_applied((number, self.next_seq - 1))?;
        }
        Ok(Decided {
            plans: self.plans,
            record: self.record,
            first_seq: self.first_seq,
            next_seq: self.next_seq,
            row_count: self.row_count,
            latest: self.latest,
            may_use_reserve: self.may_use_reserve,
        })
    }
}

impl View for Batch<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.rows.read(table, |rows| get_from(rows, key))
    }

    fn scan(
        &self,
        table: Table,
        start: &[u8],
        end: Option<&[u8]>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<Pair>, StoreError> {
        self.rows.read(table, |rows| scan_from(rows, start, end, order, limit))
    }
}

/// The tables of a write transaction, each opened once, when first used.
pub(super) struct Rows<'t> {
    transaction: &'t WriteTransaction,
    tables: RefCell<Tables<'t>>,
    /// A read failed: redb refuses everything from then on.
    failed: RefCell<Option<StoreError>>,
}

impl<'t> Rows<'t> {
    pub fn new(transaction: &'t WriteTransaction) -> Rows<'t> {
        Rows { transaction, tables: RefCell::default(), failed: RefCell::default() }
    }

    fn with<R>(
        &self,
        table: Table,
        work: impl FnOnce(&mut redb::Table<'t, Bytes, Bytes>) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        let mut tables = self.tables.borrow_mut();
        let opened = match tables.get_mut(&table) {
            Some(opened) => opened,
            None => {
                let opened =
                    guarded(|| self.transaction.open_table(definition(table)).map_err(failed))?;
                tables.entry(table).or_insert(opened)
            }
        };
        work(opened)
    }

    fn read<R>(
        &self,
        table: Table,
        work: impl FnOnce(&redb::Table<'t, Bytes, Bytes>) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        let result = self.with(table, |rows| work(rows));
        if let Err(error) = &result {
            *self.failed.borrow_mut() = Some(error.clone());
        }
        result
    }

    /// Puts and deletes rows, in order.
    pub fn put(&self, rows: &[Row]) -> Result<(), StoreError> {
        for row in rows {
            let key = row.key.as_slice();
            self.with(row.table, |table| {
                guarded(|| {
                    match &row.value {
                        Some(value) => drop(table.insert(key, value.as_slice()).map_err(failed)?),
                        None => drop(table.remove(key).map_err(failed)?),
                    }
                    Ok(())
                })
            })?;
        }
        Ok(())
    }

    /// Notes the last batch and sequence number applied.
    pub fn put_applied(&self, applied: (u64, u64)) -> Result<(), StoreError> {
        self.put(&[Row {
            table: Table::Meta,
            key: APPLIED.to_vec(),
            value: Some(encode_applied(applied).to_vec()),
        }])
    }
}
