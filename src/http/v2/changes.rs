//! Changing tickets in the CRM's words (S2.17, S2.22).

use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::Success;
use super::given::{AgentGiven, PlaceGiven, place, trimmed};
use super::view::{CrmTicket, whole};
use crate::describe::{self, ToSchema};
use crate::domain::crm::{MAX_CRM_SUBJECT, MAX_SUBCATEGORY};
use crate::domain::entry::MAX_COMMENT;
use crate::domain::reference::Reference;
use crate::domain::status::Status;
use crate::domain::ticket::{MAX_CATEGORY, MAX_DESCRIPTION, MAX_SUMMARY, Ticket};
use crate::engine::command::{Command, Reply};
use crate::engine::desk::{DetailEdits, Edits, TicketChange};
use crate::http::State;
use crate::http::calls::unexpected;
use crate::http::error::Failure;
use crate::http::etag::{IfMatch, Tagged};
use crate::http::extract::{Input, Named};
use crate::http::intake::Findings;
use crate::http::tickets_edit::{priority, sent, status};

type Told = Tagged<Success<CrmTicket>>;

/// A ticket as a command has left it.
pub fn shown(state: &State, ticket: Ticket, message: &'static str) -> Result<Told, Failure> {
    let now = state.engine.shared().now();
    Ok(state.engine.read(|rows| {
        let tag = rows.tag(ticket.number)?;
        Ok(Tagged(tag, Success::done(whole(&rows, ticket, now)?, message)))
    })?)
}

async fn change<T>(
    state: &State,
    input: &Input<T>,
    (ticket, expected): (Reference, IfMatch),
    change: TicketChange,
    message: &'static str,
) -> Result<Told, Failure> {
    let command = Command::ChangeTicket { ticket, expected: expected.0, change };
    match state.engine.submit(input.submission(command)).await? {
        Reply::Edited { ticket, .. } => shown(state, *ticket, message),
        other => Err(unexpected(&other)),
    }
}

/// Fields that are not sent stay as they are; those that are null are cleared. Others are passed over, so a whole ticket
/// may be sent back.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CrmEditBody {
    #[schema(max_length = 200)]
    subject: Option<String>,
    #[schema(max_length = 10000)]
    description: Option<String>,
    #[schema(max_length = 64)]
    category: Option<String>,
    #[schema(max_length = 64)]
    #[serde(default, deserialize_with = "sent")]
    subcategory: Option<Option<String>>,
    /// low, medium, high or urgent
    priority: Option<String>,
    /// An illegal move is 409
    status: Option<String>,
    /// An agent's id, or `me`; null takes it from whoever has it
    #[serde(default, deserialize_with = "sent")]
    #[schema(value_type = Option<u64>)]
    assigned_agent: Option<Option<AgentGiven>>,
    /// All of them: others are taken away
    tags: Option<Vec<String>>,
    on_hold: Option<bool>,
    /// An address, or an object of address, latitude and longitude
    #[serde(default, deserialize_with = "sent")]
    #[schema(value_type = Option<Object>)]
    location: Option<Option<PlaceGiven>>,
    /// Why, for history and activity
    #[schema(max_length = 2000)]
    reason: Option<String>,
}

fn edits(input: &Input<CrmEditBody>) -> Result<TicketChange, Failure> {
    let body = &input.value;
    let mut findings = Findings::default();
    let lines = [
        ("subject", &body.subject, MAX_CRM_SUBJECT),
        ("category", &body.category, MAX_CATEGORY),
        ("subcategory", body.subcategory.as_ref().unwrap_or(&None), MAX_SUBCATEGORY),
    ];
    for (field, text, max) in lines {
        if let Some(text) = text {
            findings.line(field, text, max);
        }
    }
    if let Some(text) = &body.description {
        findings.text("description", text, MAX_DESCRIPTION);
    }
    let location = (body.location.as_ref()).map(|given| place(&mut findings, given.as_ref()));
    findings.done()?;
    let assignee = match &body.assigned_agent {
        Some(Some(agent)) => Some(Some(agent.id(input, "assignedAgent")?)),
        Some(None) => Some(None),
        None => None,
    };
    let line = |text: &Option<String>| text.as_ref().map(|text| Some(text.trim().to_owned()));
    let edits = Edits {
        subject: line(&body.subject),
        description: body.description.clone().map(Some),
        category: line(&body.category),
        priority: body.priority.as_deref().map(priority).transpose()?,
        status: body.status.as_deref().map(status).transpose()?,
        assignee,
        on_hold: body.on_hold,
        tags: body.tags.clone(),
        reason: body.reason.clone(),
        ..Edits::default()
    };
    let subcategory = body.subcategory.as_ref().map(|given| trimmed(given.as_ref()));
    let details = DetailEdits { subcategory, location };
    Ok(TicketChange::EditCrm { edits: Box::new(edits), details })
}

/// Changes the fields that are sent. With `If-Match`, only if nobody else changed the ticket since: else 412.
#[describe::path(put, path = "/api/v2/tickets/{ref}", operation_id = "edit_crm_ticket", tag = "crm", request_body = CrmEditBody,
    params(("ref" = String, Path, description = "any reference of the ticket"), ("If-Match" = Option<String>, Header, description = "the ETag of the state that was seen")),
    responses((status = 200, body = Success<CrmTicket>, headers(("ETag" = String))), (status = 412, body = crate::wire::problem::Problem),
        (status = 422, body = crate::wire::problem::Problem, description = "this category needs a subcategory")))]
pub async fn update(
    Shared(state): Shared<State>,
    Named(ticket): Named,
    expected: IfMatch,
    input: Input<CrmEditBody>,
) -> Result<Told, Failure> {
    let wanted = edits(&input)?;
    change(&state, &input, (ticket, expected), wanted, "Ticket updated").await
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NoteBody {
    #[schema(max_length = 65536, example = "Refund is on its way")]
    #[serde(alias = "note")]
    content: String,
    /// True stays inside, as it does if absent; false goes to the customer where the ticket's channel has a way to them
    is_internal: Option<bool>,
}

/// Writes a note on a ticket, internal or for the customer (S2.52).
#[describe::path(post, path = "/api/v2/tickets/{ref}/notes", operation_id = "add_crm_note", tag = "crm", request_body = NoteBody,
    params(("ref" = String, Path, description = "any reference of the ticket")),
    responses((status = 201, body = Success<CrmTicket>)))]
pub async fn add_note(
    Shared(state): Shared<State>,
    Named(ticket): Named,
    input: Input<NoteBody>,
) -> Result<Response, Failure> {
    let mut findings = Findings::default();
    findings.text("content", &input.value.content, MAX_COMMENT);
    findings.done()?;
    let body = input.value.content.clone();
    let is_internal = input.value.is_internal.unwrap_or(true);
    let command = Command::AddComment { ticket, body, is_internal, attachments: Vec::new() };
    match state.engine.submit(input.submission(command)).await? {
        Reply::Comment { ticket, .. } => {
            Ok((StatusCode::CREATED, shown(&state, *ticket, "Note added")?).into_response())
        }
        other => Err(unexpected(&other)),
    }
}

#[derive(Deserialize, ToSchema)]
pub struct CrmStatusBody {
    /// new, open, in_progress, pending_customer, waiting_internal, resolved or closed
    #[schema(example = "pending_customer")]
    status: String,
    /// Why, for the status history
    #[schema(max_length = 2000)]
    reason: Option<String>,
}

/// Moves a ticket to a status; a move that its life does not allow is 409 and names those it does (S2.14).
#[describe::path(put, path = "/api/v2/tickets/{ref}/status", operation_id = "set_crm_status", tag = "crm", request_body = CrmStatusBody,
    params(("ref" = String, Path, description = "any reference of the ticket")),
    responses((status = 200, body = Success<CrmTicket>)))]
pub async fn set_status(
    Shared(state): Shared<State>,
    Named(ticket): Named,
    expected: IfMatch,
    input: Input<CrmStatusBody>,
) -> Result<Told, Failure> {
    let to = status(&input.value.status)?;
    let wanted = TicketChange::Move { to, reason: input.value.reason.clone(), notes: None };
    change(&state, &input, (ticket, expected), wanted, "Status changed").await
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CrmAssignBody {
    /// An agent's id, or `me`; null takes it from whoever has it
    #[schema(value_type = Option<u64>, example = 2)]
    #[serde(alias = "assignedAgent")]
    agent_id: Option<AgentGiven>,
    #[schema(max_length = 2000)]
    reason: Option<String>,
}

/// Gives a ticket to an agent.
#[describe::path(put, path = "/api/v2/tickets/{ref}/assign", operation_id = "assign_crm_ticket", tag = "crm", request_body = CrmAssignBody,
    params(("ref" = String, Path, description = "any reference of the ticket")),
    responses((status = 200, body = Success<CrmTicket>)))]
pub async fn assign(
    Shared(state): Shared<State>,
    Named(ticket): Named,
    expected: IfMatch,
    input: Input<CrmAssignBody>,
) -> Result<Told, Failure> {
    let reason = input.value.reason.clone();
    let wanted = match &input.value.agent_id {
        Some(agent) => TicketChange::Assign { agent: agent.id(&input, "agentId")?, reason },
        None => TicketChange::Unassign { reason },
    };
    change(&state, &input, (ticket, expected), wanted, "Ticket assigned").await
}

#[derive(Deserialize, ToSchema)]
pub struct ResolveBody {
    /// What solved it
    #[schema(max_length = 2000, example = "The second charge was refunded")]
    #[serde(alias = "summary")]
    resolution: String,
    /// Why, for the status history
    #[schema(max_length = 2000)]
    reason: Option<String>,
}

/// Resolves a ticket.
#[describe::path(put, path = "/api/v2/tickets/{ref}/resolve", operation_id = "resolve_crm_ticket", tag = "crm", request_body = ResolveBody,
    params(("ref" = String, Path, description = "any reference of the ticket")),
    responses((status = 200, body = Success<CrmTicket>)))]
pub async fn resolve(
    Shared(state): Shared<State>,
    Named(ticket): Named,
    expected: IfMatch,
    input: Input<ResolveBody>,
) -> Result<Told, Failure> {
    let mut findings = Findings::default();
    findings.text("resolution", &input.value.resolution, MAX_SUMMARY);
    findings.done()?;
    let notes = Some(input.value.resolution.clone());
    let wanted =
        TicketChange::Move { to: Status::Resolved, reason: input.value.reason.clone(), notes };
    change(&state, &input, (ticket, expected), wanted, "Ticket resolved").await
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"toAgent": "2", "reason": "The customer is a large account"}))]
pub struct CrmEscalateBody {
    /// The agent who shall have it from now on, by id; it stays where it is if absent
    #[schema(value_type = Option<u64>)]
    #[serde(alias = "toAgentId", alias = "escalatedTo", alias = "agentId")]
    to_agent: Option<AgentGiven>,
    #[schema(max_length = 2000)]
    reason: String,
}

/// Escalates a ticket: a flag, not a status (S2.15), and a colleague who has it then.
#[describe::path(put, path = "/api/v2/tickets/{ref}/escalate", operation_id = "escalate_crm_ticket", tag = "crm", request_body = CrmEscalateBody,
    params(("ref" = String, Path, description = "any reference of the ticket")),
    responses((status = 200, body = Success<CrmTicket>)))]
pub async fn escalate(
    Shared(state): Shared<State>,
    Named(ticket): Named,
    expected: IfMatch,
    input: Input<CrmEscalateBody>,
) -> Result<Told, Failure> {
    let reason = input.value.reason.clone();
    let wanted = match &input.value.to_agent {
        Some(agent) => TicketChange::EscalateTo { agent: agent.id(&input, "toAgent")?, reason },
        None => TicketChange::Escalate { reason, to: None },
    };
    change(&state, &input, (ticket, expected), wanted, "Ticket escalated").await
}
