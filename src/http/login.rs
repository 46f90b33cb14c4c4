//! Logging in and out. A wrong address and a wrong password answer alike and take equally long.

use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::extract::State as Shared;
use axum::http::header::{CACHE_CONTROL, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::State;
use super::calls::unexpected;
use super::cookies;
use super::error::Failure;
use super::extract::{Caller, Input, OpenInput};
use super::person::{Person, PersonView};
use super::queue::Nothing;
use super::visitor::Visitor;
use crate::auth::password::Busy;
use crate::auth::secret::{Cookie, Refresh, draw};
use crate::auth::{Lives, jwt};
use crate::describe::{self, ToSchema};
use crate::domain::agent::Agent;
use crate::domain::email::folded;
use crate::domain::session::{Account, Proof, Session};
use crate::domain::time::Micros;
use crate::engine::account::{AccountCommand, Ending, NewSession};
use crate::engine::command::{Actor, Command, Refusal, Reply};
use crate::engine::rows::key;
use crate::engine::{self};
use crate::wire::problem::Problem;

#[derive(Deserialize, ToSchema)]
pub struct Login {
    #[schema(example = "dewi@example.com")]
    email: String,
    password: String,
    /// The code of the authenticator app, or a recovery code, if the person has a second factor.
    totp: Option<String>,
    /// Stay logged in longer (`auth.remembered_life`).
    #[serde(default)]
    remember: bool,
    /// For browsers: the session is a cookie, and no token is in the answer.
    #[serde(default)]
    cookie: bool,
}

/// What one can go on with: tokens, or, for a browser, a cookie beside `csrf_token`.
#[derive(Serialize, ToSchema)]
pub struct LoggedIn {
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<String>,
    #[schema(value_type = Option<String>, example = "Bearer")]
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    /// Seconds that the access token lasts
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<i64>,
    /// Good once, for the next access token
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    /// To be sent as `X-CSRF-Token` with every request that changes something
    #[serde(skip_serializing_if = "Option::is_none")]
    csrf_token: Option<String>,
    agent: PersonView,
}

/// How a session shall be.
#[derive(Clone, Copy)]
pub struct Wish {
    pub cookie: bool,
    pub remember: bool,
}

/// Logs a person in (S3.1). 401 with `totp_required` asks for the code of the second factor; 429 says how long to wait
/// after failures.
#[describe::path(post, path = "/api/auth/login", tag = "people", security(()), request_body = Login,
    responses((status = 200, body = LoggedIn)))]
pub async fn login(
    Shared(state): Shared<State>,
    visitor: Visitor,
    OpenInput { value, .. }: OpenInput<Login>,
) -> Result<Response, Failure> {
    if value.cookie {
        visitor.must_be_ours()?;
    }
    let email = folded(&value.email);
    let agent = state.engine.shared().people().by_email(&email);
    let agent = agent.filter(|agent| agent.disabled_at.is_none());
    let keys = visitor.keys(&email);
    let checked = check(&state, keys, agent.as_deref(), &value.password).await?;
    let Some(agent) = agent else { return Err(wrong().into()) };
    let wish = Wish { cookie: value.cookie, remember: value.remember };
    let asked = value.totp.is_none();
    let begun = begin(&state, &visitor, &agent, checked, value.totp, wish).await;
    match &begun {
        Ok(_) => state.auth.failures.succeed(keys),
        Err(engine::Error::Refused(Refusal::Unauthorized { wants_code: true, .. })) if asked => {
            state.auth.failures.undo(keys);
            return begun.map_err(|error| Failure::from(error).expected());
        }
        Err(_) => {}
    }
    Ok(begun?)
}

fn wrong() -> Problem {
    Problem::new(401, "Unauthorized", "the e-mail address or the password is wrong")
}

pub fn busy(_: Busy) -> Failure {
    let mut problem = Problem::new(503, "Service Unavailable", Busy.to_string());
    problem.retry_after = Some(1);
    problem.into()
}

/// Checks somebody's password; gives the hash that it was checked against. It counts as a failure until
/// [`Backoff`](crate::auth::backoff::Backoff) is told otherwise.
pub async fn check(
    state: &State,
    keys: [u64; 2],
    agent: Option<&Agent>,
    password: &str,
) -> Result<String, Failure> {
    let auth = &state.auth;
    if let Err(wait) = auth.failures.begin(keys, Instant::now()) {
        let seconds = u32::try_from(wait.as_secs_f64().ceil() as u64).unwrap_or(u32::MAX).max(1);
        let why = format!("too many failed attempts; try again in {seconds} seconds");
        let mut problem = Problem::new(429, "Too Many Requests", why);
        problem.retry_after = Some(seconds);
        return Err(problem.into());
    }
    let phc = match agent {
        Some(agent) => state.engine.read(|rows| rows.get::<Account>(&key::number(agent.id)))?,
        None => None,
    };
    let phc = phc.and_then(|account| account.password);
    match auth.passwords.verify(password, phc.as_deref()).await {
        Ok(true) => phc.ok_or_else(|| wrong().into()),
        Ok(false) => Err(wrong().into()),
        Err(full) => {
            auth.failures.undo(keys);
            Err(busy(full))
        }
    }
}

/// Begins a session of somebody whose password was checked.
pub async fn begin(
    state: &State,
    visitor: &Visitor,
    agent: &Agent,
    checked: String,
    code: Option<String>,
    wish: Wish,
) -> Result<Response, engine::Error> {
    let Lives { life, idle, remembered } = state.auth.lives;
    let (life, idle) = if wish.remember { (remembered, remembered) } else { (life, idle) };
    let no_bits = |e| engine::Error::Unavailable(format!("no random bytes: {e}"));
    let secret = draw().map_err(no_bits)?;
    let mut family = [0; 16];
    family.copy_from_slice(&draw().map_err(no_bits)?[..16]);
    let refresh = |session| Refresh { session, family, current: secret };
    let proof = if wish.cookie { Cookie::proof(&secret) } else { refresh(0).proof() };
    let (address, client) = (visitor.address, visitor.client.clone());
    let new = NewSession { agent: agent.id, checked, code, proof, life, idle, address, client };
    let actor = actor(agent);
    let command = Command::Account(AccountCommand::BeginSession(new));
    let session = match state.engine.submit(visitor.submission(actor, command)).await? {
        Reply::Session(session) => session,
        _ => return Err(engine::Error::Panicked),
    };
    if !wish.cookie {
        return Ok(tokens(state, agent, &session, &refresh(session.id)));
    }
    let cookie = Cookie { session: session.id, secret };
    let age = wish.remember.then_some(life / Micros::SECOND);
    let give = cookies::give(&cookie, state.tls || visitor.by_tls, age);
    let answer = LoggedIn {
        access_token: None,
        token_type: None,
        expires_in: None,
        refresh_token: None,
        csrf_token: Some(cookie.csrf_token()),
        agent: PersonView::of(state, agent),
    };
    Ok(([(SET_COOKIE, give)], NOT_KEPT, Json(answer)).into_response())
}

/// What holds secrets is kept by nobody on the way.
const NOT_KEPT: [(axum::http::HeaderName, HeaderValue); 1] =
    [(CACHE_CONTROL, HeaderValue::from_static("no-store"))];

fn tokens(state: &State, agent: &Agent, session: &Session, refresh: &Refresh) -> Response {
    let shared = state.engine.shared();
    let now = (shared.now(), shared.steady());
    let life = state.auth.access_life;
    if state.auth.signing.is_due(now.1) {
        let auth = Arc::clone(&state.auth);
        tokio::task::spawn_blocking(move || auth.rotate(now.1));
    }
    let answer = LoggedIn {
        access_token: jwt::issue(&state.auth.signing, (agent.id, session.id), life, now),
        token_type: Some("Bearer"),
        expires_in: Some(life / Micros::SECOND),
        refresh_token: Some(refresh.text()),
        csrf_token: None,
        agent: PersonView::of(state, agent),
    };
    (NOT_KEPT, Json(answer)).into_response()
}

/// A person about their own account.
pub fn actor(agent: &Agent) -> Actor {
    let Agent { id, name, role, .. } = agent.clone();
    Actor::Agent { id, name, role, sees_all: role.sees_all() }
}

#[derive(Deserialize, ToSchema)]
pub struct RefreshBody {
    refresh_token: String,
}

/// The next access token, and the next refresh token: each is good once, and one that comes a second time ends the
/// session, as somebody else may have it.
#[describe::path(post, path = "/api/auth/refresh", tag = "people", security(()), request_body = RefreshBody,
    responses((status = 200, body = LoggedIn)))]
pub async fn refresh(
    Shared(state): Shared<State>,
    visitor: Visitor,
    OpenInput { value, .. }: OpenInput<RefreshBody>,
) -> Result<Response, Failure> {
    let unknown = || {
        let why =
            "this refresh token is unknown, was used before, or its session has ended: log in";
        Failure::from(Problem::new(401, "Unauthorized", why))
    };
    let shown = Refresh::parse(&value.refresh_token).ok_or_else(unknown)?;
    let (agent, live) = state.engine.shared().person(shown.session).ok_or_else(unknown)?;
    let family = shown.family_hash();
    // Somebody who only guesses numbers of sessions does not count as use, and ends nothing.
    if !matches!(&live.session.proof, Proof::Refresh { family: of, .. } if *of == family) {
        return Err(unknown());
    }
    let no_bits = |e| Failure::from(engine::Error::Unavailable(format!("no random bytes: {e}")));
    let next = Refresh { current: draw().map_err(no_bits)?, ..shown };
    let command = Command::Account(AccountCommand::Refresh {
        session: shown.session,
        agent: agent.id,
        family,
        current: shown.current_hash(),
        next: next.current_hash(),
    });
    let submission = visitor.submission(actor(&agent), command);
    match state.engine.submit(submission).await? {
        Reply::Session(session) => Ok(tokens(&state, &agent, &session, &next)),
        Reply::Done => Err(unknown()),
        other => Err(unexpected(&other)),
    }
}

/// Ends the session, and with it all its tokens and open connections.
#[describe::path(post, path = "/api/auth/logout", tag = "people", responses((status = 204)))]
pub async fn logout(
    Shared(state): Shared<State>,
    person: Person,
    input: Input<Nothing>,
) -> Result<Response, Failure> {
    let which = Ending::One(person.session);
    let ends = AccountCommand::EndSessions { agent: person.agent.id, which };
    state.engine.submit(input.submission(Command::Account(ends))).await?;
    let gone = AppendHeaders(cookies::take().map(|value| (SET_COOKIE, value)));
    Ok((StatusCode::NO_CONTENT, gone).into_response())
}

#[derive(Serialize, ToSchema)]
pub struct Me {
    /// The person, or the agent that the token acts as; none if it acts as nobody
    agent: Option<PersonView>,
    /// The session's number; none of a token
    session: Option<u64>,
    /// What a token may do; empty for a person
    scopes: Vec<&'static str>,
    /// To be sent as `X-CSRF-Token`, if a cookie speaks for the caller
    #[serde(skip_serializing_if = "Option::is_none")]
    csrf_token: Option<String>,
}

/// Who calls.
#[describe::path(get, path = "/api/auth/me", tag = "people", responses((status = 200, body = Me)))]
pub async fn me(
    Shared(state): Shared<State>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let session = caller.session();
    let cookie = cookies::cookie(&state, &headers).filter(|c| Some(c.session) == session);
    let agent = caller.token.agent.and_then(|id| state.engine.shared().people().agent(id));
    let me = Me {
        agent: agent.map(|agent| PersonView::of(&state, &agent)),
        session,
        scopes: caller.token.scopes.iter().map(|scope| scope.as_str()).collect(),
        csrf_token: cookie.map(|cookie| cookie.csrf_token()),
    };
    Ok((NOT_KEPT, Json(me)).into_response())
}
