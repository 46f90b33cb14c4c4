//! From `q` to what the engine is asked: its words, and its fields as filters of tickets.

use super::State;
use super::error::Failure;
use super::extract::Caller;
use super::tickets_list::{assignee, channels, priorities, statuses};
use crate::domain::agent::Agent;
use crate::domain::reference::Reference;
use crate::domain::search::query::{Field, Query, QueryError, What};
use crate::domain::time::Micros;
use crate::engine::index::{AssigneeIs, Filter, Span};
use crate::wire::problem::Problem;

/// A query that was read.
pub struct Wanted {
    pub query: Query,
    /// Filters, each with whether it must not pass.
    pub also: Vec<(bool, Filter)>,
    /// When tickets were made and messages said.
    pub time: Span,
    /// The ticket that the whole of it names.
    pub named: Option<u64>,
}

const SPEAKERS: [&str; 4] = ["user", "agent", "bot", "system"];

/// Reads a query; the error says at which character it is wrong.
pub fn read(
    state: &State,
    caller: &Caller,
    parameter: &'static str,
    text: &str,
    typing: bool,
) -> Result<Wanted, Failure> {
    let wrong = |error: QueryError| Failure::from(Problem::field(parameter, error.to_string()));
    let mut query = Query::parse(text, typing).map_err(wrong)?;
    let (mut also, mut time) = (Vec::new(), Span::default());
    for clause in &mut query.clauses {
        let What::Field(field, value) = &mut clause.what else { continue };
        // Somebody is about to type it.
        if typing && value.is_empty() {
            continue;
        }
        let at = clause.at;
        let tell =
            |why: String| wrong(QueryError { at, why: format!("{}: {why}", field.as_str()) });
        if let Field::Before | Field::After = field {
            let at = point(value).map_err(|why| tell(why.to_owned()))?;
            // What is not before a time is from it on.
            if (*field == Field::Before) == clause.negated {
                time.from = time.from.max(Some(at));
            } else {
                time.to = Some(time.to.map_or(at, |to| to.min(at)));
            }
            continue;
        }
        match filter(state, caller, *field, value) {
            Ok(Some(filter)) => also.push((clause.negated, filter)),
            Ok(None) => {}
            Err(Wrong::Value(why)) => return Err(tell(why)),
            Err(Wrong::Other(failure)) => return Err(failure),
        }
    }
    query
        .clauses
        .retain(|clause| !matches!(&clause.what, What::Field(_, value) if value.is_empty()));
    let named = match Reference::parse(text) {
        Some(reference) => state.engine.read(|rows| rows.resolve(&reference))?,
        None => None,
    };
    Ok(Wanted { query, also, time, named: named.map(|ticket| ticket.number) })
}

enum Wrong {
    Value(String),
    Other(Failure),
}

impl From<Failure> for Wrong {
    fn from(failure: Failure) -> Wrong {
        if failure.status() != 400 {
            return Wrong::Other(failure);
        }
        let problem = failure.into_problem();
        let why = problem.errors.first().map(|error| error.detail.clone());
        Wrong::Value(why.unwrap_or(problem.detail))
    }
}

/// What a field filters; none where it is looked for in words, and then its value is put as the index has it.
fn filter(
    state: &State,
    caller: &Caller,
    field: Field,
    value: &mut String,
) -> Result<Option<Filter>, Wrong> {
    let all = Filter::default();
    Ok(Some(match field {
        // Times are not of tickets alone.
        Field::From | Field::Before | Field::After => return Ok(None),
        Field::Has => {
            if !["attachment", "attachments", "file", "files"].contains(&&*value.to_lowercase()) {
                return Err(Wrong::Value("must be attachment".to_owned()));
            }
            "attachment".clone_into(value);
            return Ok(None);
        }
        Field::Speaker => {
            let known = value.to_lowercase();
            let known = if known == "customer" { "user".to_owned() } else { known };
            if !SPEAKERS.contains(&&*known) {
                let why = format!("must be one of {}", SPEAKERS.join(", "));
                return Err(Wrong::Value(why));
            }
            *value = known;
            return Ok(None);
        }
        Field::Status => Filter { statuses: statuses(Some(value))?, ..all },
        Field::Priority => Filter { priorities: priorities(Some(value))?, ..all },
        Field::Channel => Filter { channels: channels(Some(value))?, ..all },
        Field::Assignee => Filter { assignee: Some(of(state, caller, value)?), ..all },
        Field::Tag => Filter { tag: Some(value.clone()), ..all },
        Field::Category => {
            let known = state.engine.shared().categories();
            let names = value.split(',').map(str::trim).filter(|name| !name.is_empty());
            Filter { categories: names.flat_map(|slug| known.with_children(slug)).collect(), ..all }
        }
    }))
}

/// me, none, any, an id, or what an agent is called.
fn of(state: &State, caller: &Caller, value: &str) -> Result<AssigneeIs, Wrong> {
    let named = |agent: &&Agent| agent.name.to_lowercase().starts_with(&value.to_lowercase());
    match assignee(caller, Some(value)) {
        Ok(found) => Ok(found.unwrap_or(AssigneeIs::Somebody)),
        Err(error) => {
            let agents = state.engine.read(|rows| rows.agents()).map_err(Failure::from)?;
            let agent = agents.iter().find(named).map(|agent| AssigneeIs::Agent(agent.id));
            agent.ok_or_else(|| error.into())
        }
    }
}

/// A day's begin by UTC, or a time.
fn point(value: &str) -> Result<Micros, &'static str> {
    let day = Micros::parse_rfc3339(&format!("{value}T00:00:00Z"));
    let point = day.or_else(|| Micros::parse_rfc3339(value));
    point.ok_or("must be a day or a time, as 2026-01-28 or 2026-01-28T10:00:00Z")
}
