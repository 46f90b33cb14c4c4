//! What each agent did (S0.62, S2.34, S4.26).

use std::collections::BTreeMap;

use serde::Serialize;

use super::promises::Both;
use super::{CsatFigures, Period, Spread, rate};
use crate::describe::ToSchema;
use crate::engine::index::Fact;

/// The part of their tickets that agents should escalate at most (S2.34).
pub const ESCALATION_TARGET: f64 = 0.05;

/// An agent's figures: of the tickets that they have today, ratings and escalations of those that they had then.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct AgentFigures {
    /// Tickets made in the period
    pub assigned: u64,
    /// Tickets not resolved, whenever they were made
    pub open_now: u64,
    /// Tickets resolved in the period
    pub resolved: u64,
    /// Of the tickets made in the period, the part that is resolved by now
    pub resolution_rate: Option<f64>,
    /// Tickets made in the period that came back after they had been resolved
    pub reopened: u64,
    /// Their part of those made in the period that were ever resolved
    pub reopen_rate: Option<f64>,
    /// Tickets made in the period that were last escalated away from this agent
    pub escalated: u64,
    /// Their part of those and the tickets made in the period that the agent still has (S2.34)
    pub escalation_rate: Option<f64>,
    /// Whether that is 5 % or less
    pub within_escalation_target: Option<bool>,
    /// First public answers of people in the period, from when people were waited for
    pub first_response_time: Spread,
    /// Resolutions in the period, from when the ticket was made
    pub resolution_time: Spread,
    /// Resolutions in the period, from the first public answer of a person
    pub handle_time: Spread,
    /// Promises of the tickets made in the period
    pub sla: Both,
    /// Ratings in the period of tickets that they had when they were rated
    pub csat: CsatFigures,
    /// Tool calls a ticket made in the period
    pub tool_calls_per_ticket: Option<f64>,
    /// Tool calls that search a ticket made in the period
    pub searches_per_ticket: Option<f64>,
}

/// What is counted on the way.
#[derive(Default)]
struct Count {
    figures: AgentFigures,
    done: u64,
    ever_resolved: u64,
    /// Tickets made in the period that count for the escalation rate.
    had: u64,
    tool_calls: u64,
    searches: u64,
    answers: Vec<i64>,
    resolutions: Vec<i64>,
    handled: Vec<i64>,
}

/// By agent; none has what nobody has.
pub fn agents<'a>(
    facts: impl Iterator<Item = Fact<'a>>,
    period: &Period,
) -> BTreeMap<Option<u64>, AgentFigures> {
    let mut counts: BTreeMap<Option<u64>, Count> = BTreeMap::new();
    for fact in facts {
        count(counts.entry(fact.assignee).or_default(), &fact, period);
        if let Some(rated) = fact.figures.rating.filter(|rated| period.holds(rated.at)) {
            counts.entry(rated.agent).or_default().figures.csat.add(rated.rating);
        }
        if period.holds(fact.created_at) {
            let escalated = fact.figures.escalated > 0;
            let had = if escalated { fact.figures.escalated_from } else { fact.assignee };
            let agent = counts.entry(had).or_default();
            agent.had += 1;
            agent.figures.escalated += u64::from(escalated);
        }
    }
    counts.retain(|_, count| count.figures != AgentFigures::default() || !count.answers.is_empty());
    counts.into_iter().map(|(agent, count)| (agent, count.told())).collect()
}

fn count(to: &mut Count, fact: &Fact<'_>, period: &Period) {
    let figures = &mut to.figures;
    figures.open_now += u64::from(fact.status.is_open());
    if period.has(fact.answered_at()) {
        to.answers.extend(fact.answered_after());
    }
    if let Some(at) = fact.resolved_at.filter(|at| period.holds(*at)) {
        figures.resolved += 1;
        to.resolutions.extend(fact.resolved_after());
        to.handled.extend(fact.answered_at().map(|answered| (at.0 - answered.0).max(0)));
    }
    if period.holds(fact.created_at) {
        figures.assigned += 1;
        to.done += u64::from(fact.resolved_at.is_some());
        to.ever_resolved += u64::from(fact.was_resolved());
        figures.reopened += u64::from(fact.figures.reopened > 0);
        figures.sla.add(fact);
        to.tool_calls += u64::from(fact.figures.tool_calls);
        to.searches += u64::from(fact.figures.searches);
    }
}

impl Count {
    fn told(self) -> AgentFigures {
        let figures = self.figures;
        let escalation_rate = rate(figures.escalated, self.had);
        AgentFigures {
            resolution_rate: rate(self.done, figures.assigned),
            reopen_rate: rate(figures.reopened, self.ever_resolved),
            escalation_rate,
            within_escalation_target: escalation_rate.map(|rate| rate <= ESCALATION_TARGET),
            first_response_time: Spread::of(self.answers),
            resolution_time: Spread::of(self.resolutions),
            handle_time: Spread::of(self.handled),
            tool_calls_per_ticket: rate(self.tool_calls, figures.assigned),
            searches_per_ticket: rate(self.searches, figures.assigned),
            ..figures
        }
    }
}
