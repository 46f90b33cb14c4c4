//! The call ledger (seed 000): list, detail, and the operations of relays that speak plain HTTP.

use axum::Json;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::State;
use super::calls_view::{CallDetail, CallTicket, Envelope, Interaction, MetadataRow};
use super::error::{Failure, not_found};
use super::extract::{Caller, Input, Named, Query, limit, number};
use crate::describe::{self, IntoParams, ToSchema};
use crate::domain::channel::Channel;
use crate::domain::entry::{Entry, Speaker, ToolCall};
use crate::domain::priority::Priority;
use crate::domain::reference::Reference;
use crate::domain::status::Status;
use crate::domain::ticket::{Metadata, Ticket};
use crate::domain::time::Micros;
use crate::engine::command::{CallChanges, Command, NewCall, NewInteraction, Reply};
use crate::engine::export::{Export, is_turn};
use crate::engine::index::{Filter, Set, Sort};
use crate::engine::rows::{ReadError, Rows};
use crate::wire::problem::Problem;

/// Turns of one call in one answer, and bytes of them; longer calls go on at the timeline.
const MAX_TURNS: usize = 5000;
const MAX_TURN_BYTES: usize = 32 << 20;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// open, in_progress, resolved or closed
    #[param(pattern = "^(open|in_progress|resolved|closed)?$")]
    status: Option<String>,
    /// 1 to 100, 50 if absent
    #[param(value_type = Option<i32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
    /// 0 if absent
    #[param(value_type = Option<i32>, minimum = 0)]
    offset: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct CallList {
    #[schema(example = "success")]
    status: &'static str,
    data: Vec<CallTicket>,
    /// How many are in `data`.
    count: usize,
}

/// Calls, newest first (S0.23, S0.24).
#[describe::path(get, path = "/api/calls", tag = "calls", params(ListQuery), responses((status = 200, body = CallList)))]
pub async fn list(
    Shared(state): Shared<State>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<CallList>, Failure> {
    let limit = limit(query.limit.as_deref(), 50)?;
    let offset = number("offset", query.offset.as_deref(), 0)?;
    let statuses = match query.status.as_deref() {
        None | Some("") => Set::ALL,
        Some(word) => face_statuses(word)?,
    };
    let filter = Filter {
        statuses,
        channels: Set::channels([Channel::Call]),
        visible_to: caller.visible_to(),
        ..Filter::default()
    };
    let found = state.engine.shared().index().find(&filter, Sort::NewestFirst, offset, limit);
    let data = state.engine.read(|rows| tickets(&rows, &found.numbers))?;
    let data: Vec<_> = data.into_iter().map(CallTicket::from).collect();
    Ok(Json(CallList { status: "success", count: data.len(), data }))
}

/// The records of these numbers, in their order.
pub fn tickets(rows: &Rows<'_>, numbers: &[u64]) -> Result<Vec<Ticket>, ReadError> {
    let found = numbers.iter().map(|n| rows.ticket(*n)).collect::<Result<Vec<_>, _>>()?;
    Ok(found.into_iter().flatten().collect())
}

/// The statuses that the calls face shows under one word.
fn face_statuses(word: &str) -> Result<Set, Failure> {
    let shown: Vec<_> = Status::ALL.into_iter().filter(|s| s.on_calls_face() == word).collect();
    if shown.is_empty() {
        return Err(
            Problem::field("status", "must be open, in_progress, resolved or closed").into()
        );
    }
    Ok(Set::statuses(shown))
}

#[derive(Deserialize, ToSchema)]
pub struct OpenBody {
    /// The relay's own id of the session (S0.4)
    #[schema(pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]{1,128}$")]
    session_id: String,
    #[schema(pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]{0,256}$")]
    customer_name: Option<String>,
    /// The caller's number, 3 to 20 digits
    #[schema(pattern = "^[ +().-]*([0-9][ +().-]*){3,20}$")]
    customer_phone: Option<String>,
    #[schema(pattern = "^[A-Za-z0-9_-]{1,64}$")]
    category: Option<String>,
    /// low, normal, high or urgent
    #[schema(pattern = "^(low|normal|medium|high|urgent|critical)$")]
    priority: Option<String>,
}

/// Opens a call's ticket, for relays that speak plain HTTP (S0.33).
#[describe::path(post, path = "/api/calls", tag = "calls", request_body = OpenBody,
    responses((status = 201, body = Envelope<CallTicket>)))]
pub async fn open(
    Shared(state): Shared<State>,
    input: Input<OpenBody>,
) -> Result<(StatusCode, Json<Envelope<CallTicket>>), Failure> {
    let body = &input.value;
    let phone = body
        .customer_phone
        .as_deref()
        .map(|text| phone_digits("customer_phone", text))
        .transpose()?;
    let new = NewCall {
        session_id: body.session_id.clone(),
        customer_name: body.customer_name.clone().filter(|n| !n.is_empty()),
        customer_phone: phone,
        category: body.category.clone(),
        priority: body.priority.as_deref().map(priority).transpose()?,
        ..NewCall::default()
    };
    let ticket = ticket_of(state.engine.submit(input.submission(Command::OpenCall(new))).await?)?;
    Ok((StatusCode::CREATED, Json(Envelope::of(ticket.into()))))
}

/// The digits of a telephone number.
pub fn phone_digits(field: &str, text: &str) -> Result<String, Failure> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let rest_is_dressing = text.chars().all(|c| c.is_ascii_digit() || " +-().".contains(c));
    if !rest_is_dressing || !(3..=20).contains(&digits.len()) {
        return Err(Problem::field(field, "must be a telephone number of 3 to 20 digits").into());
    }
    Ok(digits)
}

fn priority(text: &str) -> Result<Priority, Failure> {
    Priority::parse(text)
        .ok_or_else(|| Problem::field("priority", "must be low, normal, high or urgent").into())
}

fn ticket_of(reply: Reply) -> Result<Ticket, Failure> {
    match reply {
        Reply::Ticket(ticket) | Reply::Call { ticket, .. } => Ok(*ticket),
        other => Err(unexpected(&other)),
    }
}

/// A reply of another kind than the command has: a defect, told as such.
pub fn unexpected(reply: &Reply) -> Failure {
    tracing::error!(kind = ?std::mem::discriminant(reply), "the engine gave a reply of another kind");
    Problem::new(500, "Internal Server Error", "the daemon answered itself wrongly; see the log")
        .into()
}

/// A call with its transcript in spoken order (S0.27).
#[describe::path(get, path = "/api/calls/{id}", tag = "calls", params(("id" = String, Path, description = "any reference of the ticket")),
    responses((status = 200, body = Envelope<CallDetail>)))]
pub async fn detail(
    Shared(state): Shared<State>,
    caller: Caller,
    Named(reference): Named,
) -> Result<Json<Envelope<CallDetail>>, Failure> {
    let (ticket, entries, more, metadata) = whole(&state, &caller, &reference)?;
    let id = ticket.ticket_id.clone();
    let next = if more { entries.last().map(|e| e.id) } else { None };
    let entries = entries.into_iter().filter(is_turn);
    Ok(Json(Envelope::of(CallDetail {
        interactions: entries.map(|e| Interaction::of(&id, e)).collect(),
        metadata: metadata.into_iter().map(|(at, m)| MetadataRow::of(&id, at, m)).collect(),
        ticket: ticket.into(),
        next,
    })))
}

type Whole = (Ticket, Vec<Entry>, bool, Vec<(u32, Metadata)>);

fn whole(state: &State, caller: &Caller, reference: &Reference) -> Result<Whole, Failure> {
    let found = state.engine.read(|rows| {
        let Some(ticket) = call(&rows, caller, reference)? else { return Ok(None) };
        let (entries, more) =
            rows.timeline(&ticket, 0, MAX_TURNS, MAX_TURN_BYTES)?.unwrap_or_default();
        let metadata = rows.metadata(&ticket)?;
        Ok(Some((ticket, entries, more, metadata)))
    })?;
    found.ok_or_else(|| not_found("such call"))
}

/// The call that a reference names, if the caller may see it.
fn call(
    rows: &Rows<'_>,
    caller: &Caller,
    reference: &Reference,
) -> Result<Option<Ticket>, ReadError> {
    let found = rows.resolve(reference)?;
    Ok(found.filter(|t| t.channel == Channel::Call && super::tickets::visible(caller, t)))
}

#[derive(Deserialize, ToSchema)]
pub struct UpdateBody {
    /// open, in_progress, resolved or closed
    #[schema(
        pattern = "^(new|open|in_progress|pending|pending_customer|waiting_customer|waiting_internal|resolved|closed)$"
    )]
    status: Option<String>,
    #[schema(max_length = 2000)]
    summary: Option<String>,
    #[schema(pattern = "^[A-Za-z0-9_-]{1,64}$")]
    category: Option<String>,
    /// low, normal, high or urgent
    #[schema(pattern = "^(low|normal|medium|high|urgent|critical)$")]
    priority: Option<String>,
    #[schema(max_length = 2000)]
    resolution_notes: Option<String>,
    #[schema(pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]{1,256}$")]
    customer_name: Option<String>,
}

/// Changes what is given and leaves the rest (S0.36); a category set here stays (S0.50).
#[describe::path(put, path = "/api/calls/{id}", tag = "calls", params(("id" = String, Path, description = "any reference of the ticket")),
    request_body = UpdateBody, responses((status = 200, body = Envelope<CallTicket>)))]
pub async fn update(
    Shared(state): Shared<State>,
    Named(ticket): Named,
    input: Input<UpdateBody>,
) -> Result<Json<Envelope<CallTicket>>, Failure> {
    let body = &input.value;
    let status = body.status.as_deref().map(|word| {
        Status::parse(word).ok_or_else(|| {
            Problem::field("status", "must be open, in_progress, resolved or closed")
        })
    });
    let changes = CallChanges {
        status: status.transpose()?,
        priority: body.priority.as_deref().map(priority).transpose()?,
        category: body.category.clone(),
        summary: body.summary.clone(),
        resolution_notes: body.resolution_notes.clone(),
        customer_name: body.customer_name.clone(),
    };
    let command = Command::UpdateCall { ticket, changes };
    let ticket = ticket_of(state.engine.submit(input.submission(command)).await?)?;
    Ok(Json(Envelope::of(ticket.into())))
}

#[derive(Deserialize, ToSchema)]
pub struct InteractionBody {
    /// user or agent
    #[schema(pattern = "^(user|agent)$")]
    speaker: String,
    /// At most 4 MiB; may be left out where `tool_calls` is given.
    #[serde(default)]
    message: String,
    tool_calls: Option<Vec<ToolCallBody>>,
    /// When it was said, RFC 3339; now if absent.
    #[schema(value_type = Option<String>, format = DateTime, pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T.+$")]
    timestamp: Option<Micros>,
}

#[derive(Deserialize, ToSchema)]
pub struct ToolCallBody {
    name: String,
    /// JSON as a string.
    #[serde(default)]
    arguments: String,
}

/// Adds one turn to a call (S0.34).
#[describe::path(post, path = "/api/calls/{id}/interactions", tag = "calls", params(("id" = String, Path, description = "any reference of the ticket")),
    request_body = InteractionBody, responses((status = 201, body = Envelope<Interaction>)))]
pub async fn log_interaction(
    Shared(state): Shared<State>,
    Named(ticket): Named,
    input: Input<InteractionBody>,
) -> Result<(StatusCode, Json<Envelope<Interaction>>), Failure> {
    let body = &input.value;
    let speaker = match body.speaker.as_str() {
        "user" => Speaker::User,
        "agent" => Speaker::Agent,
        _ => return Err(Problem::field("speaker", "must be user or agent").into()),
    };
    let calls = body.tool_calls.iter().flatten();
    let calls = calls.map(|c| ToolCall {
        name: c.name.clone(),
        arguments: c.arguments.clone(),
        output: None,
    });
    let new = NewInteraction {
        ticket,
        speaker,
        message: body.message.clone(),
        tool_calls: calls.collect(),
        at: body.timestamp,
    };
    let reply = state.engine.submit(input.submission(Command::LogInteraction(new))).await?;
    match reply {
        Reply::Interaction { ticket, entry } => {
            let data = Interaction::of(&ticket.ticket_id, *entry);
            Ok((StatusCode::CREATED, Json(Envelope::of(data))))
        }
        other => Err(unexpected(&other)),
    }
}

#[derive(Deserialize, ToSchema)]
pub struct MetadataBody {
    #[schema(pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]{1,128}$")]
    key: String,
    #[schema(max_length = 4096)]
    value: String,
}

/// Attaches a key and a value to a call (S0.35).
#[describe::path(post, path = "/api/calls/{id}/metadata", tag = "calls", params(("id" = String, Path, description = "any reference of the ticket")),
    request_body = MetadataBody, responses((status = 201, body = Envelope<MetadataRow>)))]
pub async fn add_metadata(
    Shared(state): Shared<State>,
    Named(ticket): Named,
    input: Input<MetadataBody>,
) -> Result<(StatusCode, Json<Envelope<MetadataRow>>), Failure> {
    let (key, value) = (input.value.key.clone(), input.value.value.clone());
    let command = Command::AddMetadata { ticket, key, value };
    match state.engine.submit(input.submission(command)).await? {
        Reply::Metadata { ticket, id, key, value } => {
            let row = MetadataRow::of(&ticket.ticket_id, id, Metadata { key, value });
            Ok((StatusCode::CREATED, Json(Envelope::of(row))))
        }
        other => Err(unexpected(&other)),
    }
}

#[derive(Deserialize, ToSchema)]
pub struct CloseBody {
    /// Whether the category is found from the transcript; it is unless this says false.
    #[serde(default = "yes")]
    auto_categorize: bool,
}

fn yes() -> bool {
    true
}

/// Ends a call: closed, category and summary set (S0.37 to S0.39).
#[describe::path(post, path = "/api/calls/{id}/close", tag = "calls", params(("id" = String, Path, description = "any reference of the ticket")),
    request_body = CloseBody, responses((status = 200, body = Envelope<CallTicket>)))]
pub async fn close(
    Shared(state): Shared<State>,
    Named(ticket): Named,
    input: Input<CloseBody>,
) -> Result<Json<Envelope<CallTicket>>, Failure> {
    let auto_categorize = input.value.auto_categorize;
    let command = Command::EndCall { ticket, connection: None, auto_categorize };
    let ticket = ticket_of(state.engine.submit(input.submission(command)).await?)?;
    Ok(Json(Envelope::of(ticket.into())))
}

/// A call in the form that other ticket systems import (S0.42).
#[describe::path(get, path = "/api/calls/{id}/export", tag = "calls", params(("id" = String, Path, description = "any reference of the ticket")),
    responses((status = 200, body = Export)))]
pub async fn export(
    Shared(state): Shared<State>,
    caller: Caller,
    Named(reference): Named,
) -> Result<Json<Export>, Failure> {
    let found = state.engine.read(|rows| match call(&rows, &caller, &reference)? {
        Some(ticket) => Export::read(&rows, ticket).map(Some),
        None => Ok(None),
    })?;
    found.map(Json).ok_or_else(|| not_found("such call"))
}
