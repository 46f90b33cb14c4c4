//! Contacts in and out as a table for spreadsheets.
//!
//! What goes out comes in again: the same columns, cells that a spreadsheet would calculate made harmless. A table with
//! a fault in any line is refused as a whole, line by line; so it is mended and sent again, and lines that came before
//! bring up to date whom they made.

use std::fmt::Write as _;

use axum::Json;
use axum::body::to_bytes;
use axum::extract::{Request, State as Shared};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::State;
use super::calls::unexpected;
use super::contacts::ContactBody;
use super::contacts_list::{Wanted, find};
use super::contacts_view::ContactView;
use super::error::Failure;
use super::extract::{Caller, Query, number};
use super::intake::Findings;
use crate::describe::{self, IntoParams, ToSchema};
use crate::engine::command::{Command, Reply};
use crate::engine::contacts::{ContactChanges, ContactCommand, Known, Tally};
use crate::engine::{self};
use crate::wire::csv;
use crate::wire::problem::{FieldError, Problem};

/// Contacts in one table, in either direction.
const MAX_LINES: usize = 5_000;
/// Faults of a table that are told.
const MAX_FAULTS: usize = 50;
/// Lines that are written at once: they share the syncs of the journal.
const AT_ONCE: usize = 64;
/// In which the names of attributes stand behind.
const ATTRIBUTE: &str = "attribute:";
const COLUMNS: [&str; 7] = ["name", "phone", "email", "vip", "language", "tags", "notes"];

#[derive(Serialize, ToSchema)]
pub struct Imported {
    /// Lines that were taken
    taken: usize,
    /// Lines that were not, and why: an address that is another contact's, most often
    refused: Vec<RefusedLine>,
}

#[derive(Serialize, ToSchema)]
pub struct RefusedLine {
    /// From 1, the header's line
    line: usize,
    why: String,
}

/// Takes contacts from a table: `name,phone,email,vip,language,tags,notes` and `attribute:NAME`, in any order, with tags
/// between semicolons. Whom phone or e-mail name is brought up to date, others are made; empty cells change nothing.
#[describe::path(post, path = "/api/contacts/import", operation_id = "import_contacts", tag = "contacts",
    request_body(content = String, content_type = "text/csv", description = "at most 5000 lines behind the header"),
    responses((status = 200, body = Imported), (status = 400, body = Problem, description = "nothing was taken; `errors` names the lines")))]
pub async fn import(
    Shared(state): Shared<State>,
    caller: Caller,
    request: Request,
) -> Result<Json<Imported>, Failure> {
    let kind = request.headers().get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.trim_start().to_ascii_lowercase().starts_with("text/csv") {
        let why = "the body must be text/csv";
        return Err(Problem::new(415, "Unsupported Media Type", why).into());
    }
    let bytes = to_bytes(request.into_body(), state.max_body).await;
    let bytes = bytes.map_err(|error| Problem::unread_body(&error, state.max_body))?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Problem::bad_request("the table must be in UTF-8"))?;
    let lines = read(text)?;
    let (mut taken, mut refused) = (0, Vec::new());
    for chunk in lines.chunks(AT_ONCE) {
        let submitted = chunk.iter().map(|(line, changes)| {
            let changes = Box::new(changes.clone());
            let command = Command::Contact(ContactCommand::Put { changes, is_new: false });
            let submission = caller.submission(command);
            let engine = &state.engine;
            async move { (*line, engine.submit(submission).await) }
        });
        for (line, answer) in futures_util::future::join_all(submitted).await {
            match answer {
                Ok(Reply::Contact(_)) => taken += 1,
                Ok(other) => return Err(unexpected(&other)),
                Err(engine::Error::Refused(why)) => {
                    refused.push(RefusedLine { line, why: why.to_string() });
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(Json(Imported { taken, refused }))
}

/// The contacts of a table with their lines; or all that is wrong with it.
fn read(text: &str) -> Result<Vec<(usize, ContactChanges)>, Problem> {
    let records = csv::parse(text)
        .map_err(|(line, why)| Problem::bad_request(format!("line {line}: {why}")))?;
    let mut records = records.into_iter();
    let Some(head) = records.next() else {
        return Err(Problem::bad_request("line 1: the names of the columns are missing"));
    };
    let names: Vec<String> = head.fields.iter().map(|name| name.trim().to_owned()).collect();
    let is_known = |name: &str| COLUMNS.contains(&name) || name.starts_with(ATTRIBUTE);
    if let Some(unknown) = names.iter().find(|name| !is_known(name)) {
        let known = COLUMNS.join(", ");
        let why = format!("line 1: {unknown:?} is no column; there are {known} and attribute:NAME");
        return Err(Problem::bad_request(why));
    }
    let (mut found, mut faults) = (Vec::new(), Vec::new());
    for csv::Record { line, fields } in records {
        if found.len() == MAX_LINES {
            let why = format!("line {line}: at most {MAX_LINES} contacts at once");
            return Err(Problem::bad_request(why));
        }
        let mut findings = Findings::default();
        if fields.len() > names.len() {
            let why = format!("has {} cells for {} columns", fields.len(), names.len());
            findings.find("cells", why);
        }
        let body = body(&names, &fields, &mut findings);
        let changes = body.changes(&mut findings);
        if changes.phone.is_none() && changes.email.is_none() && findings.count() == 0 {
            findings.find("phone", "a contact needs a phone or an e-mail address");
        }
        if let Err(problem) = findings.done() {
            faults.extend(problem.errors.into_iter().map(|error| FieldError {
                field: format!("line {line}: {}", error.field),
                detail: error.detail,
            }));
        }
        found.push((line, changes));
    }
    if faults.is_empty() {
        return Ok(found);
    }
    let more = faults.len().saturating_sub(MAX_FAULTS);
    faults.truncate(MAX_FAULTS);
    let mut told = faults.iter().fold(String::from("nothing was taken"), |mut told, fault| {
        let _ = write!(told, "; {}: {}", fault.field, fault.detail);
        told
    });
    if more > 0 {
        let _ = write!(told, "; and {more} more");
    }
    let mut problem = Problem::bad_request(told);
    problem.errors = faults;
    Err(problem)
}

fn body(names: &[String], fields: &[String], findings: &mut Findings) -> ContactBody {
    let mut body = ContactBody::default();
    for (name, cell) in names.iter().zip(fields) {
        let cell = csv::plain(cell).trim();
        if cell.is_empty() {
            continue;
        }
        let text = cell.to_owned();
        match name.as_str() {
            "name" => body.name = Some(Some(text)),
            "phone" => body.phone = Some(text),
            "email" => body.email = Some(text),
            "language" => body.language = Some(Some(text)),
            "notes" => body.notes = Some(Some(text)),
            "tags" => {
                let tags = cell.split(';').map(str::trim).filter(|tag| !tag.is_empty());
                body.tags = Some(tags.map(str::to_owned).collect());
            }
            "vip" => match cell.to_lowercase().as_str() {
                "true" | "yes" | "1" => body.vip = Some(true),
                "false" | "no" | "0" => body.vip = Some(false),
                _ => findings.find("vip", "must be true or false"),
            },
            other => {
                let name = other.strip_prefix(ATTRIBUTE).unwrap_or(other).to_owned();
                body.attributes.insert(name, Some(text));
            }
        }
    }
    body
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// From 1; each has at most 5000 contacts, the newest first, and `X-Total-Pages` says how many there are
    #[param(value_type = Option<i32>, minimum = 1)]
    page: Option<String>,
}

/// Contacts as a table that a spreadsheet opens and `POST /api/contacts/import` takes.
#[describe::path(get, path = "/api/contacts/export", operation_id = "export_contacts", tag = "contacts", params(ExportQuery),
    responses((status = 200, body = String, content_type = "text/csv")))]
pub async fn export(
    Shared(state): Shared<State>,
    Query(query): Query<ExportQuery>,
) -> Result<Response, Failure> {
    let page = number("page", query.page.as_deref(), 1)?;
    let Some(before) = page.checked_sub(1) else {
        return Err(Problem::field("page", "at least 1").into());
    };
    let found = find(&state, Wanted::default()).await?;
    let pages = found.ids.len().div_ceil(MAX_LINES).max(1);
    let shown = found.ids.into_iter().skip(before.saturating_mul(MAX_LINES)).take(MAX_LINES);
    let known = state.engine.read(|rows| {
        let known = shown.filter_map(|id| rows.known_contact(id).transpose());
        known.collect::<Result<Vec<Known>, _>>()
    })?;
    let mut answer = table(&known).into_response();
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment; filename=\"contacts.csv\""),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-total-pages", HeaderValue::from(pages));
    Ok(answer)
}

fn table(known: &[Known]) -> String {
    let names = known.iter().flat_map(|one| one.profile.attributes.iter().map(|(name, _)| name));
    let mut attributes: Vec<&String> = names.collect();
    attributes.sort_unstable();
    attributes.dedup();
    let titles = attributes.iter().map(|name| format!("{ATTRIBUTE}{name}"));
    let titles = COLUMNS.iter().map(|name| (*name).to_owned()).chain(titles);
    let mut out = String::new();
    line(&mut out, titles);
    for one in known.iter().filter(|one| !one.contact.addresses.is_empty()) {
        let view = ContactView::of(one, Tally::default());
        let Some(own) = view.cells() else { continue };
        let more = attributes.iter().map(|name| one.profile.attribute(name).unwrap_or_default());
        line(&mut out, own.into_iter().chain(more.map(str::to_owned)));
    }
    out
}

fn line(out: &mut String, cells: impl Iterator<Item = String>) {
    for (at, cell) in cells.enumerate() {
        if at > 0 {
            out.push(',');
        }
        csv::write(out, &cell);
    }
    out.push_str("\r\n");
}
