//! Deleting a ticket for a time: nobody finds it any more, an admin can bring it back, and after
//! [`KEPT`](crate::domain::ticket::KEPT) of running time it is removed for good.

use super::desk::edited;
use super::{merge, whatsapp};
use crate::domain::reference::Reference;
use crate::domain::ticket::{Deletion, Ticket};
use crate::engine::command::{Refusal, Reply};
use crate::engine::draft::Draft;
use crate::engine::event::EventKind;
use crate::engine::rows::key;
use crate::store::Table;
use crate::store::records::Deleted;

/// The caller puts the ticket.
pub fn delete(draft: &mut Draft<'_>, ticket: &mut Ticket) -> Result<(), Refusal> {
    merge::idle(draft, ticket)?;
    let steady = draft.ctx.steady;
    let by = draft.ctx.actor.name().to_owned();
    ticket.deleted = Some(Deletion { by, at: draft.ctx.now, steady });
    draft.put(&key::deletion(steady.0, ticket.number), &Deleted);
    draft.event(EventKind::TicketDeleted, Some(ticket.number));
    Ok(())
}

/// Brings a ticket back as it was. A conversation that has gone on in another open ticket keeps an open one deleted.
pub fn restore(draft: &mut Draft<'_>, reference: &Reference) -> Result<Reply, Refusal> {
    let named = draft.rows().named(reference)?;
    let found = named.map(|number| draft.rows().home(number)).transpose()?.flatten();
    let mut ticket = found.ok_or_else(|| Refusal::NotFound("such ticket".into()))?;
    let Some(deletion) = ticket.deleted.take() else {
        return Err(Refusal::Conflict(format!("ticket #{} is not deleted", ticket.number)));
    };
    if ticket.status.is_open() {
        whatsapp::reopened(draft, &ticket)?;
    }
    draft.delete(Table::Deletions, &key::deletion(deletion.steady.0, ticket.number));
    ticket.updated_at = draft.ctx.now;
    draft.put_ticket(&ticket)?;
    draft.event(EventKind::TicketRestored, Some(ticket.number));
    edited(draft, ticket)
}
