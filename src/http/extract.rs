//! What handlers take from a request: the caller, a JSON body, a query, a reference; each with its limit and
//! an error that names the field.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use serde::de::{DeserializeOwned, IgnoredAny};

use super::State;
use super::error::Failure;
use super::limiter;
use crate::auth;
use crate::domain::contact::Scope;
use crate::domain::reference::{MAX_REFERENCE, Reference};
use crate::engine;
use crate::engine::command::{Actor, Command, Idempotency, Origin, Submission};
use crate::wire::problem::Problem;

/// Who calls, and as whom they act.
pub struct Caller {
    pub token: auth::Caller,
    pub actor: Actor,
    pub origin: Origin,
}

impl Caller {
    /// Who was recognised, as they act here.
    pub fn of(state: &State, token: auth::Caller, origin: Origin) -> Caller {
        let role = token.acts_as();
        let sees_all = state.agents_see_all || role.sees_all() || token.has(Scope::Read);
        let actor = match token.agent {
            Some(id) => Actor::Agent { id, name: token.name.clone(), role, sees_all },
            None => Actor::Token { name: token.name.clone() },
        };
        Caller { token, actor, origin }
    }

    /// The agent whose view this is, when they may not see everything.
    pub fn visible_to(&self) -> Option<u64> {
        match self.actor {
            Actor::Agent { id, sees_all: false, .. } => Some(id),
            _ => None,
        }
    }

    /// A command of theirs that is bound to no `Idempotency-Key`.
    pub fn submission(&self, command: Command) -> Submission {
        Submission::new(self.actor.clone(), command).from(self.origin)
    }
}

impl FromRequestParts<State> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Caller, Failure> {
        let found = parts.extensions.get::<auth::Caller>().cloned();
        let token = found.ok_or_else(|| Problem::new(401, "Unauthorized", "a token is needed"))?;
        Ok(Caller::of(state, token, origin(parts)))
    }
}

/// A body of JSON, and the request's `Idempotency-Key`. An empty body reads as `{}`.
pub struct Input<T> {
    pub caller: Caller,
    pub value: T,
    idempotency: Option<Idempotency>,
}

impl<T> Input<T> {
    /// The command of this request, bound to its key.
    pub fn submission(&self, command: Command) -> Submission {
        self.caller.submission(command).keyed(self.idempotency)
    }

    /// Carries it out where nothing is to be told but that it is done: 204.
    pub async fn carry_out(&self, state: &State, command: Command) -> Result<StatusCode, Failure> {
        state.engine.submit(self.submission(command)).await?;
        Ok(StatusCode::NO_CONTENT)
    }
}

impl<T> Input<T> {
    /// One of several commands that this request comes to, each of which may come twice.
    pub fn step(&self, command: Command) -> Submission {
        self.caller.submission(command)
    }
}

impl<T: DeserializeOwned> FromRequest<State> for Input<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &State) -> Result<Input<T>, Failure> {
        let (mut parts, body) = request.into_parts();
        let caller = Caller::from_request_parts(&mut parts, state).await?;
        let bytes = read_json(&parts, body, state).await?;
        let idempotency = idempotency(&parts, caller.token.key(), &bytes)?;
        let value = parse(if bytes.is_empty() { b"{}" } else { &bytes })?;
        Ok(Input { caller, value, idempotency })
    }
}

/// A body of JSON from a visitor. What such a request does is idempotent by its own ids, or by its `Idempotency-Key`.
pub struct OpenInput<T> {
    pub value: T,
    pub origin: Origin,
    /// Of any visitor: the same key with the same body is the same request.
    pub idempotency: Option<Idempotency>,
}

impl<T> OpenInput<T> {
    pub fn limits(&self, named: &str) -> [u64; 2] {
        [limiter::place(self.origin.address), xxhash_rust::xxh3::xxh3_64(named.as_bytes())]
    }
}

impl<T: DeserializeOwned> FromRequest<State> for OpenInput<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &State) -> Result<OpenInput<T>, Failure> {
        let (parts, body) = request.into_parts();
        let bytes = read_json(&parts, body, state).await?;
        let idempotency = idempotency(&parts, 0, &bytes)?;
        let value = parse(if bytes.is_empty() { b"{}" } else { &bytes })?;
        Ok(OpenInput { value, origin: origin(&parts), idempotency })
    }
}

/// Where a request comes from, as [`super::limits`] noted it.
fn origin(parts: &Parts) -> Origin {
    parts.extensions.get::<Origin>().copied().unwrap_or_default()
}

async fn read_json(parts: &Parts, body: Body, state: &State) -> Result<Bytes, Failure> {
    check_media_type(parts)?;
    let read = to_bytes(body, state.max_body).await;
    read.map_err(|error| Problem::unread_body(&error, state.max_body).into())
}

fn check_media_type(parts: &Parts) -> Result<(), Failure> {
    let Some(kind) = parts.headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let kind = kind.to_str().unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") || essence.ends_with("+json") {
        return Ok(());
    }
    let why = format!("the body must be application/json, not {essence}");
    Err(Problem::new(415, "Unsupported Media Type", why).into())
}

/// Reads JSON; an error names the field by its path.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    // serde would fill a struct's fields from an array, by position.
    if matches!(bytes.trim_ascii_start().first(), Some(b'[')) {
        return Err(Problem::bad_request("the body must be a JSON object, not an array").into());
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|e| {
        let path = e.path().to_string();
        let inner = e.into_inner();
        let text = inner.to_string();
        // The path of what is missing ends at its parent.
        let missing = text.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
        match (missing, path.as_str()) {
            (Some(name), ".") => Failure::from(Problem::field(name, "is required")),
            (Some(name), parent) => {
                Problem::field(format!("{parent}.{name}"), "is required").into()
            }
            (None, path) if inner.is_data() && path != "." => Problem::field(path, text).into(),
            // Where one of some words is expected, serde_json calls anything else no JSON.
            (None, path) if path != "." && serde_json::from_slice::<IgnoredAny>(bytes).is_ok() => {
                Problem::field(path, "is of another kind than is expected here").into()
            }
            _ => Problem::bad_request(format!("the body is not the JSON expected here: {text}"))
                .into(),
        }
    })?;
    deserializer
        .end()
        .map_err(|e| Problem::bad_request(format!("the body goes on behind its JSON: {e}")))?;
    Ok(value)
}

fn idempotency(parts: &Parts, caller: u64, body: &Bytes) -> Result<Option<Idempotency>, Failure> {
    let Some(key) = parts.headers.get("idempotency-key") else { return Ok(None) };
    let target = parts.uri.path_and_query().map_or("", |p| p.as_str());
    let request = [parts.method.as_str().as_bytes(), target.as_bytes(), body];
    let bound = Idempotency::new(caller, key.as_bytes(), &request);
    Ok(Some(bound.map_err(engine::Error::from)?))
}

/// A query string; parameters that nobody knows are passed over.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<State> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Query<T>, Failure> {
        axum::extract::Query::<T>::try_from_uri(&parts.uri)
            .map(|q| Query(q.0))
            .map_err(|e| Problem::bad_request(format!("query: {}", e.body_text())).into())
    }
}

/// A row named in the path by its number.
pub struct Id(pub u64);

impl FromRequestParts<State> for Id {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Id, Failure> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|e| Problem::bad_request(format!("path: {}", e.body_text())))?;
        let id = text.parse().ok().filter(|id| i64::try_from(*id).is_ok());
        Ok(Id(id.ok_or_else(|| Problem::field("id", "must be a whole number"))?))
    }
}

/// A ticket named in the path, by any of its names.
pub struct Named(pub Reference);

impl FromRequestParts<State> for Named {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Named, Failure> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|e| Problem::bad_request(format!("path: {}", e.body_text())))?;
        Ok(Named(named(&text)?))
    }
}

/// A ticket's name, of whatever kind.
pub fn named(text: &str) -> Result<Reference, Failure> {
    named_as("id", text)
}

/// The same, where a field of the body names it.
pub fn named_as(field: &str, text: &str) -> Result<Reference, Failure> {
    Reference::parse(text).ok_or_else(|| {
        let known = "a number (1001 or #1001), a UUID or a code such as GXS-20251128-A1B2C3D4";
        Problem::field(field, format!("must be {known}, at most {MAX_REFERENCE} bytes")).into()
    })
}

/// How many rows a list gives: absent is the default, more than the maximum is an error (DESIGN C6).
pub fn limit(text: Option<&str>, default: usize) -> Result<usize, Failure> {
    const MAX: usize = 100;
    match number("limit", text, default)? {
        0 => Err(Problem::field("limit", "at least 1").into()),
        n if n > MAX => Err(Problem::field("limit", format!("at most {MAX}")).into()),
        n => Ok(n),
    }
}

/// A whole number from 0 to 2,147,483,647: enough for any page, and what every client can hold.
pub fn number(field: &str, text: Option<&str>, default: usize) -> Result<usize, Failure> {
    let Some(text) = text else { return Ok(default) };
    let number = text.parse::<u32>().ok().filter(|n| *n <= i32::MAX as u32);
    let number =
        number.ok_or_else(|| Problem::field(field, "must be a whole number, 0 to 2147483647"))?;
    Ok(number as usize)
}

/// The number of an event of the feed.
pub fn sequence(field: &str, text: Option<&str>) -> Result<u64, Failure> {
    let Some(text) = text else { return Ok(0) };
    let number = text.parse::<i64>().ok().and_then(|n| u64::try_from(n).ok());
    number.ok_or_else(|| Problem::field(field, "must be a whole number, 0 or more").into())
}
