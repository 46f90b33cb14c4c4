//! `@name` in a comment: the agents whom it names see the ticket from then on (DESIGN C9).

use crate::domain::agent::Agent;
use crate::domain::mention::mentioned;
use crate::domain::ticket::{MAX_WATCHERS, Ticket};
use crate::engine::command::Refusal;
use crate::engine::draft::Draft;
use crate::engine::event::EventKind;
use crate::store::Order;

/// Agents that names are looked up among; no more tokens can be made.
const MAX_AGENTS: usize = 1000;

/// The caller puts the ticket. When too many were named, the first ones are forgotten.
pub fn note(
    draft: &mut Draft<'_>,
    ticket: &mut Ticket,
    no: u64,
    body: &str,
) -> Result<(), Refusal> {
    if !body.contains('@') {
        return Ok(());
    }
    let agents = draft.rows().scan::<Agent>(&[], None, Order::Ascending, MAX_AGENTS)?;
    let active = agents.into_iter().filter(|(_, agent)| agent.disabled_at.is_none());
    let known: Vec<(u64, String)> = active.map(|(_, agent)| (agent.id, agent.name)).collect();
    let named = mentioned(body, &known);
    if named.is_empty() {
        return Ok(());
    }
    for agent in named {
        if !ticket.mentioned.contains(&agent) {
            ticket.mentioned.push(agent);
        }
    }
    let excess = ticket.mentioned.len().saturating_sub(MAX_WATCHERS);
    ticket.mentioned.drain(..excess);
    draft.event_about(EventKind::AgentMentioned, Some(ticket.number), Some(no), None);
    Ok(())
}
