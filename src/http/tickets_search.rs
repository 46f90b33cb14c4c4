//! Looking for words in tickets, as far as a bounded scan of the newest ones goes.

use std::cmp::Reverse;

use super::State;
use super::error::Failure;
use crate::domain::priority::Priority;
use crate::domain::reference::Reference;
use crate::domain::ticket::Ticket;
use crate::domain::time::Micros;
use crate::engine::index::{Filter, Index, Sort};
use crate::engine::{self, Engine};

/// Records read in one snapshot.
const CHUNK: usize = 500;

/// What was found, all of it, in order.
pub struct Searched {
    pub numbers: Vec<u64>,
    pub scanned: usize,
    /// Whether no ticket that the filter leaves was passed over.
    pub complete: bool,
}

/// By what a found ticket is sorted.
struct Hit {
    number: u64,
    priority: Priority,
    updated_at: Micros,
}

/// The tickets that match the filter and hold all these words, among the newest `tickets.search_scan`; the one that
/// the words name is found wherever it is.
pub async fn search(
    state: &State,
    filter: Filter,
    sort: Sort,
    words: &str,
) -> Result<Searched, Failure> {
    let (engine, most, words) = (state.engine.clone(), state.search_scan, words.to_owned());
    let scan = move || scan(&engine, &filter, sort, &words, most);
    let scanned = tokio::task::spawn_blocking(scan).await;
    Ok(scanned.unwrap_or(Err(engine::Error::Panicked))?)
}

fn scan(
    engine: &Engine,
    filter: &Filter,
    sort: Sort,
    words: &str,
    most: usize,
) -> Result<Searched, engine::Error> {
    let mut hits = Vec::new();
    if let Some(reference) = Reference::parse(words)
        && let Some(ticket) = engine.read(|rows| rows.resolve(&reference))?
        && engine.shared().index().holds(ticket.number, filter)
    {
        hits.push(Hit::of(&ticket));
    }
    let named = hits.first().map(|hit: &Hit| hit.number);
    let folded = words.to_lowercase();
    let words: Vec<&str> = folded.split_whitespace().collect();
    let (mut before, mut scanned) = (u64::MAX, 0);
    let complete = loop {
        let wanted = CHUNK.min(most - scanned);
        let numbers = engine.shared().index().numbers_before(filter, before, wanted);
        let Some(last) = numbers.last() else { break wanted > 0 };
        before = *last;
        scanned += numbers.len();
        let found = engine.read(|rows| {
            let mut found = Vec::new();
            for number in numbers.iter().filter(|number| Some(**number) != named) {
                found.extend(
                    rows.ticket(*number)?.filter(|t| holds(t, &words)).as_ref().map(Hit::of),
                );
            }
            Ok(found)
        })?;
        hits.extend(found);
        if scanned >= most {
            break engine.shared().index().numbers_before(filter, before, 1).is_empty();
        }
    };
    order(&mut hits, sort, &engine.shared().index());
    Ok(Searched { numbers: hits.into_iter().map(|hit| hit.number).collect(), scanned, complete })
}

impl Hit {
    fn of(ticket: &Ticket) -> Hit {
        let Ticket { number, priority, updated_at, .. } = *ticket;
        Hit { number, priority, updated_at }
    }
}

/// As the index orders them.
fn order(hits: &mut [Hit], sort: Sort, index: &Index) {
    match sort {
        Sort::NewestFirst => hits.sort_by_key(|hit| Reverse(hit.number)),
        Sort::OldestFirst => hits.sort_by_key(|hit| hit.number),
        Sort::Queue => hits.sort_by_key(|hit| (Reverse(hit.priority), hit.number)),
        Sort::QueueReversed => hits.sort_by_key(|hit| (hit.priority, Reverse(hit.number))),
        Sort::UpdatedLast => hits.sort_by_key(|hit| Reverse((hit.updated_at, hit.number))),
        Sort::DueFirst => hits.sort_by_key(|hit| {
            let due = index.standing(hit.number).and_then(|standing| standing.due_at);
            (due.map_or(i64::MAX, |at| at.0), hit.number)
        }),
        Sort::UpdatedFirst => hits.sort_by_key(|hit| (hit.updated_at, hit.number)),
    }
}

/// Whether each word stands somewhere in what a ticket is known by.
fn holds(ticket: &Ticket, words: &[&str]) -> bool {
    let number = format!("#{}", ticket.number);
    let requester = &ticket.requester;
    let known =
        [&ticket.subject, &requester.name, &requester.email, &requester.phone, &ticket.order_id];
    let known = known.into_iter().flatten().chain([&number, &ticket.ticket_id]);
    let known: Vec<String> = known
        .chain(&ticket.tags)
        .chain(&ticket.external_ids)
        .map(|text| text.to_lowercase())
        .collect();
    // A number is written with a plus and kept without.
    let bare = |word: &str| word.strip_prefix('+').unwrap_or(word).to_owned();
    words.iter().all(|word| known.iter().any(|text| text.contains(&bare(word))))
}
