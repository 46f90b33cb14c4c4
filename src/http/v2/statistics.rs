//! Counts of tickets for the CRM's dashboard (S2.46): one pass over the index.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State as Shared;
use serde::Serialize;
use utoipa::ToSchema;

use super::Success;
use crate::domain::priority::Priority;
use crate::domain::status::Status;
use crate::domain::time::Micros;
use crate::engine::index::Filter;
use crate::http::State;
use crate::http::error::Failure;
use crate::http::extract::Caller;

/// How many tickets there are.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Statistics {
    total: u64,
    by_status: BTreeMap<&'static str, u64>,
    by_category: BTreeMap<String, u64>,
    by_priority: BTreeMap<&'static str, u64>,
    /// Mean of the time from creation to resolution, in milliseconds; null while nothing is resolved
    avg_resolution_time: Option<i64>,
}

/// Counts of the tickets that the caller may see.
#[utoipa::path(get, path = "/api/v2/tickets/statistics", operation_id = "crm_statistics", tag = "crm",
    responses((status = 200, body = Success<Statistics>)))]
pub async fn read(
    Shared(state): Shared<State>,
    caller: Caller,
) -> Result<Json<Success<Statistics>>, Failure> {
    let mut told = Statistics {
        total: 0,
        by_status: Status::ALL.into_iter().map(|status| (status.as_str(), 0)).collect(),
        by_category: BTreeMap::new(),
        by_priority: Priority::ALL.into_iter().map(|one| (one.as_str(), 0)).collect(),
        avg_resolution_time: None,
    };
    let filter = Filter { visible_to: caller.visible_to(), ..Filter::default() };
    let (mut resolved, mut waited) = (0_i64, 0_i128);
    for line in state.engine.shared().index().lines(&filter) {
        told.total += 1;
        *told.by_status.entry(line.status.as_str()).or_default() += 1;
        *told.by_priority.entry(line.priority.as_str()).or_default() += 1;
        let category = line.category.unwrap_or("none").to_owned();
        *told.by_category.entry(category).or_default() += 1;
        if let Some(at) = line.resolved_at {
            resolved += 1;
            waited += i128::from(at.0.saturating_sub(line.created_at.0));
        }
    }
    if resolved > 0 {
        let mean = waited / i128::from(resolved) / i128::from(Micros::SECOND / 1000);
        told.avg_resolution_time = i64::try_from(mean).ok();
    }
    Ok(Json(Success::of(told)))
}
