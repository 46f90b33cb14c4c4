//! The change feed for back-office systems: ordered, gapless, numbered; read from one's own cursor, which may
//! be kept here too.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::State;
use super::calls::unexpected;
use super::delivery::DeliveryView;
use super::error::Failure;
use super::extract::{Caller, Input, Query, limit, number, sequence};
use super::queue::Nothing;
use super::ticket_view::TicketView;
use super::tickets::EntryView;
use crate::describe::{self, IntoParams, ToSchema};
use crate::domain::contact::Contact;
use crate::domain::sla::Target;
use crate::domain::time::Micros;
use crate::engine;
use crate::engine::command::{Command, Reply};
use crate::engine::feed::{Published, ReadFeedError, SCHEMA};
use crate::engine::outbox::Outbox;
use crate::wire::problem::Problem;

/// The longest a reader may wait for news, in seconds.
const MAX_WAIT: usize = 25;

#[derive(Serialize, ToSchema)]
pub struct FeedPage {
    events: Vec<EventView>,
    /// Give this as `after` for what comes next.
    next: u64,
    /// The newest event there is.
    newest: u64,
    /// What tells these numbers from the same ones of a store that was restored or begun anew.
    #[schema(example = "9f2c4e61d07b83aa")]
    epoch: String,
}

/// One thing that happened, with what it left behind.
#[derive(Serialize, ToSchema)]
pub struct EventView {
    /// Counts from 1, without a gap
    seq: u64,
    #[schema(value_type = String, format = DateTime)]
    at: Micros,
    /// ticket.created, ticket.message.added, call.ended, …
    #[schema(example = "ticket.created")]
    event: &'static str,
    /// The version of this schema
    schema: u32,
    /// Who did it
    actor: String,
    /// Of an SLA event the target that it is about: first_response or resolution
    #[serde(skip_serializing_if = "Option::is_none")]
    sla_target: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<TicketView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<EntryView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<FeedContact>,
}

#[derive(Serialize, ToSchema)]
pub struct FeedContact {
    id: u64,
    name: Option<String>,
    phone: Option<String>,
    merged_into: Option<u64>,
}

impl From<Contact> for FeedContact {
    fn from(c: Contact) -> FeedContact {
        FeedContact { id: c.id, name: c.name, phone: c.phone, merged_into: c.merged_into }
    }
}

impl EventView {
    fn of(p: Published, outbox: &Outbox) -> EventView {
        let number = p.event.entry.unwrap_or_default();
        let delivery = p.dispatch.map(|d| DeliveryView::of(d, outbox, number));
        EventView {
            seq: p.seq,
            sla_target: p.event.kind.sla_target().map(Target::as_str),
            at: p.at,
            event: p.event.kind.name(),
            schema: SCHEMA,
            actor: p.event.actor,
            ticket: p.ticket.map(TicketView::from),
            entry: p.entry.map(|e| EntryView { delivery, ..EntryView::from(e) }),
            contact: p.contact.map(FeedContact::from),
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FeedQuery {
    /// The last event dealt with; 0 or absent for the oldest kept
    #[param(value_type = Option<i64>, minimum = 0)]
    after: Option<String>,
    /// 1 to 100, 50 if absent
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
    /// Seconds to wait when there is no news, 0 to 25
    #[param(value_type = Option<i32>, minimum = 0, maximum = 25)]
    wait: Option<String>,
    /// The epoch in which `after` was read; another one is 410
    epoch: Option<String>,
}

/// Events in order; 410 when those behind `after` were dropped, or when `after` is from another epoch, as after a
/// restore: then read the state and go on from `newest`.
#[describe::path(get, path = "/api/feed", tag = "feed", params(FeedQuery), responses((status = 200, body = FeedPage)))]
pub async fn read(
    Shared(state): Shared<State>,
    caller: Caller,
    Query(query): Query<FeedQuery>,
) -> Result<Json<FeedPage>, Failure> {
    let limit = limit(query.limit.as_deref(), 50)?;
    let after = sequence("after", query.after.as_deref())?;
    let wait = number("wait", query.wait.as_deref(), 0)?;
    if wait > MAX_WAIT {
        return Err(Problem::field("wait", format!("at most {MAX_WAIT}")).into());
    }
    let shared = state.engine.shared();
    let newest = shared.published();
    if after > newest || query.epoch.as_ref().is_some_and(|epoch| *epoch != shared.feed_epoch) {
        let why = format!(
            "event {after} is not of this feed: its epoch is {}, its newest event {newest}; read the state, then go on from there",
            shared.feed_epoch
        );
        return Err(Problem::new(410, "Gone", why).into());
    }
    let mut news = shared.news();
    if wait > 0 {
        tokio::select! {
            _ = news.wait_for(|newest| *newest > after) => {}
            // Out of time is an answer too: an empty page.
            () = tokio::time::sleep(Duration::from_secs(wait as u64)) => {}
            () = shared.falls(caller.token.standing()) => {
                return Err(Problem::new(401, "Unauthorized", "this session has ended").into());
            }
        }
    }
    let events = state.engine.events(after, limit).map_err(failure)?;
    let events: Vec<_> = events.into_iter().map(|e| EventView::of(e, shared.outbox())).collect();
    let next = events.last().map_or(after, |e| e.seq);
    let epoch = state.engine.shared().feed_epoch.clone();
    Ok(Json(FeedPage { events, next, newest: state.engine.shared().published(), epoch }))
}

fn failure(error: ReadFeedError) -> Failure {
    match error {
        ReadFeedError::Gone { oldest } => {
            let why = format!(
                "events up to {} were dropped: read the state, then go on from the newest event",
                oldest.saturating_sub(1)
            );
            Problem::new(410, "Gone", why).into()
        }
        other => engine::Error::Unavailable(other.to_string()).into(),
    }
}

#[derive(Serialize, ToSchema)]
pub struct Cursors {
    cursors: Vec<CursorView>,
}

#[derive(Serialize, ToSchema)]
pub struct CursorView {
    name: String,
    /// The last event that this consumer has dealt with
    seq: u64,
}

/// The durable cursors of consumers. What a cursor has not passed is kept, up to `feed.max_bytes`.
#[describe::path(get, path = "/api/feed/cursors", tag = "feed", responses((status = 200, body = Cursors)))]
pub async fn cursors(Shared(state): Shared<State>) -> Result<Json<Cursors>, Failure> {
    let rows = state.engine.read(|rows| rows.cursors())?;
    let cursors = rows.into_iter().map(|(name, seq)| CursorView { name, seq });
    Ok(Json(Cursors { cursors: cursors.collect() }))
}

#[derive(Deserialize, ToSchema)]
pub struct CursorBody {
    seq: u64,
}

/// Makes or moves a cursor.
#[describe::path(put, path = "/api/feed/cursors/{name}", tag = "feed", params(("name" = String, Path, description = "1 to 64 of a-z, 0-9, `-`, `_`, `.`")),
    request_body = CursorBody, responses((status = 200, body = CursorView)))]
pub async fn move_cursor(
    Shared(state): Shared<State>,
    Path(name): Path<String>,
    input: Input<CursorBody>,
) -> Result<Json<CursorView>, Failure> {
    let seq = input.value.seq;
    let newest = state.engine.shared().published();
    if seq > newest {
        let why = format!("seq: the newest event is {newest}, a cursor cannot be beyond it");
        return Err(Problem::new(409, "Conflict", why).into());
    }
    match state.engine.submit(input.submission(Command::MoveCursor { name, seq })).await? {
        Reply::Cursor { name, seq } => Ok(Json(CursorView { name, seq })),
        other => Err(unexpected(&other)),
    }
}

/// Forgets a cursor.
#[describe::path(delete, path = "/api/feed/cursors/{name}", tag = "feed", params(("name" = String, Path, description = "the consumer's name")),
    responses((status = 204)))]
pub async fn drop_cursor(
    Shared(state): Shared<State>,
    Path(name): Path<String>,
    input: Input<Nothing>,
) -> Result<StatusCode, Failure> {
    input.carry_out(&state, Command::DropCursor { name }).await
}
