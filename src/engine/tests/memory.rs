//! Rows in maps.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::store::{Blob, Order, Pair, PlanRecord, RowKey, StoreError, Table, View};

#[derive(Default)]
pub struct Memory(BTreeMap<Table, BTreeMap<RowKey, Blob>>);

impl Memory {
    pub fn apply(&mut self, plan: &PlanRecord) {
        for row in &plan.rows {
            let table = self.0.entry(row.table).or_default();
            match &row.value {
                Some(value) => table.insert(row.key.clone(), value.clone()),
                None => table.remove(&row.key),
            };
        }
    }

    pub fn count(&self, table: Table) -> u64 {
        self.0.get(&table).map_or(0, |rows| rows.len() as u64)
    }
}

impl View for Memory {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Blob>, StoreError> {
        Ok(self.0.get(&table).and_then(|rows| rows.get(key)).cloned())
    }

    fn scan(
        &self,
        table: Table,
        start: &[u8],
        end: Option<&[u8]>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<Pair>, StoreError> {
        let Some(rows) = self.0.get(&table).filter(|_| end.is_none_or(|e| start < e)) else {
            return Ok(Vec::new());
        };
        let end = end.map_or(Bound::Unbounded, Bound::Excluded);
        let within = rows.range::<[u8], _>((Bound::Included(start), end));
        let own = |(k, v): (&RowKey, &Blob)| (k.clone(), v.clone());
        Ok(match order {
            Order::Ascending => within.take(limit).map(own).collect(),
            Order::Descending => within.rev().take(limit).map(own).collect(),
        })
    }
}
