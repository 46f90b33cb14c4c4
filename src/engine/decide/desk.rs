//! What agents do with one ticket: make it, edit it, give it to somebody, flag it, tie it to others.
//!
//! What always holds: who names the state that they saw (`expected`) changes that state or nothing; a field that was not
//! sent stays as it is.

use super::{crm, deletion, escalate, intake, merge, queue};
use crate::domain::activity::{Value, What};
use crate::domain::agent::Agent;
use crate::domain::reference::Reference;
use crate::domain::status::Status;
use crate::domain::ticket::{
    Assignee, MAX_METADATA, MAX_RELATED, MAX_SUMMARY, MAX_TAG, MAX_TAGS, MAX_WATCHERS, Metadata,
    Ticket,
};
use crate::engine::command::{Refusal, Reply};
use crate::engine::desk::{Edits, NewTicket, Tag, TicketChange};
use crate::engine::draft::Draft;
use crate::engine::event::EventKind;
use crate::engine::intake::NewRequester;
use crate::engine::rows::key;
use crate::store::Table;

/// The prefix of these tickets' references (DESIGN C1).
const PREFIX: &str = "TKT";

/// Makes a ticket, open at once (S3.31).
pub fn create(draft: &mut Draft<'_>, new: &NewTicket) -> Result<Reply, Refusal> {
    let case = &new.case;
    let contact = intake::requester(draft, &case.requester)?;
    let names = draft.name_ticket(PREFIX)?;
    let now = draft.ctx.now;
    let mut ticket = Ticket {
        priority: case.priority.unwrap_or(draft.ctx.rules.default_priority),
        category: new.category.clone(),
        category_is_manual: new.category.is_some(),
        source: case.source.clone(),
        ..Ticket::new(names, case.channel, Status::Open, now)
    };
    ticket.requester.phone = new.phone.clone();
    draft.write_history(&mut ticket, None, None);
    draft.event(EventKind::TicketCreated, Some(ticket.number));
    let line =
        format!("[TICKET] ✅ Created new ticket #{} ({})", ticket.number, case.channel.as_str());
    draft.notice(line.into());
    intake::complete(draft, &mut ticket, case, contact)?;
    draft.put_ticket(&ticket)?;
    let set = new.metadata.iter().map(|(key, value)| (key.as_str(), Some(value.as_str())));
    write_metadata(draft, &mut ticket, set)?;
    if let Some(agent) = new.assignee {
        assign(draft, &mut ticket, agent)?;
    }
    draft.put_ticket(&ticket)?;
    edited(draft, ticket)
}

/// Changes a ticket, unless somebody else changed it since the caller saw it.
pub fn change(
    draft: &mut Draft<'_>,
    reference: &Reference,
    expected: Option<Tag>,
    change: &TicketChange,
) -> Result<Reply, Refusal> {
    match change {
        TicketChange::Restore => return deletion::restore(draft, reference),
        TicketChange::Unmerge => return merge::undo(draft, reference),
        _ => {}
    }
    let mut ticket = draft.ticket(reference)?;
    if let Some(expected) = expected {
        let tag = draft.rows().tag(ticket.number)?;
        if expected != tag {
            return Err(Refusal::Stale { ticket: Box::new(ticket), tag });
        }
    }
    alter(draft, &mut ticket, change)?;
    edited(draft, ticket)
}

/// The same of a ticket that was just read, for whoever needs no answer; nothing that brings a ticket back.
pub fn alter(
    draft: &mut Draft<'_>,
    ticket: &mut Ticket,
    change: &TicketChange,
) -> Result<(), Refusal> {
    let before = ticket.clone();
    let mut changes_rows = false;
    match change {
        TicketChange::Edit(edits) => changes_rows = edit(draft, ticket, edits)?,
        TicketChange::Move { to, reason, notes } => {
            short("reason", reason.as_deref())?;
            short("resolution_notes", notes.as_deref())?;
            draft.because(reason.as_deref());
            ticket.resolution_notes = notes.clone().or(ticket.resolution_notes.take());
            queue::change_status(draft, ticket, *to, reason.as_deref())?;
        }
        TicketChange::Assign { agent, reason } => {
            short("reason", reason.as_deref())?;
            draft.because(reason.as_deref());
            assign(draft, ticket, *agent)?;
        }
        TicketChange::Unassign { reason } => {
            short("reason", reason.as_deref())?;
            draft.because(reason.as_deref());
            unassign(draft, ticket);
        }
        TicketChange::Escalate { reason, to } => {
            escalate::escalate(draft, ticket, reason, *to)?;
        }
        TicketChange::EscalateTo { agent, reason } => {
            crm::escalate(draft, ticket, *agent, reason)?;
        }
        TicketChange::EditCrm { edits, details } => {
            changes_rows = crm::edit(draft, ticket, edits, details)?;
        }
        TicketChange::Deescalate => escalate::deescalate(draft, ticket)?,
        TicketChange::Hold(hold) => self::hold(draft, ticket, *hold),
        TicketChange::Tag { add, remove } => {
            let gone = |tag: &String| remove.iter().any(|r| same(r, tag));
            ticket.tags.retain(|tag| !gone(tag));
            ticket.tags = tags(ticket.tags.iter().chain(add))?;
        }
        TicketChange::Follow { agent } => follow(draft, ticket, *agent)?,
        TicketChange::Unfollow { agent } => ticket.followers.retain(|id| id != agent),
        TicketChange::Relate { other } => relate(draft, ticket, other)?,
        TicketChange::Unrelate { other } => unrelate(draft, ticket, other)?,
        TicketChange::Delete => deletion::delete(draft, ticket)?,
        TicketChange::Restore | TicketChange::Unmerge => {}
    }
    if *ticket != before || changes_rows {
        ticket.updated_at = draft.ctx.now;
        draft.put_ticket(ticket)?;
        if before.status == ticket.status && before.assignee == ticket.assignee {
            draft.event(EventKind::TicketUpdated, Some(ticket.number));
        }
    }
    Ok(())
}

/// The ticket as it is now, and the name of that state.
pub fn edited(draft: &mut Draft<'_>, ticket: Ticket) -> Result<Reply, Refusal> {
    draft.keep_activities()?;
    let tag = draft.rows().tag(ticket.number)?;
    Ok(Reply::Edited { ticket: Box::new(ticket), tag })
}

/// True if rows beside the ticket's own have changed.
pub fn edit(draft: &mut Draft<'_>, ticket: &mut Ticket, edits: &Edits) -> Result<bool, Refusal> {
    short("reason", edits.reason.as_deref())?;
    draft.because(edits.reason.as_deref());
    let set = |field: &mut Option<String>, to: &Option<Option<String>>| {
        if let Some(to) = to {
            field.clone_from(to);
        }
    };
    set(&mut ticket.subject, &edits.subject);
    set(&mut ticket.description, &edits.description);
    set(&mut ticket.resolution_notes, &edits.resolution_notes);
    set(&mut ticket.order_id, &edits.order_id);
    set(&mut ticket.requester.name, &edits.requester_name);
    set(&mut ticket.requester.phone, &edits.requester_phone);
    if edits.summary.as_ref().is_some_and(|to| *to != ticket.summary) {
        set(&mut ticket.summary, &edits.summary);
        ticket.summary_is_manual = true;
    }
    if edits.category.as_ref().is_some_and(|to| *to != ticket.category) {
        set(&mut ticket.category, &edits.category);
        ticket.category_is_manual = true;
    }
    if edits.requester_email.as_ref().is_some_and(|to| *to != ticket.requester.email) {
        set(&mut ticket.requester.email, &edits.requester_email);
        meet(draft, ticket)?;
    }
    ticket.priority = edits.priority.unwrap_or(ticket.priority);
    if let Some(all) = &edits.tags {
        ticket.tags = tags(all.iter())?;
    }
    if let Some(hold) = edits.on_hold {
        self::hold(draft, ticket, hold);
    }
    let metadata = edits.metadata.iter().map(|(key, value)| (key.as_str(), value.as_deref()));
    let changes_rows = write_metadata(draft, ticket, metadata)?;
    match edits.assignee {
        Some(Some(agent)) => assign(draft, ticket, agent)?,
        Some(None) => unassign(draft, ticket),
        None => {}
    }
    if let Some(to) = edits.status.filter(|to| *to != ticket.status) {
        queue::change_status(draft, ticket, to, edits.reason.as_deref())?;
    }
    Ok(changes_rows)
}

/// A requester of whom nobody knew becomes a contact with the e-mail address.
fn meet(draft: &mut Draft<'_>, ticket: &mut Ticket) -> Result<(), Refusal> {
    let (None, Some(email)) = (ticket.requester.contact, &ticket.requester.email) else {
        return Ok(());
    };
    let new = NewRequester {
        addresses: vec![crate::domain::email::contact_address(email)],
        name: ticket.requester.name.clone(),
        email: Some(email.clone()),
    };
    ticket.requester.contact = intake::requester(draft, &new)?.map(|contact| contact.id);
    Ok(())
}

fn short(field: &'static str, text: Option<&str>) -> Result<(), Refusal> {
    if text.is_some_and(|text| text.chars().count() > MAX_SUMMARY) {
        let why = format!("must be at most {MAX_SUMMARY} characters");
        return Err(Refusal::Invalid { field, why });
    }
    Ok(())
}

/// The agent of this id, who may be given work.
pub fn active_agent(draft: &Draft<'_>, id: u64, field: &'static str) -> Result<Agent, Refusal> {
    let found = draft.get::<Agent>(&key::number(id))?.filter(|agent| agent.disabled_at.is_none());
    found.ok_or_else(|| Refusal::Invalid { field, why: format!("no active agent has the id {id}") })
}

pub fn assign(draft: &mut Draft<'_>, ticket: &mut Ticket, agent: u64) -> Result<(), Refusal> {
    if ticket.assignee.as_ref().is_some_and(|holder| holder.agent == agent) {
        return Ok(());
    }
    let agent = active_agent(draft, agent, "assignee_id")?;
    if ticket.call_running {
        let why = format!("ticket #{} is a call that is still running", ticket.number);
        return Err(Refusal::Conflict(why));
    }
    ticket.assignee = Some(Assignee { agent: agent.id, name: agent.name });
    ticket.assigned_at = Some(draft.ctx.now);
    draft.event(EventKind::TicketAssigned, Some(ticket.number));
    if ticket.status == Status::New {
        draft.set_status(ticket, Status::Open, Some("assigned"));
    }
    Ok(())
}

pub fn unassign(draft: &mut Draft<'_>, ticket: &mut Ticket) {
    if ticket.assignee.take().is_some() {
        ticket.assigned_at = None;
        draft.event(EventKind::TicketUnassigned, Some(ticket.number));
    }
}

fn hold(draft: &Draft<'_>, ticket: &mut Ticket, hold: bool) {
    ticket.on_hold = match (hold, ticket.on_hold) {
        (true, None) => Some(draft.ctx.now),
        (true, since) => since,
        (false, _) => None,
    };
}

fn same(tag: &str, other: &str) -> bool {
    tag.trim().to_lowercase() == other.to_lowercase()
}

/// Each tag once, however it is capitalised, in the order of their first mention.
fn tags<'a>(given: impl Iterator<Item = &'a String>) -> Result<Vec<String>, Refusal> {
    let mut tags: Vec<String> = Vec::new();
    for tag in given {
        let tag = tag.trim();
        let bad = tag.is_empty() || tag.chars().count() > MAX_TAG;
        if bad || tag.chars().any(|c| c.is_control() || c == ',') {
            let why = format!("each must be 1 to {MAX_TAG} characters, without commas");
            return Err(Refusal::Invalid { field: "tags", why });
        }
        if !tags.iter().any(|known| same(tag, known)) {
            tags.push(tag.to_owned());
        }
    }
    if tags.len() > MAX_TAGS {
        return Err(Refusal::Invalid { field: "tags", why: format!("at most {MAX_TAGS}") });
    }
    Ok(tags)
}

fn follow(draft: &mut Draft<'_>, ticket: &mut Ticket, agent: u64) -> Result<(), Refusal> {
    if ticket.followers.contains(&agent) {
        return Ok(());
    }
    active_agent(draft, agent, "agent_id")?;
    if ticket.followers.len() >= MAX_WATCHERS {
        let why = format!("{MAX_WATCHERS} agents follow ticket #{} already", ticket.number);
        return Err(Refusal::Conflict(why));
    }
    ticket.followers.push(agent);
    Ok(())
}

fn relate(draft: &mut Draft<'_>, ticket: &mut Ticket, other: &Reference) -> Result<(), Refusal> {
    let mut other = draft.ticket(other)?;
    if other.number == ticket.number {
        let why = "a ticket cannot be related to itself".into();
        return Err(Refusal::Invalid { field: "ticket", why });
    }
    for (one, number) in [(&*ticket, other.number), (&other, ticket.number)] {
        if one.related.len() >= MAX_RELATED && !one.related.contains(&number) {
            let why = format!("ticket #{} is related to {MAX_RELATED} others already", one.number);
            return Err(Refusal::Conflict(why));
        }
    }
    tie(ticket, other.number);
    tie(&mut other, ticket.number);
    other.updated_at = draft.ctx.now;
    draft.put_ticket(&other)?;
    draft.event(EventKind::TicketUpdated, Some(other.number));
    Ok(())
}

fn tie(ticket: &mut Ticket, other: u64) {
    if !ticket.related.contains(&other) {
        ticket.related.push(other);
    }
}

fn unrelate(draft: &mut Draft<'_>, ticket: &mut Ticket, other: &Reference) -> Result<(), Refusal> {
    let named = draft.rows().named(other)?;
    let known = named.filter(|number| ticket.related.contains(number));
    let Some(number) = known else {
        return Err(Refusal::NotFound("such ticket among those related to this one".into()));
    };
    ticket.related.retain(|related| *related != number);
    if let Some(mut other) = draft.rows().ticket(number)?
        && other.related.contains(&ticket.number)
    {
        other.related.retain(|related| *related != ticket.number);
        other.updated_at = draft.ctx.now;
        draft.put_ticket(&other)?;
        draft.event(EventKind::TicketUpdated, Some(number));
    }
    Ok(())
}

/// Sets keys, and removes those without a value. True if anything changed.
pub fn write_metadata<'a>(
    draft: &mut Draft<'_>,
    ticket: &mut Ticket,
    set: impl Iterator<Item = (&'a str, Option<&'a str>)>,
) -> Result<bool, Refusal> {
    let mut set = set.peekable();
    if set.peek().is_none() {
        return Ok(false);
    }
    let stored = draft.rows().metadata(ticket)?;
    let mut rows: Vec<Metadata> = stored.into_iter().map(|(_, row)| row).collect();
    let before = rows.clone();
    for (key, value) in set {
        let old = rows.iter().rev().find(|row| row.key == key).map(|row| row.value.clone());
        if old.as_deref() == value {
            continue;
        }
        let shown = |value: &str| Value::text(format!("{key}: {value}"));
        draft.log(ticket.number, What::Metadata, old.as_deref().map(shown), value.map(shown));
        match (rows.iter_mut().rev().find(|row| row.key == key), value) {
            (Some(row), Some(value)) => row.value = value.to_owned(),
            (None, Some(value)) => {
                rows.push(Metadata { key: key.to_owned(), value: value.to_owned() });
            }
            (_, None) => rows.retain(|row| row.key != key),
        }
    }
    if rows.len() > MAX_METADATA as usize {
        let why = format!("at most {MAX_METADATA} keys on a ticket");
        return Err(Refusal::Invalid { field: "metadata", why });
    }
    for (at, row) in rows.iter().enumerate().filter(|(at, row)| before.get(*at) != Some(*row)) {
        draft.put(&key::page(ticket.number, at as u32), row);
    }
    for at in rows.len()..before.len() {
        draft.delete(Table::Metadata, &key::page(ticket.number, at as u32));
    }
    ticket.extent.metadata = rows.len() as u32;
    Ok(rows != before)
}
