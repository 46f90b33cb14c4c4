//! One event as streams tell it: small, and without a word of what was said.

use serde::Serialize;

use crate::domain::ticket::Ticket;
use crate::domain::time::Micros;
use crate::engine::event::EventKind;
use crate::engine::feed::Published;

/// An event, read from the feed once for all streams.
pub struct LiveEvent {
    pub seq: u64,
    pub kind: EventKind,
    /// As the event left it; rights are looked at in it.
    pub ticket: Option<Ticket>,
    /// For those who may see it.
    pub json: String,
    at: Micros,
}

#[derive(Serialize)]
struct Told<'a> {
    seq: u64,
    event: &'static str,
    at: Micros,
    actor: &'a str,
    #[serde(flatten)]
    ticket: Option<TicketTold<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<EntryTold>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<u64>,
}

#[derive(Serialize)]
struct TicketTold<'a> {
    ticket: String,
    ticket_number: String,
    number: u64,
    status: &'static str,
    priority: &'static str,
    channel: &'static str,
    assignee_id: Option<u64>,
    assignee_name: Option<&'a str>,
    conversation_id: Option<u64>,
    call_running: bool,
    updated_at: Micros,
}

#[derive(Serialize)]
struct EntryTold {
    /// Within its ticket's timeline.
    id: u32,
    kind: &'static str,
    speaker: &'static str,
}

#[derive(Serialize)]
struct Left {
    seq: u64,
    event: &'static str,
    at: Micros,
    number: u64,
    ticket_number: String,
}

impl LiveEvent {
    pub fn of(published: Published) -> LiveEvent {
        let Published { seq, at, event, ticket, entry, contact, .. } = published;
        let told = Told {
            seq,
            event: event.kind.name(),
            at,
            actor: &event.actor,
            ticket: ticket.as_ref().map(|t| TicketTold {
                ticket: t.id.to_string(),
                ticket_number: format!("#{}", t.number),
                number: t.number,
                status: t.status.on_helpdesk_face(),
                priority: t.priority.as_str(),
                channel: t.channel.as_str(),
                assignee_id: t.assignee.as_ref().map(|a| a.agent),
                assignee_name: t.assignee.as_ref().map(|a| a.name.as_str()),
                conversation_id: t.conversation,
                call_running: t.call_running,
                updated_at: t.updated_at,
            }),
            entry: entry.map(|e| EntryTold {
                id: e.id,
                kind: e.kind.as_str(),
                speaker: e.speaker.as_str(),
            }),
            contact: contact.map(|c| c.id),
        };
        let json = serde_json::to_string(&told).unwrap_or_default();
        LiveEvent { seq, kind: event.kind, ticket, json, at }
    }

    /// For those from whose sight the ticket went by this event: that it did, and nothing of where to.
    pub fn left(&self) -> Option<String> {
        let ticket = self.ticket.as_ref().filter(|_| self.kind == EventKind::TicketAssigned)?;
        let left = Left {
            seq: self.seq,
            event: "ticket.left",
            at: self.at,
            number: ticket.number,
            ticket_number: format!("#{}", ticket.number),
        };
        serde_json::to_string(&left).ok()
    }
}
