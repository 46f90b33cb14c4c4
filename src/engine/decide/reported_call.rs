//! Calls that a platform reports without streaming them: a session's reports, in whatever order, are one call ticket.

use super::call;
use super::intake::{cut, remember, seen};
use crate::domain::reference::Reference;
use crate::domain::ticket::{MAX_METADATA_VALUE, MAX_NAME, MAX_SESSION_ID, MAX_SUMMARY, Ticket};
use crate::domain::time::Micros;
use crate::engine::command::{NewCall, NewInteraction, Refusal, Reply};
use crate::engine::draft::Draft;
use crate::engine::event::EventKind;
use crate::engine::intake::{CallReport, CallTurn};
use crate::engine::rows::key;

pub fn report(draft: &mut Draft<'_>, new: &CallReport) -> Result<Reply, Refusal> {
    let session_id = cut(&new.session_id, MAX_SESSION_ID);
    let session = session_id.as_bytes();
    let identity = draft.ctx.seal.hash("report", &[session, new.event.as_bytes()]);
    let pointer = key::session(&draft.ctx.seal.hash("session", &[session]));
    let known = match draft.rows().pointer(&pointer)? {
        Some(number) => draft.rows().home(number)?,
        None => None,
    };
    if let Some(ticket) = &known
        && seen(draft, &identity)?.is_some()
    {
        return Ok(Reply::Taken { ticket: Box::new(ticket.clone()), made: false });
    }
    let known = known.filter(|ticket| ticket.deleted.is_none());
    let made = known.is_none();
    let mut ticket = match known {
        Some(ticket) => learn(draft, ticket, new)?,
        None => begin(draft, session_id, new)?,
    };
    let this = Reference::Number(ticket.number);
    // What a relay has streamed is not told again in one piece.
    if ticket.extent.entries == 0 {
        for turn in &new.turns {
            call::log_interaction(draft, &interaction(draft, &this, turn))?;
        }
    }
    if new.ended {
        for (name, value) in &new.details {
            match call::add_metadata(draft, &this, name, &cut(value, MAX_METADATA_VALUE)) {
                // A ticket that is full of them can do without.
                Ok(_) | Err(Refusal::Conflict(_)) => {}
                Err(refusal) => return Err(refusal),
            }
        }
        if ticket.call_running {
            call::end(draft, &this, None, true)?;
        }
        ticket = draft.ticket(&this)?;
        if let (Some(summary), false) = (&new.summary, ticket.summary_is_manual) {
            ticket.summary = Some(cut(summary, MAX_SUMMARY));
            draft.put_ticket(&ticket)?;
        }
    }
    remember(draft, &identity, ticket.number);
    let ticket = draft.ticket(&this)?;
    Ok(Reply::Taken { ticket: Box::new(ticket), made })
}

fn begin(draft: &mut Draft<'_>, session_id: String, new: &CallReport) -> Result<Ticket, Refusal> {
    let call = NewCall {
        session_id,
        customer_name: name(new),
        customer_phone: new.customer_phone.clone(),
        ..NewCall::default()
    };
    match call::open(draft, &call)? {
        Reply::Call { ticket, .. } => Ok(*ticket),
        other => Err(Refusal::Store(format!("opening a call came to {other:?}"))),
    }
}

/// Names are shown in one line.
fn name(new: &CallReport) -> Option<String> {
    let name = new.customer_name.as_deref()?.replace(char::is_control, " ");
    let name = cut(name.trim(), MAX_NAME);
    (!name.is_empty()).then_some(name)
}

/// Who calls may be told by a later report only.
fn learn(draft: &mut Draft<'_>, ticket: Ticket, new: &CallReport) -> Result<Ticket, Refusal> {
    let mut told = ticket.clone();
    told.requester.name = told.requester.name.take().or_else(|| name(new));
    told.requester.phone = told.requester.phone.take().or_else(|| new.customer_phone.clone());
    if told != ticket {
        told.updated_at = draft.ctx.now;
        draft.put_ticket(&told)?;
        draft.event(EventKind::TicketUpdated, Some(told.number));
    }
    Ok(told)
}

fn interaction(draft: &Draft<'_>, ticket: &Reference, turn: &CallTurn) -> NewInteraction {
    let too_late = draft.ctx.trusted.then(|| draft.ctx.now.plus(Micros::DAY));
    NewInteraction {
        ticket: ticket.clone(),
        speaker: turn.speaker,
        message: turn.text.clone(),
        tool_calls: turn.tool_calls.clone(),
        at: turn.at.filter(|at| too_late.is_none_or(|limit| *at <= limit)),
    }
}
