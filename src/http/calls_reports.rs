//! Figures over the calls (S0.21, S0.45 to S0.48), from the index.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::extract::State as Shared;
use serde::Serialize;

use super::State;
use super::calls_view::Envelope;
use super::error::Failure;
use super::extract::Caller;
use crate::describe::{self, ToSchema};
use crate::domain::channel::Channel;
use crate::domain::status::Status;
use crate::domain::time::Micros;
use crate::engine::index::{Filter, Set, Span, Waited};

/// Tools that the report of tool calls names.
const MAX_TOOLS: usize = 10_000;
const TOP_CATEGORIES: usize = 10;

fn calls(caller: &Caller) -> Filter {
    let visible_to = caller.visible_to();
    Filter { channels: Set::channels([Channel::Call]), visible_to, ..Filter::default() }
}

#[derive(Serialize, ToSchema)]
pub struct Stats {
    total_tickets: u64,
    by_status: ByStatus,
    /// Calls by category; calls that have none yet are left out.
    by_category: BTreeMap<String, u64>,
    /// From creation to resolution, over the resolved calls; 0 when there are none.
    avg_resolution_hours: f64,
}

#[derive(Default, Serialize, ToSchema)]
pub struct ByStatus {
    open: u64,
    in_progress: u64,
    resolved: u64,
    closed: u64,
}

/// How many calls there are, by status and category (S0.21).
#[describe::path(get, path = "/api/calls/stats", tag = "calls", responses((status = 200, body = Envelope<Stats>)))]
pub async fn stats(
    Shared(state): Shared<State>,
    caller: Caller,
) -> Result<Json<Envelope<Stats>>, Failure> {
    let index = state.engine.shared().index();
    let filter = calls(&caller);
    let total = index.total(&filter);
    let mut by_status = ByStatus::default();
    for (status, count) in Status::ALL.into_iter().zip(total.statuses) {
        *match status.on_calls_face() {
            "open" => &mut by_status.open,
            "in_progress" => &mut by_status.in_progress,
            "resolved" => &mut by_status.resolved,
            _ => &mut by_status.closed,
        } += count;
    }
    let named = |(name, count, _): (Option<&str>, u64, _)| Some((name?.to_owned(), count));
    Ok(Json(Envelope::of(Stats {
        total_tickets: total.tickets,
        by_status,
        by_category: total.categories(&index).filter_map(named).collect(),
        avg_resolution_hours: mean_hours(total.waited()).unwrap_or(0.0),
    })))
}

/// The mean time from creation to resolution, rounded to a hundred-thousandth, so that what is shown is not noise.
fn mean_hours(waited: Waited) -> Option<f64> {
    let hours = waited.took as f64 / waited.resolved as f64 / Micros::HOUR as f64;
    (waited.resolved > 0).then(|| (hours * 1e5).round() / 1e5)
}

#[derive(Serialize, ToSchema)]
pub struct CategoryCount {
    category: String,
    count: u64,
}

/// The ten categories with the most calls (S0.45).
#[describe::path(get, path = "/api/calls/reports/categories", tag = "calls", responses((status = 200, body = Envelope<Vec<CategoryCount>>)))]
pub async fn categories(
    Shared(state): Shared<State>,
    caller: Caller,
) -> Result<Json<Envelope<Vec<CategoryCount>>>, Failure> {
    let index = state.engine.shared().index();
    let total = index.total(&calls(&caller));
    let named = |(category, count, _): (Option<&str>, u64, _)| {
        Some(CategoryCount { category: category?.to_owned(), count })
    };
    let mut data: Vec<_> = total.categories(&index).filter_map(named).collect();
    data.sort_by(|a, b| (b.count, &a.category).cmp(&(a.count, &b.category)));
    data.truncate(TOP_CATEGORIES);
    Ok(Json(Envelope::of(data)))
}

#[derive(Serialize, ToSchema)]
pub struct CategoryHours {
    category: Option<String>,
    avg_hours: f64,
}

/// The mean time to resolution by category, longest first (S0.46).
#[describe::path(get, path = "/api/calls/reports/resolution-time", tag = "calls", responses((status = 200, body = Envelope<Vec<CategoryHours>>)))]
pub async fn resolution_time(
    Shared(state): Shared<State>,
    caller: Caller,
) -> Result<Json<Envelope<Vec<CategoryHours>>>, Failure> {
    let index = state.engine.shared().index();
    let total = index.total(&calls(&caller));
    let mut data: Vec<_> = total
        .categories(&index)
        .filter_map(|(category, _, waited)| {
            let avg_hours = mean_hours(waited)?;
            Some(CategoryHours { category: category.map(str::to_owned), avg_hours })
        })
        .collect();
    data.sort_by(|a, b| {
        b.avg_hours.total_cmp(&a.avg_hours).then_with(|| a.category.cmp(&b.category))
    });
    Ok(Json(Envelope::of(data)))
}

#[derive(Serialize, ToSchema)]
pub struct HourCount {
    /// `YYYY-MM-DD HH:00`, UTC
    hour: String,
    count: u64,
}

/// Calls begun in each of the last 24 hours, oldest first; hours without any are left out (S0.47).
#[describe::path(get, path = "/api/calls/reports/hourly", tag = "calls", responses((status = 200, body = Envelope<Vec<HourCount>>)))]
pub async fn hourly(
    Shared(state): Shared<State>,
    caller: Caller,
) -> Result<Json<Envelope<Vec<HourCount>>>, Failure> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let since = i64::try_from(since.as_micros()).unwrap_or(i64::MAX) - Micros::DAY;
    let index = state.engine.shared().index();
    let mut counts: BTreeMap<i64, u64> = BTreeMap::new();
    let created = Span { from: Some(Micros(since)), to: None };
    let filter = Filter { created, ..calls(&caller) };
    for line in index.lines(&filter) {
        *counts.entry(line.created_at.0.div_euclid(Micros::HOUR)).or_default() += 1;
    }
    let hour = |h: i64| Micros(h.saturating_mul(Micros::HOUR)).hour_bucket();
    let data = counts.into_iter().map(|(h, count)| HourCount { hour: hour(h), count }).collect();
    Ok(Json(Envelope::of(data)))
}

#[derive(Serialize, ToSchema)]
pub struct ToolCount {
    tool_name: String,
    count: u64,
}

/// How often each tool was called, most often first (S0.48).
#[describe::path(get, path = "/api/calls/reports/tool-calls", tag = "calls", responses((status = 200, body = Envelope<Vec<ToolCount>>)))]
pub async fn tool_calls(
    Shared(state): Shared<State>,
    _: Caller,
) -> Result<Json<Envelope<Vec<ToolCount>>>, Failure> {
    let counts = state.engine.read(|rows| rows.counts("tool:", MAX_TOOLS))?;
    let mut data: Vec<_> =
        counts.into_iter().map(|(tool_name, count)| ToolCount { tool_name, count }).collect();
    data.sort_by_key(|t| std::cmp::Reverse(t.count));
    Ok(Json(Envelope::of(data)))
}
