//! What the caller has begun to write on a ticket, kept for them wherever they sit down next.

use axum::Json;
use axum::extract::State as Shared;
use serde::{Deserialize, Serialize};

use super::State;
use super::calls::unexpected;
use super::error::{Failure, not_found};
use super::extract::{Caller, Input, Named};
use super::tickets::visible;
use crate::describe::{self, ToSchema};
use crate::domain::reply_draft::ReplyDraft;
use crate::domain::time::Micros;
use crate::engine::command::{Actor, Command, Reply};
use crate::engine::rows::key;
use crate::wire::problem::Problem;

#[derive(Serialize, ToSchema)]
pub struct DraftView {
    /// Empty where nothing was begun
    body: String,
    is_internal: bool,
    #[schema(value_type = Option<String>, format = DateTime)]
    updated_at: Option<Micros>,
}

impl From<ReplyDraft> for DraftView {
    fn from(draft: ReplyDraft) -> DraftView {
        let ReplyDraft { body, is_internal, updated_at } = draft;
        DraftView { body, is_internal, updated_at }
    }
}

#[derive(Deserialize, ToSchema)]
pub struct DraftBody {
    /// Empty takes the draft away
    #[schema(max_length = 65536)]
    body: String,
    #[serde(default)]
    is_internal: bool,
}

/// The caller's own draft on a ticket.
#[describe::path(get, path = "/api/drafts/{ref}", operation_id = "read_draft", tag = "tickets", params(("ref" = String, Path, description = "any reference of the ticket")),
    responses((status = 200, body = DraftView)))]
pub async fn read(
    Shared(state): Shared<State>,
    caller: Caller,
    Named(reference): Named,
) -> Result<Json<DraftView>, Failure> {
    let Actor::Agent { id, .. } = caller.actor else {
        let why = "only agents have drafts: this token acts as none";
        return Err(Problem::new(403, "Forbidden", why).into());
    };
    let found = state.engine.read(|rows| {
        let Some(ticket) = rows.resolve(&reference)?.filter(|t| visible(&caller, t)) else {
            return Ok(None);
        };
        Ok(Some(rows.get::<ReplyDraft>(&key::reply_draft(ticket.number, id))?.unwrap_or_default()))
    })?;
    Ok(Json(found.ok_or_else(|| not_found("such ticket"))?.into()))
}

/// Keeps the caller's draft on a ticket in place of the one before. Nobody else sees it, and nothing is told of it.
#[describe::path(put, path = "/api/drafts/{ref}", operation_id = "save_draft", tag = "tickets", request_body = DraftBody,
    params(("ref" = String, Path, description = "any reference of the ticket")), responses((status = 200, body = DraftView)))]
pub async fn save(
    Shared(state): Shared<State>,
    Named(ticket): Named,
    input: Input<DraftBody>,
) -> Result<Json<DraftView>, Failure> {
    let (body, is_internal) = (input.value.body.clone(), input.value.is_internal);
    let command = Command::SaveDraft { ticket, body, is_internal };
    match state.engine.submit(input.submission(command)).await? {
        Reply::Draft(draft) => Ok(Json(draft.into())),
        other => Err(unexpected(&other)),
    }
}
