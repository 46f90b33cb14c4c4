//! What an agent writes on a ticket: an internal note stays inside, a public comment goes to the customer where
//! the ticket's channel has a way to them (S3.32, S4.18).

use super::{files, mode, outbox};
use crate::domain::channel::Channel;
use crate::domain::entry::{Delivery, Entry, Kind, MAX_COMMENT, Speaker};
use crate::domain::reference::Reference;
use crate::domain::status::Status;
use crate::domain::ticket::Ticket;
use crate::engine::command::{Refusal, Reply};
use crate::engine::draft::Draft;
use crate::engine::event::EventKind;
use crate::engine::rows::key;

pub fn add(
    draft: &mut Draft<'_>,
    reference: &Reference,
    (body, is_internal): (&str, bool),
    attachments: &[u64],
) -> Result<Reply, Refusal> {
    let characters = body.chars().count();
    if body.trim().is_empty() || characters > MAX_COMMENT {
        let why = format!("must be 1 to {MAX_COMMENT} characters, and not blank");
        return Err(Refusal::Invalid { field: "body", why });
    }
    let mut ticket = draft.ticket(reference)?;
    let files = files::check(draft, ticket.number, attachments)?;
    let route = if !is_internal && goes_out(&ticket) {
        may_be_answered(&ticket)?;
        Some(outbox::route(draft, &ticket, characters)?)
    } else {
        None
    };
    let entry = Entry {
        ticket: ticket.number,
        id: draft.reserve_entry(&mut ticket),
        at: draft.ctx.now,
        received_at: draft.ctx.now,
        speaker: Speaker::Agent,
        kind: if is_internal { Kind::Note } else { Kind::Message },
        author: Some(draft.ctx.actor.name().to_owned()),
        body: body.to_owned(),
        tool_calls: Vec::new(),
        attachment: None,
        provider_id: None,
        edited_at: None,
        deleted_at: None,
    };
    let no = draft.add_last(&mut ticket, &entry)?;
    files::attach(draft, files, entry.id);
    draft.event_about(EventKind::MessageAdded, Some(ticket.number), Some(no), None);
    ticket.updated_at = draft.ctx.now;
    if !is_internal && ticket.channel != Channel::Call {
        answered(draft, &mut ticket);
    }
    let delivery = route.as_ref().map(|_| Delivery::Queued);
    if let Some(mut route) = route {
        ticket.last_message_at = Some(draft.ctx.now);
        if mode::to_agents(draft, &mut route.conversation)? {
            draft.put(&key::number(route.conversation.id), &route.conversation);
        }
        outbox::queue(draft, route, no, &entry)?;
    }
    draft.put_ticket(&ticket)?;
    Ok(Reply::Comment { ticket: Box::new(ticket), entry: Box::new(entry), delivery })
}

/// Whether public comments of this ticket go to the customer's phone.
fn goes_out(ticket: &Ticket) -> bool {
    ticket.channel == Channel::Whatsapp
}

fn may_be_answered(ticket: &Ticket) -> Result<(), Refusal> {
    if ticket.status == Status::Closed {
        return Err(Refusal::Conflict(format!(
            "ticket #{} is closed: reopen it to answer, or write an internal note",
            ticket.number
        )));
    }
    Ok(())
}

/// The first public turn of an agent is the first response, and the work has begun (C3).
pub fn answered(draft: &mut Draft<'_>, ticket: &mut Ticket) {
    let now = draft.ctx.now;
    ticket.first_response_at.get_or_insert(now);
    if matches!(ticket.status, Status::New | Status::Open) {
        draft.set_status(ticket, Status::InProgress, Some("an agent answered"));
    }
}

/// A comment that failed goes into the outbox again, behind what waits there.
pub fn resend(draft: &mut Draft<'_>, reference: &Reference, id: u32) -> Result<Reply, Refusal> {
    let ticket = draft.ticket(reference)?;
    let item = draft.directory(&ticket)?.into_iter().find(|item| item.id == id);
    let item = item.ok_or_else(|| Refusal::NotFound("such comment on this ticket".into()))?;
    let entry = draft.rows().entry(&item)?;
    let conflict = |why: &str| Err(Refusal::Conflict(format!("comment {id} {why}")));
    match draft.rows().dispatch(item.no)?.map(|dispatch| dispatch.state) {
        None => return conflict("never went out: there is nothing to send again"),
        Some(Delivery::Failed) => {}
        Some(Delivery::Queued) => return conflict("waits to be sent already"),
        Some(state) => {
            return conflict(&format!("is {}; only what failed is sent again", state.as_str()));
        }
    }
    may_be_answered(&ticket)?;
    let route = outbox::route(draft, &ticket, entry.body.chars().count())?;
    outbox::queue(draft, route, item.no, &entry)?;
    outbox::tell(draft, ticket.number, item.no, &entry)?;
    let delivery = Some(Delivery::Queued);
    Ok(Reply::Comment { ticket: Box::new(ticket), entry: Box::new(entry), delivery })
}
