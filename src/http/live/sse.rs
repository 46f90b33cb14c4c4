//! Live events as server-sent events.

use std::fmt::Write;

use axum::body::{Body, Bytes};
use axum::extract::State as Shared;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use serde::Deserialize;

use super::position;
use super::stream::{Stream, Told, What};
use super::wanted::Filter;
use crate::describe::{self, IntoParams, ToSchema};
use crate::http::State;
use crate::http::error::Failure;
use crate::http::extract::{Caller, Query};
use crate::wire::problem::Problem;

/// One message of a stream, as its fields are named there.
#[derive(ToSchema)]
pub struct ServerSentEvent {
    /// Where to go on behind, `<epoch>:<seq>`
    pub id: Option<String>,
    /// The kind of what happened, `hello` or `resync`
    pub event: String,
    /// A JSON document
    pub data: String,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LiveQuery {
    /// The id of the last event that was dealt with, as `<epoch>:<seq>`, or its number; absent for what comes from
    /// now on. The header `Last-Event-ID`, which browsers send by themselves, goes before it
    #[param(value_type = Option<String>)]
    pub after: Option<String>,
    /// Kinds of events, with commas between; a kind may be a family, as `ticket` or `ticket.message`
    #[param(example = "ticket,call.ended")]
    events: Option<String>,
    /// Any reference of the one ticket of which is wanted
    ticket: Option<String>,
    /// `unassigned`: only of tickets that nobody has, and of who is given one
    #[param(pattern = "^(unassigned)?$")]
    queue: Option<String>,
    /// `true`: only of the caller's own tickets; with `queue`, of both
    #[param(pattern = "^(true|false)?$")]
    assigned_to_me: Option<String>,
    /// `true`: what is said in running calls too, for supervisors and the call's own agent
    #[param(pattern = "^(true|false)?$")]
    transcripts: Option<String>,
}

impl LiveQuery {
    pub fn filter(&self) -> Result<Filter, Problem> {
        let events = self.events.as_deref().filter(|events| !events.is_empty());
        Ok(Filter {
            events: events.iter().flat_map(|names| names.split(',')).map(str::to_owned).collect(),
            ticket: self.ticket.clone(),
            queue: self.queue.clone(),
            assigned_to_me: is_true("assigned_to_me", self.assigned_to_me.as_deref())?,
            transcripts: is_true("transcripts", self.transcripts.as_deref())?,
        })
    }
}

fn is_true(field: &str, text: Option<&str>) -> Result<bool, Problem> {
    match text {
        None | Some("" | "false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(Problem::field(field, "must be true or false")),
    }
}

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Proxies that gather answers before they pass them on are asked not to.
const NO_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// What happens, as server-sent events (`text/event-stream`), in the order of the feed: the first, `hello`, names the
/// place where the stream begins; then one message an event, `{seq, event, at, actor, ticket, ticket_number, number,
/// status, priority, channel, assignee_id, …}` with an `id` to go on behind.
///
/// Only what the caller may see comes. A ticket that somebody else was given leaves with `ticket.left`. `resync` says
/// that events were missed, as after a restore or a long absence: read the state anew. Comments are heartbeats. The
/// stream ends when the session does. 429 when the caller has too many open.
///
/// Messages named `moment` are no events of the feed and have no number: `ticket.viewing` with all who look at a ticket
/// that the caller looks at too, and `call.line` with words of a running call that are not whole yet (`partial`).
#[describe::path(get, path = "/api/live/events", operation_id = "live_events", tag = "feed", params(LiveQuery),
    responses((status = 200, body = ServerSentEvent, content_type = "text/event-stream")))]
pub async fn events(
    Shared(state): Shared<State>,
    caller: Caller,
    headers: HeaderMap,
    Query(query): Query<LiveQuery>,
) -> Result<Response, Failure> {
    let from = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok()).map(str::to_owned);
    let position = position(&state, from.or_else(|| query.after.clone()).as_deref())?;
    let wanted = query.filter()?.read(&state, &caller)?;
    let place = state.live.place(&caller)?;
    let stream = Stream::new(state, caller, wanted, position, place);
    let body = Body::from_stream(unfold(stream, |mut stream| async move {
        let told = stream.next().await?;
        let frames: String = told.iter().map(|told| frame(&stream, told)).collect();
        Some((Ok::<_, std::convert::Infallible>(Bytes::from(frames)), stream))
    }));
    let head = [
        (CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (NO_BUFFERING, HeaderValue::from_static("no")),
    ];
    Ok((head, body).into_response())
}

fn frame(stream: &Stream, told: &Told) -> String {
    let (id, seq) = (stream.id(told.seq), told.seq);
    let control = |name| format!("event: {name}\nid: {id}\ndata: {{\"seq\":{seq}}}\n\n");
    let mut frame = match told.what {
        What::Hello => return control("hello"),
        What::Resync => return control("resync"),
        What::Silence => return ":\n\n".to_owned(),
        What::Moment(_) => "event: moment\n".to_owned(),
        What::Event(_) | What::Left(_) => format!("id: {id}\n"),
    };
    let json = stream.json(told).unwrap_or_default();
    let _ = write!(frame, "data: {json}\n\n");
    frame
}
