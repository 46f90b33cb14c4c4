//! Taking back what lets customers look at their ticket.

use axum::Json;
use axum::extract::State as Shared;
use serde::Serialize;

use super::State;
use super::calls::unexpected;
use super::error::Failure;
use super::extract::{Input, Named};
use super::queue::Nothing;
use crate::describe::{self, ToSchema};
use crate::engine::command::{Command, Reply};

#[derive(Serialize, ToSchema)]
pub struct RevokedTokens {
    /// How many were good until now
    revoked: usize,
}

/// Revokes every token by which a customer looks at this ticket, at once.
#[describe::path(delete, path = "/api/tickets/{ref}/portal-tokens", tag = "tickets", operation_id = "revoke_portal_tokens",
    params(("ref" = String, Path, description = "any reference of the ticket")), responses((status = 200, body = RevokedTokens)))]
pub async fn revoke(
    Shared(state): Shared<State>,
    Named(ticket): Named,
    input: Input<Nothing>,
) -> Result<Json<RevokedTokens>, Failure> {
    match state.engine.submit(input.submission(Command::RevokePortalTokens { ticket })).await? {
        Reply::Swept(revoked) => Ok(Json(RevokedTokens { revoked })),
        other => Err(unexpected(&other)),
    }
}
