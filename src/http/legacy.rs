//! Seed 000's own paths on a listener of their own (`calls.legacy_listen`): what was written for that system
//! works unchanged.

use axum::Router;
use axum::extract::{Request, State as Shared};
use axum::middleware::{Next, from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::error::Failure;
use super::{State, auth, calls, calls_reports, error, ops};
use crate::auth::Caller;
use crate::auth::policy::READ;
use crate::wire::problem::Problem;

/// `open`: no token is asked for. The configuration allows that on loopback only.
pub fn router(state: State, open: bool) -> Router {
    let tickets = Router::new()
        .route("/api/tickets", get(calls::list))
        .route("/api/tickets/stats", get(calls_reports::stats))
        .route("/api/tickets/{id}", get(calls::detail))
        .route_layer(from_fn_with_state((state.clone(), open), require));
    Router::new()
        .route("/health", get(ops::health))
        .merge(tickets)
        .with_state(state)
        .fallback(|| async { axum::http::StatusCode::NOT_FOUND })
        .layer(map_response(async |answer| error::rendered(answer)))
}

async fn require(
    Shared((state, open)): Shared<(State, bool)>,
    mut request: Request,
    next: Next,
) -> Response {
    let caller = if open { Ok(Caller::open_reader()) } else { auth::recognise(&state, &request) };
    let caller = match caller {
        Ok(caller) => caller,
        Err(problem) => return Failure::from(problem).into_response(),
    };
    if !READ.allows(&caller) {
        let why = format!("this needs {}", READ.wanted());
        return Failure::from(Problem::new(403, "Forbidden", why)).into_response();
    }
    request.extensions_mut().insert(caller);
    next.run(request).await
}
