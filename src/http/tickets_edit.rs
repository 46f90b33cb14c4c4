//! Making, editing, deleting and restoring tickets (S3.22, S3.31).

use std::collections::BTreeMap;

use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Deserializer};

use super::State;
use super::calls::phone_digits;
use super::error::Failure;
use super::etag::{IfMatch, Tagged};
use super::extract::{Input, Named};
use super::intake::{Findings, given, requester};
use super::queue::Nothing;
use super::ticket_view::TicketView;
use super::tickets_actions::{AgentName, answer, change};
use crate::describe::{self, ToSchema};
use crate::domain::channel::Channel;
use crate::domain::entry::Speaker;
use crate::domain::priority::Priority;
use crate::domain::status::Status;
use crate::domain::ticket::{
    MAX_CATEGORY, MAX_DESCRIPTION, MAX_METADATA, MAX_METADATA_KEY, MAX_METADATA_VALUE, MAX_NAME,
    MAX_ORDER_ID, MAX_SUBJECT, MAX_SUMMARY,
};
use crate::engine::command::Command;
use crate::engine::desk::{Edits, NewTicket, TicketChange};
use crate::engine::intake::{NewCase, NewRequester};
use crate::wire::problem::Problem;

/// Where a ticket comes from that somebody of the desk makes.
const SOURCE: &str = "agent";

#[derive(Deserialize, ToSchema)]
pub struct NewTicketBody {
    #[schema(max_length = 255, example = "Payment failed")]
    subject: String,
    #[schema(max_length = 10000, example = "My payment was declined")]
    description: String,
    /// Required, unless there is a number
    #[schema(format = "email", max_length = 254, example = "customer@example.com")]
    #[serde(alias = "customer_email")]
    requester_email: Option<String>,
    #[schema(max_length = 256, example = "Jane Smith")]
    #[serde(alias = "customer_name")]
    requester_name: Option<String>,
    /// 3 to 20 digits
    #[serde(alias = "customer_phone")]
    requester_phone: Option<String>,
    /// low, medium, high or urgent; `tickets.default_priority` if absent
    #[schema(example = "high")]
    priority: Option<String>,
    /// Taken from the words if absent
    #[schema(max_length = 64)]
    #[serde(alias = "category_id")]
    category: Option<String>,
    #[schema(max_length = 64)]
    order_id: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    /// At most 100 keys
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    /// An agent's id, or `me`
    #[schema(value_type = Option<u64>)]
    assignee_id: Option<AgentName>,
    /// web, email, chat or api, where the customer came; api if absent
    channel: Option<String>,
}

/// Makes a ticket, open at once (S3.31). What the customer wrote is the first message of its timeline.
#[describe::path(post, path = "/api/tickets", operation_id = "make_ticket", tag = "tickets", request_body = NewTicketBody,
    responses((status = 201, body = TicketView, headers(("ETag" = String), ("Location" = String)))))]
pub async fn create(
    Shared(state): Shared<State>,
    input: Input<NewTicketBody>,
) -> Result<Response, Failure> {
    let new = new_ticket(&input)?;
    let command = Command::CreateTicket(Box::new(new));
    let made = answer(&state, state.engine.submit(input.submission(command)).await?)?;
    let address = format!("/api/tickets/{}", made.0.ticket);
    Ok((StatusCode::CREATED, [(LOCATION, address)], made).into_response())
}

fn new_ticket(input: &Input<NewTicketBody>) -> Result<NewTicket, Failure> {
    let body = &input.value;
    let mut findings = Findings::default();
    findings.line("subject", &body.subject, MAX_SUBJECT);
    findings.text("description", &body.description, MAX_DESCRIPTION);
    let email = given(body.requester_email.as_ref());
    let phone = given(body.requester_phone.as_ref());
    match (email, phone) {
        (None, None) => findings.find("requester_email", "is required, or requester_phone"),
        (Some(email), _) => findings.email("requester_email", email),
        (None, Some(_)) => {}
    }
    let name = given(body.requester_name.as_ref());
    let category = given(body.category.as_ref());
    let order_id = given(body.order_id.as_ref());
    let lines = [
        ("requester_name", name, MAX_NAME),
        ("category", category, MAX_CATEGORY),
        ("order_id", order_id, MAX_ORDER_ID),
    ];
    for (field, text, max) in lines {
        if let Some(text) = text {
            findings.line(field, text, max);
        }
    }
    let keys = body.metadata.iter().map(|(key, value)| (key, Some(value)));
    metadata(&mut findings, keys);
    let channel = given(body.channel.as_ref()).map(|word| Channel::of_source(&word.to_lowercase()));
    findings.done()?;
    let requester = match email {
        Some(email) => requester(email, name),
        None => NewRequester { name: name.map(str::to_owned), ..NewRequester::default() },
    };
    let assignee = body.assignee_id.as_ref();
    Ok(NewTicket {
        case: NewCase {
            channel: channel.unwrap_or(Channel::Api),
            source: Some(SOURCE.to_owned()),
            name: None,
            delivery: None,
            requester,
            subject: Some(body.subject.trim().to_owned()),
            description: Some(body.description.clone()),
            described_by: Speaker::User,
            opened_at: None,
            order_id: order_id.map(str::to_owned),
            priority: body.priority.as_deref().map(priority).transpose()?,
            tags: body.tags.clone(),
            turns: Vec::new(),
            status: None,
        },
        phone: phone.map(|text| phone_digits("requester_phone", text)).transpose()?,
        category: category.map(str::to_owned),
        assignee: assignee.map(|name| name.id(&input.caller, "assignee_id")).transpose()?,
        metadata: body.metadata.clone(),
    })
}

fn metadata<'a>(
    findings: &mut Findings,
    keys: impl ExactSizeIterator<Item = (&'a String, Option<&'a String>)>,
) {
    if keys.len() > MAX_METADATA as usize {
        findings.find("metadata", format!("at most {MAX_METADATA} keys"));
        return;
    }
    for (key, value) in keys {
        let long = value.is_some_and(|value| value.chars().count() > MAX_METADATA_VALUE);
        let bad = key.trim().is_empty() || key.chars().any(char::is_control);
        if bad || long || key.chars().count() > MAX_METADATA_KEY {
            let why = format!(
                "keys are 1 to {MAX_METADATA_KEY} characters, values at most {MAX_METADATA_VALUE}"
            );
            findings.find("metadata", why);
            return;
        }
    }
}

pub fn priority(word: &str) -> Result<Priority, Problem> {
    Priority::parse(&word.trim().to_lowercase())
        .ok_or_else(|| Problem::field("priority", "must be low, medium, high or urgent"))
}

pub fn status(word: &str) -> Result<Status, Problem> {
    Status::parse(&word.trim().to_lowercase()).ok_or_else(|| {
        let known: Vec<&str> = Status::ALL.iter().map(|s| s.on_helpdesk_face()).collect();
        Problem::field("status", format!("must be one of {}", known.join(", ")))
    })
}

/// Tells a field that is null from one that was not sent.
pub fn sent<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

/// Fields that are not sent stay as they are; those that are null are cleared. Fields that cannot be edited are passed
/// over, so a whole ticket may be sent back.
#[derive(Clone, Default, Deserialize, ToSchema)]
pub struct EditBody {
    #[schema(max_length = 255)]
    #[serde(default, deserialize_with = "sent")]
    subject: Option<Option<String>>,
    #[schema(max_length = 10000)]
    #[serde(default, deserialize_with = "sent")]
    description: Option<Option<String>>,
    #[schema(max_length = 2000)]
    #[serde(default, deserialize_with = "sent")]
    summary: Option<Option<String>>,
    #[schema(max_length = 2000)]
    #[serde(default, deserialize_with = "sent")]
    resolution_notes: Option<Option<String>>,
    #[schema(max_length = 64)]
    #[serde(default, deserialize_with = "sent", alias = "category_id")]
    category: Option<Option<String>>,
    #[schema(max_length = 64)]
    #[serde(default, deserialize_with = "sent")]
    order_id: Option<Option<String>>,
    #[schema(max_length = 256)]
    #[serde(default, deserialize_with = "sent")]
    requester_name: Option<Option<String>>,
    #[schema(format = "email", max_length = 254)]
    #[serde(default, deserialize_with = "sent")]
    requester_email: Option<Option<String>>,
    /// 3 to 20 digits
    #[serde(default, deserialize_with = "sent")]
    requester_phone: Option<Option<String>>,
    /// low, medium, high or urgent
    #[schema(example = "urgent")]
    priority: Option<String>,
    /// new, open, in_progress, pending, waiting_internal, resolved or closed; an illegal move is 409
    status: Option<String>,
    /// An agent's id, or `me`; null takes it from whoever has it
    #[serde(default, deserialize_with = "sent")]
    #[schema(value_type = Option<u64>)]
    assignee_id: Option<Option<AgentName>>,
    on_hold: Option<bool>,
    /// All of them: others are taken away
    tags: Option<Vec<String>>,
    /// Keys that are not sent stay; those that are null are removed
    metadata: Option<BTreeMap<String, Option<String>>>,
    /// Why, for history and activity
    #[schema(max_length = 2000)]
    reason: Option<String>,
}

/// What a body asks for.
pub fn edits<T>(input: &Input<T>, body: &EditBody) -> Result<Edits, Failure> {
    let mut findings = Findings::default();
    let lines = [
        ("subject", &body.subject, MAX_SUBJECT),
        ("category", &body.category, MAX_CATEGORY),
        ("order_id", &body.order_id, MAX_ORDER_ID),
        ("requester_name", &body.requester_name, MAX_NAME),
    ];
    for (field, text, max) in lines {
        if let Some(Some(text)) = text {
            findings.line(field, text, max);
        }
    }
    let texts = [
        ("description", &body.description, MAX_DESCRIPTION),
        ("summary", &body.summary, MAX_SUMMARY),
        ("resolution_notes", &body.resolution_notes, MAX_SUMMARY),
    ];
    for (field, text, max) in texts {
        if let Some(Some(text)) = text {
            findings.text(field, text, max);
        }
    }
    if let Some(Some(email)) = &body.requester_email {
        findings.email("requester_email", email);
    }
    let values = body.metadata.clone().unwrap_or_default();
    metadata(&mut findings, values.iter().map(|(key, value)| (key, value.as_ref())));
    findings.done()?;
    let phone = match &body.requester_phone {
        Some(Some(text)) => Some(Some(phone_digits("requester_phone", text)?)),
        Some(None) => Some(None),
        None => None,
    };
    let assignee = match &body.assignee_id {
        Some(Some(name)) => Some(Some(name.id(&input.caller, "assignee_id")?)),
        Some(None) => Some(None),
        None => None,
    };
    let trimmed = |text: &Option<Option<String>>| {
        text.as_ref().map(|text| text.as_deref().map(|text| text.trim().to_owned()))
    };
    Ok(Edits {
        subject: trimmed(&body.subject),
        description: body.description.clone(),
        summary: body.summary.clone(),
        resolution_notes: body.resolution_notes.clone(),
        category: trimmed(&body.category),
        order_id: trimmed(&body.order_id),
        requester_name: trimmed(&body.requester_name),
        requester_email: trimmed(&body.requester_email),
        requester_phone: phone,
        priority: body.priority.as_deref().map(priority).transpose()?,
        status: body.status.as_deref().map(status).transpose()?,
        assignee,
        on_hold: body.on_hold,
        tags: body.tags.clone(),
        metadata: values,
        reason: body.reason.clone(),
    })
}

/// Changes the fields that are sent. With `If-Match`, only if nobody else changed the ticket since: else 412 with its
/// present state.
#[describe::path(patch, path = "/api/tickets/{ref}", operation_id = "edit_ticket", tag = "tickets", request_body = EditBody, params(("ref" = String, Path, description = "any reference of the ticket"), ("If-Match" = Option<String>, Header, description = "the ETag of the state that was seen")),
    responses((status = 200, body = TicketView, headers(("ETag" = String))), (status = 412, body = Problem)))]
pub async fn patch(
    Shared(state): Shared<State>,
    Named(ticket): Named,
    expected: IfMatch,
    input: Input<EditBody>,
) -> Result<Tagged<TicketView>, Failure> {
    let edits = edits(&input, &input.value)?;
    change(&state, &input, ticket, expected, TicketChange::Edit(Box::new(edits))).await
}

/// The same as `PATCH`: clients send whole tickets or parts of them.
#[describe::path(put, path = "/api/tickets/{ref}", operation_id = "update_ticket", tag = "tickets", request_body = EditBody, params(("ref" = String, Path, description = "any reference of the ticket"), ("If-Match" = Option<String>, Header, description = "the ETag of the state that was seen")),
    responses((status = 200, body = TicketView, headers(("ETag" = String))), (status = 412, body = Problem)))]
pub async fn put(
    state: Shared<State>,
    ticket: Named,
    expected: IfMatch,
    input: Input<EditBody>,
) -> Result<Tagged<TicketView>, Failure> {
    patch(state, ticket, expected, input).await
}

/// Deletes a ticket: nobody finds it any more, and for 30 days it can be restored.
#[describe::path(delete, path = "/api/tickets/{ref}", operation_id = "delete_ticket", tag = "tickets", params(("ref" = String, Path, description = "any reference of the ticket")),
    responses((status = 204)))]
pub async fn delete(
    Shared(state): Shared<State>,
    Named(ticket): Named,
    expected: IfMatch,
    input: Input<Nothing>,
) -> Result<StatusCode, Failure> {
    change(&state, &input, ticket, expected, TicketChange::Delete).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Brings a deleted ticket back. 409 if its conversation has gone on in another open one.
#[describe::path(post, path = "/api/tickets/{ref}/restore", operation_id = "restore_ticket", tag = "tickets", request_body = Nothing, params(("ref" = String, Path, description = "any reference of the ticket")),
    responses((status = 200, body = TicketView)))]
pub async fn restore(
    Shared(state): Shared<State>,
    Named(ticket): Named,
    input: Input<Nothing>,
) -> Result<Tagged<TicketView>, Failure> {
    change(&state, &input, ticket, IfMatch(None), TicketChange::Restore).await
}
