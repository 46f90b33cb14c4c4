//! How often the API may be asked: by whom it is known, else by the address. Around the routes in two rings:
//! [`by_address`] before the token is looked at, [`by_caller`] behind it.
//!
//! Answers of a limited class say what is left (`RateLimit`, `RateLimit-Policy`, draft 10 of the IETF's httpapi
//! group). A flood of wrong tokens from an address is slowed down without holding up the right ones from there.

use std::net::IpAddr;
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
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

/// What came from an address, until its answer is told.
pub struct Arrival {
    method: Method,
    origin: Origin,
    key: u64,
    left: Option<Told>,
}

/// Notes where a request comes from, and limits those who show no token: their answer.
pub fn by_address(
    state: &State,
    route: &MatchedPath,
    request: &mut Request,
) -> Result<Arrival, Box<Response>> {
    let method = request.method().clone();
    let address = request.extensions().get::<Peer>().map(|peer| peer.0);
    let door = policy::door(method.as_str(), route.as_str());
    let origin = Origin { address, door };
    request.extensions_mut().insert(origin);
    let key = limiter::place(address);
    let class = policy::class(method.as_str(), route.as_str());
    let anonymous = matches!(class, Some(Class::Public | Class::Login))
        || policy::is_signed(method.as_str(), route.as_str());
    let taken = match class.filter(|_| anonymous) {
        None => Ok(None),
        Some(class) => take(&state.limits, class, key),
    };
    let left = taken.map_err(|told| Box::new(limited(told)))?;
    Ok(Arrival { method, origin, key, left })
}

impl Arrival {
    /// Tells what is left, notes who was refused, and slows down who is refused too often.
    pub fn told(self, state: &State, route: &MatchedPath, answer: Response) -> Response {
        let answer = with(self.left, answer);
        refused::note(state, (self.method.as_str(), route.as_str()), self.origin, &answer);
        if answer.status() == StatusCode::UNAUTHORIZED
            && let Err(seconds) = state.limits.refused.take(&[self.key], Instant::now())
        {
            return too_many("refused", seconds);
        }
        answer
    }
}

/// A caller, if one is known, until the answer is told.
pub struct Counted(Option<(By, Option<Told>)>);

/// Limits each caller: the answer of who asks too often.
pub fn by_caller(
    state: &State,
    route: &MatchedPath,
    request: &Request,
) -> Result<Counted, Box<Response>> {
    let Some(caller) = request.extensions().get::<Caller>() else { return Ok(Counted(None)) };
    let by = By(caller.who());
    let key = caller.key();
    let taken = match policy::class(request.method().as_str(), route.as_str()) {
        Some(class) => take(&state.limits, class, key),
        None => Ok(None),
    };
    match taken {
        Ok(left) => Ok(Counted(Some((by, left)))),
        Err(told) => Err(Box::new(Counted(Some((by, None))).told(limited(told)))),
    }
}

impl Counted {
    /// Tells what is left, and lets the outer ring know whose answer it is.
    pub fn told(self, answer: Response) -> Response {
        let Counted(Some((by, left))) = self else { return answer };
        let mut answer = with(left, answer);
        answer.extensions_mut().insert(by);
        answer
    }
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
