//! One event as streams tell it: small, and without a word of what was said but for those who follow a running call.

use serde::Serialize;

use crate::domain::entry::Kind;
use crate::domain::status::Status;
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
    /// The same with the line that was said, of running calls: for those who follow them.
    pub with_words: Option<String>,
    pub actor: String,
    /// The first words of a note, for boards that show them.
    pub note: Option<Note>,
    /// Where the ticket's status was before, if it changed.
    pub was: Option<Status>,
    pub at: Micros,
}

pub struct Note {
    pub id: u32,
    pub author: Option<String>,
    pub text: String,
}

/// Bytes of words that an event holds in memory; a longer text goes on in its timeline.
const MAX_WORDS: usize = 4096;

fn first_words(text: &str) -> String {
    let end = (0..=MAX_WORDS.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    text[..end.unwrap_or_default()].to_owned()
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
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<LineTold>,
}

/// What was said in a running call, whole.
#[derive(Serialize)]
struct LineTold {
    /// The speech item of which parts may have come before.
    item: Option<String>,
    speaker: &'static str,
    text: String,
    partial: bool,
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
        let Published { seq, at, event, ticket, entry, contact, was, .. } = published;
        let is_call = ticket.as_ref().is_some_and(|ticket| ticket.call_running);
        let line =
            entry.as_ref().filter(|e| is_call && e.kind == Kind::Message).map(|e| LineTold {
                item: e.provider_id.clone(),
                speaker: e.speaker.as_str(),
                text: first_words(&e.body),
                partial: false,
            });
        let note = entry.as_ref().filter(|e| e.kind == Kind::Note).map(|e| Note {
            id: e.id,
            author: e.author.clone(),
            text: first_words(&e.body),
        });
        let mut told = Told {
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
            line: None,
        };
        let json = serde_json::to_string(&told).unwrap_or_default();
        told.line = line;
        let with_words = told.line.is_some().then(|| serde_json::to_string(&told).ok()).flatten();
        let actor = event.actor.clone();
        LiveEvent { seq, kind: event.kind, ticket, json, with_words, actor, note, was, at }
    }

    /// Whether a ticket may go from somebody's sight by it.
    pub fn leaves(&self) -> bool {
        self.kind == EventKind::TicketAssigned
    }

    /// For those from whose sight the ticket went by this event: that it did, and nothing of where to.
    pub fn left(&self) -> Option<String> {
        let ticket = self.ticket.as_ref().filter(|_| self.leaves())?;
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
