//! What is read at start, and after a failure that left memory behind the disk: the index, from its stored blocks and
//! otherwise from the rows of each ticket, tokens, running calls; then, beside the work, recent dedup keys.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};

use super::audit::refusals::Refusals;
use super::index::{Behind, BuiltBlock, Index, StoredBlock};
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
use crate::store::{Order, Pair, Reader, RowKey, Store, Table};
use crate::telemetry::metrics::Metrics;

/// Rows read at once, so that no snapshot lives long.
const CHUNK: usize = 4096;

/// Threads that build blocks of the index at start; one more takes them over.
const BUILDERS: usize = 2;
/// Blocks of the index that wait to be taken over.
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

/// A stored block by its number, or why it does not open; none in it if it cannot be one.
type FoundBlock = Result<(u64, Result<Option<BuiltBlock>, ReadError>), ReadError>;

/// The stored block at `start`, which moves behind it, as it lies there: they are read one by one, as they are large.
fn next_block(rows: &Rows<'_>, start: &mut Vec<u8>) -> Option<Result<(u64, Pair), ReadError>> {
    loop {
        let found = rows.view.scan(Table::IndexBlocks, start, None, Order::Ascending, 1);
        let pair = match found {
            Ok(mut found) => found.pop()?,
            Err(error) => return Some(Err(error.into())),
        };
        *start = [&pair.0[..], &[0]].concat();
        if let Ok(number) = (*pair.0).try_into().map(u64::from_be_bytes) {
            return Some(Ok((number, pair)));
        }
    }
}

fn built(rows: &Rows<'_>, found: Result<(u64, Pair), ReadError>) -> FoundBlock {
    let (number, (row_key, value)) = found?;
    let stored = rows.open::<StoredBlock>(&row_key, &value);
    Ok((number, stored.map(|stored| Box::new(stored).build())))
}

/// The index: blocks that are stored, and the rows of tickets that are behind these or in none.
#[cfg(test)]
pub fn index(rows: &Rows<'_>) -> Result<Index, ReadError> {
    let mut start = Vec::new();
    let blocks = std::iter::from_fn(|| Some(built(rows, next_block(rows, &mut start)?)));
    index_of(rows, blocks, |numbers| said_of(rows, numbers))
}

/// The index; threads read and build blocks by turns, and rows of tickets.
fn index_ahead(reader: &Reader, rows: &Rows<'_>) -> Result<Index, ReadError> {
    let (sender, blocks) = std::sync::mpsc::sync_channel(BLOCKS_AHEAD);
    let (seal, start) = (rows.seal, Mutex::new(Vec::new()));
    let build = |sender: SyncSender<FoundBlock>| {
        let read = reader.read(|view| {
            let rows = Rows { view, seal };
            let next =
                || next_block(&rows, &mut start.lock().unwrap_or_else(PoisonError::into_inner));
            // Nobody listens any more once something did not do.
            let _ = std::iter::from_fn(next).all(|found| sender.send(built(&rows, found)).is_ok());
            Ok(())
        });
        if let Err(error) = read {
            let _ = sender.send(Err(error.into()));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..BUILDERS {
            let (build, sender) = (&build, sender.clone());
            scope.spawn(move || build(sender));
        }
        drop(sender);
        index_of(rows, blocks.into_iter(), |numbers| {
            let (ours, others) = numbers.split_at(numbers.len() / 2);
            std::thread::scope(|scope| {
                let read = || reader.read(|view| Ok(said_of(&Rows { view, seal }, others)));
                let others = scope.spawn(read);
                let mut said = said_of(rows, ours)?;
                let others = others.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                said.extend(others??);
                Ok(said)
            })
        })
    })
}

/// What the rows say of a ticket, for the index.
struct Said {
    number: u64,
    row: Option<IndexRow>,
    figures: Option<TicketFigures>,
    standing: Option<SlaStanding>,
}

fn said_of(rows: &Rows<'_>, numbers: &[u64]) -> Result<Vec<Said>, ReadError> {
    let said = numbers.iter().map(|number| {
        let row_key = key::number(*number);
        let row = rows.get::<IndexRow>(&row_key)?;
        Ok(Said {
            number: *number,
            row: row.map(|row| whole(rows, *number, row)).transpose()?,
            figures: rows.get(&row_key)?,
            standing: rows.get(&row_key)?,
        })
    });
    said.collect()
}

fn index_of(
    rows: &Rows<'_>,
    blocks: impl Iterator<Item = FoundBlock>,
    say: impl Fn(&[u64]) -> Result<Vec<Said>, ReadError>,
) -> Result<Index, ReadError> {
    let mut index = Index::default();
    let mut stored = Vec::new();
    for block in blocks {
        let (number, block) = block?;
        let taken = block.map(|block| block.is_some_and(|block| index.take_block(number, block)));
        if let Ok(true) = taken {
            stored.push(number);
        } else {
            let error = taken.err();
            tracing::warn!(number, ?error, "a stored block of the index is passed over");
        }
    }
    stored.sort_unstable();
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
    let mut behind = Vec::new();
    each::<Behind>(rows, |number, _| {
        behind.push(number);
        Ok(())
    })?;
    for numbers in behind.chunks(CHUNK) {
        for Said { number, row, figures, standing } in say(numbers)? {
            match row {
                Some(row) => index.put(number, &row),
                None => index.remove(number),
            }
            index.put_figures(number, figures.as_ref());
            index.stand(number, standing);
        }
    }
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
