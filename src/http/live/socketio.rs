//! Live events as Socket.IO v4, for dashboards that speak it (S2.24, S2.25): by WebSocket and by long polling.
//!
//! A socket enters with a token in `auth.token`, in the address or in a header, or with the cookie of one of our own
//! pages; without one it is refused and hears nothing. Behind that is the same stream as everywhere, so the same rights
//! are looked at in each event, and it ends with the session. Each event comes in both spellings, `ticket:created` and
//! `ticket_created`. An agent is in their own room from the start; `agent_authenticate` is answered as dashboards
//! expect it and gives nobody else's rights.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Request, State as Shared};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{MethodRouter, any_service};
use serde::Deserialize;
use serde_json::{Value, json};
use socketioxide::extract::{SocketRef, TryData};
use socketioxide::handler::ConnectHandler;
use socketioxide::{SendError, SocketError, SocketIo};
use tokio::time::sleep;

use super::board;
use super::places::Place;
use super::stream::{Position, Stream, Told, What};
use super::wanted::Wanted;
use crate::auth::token;
use crate::engine::command::Origin;
use crate::http::State;
use crate::http::auth::{by_handshake, by_token};
use crate::http::extract::Caller;
use crate::wire::problem::Problem;

/// How long a client may take to enter once it is connected.
const TO_ENTER: Duration = Duration::from_secs(10);
/// Packets that may wait for one client, and bytes that it may send at once.
const WAITING: usize = 256;
const MAX_PAYLOAD: u64 = 64 << 10;
/// How often it is looked whether a client that does not read has taken something.
const LOOK: Duration = Duration::from_millis(50);

#[derive(Default, Deserialize)]
struct Auth {
    token: Option<String>,
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Refused(String);

/// Who was let in, until their stream begins.
#[derive(Clone)]
struct Admitted(Arc<Mutex<Option<Guest>>>);

type Guest = (Caller, Arc<Place>);

/// What answers at `/socket.io/`.
pub fn service(state: &State) -> MethodRouter<State> {
    // A poll is answered by the next ping at the latest, which must be before any answer takes too long.
    let ping = Duration::from_secs(25).min(state.live.patience / 2);
    let (service, io) = SocketIo::builder()
        .req_path("/socket.io")
        .ping_interval(ping)
        .connect_timeout(TO_ENTER)
        .max_buffer_size(WAITING)
        .max_payload(MAX_PAYLOAD)
        .ws_max_message_size(MAX_PAYLOAD as usize)
        .ws_max_frame_size(MAX_PAYLOAD as usize)
        .ws_read_buffer_size(4 << 10)
        .build_svc();
    let (door, room) = (state.clone(), state.clone());
    let admit = move |socket: SocketRef, TryData(auth): TryData<Auth>| {
        let admitted = admit(&door, socket.req_parts(), auth.unwrap_or_default());
        async move {
            let admitted = admitted.map_err(|problem| Refused(problem.detail))?;
            socket.extensions.insert(Admitted(Arc::new(Mutex::new(Some(admitted)))));
            Ok::<(), Refused>(())
        }
    };
    let enter = move |socket: SocketRef| {
        let room = room.clone();
        async move { enter(room, socket).await }
    };
    io.ns("/", enter.with(admit));
    any_service(service).layer(from_fn_with_state(state.clone(), handshakes))
}

/// Limits how often an address may begin: what goes on belongs to a socket that has a place.
async fn handshakes(Shared(state): Shared<State>, request: Request, next: Next) -> Response {
    let begins = request.uri().query().is_none_or(|query| !query.contains("sid="));
    let address = request.extensions().get::<Origin>().and_then(|origin| origin.address);
    match begins.then(|| state.limits.begins(address)).flatten() {
        Some(refused) => refused,
        None => next.run(request).await,
    }
}

fn admit(state: &State, parts: &Parts, auth: Auth) -> Result<Guest, Problem> {
    let query = parts.uri.query().unwrap_or_default().split('&');
    let in_address = query.filter_map(|pair| pair.strip_prefix("token=")).next();
    let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let shown = auth.token.as_deref().map(|text| token::bearer(text).unwrap_or(text));
    let shown = shown.or(in_address).or_else(|| header.and_then(token::bearer));
    let known = match shown {
        Some(token) => by_token(state, token)?,
        None => by_handshake(state, &parts.headers)?,
    };
    let origin = parts.extensions.get::<Origin>().copied().unwrap_or_default();
    let caller = Caller::of(state, known, origin);
    let place = state.live.place(&caller).map_err(|failure| failure.into_problem())?;
    Ok((caller, place))
}

/// Tells one socket what happens, until it or its session ends.
async fn enter(state: State, socket: SocketRef) {
    let Some(Admitted(admitted)) = socket.extensions.remove::<Admitted>() else { return };
    let admitted = admitted.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some((caller, place)) = admitted else { return };
    let agent = caller.token.agent;
    let me = json!({ "agentId": agent, "name": caller.token.name });
    socket.on(
        "agent_authenticate",
        move |socket: SocketRef, TryData(_): TryData<Value>| async move {
            // Who it is was settled when it entered, whatever id is named here.
            let _ = socket.emit("agent_authenticated", &me);
        },
    );
    let newest = state.engine.shared().published();
    let position = Position { after: newest, missed: false };
    let wanted = Wanted { transcripts: true, ..Wanted::default() };
    let mut stream = Stream::new(state, caller, wanted, position, place);
    let (gone, mut left) = tokio::sync::watch::channel(false);
    socket.on_disconnect(async move || {
        let _ = gone.send(true);
    });
    loop {
        let told = tokio::select! {
            told = stream.next() => told,
            _ = left.wait_for(|left| *left) => return,
        };
        let Some(told) = told else { break };
        for told in &told {
            for (name, value) in packets(&stream, told) {
                if !emit(&stream, &socket, name, &value).await {
                    let _ = socket.disconnect();
                    return;
                }
            }
        }
    }
    let _ = socket.disconnect();
}

/// Whether it goes out; a client that does not read is waited for as long as it is there and its session lasts.
async fn emit(stream: &Stream, socket: &SocketRef, name: &str, value: &Value) -> bool {
    let standing = stream.caller.token.standing();
    loop {
        match socket.emit(name, value) {
            Ok(()) => return true,
            Err(SendError::Socket(SocketError::InternalChannelFull)) => sleep(LOOK).await,
            Err(_) => return false,
        }
        let stopping = *stream.state.live.stopping.borrow();
        if stopping || !socket.connected() || !stream.state.engine.shared().holds(standing) {
            return false;
        }
    }
}

fn packets(stream: &Stream, told: &Told) -> Vec<(&'static str, Value)> {
    let parsed = || stream.json(told).and_then(|json| serde_json::from_str(&json).ok());
    match &told.what {
        What::Hello => vec![("ready", json!({ "seq": told.seq }))],
        What::Resync => vec![("resync", json!({ "seq": told.seq }))],
        What::Silence => Vec::new(),
        What::Event(event) => board::packets(event, parsed),
        What::Left(event) => board::left(event),
        What::Moment(_) => {
            let Some(value) = parsed() else { return Vec::new() };
            let name = if value["event"] == "call.line" { "call_line" } else { "ticket_viewing" };
            vec![(name, value)]
        }
    }
}
