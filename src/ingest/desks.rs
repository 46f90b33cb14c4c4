//! The doors of other desks: Zendesk and Intercom tell of their cases, which become tickets here (S1.15, S1.16).

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use serde::Serialize;

use super::door::{Delivery, Vendor, admit_signed};
use super::{Doors, Refused, body, vendor};
use crate::describe::{self, ToSchema};
use crate::domain::channel::Channel;
use crate::domain::email;
use crate::domain::entry::Speaker;
use crate::domain::priority::Priority;
use crate::domain::status::Status;
use crate::domain::time::Micros;
use crate::engine;
use crate::engine::command::{Command, Reply};
use crate::engine::created::Created;
use crate::engine::intake::{NewCase, NewRequester, NewTurn, ToldStatus};
use crate::wire::case::{self, Case, Side, Step};
use crate::wire::problem::Problem;
use crate::wire::{intercom as of_intercom, zendesk as of_zendesk};

/// What became of a delivery. One that comes again gets the ticket that it got before.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum CaseAnswer {
    Taken(Box<Created>),
    Ignored {
        #[schema(example = "ignored")]
        status: &'static str,
        /// Why it was passed over: ping, unknown_event, …
        reason: &'static str,
    },
}

/// Zendesk tells of a ticket (S1.15).
///
/// Takes the body of triggers as in the seed and the event subscriptions ticket.created, comment_added and
/// status_changed. One Zendesk ticket is one ticket here, whatever comes first; a delivery that comes again adds
/// nothing.
#[describe::path(post, path = "/api/tickets/webhook/zendesk", operation_id = "zendesk_tells", tag = "doors", request_body(content = serde_json::Value, description = "a trigger's body, or an event"),
    responses((status = 200, body = CaseAnswer)))]
pub async fn zendesk(
    State(doors): State<Doors>,
    request: Request,
) -> Result<Json<CaseAnswer>, Refused> {
    let (secret, now) = (doors.settings.doors.zendesk.secret.0.as_str(), doors.now());
    let check = |head: &_, body: &_| vendor::zendesk(secret, now, head, body);
    let delivery =
        admit_signed(&doors, Vendor::signing("zendesk", secret, &check), request).await?;
    let retried = delivery.header("x-zendesk-webhook-invocation-id").map(str::to_owned);
    let told = of_zendesk::parse(&body::json(&delivery)?);
    take(&doors, Channel::Zendesk, &delivery, told, retried).await
}

/// Intercom tells of a conversation (S1.16).
///
/// Takes notifications of the conversation topics and the seed's older shape. One conversation is one ticket,
/// whatever comes first; a notification that comes again adds nothing, other topics are passed over.
#[describe::path(post, path = "/api/tickets/webhook/intercom", operation_id = "intercom_tells", tag = "doors", request_body(content = serde_json::Value, description = "a notification"),
    responses((status = 200, body = CaseAnswer)))]
pub async fn intercom(
    State(doors): State<Doors>,
    request: Request,
) -> Result<Json<CaseAnswer>, Refused> {
    let secret = doors.settings.doors.intercom.secret.0.as_str();
    let check = |head: &_, body: &_| vendor::intercom(secret, head, body);
    let delivery =
        admit_signed(&doors, Vendor::signing("intercom", secret, &check), request).await?;
    let told = of_intercom::parse(&body::json(&delivery)?);
    take(&doors, Channel::Intercom, &delivery, told, None).await
}

/// Intercom looks whether there is anybody before it delivers.
pub async fn is_there() -> StatusCode {
    StatusCode::OK
}

async fn take(
    doors: &Doors,
    channel: Channel,
    delivery: &Delivery,
    told: case::Delivery,
    retried: Option<String>,
) -> Result<Json<CaseAnswer>, Refused> {
    let idempotency = delivery.idempotency().map_err(engine::Error::from)?;
    let count = |outcome| doors.engine.shared().metrics.event(channel.as_str(), outcome);
    let case = match told {
        case::Delivery::Case(case) => case,
        case::Delivery::Skipped(reason) => {
            count(reason);
            return Ok(Json(CaseAnswer::Ignored { status: "ignored", reason }));
        }
        case::Delivery::Empty(why) => return Err(Problem::bad_request(why).into()),
    };
    let said = case.turns.iter().map(|turn| turn.text.len()).sum::<usize>();
    body::fits(said + case.description.as_ref().map_or(0, String::len))?;
    // What comes again is the same bytes under the same id: an id alone may be a sender's for everything.
    let digest = xxhash_rust::xxh3::xxh3_128(&delivery.body);
    let event = case.event.clone().or(retried).map(|id| format!("{id}:{digest:x}"));
    let command = Command::TakeCase(Box::new(command(channel, *case, event)));
    let submission = delivery.submission(command).keyed(idempotency);
    match doors.engine.submit(submission).await? {
        Reply::Taken { ticket, made } => {
            count("stored");
            Ok(Json(CaseAnswer::Taken(Box::new(Created::of(*ticket, made)))))
        }
        other => Err(body::unexpected(&other)),
    }
}

fn command(channel: Channel, case: Case, event: Option<String>) -> NewCase {
    let desk = channel.as_str();
    let address = case.requester.email.filter(|text| email::is_address(text));
    let known = case.requester.id.map(|id| format!("{desk}:{id}"));
    let mailbox = address.as_deref().map(email::contact_address);
    let requester = NewRequester {
        addresses: mailbox.into_iter().chain(known).collect(),
        name: case.requester.name,
        email: address,
    };
    // A sender that names neither case nor event is known again by its words.
    let words = || {
        let parts = [requester.email.as_ref(), case.subject.as_ref(), case.description.as_ref()];
        let parts = parts.map(|part| part.map_or("", String::as_str)).join("\n");
        case.id.is_none().then(|| format!("{desk}:{parts}"))
    };
    let delivery = event.map(|event| format!("{desk}:{event}")).or_else(words);
    NewCase {
        channel,
        source: None,
        name: case.id.map(|id| format!("{desk}:{id}")),
        delivery,
        requester,
        subject: case.subject,
        description: case.description,
        described_by: speaker(case.described_by),
        opened_at: case.opened_at.map(Micros),
        order_id: None,
        priority: case.priority.as_deref().and_then(Priority::parse),
        tags: case.tags,
        turns: case.turns.into_iter().map(turn).collect(),
        status: case.state.map(|state| ToldStatus {
            status: match state.step {
                Step::Working => Status::Open,
                Step::AwaitsCustomer => Status::PendingCustomer,
                Step::OnHold => Status::WaitingInternal,
                Step::Solved => Status::Resolved,
                Step::Closed => Status::Closed,
            },
            at: state.at.map(Micros),
        }),
    }
}

fn turn(turn: case::Turn) -> NewTurn {
    NewTurn {
        id: turn.id,
        at: turn.at.map(Micros),
        speaker: speaker(turn.side),
        author: turn.author,
        text: turn.text,
        private: turn.private,
    }
}

fn speaker(side: Side) -> Speaker {
    match side {
        Side::Customer => Speaker::User,
        Side::Agent => Speaker::Agent,
        Side::Bot => Speaker::Bot,
    }
}
