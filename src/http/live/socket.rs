//! Live events as a WebSocket: the same as the stream of server-sent events, and a way to say what is wanted, who is
//! looked at and who types, without another request.
//!
//! A browser can send no header with a WebSocket: a token may come as a subprotocol (`frontdesk.token.…` beside
//! `frontdesk`) or as the first message. Its cookie counts only on pages of our own.

use std::time::Duration;

use axum::Extension;
use axum::extract::State as Shared;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use futures_util::stream::SplitSink;
use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, interval, timeout};

use super::sse::LiveQuery;
use super::stream::{Position, Stream, Told, What};
use super::viewing::{ViewingBody, look};
use super::wanted::{Filter, Wanted};
use super::{Live, position};
use crate::auth;
use crate::describe;
use crate::engine::command::Origin;
use crate::http::State;
use crate::http::auth::by_token;
use crate::http::error::Failure;
use crate::http::extract::{Caller, Query, named_as};
use crate::http::limiter;
use crate::wire::problem::Problem;

/// The subprotocol, and what stands before a token among those that a client offers.
const PROTOCOL: &str = "frontdesk";
pub const TOKEN_PROTOCOL: &str = "frontdesk.token.";
/// How long a client may take to show its token.
const TO_SHOW: Duration = Duration::from_secs(10);
/// How long a client may take to close when it was told that it is over.
const TO_PART: Duration = Duration::from_secs(2);
/// Bytes of one message of a client, and messages that it may send in a second.
const MAX_MESSAGE: usize = 16 << 10;
const MAX_A_SECOND: u32 = 20;
/// Bytes that wait for one write.
const TOGETHER: usize = 16 << 10;
/// Tickets that one connection says to look at.
const MAX_VIEWED: usize = 16;

type Sink = SplitSink<WebSocket, Message>;

/// What a client says; one of these at a time.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Said {
    Token(String),
    Filter(Filter),
    Viewing(Look),
    Ping(Value),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Look {
    ticket: String,
    #[serde(default)]
    typing: bool,
    #[serde(default = "yes")]
    viewing: bool,
}

fn yes() -> bool {
    true
}

/// What happens, over a WebSocket: text messages, each one JSON object with its `event`. The first is
/// `{"event":"hello","seq":…,"id":"<epoch>:<seq>"}`; then the events of the feed as `GET /api/live/events` tells them,
/// in order, each once; `resync` when some were missed. With `after` a client goes on where it was.
///
/// A token comes in the `Authorization` header, as the subprotocol `frontdesk.token.<token>` beside `frontdesk`, or as
/// the first message, `{"token":"…"}`; pages of the daemon's own have their cookie.
///
/// A client may say:
/// `{"filter":{"events":["ticket","call.ended"],"ticket":"1001","queue":"unassigned","assigned_to_me":true,"transcripts":true}}`
/// (in place of what it wanted before; answered `filtered`), `{"viewing":{"ticket":"1001","typing":true}}` (as
/// `POST /api/tickets/{ref}/viewing`; answered `ticket.viewing`) and `{"ping":1}` (answered `pong`). What is wrong with
/// a message is answered `refused`. The close code says why it ends: 1008 the session is over or too much was said, 1012
/// the daemon stops: come back.
#[describe::path(get, path = "/api/live", operation_id = "live_socket", tag = "feed", params(LiveQuery),
    responses((status = 101, description = "the WebSocket is open")))]
pub async fn connect(
    Shared(state): Shared<State>,
    known: Option<Extension<auth::Caller>>,
    Extension(origin): Extension<Origin>,
    Query(query): Query<LiveQuery>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Failure> {
    let position = position(&state, query.after.as_deref())?;
    let filter = query.filter()?;
    let upgrade = upgrade
        .protocols([PROTOCOL])
        .read_buffer_size(4 << 10)
        .write_buffer_size(TOGETHER)
        .max_message_size(MAX_MESSAGE)
        .max_frame_size(MAX_MESSAGE);
    let Some(Extension(known)) = known else {
        let place = state.live.strangers.take(limiter::place(origin.address)).ok_or_else(|| {
            Problem::new(429, "Too Many Requests", "too many connections that show no token")
        })?;
        return Ok(upgrade.on_upgrade(move |mut socket| async move {
            let shown = timeout(TO_SHOW, first(&state, origin, &mut socket)).await;
            drop(place);
            let refused = match shown {
                Ok(Ok(caller)) => match opened(&state, caller, &filter, position) {
                    Ok(stream) => return run(stream, socket).await,
                    Err(failure) => failure.into_problem(),
                },
                Ok(Err(problem)) => problem,
                Err(_) => Problem::new(401, "Unauthorized", "no token came within 10 seconds"),
            };
            let told = refusal(refused).into_text();
            let _ = socket.send(Message::Text(told.into())).await;
            farewell(socket, close_code::POLICY, "no token that lets you in").await;
        }));
    };
    let stream = opened(&state, Caller::of(&state, known, origin), &filter, position)?;
    Ok(upgrade.on_upgrade(move |socket| run(stream, socket)))
}

fn opened(
    state: &State,
    caller: Caller,
    filter: &Filter,
    position: Position,
) -> Result<Stream, Failure> {
    let wanted: Wanted = filter.read(state, &caller)?;
    let place = state.live.place(&caller)?;
    Ok(Stream::new(state.clone(), caller, wanted, position, place))
}

/// Who shows a token in the first message.
async fn first(state: &State, origin: Origin, socket: &mut WebSocket) -> Result<Caller, Problem> {
    let nothing =
        || Problem::new(401, "Unauthorized", "the first message must be {\"token\":\"…\"}");
    loop {
        match socket.recv().await {
            Some(Ok(Message::Text(text))) => {
                let Ok(Said::Token(token)) = serde_json::from_str(&text) else {
                    return Err(nothing());
                };
                return by_token(state, &token).map(|known| Caller::of(state, known, origin));
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            _ => return Err(nothing()),
        }
    }
}

/// How a connection ends.
enum End {
    /// The client is gone or closes.
    Gone,
    TooMuch,
    /// The session or the daemon.
    Over,
}

async fn run(mut stream: Stream, socket: WebSocket) {
    let (mut sink, mut received) = socket.split();
    let live = &*stream.state.live.clone();
    let mut viewed: Vec<u64> = Vec::new();
    let mut heard = Instant::now();
    let mut second = (Instant::now(), 0);
    let mut pulse = interval(live.heartbeat);
    let end = loop {
        let answers: Vec<Json> = tokio::select! {
            told = stream.next() => match told {
                None => break End::Over,
                Some(told) => told.iter().filter_map(|told| message(&stream, told)).collect(),
            },
            said = received.next() => {
                heard = Instant::now();
                if second.0.elapsed() >= Duration::from_secs(1) {
                    second = (heard, 0);
                }
                second.1 += 1;
                match said {
                    _ if second.1 > MAX_A_SECOND => break End::TooMuch,
                    Some(Ok(Message::Text(text))) => vec![answer(&mut stream, &mut viewed, &text)],
                    Some(Ok(Message::Binary(_))) => vec![refusal(Problem::field("message", "must be text"))],
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => break End::Gone,
                }
            },
            _ = pulse.tick() => {
                if heard.elapsed() > 3 * live.heartbeat || !send(&stream, &mut sink, [Message::Ping(Default::default())]).await {
                    break End::Gone;
                }
                continue;
            }
        };
        let answers = answers.into_iter().map(|answer| Message::Text(answer.into_text().into()));
        if !send(&stream, &mut sink, answers).await {
            break if is_over(&stream, live) { End::Over } else { End::Gone };
        }
    };
    leave(&stream, &viewed);
    let (code, why) = match end {
        End::Gone => return,
        End::TooMuch => (close_code::POLICY, "at most 20 messages a second"),
        End::Over if *live.stopping.borrow() => {
            (close_code::RESTART, "the daemon stops; come back")
        }
        End::Over => (close_code::POLICY, "the session is over"),
    };
    if let Ok(socket) = sink.reunite(received) {
        farewell(socket, code, why).await;
    }
}

/// Says why it ends, and reads away what the client still says until it closes, too: a connection that is closed with
/// something unread is reset, and the reset would overtake the reason.
async fn farewell(mut socket: WebSocket, code: u16, reason: &'static str) {
    let goodbye = async {
        let frame = CloseFrame { code, reason: reason.into() };
        if socket.send(Message::Close(Some(frame))).await.is_ok() {
            while let Some(Ok(_)) = socket.recv().await {}
        }
    };
    let _ = timeout(TO_PART, goodbye).await;
}

fn is_over(stream: &Stream, live: &Live) -> bool {
    let holds = stream.state.engine.shared().holds(stream.caller.token.standing());
    *live.stopping.borrow() || !holds
}

/// Whether they went out. A client that does not read is waited for, but no longer than its session lasts.
async fn send(
    stream: &Stream,
    sink: &mut Sink,
    messages: impl IntoIterator<Item = Message>,
) -> bool {
    let mut stopping = stream.state.live.stopping.clone();
    let sending = async {
        for message in messages {
            sink.feed(message).await?;
        }
        sink.flush().await
    };
    tokio::select! {
        sent = sending => sent.is_ok(),
        () = stream.state.engine.shared().falls(stream.caller.token.standing()) => false,
        _ = stopping.wait_for(|stopping| *stopping) => false,
    }
}

/// What is told, as JSON ready to be sent.
enum Json {
    Text(String),
    Value(Value),
}

impl Json {
    fn into_text(self) -> String {
        match self {
            Json::Text(text) => text,
            Json::Value(value) => value.to_string(),
        }
    }
}

fn message(stream: &Stream, told: &Told) -> Option<Json> {
    let (seq, id) = (told.seq, stream.id(told.seq));
    match told.what {
        What::Hello => Some(Json::Value(json!({ "event": "hello", "seq": seq, "id": id }))),
        What::Resync => Some(Json::Value(json!({ "event": "resync", "seq": seq, "id": id }))),
        // The pulse shows that it lives.
        What::Silence => None,
        What::Event(_) | What::Left(_) | What::Moment(_) => stream.json(told).map(Json::Text),
    }
}

fn refusal(problem: Problem) -> Json {
    Json::Value(json!({ "event": "refused", "problem": problem }))
}

fn answer(stream: &mut Stream, viewed: &mut Vec<u64>, text: &str) -> Json {
    let said = match serde_json::from_str(text) {
        Ok(said) => said,
        Err(error) => {
            let why = format!("must be one of filter, viewing and ping: {error}");
            return refusal(Problem::field("message", why));
        }
    };
    match said {
        Said::Token(_) => refusal(Problem::field("token", "was shown already")),
        Said::Ping(what) => Json::Value(json!({ "event": "pong", "ping": what })),
        Said::Filter(filter) => match filter.read(&stream.state, &stream.caller) {
            Ok(wanted) => {
                stream.want(wanted);
                Json::Value(json!({ "event": "filtered", "seq": stream.seq() }))
            }
            Err(failure) => refusal(failure.into_problem()),
        },
        Said::Viewing(what) => match views(stream, viewed, &what) {
            Ok(answer) => answer,
            Err(failure) => refusal(failure.into_problem()),
        },
    }
}

fn views(stream: &Stream, viewed: &mut Vec<u64>, what: &Look) -> Result<Json, Failure> {
    let reference = named_as("ticket", &what.ticket)?;
    let body = ViewingBody { typing: what.typing, viewing: what.viewing };
    let looked = look(&stream.state, &stream.caller, &reference, &body)?;
    viewed.retain(|number| *number != looked.number);
    if what.viewing && viewed.len() < MAX_VIEWED {
        viewed.push(looked.number);
    }
    let (number, viewers) = (looked.number, looked.viewers);
    Ok(Json::Value(json!({ "event": "ticket.viewing", "number": number, "viewers": viewers })))
}

/// What this connection looked at it looks at no more; another window of the same person says so again.
fn leave(stream: &Stream, viewed: &[u64]) {
    let moments = stream.state.engine.shared().moments();
    if let Some(agent) = stream.caller.token.agent {
        viewed.iter().for_each(|ticket| moments.leaves(*ticket, agent));
    }
}
