//! Duplicates become one ticket (S3.6), and two again within an hour.

use axum::extract::State as Shared;
use serde::Deserialize;

use super::State;
use super::error::Failure;
use super::etag::{IfMatch, Tagged};
use super::extract::{Input, Named};
use super::queue::Nothing;
use super::ticket_view::TicketView;
use super::tickets_actions::{TicketName, answer, change};
use crate::describe::{self, ToSchema};
use crate::engine::command::Command;
use crate::engine::desk::TicketChange;
use crate::wire::problem::Problem;

#[derive(Deserialize, ToSchema)]
pub struct MergeBody {
    /// The tickets that become part of this one, 1 to 20
    #[serde(default, alias = "ticket_ids", alias = "source_ids", alias = "ids")]
    tickets: Vec<TicketName>,
    /// Instead: the ticket that this one becomes part of
    #[serde(alias = "target_id", alias = "target_ticket_id", alias = "merge_into")]
    into: Option<TicketName>,
    /// Why, for the activity
    #[schema(max_length = 2000)]
    reason: Option<String>,
}

/// Merges duplicates. The timelines become one, by time; every name of a merged ticket leads to the one that goes on, and
/// so does its conversation. Answers the ticket that goes on.
#[describe::path(post, path = "/api/tickets/{ref}/merge", operation_id = "merge_tickets", tag = "tickets", request_body = MergeBody, params(("ref" = String, Path, description = "any reference of the ticket")),
    responses((status = 200, body = TicketView)))]
pub async fn merge(
    Shared(state): Shared<State>,
    Named(ticket): Named,
    input: Input<MergeBody>,
) -> Result<Tagged<TicketView>, Failure> {
    let MergeBody { tickets, into, reason } = &input.value;
    if reason.as_ref().is_some_and(|reason| reason.chars().count() > 2000) {
        return Err(Problem::field("reason", "must be at most 2000 characters").into());
    }
    let (into, others) = match into {
        Some(into) if tickets.is_empty() => (into.reference()?, vec![ticket]),
        Some(_) => {
            let why = "name either the tickets that become part of this one, or the one that it becomes part of";
            return Err(Problem::field("into", why).into());
        }
        None if tickets.is_empty() => {
            return Err(Problem::field("tickets", "is required, or into").into());
        }
        None => {
            let others: Result<Vec<_>, _> = tickets.iter().map(TicketName::reference).collect();
            (ticket, others?)
        }
    };
    let command = Command::MergeTickets { into, others, reason: reason.clone() };
    answer(&state, state.engine.submit(input.submission(command)).await?)
}

/// Undoes the merge of a ticket into another, within an hour of it. What was said since stays with the other one. Answers
/// the ticket that is whole again.
#[describe::path(post, path = "/api/tickets/{ref}/unmerge", operation_id = "unmerge_ticket", tag = "tickets", request_body = Nothing, params(("ref" = String, Path, description = "any reference of the ticket that was merged into another")),
    responses((status = 200, body = TicketView)))]
pub async fn unmerge(
    Shared(state): Shared<State>,
    Named(ticket): Named,
    input: Input<Nothing>,
) -> Result<Tagged<TicketView>, Failure> {
    change(&state, &input, ticket, IfMatch(None), TicketChange::Unmerge).await
}
