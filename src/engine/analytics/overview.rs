//! The desk in a dozen figures.

use serde::Serialize;

use super::promises::Both;
use super::{CsatFigures, Period, Spread, rate};
use crate::describe::ToSchema;
use crate::engine::index::Fact;

#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Overview {
    /// Tickets made in the period
    #[schema(example = 412)]
    pub created: u64,
    /// Tickets resolved in the period; one that was resolved several times counts at the last
    pub resolved: u64,
    /// Of the tickets made in the period, the part that is resolved by now (S4.26)
    pub resolution_rate: Option<f64>,
    /// Tickets not resolved at the end of the period, whenever they were made
    pub backlog: u64,
    /// Tickets made in the period that came back after they had been resolved
    pub reopened: u64,
    /// Their part of those made in the period that were ever resolved
    pub reopen_rate: Option<f64>,
    /// Tickets made in the period that were ever escalated
    pub escalated: u64,
    /// Their part of the tickets made in the period
    pub escalation_rate: Option<f64>,
    /// Tickets resolved in the period without a public answer of a person and without anybody who had them
    pub resolved_by_bot: u64,
    /// First public answers of people in the period: how long after the ticket was made, its call had ended, or the bot
    /// had given the conversation back
    pub first_response_time: Spread,
    /// Resolutions in the period: how long after the ticket was made, nights and week-ends included
    pub resolution_time: Spread,
    /// The same in the hours of the ticket's SLA policy, without the time that the customer was waited for
    pub resolution_time_business: Spread,
    /// Resolutions in the period: how long after a person's first public answer (S4.26)
    pub handle_time: Spread,
    /// Promises of the tickets made in the period
    pub sla: Both,
    /// Ratings given in the period
    pub csat: CsatFigures,
}

pub fn overview<'a>(facts: impl Iterator<Item = Fact<'a>>, period: &Period) -> Overview {
    let mut overview = Overview::default();
    let (mut ever_resolved, mut done) = (0, 0);
    let (mut answers, mut resolutions) = (Vec::new(), Vec::new());
    let (mut handled, mut business) = (Vec::new(), Vec::new());
    for fact in facts {
        let ended = fact.resolved_at.map(|at| at.max(fact.created_at));
        if fact.created_at < period.to && ended.is_none_or(|at| at >= period.to) {
            overview.backlog += 1;
        }
        if period.has(fact.answered_at()) {
            answers.extend(fact.answered_after());
        }
        if let Some(rated) = fact.figures.rating.filter(|rated| period.holds(rated.at)) {
            overview.csat.add(rated.rating);
        }
        if let Some(at) = fact.resolved_at.filter(|at| period.holds(*at)) {
            overview.resolved += 1;
            resolutions.extend(fact.resolved_after());
            handled.extend(fact.answered_at().map(|answered| (at.0 - answered.0).max(0)));
            business.extend(fact.figures.resolution.and_then(|outcome| outcome.took));
            let alone = fact.answered_at().is_none() && fact.assignee.is_none();
            overview.resolved_by_bot += u64::from(alone);
        }
        if period.holds(fact.created_at) {
            overview.created += 1;
            done += u64::from(fact.resolved_at.is_some());
            ever_resolved += u64::from(fact.was_resolved());
            overview.reopened += u64::from(fact.figures.reopened > 0);
            overview.escalated += u64::from(fact.figures.escalated > 0 || fact.is_escalated);
            overview.sla.add(&fact);
        }
    }
    overview.resolution_rate = rate(done, overview.created);
    overview.reopen_rate = rate(overview.reopened, ever_resolved);
    overview.escalation_rate = rate(overview.escalated, overview.created);
    overview.first_response_time = Spread::of(answers);
    overview.resolution_time = Spread::of(resolutions);
    overview.resolution_time_business = Spread::of_seconds(business);
    overview.handle_time = Spread::of(handled);
    overview
}
