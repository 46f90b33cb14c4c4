//! What every answer says to browsers: run nothing but the box's own files, guess no types, show in no frame, tell
//! nobody where you come from. A handler that says something of its own is not overruled.

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// Nothing inline, nothing from elsewhere; pictures may be data, as those of attachments and codes are.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; \
     frame-ancestors 'none'",
);
/// An answer of the API is no page.
const NO_PAGE: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
const PERMISSIONS: HeaderName = HeaderName::from_static("permissions-policy");
const NO_PERMISSIONS: HeaderValue = HeaderValue::from_static(
    "camera=(), microphone=(), geolocation=(), payment=(), usb=(), interest-cohort=()",
);
const OPENER: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");
/// Tells browsers to come by TLS from now on (RFC 6797): for a year.
const STRICT: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Answers that may hold what is not for a cache.
const PRIVATE: [&str; 7] =
    ["/api/", "/webhook/", "/ingest/", "/mcp", "/metrics", "/health", "/ready"];

/// Adds what is missing to the answer to a request for `path`; `strict` where it was asked by TLS.
pub fn complete(path: &str, strict: bool, headers: &mut HeaderMap) {
    let private = PRIVATE.iter().any(|prefix| path.starts_with(prefix));
    let defaults = [
        (CONTENT_SECURITY_POLICY, if private { NO_PAGE } else { POLICY }),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (PERMISSIONS, NO_PERMISSIONS),
        (OPENER, SAME_ORIGIN),
        (RESOURCE, SAME_ORIGIN),
    ];
    for (name, value) in defaults {
        headers.entry(name).or_insert(value);
    }
    if private {
        headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    if strict {
        headers.insert(STRICT_TRANSPORT_SECURITY, STRICT);
    }
}
