//! Where a request comes from, for those who have not shown who they are, or do so now.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN, USER_AGENT};
use axum::http::request::Parts;

use super::error::Failure;
use super::limiter::place;
use super::server::Peer;
use crate::domain::session::MAX_CLIENT;
use crate::engine::command::{Actor, Command, Origin, Submission};
use crate::wire::problem::Problem;

pub struct Visitor {
    pub address: Option<IpAddr>,
    origin: Origin,
    /// The client as it calls itself.
    pub client: Option<String>,
    /// Whether a browser says that a page of another site asked.
    foreign: bool,
    /// Whether a browser says that it came by TLS, as it may have to a proxy.
    pub by_tls: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Visitor, Infallible> {
        let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let client = text(USER_AGENT).map(|client| client.chars().take(MAX_CLIENT).collect());
        Ok(Visitor {
            address: parts.extensions.get::<Peer>().map(|peer| peer.0),
            origin: parts.extensions.get::<Origin>().copied().unwrap_or_default(),
            client,
            foreign: is_foreign(&parts.headers),
            by_tls: text(ORIGIN).is_some_and(|origin| origin.starts_with("https://")),
        })
    }
}

impl Visitor {
    /// By what failed attempts are counted: where they come from, and whom they name.
    pub fn keys(&self, account: &str) -> [u64; 2] {
        [place(self.address), xxhash_rust::xxh3::xxh3_64(account.as_bytes())]
    }

    pub fn submission(&self, actor: Actor, command: Command) -> Submission {
        Submission::new(actor, command).from(self.origin)
    }

    /// Another site's page must not log somebody in either: they would work in an account of its choice.
    pub fn must_be_ours(&self) -> Result<(), Failure> {
        if self.foreign { Err(foreign().into()) } else { Ok(()) }
    }
}

/// Whether the browser says that a page of another site asked. Clients that are no browsers say nothing.
pub fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    if text("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return true;
    }
    let host = text(HOST.as_str()).unwrap_or_default();
    let origin = text(ORIGIN.as_str());
    origin.is_some_and(|origin| {
        let named = origin.split_once("://").map(|(_, host)| host);
        named.is_none_or(|named| !named.eq_ignore_ascii_case(host))
    })
}

pub fn foreign() -> Problem {
    let why = "a page of another site asked for this; only pages of this address may";
    Problem::new(403, "Forbidden", why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(all: &[(&'static str, &str)]) -> HeaderMap {
        all.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn what_another_site_asks_for_is_told_from_our_own_pages() {
        let host = ("host", "desk.local:8443");
        for ours in [
            &[host][..],
            &[host, ("origin", "https://desk.local:8443")],
            &[host, ("origin", "https://Desk.local:8443"), ("sec-fetch-site", "same-origin")],
            &[host, ("sec-fetch-site", "none")],
        ] {
            assert!(!is_foreign(&headers(ours)), "{ours:?}");
        }
        for foreign in [
            &[host, ("origin", "https://evil.example")][..],
            &[host, ("origin", "https://desk.local")],
            &[host, ("origin", "null")],
            &[host, ("sec-fetch-site", "cross-site")],
            &[host, ("sec-fetch-site", "same-site")],
        ] {
            assert!(is_foreign(&headers(foreign)), "{foreign:?}");
        }
    }
}
