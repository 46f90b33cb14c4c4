//! Escalation: a flag with its reason, whom it goes to, and its history (S2.15, S2.33).

use super::desk::{active_agent, assign};
use crate::domain::rule::{Escalated, KEPT_ESCALATIONS};
use crate::domain::ticket::{Escalation, MAX_SUMMARY, Ticket};
use crate::engine::command::Refusal;
use crate::engine::draft::Draft;
use crate::engine::event::EventKind;
use crate::engine::rows::{ReadError, Rows, key};
use crate::store::Order;
use crate::store::codec::Record;

/// Flags a ticket; whoever it is escalated to gets it.
pub fn escalate(
    draft: &mut Draft<'_>,
    ticket: &mut Ticket,
    reason: &str,
    to: Option<u64>,
) -> Result<(), Refusal> {
    if reason.trim().is_empty() || reason.chars().count() > MAX_SUMMARY {
        let why = format!("must be 1 to {MAX_SUMMARY} characters, and not blank");
        return Err(Refusal::Invalid { field: "reason", why });
    }
    let to = match to {
        Some(id) => Some(active_agent(draft, id, "to").map(|agent| (agent.id, agent.name))?),
        None => None,
    };
    let by = draft.ctx.actor.name().to_owned();
    flag(draft, ticket, (reason, &by), to.clone())?;
    draft.event(EventKind::TicketEscalated, Some(ticket.number));
    if let Some((agent, _)) = to {
        assign(draft, ticket, agent)?;
    }
    Ok(())
}

/// Sets the flag and writes the history.
pub fn flag(
    draft: &mut Draft<'_>,
    ticket: &mut Ticket,
    (reason, by): (&str, &str),
    to: Option<(u64, String)>,
) -> Result<(), Refusal> {
    let at = draft.ctx.now;
    let history = draft.rows().escalations(ticket.number)?;
    let next = history.last().map_or(0, |(position, _)| position + 1);
    if history.len() >= KEPT_ESCALATIONS as usize {
        draft.delete(Escalated::TABLE, &key::page(ticket.number, history[0].0));
    }
    let (reason, by) = (reason.to_owned(), by.to_owned());
    let row = Escalated { reason: reason.clone(), by: by.clone(), at, to, ended: None };
    draft.put(&key::page(ticket.number, next), &row);
    ticket.escalation = Some(Escalation { reason, by, at });
    Ok(())
}

pub fn deescalate(draft: &mut Draft<'_>, ticket: &mut Ticket) -> Result<(), Refusal> {
    if ticket.escalation.take().is_none() {
        return Ok(());
    }
    if let Some((position, last)) = draft.rows().escalations(ticket.number)?.pop()
        && last.ended.is_none()
    {
        let ended = Some((draft.ctx.now, draft.ctx.actor.name().to_owned()));
        draft.put(&key::page(ticket.number, position), &Escalated { ended, ..last });
    }
    Ok(())
}

impl Rows<'_> {
    /// The escalations of a ticket with their positions, oldest first.
    pub fn escalations(&self, ticket: u64) -> Result<Vec<(u32, Escalated)>, ReadError> {
        let (start, end) = (key::page(ticket, 0), key::page(ticket + 1, 0));
        let rows = self.scan::<Escalated>(&start, Some(&end), Order::Ascending, usize::MAX)?;
        let position = |row: &[u8]| Some(u32::from_be_bytes(*row.get(8..)?.first_chunk()?));
        Ok(rows.into_iter().filter_map(|(row, one)| Some((position(&row)?, one))).collect())
    }

    /// The last escalation of a ticket, if there was any.
    pub fn last_escalation(&self, ticket: u64) -> Result<Option<Escalated>, ReadError> {
        let (start, end) = (key::page(ticket, 0), key::page(ticket + 1, 0));
        let last = self.scan::<Escalated>(&start, Some(&end), Order::Descending, 1)?.pop();
        Ok(last.map(|(_, last)| last))
    }
}
