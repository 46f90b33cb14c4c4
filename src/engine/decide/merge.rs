//! Duplicates become one ticket, and what of it can be undone is undone.
//!
//! What always holds: a merged ticket keeps its own rows; its entries are listed in the survivor's timeline, too, by time,
//! under ids of the survivor's. All its names lead to the survivor ([`crate::engine::rows::Rows::resolve`]), and so does
//! its conversation, so that a customer who writes meanwhile loses no word.

use std::collections::HashSet;

use super::desk::edited;
use super::whatsapp;
use crate::domain::activity::{Value, What};
use crate::domain::call::OpenCall;
use crate::domain::contact::Conversation;
use crate::domain::figures::TicketFigures;
use crate::domain::reference::Reference;
use crate::domain::status::Status;
use crate::domain::ticket::{MAX_WATCHERS, Merged, Ticket, UNMERGE_WINDOW};
use crate::engine::command::{Refusal, Reply};
use crate::engine::draft::Draft;
use crate::engine::event::EventKind;
use crate::engine::rows::{ReadError, key};
use crate::store::Table;
use crate::store::records::{DirItem, PAGE_ITEMS, Page};

/// Tickets merged into another at once.
pub const MAX_AT_ONCE: usize = 20;
/// Entries of a ticket after a merge: its directory is written anew in one plan.
const MAX_ENTRIES: usize = 100_000;

/// Makes these tickets part of `into`, in one step.
pub fn merge(
    draft: &mut Draft<'_>,
    into: &Reference,
    others: &[Reference],
    reason: Option<&str>,
) -> Result<Reply, Refusal> {
    if others.is_empty() || others.len() > MAX_AT_ONCE {
        let why = format!("1 to {MAX_AT_ONCE} tickets are merged at once");
        return Err(Refusal::Invalid { field: "tickets", why });
    }
    draft.because(reason);
    let mut survivor = draft.ticket(into)?;
    for other in others {
        let other = draft.ticket(other)?;
        absorb(draft, &mut survivor, other)?;
    }
    survivor.updated_at = draft.ctx.now;
    draft.put_ticket(&survivor)?;
    edited(draft, survivor)
}

fn absorb(draft: &mut Draft<'_>, survivor: &mut Ticket, mut other: Ticket) -> Result<(), Refusal> {
    if other.number == survivor.number {
        let why = format!("ticket #{} cannot be merged into itself", other.number);
        return Err(Refusal::Invalid { field: "tickets", why });
    }
    idle(draft, &other)?;
    idle(draft, survivor)?;
    interleave(draft, survivor, &other)?;
    move_tools(draft, (other.number, survivor.number), u16::saturating_add)?;
    let now = draft.ctx.now;
    other.merged = Some(Merged {
        into: survivor.number,
        by: draft.ctx.actor.name().to_owned(),
        at: now,
        steady: draft.ctx.steady,
        was: other.status,
        resolved_at: other.resolved_at,
        closed_at: other.closed_at,
        conversation: survivor.conversation,
    });
    if other.status != Status::Closed {
        draft.set_status(
            &mut other,
            Status::Closed,
            Some(&format!("merged into #{}", survivor.number)),
        );
    }
    if let Some(id) = other.conversation
        && let Some(mut conversation) = draft.get::<Conversation>(&key::number(id))?
        && conversation.ticket == Some(other.number)
    {
        conversation.ticket = Some(survivor.number);
        draft.put(&key::number(id), &conversation);
        survivor.conversation.get_or_insert(id);
    }
    for watcher in &other.followers {
        if survivor.followers.len() < MAX_WATCHERS && !survivor.followers.contains(watcher) {
            survivor.followers.push(*watcher);
        }
    }
    other.updated_at = now;
    draft.put_ticket(&other)?;
    draft.log(other.number, What::Merged, None, Some(Value::ticket(survivor.number)));
    draft.log(survivor.number, What::Merged, Some(Value::ticket(other.number)), None);
    draft.event(EventKind::TicketMerged, Some(other.number));
    draft.event(EventKind::TicketUpdated, Some(survivor.number));
    // Others that are merged in the same step see it as it is by now.
    draft.put_ticket(survivor)?;
    Ok(())
}

/// What a relay may still stream into is neither merged nor deleted.
pub fn idle(draft: &Draft<'_>, ticket: &Ticket) -> Result<(), Refusal> {
    if ticket.call_running || draft.get::<OpenCall>(&key::number(ticket.number))?.is_some() {
        let why = format!("ticket #{} is a call that is still running", ticket.number);
        return Err(Refusal::Conflict(why));
    }
    Ok(())
}

/// Lists the other one's entries among the survivor's, by time; either keeps its own order.
fn interleave(draft: &mut Draft<'_>, survivor: &mut Ticket, other: &Ticket) -> Result<(), Refusal> {
    let own = draft.directory(survivor)?;
    let theirs = draft.directory(other)?;
    if own.len() + theirs.len() > MAX_ENTRIES {
        let why = format!(
            "tickets #{} and #{} have more than {MAX_ENTRIES} entries together",
            survivor.number, other.number
        );
        return Err(Refusal::Conflict(why));
    }
    let mut merged = Vec::with_capacity(own.len() + theirs.len());
    let mut own = own.into_iter().peekable();
    for item in theirs {
        while let Some(before) = own.next_if(|before| before.at <= item.at) {
            merged.push(before);
        }
        merged.push(DirItem { id: draft.reserve_entry(survivor), ..item });
    }
    merged.extend(own);
    write_directory(draft, survivor, &merged);
    Ok(())
}

/// What one ticket's tools were called for counts with the other one, whose timeline shows it, too; or no longer.
fn move_tools(
    draft: &mut Draft<'_>,
    (of, at): (u64, u64),
    count: fn(u16, u16) -> u16,
) -> Result<(), ReadError> {
    let theirs = draft.get::<TicketFigures>(&key::number(of))?.unwrap_or_default();
    draft.figure(at, |figures| {
        figures.tool_calls = count(figures.tool_calls, theirs.tool_calls);
        figures.searches = count(figures.searches, theirs.searches);
    })
}

/// Takes a ticket's own entries out of the timelines of those that it is part of. True if there were any.
pub(super) fn unlist(draft: &mut Draft<'_>, ticket: &Ticket) -> Result<bool, Refusal> {
    let mut found = false;
    let mut next = ticket.merged.as_ref().map(|merged| merged.into);
    while let Some(number) = next {
        let Some(mut survivor) = draft.rows().ticket(number)? else { break };
        next = survivor.merged.as_ref().map(|merged| merged.into);
        let own: HashSet<u64> = draft.directory(ticket)?.iter().map(|item| item.no).collect();
        let listed = draft.directory(&survivor)?;
        let kept: Vec<DirItem> =
            listed.iter().filter(|item| !own.contains(&item.no)).copied().collect();
        if kept.len() < listed.len() {
            write_directory(draft, &mut survivor, &kept);
            move_tools(draft, (ticket.number, number), u16::saturating_sub)?;
            draft.put_ticket(&survivor)?;
            draft.event(EventKind::TicketUpdated, Some(number));
            found = true;
        }
    }
    Ok(found)
}

fn write_directory(draft: &mut Draft<'_>, ticket: &mut Ticket, items: &[DirItem]) {
    let pages = items.chunks(PAGE_ITEMS).map(|items| Page { items: items.to_vec() });
    let before = ticket.extent.pages;
    ticket.extent.pages = 0;
    for page in pages {
        draft.put(&key::page(ticket.number, ticket.extent.pages), &page);
        ticket.extent.pages += 1;
    }
    for gone in ticket.extent.pages..before {
        draft.delete(Table::Directory, &key::page(ticket.number, gone));
    }
    ticket.extent.entries = items.len() as u32;
}

/// Takes a ticket out of the one that it was merged into, within an hour. What was said since stays there.
pub fn undo(draft: &mut Draft<'_>, reference: &Reference) -> Result<Reply, Refusal> {
    let absent = || Refusal::NotFound("such ticket".into());
    let number = draft.rows().named(reference)?.ok_or_else(absent)?;
    let mut ticket = draft.rows().ticket(number)?.ok_or_else(absent)?;
    let Some(merged) = ticket.merged.take() else {
        // Others' tickets are as if absent.
        let ticket = draft.ticket(reference)?;
        let why = format!("ticket #{} is not merged into another", ticket.number);
        return Err(Refusal::Conflict(why));
    };
    let found = draft.rows().ticket(merged.into)?.ok_or_else(absent)?;
    let mut survivor = found;
    if !draft.ctx.actor.may_see(&survivor) && !draft.ctx.actor.may_see(&ticket) {
        return Err(absent());
    }
    if !survivor.is_live() {
        let what =
            if survivor.merged.is_some() { "merged itself: undo that first" } else { "deleted" };
        return Err(Refusal::Conflict(format!("ticket #{} is {what}", survivor.number)));
    }
    if draft.ctx.steady.0 - merged.steady.0 >= UNMERGE_WINDOW {
        let why = format!(
            "ticket #{number} was merged more than an hour ago; that can no longer be undone"
        );
        return Err(Refusal::Conflict(why));
    }
    take_out(draft, &mut survivor, &ticket)?;
    move_tools(draft, (number, survivor.number), u16::saturating_sub)?;
    give_back(draft, &mut survivor, &ticket, merged.conversation)?;
    if merged.was != ticket.status {
        draft.set_status(&mut ticket, merged.was, Some("the merge was undone"));
        (ticket.resolved_at, ticket.closed_at) = (merged.resolved_at, merged.closed_at);
    }
    if ticket.status.is_open() {
        whatsapp::reopened(draft, &ticket)?;
    }
    let now = draft.ctx.now;
    (ticket.updated_at, survivor.updated_at) = (now, now);
    draft.put_ticket(&survivor)?;
    draft.put_ticket(&ticket)?;
    draft.log(survivor.number, What::Unmerged, Some(Value::ticket(number)), None);
    draft.log(number, What::Unmerged, Some(Value::ticket(survivor.number)), None);
    draft.event(EventKind::TicketUnmerged, Some(number));
    draft.event(EventKind::TicketUpdated, Some(survivor.number));
    edited(draft, ticket)
}

fn take_out(draft: &mut Draft<'_>, survivor: &mut Ticket, ticket: &Ticket) -> Result<(), Refusal> {
    let mut theirs: Vec<u64> = draft.directory(ticket)?.iter().map(|item| item.no).collect();
    theirs.sort_unstable();
    let mut rest = draft.directory(survivor)?;
    rest.retain(|item| theirs.binary_search(&item.no).is_err());
    write_directory(draft, survivor, &rest);
    Ok(())
}

/// The conversation goes on with the ticket that it came with; the survivor has its own again, if that still leads to it.
fn give_back(
    draft: &mut Draft<'_>,
    survivor: &mut Ticket,
    ticket: &Ticket,
    before: Option<u64>,
) -> Result<(), Refusal> {
    let Some(id) = ticket.conversation else { return Ok(()) };
    let Some(mut conversation) = draft.get::<Conversation>(&key::number(id))? else {
        return Ok(());
    };
    if conversation.ticket != Some(survivor.number) || before == Some(id) {
        return Ok(());
    }
    conversation.ticket = Some(ticket.number);
    draft.put(&key::number(id), &conversation);
    if survivor.conversation != Some(id) {
        return Ok(());
    }
    survivor.conversation = None;
    if let Some(before) = before
        && let Some(own) = draft.get::<Conversation>(&key::number(before))?
        && own.ticket == Some(survivor.number)
    {
        survivor.conversation = Some(before);
    }
    Ok(())
}
