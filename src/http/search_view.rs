//! What a search shows: records of the few best, with the part of the text in which the words stand.

use serde::Serialize;

use super::tickets_list::ListedTicket;
use crate::describe::ToSchema;
use crate::domain::canned::{CannedResponse, MAX_CANNED};
use crate::domain::contact::Contact;
use crate::domain::entry::Entry;
use crate::domain::ticket::Ticket;
use crate::domain::time::Micros;
use crate::engine::rows::{ReadError, Rows, key};
use crate::engine::search::{Found, Highlighter, Snippet};

/// Characters of a snippet.
const SHOWN: usize = 160;

#[derive(Serialize, ToSchema)]
pub struct Group<T> {
    /// How many there are in all
    pub total: u64,
    pub items: Vec<T>,
}

/// Part of a text
#[derive(Serialize, ToSchema)]
pub struct SnippetView {
    #[schema(example = "My blender is broken again")]
    text: String,
    /// Where the words stand: from a character to that behind it, counted in Unicode code points
    #[schema(example = json!([[3, 10]]))]
    hits: Vec<[usize; 2]>,
}

impl From<Snippet> for SnippetView {
    fn from(snippet: Snippet) -> SnippetView {
        let hits = snippet.hits.into_iter().map(|(start, end)| [start, end]).collect();
        SnippetView { text: snippet.text, hits }
    }
}

#[derive(Serialize, ToSchema)]
pub struct TicketHit {
    #[serde(flatten)]
    ticket: ListedTicket,
    /// Where the words stand in what the ticket is known by; absent if they are in what was said
    #[serde(skip_serializing_if = "Option::is_none")]
    snippet: Option<SnippetView>,
}

#[derive(Serialize, ToSchema)]
pub struct MessageHit {
    ticket_number: u64,
    subject: Option<String>,
    /// The entry's id in the ticket's timeline
    entry_id: u32,
    #[schema(value_type = String, format = DateTime)]
    at: Micros,
    /// user, agent, bot or system
    speaker: &'static str,
    /// message, note, tool_call or event
    kind: &'static str,
    author: Option<String>,
    snippet: SnippetView,
}

#[derive(Serialize, ToSchema)]
pub struct ContactHit {
    id: u64,
    name: Option<String>,
    phone: Option<String>,
    emails: Vec<String>,
}

#[derive(Serialize, ToSchema)]
pub struct CannedHit {
    id: u64,
    title: String,
    shortcut: Option<String>,
    snippet: SnippetView,
}

pub fn tickets(rows: &Rows<'_>, found: &Found) -> Result<Vec<TicketHit>, ReadError> {
    let mut hits = Vec::new();
    for (number, _) in &found.weights {
        let Some(ticket) = rows.ticket(*number)? else { continue };
        let snippet = known_by(&found.highlighter, &ticket).map(SnippetView::from);
        hits.push(TicketHit { ticket: ticket.into(), snippet });
    }
    Ok(hits)
}

fn known_by(highlighter: &Highlighter, ticket: &Ticket) -> Option<Snippet> {
    let asks = &ticket.requester;
    let texts = [
        &ticket.subject,
        &ticket.description,
        &ticket.summary,
        &ticket.resolution_notes,
        &asks.name,
        &asks.email,
        &asks.phone,
        &ticket.order_id,
    ];
    let texts = texts.into_iter().flatten().chain(&ticket.tags).chain(&ticket.external_ids);
    texts.chain([&ticket.ticket_id]).find_map(|text| highlighter.snippet(text, SHOWN))
}

pub fn messages(rows: &Rows<'_>, found: &Found) -> Result<Vec<MessageHit>, ReadError> {
    let mut hits = Vec::new();
    for message in &found.messages {
        let Some(ticket) = rows.ticket(message.ticket)? else { continue };
        let Some(entry) = rows.get::<Entry>(&key::number(message.entry))? else { continue };
        let Some(entry_id) = place(rows, &ticket, message.entry)? else { continue };
        hits.push(MessageHit {
            ticket_number: ticket.number,
            subject: ticket.subject,
            entry_id,
            at: entry.at,
            speaker: entry.speaker.as_str(),
            kind: entry.kind.as_str(),
            snippet: said(&found.highlighter, &entry),
            author: entry.author,
        });
    }
    Ok(hits)
}

/// The id of an entry in the timeline that it is part of today.
fn place(rows: &Rows<'_>, ticket: &Ticket, no: u64) -> Result<Option<u32>, ReadError> {
    for page in (0..ticket.extent.pages).rev() {
        if let Some(item) = rows.page(ticket.number, page)?.items.iter().find(|i| i.no == no) {
            return Ok(Some(item.id));
        }
    }
    Ok(None)
}

fn said(highlighter: &Highlighter, entry: &Entry) -> SnippetView {
    let calls = entry.tool_calls.iter().flat_map(|call| {
        [Some(&call.name), Some(&call.arguments), call.output.as_ref()].into_iter().flatten()
    });
    let file = entry.attachment.iter().flat_map(|attachment| &attachment.file_name);
    let mut texts = [&entry.body].into_iter().chain(calls).chain(file);
    let found = texts.find_map(|text| highlighter.snippet(text, SHOWN));
    // What was looked for may be in no text: has:attachment.
    let begun = || Snippet { text: entry.body.chars().take(SHOWN).collect(), hits: Vec::new() };
    found.unwrap_or_else(begun).into()
}

pub fn contacts(rows: &Rows<'_>, found: &Found) -> Result<Vec<ContactHit>, ReadError> {
    let mut hits = Vec::new();
    for hit in &found.contacts {
        let Some(contact) = rows.get::<Contact>(&key::number(hit.id))? else { continue };
        let emails = contact.addresses.iter().filter_map(|a| a.strip_prefix("mailto:"));
        hits.push(ContactHit {
            id: contact.id,
            emails: emails.map(str::to_owned).collect(),
            name: contact.name,
            phone: contact.phone,
        });
    }
    Ok(hits)
}

/// There are so few that they are read.
pub fn canned(rows: &Rows<'_>, found: &Found, most: usize) -> Result<Group<CannedHit>, ReadError> {
    let mut group = Group { total: 0, items: Vec::new() };
    for canned in rows.all_canned(MAX_CANNED)? {
        let shortcut = canned.shortcut.as_deref().unwrap_or_default();
        let text = format!("{}\n{shortcut}\n{}", canned.title, canned.content);
        if !found.highlighter.is_empty() && found.highlighter.matches(&text) {
            group.total += 1;
            if group.items.len() < most {
                let hit = found.highlighter.snippet(&canned.content, SHOWN);
                let begun = || {
                    let text = canned.content.chars().take(SHOWN).collect();
                    Snippet { text, hits: Vec::new() }
                };
                let snippet = hit.unwrap_or_else(begun).into();
                let CannedResponse { id, title, shortcut, .. } = canned;
                group.items.push(CannedHit { id, title, shortcut, snippet });
            }
        }
    }
    Ok(group)
}
