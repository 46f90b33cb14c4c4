//! A call in the form that other ticket systems import (S0.42, S0.43).

use std::collections::BTreeMap;

use serde::Serialize;

use super::Engine;
use super::index::{Filter, Set};
use super::rows::{ReadError, Rows};
use crate::describe::ToSchema;
use crate::domain::channel::Channel;
use crate::domain::entry::{Entry, Kind, Speaker};
use crate::domain::status::Status;
use crate::domain::ticket::{Metadata, Ticket};
use crate::domain::time::Micros;

#[derive(Serialize, ToSchema)]
pub struct Export {
    pub ticket: ExportTicket,
    /// In spoken order
    pub interactions: Vec<ExportInteraction>,
    pub metadata: BTreeMap<String, String>,
}

#[derive(Serialize, ToSchema)]
pub struct ExportTicket {
    pub ticket_id: String,
    pub external_id: String,
    /// The call's summary
    pub subject: Option<String>,
    pub status: &'static str,
    pub priority: &'static str,
    pub category: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Micros,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub resolved_at: Option<Micros>,
    pub customer: ExportCustomer,
}

#[derive(Serialize, ToSchema)]
pub struct ExportCustomer {
    pub name: String,
    pub session_id: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct ExportInteraction {
    #[schema(value_type = String, format = DateTime)]
    pub timestamp: Micros,
    pub speaker: &'static str,
    pub message: String,
}

/// What the customer is called while nobody knows their name (S0.26).
pub const UNKNOWN: &str = "Unknown";

/// The calls face knows two speakers (S0.8).
pub fn face_speaker(speaker: Speaker) -> &'static str {
    if speaker == Speaker::User { "user" } else { "agent" }
}

/// Turns are what was said and which tools were called; notes and events are not, nor is what agents wrote on the
/// ticket, which bears their names.
pub fn is_turn(entry: &Entry) -> bool {
    matches!(entry.kind, Kind::Message | Kind::ToolCall)
        && entry.author.is_none()
        && entry.deleted_at.is_none()
}

impl Export {
    fn of(ticket: Ticket, entries: Vec<Entry>, metadata: Vec<(u32, Metadata)>) -> Export {
        let turns = entries.into_iter().filter(is_turn).map(|e| ExportInteraction {
            timestamp: e.at,
            speaker: face_speaker(e.speaker),
            message: e.body,
        });
        Export {
            interactions: turns.collect(),
            metadata: metadata.into_iter().map(|(_, m)| (m.key, m.value)).collect(),
            ticket: ExportTicket {
                external_id: ticket.ticket_id.clone(),
                ticket_id: ticket.ticket_id,
                subject: ticket.summary,
                status: ticket.status.on_calls_face(),
                priority: ticket.priority.on_calls_face(),
                category: ticket.category,
                created_at: ticket.created_at,
                resolved_at: ticket.resolved_at,
                customer: ExportCustomer {
                    name: ticket.requester.name.unwrap_or_else(|| UNKNOWN.into()),
                    session_id: ticket.session_id,
                },
            },
        }
    }

    /// The whole call of a ticket.
    pub fn read(rows: &Rows<'_>, ticket: Ticket) -> Result<Export, ReadError> {
        let entries = rows.whole_timeline(&ticket)?;
        let metadata = rows.metadata(&ticket)?;
        Ok(Export::of(ticket, entries, metadata))
    }
}

/// Which calls to export (S0.44).
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// A status in the words of the calls face
    pub status: Option<String>,
    /// Only calls that ended (or, while open, began) at this time or later
    pub since: Option<Micros>,
}

impl Engine {
    /// The numbers of the calls to export, oldest first.
    pub fn select_calls(&self, selection: &Selection) -> Vec<u64> {
        let wanted = Status::ALL
            .into_iter()
            .filter(|s| selection.status.as_deref().is_none_or(|w| s.on_calls_face() == w));
        let filter = Filter {
            channels: Set::channels([Channel::Call]),
            statuses: Set::statuses(wanted),
            ..Filter::default()
        };
        let index = self.shared().index();
        let since = selection.since.unwrap_or(Micros(i64::MIN));
        let lines = index.lines(&filter);
        let recent = lines.filter(|l| l.resolved_at.unwrap_or(l.created_at) >= since);
        recent.map(|l| l.number).collect()
    }
}
