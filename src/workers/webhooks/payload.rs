//! From an event of the feed to what is delivered: `{event, timestamp, data}` (S3.39).

use serde_json::{Map, Value, json};

use crate::domain::channel::Channel;
use crate::domain::entry::{Entry, Kind, Speaker};
use crate::domain::rating::Rating;
use crate::domain::sla_policy::SlaClock;
use crate::domain::ticket::Ticket;
use crate::domain::time::Micros;
use crate::domain::webhook::COMMENT_ADDED;
use crate::engine::event::EventKind;
use crate::engine::feed::Published;

/// What happened, in the words of S3.38: its own name, and `ticket.comment.added` for what somebody wrote.
pub fn names(published: &Published) -> Vec<&'static str> {
    let mut names = vec![published.event.kind.name()];
    let written = |entry: &Entry| {
        let comment = matches!(entry.kind, Kind::Message | Kind::Note);
        let channel = published.ticket.as_ref().map(|ticket| ticket.channel);
        // What is said in a call is no comment, but what is written on its ticket.
        comment && (channel != Some(Channel::Call) || entry.author.is_some())
    };
    if published.event.kind == EventKind::MessageAdded
        && published.entry.as_ref().is_some_and(written)
    {
        names.push(COMMENT_ADDED);
    }
    names
}

/// What lies beside a ticket, of those events that are about it.
#[derive(Default)]
pub struct Beside {
    pub rating: Option<Rating>,
    /// What it was promised.
    pub clock: Option<SlaClock>,
}

/// The body of one event, of a ticket as it was left by it.
pub fn body(name: &str, published: &Published, ticket: Option<&Ticket>, beside: &Beside) -> String {
    let mut data = ticket.map(of_ticket).unwrap_or_default();
    data.insert("actor".into(), json!(published.event.actor));
    if let (Some(entry), Some(ticket)) = (&published.entry, ticket) {
        data.insert("comment".into(), of_entry(entry, ticket));
    }
    if let Some(rating) = &beside.rating {
        let told = json!({"rating": rating.rating, "feedback": rating.feedback});
        data.insert("satisfaction".into(), told);
    }
    if let (Some(target), Some(clock)) = (published.event.kind.sla_target(), &beside.clock) {
        data.insert("breach_type".into(), json!(target.as_str()));
        data.insert("sla_policy_id".into(), json!(clock.policy));
        data.insert("sla_policy_name".into(), json!(clock.policy_name));
    }
    if let Some(contact) = &published.contact {
        // Who that is stays here: whoever needs more asks for it.
        data.insert("contact_id".into(), json!(contact.id));
        data.insert("merged_into".into(), json!(contact.merged_into));
    }
    envelope(name, published.at, Value::Object(data))
}

pub fn envelope(name: &str, at: Micros, data: Value) -> String {
    json!({"event": name, "timestamp": at, "data": data}).to_string()
}

fn of_ticket(ticket: &Ticket) -> Map<String, Value> {
    let told = json!({
        "ticket_id": ticket.id,
        "ticket_number": format!("#{}", ticket.number),
        "reference": ticket.ticket_id,
        "subject": ticket.subject,
        "status": ticket.status.on_helpdesk_face(),
        "priority": ticket.priority.as_str(),
        "channel": ticket.channel.as_str(),
        "category": ticket.category,
        "tags": ticket.tags,
        "requester_name": ticket.requester.name,
        "requester_email": ticket.requester.email,
        "assignee_id": ticket.assignee.as_ref().map(|assignee| assignee.agent),
        "assignee_name": ticket.assignee.as_ref().map(|assignee| &assignee.name),
        "created_at": ticket.created_at,
        "updated_at": ticket.updated_at,
        "resolved_at": ticket.resolved_at,
        "closed_at": ticket.closed_at,
    });
    match told {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

fn of_entry(entry: &Entry, ticket: &Ticket) -> Value {
    let (author_type, by_default) = match entry.speaker {
        Speaker::User => ("customer", ticket.requester.name.as_ref()),
        other => (other.as_str(), None),
    };
    json!({
        "id": entry.id,
        "body": entry.body,
        "author_type": author_type,
        "author_name": entry.author.as_ref().or(by_default),
        "is_internal": entry.kind == Kind::Note,
        "created_at": entry.at,
    })
}
