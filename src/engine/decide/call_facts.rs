//! Facts of a running call become entries, each once, in spoken order ([`super::call_order`]).

use super::call_order;
use crate::domain::call::{CallItem, Fact, MAX_ITEMS, OpenCall, Part, Previous};
use crate::domain::entry::{Entry, Kind, MAX_BODY, Speaker, ToolCall};
use crate::domain::reference::Reference;
use crate::domain::ticket::Ticket;
use crate::engine::command::{Refusal, Reply};
use crate::engine::draft::Draft;
use crate::engine::event::EventKind;
use crate::engine::rows::key;
use crate::engine::timeline::Place;

/// The longest id of an item or tool call.
const MAX_ID: usize = 256;

pub fn record(
    draft: &mut Draft<'_>,
    number: u64,
    event_id: Option<&str>,
    facts: &[Fact],
) -> Result<Reply, Refusal> {
    let mut ticket = draft.ticket(&Reference::Number(number))?;
    let before = ticket.clone();
    for fact in facts {
        apply(draft, &mut ticket, event_id, fact)?;
    }
    if ticket != before {
        ticket.updated_at = draft.ctx.now;
        draft.put_ticket(&ticket)?;
    }
    Ok(Reply::Done)
}

fn apply(
    draft: &mut Draft<'_>,
    ticket: &mut Ticket,
    event_id: Option<&str>,
    fact: &Fact,
) -> Result<(), Refusal> {
    match fact {
        Fact::Placed { item, after, turn } => place(draft, ticket, item, after, *turn),
        Fact::Said { item, index, speaker, text } => {
            let name = item.clone().or_else(|| event_id.map(|id| format!("event:{id}")));
            let mut row = load(draft, ticket, name.as_deref())?;
            say(draft, ticket, &mut row, *index, *speaker, text)
        }
        Fact::ToolNamed { item, call_id, name } => {
            let mut row = load_tool(draft, ticket, item.as_deref(), Some(call_id))?;
            if row.tool_name.is_some() {
                return Ok(());
            }
            row.call_id = Some(cut(call_id));
            row.tool_name = Some(cut(name));
            if row.tool_arguments.is_some() && row.parts.is_empty() {
                return write_tool_call(draft, ticket, &mut row, name);
            }
            store(draft, ticket, &row);
            Ok(())
        }
        Fact::ToolCalled { item, call_id, name, arguments } => {
            let id = call_id.as_deref().or(event_id);
            let mut row = load_tool(draft, ticket, item.as_deref(), id)?;
            if !row.parts.is_empty() {
                return Ok(());
            }
            row.tool_arguments = Some(cut_to(arguments, MAX_BODY));
            match name.clone().or(row.tool_name.clone()) {
                Some(name) => write_tool_call(draft, ticket, &mut row, &cut(&name)),
                None => {
                    store(draft, ticket, &row);
                    Ok(())
                }
            }
        }
        Fact::ToolAnswered { call_id, output } => answer(draft, ticket, call_id, output),
        Fact::Befell { text } => befall(draft, ticket, event_id, text),
    }
}

fn place(
    draft: &mut Draft<'_>,
    ticket: &mut Ticket,
    item: &str,
    after: &Previous,
    turn: bool,
) -> Result<(), Refusal> {
    if !turn && *after == Previous::Unknown {
        return Ok(());
    }
    let mut row = load(draft, ticket, Some(item))?;
    let wants_id = turn && row.reserved == 0 && row.parts.is_empty();
    let learns = row.previous == Previous::Unknown && *after != Previous::Unknown;
    if wants_id {
        row.reserved = draft.reserve_entry(ticket);
    }
    if learns {
        let after = match after {
            Previous::Item(id) => Previous::Item(cut(id)),
            other => other.clone(),
        };
        call_order::link(draft, ticket, &mut row, after)?;
    } else if wants_id {
        store(draft, ticket, &row);
    }
    Ok(())
}

fn say(
    draft: &mut Draft<'_>,
    ticket: &mut Ticket,
    row: &mut CallItem,
    index: u32,
    speaker: Speaker,
    text: &str,
) -> Result<(), Refusal> {
    if row.parts.iter().any(|p| p.index == index) {
        return Ok(());
    }
    let body = cut_to(text, MAX_BODY);
    write(draft, ticket, row, index, speaker, Kind::Message, body, Vec::new())
}

fn befall(
    draft: &mut Draft<'_>,
    ticket: &mut Ticket,
    event_id: Option<&str>,
    text: &str,
) -> Result<(), Refusal> {
    let name = event_id.map(|id| format!("event:{id}"));
    let mut row = load(draft, ticket, name.as_deref())?;
    if !row.parts.is_empty() {
        return Ok(());
    }
    let body = cut_to(text, MAX_BODY);
    write(draft, ticket, &mut row, 0, Speaker::System, Kind::Event, body, Vec::new())
}

/// Writes the entry of a tool call whose arguments are in `row`.
pub fn write_tool_call(
    draft: &mut Draft<'_>,
    ticket: &mut Ticket,
    row: &mut CallItem,
    name: &str,
) -> Result<(), Refusal> {
    let arguments = row.tool_arguments.take().unwrap_or_default();
    let call = ToolCall { name: name.to_owned(), arguments, output: None };
    super::call::count_tool(draft, ticket.number, name)?;
    let body = ToolCall::message(name);
    write(draft, ticket, row, 0, Speaker::Agent, Kind::ToolCall, body, vec![call])
}

#[allow(clippy::too_many_arguments, reason = "one call site shape for words and tool calls")]
fn write(
    draft: &mut Draft<'_>,
    ticket: &mut Ticket,
    row: &mut CallItem,
    index: u32,
    speaker: Speaker,
    kind: Kind,
    body: String,
    tool_calls: Vec<ToolCall>,
) -> Result<(), Refusal> {
    let now = draft.ctx.now;
    let id = match row.reserved {
        0 => draft.reserve_entry(ticket),
        reserved => reserved,
    };
    row.reserved = 0;
    let entry = Entry {
        ticket: ticket.number,
        id,
        at: row.first_seen,
        received_at: now,
        speaker,
        kind,
        author: None,
        body,
        tool_calls,
        attachment: None,
        provider_id: Some(row.item.clone()),
        edited_at: None,
        deleted_at: None,
    };
    let earlier = row.parts.iter().filter(|p| p.index < index).max_by_key(|p| p.index);
    let later = row.parts.iter().filter(|p| p.index > index).min_by_key(|p| p.index);
    let target = match (earlier, later) {
        (Some(part), _) => Place::After(part.entry),
        (None, Some(part)) => Place::Before(part.entry),
        (None, None) => call_order::place(draft, ticket, row)?,
    };
    let no = draft.add_entry(ticket, &entry, target)?;
    row.parts.push(Part { index, entry: id, no });
    row.parts.sort_by_key(|p| p.index);
    store(draft, ticket, row);
    if speaker == Speaker::Agent && kind == Kind::Message {
        ticket.first_response_at.get_or_insert(now);
    }
    draft.event_about(EventKind::MessageAdded, Some(ticket.number), Some(no), None);
    Ok(())
}

fn answer(
    draft: &mut Draft<'_>,
    ticket: &Ticket,
    call_id: &str,
    output: &str,
) -> Result<(), Refusal> {
    let alias = key::call_item(ticket.number, &alias(call_id));
    let Some(row) = draft.get::<CallItem>(&alias)? else { return Ok(()) };
    let row = draft.get::<CallItem>(&key::call_item(ticket.number, &row.item))?.unwrap_or(row);
    let Some(part) = row.parts.first() else { return Ok(()) };
    let Some(mut entry) = draft.get::<Entry>(&key::number(part.no))? else { return Ok(()) };
    if let Some(call) = entry.tool_calls.first_mut().filter(|c| c.output.is_none()) {
        call.output = Some(cut_to(output, MAX_BODY));
        draft.put(&key::number(part.no), &entry);
        draft.event_about(EventKind::EntryUpdated, Some(ticket.number), Some(part.no), None);
    }
    Ok(())
}

/// The row of an item, a fresh one if it is new. Without a name nothing can be recognised again.
pub fn load(
    draft: &mut Draft<'_>,
    ticket: &Ticket,
    item: Option<&str>,
) -> Result<CallItem, Refusal> {
    let name = item.map(cut);
    if let Some(name) = &name
        && let Some(row) = draft.get::<CallItem>(&key::call_item(ticket.number, name))?
    {
        return Ok(row);
    }
    let name = match name {
        Some(name) => name,
        None => format!("unnamed:{}", ticket.extent.last_entry + 1),
    };
    let open_call = key::number(ticket.number);
    if let Some(mut call) = draft.get::<OpenCall>(&open_call)? {
        if call.items >= MAX_ITEMS {
            return Err(Refusal::Conflict(format!("a call may have at most {MAX_ITEMS} turns")));
        }
        call.items += 1;
        draft.put(&open_call, &call);
    }
    Ok(CallItem {
        item: name,
        first_seen: draft.ctx.now,
        previous: Previous::Unknown,
        next: None,
        reserved: 0,
        parts: Vec::new(),
        call_id: None,
        tool_name: None,
        tool_arguments: None,
    })
}

/// The row of a tool call, found by its item or by its call id, whichever is known.
fn load_tool(
    draft: &mut Draft<'_>,
    ticket: &Ticket,
    item: Option<&str>,
    call_id: Option<&str>,
) -> Result<CallItem, Refusal> {
    let by_call = match call_id {
        Some(id) => draft.get::<CallItem>(&key::call_item(ticket.number, &alias(id)))?,
        None => None,
    };
    let row = match (&by_call, item) {
        (Some(known), _) => {
            let target = known.item.clone();
            load(draft, ticket, Some(&target))?
        }
        (None, Some(item)) => load(draft, ticket, Some(item))?,
        (None, None) => load(draft, ticket, call_id.map(alias).as_deref())?,
    };
    if let (None, Some(id)) = (&by_call, call_id)
        && row.item != alias(id)
    {
        let pointer = CallItem { parts: Vec::new(), tool_arguments: None, ..row.clone() };
        draft.put(&key::call_item(ticket.number, &alias(id)), &pointer);
    }
    Ok(row)
}

pub fn store(draft: &mut Draft<'_>, ticket: &Ticket, row: &CallItem) {
    draft.put(&key::call_item(ticket.number, &row.item), row);
}

fn alias(call_id: &str) -> String {
    format!("call:{}", cut(call_id))
}

fn cut(id: &str) -> String {
    cut_to(id, MAX_ID)
}

fn cut_to(text: &str, bytes: usize) -> String {
    let end = if text.len() <= bytes {
        text.len()
    } else {
        (0..=bytes).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0)
    };
    text[..end].to_owned()
}
