//! What matters at this moment.

use serde::Serialize;

use super::{CsatFigures, Period};
use crate::describe::ToSchema;
use crate::domain::sla::State;
use crate::domain::time::Micros;
use crate::engine::index::Fact;

#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Now {
    /// Tickets not resolved, running calls included
    pub open: u64,
    /// Of those, what nobody has; running calls are nobody's yet
    pub waiting: u64,
    /// How long the one of them that waits longest has waited, in seconds
    pub longest_wait_seconds: Option<i64>,
    /// Its number
    pub longest_wait_ticket: Option<u64>,
    /// Open tickets with a target of which three quarters of the time have passed, none of them breached
    pub at_risk: u64,
    /// Open tickets with a target that was breached
    pub breached: u64,
    /// Open tickets that are escalated
    pub escalated: u64,
    /// Calls that have not ended
    pub calls_running: u64,
    /// Tickets made today
    pub created_today: u64,
    /// Tickets that got their first public answer of a person today
    pub answered_today: u64,
    /// Tickets resolved today, those that came back since left out
    pub resolved_today: u64,
    /// Ratings of the last 30 days
    pub satisfaction: CsatFigures,
}

/// `now`, and which times are today.
pub fn now<'a>(
    facts: impl Iterator<Item = Fact<'a>>,
    at: Micros,
    today: &Period,
    month: &Period,
) -> Now {
    let mut now = Now::default();
    let mut longest: Option<(Micros, u64)> = None;
    for fact in facts {
        now.created_today += u64::from(today.holds(fact.created_at));
        now.answered_today += u64::from(today.has(fact.answered_at()));
        now.resolved_today += u64::from(today.has(fact.resolved_at));
        if let Some(rated) = fact.figures.rating.filter(|rated| month.holds(rated.at)) {
            now.satisfaction.add(rated.rating);
        }
        if !fact.status.is_open() {
            continue;
        }
        now.open += 1;
        now.escalated += u64::from(fact.is_escalated);
        if fact.running {
            now.calls_running += 1;
            continue;
        }
        let outcomes = [fact.figures.first_response, fact.figures.resolution];
        let is = |state: State| outcomes.iter().flatten().any(|outcome| outcome.state == state);
        if is(State::Breached) {
            now.breached += 1;
        } else if is(State::AtRisk) {
            now.at_risk += 1;
        }
        if fact.assignee.is_none() {
            now.waiting += 1;
            let waits = (fact.people_since(), fact.number);
            longest = Some(longest.map_or(waits, |longest| longest.min(waits)));
        }
    }
    now.longest_wait_seconds = longest.map(|(since, _)| ((at.0 - since.0) / Micros::SECOND).max(0));
    now.longest_wait_ticket = longest.map(|(_, number)| number);
    now
}
