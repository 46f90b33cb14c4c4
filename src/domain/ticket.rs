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
    /// What the customer first wrote, at most [`MAX_DESCRIPTION`] characters of it; for those who wrote a form
    /// or a mail, not a chat.
    pub description: Option<String>,
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
    /// The customer's order, as they or their form named it (S1.5, S1.21).
    pub order_id: Option<String>,
    /// Where its maker says that it came from (S1.5); none where the channel says it.
    pub source: Option<String>,
    /// At most [`MAX_TAGS`].
    pub tags: Vec<String>,
    /// Its names in other systems, `zendesk:123`; at most [`MAX_EXTERNAL_IDS`].
    pub external_ids: Vec<String>,
    /// When the newest status was set that another system told of, by that system's clock.
    pub followed_at: Option<Micros>,
    /// The last escalation; a flag, not a status (S2.15).
    pub escalation: Option<Escalation>,
    /// Since when somebody keeps it back; a flag, not a status (S2.15).
    pub on_hold: Option<Micros>,
    /// Numbers of tickets that belong with this one, those that it follows up among them; at most [`MAX_RELATED`].
    pub related: Vec<u64>,
    /// Agents who follow it, and agents whom a comment named; at most [`MAX_WATCHERS`] each. They see it (DESIGN C9).
    pub followers: Vec<u64>,
    pub mentioned: Vec<u64>,
    /// Set while it is part of another ticket, to which all its names lead.
    pub merged: Option<Merged>,
    /// Set while it is deleted and can be restored.
    pub deleted: Option<Deletion>,
    /// Where its rows end: last entry id given out, entries, directory pages, status changes, metadata.
    pub extent: Extent,
}

pub const MAX_RELATED: usize = 32;
pub const MAX_WATCHERS: usize = 32;

impl Ticket {
    /// A ticket of which nothing is known but its names, where it came from and when.
    pub fn new(
        (number, id, ticket_id): (u64, Uuid, String),
        channel: Channel,
        status: Status,
        now: Micros,
    ) -> Ticket {
        Ticket {
            number,
            id,
            ticket_id,
            channel,
            status,
            priority: Priority::default(),
            category: None,
            category_is_manual: false,
            subject: None,
            description: None,
            summary: None,
            summary_is_manual: false,
            resolution_notes: None,
            requester: Requester::default(),
            conversation: None,
            session_id: None,
            call_running: false,
            assignee: None,
            assigned_at: None,
            created_at: now,
            updated_at: now,
            last_message_at: None,
            first_response_at: None,
            resolved_at: None,
            closed_at: None,
            order_id: None,
            source: None,
            tags: Vec::new(),
            external_ids: Vec::new(),
            followed_at: None,
            escalation: None,
            on_hold: None,
            related: Vec::new(),
            followers: Vec::new(),
            mentioned: Vec::new(),
            merged: None,
            deleted: None,
            extent: Extent::default(),
        }
    }

    /// Neither deleted nor part of another ticket.
    pub fn is_live(&self) -> bool {
        self.merged.is_none() && self.deleted.is_none()
    }

    /// Whether this agent has it, follows it or was named in it.
    pub fn concerns(&self, agent: u64) -> bool {
        self.assignee.as_ref().is_some_and(|a| a.agent == agent)
            || self.watchers().any(|w| w == agent)
    }

    /// Who follows it or was named in it.
    pub fn watchers(&self) -> impl Iterator<Item = u64> + '_ {
        self.followers.iter().chain(&self.mentioned).copied()
    }
}

/// How a ticket became part of another, and what is needed to undo that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merged {
    /// The number of the ticket that goes on.
    pub into: u64,
    pub by: String,
    pub at: Micros,
    /// By the steady clock: undone within [`UNMERGE_WINDOW`] only.
    pub steady: Micros,
    /// Where it stood before.
    pub was: Status,
    pub resolved_at: Option<Micros>,
    pub closed_at: Option<Micros>,
    /// The conversation that the other one had before.
    pub conversation: Option<u64>,
}

/// Tickets that one is followed through, from merge to merge; more are a circle.
pub const MAX_MERGES: usize = 10_000;

/// How long a deleted ticket can be brought back, in microseconds of running time.
pub const KEPT: i64 = 30 * Micros::DAY;

/// How long a merge can be undone, in microseconds of running time.
pub const UNMERGE_WINDOW: i64 = Micros::HOUR;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deletion {
    pub by: String,
    pub at: Micros,
    /// By the steady clock: what is deleted so long is removed for good.
    pub steady: Micros,
}

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
    /// As it was given; [`super::email::folded`] tells whether two are the same.
    pub email: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalation {
    pub reason: String,
    pub by: String,
    pub at: Micros,
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
pub const MAX_SUBJECT: usize = 255;
pub const MAX_DESCRIPTION: usize = 10_000;
pub const MAX_ORDER_ID: usize = 64;
pub const MAX_SOURCE: usize = 32;
pub const MAX_TAGS: usize = 32;
pub const MAX_TAG: usize = 64;
pub const MAX_EXTERNAL_IDS: usize = 8;

/// The subject of a ticket whose customer gave none: the first line of what they wrote, at most 120 characters.
pub fn first_line(text: &str) -> String {
    const MAX: usize = 120;
    let line = text.lines().map(str::trim).find(|l| !l.is_empty()).unwrap_or_default();
    if line.chars().count() <= MAX {
        return line.to_owned();
    }
    line.chars().take(MAX - 1).chain(['…']).collect()
}
