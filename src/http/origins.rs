//! Web pages elsewhere: none may use the API or its WebSockets but those that are configured. Machines send no
//! `Origin`, and pages of the box's own send the box's.

use axum::extract::Request;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, HOST,
    ORIGIN, UPGRADE, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::error::Failure;
use crate::wire::problem::Problem;

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE");
const HEADERS: HeaderValue =
    HeaderValue::from_static("Authorization, Content-Type, Idempotency-Key, If-Match");
const EXPOSED: HeaderValue =
    HeaderValue::from_static("ETag, Location, RateLimit, RateLimit-Policy, Retry-After");
const RESOURCE: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Refuses WebSockets of pages elsewhere, and lets the pages that are configured read answers (CORS). Credentials
/// are never allowed: such a page shows a token.
pub async fn guard(listed: &[String], request: Request, next: Next) -> Response {
    let Some(origin) = request.headers().get(ORIGIN).cloned() else {
        return next.run(request).await;
    };
    let own = is_own(request.headers());
    let named = origin.to_str().is_ok_and(|origin| listed.iter().any(|known| known == origin));
    let upgrade = request.headers().get(UPGRADE);
    if !own && !named && upgrade.is_some_and(|to| to.as_bytes().eq_ignore_ascii_case(b"websocket"))
    {
        let why = "pages of this origin may open no WebSocket here; list it in http.origins";
        return Failure::from(Problem::new(403, "Forbidden", why)).into_response();
    }
    if own || !named {
        return next.run(request).await;
    }
    let preflight = request.method() == Method::OPTIONS
        && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let mut answer = if preflight {
        let age = HeaderValue::from_static("600");
        let told = [
            (ACCESS_CONTROL_ALLOW_METHODS, METHODS),
            (ACCESS_CONTROL_ALLOW_HEADERS, HEADERS),
            (ACCESS_CONTROL_MAX_AGE, age),
        ];
        (StatusCode::NO_CONTENT, told).into_response()
    } else {
        next.run(request).await
    };
    let headers = answer.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    headers.insert(RESOURCE, HeaderValue::from_static("cross-origin"));
    headers.append(VARY, HeaderValue::from_static("Origin"));
    answer
}

/// Whether whoever sent this is no page elsewhere, or one of those that are listed.
pub fn may_ask(headers: &HeaderMap, listed: &[String]) -> bool {
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let named = origin.to_str().is_ok_and(|origin| listed.iter().any(|known| known == origin));
    named || is_own(headers)
}

/// Whether the origin is the address that was asked. What stands before `//` is not compared: behind a proxy that
/// speaks TLS the two differ.
fn is_own(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let (Some(origin), Some(host)) = (text(ORIGIN), text(HOST)) else { return false };
    origin.split_once("://").is_some_and(|(_, named)| named.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_the_box_is_its_own_and_no_other_is() {
        let own = |origin: &str, host: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(ORIGIN, HeaderValue::from_str(origin).unwrap());
            headers.insert(HOST, HeaderValue::from_str(host).unwrap());
            is_own(&headers)
        };
        assert!(own("https://desk.local:8080", "desk.local:8080"));
        assert!(own("https://Desk.local", "desk.local"));
        assert!(!own("https://desk.local.evil.example", "desk.local"));
        assert!(!own("https://desk.local:8081", "desk.local:8080"));
        assert!(!own("null", "null"));
    }
}
