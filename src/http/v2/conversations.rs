//! Conversations in the CRM's words.

use axum::Json;
use axum::extract::{Path, State as Shared};
use serde::{Deserialize, Serialize};

use super::list::conversation;
use super::paging::{Page, Pages, holds, words};
use super::view::names;
use crate::describe::{self, IntoParams, ToSchema};
use crate::domain::contact::{Contact, Conversation, Mode};
use crate::domain::reference::customer_code;
use crate::domain::time::Micros;
use crate::engine;
use crate::engine::rows::{ReadError, Rows};
use crate::http::State;
use crate::http::error::{Failure, not_found};
use crate::http::extract::{Caller, Query};
use crate::http::tickets::visible;
use crate::wire::problem::Problem;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct ConversationsQuery {
    /// Words that all stand in the customer's name, number or addresses
    #[param(max_length = 200)]
    #[serde(alias = "q")]
    search: Option<String>,
    /// bot or agent: who answers
    #[param(pattern = "^(bot|agent)?$")]
    mode: Option<String>,
    /// From 1
    #[param(value_type = Option<i32>, minimum = 1)]
    page: Option<String>,
    /// 1 to 100, 20 if absent
    #[param(value_type = Option<i32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
}

/// One chat with one customer.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CrmConversation {
    #[serde(rename = "_id")]
    #[schema(example = "3")]
    id: String,
    customer_id: Option<ChatCustomer>,
    /// Who answers the customer's next message: bot or agent
    #[schema(example = "agent")]
    mode: &'static str,
    #[serde(rename = "isAIEnabled")]
    is_ai_enabled: bool,
    /// Where the chat lives
    instance: String,
    /// The reference of its open ticket, or else its last one
    ticket_id: Option<String>,
    /// That ticket's status
    status: Option<&'static str>,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_message_at: Option<Micros>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Micros,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatCustomer {
    #[serde(rename = "_id")]
    #[schema(example = "17")]
    id: String,
    #[schema(example = "CUST-00017")]
    customer_id: String,
    first_name: Option<String>,
    last_name: Option<String>,
    phone_number: Option<String>,
}

/// A chat with its customer and its ticket, if the caller may see that.
pub fn shown(
    rows: &Rows<'_>,
    caller: &Caller,
    chat: Conversation,
) -> Result<Option<CrmConversation>, ReadError> {
    let ticket = chat.ticket.map_or(Ok(None), |number| rows.live(number))?;
    if ticket.as_ref().is_some_and(|ticket| !visible(caller, ticket)) {
        return Ok(None);
    }
    let contact = rows.person(chat.contact)?;
    Ok(Some(CrmConversation {
        id: chat.id.to_string(),
        customer_id: contact.map(ChatCustomer::from),
        mode: chat.mode.as_str(),
        is_ai_enabled: chat.mode == Mode::Bot,
        instance: chat.instance,
        status: ticket.as_ref().map(|ticket| ticket.status.as_str()),
        last_message_at: ticket.as_ref().and_then(|ticket| ticket.last_message_at),
        ticket_id: ticket.map(|ticket| ticket.ticket_id),
        created_at: chat.created_at,
    }))
}

impl From<Contact> for ChatCustomer {
    fn from(contact: Contact) -> ChatCustomer {
        let (first_name, last_name) = names(contact.name.as_deref());
        ChatCustomer {
            id: contact.id.to_string(),
            customer_id: customer_code(contact.id),
            first_name,
            last_name,
            phone_number: contact.phone,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct CrmConversations {
    #[schema(example = true)]
    success: bool,
    conversations: Vec<CrmConversation>,
    pagination: Pages,
}

/// Lists conversations, the newest first; those in tickets that the caller may not see are left out and not counted.
#[describe::path(get, path = "/api/v2/conversations", operation_id = "list_conversations", tag = "crm", params(ConversationsQuery),
    responses((status = 200, body = CrmConversations)))]
pub async fn list(
    Shared(state): Shared<State>,
    caller: Caller,
    Query(query): Query<ConversationsQuery>,
) -> Result<Json<CrmConversations>, Failure> {
    let asked = Page::read(query.page.as_deref(), query.limit.as_deref())?;
    let words = words("search", query.search.as_deref())?;
    let mode = match query.mode.as_deref().unwrap_or_default() {
        "" => None,
        "bot" => Some(Mode::Bot),
        "agent" => Some(Mode::Agent),
        _ => return Err(Problem::field("mode", "must be bot or agent").into()),
    };
    let engine = state.engine.clone();
    let scanned = tokio::task::spawn_blocking(move || {
        engine.newest((asked.offset, asked.limit), |rows, chat: Conversation| {
            if mode.is_some_and(|mode| chat.mode != mode) {
                return Ok(None);
            }
            let contact = if words.is_empty() { None } else { rows.person(chat.contact)? };
            if !words.is_empty() && !contact.is_some_and(|contact| holds(&contact, &words)) {
                return Ok(None);
            }
            shown(rows, &caller, chat)
        })
    });
    let (conversations, total) = scanned.await.unwrap_or(Err(engine::Error::Panicked))?;
    let pagination = asked.told(total);
    Ok(Json(CrmConversations { success: true, conversations, pagination }))
}

#[derive(Serialize, ToSchema)]
pub struct ConversationDetail {
    #[schema(example = true)]
    success: bool,
    conversation: CrmConversation,
}

/// One conversation.
#[describe::path(get, path = "/api/v2/conversations/{id}", operation_id = "read_crm_conversation", tag = "crm",
    params(("id" = String, Path, description = "a conversation's number", example = "3")),
    responses((status = 200, body = ConversationDetail)))]
pub async fn read(
    Shared(state): Shared<State>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<ConversationDetail>, Failure> {
    let chat = conversation(&state, &caller, &id)?;
    let found = state.engine.read(|rows| shown(&rows, &caller, chat))?;
    let conversation = found.ok_or_else(|| not_found("such conversation"))?;
    Ok(Json(ConversationDetail { success: true, conversation }))
}
