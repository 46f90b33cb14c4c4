//! Tickets go to people by rules (S3.17, S3.18), back from those who left (S4.25), and to whoever asks for the next.
//!
//! What always holds: nobody is given work by a rule who is not online, outside of their hours, or has as many open
//! tickets as they take. The count of open tickets lies beside them, changed in one plan with whatever changes it.

use super::desk::{assign, unassign};
use super::{queue, rules};
use crate::domain::agent::Agent;
use crate::domain::presence::{Presence, State, Workload};
use crate::domain::reference::Reference;
use crate::domain::rule::{AssignmentRule, LastAgent, MAX_RULE_AGENTS, MAX_RULES, Strategy};
use crate::domain::sla_policy::BusinessHours;
use crate::domain::ticket::Ticket;
use crate::engine::automation::{LOADS, NewAssignment, load_of};
use crate::engine::command::{Actor, Refusal, Reply};
use crate::engine::draft::Draft;
use crate::engine::rows::{MAX_AGENTS, ReadError, key};
use crate::store::codec::Record;
use crate::store::records::{Count, IndexRow};
use crate::store::{Order, Table};

/// Tickets that one command looks at.
pub const MAX_TICKETS: usize = 200;

/// A ticket is put: whose open tickets it counts among, and who had its customer last. `before` is what the index held.
pub(in crate::engine) fn follow(
    draft: &mut Draft<'_>,
    after: &IndexRow,
    before: Option<&IndexRow>,
) -> Result<(), ReadError> {
    let (was, is) = (before.and_then(carrier), carrier(after));
    if was != is {
        if let Some(agent) = was {
            draft.uncount(&load_of(agent))?;
        }
        if let Some(agent) = is {
            draft.count(&load_of(agent))?;
            let opened_again = before.is_some_and(|b| !b.status.is_open());
            if opened_again && before.is_some_and(|b| b.assignee == after.assignee) {
                owe_again(draft, agent)?;
            }
        }
    }
    if let (Some(agent), Some(contact)) = (after.assignee, after.contact)
        && before.is_none_or(|b| (b.assignee, b.contact) != (after.assignee, after.contact))
    {
        draft.put(&key::number(contact), &LastAgent(agent));
    }
    Ok(())
}

/// A ticket of somebody's was opened again: if they have gone meanwhile it goes back as the others did.
fn owe_again(draft: &mut Draft<'_>, agent: u64) -> Result<(), ReadError> {
    let row = key::number(agent);
    let presence = draft.get::<Presence>(&row)?;
    if let Some(gone) = presence.filter(|p| p.state == State::Offline && p.returned) {
        draft.put(&row, &Presence { returned: false, ..gone });
    }
    Ok(())
}

/// Among whose open tickets one counts.
pub(in crate::engine) fn carrier(row: &IndexRow) -> Option<u64> {
    row.assignee.filter(|_| row.status.is_open() && !row.merged && !row.deleted)
}

pub fn count_loads(draft: &mut Draft<'_>, loads: &[(u64, u64)]) -> Result<Reply, Refusal> {
    if draft.get::<Count>(LOADS.as_bytes())?.is_none() {
        for (agent, load) in loads {
            draft.put(load_of(*agent).as_bytes(), &Count(*load));
        }
        draft.put(LOADS.as_bytes(), &Count(1));
    }
    Ok(Reply::Done)
}

pub fn save(draft: &mut Draft<'_>, id: Option<u64>, new: &NewAssignment) -> Result<Reply, Refusal> {
    let unknown = || Refusal::NotFound("such assignment rule".into());
    let known = draft.rows().assignment_rules()?;
    let before = match id {
        Some(id) => Some(known.iter().find(|rule| rule.id == id).cloned().ok_or_else(unknown)?),
        None if known.len() >= MAX_RULES => {
            return Err(Refusal::Conflict(format!("there are {MAX_RULES} rules already")));
        }
        None => None,
    };
    if new.agents.len() > MAX_RULE_AGENTS {
        let why = format!("must be at most {MAX_RULE_AGENTS} agents");
        return Err(Refusal::Invalid { field: "agents", why });
    }
    for agent in &new.agents {
        super::desk::active_agent(draft, *agent, "agents")?;
    }
    let now = draft.ctx.now;
    let rule = AssignmentRule {
        id: match &before {
            Some(rule) => rule.id,
            None => draft.next("assignment_rule", 1)?,
        },
        name: new.name.clone(),
        active: new.active,
        position: new.position,
        conditions: new.conditions.clone(),
        strategy: new.strategy,
        agents: new.agents.clone(),
        created_at: before.map_or(now, |rule| rule.created_at),
        updated_at: now,
    };
    draft.put(&key::number(rule.id), &rule);
    Ok(Reply::AssignmentRule(Box::new(rule)))
}

pub fn delete(draft: &mut Draft<'_>, id: u64) -> Result<Reply, Refusal> {
    let row = key::number(id);
    if draft.get::<AssignmentRule>(&row)?.is_none() {
        return Err(Refusal::NotFound("such assignment rule".into()));
    }
    draft.delete(AssignmentRule::TABLE, &row);
    draft.delete(Table::Counts, rotation(id).as_bytes());
    Ok(Reply::Done)
}

/// The count that holds who was given something last by a rule that takes turns.
fn rotation(rule: u64) -> String {
    format!("assignment.last:{rule}")
}

/// Whether nobody has it and it waits for somebody.
fn waits(ticket: &Ticket) -> bool {
    ticket.assignee.is_none()
        && ticket.status.is_open()
        && ticket.is_live()
        && !ticket.call_running
        && ticket.on_hold.is_none()
}

pub fn hand_out(draft: &mut Draft<'_>, tickets: &[u64]) -> Result<Reply, Refusal> {
    let mut known = draft.rows().assignment_rules()?;
    known.retain(|rule| rule.active);
    let working = working(draft)?;
    let mut room = 0;
    for (agent, capacity) in &working {
        room += capacity.saturating_sub(draft.counted(&load_of(*agent))?);
    }
    let mut given = 0;
    for number in tickets.iter().take(MAX_TICKETS) {
        if given as u64 >= room {
            break;
        }
        let Some(mut ticket) = draft.rows().ticket(*number)?.filter(waits) else { continue };
        let Some(rule) = rules::first_fitting(draft, &ticket, &known)? else { continue };
        let Some(agent) = pick(draft, rule, &ticket, &working)? else { continue };
        draft.because(Some(&format!("assignment rule “{}”", rule.name)));
        assign(draft, &mut ticket, agent)?;
        ticket.updated_at = draft.ctx.now;
        draft.put_ticket(&ticket)?;
        if rule.strategy == Strategy::RoundRobin {
            draft.put(rotation(rule.id).as_bytes(), &Count(agent));
        }
        given += 1;
    }
    Ok(Reply::Swept(given))
}

/// Who is there now and works, by id, with what they take.
fn working(draft: &Draft<'_>) -> Result<Vec<(u64, u64)>, Refusal> {
    let rows = draft.rows().scan::<Presence>(&[], None, Order::Ascending, MAX_AGENTS)?;
    let online = rows.into_iter().filter(|(_, presence)| presence.state == State::Online);
    let mut found = Vec::new();
    for (row_key, _) in online {
        let agent = draft.get::<Agent>(&row_key)?;
        let Some(agent) = agent.filter(|agent| agent.disabled_at.is_none()) else { continue };
        let workload = draft.get::<Workload>(&row_key)?.unwrap_or_default();
        // Whose hours nobody can tell works.
        if draft.ctx.trusted
            && let Some(hours) = workload.hours
            && let Some(hours) = draft.get::<BusinessHours>(&key::number(hours))?
            && hours.calendar().is_ok_and(|calendar| !calendar.is_open(draft.ctx.now))
        {
            continue;
        }
        let capacity = workload.capacity.unwrap_or(draft.ctx.rules.automation.capacity);
        found.push((agent.id, u64::from(capacity)));
    }
    Ok(found)
}

fn pick(
    draft: &Draft<'_>,
    rule: &AssignmentRule,
    ticket: &Ticket,
    working: &[(u64, u64)],
) -> Result<Option<u64>, Refusal> {
    let mut with_room = Vec::new();
    for (agent, capacity) in working {
        let load = draft.counted(&load_of(*agent))?;
        if load < *capacity && (rule.agents.is_empty() || rule.agents.contains(agent)) {
            with_room.push((load, *agent));
        }
    }
    let least_busy = with_room.iter().min().map(|(_, agent)| *agent);
    Ok(match rule.strategy {
        Strategy::LeastBusy => least_busy,
        Strategy::RoundRobin => {
            let last = draft.counted(&rotation(rule.id))?;
            let mut agents = with_room.iter().map(|(_, agent)| *agent);
            agents.find(|agent| *agent > last).or(with_room.first().map(|(_, agent)| *agent))
        }
        Strategy::Sticky => {
            let there = |agent: &u64| with_room.iter().any(|(_, one)| one == agent);
            last_agent(draft, ticket)?.filter(there).or(least_busy)
        }
    })
}

/// Who had this customer last, under whichever of the contacts that turned out to be them.
fn last_agent(draft: &Draft<'_>, ticket: &Ticket) -> Result<Option<u64>, ReadError> {
    let Some(contact) = ticket.requester.contact else { return Ok(None) };
    for id in draft.rows().ids_of(contact)? {
        if let Some(LastAgent(agent)) = draft.get(&key::number(id))? {
            return Ok(Some(agent));
        }
    }
    Ok(None)
}

/// Of an agent who went: a bounded number of tickets at once.
pub fn take_back(
    draft: &mut Draft<'_>,
    agent: u64,
    tickets: &[u64],
    last: bool,
) -> Result<Reply, Refusal> {
    let row = key::number(agent);
    let Some(presence) = draft.get::<Presence>(&row)? else { return Ok(Reply::Swept(0)) };
    // They may have come back meanwhile.
    if presence.state != State::Offline || presence.returned {
        return Ok(Reply::Swept(0));
    }
    draft.because(Some("their agent is offline"));
    let mut taken = 0;
    for number in tickets.iter().take(MAX_TICKETS) {
        let theirs = |ticket: &Ticket| {
            ticket.status.is_open()
                && ticket.is_live()
                && ticket.assignee.as_ref().is_some_and(|a| a.agent == agent)
        };
        let Some(mut ticket) = draft.rows().ticket(*number)?.filter(theirs) else { continue };
        unassign(draft, &mut ticket);
        ticket.updated_at = draft.ctx.now;
        draft.put_ticket(&ticket)?;
        taken += 1;
    }
    if last {
        draft.put(&row, &Presence { returned: true, ..presence });
    }
    Ok(Reply::Swept(taken))
}

pub fn next(draft: &mut Draft<'_>, tickets: &[u64]) -> Result<Reply, Refusal> {
    if !matches!(draft.ctx.actor, Actor::Agent { .. }) {
        let why = "only an agent is given tickets: log in, or use a token of scope agent";
        return Err(Refusal::Forbidden(why.into()));
    }
    for number in tickets.iter().take(MAX_TICKETS) {
        if draft.rows().ticket(*number)?.is_some_and(|ticket| waits(&ticket)) {
            return queue::claim(draft, &Reference::Number(*number));
        }
    }
    Ok(Reply::Done)
}
