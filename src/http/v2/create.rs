//! Making a ticket in the CRM's words, with the defaults of its form (S2.22, S2.39).

use std::collections::BTreeMap;

use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::changes::shown;
use super::given::{AgentGiven, IdGiven, PlaceGiven, place, trimmed};
use crate::describe::{self, ToSchema};
use crate::domain::channel::Channel;
use crate::domain::crm::{Customer, Details, MAX_CRM_SUBJECT, MAX_SUBCATEGORY};
use crate::domain::entry::Speaker;
use crate::domain::priority::Priority;
use crate::domain::status::Status;
use crate::domain::ticket::{MAX_CATEGORY, MAX_DESCRIPTION, MAX_NAME};
use crate::engine::command::{Command, Reply};
use crate::engine::crm::NewCrmTicket;
use crate::engine::desk::NewTicket;
use crate::engine::intake::{NewCase, NewRequester};
use crate::http::State;
use crate::http::calls::{phone_digits, unexpected};
use crate::http::error::Failure;
use crate::http::extract::Input;
use crate::http::intake::{Findings, requester};
use crate::http::tickets_edit::priority;

/// What a ticket is about where its maker does not say it (S2.39).
const USUAL_CATEGORY: &str = "general_inquiry";

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewCrmBody {
    #[schema(max_length = 200, example = "Double charge on card")]
    subject: String,
    #[schema(max_length = 10000, example = "Charged twice for order A-17")]
    description: String,
    /// general_inquiry if absent
    #[schema(max_length = 64, example = "billing")]
    category: Option<String>,
    /// Needed for the categories of `crm.subcategory_required`
    #[schema(max_length = 64, example = "refund")]
    subcategory: Option<String>,
    /// low, medium, high or urgent; medium if absent
    #[schema(example = "high")]
    priority: Option<String>,
    /// Who it is for: a customer's number or code; or `customerPhone`, `customerEmail` or `conversationId`
    #[schema(value_type = Option<u64>, example = 17)]
    customer_id: Option<IdGiven>,
    /// 3 to 20 digits
    #[schema(example = "5214491234567")]
    customer_phone: Option<String>,
    #[schema(max_length = 254)]
    customer_email: Option<String>,
    #[schema(max_length = 256)]
    customer_name: Option<String>,
    /// The chat that it came in
    #[schema(value_type = Option<u64>, example = 3)]
    conversation_id: Option<IdGiven>,
    /// An agent's id, or `me`
    #[schema(value_type = Option<u64>)]
    assigned_agent: Option<AgentGiven>,
    #[serde(default)]
    tags: Vec<String>,
    /// An address, or an object of address, latitude and longitude
    #[schema(value_type = Option<Object>)]
    location: Option<PlaceGiven>,
}

fn new_ticket(input: &Input<NewCrmBody>) -> Result<NewCrmTicket, Failure> {
    let body = &input.value;
    let mut findings = Findings::default();
    findings.line("subject", &body.subject, MAX_CRM_SUBJECT);
    findings.text("description", &body.description, MAX_DESCRIPTION);
    let category = trimmed(body.category.as_ref()).unwrap_or_else(|| USUAL_CATEGORY.to_owned());
    let subcategory = trimmed(body.subcategory.as_ref());
    let name = trimmed(body.customer_name.as_ref());
    let email = trimmed(body.customer_email.as_ref());
    let lines = [
        ("category", Some(&category), MAX_CATEGORY),
        ("subcategory", subcategory.as_ref(), MAX_SUBCATEGORY),
        ("customerName", name.as_ref(), MAX_NAME),
    ];
    for (field, text, max) in lines {
        if let Some(text) = text {
            findings.line(field, text, max);
        }
    }
    if let Some(email) = &email {
        findings.email("customerEmail", email);
    }
    let location = place(&mut findings, body.location.as_ref());
    let phone = trimmed(body.customer_phone.as_ref());
    let nobody = body.customer_id.is_none() && phone.is_none() && body.conversation_id.is_none();
    if nobody && email.is_none() {
        let why = "is required, or customerPhone, customerEmail or conversationId";
        findings.find("customerId", why);
    }
    findings.done()?;
    let phone = phone.map(|text| phone_digits("customerPhone", &text)).transpose()?;
    let customer = match (&body.conversation_id, &body.customer_id, &phone) {
        (Some(id), _, _) => Customer::Conversation(id.number("conversationId")?),
        (None, Some(id), _) => Customer::Contact(id.number("customerId")?),
        (None, None, Some(digits)) => Customer::At {
            addresses: vec![format!("{digits}@s.whatsapp.net")],
            phone: Some(digits.clone()),
        },
        (None, None, None) => Customer::Unknown,
    };
    let requester = match &email {
        Some(email) => requester(email, name.as_deref()),
        None => NewRequester { name, ..NewRequester::default() },
    };
    let given = body.priority.as_deref().map(priority).transpose()?;
    let agent = body.assigned_agent.as_ref();
    Ok(NewCrmTicket {
        ticket: NewTicket {
            case: NewCase {
                channel: Channel::Api,
                source: Some("agent".to_owned()),
                name: None,
                delivery: None,
                requester,
                subject: Some(body.subject.trim().to_owned()),
                description: Some(body.description.clone()),
                described_by: Speaker::User,
                opened_at: None,
                order_id: None,
                priority: Some(given.unwrap_or(Priority::Medium)),
                tags: body.tags.clone(),
                turns: Vec::new(),
                status: None,
            },
            phone,
            category: Some(category),
            assignee: agent.map(|agent| agent.id(input, "assignedAgent")).transpose()?,
            metadata: BTreeMap::new(),
        },
        details: Details { subcategory, location, ..Details::default() },
        customer,
        by_assistant: false,
        tool_call: None,
        status: Status::New,
    })
}

/// Makes a ticket with the next reference of its year (S2.10).
#[describe::path(post, path = "/api/v2/tickets", operation_id = "make_crm_ticket", tag = "crm", request_body = NewCrmBody,
    responses((status = 201, body = super::Success<super::view::CrmTicket>, headers(("ETag" = String), ("Location" = String))),
        (status = 422, body = crate::wire::problem::Problem, description = "this category needs a subcategory")))]
pub async fn create(
    Shared(state): Shared<State>,
    input: Input<NewCrmBody>,
) -> Result<Response, Failure> {
    let command = Command::OpenCrmTicket(Box::new(new_ticket(&input)?));
    let ticket = match state.engine.submit(input.submission(command)).await? {
        Reply::Taken { ticket, .. } => *ticket,
        other => return Err(unexpected(&other)),
    };
    let address = format!("/api/v2/tickets/{}", ticket.ticket_id);
    let told = shown(&state, ticket, "Ticket created")?;
    Ok((StatusCode::CREATED, [(LOCATION, address)], told).into_response())
}
