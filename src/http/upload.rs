//! Taking files off a request, as they come: onto the disk piece by piece, never whole in memory.

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use futures_util::StreamExt;
use tokio::sync::mpsc;

use super::State;
use super::calls::unexpected;
use super::error::Failure;
use super::extract::Caller;
use crate::domain::file::{MAX_ATTACHED, SNIFFED, StoredFile, clean_name, media_type};
use crate::domain::reference::Reference;
use crate::engine;
use crate::engine::command::{Command, Reply};
use crate::engine::files::Kept;
use crate::engine::portal::NewFile;
use crate::wire::problem::Problem;

/// Bytes of the words beside files: what is said may have 10,000 characters.
const MAX_WORDS: usize = 40_000;
/// Pieces that may wait for the disk.
const AHEAD: usize = 4;

/// What a request brought: files that are on the disk, and the member `body` of a form.
pub struct Received {
    pub files: Vec<NewFile>,
    pub words: Option<String>,
}

/// The setting that bounds every file.
pub const MAX_SIZE: &str = "attachments.max_size";

/// What one request may bring.
#[derive(Clone, Copy)]
pub struct Most {
    pub files: usize,
    /// Of all files together; each has at most `attachments.max_size`.
    pub bytes: u64,
    /// The setting that bounds the bytes.
    pub by: &'static str,
}

/// Takes every file of a request for a ticket.
pub async fn take(
    state: &State,
    request: Request,
    name: Option<&str>,
    ticket: u64,
    caller: &Caller,
) -> Result<Vec<StoredFile>, Failure> {
    let most = Most { files: MAX_ATTACHED, bytes: u64::MAX, by: MAX_SIZE };
    let Received { files: taken, .. } = receive(state, request, name, most).await?;
    let mut files = Vec::with_capacity(taken.len());
    for file in taken {
        let command = Command::AddFile { ticket: Reference::Number(ticket), file };
        match state.engine.submit(caller.submission(command)).await? {
            Reply::File(file) => files.push(*file),
            other => return Err(unexpected(&other)),
        }
    }
    Ok(files)
}

/// Puts every file of a request onto the disk. No row speaks of them yet.
pub async fn receive(
    state: &State,
    request: Request,
    name: Option<&str>,
    most: Most,
) -> Result<Received, Failure> {
    let Ok(_permit) = state.desk.uploads.try_acquire() else {
        let why = "too many files are on their way (attachments.at_once); try again in a second";
        let mut problem = Problem::new(503, "Service Unavailable", why);
        problem.retry_after = Some(1);
        return Err(problem.into());
    };
    let (parts, body) = request.into_parts();
    let announced = parts.headers.get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|h| h.to_str().ok()).and_then(|h| h.parse::<u64>().ok());
    is_there_room(state, announced)?;
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|h| h.to_str().ok());
    let mut taken = Vec::new();
    let mut words = None;
    match kind.and_then(|kind| multer::parse_boundary(kind).ok()) {
        Some(boundary) => {
            let mut form = multer::Multipart::new(body.into_data_stream(), boundary);
            while let Some(field) = form.next_field().await.map_err(broken)? {
                let Some(name) = field.file_name().map(clean_name) else {
                    // Other members of the form that are no files say nothing here.
                    if field.name() == Some("body") {
                        words = Some(text(field).await?);
                    }
                    continue;
                };
                if taken.len() == most.files {
                    let why = format!("must be at most {} files at once", most.files);
                    return Err(Problem::field("file", why).into());
                }
                let pieces = field.map(|piece| piece.map_err(|error| error.to_string()));
                let before: u64 = taken.iter().map(|file: &NewFile| file.bytes).sum();
                let left = Most { bytes: most.bytes.saturating_sub(before), ..most };
                taken.push(keep(state, name, pieces, left).await?);
            }
            if taken.is_empty() {
                return Err(Problem::field("file", "no file is in the form").into());
            }
        }
        None => taken.push(raw(state, &parts.headers, name, body, most).await?),
    }
    Ok(Received { files: taken, words })
}

/// The words of a form.
async fn text(mut field: multer::Field<'_>) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    while let Some(piece) = field.chunk().await.map_err(broken)? {
        if bytes.len() + piece.len() > MAX_WORDS {
            return Err(Problem::field("body", format!("must be at most {MAX_WORDS} bytes")).into());
        }
        bytes.extend_from_slice(&piece);
    }
    String::from_utf8(bytes).map_err(|_| Problem::field("body", "must be UTF-8").into())
}

fn broken(error: multer::Error) -> Failure {
    Problem::bad_request(format!("the form cannot be read: {error}")).into()
}

/// The body is the file; what it is called stands in the address, or in `Content-Disposition`.
async fn raw(
    state: &State,
    headers: &HeaderMap,
    name: Option<&str>,
    body: Body,
    most: Most,
) -> Result<NewFile, Failure> {
    let told = headers.get(header::CONTENT_DISPOSITION).and_then(|h| h.to_str().ok());
    let told = told.and_then(|text| text.split("filename=").nth(1));
    let told = told.map(|text| text.split(';').next().unwrap_or_default().trim_matches('"'));
    let name = clean_name(name.or(told).unwrap_or_default());
    let pieces = body.into_data_stream().map(|piece| piece.map_err(|error| error.to_string()));
    keep(state, name, pieces, most).await
}

fn is_there_room(state: &State, announced: Option<u64>) -> Result<(), Failure> {
    let max = state.desk.max_file;
    if announced.is_some_and(|bytes| bytes > max.saturating_mul(MAX_ATTACHED as u64)) {
        return Err(too_large(max, MAX_SIZE));
    }
    let coming = announced.unwrap_or(max);
    let needed = state.engine.shared().space().needed.saturating_add(coming);
    let free = state.engine.files().free().map_err(|error| refused(&error))?;
    if free < needed {
        let why = format!("{free} bytes are free, {needed} are needed for this");
        return Err(engine::Error::NoSpace(why).into());
    }
    Ok(())
}

fn too_large(most: u64, by: &str) -> Failure {
    let why = format!("larger than {by} allows: at most {most} bytes are taken here");
    Problem::new(413, "Content Too Large", why).into()
}

fn refused(error: &std::io::Error) -> Failure {
    if error.kind() == std::io::ErrorKind::StorageFull {
        return engine::Error::NoSpace("the disk is full".into()).into();
    }
    tracing::error!(%error, "an attachment cannot be written");
    engine::Error::Unavailable(format!("the file cannot be written: {error}")).into()
}

/// Puts the pieces onto the disk, durably; nothing stays of what breaks off.
async fn keep(
    state: &State,
    name: String,
    pieces: impl futures_util::Stream<Item = Result<Bytes, String>>,
    most: Most,
) -> Result<NewFile, Failure> {
    let files = state.engine.files().clone();
    let (to_disk, mut ready) = mpsc::channel::<Option<Bytes>>(AHEAD);
    let writing = tokio::task::spawn_blocking(move || {
        let mut file = files.begin()?;
        while let Some(piece) = ready.blocking_recv() {
            match piece {
                Some(piece) => file.write(&piece)?,
                None => return file.keep().map(Some),
            }
        }
        // Whoever sent it has gone, or sent too much.
        Ok(None)
    });
    let max_file = state.desk.max_file;
    let (max, by) =
        if most.bytes < max_file { (most.bytes, most.by) } else { (max_file, MAX_SIZE) };
    let (mut head, mut bytes) = (Vec::new(), 0_u64);
    let mut pieces = std::pin::pin!(pieces);
    let outcome = loop {
        match pieces.next().await {
            None => break Ok(()),
            Some(Err(why)) => {
                break Err(Problem::bad_request(format!("the file broke off: {why}")).into());
            }
            Some(Ok(piece)) => {
                bytes += piece.len() as u64;
                if bytes > max {
                    break Err(too_large(max, by));
                }
                let wanted = SNIFFED.saturating_sub(head.len()).min(piece.len());
                head.extend_from_slice(&piece[..wanted]);
                if to_disk.send(Some(piece)).await.is_err() {
                    // Why the disk took no more is told below.
                    break Ok(());
                }
            }
        }
    };
    if outcome.is_ok() {
        let _ = to_disk.send(None).await;
    }
    drop(to_disk);
    let written = writing.await.map_err(std::io::Error::other).and_then(|written| written);
    outcome?;
    let kept = written.map_err(|error| refused(&error))?;
    let Kept { sha256, key } = kept.ok_or_else(|| Problem::bad_request("the file broke off"))?;
    if bytes == 0 {
        return Err(Problem::field("file", "must not be empty").into());
    }
    Ok(NewFile { name, media_type: media_type(&head).to_owned(), bytes, sha256, key })
}
