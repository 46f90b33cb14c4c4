//! The one place where a route asks for its token.

use axum::extract::{MatchedPath, Request, State as Shared};
use axum::http::HeaderValue;
use axum::http::header::{ALLOW, AUTHORIZATION};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::State;
use super::error::Failure;
use crate::auth::{Caller, policy, token};
use crate::wire::problem::Problem;

/// Lets a request through to its route when its token may, and tells the handler who calls.
pub async fn require(
    Shared(state): Shared<State>,
    route: MatchedPath,
    mut request: Request,
    next: Next,
) -> Response {
    let (method, known) = (request.method().as_str(), policy::methods(route.as_str()));
    let asked = if method == "HEAD" { "GET" } else { method };
    if !known.is_empty() && !known.contains(&asked) {
        let takes = known.join(", ");
        let why = format!("this address takes {takes}, not {method}");
        let mut refused =
            Failure::from(Problem::new(405, "Method Not Allowed", why)).into_response();
        if let Ok(takes) = HeaderValue::from_str(&takes) {
            refused.headers_mut().insert(ALLOW, takes);
        }
        return refused;
    }
    let access = policy::access(method, route.as_str());
    if access == policy::Access::Open {
        return next.run(request).await;
    }
    let caller = match recognise(&state, &request) {
        Ok(caller) => caller,
        Err(failure) => return failure.into_response(),
    };
    if !access.allows(&caller.scopes) {
        let has: Vec<_> = caller.scopes.iter().map(|s| s.as_str()).collect();
        let why = format!(
            "this needs a token of scope {}; yours has {}",
            access.wanted(),
            has.join(", ")
        );
        return Failure::from(Problem::new(403, "Forbidden", why)).into_response();
    }
    request.extensions_mut().insert(caller);
    next.run(request).await
}

/// The caller of a request, by its `Authorization: Bearer` header.
pub fn recognise(state: &State, request: &Request) -> Result<Caller, Failure> {
    let unauthorized = |why: &str| Failure::from(Problem::new(401, "Unauthorized", why));
    let header = request
        .headers()
        .get(AUTHORIZATION)
        .ok_or_else(|| unauthorized("send a token as `Authorization: Bearer …`"))?;
    let token =
        header.to_str().ok().and_then(token::bearer).ok_or_else(|| {
            unauthorized("the Authorization header must read `Bearer` and a token")
        })?;
    let found = state.engine.shared().token(&token::hash(token));
    found
        .map(|t| Caller::from(t.as_ref()))
        .ok_or_else(|| unauthorized("this token is unknown or was revoked"))
}
