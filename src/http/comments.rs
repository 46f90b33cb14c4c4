//! Comments: what agents write on a ticket, among what was said there (S3.32, S4.18).

use axum::Json;
use axum::extract::{FromRequestParts, Path, State as Shared};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::{Deserialize, Serialize};

use super::State;
use super::attachments::{self, FileView};
use super::calls::unexpected;
use super::delivery::DeliveryView;
use super::error::{Failure, not_found};
use super::extract::{Caller, Input, Named, Query, limit, named, number};
use super::queue::Nothing;
use super::tickets::{TimelineQuery, visible};
use crate::describe::{self, ToSchema};
use crate::domain::entry::{Delivery, Entry, Kind, Speaker};
use crate::domain::reference::Reference;
use crate::domain::ticket::Ticket;
use crate::domain::time::Micros;
use crate::engine::command::{Command, Reply};
use crate::wire::problem::Problem;

/// Text of one page of comments; a longer one comes whole, alone.
const MAX_PAGE_BYTES: usize = 8 << 20;
/// Entries looked through for one page.
const MAX_PASSED: usize = 10_000;

#[derive(Deserialize, ToSchema)]
pub struct CommentBody {
    /// What to write; on WhatsApp over Meta's API at most 4096 characters if it is public
    #[schema(max_length = 65536, example = "I'll look into this for you.")]
    body: String,
    /// True stays inside; false goes to the customer where the ticket's channel has a way to them
    #[serde(default)]
    is_internal: bool,
    /// Ids of files that were uploaded for this ticket and are attached to nothing yet; at most 20
    #[serde(default)]
    attachments: Vec<u64>,
}

/// A comment.
#[derive(Serialize, ToSchema)]
pub struct CommentView {
    /// The id of its entry in the ticket's timeline
    id: u32,
    /// The ticket's UUID
    ticket_id: String,
    ticket_number: u64,
    body: String,
    /// agent, customer, bot or system
    #[schema(example = "agent")]
    author_type: &'static str,
    author_name: Option<String>,
    is_internal: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Micros,
    #[schema(value_type = Option<String>, format = DateTime)]
    edited_at: Option<Micros>,
    #[schema(value_type = Option<String>, format = DateTime)]
    deleted_at: Option<Micros>,
    /// Absent where nothing goes out
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery: Option<DeliveryView>,
    /// Absent where there are none
    #[serde(skip_serializing_if = "Option::is_none")]
    attachments: Option<Vec<FileView>>,
}

impl CommentView {
    fn of(ticket: &Ticket, entry: Entry, delivery: Option<DeliveryView>) -> CommentView {
        CommentView {
            id: entry.id,
            ticket_id: ticket.id.to_string(),
            ticket_number: ticket.number,
            author_type: match entry.speaker {
                Speaker::User => "customer",
                other => other.as_str(),
            },
            author_name: entry.author.or_else(|| match entry.speaker {
                Speaker::User => ticket.requester.name.clone(),
                _ => None,
            }),
            body: entry.body,
            is_internal: entry.kind == Kind::Note,
            created_at: entry.at,
            edited_at: entry.edited_at,
            deleted_at: entry.deleted_at,
            delivery,
            attachments: None,
        }
    }

    /// As a command has left it.
    fn told(ticket: &Ticket, entry: Entry, delivery: Option<Delivery>) -> CommentView {
        let at = entry.received_at;
        let delivery = delivery.map(|state| DeliveryView {
            state: state.as_str(),
            at,
            error: None,
            attempts: None,
            next_attempt_at: None,
        });
        CommentView::of(ticket, entry, delivery)
    }
}

/// Writes a comment. A public one on a WhatsApp ticket is on its way to the customer when this is answered: it is in
/// the outbox, on disk; `delivery` says how far it has come. It is the ticket's first response if there was none, and
/// the bot keeps silent from now on.
#[describe::path(post, path = "/api/tickets/{ref}/comments", operation_id = "add_comment", tag = "tickets", request_body = CommentBody,
    params(("ref" = String, Path, description = "any reference of the ticket")), responses((status = 201, body = CommentView)))]
pub async fn add(
    Shared(state): Shared<State>,
    Named(ticket): Named,
    input: Input<CommentBody>,
) -> Result<(StatusCode, Json<CommentView>), Failure> {
    let (body, is_internal) = (input.value.body.clone(), input.value.is_internal);
    let attachments = input.value.attachments.clone();
    let command = Command::AddComment { ticket, body, is_internal, attachments };
    let mut comment = comment(state.engine.submit(input.submission(command)).await?)?;
    if !input.value.attachments.is_empty() {
        let files = state.engine.read(|rows| rows.files(comment.ticket_number))?;
        comment.attachments = attachments::of_entry(&files, comment.id);
    }
    Ok((StatusCode::CREATED, Json(comment)))
}

fn comment(reply: Reply) -> Result<CommentView, Failure> {
    match reply {
        Reply::Comment { ticket, entry, delivery } => {
            Ok(CommentView::told(&ticket, *entry, delivery))
        }
        other => Err(unexpected(&other)),
    }
}

#[derive(Serialize, ToSchema)]
pub struct Comments {
    /// In spoken or sent order
    comments: Vec<CommentView>,
    /// Give this as `after` for the next page; absent at the end
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<u32>,
}

/// What was said on a ticket, by customer and agents, and the internal notes: the timeline without tool calls and
/// events.
#[describe::path(get, path = "/api/tickets/{ref}/comments", operation_id = "list_comments", tag = "tickets", params(("ref" = String, Path, description = "any reference of the ticket"), TimelineQuery),
    responses((status = 200, body = Comments)))]
pub async fn list(
    Shared(state): Shared<State>,
    caller: Caller,
    Named(reference): Named,
    Query(query): Query<TimelineQuery>,
) -> Result<Json<Comments>, Failure> {
    let limit = limit(query.limit.as_deref(), 50)?;
    let after = u32::try_from(number("after", query.after.as_deref(), 0)?)
        .map_err(|_| Problem::field("after", "must be the id of an entry"))?;
    let outbox = state.engine.shared().outbox();
    let found = state.engine.read(|rows| {
        let Some(ticket) = rows.resolve(&reference)?.filter(|t| visible(&caller, t)) else {
            return Ok(None);
        };
        let is_comment = |kind| matches!(kind, Kind::Message | Kind::Note);
        let Some(page) =
            rows.page_of(&ticket, after, (limit, MAX_PASSED, MAX_PAGE_BYTES), |e| {
                is_comment(e.kind)
            })?
        else {
            return Ok(Some(None));
        };
        let mut comments = Vec::with_capacity(page.entries.len());
        let files = rows.files(ticket.number)?;
        for (item, entry) in page.entries {
            let delivery = DeliveryView::read(&rows, outbox, (entry.speaker, item.no))?;
            let attachments = attachments::of_entry(&files, item.id);
            let comment = CommentView::of(&ticket, Entry { id: item.id, ..entry }, delivery);
            comments.push(CommentView { attachments, ..comment });
        }
        Ok(Some(Some(Comments { comments, next: page.next })))
    })?;
    let page = found.ok_or_else(|| not_found("such ticket"))?;
    let page = page.ok_or_else(|| Problem::field("after", "this ticket has no such entry"))?;
    Ok(Json(page))
}

/// A comment of a ticket, named in the path.
pub struct NamedComment(pub Reference, pub u32);

impl FromRequestParts<State> for NamedComment {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<NamedComment, Failure> {
        let Path((ticket, comment)) = Path::<(String, String)>::from_request_parts(parts, state)
            .await
            .map_err(|e| Problem::bad_request(format!("path: {}", e.body_text())))?;
        let comment = comment
            .parse()
            .map_err(|_| Problem::field("comment", "must be the id of a comment, a number"))?;
        Ok(NamedComment(named(&ticket)?, comment))
    }
}

#[derive(Deserialize, ToSchema)]
pub struct RewordBody {
    #[schema(max_length = 65536, example = "I have looked into this for you.")]
    body: String,
}

/// Changes the words of a comment; the earlier ones are kept. One's own, anybody's for supervisors. 409 if it has gone
/// out to the customer, or is about to: what they have read stays as they read it.
#[describe::path(put, path = "/api/tickets/{ref}/comments/{comment}", operation_id = "edit_comment", tag = "tickets", request_body = RewordBody,
    params(("ref" = String, Path, description = "any reference of the ticket"), ("comment" = u32, Path, description = "the comment's id")),
    responses((status = 200, body = CommentView)))]
pub async fn edit(
    Shared(state): Shared<State>,
    NamedComment(ticket, entry): NamedComment,
    input: Input<RewordBody>,
) -> Result<Json<CommentView>, Failure> {
    let command = Command::EditComment { ticket, entry, body: input.value.body.clone() };
    Ok(Json(comment(state.engine.submit(input.submission(command)).await?)?))
}

/// Deletes a comment; its words are kept for admins. The same rules as for editing one.
#[describe::path(delete, path = "/api/tickets/{ref}/comments/{comment}", operation_id = "delete_comment", tag = "tickets",
    params(("ref" = String, Path, description = "any reference of the ticket"), ("comment" = u32, Path, description = "the comment's id")),
    responses((status = 204)))]
pub async fn delete(
    Shared(state): Shared<State>,
    NamedComment(ticket, entry): NamedComment,
    input: Input<Nothing>,
) -> Result<StatusCode, Failure> {
    let command = Command::DeleteComment { ticket, entry };
    comment(state.engine.submit(input.submission(command)).await?)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends a public comment again that could not be delivered; 409 unless its delivery has failed.
#[describe::path(post, path = "/api/tickets/{ref}/comments/{comment}/resend", operation_id = "resend_comment", tag = "tickets",
    params(("ref" = String, Path, description = "any reference of the ticket"), ("comment" = u32, Path, description = "the comment's id")),
    responses((status = 200, body = CommentView)))]
pub async fn resend(
    Shared(state): Shared<State>,
    NamedComment(ticket, entry): NamedComment,
    input: Input<Nothing>,
) -> Result<Json<CommentView>, Failure> {
    let command = Command::ResendComment { ticket, entry };
    Ok(Json(comment(state.engine.submit(input.submission(command)).await?)?))
}

/// Always refused: frontdesk records calls and has no voice in them.
#[describe::path(post, path = "/api/calls/{id}/say", operation_id = "say_in_call", tag = "calls", params(("id" = String, Path, description = "any reference of the ticket")),
    responses((status = 409, description = "always")))]
pub async fn say(
    Shared(state): Shared<State>,
    Named(reference): Named,
    input: Input<Nothing>,
) -> Result<StatusCode, Failure> {
    let found = state.engine.read(|rows| rows.resolve(&reference))?;
    let ticket = found.filter(|t| visible(&input.caller, t));
    let ticket = ticket.ok_or_else(|| not_found("such ticket"))?;
    let why = format!(
        "nothing can be said into the call of ticket #{}: frontdesk records what caller and voice agent say \
         and has no voice of its own; write a comment on the ticket, or call back",
        ticket.number
    );
    Err(Problem::new(409, "Conflict", why).into())
}
