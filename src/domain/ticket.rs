//! A ticket, its status history and its metadata. Bounded: what grows lies in rows of its own.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::channel::Channel;
use super::priority::Priority;
use super::status::Status;
use super::time::Micros;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ticket {
    /// Dense, from 1001; the queue's integer id.
    pub number: u64,
    /// UUIDv7.
    pub id: Uuid,
    /// The reference of its channel: `GXS-…`, `TKT-…`.
    pub ticket_id: String,
    pub channel: Channel,
    pub status: Status,
    pub priority: Priority,
    pub category: Option<String>,
    /// Chosen by a person or a caller of the API: no later automatic run changes it (S0.50).
    pub category_is_manual: bool,
    pub subject: Option<String>,
    pub summary: Option<String>,
    pub summary_is_manual: bool,
    pub resolution_notes: Option<String>,
    pub requester: Requester,
    pub conversation: Option<u64>,
    /// The relay's session (S0.4); calls only.
    pub session_id: Option<String>,
    /// A call that has not ended: not in the queue yet.
    pub call_running: bool,
    pub assignee: Option<Assignee>,
    pub assigned_at: Option<Micros>,
    pub created_at: Micros,
    pub updated_at: Micros,
    /// When the last message of its chat came (S4.9).
    pub last_message_at: Option<Micros>,
    pub first_response_at: Option<Micros>,
    pub resolved_at: Option<Micros>,
    pub closed_at: Option<Micros>,
    /// Numbers of tickets that this one follows up or is followed up by; at most [`MAX_RELATED`].
    pub related: Vec<u64>,
    /// Where its rows end: last entry id given out, entries, directory pages, status changes, metadata.
    pub extent: Extent,
}

pub const MAX_RELATED: usize = 32;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// The highest entry id given out; ids start at 1.
    pub last_entry: u32,
    pub entries: u32,
    pub pages: u32,
    pub history: u32,
    pub metadata: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Requester {
    pub contact: Option<u64>,
    pub name: Option<String>,
    /// Digits of the international number without `+` (S4.19).
    pub phone: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignee {
    pub agent: u64,
    pub name: String,
}

/// One line of the status history (S2.16).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatusChange {
    pub from: Option<Status>,
    pub to: Status,
    pub by: String,
    pub at: Micros,
    pub reason: Option<String>,
}

/// One key and value that a caller attached (S0.35); ids count from 1 a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    pub key: String,
    pub value: String,
}

/// Limits on what a caller may put on one ticket; lengths are in characters.
pub const MAX_METADATA: u32 = 100;
pub const MAX_METADATA_KEY: usize = 128;
pub const MAX_METADATA_VALUE: usize = 4096;
pub const MAX_NAME: usize = 256;
pub const MAX_SESSION_ID: usize = 128;
pub const MAX_SUMMARY: usize = 2000;
pub const MAX_CATEGORY: usize = 64;
