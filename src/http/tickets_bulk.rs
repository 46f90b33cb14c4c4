//! One action on many tickets. Each is carried out by itself: one that fails stops none of the others.

use axum::Json;
use axum::extract::State as Shared;
use serde::{Deserialize, Serialize};

use super::State;
use super::error::Failure;
use super::extract::Input;
use super::tickets_actions::{AgentName, TicketName};
use super::tickets_edit::{EditBody, edits};
use crate::describe::{self, ToSchema};
use crate::domain::agent::Role;
use crate::domain::reference::Reference;
use crate::domain::status::Status;
use crate::domain::ticket::MAX_SUMMARY;
use crate::engine;
use crate::engine::command::{Command, Reply};
use crate::engine::desk::TicketChange;
use crate::wire::problem::Problem;

/// Tickets of one request.
const MAX_TICKETS: usize = 100;

#[derive(Deserialize, ToSchema)]
pub struct BulkBody {
    /// References of tickets, 1 to 100
    ids: Vec<TicketName>,
    /// update, assign, unassign, resolve, close, reopen, escalate, deescalate, hold, release, tag, untag, delete or restore
    #[schema(example = "assign")]
    action: String,
    /// With assign: the agent's id, or `me`
    #[schema(value_type = Option<u64>)]
    assignee_id: Option<AgentName>,
    /// With tag and untag
    #[serde(default)]
    tags: Vec<String>,
    /// With update: what a ticket's `PATCH` takes
    changes: Option<EditBody>,
    #[schema(max_length = 2000)]
    reason: Option<String>,
    /// With resolve and close
    #[schema(max_length = 2000)]
    resolution_notes: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct BulkAnswer {
    /// In the order of the request
    results: Vec<BulkResult>,
    succeeded: usize,
    failed: usize,
}

#[derive(Serialize, ToSchema)]
pub struct BulkResult {
    /// As it was named in the request
    id: String,
    ok: bool,
    #[schema(example = "#1001")]
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket_number: Option<String>,
    /// Why not, as the action on this ticket alone would say
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Problem>,
}

/// Does the same with many tickets. The answer is 200 whatever became of each, and says so ticket by ticket.
#[describe::path(post, path = "/api/tickets/bulk", operation_id = "change_tickets", tag = "tickets", request_body = BulkBody,
    responses((status = 200, body = BulkAnswer)))]
pub async fn bulk(
    Shared(state): Shared<State>,
    input: Input<BulkBody>,
) -> Result<Json<BulkAnswer>, Failure> {
    let body = &input.value;
    if body.ids.is_empty() || body.ids.len() > MAX_TICKETS {
        return Err(Problem::field("ids", format!("must be 1 to {MAX_TICKETS} tickets")).into());
    }
    let texts = [("reason", &body.reason), ("resolution_notes", &body.resolution_notes)];
    for (field, text) in texts {
        if text.as_ref().is_some_and(|text| text.chars().count() > MAX_SUMMARY) {
            let why = format!("must be at most {MAX_SUMMARY} characters");
            return Err(Problem::field(field, why).into());
        }
    }
    if body.changes.is_some() && body.action != "update" {
        return Err(Problem::field("changes", "is taken with update only").into());
    }
    let change = action(&input)?;
    let mut waiting = Vec::with_capacity(body.ids.len());
    for (position, name) in body.ids.iter().enumerate() {
        let pending =
            name.reference().map(|ticket| enqueue(&state, &input, position, ticket, &change));
        waiting.push((name, pending));
    }
    let mut results = Vec::with_capacity(waiting.len());
    for (name, pending) in waiting {
        let outcome = match pending {
            Ok(Ok(pending)) => pending.await.map_err(Failure::from),
            Ok(Err(refused)) => Err(refused.into()),
            Err(unnamed) => Err(unnamed),
        };
        let id = match name {
            TicketName::Number(number) => number.to_string(),
            TicketName::Word(word) => word.clone(),
        };
        results.push(match outcome {
            Ok(Reply::Edited { ticket, .. }) => {
                let ticket_number = Some(format!("#{}", ticket.number));
                BulkResult { id, ok: true, ticket_number, error: None }
            }
            Ok(other) => return Err(super::calls::unexpected(&other)),
            Err(failure) => {
                let error = Some(failure.into_problem());
                BulkResult { id, ok: false, ticket_number: None, error }
            }
        });
    }
    let succeeded = results.iter().filter(|result| result.ok).count();
    let failed = results.len() - succeeded;
    Ok(Json(BulkAnswer { results, succeeded, failed }))
}

fn enqueue(
    state: &State,
    input: &Input<BulkBody>,
    position: usize,
    ticket: Reference,
    change: &TicketChange,
) -> Result<engine::Pending, engine::Error> {
    let command = Command::ChangeTicket { ticket, expected: None, change: change.clone() };
    let mut submission = input.submission(command);
    submission.idempotency = submission.idempotency.map(|key| key.part(position));
    state.engine.enqueue(submission)
}

fn action(input: &Input<BulkBody>) -> Result<TicketChange, Failure> {
    let body = &input.value;
    let reason = body.reason.clone();
    let notes = body.resolution_notes.clone();
    let to = |to| TicketChange::Move { to, reason: reason.clone(), notes: notes.clone() };
    let required = |field: &str| Problem::field(field, format!("is required with {}", body.action));
    Ok(match body.action.as_str() {
        "update" => {
            let changes = body.changes.as_ref().ok_or_else(|| required("changes"))?;
            TicketChange::Edit(Box::new(edits(input, changes)?))
        }
        "assign" => {
            let name = body.assignee_id.as_ref().ok_or_else(|| required("assignee_id"))?;
            TicketChange::Assign { agent: name.id(&input.caller, "assignee_id")?, reason }
        }
        "unassign" => TicketChange::Unassign { reason },
        "resolve" => to(Status::Resolved),
        "close" => to(Status::Closed),
        "reopen" => to(Status::Open),
        "escalate" => {
            TicketChange::Escalate { reason: reason.ok_or_else(|| required("reason"))?, to: None }
        }
        "deescalate" => TicketChange::Deescalate,
        "hold" => TicketChange::Hold(true),
        "release" => TicketChange::Hold(false),
        "tag" | "untag" if body.tags.is_empty() => return Err(required("tags").into()),
        "tag" => TicketChange::Tag { add: body.tags.clone(), remove: Vec::new() },
        "untag" => TicketChange::Tag { add: Vec::new(), remove: body.tags.clone() },
        "delete" | "restore" if input.caller.token.acts_as() < Role::Admin => {
            let why = format!("{} is for admins", body.action);
            return Err(Problem::new(403, "Forbidden", why).into());
        }
        "delete" => TicketChange::Delete,
        "restore" => TicketChange::Restore,
        _ => {
            let known = "update, assign, unassign, resolve, close, reopen, escalate, deescalate, hold, release, tag, untag, delete or restore";
            return Err(Problem::field("action", format!("must be {known}")).into());
        }
    })
}
