//! One ticket in the CRM's words.

use axum::extract::State as Shared;

use super::Success;
use super::view::{CrmTicket, whole};
use crate::describe;
use crate::http::State;
use crate::http::error::{Failure, hidden, not_found};
use crate::http::etag::Tagged;
use crate::http::extract::{Caller, Named};
use crate::http::tickets::visible;

/// One ticket with its notes and its status history. Its `ETag` names the state that it shows.
#[describe::path(get, path = "/api/v2/tickets/{ref}", operation_id = "read_crm_ticket", tag = "crm",
    params(("ref" = String, Path, description = "any reference of the ticket: TICKET-2026-000001, its UUID, 1001, …")),
    responses((status = 200, body = Success<CrmTicket>, headers(("ETag" = String)))))]
pub async fn read(
    Shared(state): Shared<State>,
    caller: Caller,
    Named(reference): Named,
) -> Result<Tagged<Success<CrmTicket>>, Failure> {
    let now = state.engine.shared().now();
    let found = state.engine.read(|rows| {
        let Some(ticket) = rows.resolve(&reference)? else { return Ok(None) };
        if !visible(&caller, &ticket) {
            return Ok(Some(Err(hidden("such ticket"))));
        }
        let tag = rows.tag(ticket.number)?;
        Ok(Some(Ok(Tagged(tag, Success::of(whole(&rows, ticket, now)?)))))
    })?;
    found.unwrap_or_else(|| Err(not_found("such ticket")))
}
