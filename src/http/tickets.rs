//! One ticket, by any of its names: what it is, and its timeline.

use axum::Json;
use axum::extract::State as Shared;
use serde::{Deserialize, Serialize};

use super::State;
use super::attachments::{self, FileView};
use super::calls_view::NamedCall;
use super::delivery::DeliveryView;
use super::error::{Failure, hidden, not_found};
use super::etag::Tagged;
use super::extract::{Caller, Named, Query, limit, number};
use super::marks::{QuoteView, ReactionView, RevisionView};
use super::ticket_view::{TicketView, show};
use crate::describe::{self, IntoParams, ToSchema};
use crate::domain::contact::Scope;
use crate::domain::entry::Entry;
use crate::domain::ticket::Ticket;
use crate::domain::time::Micros;
use crate::wire::problem::Problem;

/// Text of one page of a timeline; a longer entry comes whole, alone.
const MAX_PAGE_BYTES: usize = 8 << 20;

pub fn visible(caller: &Caller, ticket: &Ticket) -> bool {
    caller.actor.may_see(ticket)
}

/// A ticket that was found, if the caller may see it.
pub fn shown(caller: &Caller, found: Option<Ticket>) -> Result<Ticket, Failure> {
    let ticket = found.ok_or_else(|| not_found("such ticket"))?;
    if visible(caller, &ticket) { Ok(ticket) } else { Err(hidden("such ticket")) }
}

/// One ticket. Its `ETag` names the state that it shows: send it as `If-Match` with a change, and a change that somebody
/// else made meanwhile is not overwritten unseen.
#[describe::path(get, path = "/api/tickets/{ref}", operation_id = "read_ticket", tag = "tickets", params(("ref" = String, Path, description = "any reference of the ticket: 1001, #1001, UUID, GXS-…, TKT-…, zendesk:123")),
    responses((status = 200, body = TicketView, headers(("ETag" = String)))))]
pub async fn read(
    Shared(state): Shared<State>,
    caller: Caller,
    Named(reference): Named,
) -> Result<Tagged<TicketView>, Failure> {
    let found = state.engine.read(|rows| {
        let Some(ticket) = rows.resolve(&reference)? else { return Ok(None) };
        if !visible(&caller, &ticket) {
            return Ok(Some(Err(hidden("such ticket"))));
        }
        let tag = rows.tag(ticket.number)?;
        Ok(Some(Ok(Tagged(tag, show(&state, &rows, ticket)?))))
    })?;
    found.unwrap_or_else(|| Err(not_found("such ticket")))
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
    /// Files that were uploaded here; in a timeline only
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attachments: Option<Vec<FileView>>,
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
            attachments: None,
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
#[describe::path(get, path = "/api/tickets/{ref}/timeline", tag = "tickets", params(("ref" = String, Path, description = "any reference of the ticket"), TimelineQuery),
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
        let files = rows.files(ticket.number)?;
        for (item, entry) in page.entries {
            let attachments = attachments::of_entry(&files, item.id);
            let marks = rows.marks(&entry)?;
            let delivery = DeliveryView::read(&rows, outbox, (entry.speaker, item.no))?;
            let view = EntryView { id: item.id, delivery, attachments, ..EntryView::from(entry) };
            entries.push(view.marked(marks, is_admin));
        }
        Ok(Some(Some(Timeline { entries, next: page.next })))
    })?;
    let page = found.ok_or_else(|| not_found("such ticket"))?;
    let page = page.ok_or_else(|| Problem::field("after", "this ticket has no such entry"))?;
    Ok(Json(page))
}
