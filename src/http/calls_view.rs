//! The calls face as seed 000 draws it: field names, words and envelopes (S0.21 to S0.31, S0.42).

use serde::Serialize;

use crate::describe::ToSchema;
use crate::domain::entry::Entry;
use crate::domain::ticket::{Metadata, Ticket};
use crate::domain::time::Micros;
use crate::engine::export::{UNKNOWN, face_speaker};

/// `{"status": "success", "data": …}`
#[derive(Serialize, ToSchema)]
pub struct Envelope<T> {
    #[schema(example = "success")]
    pub status: &'static str,
    pub data: T,
}

impl<T> Envelope<T> {
    pub fn of(data: T) -> Envelope<T> {
        Envelope { status: "success", data }
    }
}

/// A call's ticket (S0.25).
#[derive(Serialize, ToSchema)]
pub struct CallTicket {
    #[schema(example = "GXS-20251128-A1B2C3D4")]
    pub ticket_id: String,
    pub session_id: Option<String>,
    /// `Unknown` until the customer is known (S0.26).
    pub customer_name: String,
    /// open, in_progress, resolved or closed (S0.19).
    pub status: &'static str,
    /// low, normal, high or urgent (S0.20).
    pub priority: &'static str,
    pub category: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Micros,
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Micros,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub resolved_at: Option<Micros>,
    pub summary: Option<String>,
    pub resolution_notes: Option<String>,
}

impl From<Ticket> for CallTicket {
    fn from(t: Ticket) -> CallTicket {
        CallTicket {
            ticket_id: t.ticket_id,
            session_id: t.session_id,
            customer_name: t.requester.name.unwrap_or_else(|| UNKNOWN.into()),
            status: t.status.on_calls_face(),
            priority: t.priority.on_calls_face(),
            category: t.category,
            created_at: t.created_at,
            updated_at: t.updated_at,
            resolved_at: t.resolved_at,
            summary: t.summary,
            resolution_notes: t.resolution_notes,
        }
    }
}

/// One turn of a call (S0.28).
#[derive(Serialize, ToSchema)]
pub struct Interaction {
    pub interaction_id: u32,
    pub ticket_id: String,
    #[schema(value_type = String, format = DateTime)]
    pub timestamp: Micros,
    /// user or agent (S0.8).
    pub speaker: &'static str,
    pub message: String,
    pub tool_calls: Option<Vec<NamedCall>>,
}

#[derive(Serialize, ToSchema)]
pub struct NamedCall {
    pub name: String,
    /// JSON as a string.
    pub arguments: String,
}

impl Interaction {
    pub fn of(ticket_id: &str, entry: Entry) -> Interaction {
        let calls = entry.tool_calls.into_iter();
        let calls: Vec<_> =
            calls.map(|c| NamedCall { name: c.name, arguments: c.arguments }).collect();
        Interaction {
            interaction_id: entry.id,
            ticket_id: ticket_id.to_owned(),
            timestamp: entry.at,
            speaker: face_speaker(entry.speaker),
            message: entry.body,
            tool_calls: if calls.is_empty() { None } else { Some(calls) },
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct MetadataRow {
    pub metadata_id: u32,
    pub ticket_id: String,
    pub key: String,
    pub value: String,
}

impl MetadataRow {
    pub fn of(ticket_id: &str, id: u32, row: Metadata) -> MetadataRow {
        MetadataRow {
            metadata_id: id,
            ticket_id: ticket_id.to_owned(),
            key: row.key,
            value: row.value,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct CallDetail {
    pub ticket: CallTicket,
    /// In spoken order.
    pub interactions: Vec<Interaction>,
    pub metadata: Vec<MetadataRow>,
    /// The entry to go on behind at `/api/tickets/{ref}/timeline` when this call is too long for one answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<u32>,
}
