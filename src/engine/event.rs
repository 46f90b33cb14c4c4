//! The events of the change feed. An event names what happened and to which rows; its after-images are the
//! rows of the same plan, so nothing is written twice.

use serde::{Deserialize, Serialize};

use crate::domain::sla::Target;
use crate::store::codec;
use crate::store::owner::Owner;
use crate::store::seal::{Nonces, Place, Seal, SealError};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    pub kind: EventKind,
    pub ticket: Option<u64>,
    /// The global number of the entry that the event is about.
    pub entry: Option<u64>,
    pub contact: Option<u64>,
    pub actor: String,
    /// The sequence number of the event that made a rule do this, and how many such steps lie behind it.
    pub cause: Option<u64>,
    pub depth: u8,
}

macro_rules! kinds {
    ($($kind:ident = $name:literal,)*) => {
        /// One name a happening (DESIGN C10).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum EventKind { $($kind,)* }

        impl EventKind {
            pub const ALL: &'static [EventKind] = &[$(EventKind::$kind),*];

            pub fn name(self) -> &'static str {
                match self { $(EventKind::$kind => $name,)* }
            }
        }
    };
}

// Stored by position: only ever append.
kinds! {
    TicketCreated = "ticket.created",
    TicketUpdated = "ticket.updated",
    TicketAssigned = "ticket.assigned",
    TicketStatusChanged = "ticket.status_changed",
    TicketResolved = "ticket.resolved",
    TicketClosed = "ticket.closed",
    TicketReopened = "ticket.reopened",
    MessageAdded = "ticket.message.added",
    EntryUpdated = "ticket.entry.updated",
    CallStarted = "call.started",
    CallInterrupted = "call.interrupted",
    CallResumed = "call.resumed",
    CallEnded = "call.ended",
    ContactCreated = "contact.created",
    ContactUpdated = "contact.updated",
    ContactMerged = "contact.merged",
    TokenCreated = "token.created",
    TokenRevoked = "token.revoked",
    TicketEscalated = "ticket.escalated",
    ConversationModeChanged = "conversation.mode_changed",
    FirstResponseAtRisk = "ticket.sla.warning",
    ResolutionAtRisk = "ticket.sla.warning",
    FirstResponseBreached = "ticket.sla.breached",
    ResolutionBreached = "ticket.sla.breached",
    TicketUnassigned = "ticket.unassigned",
    TicketMerged = "ticket.merged",
    TicketUnmerged = "ticket.unmerged",
    TicketDeleted = "ticket.deleted",
    TicketRestored = "ticket.restored",
    AgentMentioned = "ticket.mentioned",
    ContactErased = "contact.erased",
    TicketPurged = "ticket.purged",
    TicketRated = "ticket.rated",
    TicketAlert = "ticket.alert",
    RuleFired = "rule.fired",
}

impl EventKind {
    /// That three quarters of the time of a target have passed.
    pub fn sla_warning(target: Target) -> EventKind {
        match target {
            Target::FirstResponse => EventKind::FirstResponseAtRisk,
            Target::Resolution => EventKind::ResolutionAtRisk,
        }
    }

    /// That all of it has.
    pub fn sla_breached(target: Target) -> EventKind {
        match target {
            Target::FirstResponse => EventKind::FirstResponseBreached,
            Target::Resolution => EventKind::ResolutionBreached,
        }
    }

    /// The target of which an SLA event tells (S3.39: `breach_type`).
    pub fn sla_target(self) -> Option<Target> {
        match self {
            EventKind::FirstResponseAtRisk | EventKind::FirstResponseBreached => {
                Some(Target::FirstResponse)
            }
            EventKind::ResolutionAtRisk | EventKind::ResolutionBreached => Some(Target::Resolution),
            _ => None,
        }
    }
}

const VERSION: u8 = 1;

#[derive(Debug, thiserror::Error)]
pub enum EventError {
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error("an event of the feed has format {0}, newer than this program")]
    Version(u8),
    #[error("an event of the feed cannot be read: {0}")]
    Damaged(String),
}

impl Event {
    pub fn encode(&self, seal: &Seal, nonces: &mut Nonces) -> Vec<u8> {
        let mut sealed = Vec::with_capacity(64);
        seal.seal(Place::EVENT, Owner::Desk, nonces, &mut sealed, |out| {
            out.push(VERSION);
            codec::append(self, out);
        });
        sealed
    }

    pub fn decode(bytes: &[u8], seal: &Seal) -> Result<Event, EventError> {
        match seal.open(Place::EVENT, bytes)?.split_first() {
            Some((&VERSION, rest)) => {
                postcard::from_bytes(rest).map_err(|e| EventError::Damaged(e.to_string()))
            }
            Some((&other, _)) => Err(EventError::Version(other)),
            None => Err(EventError::Damaged("it is empty".into())),
        }
    }
}
