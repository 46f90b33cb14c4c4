//! How the box is, for those who look after it.

use axum::Json;
use axum::extract::State as Shared;

use super::State;
use crate::engine::status::Status;

/// The state of the box: store, journal, disk, memory, doors, bridges, clock. Counts, sizes in bytes and spans in
/// seconds; nothing of anybody. The same as `frontdesk status --json`.
#[utoipa::path(get, path = "/api/system", operation_id = "read_system", tag = "operations", responses((status = 200, body = Status)))]
pub async fn read(Shared(state): Shared<State>) -> Json<Status> {
    Json(state.engine.status().await)
}
