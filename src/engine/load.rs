//! What is read at start: the narrow table into the index, tokens, running calls, recent dedup keys.

use std::sync::Arc;

use super::index::Index;
use super::rows::{ReadError, Rows};
use super::seen::SeenWindow;
use super::shared::Shared;
use crate::domain::call::OpenCall;
use crate::domain::contact::Token;
use crate::store::codec::Record;
use crate::store::records::IndexRow;
use crate::store::seal::Seal;
use crate::store::{Order, Store, Table, View};
use crate::telemetry::metrics::Metrics;

/// Rows read at once, so that no snapshot lives long.
const CHUNK: usize = 50_000;

pub fn load(
    store: &Store,
    seal: Seal,
    seen_window: usize,
    metrics: Arc<Metrics>,
) -> Result<(Shared, SeenWindow), ReadError> {
    let reader = store.reader();
    let mut index = Index::default();
    let mut seen = SeenWindow::new(seen_window);
    let mut tokens = Vec::new();
    let mut calls = Vec::new();
    // One snapshot suffices: nobody writes yet.
    reader.read(|view| {
        Ok((|| {
            let rows = Rows { view, seal: &seal };
            each::<IndexRow>(&rows, |number, row| index.put(number, &row))?;
            each::<Token>(&rows, |_, token| tokens.push(token))?;
            each::<OpenCall>(&rows, |number, call| calls.push((number, call)))?;
            seen_keys(view, &mut seen)
        })())
    })??;
    let shared = Shared::new(reader, store.feed(), seal, metrics, index, store.last_seq());
    tokens.into_iter().for_each(|t| shared.take_token(Some(t)));
    calls.into_iter().for_each(|(number, call)| shared.take_call(number, Some(call)));
    Ok((shared, seen))
}

/// Every record of a table whose keys are numbers.
fn each<R: Record>(rows: &Rows<'_>, mut f: impl FnMut(u64, R)) -> Result<(), ReadError> {
    let mut start = Vec::new();
    loop {
        let chunk = rows.scan::<R>(&start, None, Order::Ascending, CHUNK)?;
        let Some((last, _)) = chunk.last() else { return Ok(()) };
        start = [last.as_slice(), &[0]].concat();
        for (key, record) in chunk {
            if let Ok(number) = key.try_into() {
                f(u64::from_be_bytes(number), record);
            }
        }
    }
}

/// The newest dedup keys, oldest of them first, as many as the window holds.
fn seen_keys(view: &dyn View, seen: &mut SeenWindow) -> Result<(), ReadError> {
    let mut start = Vec::new();
    loop {
        let chunk = view.scan(Table::Seen, &start, None, Order::Ascending, CHUNK)?;
        let Some((last, _)) = chunk.last() else { return Ok(()) };
        start = [last.as_slice(), &[0]].concat();
        for (key, _) in &chunk {
            insert(seen, key);
        }
    }
}

/// Adds the key of a row of table Seen.
pub fn insert(seen: &mut SeenWindow, key: &[u8]) {
    if let Some((day, hash)) = key.split_first_chunk::<4>()
        && let Ok(hash) = hash.try_into()
    {
        seen.insert(u32::from_be_bytes(*day), hash);
    }
}
