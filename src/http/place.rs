//! What customers' pages are told of the place, before anybody has said who they are.

use axum::Json;
use axum::extract::State as Shared;
use serde::Serialize;

use super::State;
use crate::describe::{self, ToSchema};

#[derive(Serialize, ToSchema)]
pub struct PlaceView {
    /// What the desk is called (`desk.name`); may be empty
    #[schema(example = "Meridian Support")]
    name: String,
    /// The colour of its pages (`desk.color`)
    #[schema(example = "#1d62c4")]
    color: Option<String>,
    /// Bytes of the largest file that it takes
    max_file: u64,
}

/// What the desk is called and looks like, for its customers' pages.
#[describe::path(get, path = "/api/public/desk", operation_id = "read_public_desk", tag = "portal", security(()), responses((status = 200, body = PlaceView)))]
pub async fn read(Shared(state): Shared<State>) -> Json<PlaceView> {
    let desk = &state.desk;
    Json(PlaceView { name: desk.name.clone(), color: desk.color.clone(), max_file: desk.max_file })
}
