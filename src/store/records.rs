//! Which value lies in which table, and the records that exist only in the store.

use serde::{Deserialize, Serialize};

use super::codec::Record;
use super::tables::Table;
use crate::domain::call::{CallItem, OpenCall};
use crate::domain::channel::Channel;
use crate::domain::clock::ClockState;
use crate::domain::contact::{Agent, Contact, Conversation, Mode, Token};
use crate::domain::entry::Entry;
use crate::domain::priority::Priority;
use crate::domain::source::SourcePosition;
use crate::domain::status::Status;
use crate::domain::ticket::{Metadata, StatusChange, Ticket};
use crate::domain::time::Micros;

macro_rules! records {
    ($($record:ty => $table:ident,)*) => {
        $(impl Record for $record { const TABLE: Table = Table::$table; })*
    };
}

records! {
    Ticket => Tickets,
    IndexRow => Index,
    Entry => Entries,
    Page => Directory,
    Pointer => References,
    AddressOf => Addresses,
    ConversationOf => ConversationKeys,
    Contact => Contacts,
    Conversation => Conversations,
    Seen => Seen,
    Remembered => Idempotency,
    OpenCall => OpenCalls,
    CallItem => CallItems,
    StatusChange => StatusHistory,
    Metadata => Metadata,
    Token => Tokens,
    Agent => Agents,
    Count => Counts,
    Cursor => Cursors,
    ClockState => Clock,
    SourcePosition => Sources,
}

/// What the in-memory index holds of a ticket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IndexRow {
    pub status: Status,
    pub priority: Priority,
    pub channel: Channel,
    pub call_running: bool,
    pub category: Option<String>,
    pub assignee: Option<u64>,
    pub contact: Option<u64>,
    pub created_at: Micros,
    pub first_response_at: Option<Micros>,
    pub resolved_at: Option<Micros>,
}

impl From<&Ticket> for IndexRow {
    fn from(t: &Ticket) -> IndexRow {
        IndexRow {
            status: t.status,
            priority: t.priority,
            channel: t.channel,
            call_running: t.call_running,
            category: t.category.clone(),
            assignee: t.assignee.as_ref().map(|a| a.agent),
            contact: t.requester.contact,
            created_at: t.created_at,
            first_response_at: t.first_response_at,
            resolved_at: t.resolved_at,
        }
    }
}

/// One page of a ticket's timeline: at most [`PAGE_ITEMS`] entries in spoken or sent order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Page {
    pub items: Vec<DirItem>,
}

pub const PAGE_ITEMS: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirItem {
    /// The entry's id within its ticket.
    pub id: u32,
    /// Its global number, the key in table Entries.
    pub no: u64,
    pub at: Micros,
}

/// The number of the ticket that a reference leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pointer(pub u64);

/// The contact that an address belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressOf(pub u64);

/// The conversation with a contact over one instance of a bridge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationOf(pub u64);

/// A message that was dealt with, and what its sender was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    pub ticket: Option<u64>,
    pub mode: Mode,
}

/// The answer to a request that bore an `Idempotency-Key`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Remembered {
    /// Hash of method, path and body.
    pub request: [u8; 16],
    pub reply: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count(pub u64);

/// The key of the one row of [`Table::Clock`].
pub const CLOCK: &[u8] = b"clock";

/// The last event that a consumer of the feed has dealt with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor(pub u64);
