//! What an assistant's tools do, whichever protocol calls them. The answer is always an object that says `success`; a
//! customer learns of their own tickets alone, and of no other that it is there (S2.4 to S2.9).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::domain::channel::Channel;
use crate::domain::crm::{Customer, Details, Location, MAX_CALL_ID, MAX_CRM_SUBJECT, MAX_PLACE};
use crate::domain::entry::{Kind, Speaker};
use crate::domain::language::Language;
use crate::domain::priority::Priority;
use crate::domain::reference::Reference;
use crate::domain::sla::Target;
use crate::domain::sla_policy::SlaClock;
use crate::domain::status::Status;
use crate::domain::ticket::{MAX_DESCRIPTION, Ticket, first_line};
use crate::domain::time::Micros;
use crate::engine;
use crate::engine::command::{Command, Idempotency, Reply, Submission};
use crate::engine::crm::{Asking, NewCrmTicket};
use crate::engine::desk::NewTicket;
use crate::engine::intake::{NewCase, NewRequester};
use crate::engine::rows::{ReadError, Rows, key};
use crate::http::State;
use crate::http::extract::Caller;
use crate::wire::assistant::{self, CATEGORIES, Call};

/// As the source of these tickets.
const SOURCE: &str = "assistant";
/// What a customer's report is about where the model does not say it (S2.7).
const USUAL_CATEGORY: &str = "general_inquiry";
/// Tickets that a look-up of the recent ones tells of.
const RECENT: usize = 5;
/// Tickets that are looked at for them: some may be deleted, or part of others.
const RECENT_LOOKED_AT: usize = 200;
/// Answers of the desk that are told of a ticket, and pages of its timeline that are looked through for them.
const NOTES: usize = 5;
const PAGES: u32 = 8;
/// Bytes of a call's arguments.
const MAX_ARGUMENTS: usize = 64 << 10;

/// Carries a call out. `repeated` tells one that is sent again where its id alone does not.
pub async fn carry_out(
    state: &State,
    caller: &Caller,
    (customer, language): (&Customer, Language),
    call: &Call,
    repeated: Option<Idempotency>,
) -> Value {
    let arguments = read_arguments(&call.arguments);
    match (call.name.as_str(), arguments) {
        (assistant::CREATE, Some(given)) => {
            let Some(new) = report(customer, &call.id, &given) else {
                return refused(language.not_created());
            };
            let command = Command::OpenCrmTicket(Box::new(new));
            create(state, caller.submission(command).keyed(repeated), language).await
        }
        (assistant::CREATE, None) => refused(language.not_created()),
        (assistant::GET, Some(given)) => {
            look_up(state, customer, language, &given).unwrap_or_else(|error| {
                tracing::error!(%error, "an assistant's look-up failed");
                refused(language.not_read())
            })
        }
        (assistant::GET, None) => refused(language.not_yours()),
        _ => refused(language.no_such_tool()),
    }
}

pub fn refused(why: &str) -> Value {
    json!({"success": false, "error": why})
}

/// None where they are no object: a model's slip.
fn read_arguments(text: &str) -> Option<Map<String, Value>> {
    if text.trim().is_empty() {
        return Some(Map::new());
    }
    if text.len() > MAX_ARGUMENTS {
        return None;
    }
    serde_json::from_str(text).ok()
}

/// A text that a model gave, without what belongs in none.
fn given(arguments: &Map<String, Value>, name: &str, characters: usize) -> Option<String> {
    let text = arguments.get(name)?.as_str()?;
    let plain = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t'));
    let text: String = plain.take(characters).collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

async fn create(state: &State, report: Submission, language: Language) -> Value {
    let ticket = match state.engine.submit(report).await {
        Ok(Reply::Taken { ticket, .. }) => ticket,
        Ok(_) => return refused(language.not_created()),
        Err(engine::Error::Refused(refusal)) => {
            tracing::warn!(%refusal, "an assistant's ticket was refused");
            return refused(language.not_created());
        }
        Err(error) => {
            tracing::error!(%error, "an assistant's ticket could not be made");
            return refused(language.not_created());
        }
    };
    let mut told = json!({
        "success": true,
        "ticketId": ticket.ticket_id,
        "status": ticket.status.as_str(),
        "message": language.created(),
    });
    let now = state.engine.shared().now();
    // The ticket is made, whatever else can be told of it.
    let due = state.engine.read(|rows| resolution_due(&rows, &ticket, now)).ok().flatten();
    if let Some(due) = due {
        told["estimatedResolution"] = json!(due);
    }
    told
}

/// What a model reports, as far as it makes sense: without any words there is nothing to work on.
fn report(customer: &Customer, id: &str, arguments: &Map<String, Value>) -> Option<NewCrmTicket> {
    let subject = given(arguments, "subject", MAX_CRM_SUBJECT);
    let description = given(arguments, "description", MAX_DESCRIPTION);
    let (subject, description) = match (subject, description) {
        (Some(subject), Some(description)) => (subject, description),
        (Some(subject), None) => (subject.clone(), subject),
        (None, Some(description)) => (first_line(&description), description),
        (None, None) => return None,
    };
    let word = |name: &str| given(arguments, name, 64).map(|word| word.to_lowercase());
    let category = word("category").filter(|slug| CATEGORIES.contains(&slug.as_str()));
    Some(NewCrmTicket {
        ticket: NewTicket {
            case: NewCase {
                channel: Channel::Api,
                source: Some(SOURCE.to_owned()),
                name: None,
                delivery: None,
                requester: NewRequester::default(),
                subject: Some(subject),
                description: Some(description),
                described_by: Speaker::Bot,
                opened_at: None,
                order_id: None,
                priority: Some(
                    word("priority").as_deref().and_then(Priority::parse).unwrap_or_default(),
                ),
                tags: Vec::new(),
                turns: Vec::new(),
                status: None,
            },
            phone: None,
            category: Some(category.unwrap_or_else(|| USUAL_CATEGORY.to_owned())),
            assignee: None,
            metadata: BTreeMap::new(),
        },
        details: Details { location: place(arguments), ..Details::default() },
        customer: customer.clone(),
        by_assistant: true,
        tool_call: (1..=MAX_CALL_ID).contains(&id.len()).then(|| id.to_owned()),
        status: Status::New,
    })
}

fn place(arguments: &Map<String, Value>) -> Option<Location> {
    let address = given(arguments, "location", MAX_PLACE);
    address.map(|address| Location { address: Some(address), ..Location::default() })
}

fn resolution_due(
    rows: &Rows<'_>,
    ticket: &Ticket,
    now: Micros,
) -> Result<Option<Micros>, ReadError> {
    let Some(clock) = rows.get::<SlaClock>(&key::number(ticket.number))? else { return Ok(None) };
    let standings = rows.standings(ticket, &clock, now)?;
    let resolution = standings.iter().find(|(target, _)| *target == Target::Resolution);
    Ok(resolution.and_then(|(_, standing)| standing.due_at))
}

fn look_up(
    state: &State,
    customer: &Customer,
    language: Language,
    arguments: &Map<String, Value>,
) -> Result<Value, engine::Error> {
    let asking = state.engine.read(|rows| rows.asking(customer))?;
    let Some(asking) = asking else { return Ok(refused(language.not_yours())) };
    let recent = arguments.get("lookup_recent").is_some_and(|value| match value {
        Value::Bool(wanted) => *wanted,
        other => other == "true",
    });
    let named = match arguments.get("ticket_id") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) if text.trim().is_empty() => None,
        Some(Value::String(text)) => Some(Reference::parse(text)),
        Some(Value::Number(number)) => Some(Reference::parse(&number.to_string())),
        Some(_) => Some(None),
    };
    let now = state.engine.shared().now();
    let Some(reference) = named.filter(|_| !recent) else {
        return recent_ones(state, &asking, language, now);
    };
    let Some(reference) = reference else { return Ok(refused(language.not_yours())) };
    state.engine.read(|rows| {
        let found = rows.resolve(&reference)?;
        let theirs = match &found {
            Some(ticket) => rows.is_theirs(&asking, ticket)?,
            None => false,
        };
        let Some(ticket) = found.filter(|_| theirs) else {
            return Ok(refused(language.not_yours()));
        };
        let mut told = told(&rows, &ticket, language, now)?;
        told["success"] = json!(true);
        Ok(told)
    })
}

fn recent_ones(
    state: &State,
    asking: &Asking,
    language: Language,
    now: Micros,
) -> Result<Value, engine::Error> {
    let mut numbers = state.engine.shared().index().of_contacts(&asking.contacts);
    numbers.sort_unstable_by(|a, b| b.cmp(a));
    let tickets = state.engine.read(|rows| {
        let mut tickets = Vec::new();
        for number in numbers.iter().take(RECENT_LOOKED_AT) {
            if let Some(ticket) = rows.ticket(*number)?.filter(Ticket::is_live)
                && rows.is_theirs(asking, &ticket)?
            {
                tickets.push(told(&rows, &ticket, language, now)?);
            }
            if tickets.len() == RECENT {
                break;
            }
        }
        Ok(tickets)
    })?;
    let mut all = json!({"success": true, "count": tickets.len(), "tickets": tickets});
    if tickets.is_empty() {
        all["message"] = json!(language.none_yet());
    }
    Ok(all)
}

/// A ticket as its customer is told of it.
fn told(
    rows: &Rows<'_>,
    ticket: &Ticket,
    language: Language,
    now: Micros,
) -> Result<Value, ReadError> {
    let ended = !ticket.status.is_open();
    let due = if ended { None } else { resolution_due(rows, ticket, now)? };
    Ok(json!({
        "ticketId": ticket.ticket_id,
        "subject": ticket.subject,
        "description": ticket.description,
        "status": ticket.status.as_str(),
        "statusText": language.status(ticket.status),
        "category": ticket.category,
        "priority": ticket.priority.as_str(),
        "createdAt": ticket.created_at,
        "updatedAt": ticket.updated_at,
        "resolved": ended,
        "resolvedAt": ticket.resolved_at,
        "resolution": if ended { ticket.resolution_notes.as_deref() } else { None },
        "estimatedResolution": due,
        "notes": notes(rows, ticket)?,
    }))
}

/// The newest answers of the desk, oldest first; what is internal stays inside.
fn notes(rows: &Rows<'_>, ticket: &Ticket) -> Result<Vec<Value>, ReadError> {
    let mut notes = Vec::new();
    let first = ticket.extent.pages.saturating_sub(PAGES);
    for page in (first..ticket.extent.pages).rev() {
        for item in rows.page(ticket.number, page)?.items.iter().rev() {
            let entry = rows.entry(item)?;
            let public = entry.kind == Kind::Message && entry.speaker == Speaker::Agent;
            if public && entry.deleted_at.is_none() {
                notes.push(json!({"content": entry.body, "createdAt": entry.at}));
            }
            if notes.len() == NOTES {
                break;
            }
        }
        if notes.len() == NOTES {
            break;
        }
    }
    notes.reverse();
    Ok(notes)
}
