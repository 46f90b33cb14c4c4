//! The window of dedup keys ([`SeenWindow`]) beside the rows: filled after the start, which does not wait for it.

use super::seen::SeenWindow;
use crate::store::{Order, Reader, Row, RowKey, StoreError, Table, View};

/// The tables whose keys are held in the window.
pub const WINDOWED: [Table; 3] = [Table::Seen, Table::Early, Table::Unclaimed];

/// Rows read at once, so that no snapshot lives long.
const CHUNK: usize = 4096;

pub struct Window {
    seen: SeenWindow,
    filled: Filled,
}

/// How far the window holds what it is to hold; before it does, each message is looked up in the rows.
enum Filled {
    Partly(Keys),
    Wholly,
    /// The rows could not be read.
    Never,
}

/// The keys that were there at start, newest first.
#[derive(Default)]
struct Keys {
    table: usize,
    /// From here on they were taken.
    end: Option<RowKey>,
}

impl Window {
    pub fn new(limit: usize) -> Window {
        Window { seen: SeenWindow::new(limit), filled: Filled::Partly(Keys::default()) }
    }

    /// Takes some more of the keys that were there at start.
    pub fn fill(&mut self, reader: &Reader) {
        if self.is_filling()
            && let Err(error) = reader.read(|view| self.take(view))
        {
            tracing::warn!(%error, "the ids of recent messages could not be read; each message is looked up");
            self.filled = Filled::Never;
        }
    }

    /// The same out of rows that nobody changes meanwhile.
    pub fn take(&mut self, view: &dyn View) -> Result<(), StoreError> {
        if let Filled::Partly(keys) = &mut self.filled
            && !keys.take(view, &mut self.seen)?
        {
            self.filled = Filled::Wholly;
        }
        Ok(())
    }

    pub fn is_filling(&self) -> bool {
        matches!(self.filled, Filled::Partly(_))
    }

    /// The window, once it can be asked.
    pub fn whole(&self) -> Option<&SeenWindow> {
        matches!(self.filled, Filled::Wholly).then_some(&self.seen)
    }

    /// Adds the key of a row that a plan puts.
    pub fn note(&mut self, row: &Row) {
        if WINDOWED.contains(&row.table) && row.value.is_some() {
            insert(&mut self.seen, &row.key);
        }
    }

    pub fn forget_before(&mut self, day: u32) {
        self.seen.forget_before(day);
    }
}

impl Keys {
    /// Takes the next ones, of days that are held; false when there are no more.
    fn take(&mut self, view: &dyn View, seen: &mut SeenWindow) -> Result<bool, StoreError> {
        let Some(table) = WINDOWED.get(self.table) else { return Ok(false) };
        let chunk = view.scan(*table, &[], self.end.as_deref(), Order::Descending, CHUNK)?;
        let is_held = chunk.iter().all(|(key, _)| insert(seen, key));
        self.end = chunk.into_iter().last().map(|(key, _)| key).filter(|_| is_held);
        self.table += usize::from(self.end.is_none());
        Ok(true)
    }
}

/// Adds the key of a row of one of these tables; false if its day is not held.
pub fn insert(seen: &mut SeenWindow, key: &[u8]) -> bool {
    let parts = key.split_first_chunk::<4>().map(|(day, hash)| (day, hash.try_into()));
    match parts {
        Some((day, Ok(hash))) => seen.insert(u32::from_be_bytes(*day), hash),
        // No key that anybody asks for.
        _ => true,
    }
}
