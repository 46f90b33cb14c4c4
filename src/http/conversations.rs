//! Conversations: one chat with one customer over one bridge, and who answers in it (S4.6, S4.7).

use axum::Json;
use axum::extract::{FromRequestParts, Path, State as Shared};
use axum::http::request::Parts;
use serde::{Deserialize, Serialize};

use super::State;
use super::calls::unexpected;
use super::error::{Failure, not_found};
use super::extract::{Caller, Input};
use super::tickets::visible;
use crate::describe::{self, ToSchema};
use crate::domain::contact::{Conversation, Mode};
use crate::domain::time::Micros;
use crate::engine::command::{Command, Reply};
use crate::engine::rows::key;
use crate::wire::problem::Problem;

#[derive(Serialize, ToSchema)]
pub struct ConversationView {
    id: u64,
    /// Who answers the customer's next message: bot or agent
    #[schema(example = "agent")]
    mode: &'static str,
    /// Whether the bot must keep silent
    skip_bot: bool,
    /// Where the chat lives: the bridge's session, or `<door>:<name>`
    #[schema(example = "default")]
    instance: String,
    customer_id: u64,
    /// Its open ticket, or else its last one
    ticket_number: Option<u64>,
    /// Replies that wait to be sent
    waiting: usize,
    #[schema(value_type = String, format = DateTime)]
    created_at: Micros,
}

fn view(state: &State, conversation: Conversation) -> ConversationView {
    ConversationView {
        id: conversation.id,
        mode: conversation.mode.as_str(),
        skip_bot: conversation.mode == Mode::Agent,
        customer_id: conversation.contact,
        ticket_number: conversation.ticket,
        waiting: state.engine.shared().outbox().waiting_in(conversation.id),
        created_at: conversation.created_at,
        instance: conversation.instance,
    }
}

/// The conversation named in the path.
pub struct Numbered(u64);

impl FromRequestParts<State> for Numbered {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Numbered, Failure> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|e| Problem::bad_request(format!("path: {}", e.body_text())))?;
        let why = "must be the number of a conversation, as a ticket's conversation_id";
        let number = text.parse().map_err(|_| Problem::field("conversation", why))?;
        Ok(Numbered(number))
    }
}

/// One conversation.
#[describe::path(get, path = "/api/conversations/{conversation}", operation_id = "read_conversation", tag = "conversations",
    params(("conversation" = u64, Path, description = "a ticket's conversation_id")), responses((status = 200, body = ConversationView)))]
pub async fn read(
    Shared(state): Shared<State>,
    caller: Caller,
    Numbered(id): Numbered,
) -> Result<Json<ConversationView>, Failure> {
    let found = state.engine.read(|rows| {
        let Some(found) = rows.get::<Conversation>(&key::number(id))? else { return Ok(None) };
        let ticket = match found.ticket {
            Some(number) => rows.ticket(number)?,
            None => None,
        };
        Ok(ticket.is_none_or(|t| visible(&caller, &t)).then_some(found))
    })?;
    let found = found.ok_or_else(|| not_found("such conversation"))?;
    Ok(Json(view(&state, found)))
}

#[derive(Deserialize, ToSchema)]
pub struct ModeBody {
    /// bot or agent
    #[schema(pattern = "^(bot|agent)$")]
    mode: String,
}

/// Hands a conversation to the bot or to the agents. The bot keeps it until the customer's next ticket or a person's
/// reply, written here or typed on the business's phone.
#[describe::path(post, path = "/api/conversations/{conversation}/mode", operation_id = "set_mode", tag = "conversations", request_body = ModeBody,
    params(("conversation" = u64, Path, description = "a ticket's conversation_id")), responses((status = 200, body = ConversationView)))]
pub async fn set_mode(
    Shared(state): Shared<State>,
    Numbered(conversation): Numbered,
    input: Input<ModeBody>,
) -> Result<Json<ConversationView>, Failure> {
    let mode = match input.value.mode.as_str() {
        "bot" => Mode::Bot,
        "agent" => Mode::Agent,
        _ => return Err(Problem::field("mode", "must be bot or agent").into()),
    };
    let command = Command::SetMode { conversation, mode };
    match state.engine.submit(input.submission(command)).await? {
        Reply::Conversation(conversation) => Ok(Json(view(&state, *conversation))),
        other => Err(unexpected(&other)),
    }
}
