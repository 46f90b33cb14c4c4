//! Counts of tickets for the CRM's dashboard (S2.46): one pass over the index.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State as Shared;
use serde::Serialize;

use super::Success;
use crate::describe::{self, ToSchema};
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
#[describe::path(get, path = "/api/v2/tickets/statistics", operation_id = "crm_statistics", tag = "crm",
    responses((status = 200, body = Success<Statistics>)))]
pub async fn read(
    Shared(state): Shared<State>,
    caller: Caller,
) -> Result<Json<Success<Statistics>>, Failure> {
    let filter = Filter { visible_to: caller.visible_to(), ..Filter::default() };
    let index = state.engine.shared().index();
    let total = index.total(&filter);
    let categories = total.categories(&index);
    let mean = total.waited().mean().map(|mean| mean / i128::from(Micros::SECOND / 1000));
    let told = Statistics {
        total: total.tickets,
        by_status: Status::ALL.into_iter().map(Status::as_str).zip(total.statuses).collect(),
        by_category: categories
            .map(|(name, count, _)| (name.unwrap_or("none").to_owned(), count))
            .collect(),
        by_priority: Priority::ALL
            .into_iter()
            .map(Priority::as_str)
            .zip(total.priorities)
            .collect(),
        avg_resolution_time: mean.and_then(|mean| i64::try_from(mean).ok()),
    };
    Ok(Json(Success::of(told)))
}
