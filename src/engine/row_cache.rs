//! The rows that deciding reads again and again (a chat's contact, conversation, ticket), as the writer last saw
//! or put them: a look-up in redb costs ten times as much.
//!
//! What always holds: a row that is held is what redb holds, the open batch included. So every plan that is
//! applied goes through [`RowCache::take`], and after any failure nothing is held.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::store::{Order, Row, StoreError, Table, View};

/// Rows of one generation; there are two, so memory is bounded by twice as many.
const GENERATION: usize = 8192;
/// Larger rows are rare and not worth their place.
const MAX_VALUE: usize = 4096;

type Rows = Vec<HashMap<Vec<u8>, Vec<u8>>>;

/// Two generations: what is used moves to the young one, the old one goes when the young one is full.
#[derive(Default)]
pub struct RowCache {
    young: Rows,
    old: Rows,
    held: usize,
}

/// Tables whose rows are read before they are changed; the others are only appended to.
fn is_read_again(table: Table) -> bool {
    use Table::*;
    matches!(
        table,
        Tickets
            | Index
            | Directory
            | Contacts
            | Addresses
            | Conversations
            | ConversationKeys
            | OpenCalls
            | CallItems
            | Counts
    )
}

fn of(rows: &mut Rows, table: Table) -> &mut HashMap<Vec<u8>, Vec<u8>> {
    let at = usize::from(table as u8);
    if rows.len() <= at {
        rows.resize_with(at + 1, HashMap::new);
    }
    &mut rows[at]
}

impl RowCache {
    fn get(&mut self, table: Table, key: &[u8]) -> Option<Vec<u8>> {
        if let Some(value) = of(&mut self.young, table).get(key) {
            return Some(value.clone());
        }
        let (key, value) = of(&mut self.old, table).remove_entry(key)?;
        self.put(table, key, value.clone());
        Some(value)
    }

    fn put(&mut self, table: Table, key: Vec<u8>, value: Vec<u8>) {
        if value.len() > MAX_VALUE {
            self.forget(table, &key);
            return;
        }
        if of(&mut self.young, table).insert(key, value).is_none() {
            self.held += 1;
        }
        if self.held > GENERATION {
            self.old = std::mem::take(&mut self.young);
            self.held = 0;
        }
    }

    fn forget(&mut self, table: Table, key: &[u8]) {
        if of(&mut self.young, table).remove(key).is_some() {
            self.held -= 1;
        }
        of(&mut self.old, table).remove(key);
    }

    /// Takes over what a plan puts and deletes, as it is applied.
    pub fn take(&mut self, rows: &[Row]) {
        for row in rows.iter().filter(|row| is_read_again(row.table)) {
            match &row.value {
                Some(value) => self.put(row.table, row.key.clone(), value.clone()),
                None => self.forget(row.table, &row.key),
            }
        }
    }

    /// Holds nothing any more: what was applied did not last.
    pub fn clear(&mut self) {
        *self = RowCache::default();
    }
}

/// The open batch, read through the cache.
pub struct CachedView<'a> {
    pub base: &'a dyn View,
    pub cache: &'a RefCell<RowCache>,
}

impl View for CachedView<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if !is_read_again(table) {
            return self.base.get(table, key);
        }
        if let Some(value) = self.cache.borrow_mut().get(table, key) {
            return Ok(Some(value));
        }
        let found = self.base.get(table, key)?;
        if let Some(value) = &found {
            self.cache.borrow_mut().put(table, key.to_vec(), value.clone());
        }
        Ok(found)
    }

    fn scan(
        &self,
        table: Table,
        start: &[u8],
        end: Option<&[u8]>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StoreError> {
        self.base.scan(table, start, end, order, limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: u64, value: Option<&[u8]>) -> Row {
        let value = value.map(<[u8]>::to_vec);
        Row { table: Table::Tickets, key: key.to_be_bytes().to_vec(), value }
    }

    #[test]
    fn a_row_is_held_as_it_was_last_put() {
        let mut cache = RowCache::default();
        cache.take(&[row(1, Some(b"a")), row(1, Some(b"b")), row(2, Some(b"c"))]);
        assert_eq!(cache.get(Table::Tickets, &1_u64.to_be_bytes()), Some(b"b".to_vec()));
        cache.take(&[row(1, None)]);
        assert_eq!(cache.get(Table::Tickets, &1_u64.to_be_bytes()), None);
        cache.clear();
        assert_eq!(cache.get(Table::Tickets, &2_u64.to_be_bytes()), None);
    }

    #[test]
    fn a_deleted_row_does_not_come_back_from_the_old_generation() {
        let mut cache = RowCache::default();
        cache.take(&[row(0, Some(b"old"))]);
        for key in 1..=GENERATION as u64 {
            cache.take(&[row(key, Some(b"x"))]);
        }
        assert_eq!(of(&mut cache.old, Table::Tickets).len(), GENERATION + 1);
        cache.take(&[row(0, None)]);
        assert_eq!(cache.get(Table::Tickets, &0_u64.to_be_bytes()), None);
    }

    #[test]
    fn memory_is_bounded_and_what_is_used_stays() {
        let mut cache = RowCache::default();
        for key in 0..5 * GENERATION as u64 {
            cache.take(&[row(key, Some(b"x"))]);
            assert!(cache.get(Table::Tickets, &0_u64.to_be_bytes()).is_some(), "{key}");
        }
        let held = |rows: &Rows| rows.iter().map(HashMap::len).sum::<usize>();
        assert!(held(&cache.young) + held(&cache.old) <= 2 * (GENERATION + 1));
    }

    #[test]
    fn a_value_too_large_is_not_left_behind_as_it_was_before() {
        let mut cache = RowCache::default();
        cache.take(&[row(1, Some(b"small"))]);
        cache.take(&[row(1, Some(&vec![0; MAX_VALUE + 1]))]);
        assert_eq!(cache.get(Table::Tickets, &1_u64.to_be_bytes()), None);
    }
}
