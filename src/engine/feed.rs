//! The change feed as others read it: events in order, each with the after-images of the rows it is about.

use super::Engine;
use super::event::{Event, EventError};
use crate::domain::contact::Contact;
use crate::domain::entry::Entry;
use crate::domain::outbound::Dispatch;
use crate::domain::status::Status;
use crate::domain::ticket::{StatusChange, Ticket};
use crate::domain::time::Micros;
use crate::store::codec::{self, Record};
use crate::store::seal::{Place, Seal};
use crate::store::{FeedError, PlanRecord, Row};

/// One event in the public schema.
#[derive(Debug)]
pub struct Published {
    pub seq: u64,
    pub at: Micros,
    pub event: Event,
    pub ticket: Option<Ticket>,
    pub entry: Option<Entry>,
    /// How far the entry has come on its way out.
    pub dispatch: Option<Dispatch>,
    pub contact: Option<Contact>,
    /// The status that the ticket had before, where the plan changed it.
    pub was: Option<Status>,
}

/// The version of the public schema of events.
pub const SCHEMA: u32 = 1;

/// Text read at once.
const MAX_BYTES: usize = 8 << 20;

#[derive(Debug, thiserror::Error)]
pub enum ReadFeedError {
    #[error("events before {oldest} were dropped")]
    Gone { oldest: u64 },
    #[error(transparent)]
    Feed(FeedError),
    #[error(transparent)]
    Event(#[from] EventError),
}

impl From<FeedError> for ReadFeedError {
    fn from(e: FeedError) -> ReadFeedError {
        match e {
            FeedError::Gone { oldest } => ReadFeedError::Gone { oldest },
            other => ReadFeedError::Feed(other),
        }
    }
}

impl Engine {
    /// Events behind `after`, at most `limit`, in order and without a gap.
    pub fn events(&self, after: u64, limit: usize) -> Result<Vec<Published>, ReadFeedError> {
        let shared = self.shared();
        let plans = shared.feed.read(after, shared.published(), (limit, MAX_BYTES))?;
        let mut events = Vec::new();
        for found in plans {
            for (seq, bytes) in (found.first_seq..).zip(&found.plan.events) {
                if seq <= after {
                    continue;
                }
                if events.len() == limit {
                    return Ok(events);
                }
                events.push(published(seq, bytes, &found.plan, &shared.seal)?);
            }
        }
        Ok(events)
    }
}

fn published(
    seq: u64,
    bytes: &[u8],
    plan: &PlanRecord,
    seal: &Seal,
) -> Result<Published, EventError> {
    let event = Event::decode(bytes, seal)?;
    Ok(Published {
        seq,
        at: plan.at,
        ticket: event.ticket.and_then(|n| image(plan, n, seal)),
        entry: event.entry.and_then(|n| image(plan, n, seal)),
        dispatch: event.entry.and_then(|n| image(plan, n, seal)),
        contact: event.contact.and_then(|n| image(plan, n, seal)),
        was: event.ticket.and_then(|n| status_before(plan, n, seal)),
        event,
    })
}

/// Where a ticket's status was before the plan's first change of it.
fn status_before(plan: &PlanRecord, ticket: u64, seal: &Seal) -> Option<Status> {
    let of =
        |row: &&Row| row.table == StatusChange::TABLE && row.key.starts_with(&ticket.to_be_bytes());
    let row = plan.rows.iter().find(of)?;
    let plain = seal.open(Place::row(row.table, &row.key), row.value.as_ref()?).ok()?;
    codec::decode::<StatusChange>(&plain).ok()?.from
}

/// The row of a record with a numeric key as the plan left it; none if it was erased since.
fn image<R: Record>(plan: &PlanRecord, number: u64, seal: &Seal) -> Option<R> {
    let wanted = |row: &&Row| row.table == R::TABLE && *row.key == number.to_be_bytes();
    let row = plan.rows.iter().find(wanted)?;
    let value = row.value.as_ref()?;
    codec::decode(&seal.open(Place::row(R::TABLE, &row.key), value).ok()?).ok()
}
