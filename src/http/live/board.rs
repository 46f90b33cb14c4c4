//! Events in the words of the dashboards that listen by Socket.IO (S2.24, S2.25): each name in both spellings, with a
//! ticket in the field names that they read.

use serde_json::{Value, json};

use super::event::LiveEvent;
use crate::domain::ticket::Ticket;
use crate::engine::event::EventKind;

/// A name in both spellings.
type Names = [&'static str; 2];

const CREATED: Names = ["ticket:created", "ticket_created"];
const UPDATED: Names = ["ticket:updated", "ticket_updated"];
const ASSIGNED: Names = ["ticket:assigned", "ticket_assigned"];
const RESOLVED: Names = ["ticket:resolved", "ticket_resolved"];
const NOTE_ADDED: Names = ["ticket:note_added", "ticket_note_added"];
const ESCALATED: Names = ["ticket:escalated", "ticket_escalated"];
const STATUS_CHANGED: Names = ["ticket:status_changed", "ticket_status_changed"];
const SLA_WARNING: Names = ["ticket:sla_warning", "ticket_sla_warning"];
const SLA_BREACH: Names = ["ticket:sla_breach", "ticket_sla_breach"];
const LEFT: Names = ["ticket:left", "ticket_left"];
const HAPPENED: &str = "event";

/// Packets of one event: the dashboards' names, and `event` with what all streams tell.
pub fn packets(
    event: &LiveEvent,
    plain: impl FnOnce() -> Option<Value>,
) -> Vec<(&'static str, Value)> {
    let mut packets: Vec<_> = plain().map(|value| (HAPPENED, value)).into_iter().collect();
    let Some(ticket) = &event.ticket else { return packets };
    let shown = ticket_of(ticket);
    for names in names(event).iter().copied().copied() {
        let value = payload(event, ticket, &shown, names);
        packets.extend(names.map(|name| (name, value.clone())));
    }
    packets
}

/// That a ticket is in sight no more.
pub fn left(event: &LiveEvent) -> Vec<(&'static str, Value)> {
    let Some(ticket) = &event.ticket else { return Vec::new() };
    let value = json!({ "number": ticket.number, "seq": event.seq });
    LEFT.map(|name| (name, value.clone())).into()
}

fn names(event: &LiveEvent) -> &'static [&'static Names] {
    use EventKind as Kind;
    match event.kind {
        Kind::TicketCreated | Kind::TicketRestored => &[&CREATED],
        Kind::TicketAssigned | Kind::TicketUnassigned => &[&ASSIGNED],
        Kind::TicketStatusChanged | Kind::TicketClosed | Kind::TicketReopened => &[&STATUS_CHANGED],
        Kind::TicketResolved => &[&RESOLVED, &STATUS_CHANGED],
        Kind::TicketEscalated => &[&ESCALATED],
        Kind::FirstResponseAtRisk | Kind::ResolutionAtRisk => &[&SLA_WARNING],
        Kind::FirstResponseBreached | Kind::ResolutionBreached => &[&SLA_BREACH],
        Kind::MessageAdded if event.note.is_some() => &[&NOTE_ADDED],
        _ => &[&UPDATED],
    }
}

fn payload(event: &LiveEvent, ticket: &Ticket, shown: &Value, names: Names) -> Value {
    let id = ticket.id.to_string();
    let mut value = json!({ "ticket": shown, "ticketId": id, "seq": event.seq, "at": event.at });
    let more = match names {
        CREATED => json!({ "customerId": shown["customerId"] }),
        UPDATED => json!({ "updatedBy": event.actor, "changes": changes(ticket) }),
        ASSIGNED => json!({ "assignedTo": shown["assignedAgent"], "assignedBy": event.actor }),
        STATUS_CHANGED => json!({
            "previousStatus": event.was.map(|was| was.on_helpdesk_face()),
            "newStatus": shown["status"], "changedBy": event.actor,
        }),
        NOTE_ADDED => json!({ "note": event.note.as_ref().map(|note| json!({
            "id": note.id, "content": note.text, "author": note.author, "timestamp": event.at,
            "isInternal": true,
        })) }),
        ESCALATED => json!({
            "reason": ticket.escalation.as_ref().map(|e| e.reason.as_str()),
            "escalatedBy": event.actor,
        }),
        SLA_WARNING | SLA_BREACH => {
            json!({ "target": event.kind.sla_target().map(|target| target.as_str()) })
        }
        _ => json!({}),
    };
    if let (Value::Object(value), Value::Object(more)) = (&mut value, more) {
        value.extend(more);
    }
    value
}

/// What may have changed, as it is now: the event says that something did.
fn changes(ticket: &Ticket) -> Value {
    json!({
        "status": ticket.status.on_helpdesk_face(), "priority": ticket.priority.as_str(),
        "category": ticket.category, "tags": ticket.tags,
    })
}

fn ticket_of(ticket: &Ticket) -> Value {
    let agent = ticket.assignee.as_ref();
    json!({
        "_id": ticket.id, "id": ticket.id, "ticketId": ticket.ticket_id, "number": ticket.number,
        "status": ticket.status.on_helpdesk_face(), "priority": ticket.priority.as_str(),
        "category": ticket.category, "subject": ticket.subject, "channel": ticket.channel.as_str(),
        "customerId": ticket.requester.contact.map(|id| id.to_string()),
        "conversationId": ticket.conversation.map(|id| id.to_string()),
        "assignedAgent": agent.map(|a| json!({ "_id": a.agent.to_string(), "name": a.name })),
        "tags": ticket.tags, "escalated": ticket.escalation.is_some(),
        "createdAt": ticket.created_at, "updatedAt": ticket.updated_at,
    })
}
