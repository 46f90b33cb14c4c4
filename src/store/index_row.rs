//! The narrow row of a ticket: what the in-memory index holds of it, and what that was in earlier versions.

use serde::{Deserialize, Serialize};

use super::codec::{self, CodecError, Record};
use super::tables::Table;
use crate::domain::channel::Channel;
use crate::domain::priority::Priority;
use crate::domain::status::Status;
use crate::domain::ticket::Ticket;
use crate::domain::time::Micros;

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
    /// None in rows of earlier versions: the ticket itself says what such a row lacks.
    pub updated_at: Option<Micros>,
    pub on_hold: bool,
    pub escalated: bool,
    pub merged: bool,
    pub deleted: bool,
    pub tags: Vec<String>,
    /// Agents who follow it or were named in it, each once.
    pub watchers: Vec<u64>,
}

impl From<&Ticket> for IndexRow {
    fn from(t: &Ticket) -> IndexRow {
        let mut watchers: Vec<u64> = t.watchers().collect();
        watchers.sort_unstable();
        watchers.dedup();
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
            updated_at: Some(t.updated_at),
            on_hold: t.on_hold.is_some(),
            escalated: t.escalation.is_some(),
            merged: t.merged.is_some(),
            deleted: t.deleted.is_some(),
            tags: t.tags.clone(),
            watchers,
        }
    }
}

impl IndexRow {
    /// Whether the row says of its ticket what it shall; one of an earlier version, as far as it goes.
    pub fn is_of(&self, ticket: &Ticket) -> bool {
        let mut whole = IndexRow::from(ticket);
        if self.updated_at.is_none() {
            whole = IndexRow { updated_at: None, tags: Vec::new(), escalated: false, ..whole };
        }
        *self == whole
    }
}

impl Record for IndexRow {
    const TABLE: Table = Table::Index;
    const VERSION: u8 = 2;

    fn decode_older(version: u8, bytes: &[u8]) -> Result<IndexRow, CodecError> {
        if version != 1 {
            return Err(CodecError::Version { table: Self::TABLE, version, newest: Self::VERSION });
        }
        codec::older::<IndexRow1>(Self::TABLE, bytes).map(IndexRow::from)
    }
}

/// Without flags, tags and watchers, and never sorted by its last change.
#[derive(Deserialize)]
struct IndexRow1 {
    status: Status,
    priority: Priority,
    channel: Channel,
    call_running: bool,
    category: Option<String>,
    assignee: Option<u64>,
    contact: Option<u64>,
    created_at: Micros,
    first_response_at: Option<Micros>,
    resolved_at: Option<Micros>,
}

impl From<IndexRow1> for IndexRow {
    fn from(row: IndexRow1) -> IndexRow {
        IndexRow {
            status: row.status,
            priority: row.priority,
            channel: row.channel,
            call_running: row.call_running,
            category: row.category,
            assignee: row.assignee,
            contact: row.contact,
            created_at: row.created_at,
            first_response_at: row.first_response_at,
            resolved_at: row.resolved_at,
            updated_at: None,
            on_hold: false,
            escalated: false,
            merged: false,
            deleted: false,
            tags: Vec::new(),
            watchers: Vec::new(),
        }
    }
}
