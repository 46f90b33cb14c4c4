//! The two rings around every route. What they are made of has modules of its own; they are two layers and not six, as
//! every layer of axum is copied for each request that passes it.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State as Shared};
use axum::middleware::Next;
use axum::response::Response;

use super::{State, auth, error, limits, ops, origins};
use crate::telemetry::metrics::Metrics;

/// Around everything, routes or not: counted, errors with their document, pages of other origins kept out.
pub async fn outer(
    Shared((metrics, listed)): Shared<(Arc<Metrics>, Arc<[String]>)>,
    request: Request,
    next: Next,
) -> Response {
    let asked = ops::asked(&request);
    let answer = error::rendered(origins::guard(&listed, request, next).await);
    ops::count(&metrics, asked, &answer);
    answer
}

/// Around routes: who comes from an address too often, who may not, who asks too often.
pub async fn inner(
    Shared(state): Shared<State>,
    route: MatchedPath,
    mut request: Request,
    next: Next,
) -> Response {
    let from = match limits::by_address(&state, &route, &mut request) {
        Ok(from) => from,
        Err(refused) => return *refused,
    };
    let answer = match auth::require(&state, &route, &mut request) {
        Ok(()) => match limits::by_caller(&state, &route, &request) {
            Ok(known) => known.told(next.run(request).await),
            Err(refused) => *refused,
        },
        Err(refused) => *refused,
    };
    from.told(&state, &route, answer)
}
