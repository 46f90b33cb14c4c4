//! A ticket loses what is its customer's and stays hollow, or goes for good. Both in bounded steps, after each of which
//! the ticket is whole: what is listed is there, what is counted is listed.
//!
//! The tables whose rows go are those that say that they are of tickets ([`Table::of_tickets`]): a new one is in it by
//! itself.

use super::{deeds, merge, privacy, rules, sla};
use crate::domain::call::{OpenCall, RUNNING};
use crate::domain::contact::Conversation;
use crate::domain::mail::LANE;
use crate::domain::status::Status;
use crate::domain::ticket::{Escalation, Requester, StatusChange, Ticket};
use crate::domain::time::Micros;
use crate::engine::command::Refusal;
use crate::engine::draft::Draft;
use crate::engine::event::EventKind;
use crate::engine::privacy::Because;
use crate::engine::rows::{ReadError, key};
use crate::store::owner::Owner;
use crate::store::records::{Page, Pointer};
use crate::store::{Order, Table, View};

/// Rows removed in one step, about.
const AT_ONCE: usize = 4000;

/// Pages of a timeline removed in one step.
const PAGES: usize = 30;

/// The name of the count of tickets that were deleted for good.
pub const PURGED: &str = "tickets.purged";

/// Takes out of a ticket what is its customer's. True: there is more.
pub fn hollow(draft: &mut Draft<'_>, number: u64) -> Result<bool, Refusal> {
    let Some(mut ticket) = draft.rows().ticket(number)? else { return Ok(false) };
    end_call(draft, &mut ticket, "its customer was erased")?;
    privacy::stop_sending(draft, LANE | number)?;
    privacy::stop_sending_of(draft, number)?;
    if strip(draft, &mut ticket)? {
        return Ok(true);
    }
    draft.doom(Owner::Ticket(number), false);
    forget_names(draft, &ticket)?;
    for at in 0..ticket.extent.history {
        let row = key::page(number, at);
        if let Some(change) = draft.get::<StatusChange>(&row)? {
            draft.put(&row, &StatusChange { reason: None, ..change });
        }
    }
    ticket.subject = None;
    ticket.description = None;
    ticket.summary = None;
    ticket.resolution_notes = None;
    ticket.requester = Requester::default();
    ticket.conversation = None;
    ticket.session_id = None;
    ticket.order_id = None;
    ticket.tags.clear();
    ticket.external_ids.clear();
    if let Some(Escalation { reason, by, .. }) = &mut ticket.escalation {
        reason.clear();
        by.clear();
    }
    ticket.updated_at = draft.ctx.now;
    draft.put_ticket(&ticket)?;
    draft.unlog(number);
    draft.event(EventKind::TicketUpdated, Some(number));
    Ok(false)
}

/// Deletes a ticket with all its rows. True: there is more.
pub fn purge(draft: &mut Draft<'_>, number: u64, because: Because) -> Result<bool, Refusal> {
    let Some(mut ticket) = draft.rows().ticket(number)? else { return Ok(false) };
    if let Because::Retention { days } = because
        && !is_due(draft, &ticket, days)
    {
        return Ok(false);
    }
    end_call(draft, &mut ticket, "deleted")?;
    privacy::stop_sending(draft, LANE | number)?;
    privacy::stop_sending_of(draft, number)?;
    if strip(draft, &mut ticket)? {
        return Ok(true);
    }
    forget_names(draft, &ticket)?;
    for reference in [key::reference_id(&ticket.id), key::reference_code(&ticket.ticket_id)] {
        draft.delete(Table::References, &reference);
    }
    for other in std::mem::take(&mut ticket.related) {
        if let Some(mut other) = draft.rows().ticket(other)? {
            other.related.retain(|related| *related != number);
            draft.put_ticket(&other)?;
            draft.event(EventKind::TicketUpdated, Some(other.number));
        }
    }
    if let Some(id) = ticket.conversation
        && let Some(mut conversation) = draft.get::<Conversation>(&key::number(id))?
        && conversation.ticket == Some(number)
    {
        conversation.ticket = None;
        draft.put(&key::number(id), &conversation);
    }
    draft.delete_of_ticket(Table::StatusHistory, number, usize::MAX)?;
    for table in [Table::Tickets, Table::Index, Table::Figures, Table::OpenCalls] {
        draft.delete(table, &key::number(number));
    }
    if let Some(deletion) = &ticket.deleted {
        draft.delete(Table::Deletions, &key::deletion(deletion.steady.0, number));
    }
    sla::forget(draft, number)?;
    rules::forget(draft, number)?;
    draft.doom(Owner::Ticket(number), false);
    draft.count(PURGED)?;
    deeds::note_deletion(draft)?;
    let category = ticket.category.as_deref().unwrap_or("none");
    draft.count(&format!("{PURGED}/{}/{category}", ticket.channel.as_str()))?;
    draft.unlog(number);
    draft.event(EventKind::TicketPurged, Some(number));
    Ok(false)
}

/// What is left of a ticket whose own row is gone, as its key was destroyed. True: there is more.
pub fn remnant(draft: &mut Draft<'_>, number: u64) -> Result<bool, Refusal> {
    if View::get(draft, Table::Tickets, &key::number(number)).map_err(ReadError::from)?.is_some() {
        return Ok(false);
    }
    let (start, end) = (key::number(number), key::number(number + 1));
    let mut left = AT_ONCE;
    let pages = draft.rows().scan::<Page>(&start, Some(&end), Order::Ascending, PAGES)?;
    for (row_key, page) in &pages {
        for item in &page.items {
            draft.delete(Table::Entries, &key::number(item.no));
            draft.delete(Table::Dispatches, &key::number(item.no));
        }
        draft.delete(Table::Directory, row_key);
    }
    if pages.len() == PAGES || strip_rows(draft, number, &mut left)? {
        return Ok(true);
    }
    draft.delete_of_ticket(Table::StatusHistory, number, usize::MAX)?;
    draft.delete_of_ticket(Table::Metadata, number, usize::MAX)?;
    draft.delete(Table::Index, &start);
    draft.delete(Table::Figures, &start);
    sla::forget(draft, number)?;
    rules::forget(draft, number)?;
    draft.count(PURGED)?;
    Ok(false)
}

/// Whether a ticket is closed for so long, by a clock that is believed.
fn is_due(draft: &Draft<'_>, ticket: &Ticket, days: u32) -> bool {
    let keep = i64::from(days) * Micros::DAY;
    let closed = ticket.closed_at.filter(|_| ticket.status == Status::Closed);
    draft.ctx.trusted && closed.is_some_and(|at| at.plus(keep) <= draft.ctx.now)
}

/// A call that runs ends here; its relay is told with its next frame.
fn end_call(draft: &mut Draft<'_>, ticket: &mut Ticket, why: &str) -> Result<(), Refusal> {
    let row = key::number(ticket.number);
    if draft.get::<OpenCall>(&row)?.is_some() {
        draft.delete(Table::OpenCalls, &row);
        draft.uncount(RUNNING)?;
    }
    if std::mem::take(&mut ticket.call_running) {
        if ticket.status.may_become(Status::Closed) {
            draft.set_status(ticket, Status::Closed, Some(why));
        }
        draft.put_ticket(ticket)?;
        draft.event(EventKind::CallEnded, Some(ticket.number));
    }
    Ok(())
}

/// Removes what is said in a ticket and what stands beside it. True: there is more.
fn strip(draft: &mut Draft<'_>, ticket: &mut Ticket) -> Result<bool, Refusal> {
    let number = ticket.number;
    // Of a ticket that is part of another the entries stand in the other's timeline, too.
    if merge::unlist(draft, ticket)? {
        return Ok(true);
    }
    let mut left = AT_ONCE;
    while ticket.extent.pages > 0 && left > 0 {
        let page_no = ticket.extent.pages - 1;
        let page = draft.rows().page(number, page_no)?;
        for item in &page.items {
            // What is only listed here stays where it belongs.
            if draft.rows().entry(item)?.ticket == number {
                draft.delete(Table::Entries, &key::number(item.no));
                draft.delete(Table::Dispatches, &key::number(item.no));
            }
        }
        draft.delete(Table::Directory, &key::page(number, page_no));
        ticket.extent.pages = page_no;
        ticket.extent.entries -= (page.items.len() as u32).min(ticket.extent.entries);
        left = left.saturating_sub(2 * page.items.len() + 1);
    }
    if ticket.extent.metadata > 0 {
        draft.delete_of_ticket(Table::Metadata, number, usize::MAX)?;
        ticket.extent.metadata = 0;
    }
    let more = strip_rows(draft, number, &mut left)?;
    if more {
        draft.put_ticket(ticket)?;
        draft.event(EventKind::TicketUpdated, Some(number));
    }
    Ok(more)
}

/// Removes the rows of a ticket that stand beside it, at most `left` of them. True: there may be more.
fn strip_rows(draft: &mut Draft<'_>, number: u64, left: &mut usize) -> Result<bool, Refusal> {
    for table in Table::of_tickets() {
        if [Table::Tickets, Table::StatusHistory, Table::Metadata].contains(&table) || *left == 0 {
            continue;
        }
        let (start, end) = (key::number(number), key::number(number + 1));
        let rows = View::scan(draft, table, &start, Some(&end), Order::Ascending, *left);
        let rows = rows.map_err(ReadError::from)?;
        for (row_key, _) in &rows {
            draft.delete(table, row_key);
        }
        *left -= rows.len();
    }
    Ok(*left == 0)
}

/// Names that lead to the ticket and may be somebody's: those of other systems, and of a call's session.
fn forget_names(draft: &mut Draft<'_>, ticket: &Ticket) -> Result<(), Refusal> {
    let external = ticket.external_ids.iter().map(|name| draft.rows().external(name));
    let session = ticket
        .session_id
        .iter()
        .map(|session| key::session(&draft.ctx.seal.hash("session", &[session.as_bytes()])));
    for row in external.chain(session).collect::<Vec<_>>() {
        if draft.get::<Pointer>(&row)? == Some(Pointer(ticket.number)) {
            draft.delete(Table::References, &row);
        }
    }
    Ok(())
}
