//! What agents do with a ticket besides writing on it. Plain data; [`super::decide`] turns it into plans.

use std::collections::BTreeMap;

use crate::domain::crm::Location;
use crate::domain::priority::Priority;
use crate::domain::reference::Reference;
use crate::domain::status::Status;
use crate::engine::intake::NewCase;

/// A ticket that somebody of the desk makes (S3.31).
#[derive(Clone, Debug)]
pub struct NewTicket {
    pub case: NewCase,
    /// Digits of the requester's number.
    pub phone: Option<String>,
    pub category: Option<String>,
    pub assignee: Option<u64>,
    pub metadata: BTreeMap<String, String>,
}

/// What is to become of a ticket.
#[derive(Clone, Debug)]
pub enum TicketChange {
    Edit(Box<Edits>),
    Move {
        to: Status,
        reason: Option<String>,
        notes: Option<String>,
    },
    Assign {
        agent: u64,
        reason: Option<String>,
    },
    Unassign {
        reason: Option<String>,
    },
    /// A flag, not a status (S2.15).
    Escalate {
        reason: String,
        /// The agent who gets it.
        to: Option<u64>,
    },
    /// To an agent, who has it from now on (S2.22).
    EscalateTo {
        agent: u64,
        reason: String,
    },
    /// Fields of the ticket, and what the CRM keeps beside them.
    EditCrm {
        edits: Box<Edits>,
        details: DetailEdits,
    },
    Deescalate,
    Hold(bool),
    Tag {
        add: Vec<String>,
        remove: Vec<String>,
    },
    Follow {
        agent: u64,
    },
    Unfollow {
        agent: u64,
    },
    Relate {
        other: Reference,
    },
    Unrelate {
        other: Reference,
    },
    /// For a time: it can be restored until it is removed for good.
    Delete,
    Restore,
    /// Undoes the merge of this ticket into another.
    Unmerge,
}

/// Fields that were not sent stay as they are; those sent as null are cleared.
#[derive(Clone, Debug, Default)]
pub struct Edits {
    pub subject: Option<Option<String>>,
    pub description: Option<Option<String>>,
    pub summary: Option<Option<String>>,
    pub resolution_notes: Option<Option<String>>,
    pub category: Option<Option<String>>,
    pub order_id: Option<Option<String>>,
    pub requester_name: Option<Option<String>>,
    pub requester_email: Option<Option<String>>,
    /// Digits.
    pub requester_phone: Option<Option<String>>,
    pub priority: Option<Priority>,
    pub status: Option<Status>,
    pub assignee: Option<Option<u64>>,
    pub on_hold: Option<bool>,
    pub tags: Option<Vec<String>>,
    /// Keys that are null are removed; keys that are absent stay.
    pub metadata: BTreeMap<String, Option<String>>,
    pub reason: Option<String>,
}

/// The same of what the CRM keeps beside a ticket.
#[derive(Clone, Debug, Default)]
pub struct DetailEdits {
    pub subcategory: Option<Option<String>>,
    pub location: Option<Option<Location>>,
}

/// Tells the states of a ticket apart, as far as people change them: the number of its last activity. What is said on a
/// ticket changes it not: nobody's edit is refused because the customer wrote meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Tag {
    pub ticket: u64,
    pub activity: u64,
}
