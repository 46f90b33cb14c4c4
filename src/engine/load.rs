//! What is read at start, and after a failure that left memory behind the disk: the index, from its stored blocks and
//! otherwise from the rows of each ticket, tokens, running calls; then, beside the work, recent dedup keys.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::audit::refusals::Refusals;
use super::index::{Behind, Index, StoredBlock};
use super::outbox::Place;
use super::rows::{ReadError, Rows, key};
use super::search::{Search, Settings};
use super::shared::{Shared, Steady};
use super::ticket_cache::TicketCache;
use crate::domain::agent::Agent;
use crate::domain::call::OpenCall;
use crate::domain::category::Category;
use crate::domain::contact::Token;
use crate::domain::figures::TicketFigures;
use crate::domain::outbound::Outbound;
use crate::domain::presence::{Presence, Workload};
use crate::domain::rule::SlaStanding;
use crate::domain::session::Session;
use crate::domain::webhook::Webhook;
use crate::store::codec::Record;
use crate::store::owner::Owner;
use crate::store::records::{Doomed, IndexRow, OWED, RewriteOwed};
use crate::store::seal::Seal;
use crate::store::{Order, Reader, RowKey, Store, Table};
use crate::telemetry::metrics::Metrics;

/// Rows read at once, so that no snapshot lives long.
const CHUNK: usize = 4096;

/// Blocks of the index that are read ahead.
const BLOCKS_AHEAD: usize = 2;

/// What is held in memory of the rows.
#[derive(Default)]
pub struct Held {
    pub index: Index,
    pub tokens: Vec<Token>,
    pub agents: Vec<Agent>,
    pub sessions: Vec<Session>,
    pub presences: Vec<(u64, Presence)>,
    pub workloads: Vec<(u64, Workload)>,
    pub calls: Vec<(u64, OpenCall)>,
    pub outbox: Vec<(Place, Outbound)>,
    pub webhooks: Vec<(u64, Webhook)>,
    pub categories: BTreeMap<String, Category>,
    /// Owners whose keys are still to be destroyed.
    pub doomed: Vec<Owner>,
    pub owes_rewrite: bool,
}

pub fn load(
    store: &Store,
    seal: Seal,
    (search, shown): (Settings, usize),
    steady: Steady,
    (metrics, refusals): (Arc<Metrics>, Refusals),
) -> Result<Shared, ReadError> {
    let reader = store.reader();
    let held = held(&reader, &seal)?;
    let feed = (store.feed(), store.feed_epoch().to_owned());
    let held_of = (refusals, Search::new(search), TicketCache::within(shown));
    let shared = Shared::new(reader, feed, seal, steady, metrics, held_of, store.last_seq());
    shared.replace(held);
    shared.set_mixed(store.is_mixed());
    shared.search.open(&shared)?;
    Ok(shared)
}

/// Reads the rows; one snapshot suffices, as nobody writes meanwhile.
pub fn held(reader: &Reader, seal: &Seal) -> Result<Held, ReadError> {
    let mut held = Held::default();
    reader.read(|view| {
        Ok((|| {
            let rows = Rows { view, seal };
            held.index = index_ahead(reader, &rows)?;
            each::<Presence>(&rows, |agent, presence| {
                held.presences.push((agent, presence));
                Ok(())
            })?;
            each::<Workload>(&rows, |agent, workload| {
                held.workloads.push((agent, workload));
                Ok(())
            })?;
            each::<Token>(&rows, |_, token| {
                held.tokens.push(token);
                Ok(())
            })?;
            each::<OpenCall>(&rows, |number, call| {
                held.calls.push((number, call));
                Ok(())
            })?;
            held.agents = rows.agents()?;
            held.sessions = rows.sessions()?;
            held.outbox = waiting(&rows)?;
            each::<Webhook>(&rows, |id, webhook| {
                held.webhooks.push((id, webhook));
                Ok(())
            })?;
            let categories = rows.scan::<Category>(&[], None, Order::Ascending, usize::MAX)?;
            held.categories = categories.into_iter().map(|(_, c)| (c.slug.clone(), c)).collect();
            let doomed = rows.scan::<Doomed>(&[], None, Order::Ascending, usize::MAX)?;
            held.doomed = doomed.iter().filter_map(|(key, _)| Owner::of_key(key)).collect();
            held.owes_rewrite = rows.get::<RewriteOwed>(OWED)?.is_some();
            Ok::<_, ReadError>(())
        })())
    })??;
    Ok(held)
}

/// A stored block by its number, or why it does not open.
type FoundBlock = Result<(u64, Result<Box<StoredBlock>, ReadError>), ReadError>;

/// The blocks that are stored, read one by one, as they are large.
fn stored_blocks<'a>(rows: &'a Rows<'a>) -> impl Iterator<Item = FoundBlock> + 'a {
    let mut start = Vec::new();
    std::iter::from_fn(move || {
        loop {
            let found = rows.view.scan(Table::IndexBlocks, &start, None, Order::Ascending, 1);
            let (row_key, value) = match found {
                Ok(mut found) => found.pop()?,
                Err(error) => return Some(Err(error.into())),
            };
            start = [&row_key[..], &[0]].concat();
            if let Ok(number) = (*row_key).try_into().map(u64::from_be_bytes) {
                return Some(Ok((number, rows.open(&row_key, &value).map(Box::new))));
            }
        }
    })
}

/// The index: blocks that are stored, and the rows of tickets that are behind these or in none.
#[cfg(test)]
pub fn index(rows: &Rows<'_>) -> Result<Index, ReadError> {
    index_of(rows, stored_blocks(rows))
}

/// The index; a second thread reads blocks from the disk ahead of those that are taken over.
fn index_ahead(reader: &Reader, rows: &Rows<'_>) -> Result<Index, ReadError> {
    let (sender, blocks) = std::sync::mpsc::sync_channel(BLOCKS_AHEAD);
    let seal = rows.seal;
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let read = reader.read(|view| {
                // Nobody listens any more once something did not do.
                let _ = stored_blocks(&Rows { view, seal }).all(|block| sender.send(block).is_ok());
                Ok(())
            });
            if let Err(error) = read {
                let _ = sender.send(Err(error.into()));
            }
        });
        index_of(rows, blocks.into_iter())
    })
}

fn index_of(rows: &Rows<'_>, blocks: impl Iterator<Item = FoundBlock>) -> Result<Index, ReadError> {
    let mut index = Index::default();
    let mut stored = Vec::new();
    for block in blocks {
        let (number, block) = block?;
        if block.as_ref().is_ok_and(|block| index.take_block(number, block)) {
            stored.push(number);
        } else {
            let error = block.err();
            tracing::warn!(number, ?error, "a stored block of the index is passed over");
        }
    }
    for tickets in Index::numbers_outside(&stored) {
        within(rows, tickets.clone(), |number, row: IndexRow| {
            index.put(number, &whole(rows, number, row)?);
            Ok(())
        })?;
        within(rows, tickets.clone(), |number, figures: TicketFigures| {
            index.put_figures(number, Some(&figures));
            Ok(())
        })?;
        within(rows, tickets, |number, standing: SlaStanding| {
            index.stand(number, Some(standing));
            Ok(())
        })?;
    }
    each::<Behind>(rows, |number, _| {
        let row_key = key::number(number);
        match rows.get::<IndexRow>(&row_key)? {
            Some(row) => index.put(number, &whole(rows, number, row)?),
            None => index.remove(number),
        }
        index.put_figures(number, rows.get(&row_key)?.as_ref());
        index.stand(number, rows.get(&row_key)?);
        Ok(())
    })?;
    Ok(index)
}

/// A narrow row; one of an earlier version with what it lacks.
pub fn whole(rows: &Rows<'_>, number: u64, row: IndexRow) -> Result<IndexRow, ReadError> {
    let ticket = if row.updated_at.is_none() { rows.ticket(number)? } else { None };
    Ok(ticket.as_ref().map_or(row, IndexRow::from))
}

/// The outbox; `whatsapp.max_outbox` bounds it.
fn waiting(rows: &Rows<'_>) -> Result<Vec<(Place, Outbound)>, ReadError> {
    let found = rows.scan::<Outbound>(&[], None, Order::Ascending, usize::MAX)?;
    let placed = |(row_key, row): (RowKey, _)| Some((key::numbers(&row_key)?, row));
    Ok(found.into_iter().filter_map(placed).collect())
}

/// Every record of a table whose keys are numbers.
fn each<R: Record>(
    rows: &Rows<'_>,
    f: impl FnMut(u64, R) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    within(rows, 0..=u64::MAX, f)
}

/// Those of them whose numbers are within these.
pub fn within<R: Record>(
    rows: &Rows<'_>,
    numbers: RangeInclusive<u64>,
    mut f: impl FnMut(u64, R) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    let mut start = numbers.start().to_be_bytes().to_vec();
    let end = [&numbers.end().to_be_bytes()[..], &[0]].concat();
    loop {
        let chunk = rows.scan::<R>(&start, Some(&end), Order::Ascending, CHUNK)?;
        let Some((last, _)) = chunk.last() else { return Ok(()) };
        start = [last, &[0][..]].concat();
        for (key, record) in chunk {
            if let Ok(number) = (*key).try_into() {
                f(u64::from_be_bytes(number), record)?;
            }
        }
    }
}
