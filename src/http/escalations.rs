//! The escalations of a ticket: each with its reason, whom it went to, and its end (S2.15, S2.33).

use axum::Json;
use axum::extract::State as Shared;
use serde::Serialize;

use super::State;
use super::error::{Failure, not_found};
use super::extract::{Caller, Named};
use super::tickets::visible;
use crate::describe::{self, ToSchema};
use crate::domain::rule::Escalated;
use crate::domain::time::Micros;

#[derive(Serialize, ToSchema)]
pub struct EscalatedView {
    reason: String,
    by: String,
    #[schema(value_type = String, format = DateTime)]
    at: Micros,
    /// The agent whom it was given to, and their name
    to: Option<u64>,
    to_name: Option<String>,
    /// When the flag was taken away, and by whom
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Micros>,
    ended_by: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct EscalatedList {
    /// The newest first, 50 at most
    escalations: Vec<EscalatedView>,
}

impl From<Escalated> for EscalatedView {
    fn from(one: Escalated) -> EscalatedView {
        let (to, to_name) = one.to.unzip();
        let (ended_at, ended_by) = one.ended.unzip();
        let Escalated { reason, by, at, .. } = one;
        EscalatedView { reason, by, at, to, to_name, ended_at, ended_by }
    }
}

/// How a ticket was escalated, by people and by rules.
#[describe::path(get, path = "/api/tickets/{ref}/escalations", operation_id = "list_escalations", tag = "tickets",
    params(("ref" = String, Path, description = "any reference of the ticket")), responses((status = 200, body = EscalatedList)))]
pub async fn list(
    Shared(state): Shared<State>,
    caller: Caller,
    Named(reference): Named,
) -> Result<Json<EscalatedList>, Failure> {
    let found = state.engine.read(|rows| {
        let ticket = rows.resolve(&reference)?.filter(|ticket| visible(&caller, ticket));
        ticket.map(|ticket| rows.escalations(ticket.number)).transpose()
    })?;
    let rows = found.ok_or_else(|| not_found("such ticket"))?;
    let escalations = rows.into_iter().rev().map(|(_, one)| one.into()).collect();
    Ok(Json(EscalatedList { escalations }))
}
