//! A ticket in the words of the CRM's client.

use serde::Serialize;

use crate::describe::ToSchema;
use crate::domain::agent::Agent;
use crate::domain::crm::{Details, Location};
use crate::domain::entry::{Entry, Kind, Speaker};
use crate::domain::rating::Rating;
use crate::domain::reference::customer_code;
use crate::domain::sla::Target;
use crate::domain::sla_policy::SlaClock;
use crate::domain::ticket::{StatusChange, Ticket};
use crate::domain::time::Micros;
use crate::engine::rows::{ReadError, Rows, key};

/// Notes and answers of the desk that a ticket shows; all of them stand in its timeline.
const MAX_NOTES: usize = 200;
/// Entries that are looked through for them, and bytes of their text.
const MAX_PASSED: usize = 10_000;
const MAX_NOTE_BYTES: usize = 4 << 20;

/// A ticket of the CRM.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CrmTicket {
    /// UUIDv7
    #[serde(rename = "_id")]
    id: String,
    /// The reference of its channel; of what is made here or by an assistant, the next of its year
    #[schema(example = "TICKET-2026-000001")]
    ticket_id: String,
    #[schema(example = 1001)]
    number: u64,
    subject: Option<String>,
    description: Option<String>,
    category: Option<String>,
    subcategory: Option<String>,
    /// low, medium, high or urgent
    #[schema(example = "high")]
    priority: &'static str,
    /// new, open, in_progress, pending_customer, waiting_internal, resolved or closed
    #[schema(example = "pending_customer")]
    status: &'static str,
    /// call, whatsapp, web, email, chat, zendesk, intercom or api
    channel: &'static str,
    /// Where its maker says that it came from: assistant, agent, …; else its channel
    source: String,
    tags: Vec<String>,
    /// Who it is for; null where nothing is known of them
    customer_id: Option<CustomerRef>,
    /// The chat that it came in; null for none
    conversation_id: Option<IdRef>,
    assigned_agent: Option<AgentRef>,
    #[schema(value_type = Option<String>, format = DateTime)]
    assigned_at: Option<Micros>,
    location: Option<LocationView>,
    /// What it was promised at its creation (S2.27)
    sla_targets: Option<SlaTargets>,
    #[schema(value_type = Option<String>, format = DateTime)]
    first_response_at: Option<Micros>,
    #[schema(value_type = Option<String>, format = DateTime)]
    resolved_at: Option<Micros>,
    #[schema(value_type = Option<String>, format = DateTime)]
    closed_at: Option<Micros>,
    /// A flag beside the status (S2.15)
    on_hold: bool,
    #[schema(value_type = Option<String>, format = DateTime)]
    on_hold_since: Option<Micros>,
    /// A flag beside the status (S2.15)
    escalated: bool,
    escalated_to: Option<AgentRef>,
    escalation_reason: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    escalated_at: Option<Micros>,
    resolution: Option<Resolution>,
    /// Numbers of the tickets that belong with it
    related_tickets: Vec<u64>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Micros,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Micros,
    /// What the desk wrote, oldest first; only of a ticket by itself
    #[serde(skip_serializing_if = "Option::is_none")]
    notes: Option<Vec<NoteView>>,
    /// Only of a ticket by itself
    #[serde(skip_serializing_if = "Option::is_none")]
    status_history: Option<Vec<HistoryView>>,
    /// Only of a ticket by itself
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_feedback: Option<FeedbackView>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CustomerRef {
    /// The contact's number; null for somebody who only ever called
    #[serde(rename = "_id")]
    #[schema(example = "17")]
    id: Option<String>,
    #[schema(example = "CUST-00017")]
    customer_id: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    #[schema(example = "5214491234567")]
    phone_number: Option<String>,
    email: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct IdRef {
    #[serde(rename = "_id")]
    #[schema(example = "3")]
    id: String,
}

/// Somebody of the desk; without an id where only the name is known.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentRef {
    #[serde(rename = "_id")]
    #[schema(example = "2")]
    id: Option<String>,
    first_name: String,
    last_name: String,
    email: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct LocationView {
    address: Option<String>,
    latitude: Option<f64>,
    longitude: Option<f64>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SlaTargets {
    #[schema(example = "Fast response")]
    policy: String,
    #[schema(value_type = Option<String>, format = DateTime)]
    first_response: Option<Micros>,
    #[schema(value_type = Option<String>, format = DateTime)]
    resolution: Option<Micros>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Resolution {
    summary: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    resolved_at: Option<Micros>,
}

/// What somebody of the desk wrote (S2.52).
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NoteView {
    /// The id of its entry in the ticket's timeline
    #[serde(rename = "_id")]
    #[schema(example = "4")]
    id: String,
    content: String,
    created_by: AgentRef,
    /// True stays inside, false went to the customer
    is_internal: bool,
    #[schema(value_type = String, format = DateTime)]
    timestamp: Micros,
}

/// S2.16
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HistoryView {
    from: Option<&'static str>,
    to: &'static str,
    changed_by: AgentRef,
    #[schema(value_type = String, format = DateTime)]
    changed_at: Micros,
    reason: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FeedbackView {
    rating: u8,
    comment: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    submitted_at: Micros,
}

/// First name, and the rest.
pub fn split(name: &str) -> (String, String) {
    let (first, rest) = name.trim().split_once(' ').unwrap_or((name.trim(), ""));
    (first.to_owned(), rest.trim().to_owned())
}

impl AgentRef {
    fn named(id: Option<u64>, name: &str, email: Option<String>) -> AgentRef {
        let (first_name, last_name) = split(name);
        AgentRef { id: id.map(|id| id.to_string()), first_name, last_name, email }
    }

    fn read(rows: &Rows<'_>, id: u64, name: &str) -> Result<AgentRef, ReadError> {
        let agent = rows.get::<Agent>(&key::number(id))?;
        let name = agent.as_ref().map_or(name, |agent| &agent.name).to_owned();
        Ok(AgentRef::named(Some(id), &name, agent.and_then(|agent| agent.email)))
    }
}

impl From<Location> for LocationView {
    fn from(place: Location) -> LocationView {
        let Location { address, latitude, longitude } = place;
        LocationView { address, latitude, longitude }
    }
}

impl CustomerRef {
    fn of(ticket: &Ticket) -> Option<CustomerRef> {
        let who = &ticket.requester;
        if who.contact.is_none() && who.name.is_none() && who.phone.is_none() && who.email.is_none()
        {
            return None;
        }
        let (first_name, last_name) = names(who.name.as_deref());
        Some(CustomerRef {
            id: who.contact.map(|id| id.to_string()),
            customer_id: who.contact.map(customer_code),
            first_name,
            last_name,
            phone_number: who.phone.clone(),
            email: who.email.clone(),
        })
    }
}

/// First and last name, as far as there are any.
pub fn names(name: Option<&str>) -> (Option<String>, Option<String>) {
    let Some((first, last)) = name.map(split) else { return (None, None) };
    (Some(first), (!last.is_empty()).then_some(last))
}

/// A ticket as lists show it.
pub fn listed(rows: &Rows<'_>, ticket: Ticket, now: Micros) -> Result<CrmTicket, ReadError> {
    let Details { subcategory, location, conversation, escalated_to } =
        rows.details(ticket.number)?;
    let assigned_agent = match &ticket.assignee {
        Some(who) => Some(AgentRef::read(rows, who.agent, &who.name)?),
        None => None,
    };
    let escalated_to = match escalated_to.filter(|_| ticket.escalation.is_some()) {
        Some(id) => Some(AgentRef::read(rows, id, "")?),
        None => None,
    };
    let resolution = ticket.resolved_at.is_some() || ticket.resolution_notes.is_some();
    Ok(CrmTicket {
        sla_targets: targets(rows, &ticket, now)?,
        customer_id: CustomerRef::of(&ticket),
        resolution: resolution.then(|| Resolution {
            summary: ticket.resolution_notes.clone(),
            resolved_at: ticket.resolved_at,
        }),
        id: ticket.id.to_string(),
        ticket_id: ticket.ticket_id,
        number: ticket.number,
        subject: ticket.subject,
        description: ticket.description,
        category: ticket.category,
        subcategory,
        priority: ticket.priority.as_str(),
        status: ticket.status.as_str(),
        channel: ticket.channel.as_str(),
        source: ticket.source.unwrap_or_else(|| ticket.channel.as_str().to_owned()),
        tags: ticket.tags,
        conversation_id: ticket
            .conversation
            .or(conversation)
            .map(|id| IdRef { id: id.to_string() }),
        assigned_agent,
        assigned_at: ticket.assigned_at,
        location: location.map(LocationView::from),
        first_response_at: ticket.first_response_at,
        resolved_at: ticket.resolved_at,
        closed_at: ticket.closed_at,
        on_hold: ticket.on_hold.is_some(),
        on_hold_since: ticket.on_hold,
        escalated: ticket.escalation.is_some(),
        escalated_to,
        escalation_reason: ticket.escalation.as_ref().map(|e| e.reason.clone()),
        escalated_at: ticket.escalation.map(|e| e.at),
        related_tickets: ticket.related,
        created_at: ticket.created_at,
        updated_at: ticket.updated_at,
        notes: None,
        status_history: None,
        customer_feedback: None,
    })
}

/// A ticket with what lies in rows beside it.
pub fn whole(rows: &Rows<'_>, ticket: Ticket, now: Micros) -> Result<CrmTicket, ReadError> {
    let history = rows.status_history(&ticket)?.into_iter().map(HistoryView::from).collect();
    let rating = rows.get::<Rating>(&key::number(ticket.number))?;
    let notes = notes(rows, &ticket)?;
    Ok(CrmTicket {
        notes: Some(notes),
        status_history: Some(history),
        customer_feedback: rating.map(|rating| FeedbackView {
            rating: rating.rating,
            comment: rating.feedback,
            submitted_at: rating.rated_at,
        }),
        ..listed(rows, ticket, now)?
    })
}

impl From<StatusChange> for HistoryView {
    fn from(change: StatusChange) -> HistoryView {
        HistoryView {
            from: change.from.map(|status| status.as_str()),
            to: change.to.as_str(),
            changed_by: AgentRef::named(None, &change.by, None),
            changed_at: change.at,
            reason: change.reason,
        }
    }
}

fn is_note(entry: &Entry) -> bool {
    let written = matches!(entry.kind, Kind::Message | Kind::Note);
    written && entry.speaker == Speaker::Agent && entry.deleted_at.is_none()
}

fn notes(rows: &Rows<'_>, ticket: &Ticket) -> Result<Vec<NoteView>, ReadError> {
    let bounds = (MAX_NOTES, MAX_PASSED, MAX_NOTE_BYTES);
    let page = rows.page_of(ticket, 0, bounds, is_note)?;
    let entries = page.map(|page| page.entries).unwrap_or_default();
    Ok(entries.into_iter().map(|(item, entry)| note(item.id, entry)).collect())
}

pub fn note(id: u32, entry: Entry) -> NoteView {
    NoteView {
        id: id.to_string(),
        created_by: AgentRef::named(None, entry.author.as_deref().unwrap_or_default(), None),
        is_internal: entry.kind == Kind::Note,
        timestamp: entry.at,
        content: entry.body,
    }
}

/// When what it was promised is due; while its clock stands still, by every hour from its creation.
fn targets(rows: &Rows<'_>, ticket: &Ticket, now: Micros) -> Result<Option<SlaTargets>, ReadError> {
    let Some(clock) = rows.get::<SlaClock>(&key::number(ticket.number))? else { return Ok(None) };
    let standings = rows.standings(ticket, &clock, now)?;
    let due = |target: Target| {
        let standing = standings.iter().find(|(one, _)| *one == target);
        let promised = clock.targets.of(target).map(|wait| ticket.created_at.plus(wait));
        standing.and_then(|(_, standing)| standing.due_at).or(promised)
    };
    let (first_response, resolution) = (due(Target::FirstResponse), due(Target::Resolution));
    Ok(Some(SlaTargets { policy: clock.policy_name, first_response, resolution }))
}
