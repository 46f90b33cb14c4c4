//! The pages that people see: the agent's workspace, the login, the set-up. Every file comes out of the binary.
//!
//! What always holds: the pages use the public API and nothing else; they load nothing from elsewhere; no script
//! or style stands in the page itself, and no text ever becomes markup (the policy below forbids both, in the
//! browser). Files have a name that changes with them, so they are kept for ever; the page is asked for each time.

mod docs;
mod embed;

use axum::Router;
use axum::extract::Path;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use embed::Asset;

/// The addresses of the one page, which shows what its address names.
pub const PAGES: &[&str] = &[
    "/",
    "/login",
    "/setup",
    "/tickets",
    "/tickets/{id}",
    "/calls",
    "/contacts",
    "/contacts/{id}",
    "/admin",
    "/admin/{section}",
    "/home",
    "/account",
    "/analytics",
    "/analytics/{view}",
    "/search",
];

/// The addresses of the customers' page (S3.42).
pub const PORTAL: &[&str] = &["/portal", "/portal/find", "/portal/tickets/{id}"];

/// Scripts, styles, pictures and requests: of this box alone, and none of it inline; no text becomes markup.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; \
                      media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; \
                      form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
                      trusted-types 'none'";

pub fn router() -> Router {
    let pages = PAGES.iter().fold(Router::new(), |router, page| router.route(page, get(workspace)));
    let portal = PORTAL.iter().fold(pages, |router, page| router.route(page, get(portal)));
    portal.route("/assets/{bundle}/{*name}", get(file)).merge(docs::router())
}

async fn workspace(headers: HeaderMap) -> Response {
    page_of(&embed::PAGE, "same-origin", &headers)
}

/// An address of a ticket that somebody was sent may hold its token: no page that they go to learns it.
async fn portal(headers: HeaderMap) -> Response {
    page_of(&embed::PORTAL, "no-referrer", &headers)
}

fn page_of(page: &Asset, referrer: &'static str, headers: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", embed::BUNDLE);
    let has = headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut response = match has {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => serve(page, headers),
    };
    let out = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        out.insert(ETAG, tag);
    }
    out.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    out.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    out.insert(REFERRER_POLICY, HeaderValue::from_static(referrer));
    response
}

/// A file of this build; one of another build is gone.
async fn file(Path((bundle, name)): Path<(String, String)>, headers: HeaderMap) -> Response {
    match embed::find(&name).filter(|_| bundle == embed::BUNDLE) {
        Some(asset) => {
            let mut response = serve(asset, &headers);
            let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
            response.headers_mut().insert(CACHE_CONTROL, forever);
            response
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn serve(asset: &Asset, headers: &HeaderMap) -> Response {
    let accepted = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let mut response = if accepted.into_iter().any(|value| value.contains("gzip")) {
        ([(CONTENT_ENCODING, "gzip")], asset.packed).into_response()
    } else {
        match asset.unpacked() {
            Ok(plain) => plain.into_response(),
            Err(_) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    };
    let out = response.headers_mut();
    out.insert(CONTENT_TYPE, HeaderValue::from_static(asset.kind()));
    out.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    out.insert(VARY, HeaderValue::from_static("accept-encoding"));
    response
}
