//! The one place where a route asks for its token.

use axum::extract::{MatchedPath, Request};
use axum::http::header::{ALLOW, AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};

use super::State;
use super::cookies;
use super::error::Failure;
use super::live::socket::TOKEN_PROTOCOL;
use super::refused::By;
use super::visitor::is_foreign;
use crate::auth::policy::{self, Access};
use crate::auth::secret::Cookie;
use crate::auth::{Caller, Knock, jwt, token};
use crate::domain::agent::Agent;
use crate::domain::session::Credential;
use crate::engine::people::Live;
use crate::wire::problem::Problem;

/// Lets a request through to its route when its token may, and tells the handler who calls.
pub fn require(
    state: &State,
    route: &MatchedPath,
    request: &mut Request,
) -> Result<(), Box<Response>> {
    let (method, known) = (request.method().as_str(), policy::methods(route.as_str()));
    let takes = |asked: &str| known.contains(&asked) || asked == "HEAD" && known.contains(&"GET");
    if !known.is_empty() && !takes(method) {
        let takes = known.join(", ");
        let why = format!("this address takes {takes}, not {method}");
        let mut refused =
            Failure::from(Problem::new(405, "Method Not Allowed", why)).into_response();
        if let Ok(takes) = HeaderValue::from_str(&takes) {
            refused.headers_mut().insert(ALLOW, takes);
        }
        return Err(Box::new(refused));
    }
    let access = policy::access(method, route.as_str());
    let caller = match access {
        Access::Open => return Ok(()),
        Access::Needs { .. } | Access::Person => recognise(state, request),
        Access::Live => match at_socket(state, request) {
            None => return Ok(()),
            Some(found) => found,
        },
        Access::Door => at_door(state, request).unwrap_or_else(|| Err(no_token())),
        Access::SignedDoor => {
            let knock = knock(state, access, request);
            request.extensions_mut().insert(knock);
            return Ok(());
        }
    };
    let who = caller.as_ref().ok().map(Caller::who);
    match caller.and_then(|caller| permitted(access, caller)) {
        Ok(caller) => request.extensions_mut().insert(caller),
        Err(problem) => {
            let mut refused = Failure::from(problem).into_response();
            if let Some(who) = who {
                refused.extensions_mut().insert(By(who));
            }
            return Err(Box::new(refused));
        }
    };
    Ok(())
}

fn permitted(access: Access, caller: Caller) -> Result<Caller, Problem> {
    if access.allows(&caller) {
        return Ok(caller);
    }
    let has: Vec<_> = caller.scopes.iter().map(|s| s.as_str()).collect();
    let is = match caller.role {
        Some(role) => format!("your role is {}", role.as_str()),
        None => format!("your token has {}", has.join(", ")),
    };
    Err(Problem::new(403, "Forbidden", format!("this needs {}; {is}", access.wanted())))
}

fn knock(state: &State, access: Access, request: &Request) -> Knock {
    match at_door(state, request).map(|found| found.and_then(|caller| permitted(access, caller))) {
        None => Knock::NoToken,
        Some(Ok(caller)) => Knock::Known(caller),
        Some(Err(problem)) => Knock::Refused(problem.detail),
    }
}

/// Before the key among the subprotocols of a WebSocket, where browsers can send no header: so the clients of
/// the realtime services do it.
const KEY_PROTOCOL: &str = "openai-insecure-api-key.";

/// The caller by whatever token comes first: the bearer's, the address's, the configured header's, a
/// subprotocol's. None if there is none; an `Authorization` of another kind is the vendor's own.
fn at_door(state: &State, request: &Request) -> Option<Result<Caller, Problem>> {
    let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let query = request.uri().query().unwrap_or_default().split('&');
    let in_address = query.filter_map(|pair| pair.strip_prefix("token=")).next();
    let token = text(AUTHORIZATION.as_str()).and_then(token::bearer);
    let protocols = text(SEC_WEBSOCKET_PROTOCOL.as_str()).unwrap_or_default().split(',');
    let protocol = protocols.filter_map(|name| name.trim().strip_prefix(KEY_PROTOCOL)).next();
    let token = token.or(in_address).or_else(|| text(&state.door_header)).or(protocol)?;
    Some(known(state, token))
}

/// The caller of a WebSocket by what came with its handshake; none if nothing did, and a token may still follow. The
/// cookie of a browser counts on our own pages alone.
fn at_socket(state: &State, request: &Request) -> Option<Result<Caller, Problem>> {
    let headers = request.headers();
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if headers.contains_key(AUTHORIZATION) {
        return Some(recognise(state, request));
    }
    let protocols = text(SEC_WEBSOCKET_PROTOCOL.as_str()).unwrap_or_default().split(',');
    let token = protocols.filter_map(|name| name.trim().strip_prefix(TOKEN_PROTOCOL)).next();
    if let Some(token) = token {
        return Some(known(state, token));
    }
    let own = !is_foreign(headers) && cookies::cookie(state, headers).is_some();
    own.then(|| by_cookie(state, request))
}

/// The caller of a connection by the cookie of one of our own pages, as its handshake showed it; who may read.
pub fn by_handshake(state: &State, headers: &HeaderMap) -> Result<Caller, Problem> {
    let cookie = cookies::cookie(state, headers).filter(|_| !is_foreign(headers));
    let caller = held_by(state, &cookie.ok_or_else(no_token)?)?;
    permitted(policy::READ, caller)
}

/// The caller of a live connection by a token that came in a message; who may read.
pub fn by_token(state: &State, token: &str) -> Result<Caller, Problem> {
    permitted(policy::READ, known(state, token)?)
}

/// The caller of a request, by its `Authorization: Bearer` header, or by a browser's cookie.
pub fn recognise(state: &State, request: &Request) -> Result<Caller, Problem> {
    let Some(header) = request.headers().get(AUTHORIZATION) else {
        return by_cookie(state, request);
    };
    let token =
        header.to_str().ok().and_then(token::bearer).ok_or_else(|| {
            unauthorized("the Authorization header must read `Bearer` and a token")
        })?;
    known(state, token)
}

fn known(state: &State, token: &str) -> Result<Caller, Problem> {
    let shared = state.engine.shared();
    let found = if jwt::is_one(token) {
        let session = jwt::session(&state.auth.signing, token, shared.steady());
        session
            .and_then(|session| shared.person(session))
            .map(|(agent, live)| person(&agent, &live))
    } else {
        shared.token(&token::hash(token)).map(|t| Caller::from(t.as_ref()))
    };
    found.ok_or_else(|| unauthorized("this token is unknown, has run out or was revoked"))
}

fn by_cookie(state: &State, request: &Request) -> Result<Caller, Problem> {
    let cookie = cookies::cookie(state, request.headers()).ok_or_else(no_token)?;
    let caller = held_by(state, &cookie)?;
    cookies::check(request.method(), request.headers(), &cookie)?;
    Ok(caller)
}

fn held_by(state: &State, cookie: &Cookie) -> Result<Caller, Problem> {
    let found = state.engine.shared().person(cookie.session);
    let (agent, live) = found
        .filter(|(_, live)| cookie.is(&live.session.proof))
        .ok_or_else(|| unauthorized("this session has ended: log in"))?;
    Ok(person(&agent, &live))
}

fn person(agent: &Agent, live: &Live) -> Caller {
    Caller {
        credential: Credential::Session(live.session.id),
        name: agent.name.clone(),
        scopes: Vec::new(),
        role: Some(agent.role),
        agent: Some(agent.id),
    }
}

fn no_token() -> Problem {
    unauthorized("log in, or send a token as `Authorization: Bearer …`")
}

fn unauthorized(why: &str) -> Problem {
    Problem::new(401, "Unauthorized", why)
}
