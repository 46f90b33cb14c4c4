//! What the customer said of a ticket, for those who work on it.

use axum::Json;
use axum::extract::State as Shared;

use super::State;
use super::customer::RatingView;
use super::error::{Failure, not_found};
use super::extract::{Caller, Named};
use super::tickets::visible;
use crate::describe;
use crate::domain::rating::Rating;
use crate::engine::rows::key;

/// The customer's rating of a ticket; 404 while there is none.
#[describe::path(get, path = "/api/tickets/{ref}/satisfaction", operation_id = "read_satisfaction", tag = "tickets",
    params(("ref" = String, Path, description = "any reference of the ticket")), responses((status = 200, body = RatingView)))]
pub async fn read(
    Shared(state): Shared<State>,
    caller: Caller,
    Named(reference): Named,
) -> Result<Json<RatingView>, Failure> {
    let found = state.engine.read(|rows| {
        let ticket = rows.resolve(&reference)?.filter(|ticket| visible(&caller, ticket));
        let Some(ticket) = ticket else { return Ok(None) };
        let rating = rows.get::<Rating>(&key::number(ticket.number))?;
        Ok(Some((ticket, rating)))
    })?;
    let (ticket, rating) = found.ok_or_else(|| not_found("such ticket"))?;
    let rating = rating.ok_or_else(|| not_found("rating of this ticket yet"))?;
    Ok(Json(RatingView::of(&ticket, rating)))
}
