//! Intake by form and API, and the status of a ticket, as seed 001 has them.

use axum::Json;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use serde::Deserialize;

use super::State;
use super::calls::unexpected;
use super::error::Failure;
use super::extract::{Caller, Input, Named, Query};
use super::ticket_view::TicketView;
use super::tickets::shown;
use crate::describe::{self, IntoParams, ToSchema};
use crate::domain::channel::Channel;
use crate::domain::email;
use crate::domain::entry::Speaker;
use crate::domain::status::Status;
use crate::domain::ticket::{MAX_DESCRIPTION, MAX_NAME, MAX_ORDER_ID, MAX_SOURCE, MAX_SUBJECT};
use crate::engine::command::{Command, Reply};
use crate::engine::created::Created;
use crate::engine::intake::{NewCase, NewRequester};
use crate::wire::problem::{FieldError, Problem};

/// A form that names no source is on the web.
const DEFAULT_SOURCE: &str = "web";

#[derive(Deserialize, ToSchema)]
pub struct CreateBody {
    #[schema(format = "email", max_length = 254, example = "john.doe@example.com")]
    customer_email: String,
    #[schema(max_length = 256, example = "John Doe")]
    customer_name: Option<String>,
    #[schema(max_length = 255, example = "Order hasn't shipped yet")]
    subject: String,
    #[schema(
        max_length = 10000,
        example = "My order #2021 was placed a week ago but hasn't shipped. Can you help?"
    )]
    description: String,
    /// Taken from the words if absent
    #[schema(max_length = 64, example = "2021")]
    order_id: Option<String>,
    /// web, email, chat, or a word of your own; web if absent
    #[schema(max_length = 32, example = "web")]
    source: Option<String>,
}

/// What is wrong with a body, field by field.
#[derive(Default)]
pub struct Findings(Vec<FieldError>);

impl Findings {
    pub fn find(&mut self, field: &str, why: impl Into<String>) {
        self.0.push(FieldError { field: field.to_owned(), detail: why.into() });
    }

    pub fn text(&mut self, field: &str, text: &str, max: usize) {
        let length = text.chars().count();
        if text.trim().is_empty() {
            self.find(field, "must not be blank");
        } else if length > max {
            self.find(field, format!("must be at most {max} characters, this one has {length}"));
        }
    }

    /// A text that may be absent or empty.
    pub fn longest(&mut self, field: &str, text: Option<&String>, max: usize) {
        let length = text.map_or(0, |text| text.chars().count());
        if length > max {
            self.find(field, format!("must be at most {max} characters, this one has {length}"));
        }
    }

    /// A text for one line.
    pub fn line(&mut self, field: &str, text: &str, max: usize) {
        if text.chars().any(char::is_control) {
            self.find(field, "must hold no control character");
        } else {
            self.text(field, text, max);
        }
    }

    pub fn email(&mut self, field: &str, text: &str) {
        if !email::is_address(text.trim()) {
            self.find(field, "must be an e-mail address as john.doe@example.com");
        }
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }

    pub fn done(self) -> Result<(), Problem> {
        if self.0.is_empty() {
            return Ok(());
        }
        let told: Vec<String> =
            self.0.iter().map(|e| format!("{}: {}", e.field, e.detail)).collect();
        let mut problem = Problem::bad_request(told.join("; "));
        problem.errors = self.0;
        Err(problem)
    }
}

/// What was given at all: forms send empty fields.
pub fn given(text: Option<&String>) -> Option<&str> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty())
}

/// The requester of this e-mail address.
pub fn requester(address: &str, name: Option<&str>) -> NewRequester {
    NewRequester {
        addresses: vec![email::contact_address(address)],
        name: name.map(str::to_owned),
        email: Some(address.trim().to_owned()),
    }
}

/// Makes a ticket of a form, a mail, anything (S1.4 to S1.7). Every request makes one.
#[describe::path(post, path = "/api/tickets/create", operation_id = "create_ticket", tag = "intake", request_body = CreateBody,
    responses((status = 201, body = Created)))]
pub async fn create(
    Shared(state): Shared<State>,
    input: Input<CreateBody>,
) -> Result<(StatusCode, Json<Created>), Failure> {
    let command = Command::TakeCase(Box::new(case(&input.value)?));
    match state.engine.submit(input.submission(command)).await? {
        Reply::Taken { ticket, made } => {
            state.engine.shared().metrics.event("create", "stored");
            Ok((StatusCode::CREATED, Json(Created::of(*ticket, made))))
        }
        other => Err(unexpected(&other)),
    }
}

fn case(body: &CreateBody) -> Result<NewCase, Problem> {
    let mut findings = Findings::default();
    findings.email("customer_email", &body.customer_email);
    findings.line("subject", &body.subject, MAX_SUBJECT);
    findings.text("description", &body.description, MAX_DESCRIPTION);
    let name = given(body.customer_name.as_ref());
    let order_id = given(body.order_id.as_ref());
    if let Some(name) = name {
        findings.line("customer_name", name, MAX_NAME);
    }
    if let Some(id) = order_id {
        findings.line("order_id", id, MAX_ORDER_ID);
    }
    let source = given(body.source.as_ref()).unwrap_or(DEFAULT_SOURCE).to_lowercase();
    let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    if source.len() > MAX_SOURCE || !source.bytes().all(good) {
        let why = format!(
            "must be 1 to {MAX_SOURCE} letters, digits, `_`, `-` or `.`, as web, email or chat"
        );
        findings.find("source", why);
    }
    findings.done()?;
    Ok(NewCase {
        channel: Channel::of_source(&source),
        source: Some(source),
        name: None,
        delivery: None,
        requester: requester(&body.customer_email, name),
        subject: Some(body.subject.trim().to_owned()),
        description: Some(body.description.clone()),
        described_by: Speaker::User,
        opened_at: None,
        order_id: order_id.map(str::to_owned),
        priority: None,
        tags: Vec::new(),
        turns: Vec::new(),
        status: None,
    })
}

#[derive(Default, Deserialize, ToSchema)]
pub struct StatusBody {
    /// new, open, in_progress, pending, waiting_internal, resolved or closed
    status: Option<String>,
    /// Why, for the status history
    #[schema(max_length = 2000)]
    reason: Option<String>,
    /// What solved it
    #[schema(max_length = 2000)]
    resolution_notes: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct StatusQuery {
    /// The same as `status` in the body
    status: Option<String>,
}

/// Moves a ticket to a status (S1.14). A move that the ticket's life does not allow is 409 and names those it does.
#[describe::path(put, path = "/api/tickets/{ref}/status", operation_id = "set_ticket_status", tag = "intake", request_body = StatusBody,
    params(("ref" = String, Path, description = "any reference of the ticket"), StatusQuery),
    responses((status = 200, body = TicketView)))]
pub async fn set_status(
    Shared(state): Shared<State>,
    Named(ticket): Named,
    caller: Caller,
    Query(query): Query<StatusQuery>,
    input: Input<StatusBody>,
) -> Result<Json<TicketView>, Failure> {
    let found = state.engine.read(|rows| rows.resolve(&ticket))?;
    let found = shown(&caller, found)?;
    let word = input.value.status.as_ref().or(query.status.as_ref());
    let word = word.ok_or_else(|| Problem::field("status", "is required"))?;
    let to = Status::parse(&word.trim().to_lowercase()).ok_or_else(|| {
        let known: Vec<&str> = Status::ALL.iter().map(|status| status.as_str()).collect();
        Problem::field("status", format!("must be one of {}", known.join(", ")))
    })?;
    if found.status == to {
        return Ok(Json(found.into()));
    }
    let (reason, notes) = (input.value.reason.clone(), input.value.resolution_notes.clone());
    let command = Command::SetStatus { ticket, to, reason, notes };
    match state.engine.submit(input.submission(command)).await? {
        Reply::Ticket(ticket) => Ok(Json((*ticket).into())),
        other => Err(unexpected(&other)),
    }
}
