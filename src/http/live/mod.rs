//! Live events: what happens, as it happens, to whoever may see it (S0.64, S2.38).
//!
//! A stream reads the engine's feed from a place of its own: it is ordered, it goes on behind `after` without a gap
//! or a repeat, and a client that does not read holds nothing back but itself. One that is too far behind is told
//! `resync`; nothing is ever passed over in silence. An event says which ticket and which entry, never what was
//! said: that is read where rights are looked at again.

mod event;
mod places;
mod recent;
mod stream;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State as Shared;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use serde::Deserialize;
use tokio::sync::watch;
use utoipa::{IntoParams, ToSchema};

use super::State;
use super::error::{Failure, not_found};
use super::extract::{Caller, Query, named, sequence};
use super::tickets::visible;
use crate::config::LiveConfig;
use crate::engine::event::EventKind;
use crate::wire::problem::Problem;
use places::Places;
use recent::Recent;
use stream::{Position, Stream, Wanted};

/// Kinds that one stream may name.
const MAX_KINDS: usize = 64;

/// What all streams share.
pub struct Live {
    places: Places,
    recent: Recent,
    max_behind: u64,
    heartbeat: Duration,
    stopping: watch::Receiver<bool>,
}

impl Live {
    /// Streams end once `stopping` says so.
    pub fn new(config: &LiveConfig, stopping: watch::Receiver<bool>) -> Live {
        let each = config.max_streams_per_person as usize;
        Live {
            places: Places::new(config.max_streams as usize, each),
            recent: Recent::default(),
            max_behind: u64::from(config.max_behind),
            heartbeat: config.heartbeat,
            stopping,
        }
    }
}

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
    after: Option<String>,
    /// Kinds of events, with commas between; a kind may be a family, as `ticket` or `ticket.message`
    #[param(example = "ticket,call.ended")]
    events: Option<String>,
    /// Any reference of the one ticket of which is wanted
    ticket: Option<String>,
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
#[utoipa::path(get, path = "/api/live/events", operation_id = "live_events", tag = "feed", params(LiveQuery),
    responses((status = 200, body = ServerSentEvent, content_type = "text/event-stream")))]
pub async fn events(
    Shared(state): Shared<State>,
    caller: Caller,
    headers: HeaderMap,
    Query(query): Query<LiveQuery>,
) -> Result<Response, Failure> {
    let from = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok()).map(str::to_owned);
    let position = position(&state, from.or(query.after).as_deref())?;
    let wanted = Wanted {
        kinds: kinds(query.events.as_deref())?,
        ticket: ticket(&state, &caller, query.ticket.as_deref())?,
    };
    let live = Arc::clone(&state.live);
    let place = live.places.take(caller.token.key()).ok_or_else(|| {
        let why = "too many live streams are open: close other windows (live.max_streams_per_person, live.max_streams)";
        let mut problem = Problem::new(429, "Too Many Requests", why);
        problem.retry_after = Some(5);
        problem
    })?;
    let stream = Stream::new(state, caller, wanted, position, place);
    let body = Body::from_stream(unfold(stream, |mut stream| async move {
        let frames = stream.next().await?;
        Some((Ok::<_, std::convert::Infallible>(frames), stream))
    }));
    let head = [
        (CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (NO_BUFFERING, HeaderValue::from_static("no")),
    ];
    Ok((head, body).into_response())
}

/// Where a stream begins.
fn position(state: &State, after: Option<&str>) -> Result<Position, Failure> {
    let shared = state.engine.shared();
    let newest = shared.published();
    let Some(after) = after.filter(|after| !after.is_empty()) else {
        return Ok(Position { after: newest, missed: false });
    };
    let (epoch, number) = match after.rsplit_once(':') {
        Some((epoch, number)) => (Some(epoch), number),
        None => (None, after),
    };
    let after = sequence("after", Some(number))?;
    // Numbers of another feed, as of a store before it was restored, say nothing here.
    let foreign = epoch.is_some_and(|epoch| epoch != shared.feed_epoch) || after > newest;
    Ok(Position { after: if foreign { newest } else { after }, missed: foreign })
}

fn kinds(text: Option<&str>) -> Result<Option<Vec<EventKind>>, Failure> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let mut wanted = Vec::new();
    for (at, name) in text.split(',').map(str::trim).enumerate() {
        let of = |kind: &EventKind| {
            let rest = kind.name().strip_prefix(name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let before = wanted.len();
        wanted.extend(EventKind::ALL.iter().copied().filter(of));
        if at == MAX_KINDS || wanted.len() == before {
            let why = format!(
                "there is no event {name:?}; at most {MAX_KINDS} names as ticket.created, or ticket for all of a family"
            );
            return Err(Problem::field("events", why).into());
        }
    }
    Ok(Some(wanted))
}

fn ticket(state: &State, caller: &Caller, text: Option<&str>) -> Result<Option<u64>, Failure> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let reference = named(text)?;
    let found = state.engine.read(|rows| rows.resolve(&reference))?;
    let found = found.filter(|ticket| visible(caller, ticket));
    Ok(Some(found.ok_or_else(|| not_found("such ticket"))?.number))
}
