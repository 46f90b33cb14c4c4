//! The cookie of a browser's session, and what keeps other sites from using it.
//!
//! Over TLS it is `__Host-frontdesk`: no other host and no plaintext page can set or see it. Browsers take that name
//! over TLS only, so over plain HTTP, as in the demo on loopback, it is `frontdesk`, which a listener with TLS does not
//! look at.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue, Method};

use super::State;
use super::visitor::{foreign, is_foreign};
use crate::auth::secret::Cookie;
use crate::wire::problem::Problem;

const OVER_TLS: &str = "__Host-frontdesk";
const PLAIN: &str = "frontdesk";

/// The header in which pages of ours say what only they know.
pub const CSRF: &str = "x-csrf-token";

/// The session's cookie among those of a request.
pub fn cookie(state: &State, headers: &HeaderMap) -> Option<Cookie> {
    let values = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs: Vec<_> = values.flat_map(|value| value.split(';')).collect();
    let named = |wanted: &str| {
        pairs.iter().find_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            (name == wanted).then(|| Cookie::parse(value)).flatten()
        })
    };
    named(OVER_TLS).or_else(|| named(PLAIN).filter(|_| !state.tls))
}

/// Whether a request that a cookie speaks for is one of our own pages': reading needs nothing more, as no other
/// site can read the answer.
pub fn check(method: &Method, headers: &HeaderMap, cookie: &Cookie) -> Result<(), Problem> {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    if is_foreign(headers) {
        return Err(foreign());
    }
    let shown = headers.get(CSRF).map(HeaderValue::as_bytes).unwrap_or_default();
    if bool::from(subtle::ConstantTimeEq::ct_eq(shown, cookie.csrf_token().as_bytes())) {
        return Ok(());
    }
    let why =
        "send the header X-CSRF-Token with the csrf_token of the login or of GET /api/auth/me";
    Err(Problem::new(403, "Forbidden", why))
}

/// The header that gives a browser its cookie, until the browser is closed or for `seconds`.
pub fn give(cookie: &Cookie, tls: bool, seconds: Option<i64>) -> String {
    let age = seconds.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
    let (name, secure) = if tls { (OVER_TLS, "; Secure") } else { (PLAIN, "") };
    format!("{name}={}; Path=/; HttpOnly; SameSite=Strict{secure}{age}", cookie.text())
}

/// The headers that take it away again.
pub fn take() -> [String; 2] {
    let gone =
        |name, secure| format!("{name}=; Path=/; HttpOnly; SameSite=Strict{secure}; Max-Age=0");
    [gone(OVER_TLS, "; Secure"), gone(PLAIN, "")]
}
