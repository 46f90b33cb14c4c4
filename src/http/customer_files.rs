//! Files of customers, by the token of their one ticket: sent with a reply, and read where they stand on something public.
//! The rules are those of agents' files: sniffed types, `attachments.max_size`, served so that no browser runs them.

use axum::Json;
use axum::extract::{Request, State as Shared};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;

use super::State;
use super::attachments::{NamedFile, serve};
use super::calls::unexpected;
use super::customer::{DOOR, Replied, TokenQuery, hex, opened, shown};
use super::error::{Failure, not_found};
use super::extract::{Named, Query};
use super::intake::Findings;
use super::portal::PublicEntry;
use super::public::within_limits;
use super::upload::{self, MAX_SIZE, Most, Received};
use super::visitor::Visitor;
use crate::describe::{self, IntoParams};
use crate::domain::entry::Kind;
use crate::domain::file::{self, MAX_FILES, MAX_FROM_CUSTOMER};
use crate::domain::ticket::MAX_DESCRIPTION;
use crate::engine;
use crate::engine::command::{Actor, Command, Reply};
use crate::engine::portal::{CUSTOMER, PortalCommand, spent_today};
use crate::wire::problem::Problem;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FilesQuery {
    /// The customer's token, if it is not sent as bearer
    token: Option<String>,
    /// What the file is called, where the body is the file itself
    name: Option<String>,
}

/// A customer sends files with a reply: `multipart/form-data` with up to 10 files and, if something is to be said, the
/// member `body`; or one file as the body, called as `?name=` says. Together they have at most `attachments.max_size`, and
/// those of a ticket in a day at most `attachments.customer_daily`.
/// Without words the reply is the files' names.
///
/// What the reply does to the ticket is what `POST …/reply` does. The token comes as bearer or in the address.
#[describe::path(post, path = "/api/public/tickets/{ref}/attachments", operation_id = "reply_with_files", tag = "portal", security(()),
    params(("ref" = String, Path, description = "any reference of the ticket"), FilesQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = Replied), (status = 409, description = "the ticket can hold no more files"), (status = 413, description = "larger than attachments.max_size"), (status = 429, description = "attachments.customer_daily of this ticket is spent; see Retry-After")))]
pub async fn send(
    Shared(state): Shared<State>,
    visitor: Visitor,
    Named(reference): Named,
    Query(query): Query<FilesQuery>,
    headers: HeaderMap,
    request: Request,
) -> Result<(StatusCode, Json<Replied>), Failure> {
    // Before a byte is taken.
    let token = shown(None, &headers, query.token.as_ref())?;
    within_limits(&state, &visitor.keys(&hex(&token)), DOOR)?;
    let ticket = opened(&state, &reference, &token)?.number;
    let there = state.engine.read(|rows| rows.files(ticket))?;
    if there.len() >= MAX_FILES {
        let why = format!("this ticket has {MAX_FILES} files, as many as it can hold");
        return Err(Problem::new(409, "Conflict", why).into());
    }
    let (daily, steady) = (state.desk.customer_daily, state.engine.shared().steady());
    let room = file::room(&there, CUSTOMER, (daily, 1), steady);
    let room = room.map_err(|spent| engine::Error::from(spent_today(daily, spent)))?;
    let most = match room < state.desk.max_file {
        true => Most { files: MAX_FROM_CUSTOMER, bytes: room, by: "attachments.customer_daily" },
        false => Most { files: MAX_FROM_CUSTOMER, bytes: state.desk.max_file, by: MAX_SIZE },
    };
    let Received { files, words } =
        upload::receive(&state, request, query.name.as_deref(), most).await?;
    let words = words.filter(|words| !words.trim().is_empty());
    let named = || files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>().join(", ");
    let body = words.unwrap_or_else(named);
    let mut findings = Findings::default();
    findings.text("body", &body, MAX_DESCRIPTION);
    findings.done()?;
    let command = Command::Portal(PortalCommand::Reply { ticket, token, body, files });
    let actor = Actor::Token { name: CUSTOMER.into() };
    match state.engine.submit(visitor.submission(actor, command)).await? {
        Reply::Interaction { ticket, entry } => {
            let files = state.engine.read(|rows| rows.files(ticket.number))?;
            let comment = PublicEntry::of(*entry, Some(&files));
            Ok((StatusCode::CREATED, Json(Replied { ticket: (*ticket).into(), comment })))
        }
        other => Err(unexpected(&other)),
    }
}

/// A file that is attached to something the customer may read.
#[describe::path(get, path = "/api/public/tickets/{ref}/attachments/{file}", operation_id = "read_own_attachment", tag = "portal",
    params(("ref" = String, Path, description = "any reference of the ticket"), ("file" = u64, Path, description = "the file's id"), TokenQuery),
    responses((status = 200, body = Vec<u8>, content_type = "*/*")))]
pub async fn read(
    Shared(state): Shared<State>,
    NamedFile(reference, id): NamedFile,
    Query(query): Query<TokenQuery>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let token = shown(None, &headers, query.token.as_ref())?;
    let ticket = opened(&state, &reference, &token)?;
    let found = state.engine.read(|rows| {
        let file = rows.files(ticket.number)?.into_iter().find(|file| file.id == id);
        let Some(file) = file else { return Ok(None) };
        let Some(entry) = file.entry else { return Ok(None) };
        let item = rows.item(&ticket, entry)?;
        let entry = item.map(|item| rows.entry(&item)).transpose()?;
        let public = entry.is_some_and(|e| e.kind == Kind::Message && e.deleted_at.is_none());
        Ok(public.then_some(file))
    })?;
    serve(&state, found.ok_or_else(|| not_found("such file"))?, false, &headers).await
}
