//! What a client wants to hear of. What it may hear is another question.

use serde::Deserialize;

use super::event::LiveEvent;
use crate::engine::command::Actor;
use crate::engine::event::EventKind;
use crate::http::State;
use crate::http::error::{Failure, not_found};
use crate::http::extract::{Caller, named};
use crate::http::tickets::visible;
use crate::wire::problem::Problem;

/// Kinds that one stream may name.
const MAX_KINDS: usize = 64;

#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// All, if absent.
    pub kinds: Option<Vec<EventKind>>,
    pub ticket: Option<u64>,
    /// Of tickets that nobody has.
    pub queue: bool,
    /// Of the caller's own tickets. With `queue`: of both.
    pub mine: bool,
    /// What is said in running calls, for those who may follow them.
    pub transcripts: bool,
}

/// The same as clients write it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Filter {
    pub events: Vec<String>,
    pub ticket: Option<String>,
    pub queue: Option<String>,
    pub assigned_to_me: bool,
    pub transcripts: bool,
}

impl Filter {
    pub fn read(&self, state: &State, caller: &Caller) -> Result<Wanted, Failure> {
        let queue = match self.queue.as_deref().filter(|queue| !queue.is_empty()) {
            None => false,
            Some("unassigned") => true,
            Some(_) => return Err(Problem::field("queue", "must be unassigned").into()),
        };
        if self.assigned_to_me && !matches!(caller.actor, Actor::Agent { .. }) {
            let why = "this token acts as no agent, so no ticket is assigned to it";
            return Err(Problem::field("assigned_to_me", why).into());
        }
        Ok(Wanted {
            kinds: kinds(&self.events)?,
            ticket: ticket(state, caller, self.ticket.as_deref())?,
            queue,
            mine: self.assigned_to_me,
            transcripts: self.transcripts,
        })
    }
}

impl Wanted {
    /// Whether an event is wanted. Assignments always are: by them tickets come into a queue and leave it.
    pub fn takes(&self, event: &LiveEvent, caller: &Caller) -> bool {
        let ticket = event.ticket.as_ref();
        if self.kinds.as_ref().is_some_and(|kinds| !kinds.contains(&event.kind))
            || self.ticket.is_some_and(|wanted| ticket.map(|t| t.number) != Some(wanted))
        {
            return false;
        }
        if !self.queue && !self.mine || event.leaves() || event.kind == EventKind::TicketUnassigned
        {
            return true;
        }
        let Some(ticket) = ticket else { return false };
        match (&ticket.assignee, &caller.actor) {
            (None, _) => self.queue,
            (Some(who), Actor::Agent { id, .. }) => self.mine && who.agent == *id,
            (Some(_), _) => false,
        }
    }
}

fn kinds(names: &[String]) -> Result<Option<Vec<EventKind>>, Failure> {
    let mut wanted = Vec::new();
    for (at, name) in names.iter().map(|name| name.trim()).enumerate() {
        let of = |kind: &EventKind| {
            let rest = kind.name().strip_prefix(name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let before = wanted.len();
        wanted.extend(EventKind::ALL.iter().copied().filter(of));
        if at == MAX_KINDS || wanted.len() == before {
            let why = format!(
                "there is no event {name:?}; at most {MAX_KINDS} names as ticket.created, or ticket for all of a family"
            );
            return Err(Problem::field("events", why).into());
        }
    }
    Ok((!names.is_empty()).then_some(wanted))
}

fn ticket(state: &State, caller: &Caller, text: Option<&str>) -> Result<Option<u64>, Failure> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let reference = named(text)?;
    let found = state.engine.read(|rows| rows.resolve(&reference))?;
    let found = found.filter(|ticket| visible(caller, ticket));
    Ok(Some(found.ok_or_else(|| not_found("such ticket"))?.number))
}
