//! Files of tickets: uploaded, attached to comments, and given back so that no browser runs them.

use std::io::Read;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, Path, Request, State as Shared};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::State;
use super::error::{Failure, not_found};
use super::extract::{Caller, Input, Named, Query, named};
use super::queue::Nothing;
use super::tickets::visible;
use super::upload;
use crate::describe::{self, IntoParams, ToSchema};
use crate::domain::file::{StoredFile, may_be_shown};
use crate::domain::reference::Reference;
use crate::domain::ticket::Ticket;
use crate::domain::time::Micros;
use crate::engine::command::Command;
use crate::engine::files::hex;
use crate::wire::problem::Problem;

/// Bytes read at once.
const CHUNK: usize = 64 << 10;

#[derive(Clone, Serialize, ToSchema)]
pub struct FileView {
    id: u64,
    #[schema(example = "invoice.pdf")]
    file_name: String,
    /// As its bytes say
    #[schema(example = "application/pdf")]
    media_type: String,
    bytes: u64,
    sha256: String,
    /// The entry or comment that it is attached to
    entry_id: Option<u32>,
    uploaded_by: String,
    #[schema(value_type = String, format = DateTime)]
    uploaded_at: Micros,
}

impl From<&StoredFile> for FileView {
    fn from(file: &StoredFile) -> FileView {
        FileView {
            id: file.id,
            file_name: file.name.clone(),
            media_type: file.media_type.clone(),
            bytes: file.bytes,
            sha256: hex(&file.sha256),
            entry_id: file.entry,
            uploaded_by: file.uploaded_by.clone(),
            uploaded_at: file.uploaded_at,
        }
    }
}

/// The files of one entry; none rather than an empty list.
pub fn of_entry(files: &[StoredFile], entry: u32) -> Option<Vec<FileView>> {
    let own = files.iter().filter(|file| file.entry == Some(entry));
    let own: Vec<FileView> = own.map(FileView::from).collect();
    if own.is_empty() { None } else { Some(own) }
}

#[derive(Serialize, ToSchema)]
pub struct Files {
    /// Oldest first
    attachments: Vec<FileView>,
}

fn ticket_of(state: &State, caller: &Caller, reference: &Reference) -> Result<Ticket, Failure> {
    let found = state.engine.read(|rows| rows.resolve(reference))?;
    found.filter(|t| visible(caller, t)).ok_or_else(|| not_found("such ticket"))
}

/// The files of a ticket, those included that are attached to nothing yet.
#[describe::path(get, path = "/api/tickets/{ref}/attachments", operation_id = "list_attachments", tag = "tickets",
    params(("ref" = String, Path, description = "any reference of the ticket")), responses((status = 200, body = Files)))]
pub async fn list(
    Shared(state): Shared<State>,
    caller: Caller,
    Named(reference): Named,
) -> Result<Json<Files>, Failure> {
    let ticket = ticket_of(&state, &caller, &reference)?;
    let files = state.engine.read(|rows| rows.files(ticket.number))?;
    Ok(Json(Files { attachments: files.iter().map(FileView::from).collect() }))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UploadQuery {
    /// What the file is called, where the body is the file itself
    name: Option<String>,
}

/// Uploads files for a ticket: the body is one file, called as `?name=` says, or `multipart/form-data`.
///
/// Name them in `attachments` of a comment within a day, or they go again.
#[describe::path(post, path = "/api/tickets/{ref}/attachments", operation_id = "upload_attachment", tag = "tickets",
    params(("ref" = String, Path, description = "any reference of the ticket"), UploadQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = Files), (status = 413, description = "larger than attachments.max_size")))]
pub async fn add(
    Shared(state): Shared<State>,
    caller: Caller,
    Named(reference): Named,
    Query(query): Query<UploadQuery>,
    request: Request,
) -> Result<(StatusCode, Json<Files>), Failure> {
    let ticket = ticket_of(&state, &caller, &reference)?;
    let files =
        upload::take(&state, request, query.name.as_deref(), ticket.number, &caller).await?;
    let attachments = files.iter().map(FileView::from).collect();
    Ok((StatusCode::CREATED, Json(Files { attachments })))
}

/// A file of a ticket, named in the path.
pub struct NamedFile(pub Reference, pub u64);

impl FromRequestParts<State> for NamedFile {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<NamedFile, Failure> {
        let Path((ticket, file)) = Path::<(String, String)>::from_request_parts(parts, state)
            .await
            .map_err(|e| Problem::bad_request(format!("path: {}", e.body_text())))?;
        let file = file.parse::<u64>().ok().filter(|id| *id < i64::MAX as u64);
        let file = file.ok_or_else(|| Problem::field("file", "must be the id of a file"))?;
        Ok(NamedFile(named(&ticket)?, file))
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ServeQuery {
    /// True shows an image in the page instead of saving it; of anything else it changes nothing
    inline: Option<String>,
}

/// A file, to be saved. Images may be shown (`?inline=true`); nothing is ever served as a page.
#[describe::path(get, path = "/api/tickets/{ref}/attachments/{file}", operation_id = "read_attachment", tag = "tickets",
    params(("ref" = String, Path, description = "any reference of the ticket"), ("file" = u64, Path, description = "the file's id"), ServeQuery),
    responses((status = 200, body = Vec<u8>, content_type = "*/*")))]
pub async fn read(
    Shared(state): Shared<State>,
    caller: Caller,
    NamedFile(reference, id): NamedFile,
    Query(query): Query<ServeQuery>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let ticket = ticket_of(&state, &caller, &reference)?;
    let files = state.engine.read(|rows| rows.files(ticket.number))?;
    let file = files.into_iter().find(|file| file.id == id);
    let file = file.ok_or_else(|| not_found("such file"))?;
    serve(&state, file, query.inline.as_deref() == Some("true"), &headers).await
}

/// Takes back a file that is attached to nothing.
#[describe::path(delete, path = "/api/tickets/{ref}/attachments/{file}", operation_id = "delete_attachment", tag = "tickets",
    params(("ref" = String, Path, description = "any reference of the ticket"), ("file" = u64, Path, description = "the file's id")),
    responses((status = 204), (status = 409, description = "it is attached")))]
pub async fn delete(
    Shared(state): Shared<State>,
    NamedFile(ticket, file): NamedFile,
    input: Input<Nothing>,
) -> Result<StatusCode, Failure> {
    input.carry_out(&state, Command::RemoveFile { ticket, file }).await
}

/// The bytes of a file, as something that a browser saves.
pub async fn serve(
    state: &State,
    file: StoredFile,
    inline: bool,
    headers: &HeaderMap,
) -> Result<Response, Failure> {
    let tag = format!("\"{}\"", hex(&file.sha256));
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    if known == Some(tag.as_str()) {
        return Ok(with_headers(&file, inline, &tag, Body::empty(), StatusCode::NOT_MODIFIED));
    }
    let files = state.engine.files().clone();
    let wanted = file.clone();
    let opened = tokio::task::spawn_blocking(move || files.read(&wanted)).await;
    let opened = opened.map_err(std::io::Error::other).and_then(|opened| opened);
    let mut opened = opened.map_err(|error| {
        tracing::error!(file = file.id, %error, "an attachment cannot be read");
        let why = "the bytes of this file are not there; restore the directory `files` of a backup";
        Problem::new(500, "Internal Server Error", why)
    })?;
    let (chunks, ready) = mpsc::channel::<std::io::Result<Bytes>>(2);
    tokio::task::spawn_blocking(move || {
        loop {
            let mut chunk = vec![0; CHUNK];
            let read = match opened.read(&mut chunk) {
                Ok(0) => return,
                Ok(read) => {
                    chunk.truncate(read);
                    Ok(Bytes::from(chunk))
                }
                Err(error) => Err(error),
            };
            // Whoever asked may have gone.
            if chunks.blocking_send(read).is_err() {
                return;
            }
        }
    });
    let stream = futures_util::stream::unfold(ready, |mut ready| async move {
        ready.recv().await.map(|chunk| (chunk, ready))
    });
    Ok(with_headers(&file, inline, &tag, Body::from_stream(stream), StatusCode::OK))
}

fn with_headers(
    file: &StoredFile,
    inline: bool,
    tag: &str,
    body: Body,
    status: StatusCode,
) -> Response {
    let shown = inline && may_be_shown(&file.media_type);
    let how = if shown { "inline" } else { "attachment" };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let mut put = |name: HeaderName, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    };
    let kind = match file.media_type.as_str() {
        // What is text for people may be something else for a browser.
        "text/plain" => "text/plain; charset=utf-8".to_owned(),
        kind => kind.to_owned(),
    };
    put(header::CONTENT_TYPE, kind);
    put(header::CONTENT_DISPOSITION, format!("{how}; {}", file_name(&file.name)));
    put(header::X_CONTENT_TYPE_OPTIONS, "nosniff".into());
    put(header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox".into());
    put(header::CACHE_CONTROL, "private, max-age=86400".into());
    put(header::ETAG, tag.to_owned());
    if status == StatusCode::OK {
        put(header::CONTENT_LENGTH, file.bytes.to_string());
    }
    response
}

/// Both forms of RFC 6266: for all, and for names beyond ASCII.
fn file_name(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || " ._-()".contains(c) { c } else { '_' })
        .collect();
    let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    let encode = |b: u8| if good(b) { (b as char).to_string() } else { format!("%{b:02X}") };
    let encoded: String = name.bytes().map(encode).collect();
    format!("filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_gets_through_in_both_forms() {
        assert_eq!(
            file_name("Größe \"1\".pdf"),
            "filename=\"Gr__e _1_.pdf\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%20%221%22.pdf"
        );
    }
}
