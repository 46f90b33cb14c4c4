//! Rows put and deleted, of each key the last word; and the merging of several such, and a table below them,
//! into one.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::ops::Bound;

use super::error::StoreError;
use super::plan::{Blob, Row};
use super::reader::{Order, Pair};
use super::row_key::RowKey;
use super::tables::Table;

type Rows = BTreeMap<RowKey, Option<Blob>>;
/// A key with what was put there, or that it was deleted.
type Change = (RowKey, Option<Blob>);

/// What has been put (`Some`) and deleted (`None`).
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// By table; a command touches a dozen of them.
    tables: Vec<(Table, Rows)>,
    /// Keys in all tables.
    count: usize,
}

impl Changes {
    fn place(&self, table: Table) -> Result<usize, usize> {
        self.tables.binary_search_by_key(&(table as u8), |(known, _)| *known as u8)
    }

    fn of(&self, table: Table) -> Option<&Rows> {
        self.place(table).ok().map(|at| &self.tables[at].1)
    }

    fn of_mut(&mut self, table: Table) -> &mut Rows {
        let at = self.place(table).unwrap_or_else(|at| {
            self.tables.insert(at, (table, Rows::new()));
            at
        });
        &mut self.tables[at].1
    }

    /// The last word on a key; `None` when there is none here.
    pub fn get(&self, table: Table, key: &[u8]) -> Option<&Option<Blob>> {
        self.of(table)?.get(key)
    }

    /// Gives what was said of the key before.
    pub fn put(&mut self, table: Table, key: RowKey, value: Option<Blob>) -> Option<Option<Blob>> {
        let before = self.of_mut(table).insert(key, value);
        self.count += usize::from(before.is_none());
        before
    }

    /// Has nothing to say of a key any more.
    pub fn forget(&mut self, table: Table, key: &[u8]) {
        let known = self.of_mut(table).remove(key);
        self.count -= usize::from(known.is_some());
    }

    /// Takes over later changes: the fewer go to the more.
    pub fn pour(&mut self, later: Changes) {
        for (table, mut rows) in later.tables {
            let own = self.of_mut(table);
            let before = own.len();
            if rows.len() > before {
                std::mem::swap(own, &mut rows);
                for (key, older) in rows {
                    own.entry(key).or_insert(older);
                }
            } else {
                own.extend(rows);
            }
            self.count += self.of_mut(table).len() - before;
        }
    }

    /// How many keys of a table it has a word on.
    pub fn count(&self, table: Table) -> u64 {
        self.of(table).map_or(0, |rows| rows.len() as u64)
    }

    /// How many keys it has a word on.
    pub fn len(&self) -> usize {
        self.count
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// As rows, by table and key.
    pub fn into_rows(self) -> Vec<Row> {
        let mut rows = Vec::with_capacity(self.count);
        for (table, of) in self.tables {
            rows.extend(of.into_iter().map(|(key, value)| Row { table, key, value }));
        }
        rows
    }
}

/// The rows of one layer within the bounds.
type Layer<'a> = Peekable<Box<dyn Iterator<Item = (&'a RowKey, &'a Option<Blob>)> + 'a>>;

/// The changes of several layers in a table, in order; of each key the word of the newest layer that has one.
pub struct Merge<'a> {
    layers: Vec<Layer<'a>>,
    order: Order,
}

/// Where a scan begins and ends.
pub type Bounds<'k> = (Bound<&'k [u8]>, Bound<&'k [u8]>);

/// The bounds of a scan; `None` when nothing can lie between them.
pub fn bounds<'k>(start: &'k [u8], end: Option<&'k [u8]>) -> Option<Bounds<'k>> {
    let nothing = end.is_some_and(|end| end <= start);
    (!nothing).then(|| (Bound::Included(start), end.map_or(Bound::Unbounded, Bound::Excluded)))
}

impl<'a> Merge<'a> {
    /// `layers`: the newest first.
    pub fn new(
        layers: impl Iterator<Item = &'a Changes>,
        table: Table,
        bounds: Bounds<'_>,
        order: Order,
    ) -> Merge<'a> {
        let range = |rows: &'a Rows| -> Layer<'a> {
            let range = rows.range::<[u8], _>(bounds);
            let rows: Box<dyn Iterator<Item = _>> = match order {
                Order::Ascending => Box::new(range),
                Order::Descending => Box::new(range.rev()),
            };
            rows.peekable()
        };
        let mut layers: Vec<Layer<'a>> = layers.filter_map(|c| c.of(table)).map(range).collect();
        layers.retain_mut(|layer| layer.peek().is_some());
        Merge { layers, order }
    }

    /// Whether `key` is before `other` in the order of the scan.
    fn is_before(&self, key: &RowKey, other: &RowKey) -> bool {
        match self.order {
            Order::Ascending => key < other,
            Order::Descending => key > other,
        }
    }

    fn first(&mut self) -> Option<&'a RowKey> {
        let heads = self.layers.iter_mut().filter_map(|layer| layer.peek().map(|(key, _)| *key));
        match self.order {
            Order::Ascending => heads.min(),
            Order::Descending => heads.max(),
        }
    }

    /// At most `limit` rows of these layers over the rows of `base`.
    pub fn over(
        mut self,
        base: impl Iterator<Item = Result<Pair, StoreError>>,
        limit: usize,
    ) -> Result<Vec<Pair>, StoreError> {
        let mut pairs = Vec::new();
        let mut base = base.peekable();
        while pairs.len() < limit {
            let below = match base.peek() {
                Some(Ok((key, _))) => Some(key),
                Some(Err(error)) => return Err(error.clone()),
                None => None,
            };
            let ours = match (self.first(), below) {
                (None, None) => break,
                (Some(ours), Some(below)) if ours == below => {
                    base.next();
                    true
                }
                (Some(ours), Some(below)) => self.is_before(ours, below),
                (ours, _) => ours.is_some(),
            };
            if ours {
                if let Some((key, Some(value))) = self.next() {
                    pairs.push((key, value));
                }
            } else if let Some(row) = base.next() {
                pairs.push(row?);
            }
        }
        Ok(pairs)
    }
}

impl Iterator for Merge<'_> {
    type Item = Change;

    /// The next key and its last word, deletions included.
    fn next(&mut self) -> Option<Change> {
        let first = self.first()?;
        let mut change = None;
        for layer in &mut self.layers {
            if let Some((key, value)) = layer.next_if(|(key, _)| *key == first) {
                change.get_or_insert_with(|| (key.clone(), value.clone()));
            }
        }
        change
    }
}
