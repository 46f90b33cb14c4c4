//! A ticket as the helpdesk face shows it: the fields of seeds 001 and 003 (DESIGN C7).

use std::collections::BTreeMap;

use serde::Serialize;

use super::State;
use super::customer::RatingView;
use super::mail::way_out;
use super::sla::SlaView;
use crate::describe::ToSchema;
use crate::domain::rating::Rating;
use crate::domain::reference::customer_code;
use crate::domain::ticket::Ticket;
use crate::domain::time::Micros;
use crate::engine::rows::{ReadError, Rows, key};

/// A ticket on the helpdesk face (DESIGN C7).
#[derive(Serialize, ToSchema)]
pub struct TicketView {
    /// UUIDv7
    id: String,
    number: u64,
    #[schema(example = "#1001")]
    ticket_number: String,
    /// The reference of its channel
    #[schema(example = "TKT-20250128-A1B2C3D4")]
    ticket_id: String,
    /// call, whatsapp, web, email, chat, zendesk, intercom or api
    channel: &'static str,
    /// new, open, in_progress, pending, waiting_internal, resolved or closed
    status: &'static str,
    /// low, medium, high or urgent
    priority: &'static str,
    category: Option<String>,
    subject: Option<String>,
    /// What the customer first wrote, where it was no chat and no call
    description: Option<String>,
    summary: Option<String>,
    resolution_notes: Option<String>,
    /// The customer, in seed 001's words; `contact_id` is the same one's number
    #[schema(example = "CUST-00001")]
    customer_id: Option<String>,
    customer_email: Option<String>,
    customer_name: Option<String>,
    contact_id: Option<u64>,
    requester_name: Option<String>,
    requester_email: Option<String>,
    requester_phone: Option<String>,
    order_id: Option<String>,
    /// Where its maker says that it came from; else its channel
    source: String,
    tags: Vec<String>,
    /// Its names in other systems, as `zendesk:123`; they are references of the ticket, too
    external_ids: Vec<String>,
    escalation: Option<EscalationView>,
    conversation_id: Option<u64>,
    session_id: Option<String>,
    call_running: bool,
    assignee_id: Option<u64>,
    assignee_name: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    assigned_at: Option<Micros>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Micros,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Micros,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_message_at: Option<Micros>,
    #[schema(value_type = Option<String>, format = DateTime)]
    first_response_at: Option<Micros>,
    #[schema(value_type = Option<String>, format = DateTime)]
    resolved_at: Option<Micros>,
    #[schema(value_type = Option<String>, format = DateTime)]
    closed_at: Option<Micros>,
    /// Numbers of the tickets that belong with this one, those that it follows up among them
    related: Vec<u64>,
    /// Ids of the agents who follow it
    followers: Vec<u64>,
    /// Ids of the agents whom comments named
    mentioned: Vec<u64>,
    /// Somebody keeps it back; a flag beside the status (S2.15)
    on_hold: bool,
    #[schema(value_type = Option<String>, format = DateTime)]
    on_hold_since: Option<Micros>,
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<Micros>,
    /// The workspace of the chat that it came from, else the box's own, if it has one (S3.47)
    workspace_id: Option<String>,
    /// By which way public comments go to the customer: whatsapp or email; null: they stay here. Only where a ticket is
    /// read or changed by itself
    #[serde(skip_serializing_if = "Option::is_none")]
    replies_by: Option<Option<&'static str>>,
    /// What it was promised and how it stands (S3.10 to S3.12); only where a ticket is read or changed by itself
    #[serde(skip_serializing_if = "Option::is_none")]
    sla: Option<SlaView>,
    /// What its customer said of it once it was resolved; only where a ticket is read or changed by itself
    #[serde(skip_serializing_if = "Option::is_none")]
    rating: Option<RatingView>,
    /// What callers attached to it; only where a ticket is read or changed by itself
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<BTreeMap<String, String>>,
}

/// The last escalation: a flag beside the status (S2.15).
#[derive(Serialize, ToSchema)]
pub struct EscalationView {
    reason: String,
    /// The agent whom it was given to, and their name
    to: Option<u64>,
    to_name: Option<String>,
    by: String,
    #[schema(value_type = String, format = DateTime)]
    at: Micros,
}

impl From<Ticket> for TicketView {
    fn from(t: Ticket) -> TicketView {
        let chat = t.external_ids.iter().find_map(|name| name.strip_prefix("chat:"));
        let workspace_id = chat.and_then(|chat| chat.split(':').next()).map(str::to_owned);
        TicketView {
            workspace_id,
            id: t.id.to_string(),
            number: t.number,
            ticket_number: format!("#{}", t.number),
            ticket_id: t.ticket_id,
            channel: t.channel.as_str(),
            status: t.status.on_helpdesk_face(),
            priority: t.priority.as_str(),
            category: t.category,
            subject: t.subject,
            description: t.description,
            summary: t.summary,
            resolution_notes: t.resolution_notes,
            customer_id: t.requester.contact.map(customer_code),
            customer_email: t.requester.email.clone(),
            customer_name: t.requester.name.clone(),
            contact_id: t.requester.contact,
            requester_name: t.requester.name,
            requester_email: t.requester.email,
            requester_phone: t.requester.phone,
            order_id: t.order_id,
            source: t.source.unwrap_or_else(|| t.channel.as_str().to_owned()),
            tags: t.tags,
            external_ids: t.external_ids,
            escalation: t.escalation.map(|e| EscalationView {
                reason: e.reason,
                to: None,
                to_name: None,
                by: e.by,
                at: e.at,
            }),
            conversation_id: t.conversation,
            session_id: t.session_id,
            call_running: t.call_running,
            assignee_id: t.assignee.as_ref().map(|a| a.agent),
            assignee_name: t.assignee.map(|a| a.name),
            assigned_at: t.assigned_at,
            created_at: t.created_at,
            updated_at: t.updated_at,
            last_message_at: t.last_message_at,
            first_response_at: t.first_response_at,
            resolved_at: t.resolved_at,
            closed_at: t.closed_at,
            related: t.related,
            followers: t.followers,
            mentioned: t.mentioned,
            on_hold: t.on_hold.is_some(),
            on_hold_since: t.on_hold,
            deleted_at: t.deleted.map(|d| d.at),
            replies_by: None,
            sla: None,
            rating: None,
            metadata: None,
        }
    }
}

/// The ticket with what lies in rows beside it.
pub fn show(state: &State, rows: &Rows<'_>, ticket: Ticket) -> Result<TicketView, ReadError> {
    let metadata = rows.metadata(&ticket)?.into_iter().map(|(_, m)| (m.key, m.value)).collect();
    let replies_by = Some(way_out(state, &ticket));
    let now = state.engine.shared().now();
    let sla = super::sla::view(rows, &ticket, now)?;
    let last = match &ticket.escalation {
        Some(_) => rows.last_escalation(ticket.number)?.and_then(|last| last.to),
        None => None,
    };
    let rating = rows.get::<Rating>(&key::number(ticket.number))?;
    let rating = rating.map(|rating| RatingView::of(&ticket, rating));
    let view = TicketView::from(ticket);
    let mut view = TicketView { metadata: Some(metadata), replies_by, sla, rating, ..view };
    if let (Some(escalation), Some((agent, name))) = (&mut view.escalation, last) {
        (escalation.to, escalation.to_name) = (Some(agent), Some(name));
    }
    if view.workspace_id.is_none() {
        view.workspace_id = state.public.workspaces.first().cloned();
    }
    Ok(view)
}
