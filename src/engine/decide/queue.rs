//! The agents' queue: claiming, and moving a ticket through its life.

use crate::domain::reference::Reference;
use crate::domain::status::Status;
use crate::domain::ticket::{Assignee, MAX_SUMMARY, Ticket};
use crate::engine::command::{Actor, Refusal, Reply};
use crate::engine::draft::Draft;
use crate::engine::event::EventKind;

/// One wins, the others learn who has it (S4.13). Claiming what one has already changes nothing.
pub fn claim(draft: &mut Draft<'_>, reference: &Reference) -> Result<Reply, Refusal> {
    let Actor::Agent { id, name, .. } = draft.ctx.actor.clone() else {
        return Err(Refusal::Forbidden(
            "only an agent can claim: use a token of scope agent".into(),
        ));
    };
    let found = draft.rows().resolve(reference)?;
    let mut ticket = found.ok_or_else(|| Refusal::NotFound("such ticket".into()))?;
    if let Some(holder) = &ticket.assignee {
        if holder.agent == id {
            return Ok(Reply::Ticket(Box::new(ticket)));
        }
        let conflict = format!("ticket #{} is already assigned to {}", ticket.number, holder.name);
        return Err(Refusal::Conflict(conflict));
    }
    if !ticket.status.is_open() {
        let conflict = format!("ticket #{} is {}", ticket.number, ticket.status.as_str());
        return Err(Refusal::Conflict(conflict));
    }
    if ticket.call_running {
        let conflict = format!("ticket #{} is a call that is still running", ticket.number);
        return Err(Refusal::Conflict(conflict));
    }
    let now = draft.ctx.now;
    ticket.assignee = Some(Assignee { agent: id, name });
    ticket.assigned_at = Some(now);
    ticket.updated_at = now;
    draft.event(EventKind::TicketAssigned, Some(ticket.number));
    if ticket.status == Status::New {
        draft.set_status(&mut ticket, Status::Open, Some("claimed"));
    }
    draft.put_ticket(&ticket)?;
    Ok(Reply::Ticket(Box::new(ticket)))
}

pub fn set_status(
    draft: &mut Draft<'_>,
    reference: &Reference,
    to: Status,
    reason: Option<&str>,
    notes: Option<&str>,
) -> Result<Reply, Refusal> {
    for (field, text) in [("reason", reason), ("resolution_notes", notes)] {
        if text.is_some_and(|t| t.chars().count() > MAX_SUMMARY) {
            let why = format!("must be at most {MAX_SUMMARY} characters");
            return Err(Refusal::Invalid { field, why });
        }
    }
    let mut ticket = draft.ticket(reference)?;
    if let Some(notes) = notes {
        ticket.resolution_notes = Some(notes.to_owned());
    }
    change_status(draft, &mut ticket, to, reason)?;
    ticket.updated_at = draft.ctx.now;
    draft.put_ticket(&ticket)?;
    Ok(Reply::Ticket(Box::new(ticket)))
}

/// Moves along the table of C3; an illegal move is a conflict that names the legal ones. A conversation
/// that has gone on in another open ticket keeps this one closed: one open ticket a conversation.
pub fn change_status(
    draft: &mut Draft<'_>,
    ticket: &mut Ticket,
    to: Status,
    reason: Option<&str>,
) -> Result<(), Refusal> {
    let from = ticket.status;
    if !from.may_become(to) {
        let legal: Vec<&str> = from.next().iter().map(|s| s.as_str()).collect();
        return Err(Refusal::Conflict(format!(
            "ticket #{} is {} and cannot become {}; it may become {}",
            ticket.number,
            from.as_str(),
            to.as_str(),
            legal.join(", ")
        )));
    }
    if !from.is_open() && to.is_open() {
        super::whatsapp::reopened(draft, ticket)?;
    }
    draft.set_status(ticket, to, reason);
    if to == Status::Resolved {
        super::mail_out::rating(draft, ticket)?;
    }
    if !to.is_open() {
        super::mode::ended(draft, from, ticket)?;
    }
    Ok(())
}
