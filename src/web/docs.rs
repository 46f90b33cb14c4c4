//! `/openapi.json` and `/docs`, Swagger UI for it; both out of the binary.

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;

use super::embed::DOCS;
use super::serve;

pub fn router() -> Router {
    let file = async |Path(name): Path<String>, headers: HeaderMap| of(&name, &headers);
    Router::new()
        .route("/openapi.json", get(async |headers: HeaderMap| of("openapi.json", &headers)))
        // Relative names of the page want the slash.
        .route("/docs", get(async || Redirect::to("/docs/")))
        .route("/docs/", get(async |headers: HeaderMap| of("index.html", &headers)))
        .route("/docs/{*rest}", get(file))
}

fn of(name: &str, headers: &HeaderMap) -> Response {
    match DOCS.iter().find(|asset| asset.name == name) {
        Some(asset) => serve(asset, headers),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
