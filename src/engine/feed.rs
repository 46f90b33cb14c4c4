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
use crate::store::{FeedError, PlanRecord, Row, Table};

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
        self.read_events(after, limit, None, |_| Shown::All)
    }

    /// The same for whoever wants to see the tickets of some events only.
    pub fn events_of_tickets(
        &self,
        after: u64,
        limit: usize,
        of: impl Fn(&Event) -> bool,
    ) -> Result<Vec<Published>, ReadFeedError> {
        let shown = |event: &Event| if of(event) { Shown::Ticket } else { Shown::Nothing };
        self.read_events(after, limit, Some(&[Ticket::TABLE]), shown)
    }

    fn read_events(
        &self,
        after: u64,
        limit: usize,
        tables: Option<&[Table]>,
        shown: impl Fn(&Event) -> Shown,
    ) -> Result<Vec<Published>, ReadFeedError> {
        let shared = self.shared();
        let limits = (limit, MAX_BYTES);
        let plans = shared.feed.read_of(after, shared.published(), limits, tables)?;
        let mut events = Vec::new();
        for found in plans {
            let images = Images::of(&found.plan, &shared.seal);
            for (seq, bytes) in (found.first_seq..).zip(&found.plan.events) {
                if seq <= after {
                    continue;
                }
                if events.len() == limit {
                    return Ok(events);
                }
                let event = Event::decode(bytes, &shared.seal)?;
                let shown = shown(&event);
                events.push(Published::of(seq, found.plan.at, event, (&images, shown)));
            }
        }
        Ok(events)
    }
}

/// What of an event's rows is told along.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Nothing,
    Ticket,
    All,
}

/// The after-images of a plan, by table and key: one that deals with many tickets has thousands of rows.
struct Images<'a> {
    rows: Vec<&'a Row>,
    seal: &'a Seal,
}

impl Published {
    fn of(seq: u64, at: Micros, event: Event, (of_plan, shown): (&Images<'_>, Shown)) -> Published {
        let ticket = event.ticket.filter(|_| shown != Shown::Nothing);
        let images = (shown == Shown::All).then_some(of_plan);
        Published {
            seq,
            at,
            ticket: ticket.and_then(|n| of_plan.image(n)),
            entry: images.zip(event.entry).and_then(|(images, n)| images.image(n)),
            dispatch: images.zip(event.entry).and_then(|(images, n)| images.image(n)),
            contact: images.zip(event.contact).and_then(|(images, n)| images.image(n)),
            was: images.zip(event.ticket).and_then(|(images, n)| images.status_before(n)),
            event,
        }
    }
}

impl<'a> Images<'a> {
    fn of(plan: &'a PlanRecord, seal: &'a Seal) -> Images<'a> {
        let mut rows: Vec<&Row> = plan.rows.iter().collect();
        // Most plans have them in this order.
        rows.sort_by(|one, other| place(one).cmp(&place(other)));
        Images { rows, seal }
    }

    /// The first row of a table whose key is this one or comes behind it.
    fn row(&self, table: Table, key: &[u8]) -> Option<&'a Row> {
        let at = self.rows.partition_point(|row| place(row) < (table as u8, key));
        self.rows.get(at).copied().filter(|row| row.table == table)
    }

    /// Where a ticket's status was before the plan's first change of it.
    fn status_before(&self, ticket: u64) -> Option<Status> {
        let key = ticket.to_be_bytes();
        let row = self.row(StatusChange::TABLE, &key).filter(|row| row.key.starts_with(&key))?;
        self.open::<StatusChange>(row)?.from
    }

    /// The row of a record with a numeric key as the plan left it; none if it was erased since.
    fn image<R: Record>(&self, number: u64) -> Option<R> {
        let key = number.to_be_bytes();
        self.open(self.row(R::TABLE, &key).filter(|row| *row.key == key)?)
    }

    fn open<R: Record>(&self, row: &Row) -> Option<R> {
        let plain = self.seal.open(Place::row(row.table, &row.key), row.value.as_ref()?).ok()?;
        codec::decode(&plain).ok()
    }
}

fn place(row: &Row) -> (u8, &[u8]) {
    (row.table as u8, &row.key)
}
