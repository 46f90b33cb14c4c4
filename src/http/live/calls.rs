//! Calls as they run: who calls, since when, what was said so far, what it seems to be about; and a flag for those
//! that somebody must come back to (S0.64).

use axum::Json;
use axum::extract::State as Shared;
use serde::{Deserialize, Serialize};

use super::moment::{PartialLine, follows};
use crate::describe::{self, ToSchema};
use crate::domain::channel::Channel;
use crate::domain::entry::{Entry, Kind, Speaker};
use crate::domain::ticket::Ticket;
use crate::domain::time::Micros;
use crate::engine::desk::TicketChange;
use crate::engine::rows::{ReadError, Rows};
use crate::http::State;
use crate::http::calls_view::Envelope;
use crate::http::error::{Failure, not_found};
use crate::http::etag::{IfMatch, Tagged};
use crate::http::extract::{Caller, Input, Named};
use crate::http::ticket_view::TicketView;
use crate::http::tickets::visible;
use crate::http::tickets_actions::change;
use crate::wire::problem::Problem;

/// Calls in one answer.
const MAX_CALLS: usize = 100;
/// Newest lines of each, and bytes of one line.
const MAX_LINES: usize = 50;
const MAX_LINE: usize = 2000;
/// Under what name a relay tells of the caller's mood.
const SENTIMENT: &str = "sentiment";

/// A call that runs.
#[derive(Serialize, ToSchema)]
pub struct RunningCall {
    #[schema(example = 1001)]
    number: u64,
    #[schema(example = "GXS-20251128-A1B2C3D4")]
    ticket_id: String,
    customer_name: Option<String>,
    customer_phone: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    started_at: Micros,
    /// How long it has run, by the daemon's clock
    duration_seconds: i64,
    /// Whether its connection is broken just now
    interrupted: bool,
    assignee_id: Option<u64>,
    assignee_name: Option<String>,
    /// As somebody set it
    category: Option<String>,
    /// What its words so far point to
    category_guess: Option<String>,
    /// As the relay told it, under the key `sentiment`
    sentiment: Option<String>,
    /// Why somebody must come back to it
    flag: Option<String>,
    /// The newest lines, in spoken order
    lines: Vec<CallLine>,
    /// What is being said
    partial: Vec<PartialLine>,
}

#[derive(Serialize, ToSchema)]
pub struct CallLine {
    id: u32,
    /// user or agent
    #[schema(example = "user")]
    speaker: &'static str,
    text: String,
    #[schema(value_type = String, format = DateTime)]
    at: Micros,
}

/// The calls that run now, oldest first, with what was said in them so far: all for supervisors, for agents those that
/// are assigned to them. Live events with `transcripts=true` tell what is said from then on.
#[describe::path(get, path = "/api/calls/live", operation_id = "running_calls", tag = "calls",
    responses((status = 200, body = Envelope<Vec<RunningCall>>)))]
pub async fn running(
    Shared(state): Shared<State>,
    caller: Caller,
) -> Result<Json<Envelope<Vec<RunningCall>>>, Failure> {
    let shared = state.engine.shared();
    let mut open = shared.open_calls();
    open.sort_by_key(|call| call.ticket);
    let calls = state.engine.read(|rows| {
        let mut calls = Vec::new();
        for call in &open {
            let ticket = rows.ticket(call.ticket)?;
            let Some(ticket) = ticket.filter(|t| visible(&caller, t) && follows(&caller, t)) else {
                continue;
            };
            calls.push(shown(&state, &rows, ticket, call.detached_at.is_some())?);
            if calls.len() == MAX_CALLS {
                break;
            }
        }
        Ok(calls)
    })?;
    Ok(Json(Envelope::of(calls)))
}

fn shown(
    state: &State,
    rows: &Rows<'_>,
    ticket: Ticket,
    interrupted: bool,
) -> Result<RunningCall, ReadError> {
    let shared = state.engine.shared();
    let lines = newest(rows, &ticket)?;
    let categories = shared.categories();
    let turns = lines.iter().map(|e| (e.speaker == Speaker::User, e.body.as_str()));
    let guess = categories.of_calls().heard(turns).map(str::to_owned);
    let mut metadata = rows.metadata(&ticket)?.into_iter().rev();
    let sentiment = metadata.find(|(_, m)| m.key == SENTIMENT).map(|(_, m)| m.value);
    let partial = shared.moments().lines(ticket.number).into_iter().map(PartialLine::from);
    let lines = lines.into_iter().map(|e| CallLine {
        id: e.id,
        speaker: e.speaker.as_str(),
        text: e.body.chars().take(MAX_LINE).collect(),
        at: e.at,
    });
    Ok(RunningCall {
        number: ticket.number,
        lines: lines.collect(),
        partial: partial.collect(),
        duration_seconds: (shared.now().0 - ticket.created_at.0).max(0) / 1_000_000,
        started_at: ticket.created_at,
        interrupted,
        assignee_id: ticket.assignee.as_ref().map(|a| a.agent),
        assignee_name: ticket.assignee.map(|a| a.name),
        category: ticket.category,
        category_guess: guess,
        sentiment,
        flag: ticket.escalation.map(|e| e.reason),
        customer_name: ticket.requester.name,
        customer_phone: ticket.requester.phone,
        ticket_id: ticket.ticket_id,
    })
}

/// The newest lines of a call, from the end of its directory.
fn newest(rows: &Rows<'_>, ticket: &Ticket) -> Result<Vec<Entry>, ReadError> {
    let mut lines = Vec::new();
    for page in (0..ticket.extent.pages).rev() {
        for item in rows.page(ticket.number, page)?.items.iter().rev() {
            let entry = rows.entry(item)?;
            if entry.kind == Kind::Message && entry.deleted_at.is_none() {
                lines.push(entry);
            }
            if lines.len() == MAX_LINES {
                lines.reverse();
                return Ok(lines);
            }
        }
    }
    lines.reverse();
    Ok(lines)
}

#[derive(Deserialize, ToSchema)]
pub struct FlagBody {
    /// What is to be looked at, for whoever comes back to it
    #[schema(max_length = 2000, example = "The caller was promised a call back")]
    reason: String,
}

/// Flags a call that runs, so that somebody comes back to it: its ticket is escalated with this reason. A call that has
/// ended is escalated like any other ticket (409).
#[describe::path(post, path = "/api/calls/{id}/flag", operation_id = "flag_call", tag = "calls", request_body = FlagBody, params(("id" = String, Path, description = "any reference of the ticket")),
    responses((status = 200, body = TicketView)))]
pub async fn flag(
    Shared(state): Shared<State>,
    Named(reference): Named,
    input: Input<FlagBody>,
) -> Result<Tagged<TicketView>, Failure> {
    let found = state.engine.read(|rows| rows.resolve(&reference))?;
    let found = found.filter(|t| t.channel == Channel::Call && visible(&input.caller, t));
    let call = found.ok_or_else(|| not_found("such call"))?;
    if !call.call_running {
        let why = "this call has ended; escalate its ticket (POST /api/tickets/{ref}/escalate)";
        return Err(Problem::new(409, "Conflict", why).into());
    }
    let flagged = TicketChange::Escalate { reason: input.value.reason.clone(), to: None };
    change(&state, &input, reference, IfMatch(None), flagged).await
}
