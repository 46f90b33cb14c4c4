//! What is held of a person, given out or erased, and what the rules of retention do: for admins (S0.51).
//!
//! Whoever is asked for is named in a body, never in an address, which proxies write down. People show their password
//! once more before anything leaves the box or is erased; a program has none.

use axum::Json;
use axum::extract::State as Shared;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::State;
use super::account::checked;
use super::contacts::ErasedView;
use super::contacts_view::ContactView;
use super::error::{Failure, not_found};
use super::extract::{Caller, Input, Query, limit, number};
use super::intake::Findings;
use super::person::Person;
use super::privacy_export;
use super::visitor::Visitor;
use crate::describe::{self, IntoParams, ToSchema};
use crate::domain::agent::Agent;
use crate::domain::audit::Who as By;
use crate::domain::deed::{Deed, MAX_REASON};
use crate::domain::reference::FIRST_NUMBER;
use crate::domain::time::Micros;
use crate::engine::contacts::Tally;
use crate::engine::holdings::Holdings;
use crate::engine::privacy::Who;
use crate::engine::rows::key;
use crate::wire::problem::Problem;

/// Characters of what names somebody.
const MAX_WHO: usize = 254;
/// Numbers of tickets that are told of somebody, the newest.
const MAX_TOLD: usize = 100;

#[derive(Serialize, ToSchema)]
pub struct PrivacyView {
    /// Whether payment card numbers and security codes are masked before anything is kept
    redact: bool,
    /// How many patterns of what else must not be kept there are
    patterns: usize,
    /// The first rule that fits a closed ticket says when it goes for good; none keeps everything
    retention: Vec<RetentionView>,
    /// Closed tickets that are due now; null while the clock is not trusted, and nothing is deleted
    due: Option<usize>,
    /// Whether more may be due than were counted
    due_more: bool,
    /// Tickets deleted for good, ever
    deleted: u64,
    /// When the last one was
    #[schema(value_type = Option<String>, format = DateTime)]
    last_deletion: Option<Micros>,
    /// Whether values are encrypted on the disk: then erasing destroys keys, in backups too
    encrypted: bool,
    /// Whether erased words may still lie in the files, until the store is written anew
    rewrite_owed: bool,
    /// Erasures that were begun and have not come to their end
    erasing: usize,
}

#[derive(Serialize, ToSchema)]
pub struct RetentionView {
    /// Null: every one
    channel: Option<&'static str>,
    /// Null: every one, and none
    category: Option<String>,
    /// After closing
    days: u32,
}

/// What is kept how long, what was deleted, and how erasing stands
#[describe::path(get, path = "/api/privacy", operation_id = "read_privacy", tag = "privacy", responses((status = 200, body = PrivacyView)))]
pub async fn read(Shared(state): Shared<State>) -> Result<Json<PrivacyView>, Failure> {
    let told = state.engine.privacy_state()?;
    let clock = state.engine.shared().clock().filter(|clock| clock.trusted);
    let (due, due_more) = match clock {
        Some(clock) => {
            let (due, next) = state.engine.outdated(FIRST_NUMBER, clock.state.wall)?;
            (Some(due.len()), next.is_some())
        }
        None => (None, false),
    };
    let shared = state.engine.shared();
    let config = &state.privacy;
    let rules = config.retention.iter().map(|rule| RetentionView {
        channel: rule.channel.map(|channel| channel.as_str()),
        category: rule.category.clone(),
        days: rule.days,
    });
    Ok(Json(PrivacyView {
        redact: config.redact,
        patterns: config.patterns.len(),
        retention: rules.collect(),
        due,
        due_more,
        deleted: told.deleted,
        last_deletion: told.last_deletion,
        encrypted: shared.seal.encrypts(),
        rewrite_owed: shared.owes_rewrite(),
        erasing: told.erasing,
    }))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DeedQuery {
    /// Deeds before this one: `next` of the page before
    #[param(value_type = Option<i32>, minimum = 0)]
    before: Option<String>,
    /// 1 to 100, 20 if absent
    #[param(value_type = Option<i32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Deeds {
    /// The newest first; a thousand are kept
    deeds: Vec<DeedView>,
    /// Give this as `before` for the next page; null at the end
    next: Option<u64>,
}

#[derive(Serialize, ToSchema)]
pub struct DeedView {
    number: u64,
    /// Of deletions the last one of the day
    #[schema(value_type = String, format = DateTime)]
    at: Micros,
    /// exported, erased or deleted
    what: &'static str,
    /// Who did it, as people are called today; null for the daemon itself and its command line
    by: Option<String>,
    /// The contact whose data they were, by number
    contact: Option<u64>,
    /// Tickets that were given out, or deleted that day
    tickets: Option<u64>,
    reason: Option<String>,
}

/// What was done for privacy: data given out or erased, tickets deleted for good
#[describe::path(get, path = "/api/privacy/deeds", operation_id = "list_privacy_deeds", tag = "privacy", params(DeedQuery), responses((status = 200, body = Deeds)))]
pub async fn deeds(
    Shared(state): Shared<State>,
    Query(query): Query<DeedQuery>,
) -> Result<Json<Deeds>, Failure> {
    let most = limit(query.limit.as_deref(), 20)?;
    let before = query.before.as_deref().map(|text| number("before", Some(text), 0)).transpose()?;
    let found = state.engine.deeds(before.map(|before| before as u64), most)?;
    let next = found.last().map(|(number, _)| *number).filter(|n| found.len() == most && *n > 1);
    let view = |(number, deed): (u64, Deed)| {
        let by = match &deed.who {
            By::Person { id } => {
                let agent = state.engine.read(|rows| rows.get::<Agent>(&key::number(*id)))?;
                agent.map(|agent| agent.name)
            }
            other => other.id(),
        };
        let Deed { at, contact, tickets, reason, .. } = deed;
        let what = deed.what.as_str();
        Ok(DeedView { number, at, what, by, contact, tickets, reason })
    };
    let deeds = found.into_iter().map(view).collect::<Result<_, Failure>>()?;
    Ok(Json(Deeds { deeds, next }))
}

#[derive(Deserialize, ToSchema)]
pub struct WhoBody {
    /// A contact's id, a phone number, an e-mail address or a chat address
    #[schema(max_length = 254, example = "+52 1 55 1234 5678")]
    who: String,
}

/// Somebody, and how much is held of them.
#[derive(Serialize, ToSchema)]
pub struct FoundView {
    /// Null: somebody who has tickets and is no contact
    contact: Option<ContactView>,
    /// What has to be typed to erase them: what they are called, else by what they were asked for
    called: String,
    /// Their tickets, those that are part of another one as well
    tickets: usize,
    open_tickets: u64,
    /// The newest hundred, by number
    ticket_numbers: Vec<u64>,
    /// Messages, notes, tool calls and events in their tickets
    entries: u64,
    files: u64,
    /// Of all their files
    file_bytes: u64,
    ratings: u64,
    #[schema(value_type = Option<String>, format = DateTime)]
    first_at: Option<Micros>,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_at: Option<Micros>,
}

#[derive(Deserialize, ToSchema)]
pub struct ExportBody {
    /// As for finding them
    #[schema(max_length = 254, example = "+52 1 55 1234 5678")]
    who: String,
    /// Why, for the account of it; it outlives the person's data, so name nobody
    #[schema(max_length = 500, example = "Request of 3 March, letter 17")]
    reason: String,
    /// The password of the person who asks; a token needs none
    #[serde(default)]
    password: Option<String>,
}

#[derive(Deserialize, ToSchema)]
pub struct EraseBody {
    /// As for finding them
    #[schema(max_length = 254, example = "+52 1 55 1234 5678")]
    who: String,
    /// As for an export
    #[schema(max_length = 500, example = "Request of 3 March, letter 17")]
    reason: String,
    /// As for an export
    #[serde(default)]
    password: Option<String>,
    /// `called` of who was found, once more: it cannot be undone
    #[schema(max_length = 254, example = "María Fernández")]
    confirm: String,
}

/// Find a person and how much is held of them
///
/// Contacts are found, and whoever only ever called or filled in a form.
#[describe::path(post, path = "/api/privacy/find", operation_id = "find_person", tag = "privacy", request_body = WhoBody,
    responses((status = 200, body = FoundView), (status = 404, body = Problem, description = "nobody is known by this")))]
pub async fn find(
    Shared(state): Shared<State>,
    input: Input<WhoBody>,
) -> Result<Json<FoundView>, Failure> {
    let who = input.value.who.trim();
    let held = held(&state, who).await?;
    let called = called(&held, who);
    let tally = Tally { tickets: held.tickets.len() as u64, open: held.open };
    Ok(Json(FoundView {
        contact: held.known.as_ref().map(|known| ContactView::of(known, tally)),
        called,
        tickets: held.tickets.len(),
        open_tickets: held.open,
        ticket_numbers: held.tickets.iter().rev().take(MAX_TOLD).copied().collect(),
        entries: held.entries,
        files: held.files,
        file_bytes: held.bytes,
        ratings: held.ratings,
        first_at: held.first_at,
        last_at: held.last_at,
    }))
}

/// All that is held of a person, as one file
///
/// One JSON document: the contact with addresses and notes, then each ticket with its timeline, metadata, rating and
/// the names of its files. It is noted who asked and why before the first byte goes.
#[describe::path(post, path = "/api/privacy/export", operation_id = "export_person", tag = "privacy", request_body = ExportBody,
    responses((status = 200, content_type = "application/json", body = serde_json::Value), (status = 404, body = Problem)))]
pub async fn export(
    Shared(state): Shared<State>,
    visitor: Visitor,
    input: Input<ExportBody>,
) -> Result<Response, Failure> {
    let ExportBody { who, reason, password } = &input.value;
    let reason = asked(&state, &input.caller, visitor, (reason, password.as_deref())).await?;
    let held = held(&state, who.trim()).await?;
    let by = (input.caller.actor.clone(), input.caller.origin);
    state.engine.note_export(by, &held, reason).await?;
    Ok(privacy_export::stream(&state, held))
}

/// Erase a person for good, contact or not
///
/// Their words, names and addresses leave tickets, timelines and everything beside them; the tickets stay, hollow, so
/// that counts stay right. Where the store is encrypted their keys are destroyed.
#[describe::path(post, path = "/api/privacy/erase", operation_id = "erase_person", tag = "privacy", request_body = EraseBody,
    responses((status = 200, body = ErasedView), (status = 404, body = Problem)))]
pub async fn erase(
    Shared(state): Shared<State>,
    visitor: Visitor,
    input: Input<EraseBody>,
) -> Result<Json<ErasedView>, Failure> {
    let EraseBody { who, reason, password, confirm } = &input.value;
    let mut findings = Findings::default();
    findings.line("confirm", confirm.trim(), MAX_WHO);
    findings.done()?;
    let reason = asked(&state, &input.caller, visitor, (reason, password.as_deref())).await?;
    let text = who.trim();
    let held = held(&state, text).await?;
    let called = called(&held, text);
    if confirm.trim() != called {
        let why = "must be `called` of who was found, as /api/privacy/find tells it";
        return Err(Problem::field("confirm", why).into());
    }
    // Whoever was found: their address may be another's by now.
    let who = held.known.as_ref().map_or_else(|| Who::parse(text), |k| Who::Contact(k.contact.id));
    let by = (input.caller.actor.clone(), input.caller.origin);
    let erased = state.engine.erase(by, who, Some(reason)).await?;
    Ok(Json(erased.ok_or_else(|| not_found("such person"))?.into()))
}

async fn held(state: &State, who: &str) -> Result<Holdings, Failure> {
    let mut findings = Findings::default();
    findings.line("who", who, MAX_WHO);
    findings.done()?;
    let held = state.engine.holdings(&Who::parse(who)).await?;
    held.ok_or_else(|| {
        let why = "nobody is known by this: give a contact's id, a phone number, an e-mail address or a chat address";
        Problem::new(404, "Not Found", why).into()
    })
}

fn called(held: &Holdings, who: &str) -> String {
    let name = held.known.as_ref().and_then(|known| known.contact.name.as_deref());
    name.map_or(who, str::trim).to_owned()
}

/// The reason, once the person who asks has shown their password.
async fn asked(
    state: &State,
    caller: &Caller,
    visitor: Visitor,
    (reason, password): (&str, Option<&str>),
) -> Result<String, Failure> {
    let mut findings = Findings::default();
    let reason = reason.trim();
    findings.text("reason", reason, MAX_REASON);
    findings.done()?;
    if let Some(person) = Person::of(state, caller, visitor) {
        let Some(password) = password else {
            return Err(Problem::field("password", "is asked for once more").into());
        };
        checked(state, &person, "password", password).await?;
    }
    Ok(reason.to_owned())
}
