//! One ticket, by any of its names: what it is, its timeline, and its way to an end.

use axum::Json;
use axum::extract::State as Shared;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::State;
use super::calls::unexpected;
use super::calls_view::NamedCall;
use super::delivery::DeliveryView;
use super::error::{Failure, not_found};
use super::extract::{Caller, Input, Named, Query, limit, number};
use super::marks::{QuoteView, ReactionView, RevisionView};
use crate::domain::contact::Scope;
use crate::domain::entry::Entry;
use crate::domain::reference::{Reference, customer_code};
use crate::domain::status::Status;
use crate::domain::ticket::Ticket;
use crate::domain::time::Micros;
use crate::engine::command::{Command, Reply};
use crate::wire::problem::Problem;

/// Text of one page of a timeline; a longer entry comes whole, alone.
const MAX_PAGE_BYTES: usize = 8 << 20;

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
    /// Numbers of the tickets that this one follows up, or is followed up by
    related: Vec<u64>,
}

/// The last escalation: a flag beside the status (S2.15).
#[derive(Serialize, ToSchema)]
pub struct EscalationView {
    reason: String,
    by: String,
    #[schema(value_type = String, format = DateTime)]
    at: Micros,
}

impl From<Ticket> for TicketView {
    fn from(t: Ticket) -> TicketView {
        TicketView {
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
        }
    }
}

pub fn visible(caller: &Caller, ticket: &Ticket) -> bool {
    caller.actor.may_see(ticket)
}

/// One ticket.
#[utoipa::path(get, path = "/api/tickets/{ref}", operation_id = "read_ticket", tag = "tickets", params(("ref" = String, Path, description = "any reference of the ticket: 1001, #1001, UUID, GXS-…, TKT-…, zendesk:123")),
    responses((status = 200, body = TicketView)))]
pub async fn read(
    Shared(state): Shared<State>,
    caller: Caller,
    Named(reference): Named,
) -> Result<Json<TicketView>, Failure> {
    let found = state.engine.read(|rows| rows.resolve(&reference))?;
    let ticket = found.filter(|t| visible(&caller, t)).ok_or_else(|| not_found("such ticket"))?;
    Ok(Json(ticket.into()))
}

/// One entry of a timeline.
#[derive(Serialize, ToSchema)]
pub struct EntryView {
    pub id: u32,
    /// When it was said or sent
    #[schema(value_type = String, format = DateTime)]
    pub at: Micros,
    #[schema(value_type = String, format = DateTime)]
    pub received_at: Micros,
    /// user, agent, bot or system
    pub speaker: &'static str,
    /// message, note, tool_call or event
    pub kind: &'static str,
    pub author: Option<String>,
    pub body: String,
    pub tool_calls: Option<Vec<ToolCallView>>,
    pub attachment: Option<AttachmentView>,
    /// The id that the sender gave it
    pub provider_id: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub edited_at: Option<Micros>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub deleted_at: Option<Micros>,
    /// Earlier wordings, the first one first; those of a deleted message are shown to admins only. In a timeline
    /// only
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revisions: Option<Vec<RevisionView>>,
    /// In a timeline only
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reactions: Option<Vec<ReactionView>>,
    /// The message that this one answers; in a timeline only
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quoted: Option<QuoteView>,
    /// How far it has come on its way to the customer; only of messages that agents wrote here
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryView>,
}

#[derive(Serialize, ToSchema)]
pub struct ToolCallView {
    #[serde(flatten)]
    call: NamedCall,
    /// What the tool answered, if it was seen
    output: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct AttachmentView {
    kind: String,
    mimetype: Option<String>,
    file_name: Option<String>,
    bytes: Option<u64>,
    seconds: Option<u32>,
}

impl From<Entry> for EntryView {
    fn from(e: Entry) -> EntryView {
        let calls = e.tool_calls.into_iter().map(|c| ToolCallView {
            call: NamedCall { name: c.name, arguments: c.arguments },
            output: c.output,
        });
        let calls: Vec<_> = calls.collect();
        EntryView {
            id: e.id,
            at: e.at,
            received_at: e.received_at,
            speaker: e.speaker.as_str(),
            kind: e.kind.as_str(),
            author: e.author,
            body: e.body,
            tool_calls: if calls.is_empty() { None } else { Some(calls) },
            attachment: e.attachment.map(|a| AttachmentView {
                kind: a.kind,
                mimetype: a.mimetype,
                file_name: a.file_name,
                bytes: a.bytes,
                seconds: a.seconds,
            }),
            provider_id: e.provider_id,
            edited_at: e.edited_at,
            deleted_at: e.deleted_at,
            revisions: None,
            reactions: None,
            quoted: None,
            delivery: None,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct Timeline {
    /// In spoken or sent order
    entries: Vec<EntryView>,
    /// Give this as `after` for the next page; absent at the end
    next: Option<u32>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TimelineQuery {
    /// The id of the entry to go on behind; the beginning if absent
    #[param(value_type = Option<i32>, minimum = 0)]
    pub after: Option<String>,
    /// 1 to 100, 50 if absent
    #[param(value_type = Option<i32>, minimum = 1, maximum = 100)]
    pub limit: Option<String>,
}

/// A ticket's timeline in spoken or sent order.
#[utoipa::path(get, path = "/api/tickets/{ref}/timeline", tag = "tickets", params(("ref" = String, Path, description = "any reference of the ticket"), TimelineQuery),
    responses((status = 200, body = Timeline)))]
pub async fn timeline(
    Shared(state): Shared<State>,
    caller: Caller,
    Named(reference): Named,
    Query(query): Query<TimelineQuery>,
) -> Result<Json<Timeline>, Failure> {
    let limit = limit(query.limit.as_deref(), 50)?;
    let after = u32::try_from(number("after", query.after.as_deref(), 0)?)
        .map_err(|_| Problem::field("after", "must be the id of an entry"))?;
    let outbox = state.engine.shared().outbox();
    let is_admin = caller.token.has(Scope::Admin);
    let found = state.engine.read(|rows| {
        let Some(ticket) = rows.resolve(&reference)?.filter(|t| visible(&caller, t)) else {
            return Ok(None);
        };
        let limits = (limit, usize::MAX, MAX_PAGE_BYTES);
        let Some(page) = rows.page_of(&ticket, after, limits, |_| true)? else {
            return Ok(Some(None));
        };
        let mut entries = Vec::with_capacity(page.entries.len());
        for (no, entry) in page.entries {
            let marks = rows.marks(&entry)?;
            let delivery = DeliveryView::read(&rows, outbox, (entry.speaker, no))?;
            let view = EntryView { delivery, ..EntryView::from(entry) };
            entries.push(view.marked(marks, is_admin));
        }
        Ok(Some(Some(Timeline { entries, next: page.next })))
    })?;
    let page = found.ok_or_else(|| not_found("such ticket"))?;
    let page = page.ok_or_else(|| Problem::field("after", "this ticket has no such entry"))?;
    Ok(Json(page))
}

#[derive(Default, Deserialize, ToSchema)]
pub struct EndBody {
    /// Why, for the status history
    #[schema(max_length = 2000)]
    reason: Option<String>,
    /// What solved it
    #[schema(max_length = 2000)]
    resolution_notes: Option<String>,
}

async fn move_to(
    state: &State,
    ticket: Reference,
    to: Status,
    input: Input<EndBody>,
) -> Result<Json<TicketView>, Failure> {
    let (reason, notes) = (input.value.reason.clone(), input.value.resolution_notes.clone());
    let command = Command::SetStatus { ticket, to, reason, notes };
    match state.engine.submit(input.submission(command)).await? {
        Reply::Ticket(ticket) => Ok(Json((*ticket).into())),
        other => Err(unexpected(&other)),
    }
}

/// Resolves a ticket.
#[utoipa::path(post, path = "/api/tickets/{ref}/resolve", tag = "tickets", request_body = EndBody, params(("ref" = String, Path, description = "any reference of the ticket")),
    responses((status = 200, body = TicketView)))]
pub async fn resolve(
    Shared(state): Shared<State>,
    Named(ticket): Named,
    input: Input<EndBody>,
) -> Result<Json<TicketView>, Failure> {
    move_to(&state, ticket, Status::Resolved, input).await
}

/// Closes a ticket.
#[utoipa::path(post, path = "/api/tickets/{ref}/close", operation_id = "close_ticket", tag = "tickets", request_body = EndBody, params(("ref" = String, Path, description = "any reference of the ticket")),
    responses((status = 200, body = TicketView)))]
pub async fn close(
    Shared(state): Shared<State>,
    Named(ticket): Named,
    input: Input<EndBody>,
) -> Result<Json<TicketView>, Failure> {
    move_to(&state, ticket, Status::Closed, input).await
}

/// Opens a resolved or closed ticket again.
#[utoipa::path(post, path = "/api/tickets/{ref}/reopen", tag = "tickets", request_body = EndBody, params(("ref" = String, Path, description = "any reference of the ticket")),
    responses((status = 200, body = TicketView)))]
pub async fn reopen(
    Shared(state): Shared<State>,
    Named(ticket): Named,
    input: Input<EndBody>,
) -> Result<Json<TicketView>, Failure> {
    move_to(&state, ticket, Status::Open, input).await
}
