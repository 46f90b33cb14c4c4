//! The open write batch: plans go in, later commands see what earlier ones did.
//!
//! A plan is refused before its first row is put, or goes in wholly. If a read fails, the whole batch is lost
//! and says so from then on: what was decided may rest on what was not read.

use std::cell::RefCell;

use foldhash::HashMap;

use super::changes::Changes;
use super::epoch::is_own;
use super::error::StoreError;
use super::journal::format::BATCH_HEADER;
use super::plain::Plain;
use super::plan::{Blob, MAX_PLAN, PlanRecord, Row};
use super::reader::{Order, Pair, Snapshot, View};
use super::row_key::RowKey;
use super::stamp::STAMP;
use super::tables::Table;
use super::unlock::MARK;
use crate::domain::time::Micros;

/// The rows and plans of one write.
pub struct Batch {
    changes: Changes,
    below: Snapshot,
    known: RefCell<Known>,
    plans: Vec<PlanRecord>,
    record: Vec<u8>,
    max_record: usize,
    first_seq: u64,
    next_seq: u64,
    row_count: u64,
    latest: Micros,
    steady: Option<Micros>,
    failed: RefCell<Option<StoreError>>,
    may_use_reserve: bool,
}

/// What a batch came to.
pub struct Decided {
    pub changes: Changes,
    pub known: Known,
    pub plans: Vec<PlanRecord>,
    /// Room for the batch's header, then the encoded plans.
    pub record: Vec<u8>,
    pub first_seq: u64,
    pub next_seq: u64,
    pub row_count: u64,
    pub latest: Micros,
    pub may_use_reserve: bool,
}

impl Batch {
    /// `record` is a buffer to use again.
    pub(super) fn new(
        below: Snapshot,
        known: Known,
        mut record: Vec<u8>,
        max_record: usize,
        first_seq: u64,
    ) -> Batch {
        record.clear();
        record.resize(BATCH_HEADER, 0);
        Batch {
            changes: Changes::default(),
            below,
            known: RefCell::new(known),
            plans: Vec::new(),
            record,
            max_record,
            first_seq,
            next_seq: first_seq,
            row_count: 0,
            latest: Micros(i64::MIN),
            steady: None,
            failed: RefCell::default(),
            may_use_reserve: false,
        }
    }

    /// Puts a plan's rows and numbers its events. `PlanTooLarge`, `BatchFull` and `ReservedKey` leave the batch
    /// as it was; after any other error the batch will not be written.
    pub fn apply(&mut self, plan: PlanRecord) -> Result<(), StoreError> {
        if let Some(error) = &*self.failed.borrow() {
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
        let own = |row: &&Row| {
            is_own(row.table, &row.key)
                || row.table == Table::Meta && [STAMP, MARK].contains(&&*row.key)
        };
        if let Some(row) = plan.rows.iter().find(own) {
            let key = String::from_utf8_lossy(&row.key).into_owned();
            return Err(StoreError::ReservedKey { table: row.table, key });
        }
        plan.encode(&mut self.record);
        let known = self.known.get_mut();
        for row in &plan.rows {
            known.follow(row);
            self.changes.put(row.table, row.key.clone(), row.value.clone());
        }
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

    /// The feed's age is counted by this time, instead of the plans' own.
    pub fn count_by(&mut self, steady: Micros) {
        self.steady = Some(steady);
    }

    /// For commands that free space: the batch may use the disk's reserve.
    pub fn use_reserve(&mut self) {
        self.may_use_reserve = true;
    }

    /// Ends the batch; the error if a read failed it.
    pub(super) fn finish(self) -> Result<Decided, StoreError> {
        if let Some(error) = self.failed.into_inner() {
            return Err(error);
        }
        Ok(Decided {
            changes: self.changes,
            known: self.known.into_inner(),
            plans: self.plans,
            record: self.record,
            first_seq: self.first_seq,
            next_seq: self.next_seq,
            row_count: self.row_count,
            latest: self.steady.unwrap_or(self.latest),
            may_use_reserve: self.may_use_reserve,
        })
    }

    fn note<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error) = &result {
            *self.failed.borrow_mut() = Some(error.clone());
        }
        result
    }
}

impl View for Batch {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Blob>, StoreError> {
        if let Some(value) = self.known.borrow().get(table, key) {
            return Ok(value.clone());
        }
        let value = match self.changes.get(table, key).or_else(|| self.below.held(table, key)) {
            Some(value) => value.clone(),
            None => self.note(self.below.get_below(table, key))?,
        };
        self.known.borrow_mut().put(table, key, value.clone());
        Ok(value)
    }

    fn scan(
        &self,
        table: Table,
        start: &[u8],
        end: Option<&[u8]>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<Pair>, StoreError> {
        self.note(self.below.scan_under(&self.changes, table, (start, end), order, limit))
    }

    fn plain(&self, sealed: &Blob) -> Option<Blob> {
        self.known.borrow().plain.get(sealed)
    }

    fn note_plain(&self, sealed: &Blob, plain: &[u8]) {
        self.known.borrow_mut().plain.put(sealed, plain);
    }
}

/// What the writer has read lately, as its own batches have left it since: nobody else writes. It goes with a batch
/// that was not written.
#[derive(Default)]
pub struct Known {
    tables: Vec<HashMap<RowKey, Option<Blob>>>,
    count: usize,
    plain: Plain,
}

impl Known {
    /// Answers held at most; then they are asked for again.
    const MOST: usize = 16 * 1024;
    /// Larger values are rare and not worth their place.
    const MAX_VALUE: usize = 4096;

    fn get(&self, table: Table, key: &[u8]) -> Option<&Option<Blob>> {
        self.tables.get(usize::from(table as u8))?.get(key)
    }

    /// Takes over a change of what is known.
    fn follow(&mut self, row: &Row) {
        let Some(known) = self.tables.get_mut(usize::from(row.table as u8)) else { return };
        if Known::is_large(row.value.as_ref()) {
            self.count -= usize::from(known.remove(&row.key).is_some());
        } else if let Some(value) = known.get_mut(&row.key) {
            value.clone_from(&row.value);
        }
    }

    fn is_large(value: Option<&Blob>) -> bool {
        value.is_some_and(|value| value.len() > Known::MAX_VALUE)
    }

    fn put(&mut self, table: Table, key: &[u8], value: Option<Blob>) {
        if Known::is_large(value.as_ref()) {
            return;
        }
        if self.count >= Known::MOST {
            self.clear();
        }
        let at = usize::from(table as u8);
        if self.tables.len() <= at {
            self.tables.resize_with(at + 1, HashMap::default);
        }
        self.count += usize::from(self.tables[at].insert(key.into(), value).is_none());
    }

    pub fn clear(&mut self) {
        *self = Known { plain: std::mem::take(&mut self.plain), ..Known::default() };
    }

    /// Nothing is known any more of what is in sealed values: some of their keys are destroyed.
    pub fn forget_plain(&mut self) {
        self.plain = Plain::default();
    }
}
