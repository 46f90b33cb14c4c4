//! What is done with one ticket: its way to an end, who has it, its flags, tags, followers and relatives, merging.

use axum::extract::{FromRequestParts, Path, State as Shared};
use axum::http::request::Parts;
use serde::Deserialize;

use super::State;
use super::calls::unexpected;
use super::error::Failure;
use super::etag::{IfMatch, Tagged};
use super::extract::{Caller, Input, Named, named, named_as};
use super::queue::Nothing;
use super::ticket_view::{TicketView, show};
use crate::describe::{self, ToSchema};
use crate::domain::reference::Reference;
use crate::domain::status::Status;
use crate::engine::command::{Actor, Command, Reply};
use crate::engine::desk::TicketChange;
use crate::wire::problem::Problem;

/// An agent, named by id or as `me`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "Spelling")]
pub enum AgentName {
    Id(u64),
    Me,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "must be the id of an agent, a number, or \"me\"")]
enum Spelling {
    Number(u64),
    Word(String),
}

impl TryFrom<Spelling> for AgentName {
    type Error = &'static str;

    fn try_from(given: Spelling) -> Result<AgentName, &'static str> {
        match given {
            Spelling::Number(id) => Ok(AgentName::Id(id)),
            Spelling::Word(word) => AgentName::parse(&word).ok_or(AGENT_NAME),
        }
    }
}

const AGENT_NAME: &str = "must be the id of an agent, a number, or \"me\"";

impl AgentName {
    pub fn id(self, caller: &Caller, field: &str) -> Result<u64, Failure> {
        match self {
            AgentName::Id(id) => Ok(id),
            AgentName::Me => me(caller, field),
        }
    }

    fn parse(word: &str) -> Option<AgentName> {
        match word.trim() {
            "me" => Some(AgentName::Me),
            id => id.parse().ok().map(AgentName::Id),
        }
    }
}

fn me(caller: &Caller, field: &str) -> Result<u64, Failure> {
    match caller.actor {
        Actor::Agent { id, .. } => Ok(id),
        _ => Err(Problem::field(field, "is required: this token acts as no agent").into()),
    }
}

/// Carries out a change and shows the ticket as it is then.
pub async fn change<T>(
    state: &State,
    input: &Input<T>,
    ticket: Reference,
    expected: IfMatch,
    change: TicketChange,
) -> Result<Tagged<TicketView>, Failure> {
    let command = Command::ChangeTicket { ticket, expected: expected.0, change };
    answer(state, state.engine.submit(input.submission(command)).await?)
}

/// The ticket of a reply. Its metadata may be newer than its tag, never older.
pub fn answer(state: &State, reply: Reply) -> Result<Tagged<TicketView>, Failure> {
    match reply {
        Reply::Edited { ticket, tag } => {
            Ok(Tagged(tag, state.engine.read(|rows| show(state, &rows, *ticket))?))
        }
        other => Err(unexpected(&other)),
    }
}

#[derive(Default, Deserialize, ToSchema)]
pub struct EndBody {
    /// Why, for the status history
    #[schema(max_length = 2000)]
    reason: Option<String>,
    /// What solved it
    #[schema(max_length = 2000)]
    resolution_notes: Option<String>,
}

async fn move_to(
    state: &State,
    ticket: Reference,
    to: Status,
    (expected, input): (IfMatch, Input<EndBody>),
) -> Result<Tagged<TicketView>, Failure> {
    let (reason, notes) = (input.value.reason.clone(), input.value.resolution_notes.clone());
    change(state, &input, ticket, expected, TicketChange::Move { to, reason, notes }).await
}

/// Resolves a ticket.
#[describe::path(post, path = "/api/tickets/{ref}/resolve", tag = "tickets", request_body = EndBody, params(("ref" = String, Path, description = "any reference of the ticket")),
    responses((status = 200, body = TicketView)))]
pub async fn resolve(
    Shared(state): Shared<State>,
    Named(ticket): Named,
    expected: IfMatch,
    input: Input<EndBody>,
) -> Result<Tagged<TicketView>, Failure> {
    move_to(&state, ticket, Status::Resolved, (expected, input)).await
}

/// Closes a ticket.
#[describe::path(post, path = "/api/tickets/{ref}/close", operation_id = "close_ticket", tag = "tickets", request_body = EndBody, params(("ref" = String, Path, description = "any reference of the ticket")),
    responses((status = 200, body = TicketView)))]
pub async fn close(
    Shared(state): Shared<State>,
    Named(ticket): Named,
    expected: IfMatch,
    input: Input<EndBody>,
) -> Result<Tagged<TicketView>, Failure> {
    move_to(&state, ticket, Status::Closed, (expected, input)).await
}

/// Opens a resolved or closed ticket again.
#[describe::path(post, path = "/api/tickets/{ref}/reopen", tag = "tickets", request_body = EndBody, params(("ref" = String, Path, description = "any reference of the ticket")),
    responses((status = 200, body = TicketView)))]
pub async fn reopen(
    Shared(state): Shared<State>,
    Named(ticket): Named,
    expected: IfMatch,
    input: Input<EndBody>,
) -> Result<Tagged<TicketView>, Failure> {
    move_to(&state, ticket, Status::Open, (expected, input)).await
}

#[derive(Deserialize, ToSchema)]
pub struct AssignBody {
    /// The agent's id, or `me`
    #[serde(alias = "agent_id")]
    #[schema(value_type = u64)]
    assignee_id: AgentName,
    /// Why, for the activity
    #[schema(max_length = 2000)]
    reason: Option<String>,
}

/// Gives a ticket to an agent, whoever has it (S3.6); a new one is open then.
#[describe::path(post, path = "/api/tickets/{ref}/assign", operation_id = "assign_ticket", tag = "tickets", request_body = AssignBody, params(("ref" = String, Path, description = "any reference of the ticket")),
    responses((status = 200, body = TicketView)))]
pub async fn assign(
    Shared(state): Shared<State>,
    Named(ticket): Named,
    expected: IfMatch,
    input: Input<AssignBody>,
) -> Result<Tagged<TicketView>, Failure> {
    let agent = input.value.assignee_id.id(&input.caller, "assignee_id")?;
    let reason = input.value.reason.clone();
    change(&state, &input, ticket, expected, TicketChange::Assign { agent, reason }).await
}

#[derive(Deserialize, ToSchema)]
pub struct ReasonBody {
    /// Why, for the activity
    #[schema(max_length = 2000)]
    reason: Option<String>,
}

/// Takes a ticket from whoever has it: it is in the queue again.
#[describe::path(post, path = "/api/tickets/{ref}/unassign", operation_id = "unassign_ticket", tag = "tickets", request_body = ReasonBody, params(("ref" = String, Path, description = "any reference of the ticket")),
    responses((status = 200, body = TicketView)))]
pub async fn unassign(
    Shared(state): Shared<State>,
    Named(ticket): Named,
    expected: IfMatch,
    input: Input<ReasonBody>,
) -> Result<Tagged<TicketView>, Failure> {
    let reason = input.value.reason.clone();
    change(&state, &input, ticket, expected, TicketChange::Unassign { reason }).await
}

#[derive(Deserialize, ToSchema)]
pub struct EscalateBody {
    #[schema(max_length = 2000)]
    reason: String,
    /// The agent who is to have it: an id, or `me`; whoever has it keeps it if absent
    #[schema(value_type = Option<u64>)]
    to: Option<AgentName>,
}

/// Flags a ticket as escalated; its status stays (S2.15).
#[describe::path(post, path = "/api/tickets/{ref}/escalate", operation_id = "escalate_ticket", tag = "tickets", request_body = EscalateBody, params(("ref" = String, Path, description = "any reference of the ticket")),
    responses((status = 200, body = TicketView)))]
pub async fn escalate(
    Shared(state): Shared<State>,
    Named(ticket): Named,
    expected: IfMatch,
    input: Input<EscalateBody>,
) -> Result<Tagged<TicketView>, Failure> {
    let reason = input.value.reason.clone();
    let to = input.value.to.map(|name| name.id(&input.caller, "to")).transpose()?;
    change(&state, &input, ticket, expected, TicketChange::Escalate { reason, to }).await
}

/// Takes the flag of an escalation away.
#[describe::path(post, path = "/api/tickets/{ref}/deescalate", operation_id = "deescalate_ticket", tag = "tickets", request_body = Nothing, params(("ref" = String, Path, description = "any reference of the ticket")),
    responses((status = 200, body = TicketView)))]
pub async fn deescalate(
    Shared(state): Shared<State>,
    Named(ticket): Named,
    expected: IfMatch,
    input: Input<Nothing>,
) -> Result<Tagged<TicketView>, Failure> {
    change(&state, &input, ticket, expected, TicketChange::Deescalate).await
}

#[derive(Deserialize, ToSchema)]
pub struct TagsBody {
    /// At most 32 on a ticket, of at most 64 characters, without commas
    tags: Vec<String>,
}

/// Adds tags; those that it has already, however capitalised, stay as they are.
#[describe::path(post, path = "/api/tickets/{ref}/tags", operation_id = "add_tags", tag = "tickets", request_body = TagsBody, params(("ref" = String, Path, description = "any reference of the ticket")),
    responses((status = 200, body = TicketView)))]
pub async fn add_tags(
    Shared(state): Shared<State>,
    Named(ticket): Named,
    expected: IfMatch,
    input: Input<TagsBody>,
) -> Result<Tagged<TicketView>, Failure> {
    let (add, remove) = (input.value.tags.clone(), Vec::new());
    change(&state, &input, ticket, expected, TicketChange::Tag { add, remove }).await
}

/// A ticket and something of it, both named in the path.
pub struct NamedPart(Reference, String);

impl FromRequestParts<State> for NamedPart {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<NamedPart, Failure> {
        let Path((ticket, part)) = Path::<(String, String)>::from_request_parts(parts, state)
            .await
            .map_err(|e| Problem::bad_request(format!("path: {}", e.body_text())))?;
        Ok(NamedPart(named(&ticket)?, part))
    }
}

/// Takes a tag away; one that the ticket does not have changes nothing.
#[describe::path(delete, path = "/api/tickets/{ref}/tags/{tag}", operation_id = "remove_tag", tag = "tickets", params(("ref" = String, Path, description = "any reference of the ticket"), ("tag" = String, Path, description = "the tag, however capitalised")),
    responses((status = 200, body = TicketView)))]
pub async fn remove_tag(
    Shared(state): Shared<State>,
    NamedPart(ticket, tag): NamedPart,
    expected: IfMatch,
    input: Input<Nothing>,
) -> Result<Tagged<TicketView>, Failure> {
    let (add, remove) = (Vec::new(), vec![tag]);
    change(&state, &input, ticket, expected, TicketChange::Tag { add, remove }).await
}

#[derive(Deserialize, ToSchema)]
pub struct FollowBody {
    /// The agent's id; oneself if absent
    #[schema(value_type = Option<u64>)]
    agent_id: Option<AgentName>,
}

/// Lets an agent follow a ticket: they see it whoever has it (DESIGN C9).
#[describe::path(post, path = "/api/tickets/{ref}/followers", operation_id = "follow_ticket", tag = "tickets", request_body = FollowBody, params(("ref" = String, Path, description = "any reference of the ticket")),
    responses((status = 200, body = TicketView)))]
pub async fn follow(
    Shared(state): Shared<State>,
    Named(ticket): Named,
    expected: IfMatch,
    input: Input<FollowBody>,
) -> Result<Tagged<TicketView>, Failure> {
    let agent = match &input.value.agent_id {
        Some(name) => name.id(&input.caller, "agent_id")?,
        None => me(&input.caller, "agent_id")?,
    };
    change(&state, &input, ticket, expected, TicketChange::Follow { agent }).await
}

/// Ends following; `me` is oneself.
#[describe::path(delete, path = "/api/tickets/{ref}/followers/{agent}", operation_id = "unfollow_ticket", tag = "tickets", params(("ref" = String, Path, description = "any reference of the ticket"), ("agent" = String, Path, description = "the agent's id, or me")),
    responses((status = 200, body = TicketView)))]
pub async fn unfollow(
    Shared(state): Shared<State>,
    NamedPart(ticket, agent): NamedPart,
    expected: IfMatch,
    input: Input<Nothing>,
) -> Result<Tagged<TicketView>, Failure> {
    let named = AgentName::parse(&agent).ok_or_else(|| Problem::field("agent", AGENT_NAME))?;
    let agent = named.id(&input.caller, "agent")?;
    change(&state, &input, ticket, expected, TicketChange::Unfollow { agent }).await
}

#[derive(Deserialize, ToSchema)]
pub struct RelateBody {
    /// Any reference of the other ticket
    #[schema(max_length = 128)]
    ticket: String,
}

/// A ticket, by any of its references; a number may be written as one.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(untagged, expecting = "must be a ticket's number or any other reference of it")]
pub enum TicketName {
    Number(u64),
    Word(String),
}

impl TicketName {
    pub fn reference(&self) -> Result<Reference, Failure> {
        match self {
            TicketName::Number(number) => Ok(Reference::Number(*number)),
            TicketName::Word(word) => named(word),
        }
    }
}

/// Ties two tickets together, both ways.
#[describe::path(post, path = "/api/tickets/{ref}/related", operation_id = "relate_tickets", tag = "tickets", request_body = RelateBody, params(("ref" = String, Path, description = "any reference of the ticket")),
    responses((status = 200, body = TicketView)))]
pub async fn relate(
    Shared(state): Shared<State>,
    Named(ticket): Named,
    expected: IfMatch,
    input: Input<RelateBody>,
) -> Result<Tagged<TicketView>, Failure> {
    let other = named_as("ticket", &input.value.ticket)?;
    change(&state, &input, ticket, expected, TicketChange::Relate { other }).await
}

/// Unties two tickets, both ways.
#[describe::path(delete, path = "/api/tickets/{ref}/related/{other}", operation_id = "unrelate_tickets", tag = "tickets", params(("ref" = String, Path, description = "any reference of the ticket"), ("other" = String, Path, description = "any reference of the other ticket")),
    responses((status = 200, body = TicketView)))]
pub async fn unrelate(
    Shared(state): Shared<State>,
    NamedPart(ticket, other): NamedPart,
    expected: IfMatch,
    input: Input<Nothing>,
) -> Result<Tagged<TicketView>, Failure> {
    let other = named(&other)?;
    change(&state, &input, ticket, expected, TicketChange::Unrelate { other }).await
}
