//! What a customer sees of their one ticket, by the token that they were given: no notes, no tool calls, nobody else's.

use axum::Json;
use axum::extract::State as Shared;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use serde::{Deserialize, Serialize};

use super::State;
use super::error::{Failure, not_found};
use super::extract::{Named, Query, limit, number};
use crate::auth::token;
use crate::describe::{self, IntoParams, ToSchema};
use crate::domain::entry::{Entry, Kind};
use crate::domain::file::StoredFile;
use crate::domain::rating::{CHANGEABLE_FOR, Rating};
use crate::domain::ticket::Ticket;
use crate::domain::time::Micros;
use crate::engine::rows::key;
use crate::wire::problem::Problem;

const MAX_PAGE_BYTES: usize = 8 << 20;

#[derive(Serialize, ToSchema)]
pub struct PublicTicket {
    /// UUIDv7
    id: String,
    #[schema(example = "#1001")]
    ticket_number: String,
    #[schema(example = "TKT-20250128-A1B2C3D4")]
    ticket_id: String,
    subject: Option<String>,
    /// new, open, in_progress, pending, waiting_internal, resolved or closed
    status: &'static str,
    /// low, medium, high or urgent
    priority: &'static str,
    #[schema(value_type = String, format = DateTime)]
    created_at: Micros,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Micros,
}

impl From<Ticket> for PublicTicket {
    fn from(t: Ticket) -> PublicTicket {
        PublicTicket {
            id: t.id.to_string(),
            ticket_number: format!("#{}", t.number),
            ticket_id: t.ticket_id,
            subject: t.subject,
            status: t.status.on_helpdesk_face(),
            priority: t.priority.as_str(),
            created_at: t.created_at,
            updated_at: t.updated_at,
        }
    }
}

/// What was said for everybody to read.
#[derive(Serialize, ToSchema)]
pub struct PublicEntry {
    id: u32,
    #[schema(value_type = String, format = DateTime)]
    at: Micros,
    /// user, agent or bot
    speaker: &'static str,
    author: Option<String>,
    body: String,
    /// Read each at `…/attachments/{id}`
    #[serde(skip_serializing_if = "Option::is_none")]
    attachments: Option<Vec<PublicFile>>,
}

/// A file, as its customer sees it.
#[derive(Serialize, ToSchema)]
pub struct PublicFile {
    id: u64,
    file_name: String,
    media_type: String,
    bytes: u64,
}

impl PublicEntry {
    pub fn of(entry: Entry, files: Option<&[StoredFile]>) -> PublicEntry {
        let own = files.unwrap_or_default().iter().filter(|file| file.entry == Some(entry.id));
        let own: Vec<PublicFile> = own
            .map(|file| PublicFile {
                id: file.id,
                file_name: file.name.clone(),
                media_type: file.media_type.clone(),
                bytes: file.bytes,
            })
            .collect();
        PublicEntry {
            id: entry.id,
            at: entry.at,
            speaker: entry.speaker.as_str(),
            author: entry.author,
            body: entry.body,
            attachments: if own.is_empty() { None } else { Some(own) },
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct PublicView {
    #[serde(flatten)]
    ticket: PublicTicket,
    description: Option<String>,
    requester_name: Option<String>,
    requester_email: Option<String>,
    /// In the order in which it was said
    timeline: Vec<PublicEntry>,
    /// What the customer said of it, 1 to 5
    rating: Option<u8>,
    /// Whether it may be rated now, or the rating changed
    may_be_rated: bool,
    /// Give this as `after` for the next page; absent at the end
    next: Option<u32>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PortalQuery {
    /// The customer's token, if it is not sent as bearer
    token: Option<String>,
    /// The id of the entry to go on behind; the beginning if absent
    #[param(value_type = Option<i32>, minimum = 0)]
    after: Option<String>,
    /// 1 to 100, 50 if absent
    #[param(value_type = Option<i32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
}

/// A customer looks at their ticket (S3.40), by the access token of this ticket.
#[describe::path(get, path = "/api/public/tickets/{ref}", operation_id = "look_at_ticket", tag = "chat",
    params(("ref" = String, Path, description = "any reference of the ticket"), PortalQuery),
    responses((status = 200, body = PublicView)))]
pub async fn look(
    Shared(state): Shared<State>,
    Named(reference): Named,
    Query(query): Query<PortalQuery>,
    headers: HeaderMap,
) -> Result<Json<PublicView>, Failure> {
    let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let shown = bearer.and_then(token::bearer).or(query.token.as_deref());
    let shown = shown.filter(|token| !token.is_empty()).ok_or_else(|| {
        let why = "send the ticket's access token as `Authorization: Bearer …` or as `?token=…`";
        Problem::new(401, "Unauthorized", why)
    })?;
    let (hash, now) = (token::hash(shown), state.engine.shared().steady());
    let limit = limit(query.limit.as_deref(), 50)?;
    let after = u32::try_from(number("after", query.after.as_deref(), 0)?)
        .map_err(|_| Problem::field("after", "must be the id of an entry"))?;
    let found = state.engine.read(|rows| {
        let Some(ticket) = rows.resolve(&reference)? else { return Ok(None) };
        if !rows.opens(ticket.number, &hash, now)? {
            return Ok(None);
        }
        let page = rows.timeline(&ticket, after, limit, MAX_PAGE_BYTES)?;
        let rating = rows.get::<Rating>(&key::number(ticket.number))?;
        let files = rows.files(ticket.number)?;
        Ok(Some((ticket, page, rating, files)))
    })?;
    // A wrong token learns nothing, not even that there is such a ticket.
    let (ticket, page, rating, files) = found.ok_or_else(|| not_found("such ticket"))?;
    let (entries, more) =
        page.ok_or_else(|| Problem::field("after", "this ticket has no such entry"))?;
    let next = if more { entries.last().map(|entry| entry.id) } else { None };
    let public = |entry: &Entry| entry.kind == Kind::Message && entry.deleted_at.is_none();
    let timeline =
        entries.into_iter().filter(public).map(|entry| PublicEntry::of(entry, Some(&files)));
    let may_be_rated = match &rating {
        Some(rating) => now.0.saturating_sub(rating.first_at.0) <= CHANGEABLE_FOR,
        None => !ticket.status.is_open(),
    };
    Ok(Json(PublicView {
        description: ticket.description.clone(),
        requester_name: ticket.requester.name.clone(),
        requester_email: ticket.requester.email.clone(),
        timeline: timeline.collect(),
        rating: rating.map(|rating| rating.rating),
        may_be_rated,
        next,
        ticket: ticket.into(),
    }))
}
