//! The figures of the desk over HTTP (S3.27, S3.48); what each of them means stands at its field.

use axum::Json;
use axum::extract::State as Shared;
use serde::Serialize;

use super::State;
use super::analytics_query::{AnalyticsQuery, FiguresAnswer, Question, filter};
use super::error::Failure;
use super::extract::{Caller, Query};
use crate::describe::{self, ToSchema};
use crate::engine::analytics::{
    self, AgentFigures, Csat, Distribution, ESCALATION_TARGET, Now, Overview, PeakHours, Period,
    Promises, Volume,
};

/// Days whose ratings count as what customers say now.
const SATISFACTION_DAYS: i32 = 30;

/// What an agent did, or what nobody has.
#[derive(Serialize, ToSchema)]
pub struct AgentRow {
    /// The agent; none for what nobody has
    #[schema(example = 3)]
    agent_id: Option<u64>,
    /// What the agent is called
    #[schema(example = "Dewi Lestari")]
    name: Option<String>,
    #[serde(flatten)]
    figures: AgentFigures,
}

#[derive(Serialize, ToSchema)]
pub struct AgentsFigures {
    /// The part of their tickets that agents should escalate at most (S2.34)
    #[schema(example = 0.05)]
    escalation_target: f64,
    /// What each agent did, by name
    agents: Vec<AgentRow>,
}

/// What matters at this moment: what waits, what is late, what was done today. Takes the filters and `tz`.
#[describe::path(get, path = "/api/tickets/analytics/now", operation_id = "analytics_now", tag = "analytics",
    params(AnalyticsQuery), responses((status = 200, body = Now)))]
pub async fn now(
    Shared(state): Shared<State>,
    caller: Caller,
    Query(query): Query<AnalyticsQuery>,
) -> Result<Json<Now>, Failure> {
    let Question { zone, .. } = Question::of(&state, &caller, &query)?;
    let filter = filter(&state, &caller, &query)?;
    let shared = state.engine.shared();
    let at = shared.now();
    let today = Period::last_days(1, at, &zone);
    let month = Period::last_days(SATISFACTION_DAYS, at, &zone);
    Ok(Json(analytics::now(shared.index().facts(&filter), at, &today, &month)))
}

/// The desk in a dozen figures.
#[describe::path(get, path = "/api/tickets/analytics/overview", operation_id = "analytics_overview", tag = "analytics",
    params(AnalyticsQuery), responses((status = 200, body = FiguresAnswer<Overview>)))]
pub async fn overview(
    Shared(state): Shared<State>,
    caller: Caller,
    Query(query): Query<AnalyticsQuery>,
) -> Result<Json<FiguresAnswer<Overview>>, Failure> {
    let question = Question::of(&state, &caller, &query)?;
    let figures = question.answer(&state, |facts, period| Ok(analytics::overview(facts, period)));
    Ok(Json(figures?))
}

/// Tickets made and resolved, and those that were left, by hour, day, week or month.
#[describe::path(get, path = "/api/tickets/analytics/volume", operation_id = "analytics_volume", tag = "analytics",
    params(AnalyticsQuery), responses((status = 200, body = FiguresAnswer<Vec<Volume>>)))]
pub async fn volume(
    Shared(state): Shared<State>,
    caller: Caller,
    Query(query): Query<AnalyticsQuery>,
) -> Result<Json<FiguresAnswer<Vec<Volume>>>, Failure> {
    let question = Question::of(&state, &caller, &query)?;
    let figures = question.answer(&state, |facts, period| {
        Ok(analytics::volume(facts, period, &question.buckets(period)?))
    });
    Ok(Json(figures?))
}

/// The tickets made in the period by status, priority, channel, category and tag.
#[describe::path(get, path = "/api/tickets/analytics/distribution", operation_id = "analytics_distribution",
    tag = "analytics", params(AnalyticsQuery), responses((status = 200, body = FiguresAnswer<Distribution>)))]
pub async fn distribution(
    Shared(state): Shared<State>,
    caller: Caller,
    Query(query): Query<AnalyticsQuery>,
) -> Result<Json<FiguresAnswer<Distribution>>, Failure> {
    let question = Question::of(&state, &caller, &query)?;
    let figures =
        question.answer(&state, |facts, period| Ok(analytics::distribution(facts, period)));
    Ok(Json(figures?))
}

/// What each agent did; agents are shown themselves alone.
#[describe::path(get, path = "/api/tickets/analytics/agents", operation_id = "analytics_agents", tag = "analytics",
    params(AnalyticsQuery), responses((status = 200, body = FiguresAnswer<AgentsFigures>)))]
pub async fn agents(
    Shared(state): Shared<State>,
    caller: Caller,
    Query(query): Query<AnalyticsQuery>,
) -> Result<Json<FiguresAnswer<AgentsFigures>>, Failure> {
    let question = Question::of(&state, &caller, &query)?;
    let people = state.engine.shared().people();
    let figures = question.answer(&state, |facts, period| {
        let rows = analytics::agents(facts, period).into_iter();
        let shown = rows.filter(|(id, _)| caller.visible_to().is_none_or(|me| *id == Some(me)));
        let mut agents: Vec<AgentRow> = shown
            .map(|(agent_id, figures)| {
                let name = agent_id.and_then(|id| people.agent(id)).map(|agent| agent.name.clone());
                AgentRow { agent_id, name, figures }
            })
            .collect();
        agents.sort_by(|a, b| (&a.name, a.agent_id).cmp(&(&b.name, b.agent_id)));
        Ok(AgentsFigures { escalation_target: ESCALATION_TARGET, agents })
    });
    Ok(Json(figures?))
}

/// How service levels were kept, by target, priority, channel, category and time.
#[describe::path(get, path = "/api/tickets/analytics/sla/detailed", operation_id = "analytics_sla", tag = "analytics",
    params(AnalyticsQuery), responses((status = 200, body = FiguresAnswer<Promises>)))]
pub async fn sla(
    Shared(state): Shared<State>,
    caller: Caller,
    Query(query): Query<AnalyticsQuery>,
) -> Result<Json<FiguresAnswer<Promises>>, Failure> {
    let question = Question::of(&state, &caller, &query)?;
    let figures = question.answer(&state, |facts, period| {
        Ok(analytics::promises(facts, period, &question.buckets(period)?))
    });
    Ok(Json(figures?))
}

/// What customers said of how they were served.
#[describe::path(get, path = "/api/tickets/analytics/csat", operation_id = "analytics_csat", tag = "analytics",
    params(AnalyticsQuery), responses((status = 200, body = FiguresAnswer<Csat>)))]
pub async fn csat(
    Shared(state): Shared<State>,
    caller: Caller,
    Query(query): Query<AnalyticsQuery>,
) -> Result<Json<FiguresAnswer<Csat>>, Failure> {
    let question = Question::of(&state, &caller, &query)?;
    let figures = question.answer(&state, |facts, period| {
        Ok(analytics::csat(facts, period, &question.buckets(period)?))
    });
    Ok(Json(figures?))
}

/// In which hours of the week tickets are made.
#[describe::path(get, path = "/api/tickets/analytics/peak-hours", operation_id = "analytics_peak_hours",
    tag = "analytics", params(AnalyticsQuery), responses((status = 200, body = FiguresAnswer<PeakHours>)))]
pub async fn peak_hours(
    Shared(state): Shared<State>,
    caller: Caller,
    Query(query): Query<AnalyticsQuery>,
) -> Result<Json<FiguresAnswer<PeakHours>>, Failure> {
    let question = Question::of(&state, &caller, &query)?;
    let figures = question
        .answer(&state, |facts, period| Ok(analytics::peak_hours(facts, period, &question.zone)));
    Ok(Json(figures?))
}
