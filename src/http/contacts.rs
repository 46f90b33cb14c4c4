//! Contacts: what may be asked of one today is that the person be erased.

use axum::Json;
use axum::extract::{FromRequestParts, Path, State as Shared};
use axum::http::request::Parts;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::State;
use super::error::{Failure, not_found};
use super::extract::{Caller, Query};
use crate::engine::privacy::Who;
use crate::wire::problem::Problem;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EraseQuery {
    /// `true`: it cannot be undone
    #[param(value_type = Option<bool>)]
    erase: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct ErasedView {
    contact: u64,
    /// Tickets that stay, without what was said in them and by whom
    tickets: u64,
    /// Whether their words may still lie in the files until the store is written anew
    rewrite_owed: bool,
}

/// The contact named in the path.
pub struct ContactId(u64);

impl FromRequestParts<State> for ContactId {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<ContactId, Failure> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|e| Problem::bad_request(format!("path: {}", e.body_text())))?;
        text.parse().map(ContactId).map_err(|_| not_found("such contact"))
    }
}

/// Erase a person for good
///
/// Their words, names and addresses leave tickets, timelines and everything beside them; the tickets stay, hollow, so
/// that counts stay right. Where the store is encrypted their keys are destroyed.
#[utoipa::path(
    delete,
    path = "/api/contacts/{id}",
    tag = "privacy",
    params(("id" = u64, Path, description = "The contact's id"), EraseQuery),
    responses(
        (status = 200, body = ErasedView),
        (status = 400, body = Problem, description = "Without `erase=true`"),
        (status = 404, body = Problem),
    )
)]
pub async fn erase(
    Shared(state): Shared<State>,
    caller: Caller,
    ContactId(id): ContactId,
    Query(query): Query<EraseQuery>,
) -> Result<Json<ErasedView>, Failure> {
    if query.erase.as_deref() != Some("true") {
        let why = "erase: a contact is not deleted but erased for good, with ?erase=true";
        return Err(Problem::bad_request(why).into());
    }
    let erased = state.engine.erase((caller.actor, caller.origin), Who::Contact(id)).await?;
    let erased = erased.ok_or_else(|| not_found("such contact"))?;
    let (contact, tickets, rewrite_owed) = (erased.contact, erased.tickets, erased.rewrite);
    Ok(Json(ErasedView { contact, tickets, rewrite_owed }))
}
