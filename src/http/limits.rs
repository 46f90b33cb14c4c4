//! How often the API may be asked: by whom it is known, else by the address. Around the routes in two rings:
//! [`by_address`] before the token is looked at, [`by_caller`] behind it.
//!
//! Answers of a limited class say what is left (`RateLimit`, `RateLimit-Policy`, draft 10 of the IETF's httpapi
//! group). A flood of wrong tokens from an address is slowed down without holding up the right ones from there.

use std::net::IpAddr;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State as Shared};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::State;
use super::error::Failure;
use super::limiter::{self, Left, Limiter, WINDOW};
use super::refused::{self, By};
use super::server::Peer;
use crate::auth::Caller;
use crate::auth::policy::{self, Class};
use crate::config::{LimitsConfig, PublicConfig};
use crate::engine::command::Origin;
use crate::wire::problem::Problem;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit");

/// The buckets of all classes.
pub struct Limits {
    api: Limiter,
    doors: Limiter,
    public: Limiter,
    login: Limiter,
    refused: Limiter,
    /// Chats that are handed over, which make tickets.
    pub chats: Limiter,
}

impl Limits {
    pub fn new(limits: &LimitsConfig, public: &PublicConfig) -> Limits {
        Limits {
            api: Limiter::new(limits.api),
            doors: Limiter::new(limits.doors),
            public: Limiter::new(limits.public),
            login: Limiter::new(limits.login),
            refused: Limiter::new(limits.refused),
            chats: Limiter::new(public.requests_per_minute),
        }
    }

    /// Counts a connection that shows its token later; the refusal, if its address has begun too many.
    pub fn begins(&self, address: Option<IpAddr>) -> Option<Response> {
        take(self, Class::Public, limiter::place(address)).err().map(limited)
    }

    fn of(&self, class: Class) -> (&'static str, &Limiter) {
        match class {
            Class::Api => ("api", &self.api),
            Class::Doors => ("doors", &self.doors),
            Class::Public => ("public", &self.public),
            Class::Login => ("login", &self.login),
        }
    }
}

/// The outer ring: notes where a request comes from, and limits those who show no token.
pub async fn by_address(
    Shared(state): Shared<State>,
    route: MatchedPath,
    mut request: Request,
    next: Next,
) -> Response {
    let method = request.method().clone();
    let address = request.extensions().get::<Peer>().map(|peer| peer.0);
    let door = policy::door(method.as_str(), route.as_str());
    request.extensions_mut().insert(Origin { address, door });
    let key = limiter::place(address);
    let class = policy::class(method.as_str(), route.as_str());
    let anonymous = matches!(class, Some(Class::Public | Class::Login))
        || policy::is_signed(method.as_str(), route.as_str());
    let taken = match class.filter(|_| anonymous) {
        None => Ok(None),
        Some(class) => take(&state.limits, class, key),
    };
    let answer = match taken {
        Ok(told) => with(told, next.run(request).await),
        Err(told) => return limited(told),
    };
    refused::note(&state, (method.as_str(), route.as_str()), Origin { address, door }, &answer);
    if answer.status() == StatusCode::UNAUTHORIZED
        && let Err(seconds) = state.limits.refused.take(&[key], Instant::now())
    {
        return too_many("refused", seconds);
    }
    answer
}

/// The inner ring: limits each caller, and lets the outer one know who was refused.
pub async fn by_caller(
    Shared(state): Shared<State>,
    route: MatchedPath,
    request: Request,
    next: Next,
) -> Response {
    let Some(caller) = request.extensions().get::<Caller>() else { return next.run(request).await };
    let by = By(caller.who());
    let key = caller.key();
    let taken = match policy::class(request.method().as_str(), route.as_str()) {
        Some(class) => take(&state.limits, class, key),
        None => Ok(None),
    };
    let mut answer = match taken {
        Ok(told) => with(told, next.run(request).await),
        Err(told) => limited(told),
    };
    answer.extensions_mut().insert(by);
    answer
}

/// What is told of a class: its name, how often a minute, and what is left.
type Told = (&'static str, u32, Left);

/// An error says in how many seconds it would do.
fn take(limits: &Limits, class: Class, key: u64) -> Result<Option<Told>, Told> {
    let (name, limiter) = limits.of(class);
    let told = |left| (name, limiter.per_minute(), left);
    match limiter.take(&[key], Instant::now()) {
        Ok(left) => Ok(left.map(told)),
        Err(seconds) => Err(told(Left { times: 0, full_in: seconds })),
    }
}

fn limited(told: Told) -> Response {
    let (name, _, left) = told;
    with(Some(told), too_many(name, left.full_in))
}

fn too_many(class: &str, seconds: u32) -> Response {
    let why = format!("too many requests; try again in {seconds} s (limits.{class})");
    let mut problem = Problem::new(429, "Too Many Requests", why);
    problem.retry_after = Some(seconds);
    Failure::from(problem).into_response()
}

fn with(told: Option<Told>, mut answer: Response) -> Response {
    let Some((name, per_minute, left)) = told else { return answer };
    let window = WINDOW.as_secs();
    let fields = [
        (POLICY, format!("\"{name}\";q={per_minute};w={window}")),
        (REMAINING, format!("\"{name}\";r={};t={}", left.times, left.full_in)),
    ];
    for (field, value) in fields {
        if let Ok(value) = HeaderValue::from_str(&value) {
            answer.headers_mut().insert(field, value);
        }
    }
    answer
}
