//! What answers without a machine token: chatbots hand chats over (S3.33, S3.34). How often anybody may is limited.

use std::time::Instant;

use axum::Json;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::State;
use super::calls::unexpected;
use super::error::Failure;
use super::extract::OpenInput;
use super::intake::{Findings, given, requester};
use super::portal::PublicTicket;
use crate::auth::token;
use crate::describe::{self, ToSchema};
use crate::domain::entry::Speaker;
use crate::domain::ticket::{MAX_DESCRIPTION, MAX_NAME, MAX_SUBJECT, MAX_SUMMARY, Ticket};
use crate::domain::time::Micros;
use crate::engine::command::{Actor, Command, Reply, Submission};
use crate::engine::intake::{Handover, NewEscalation, NewRequester, NewTurn};
use crate::wire::problem::Problem;
use crate::wire::when;

pub const MAX_WORKSPACE: usize = 64;
const MAX_CONVERSATION: usize = 128;
const MAX_BOT: usize = 128;
/// Turns of a chat that are handed over at once.
const MAX_HISTORY: usize = 200;
/// Characters of what a bot knows of a chat that it escalates.
const MAX_CONTEXT: usize = 32_000;

#[derive(Deserialize, ToSchema)]
pub struct FromChat {
    /// Which of the configured workspaces (`public.workspaces`)
    #[schema(max_length = 64)]
    workspace_id: String,
    /// The bot's own id of the chat: the same one is the same ticket
    #[schema(max_length = 128)]
    conversation_id: String,
    /// The customer's first words if absent
    #[schema(max_length = 255)]
    subject: Option<String>,
    #[schema(max_length = 10000)]
    description: Option<String>,
    #[schema(format = "email", max_length = 254)]
    customer_email: Option<String>,
    #[schema(max_length = 256)]
    customer_name: Option<String>,
    /// The chat so far, oldest first, at most 200 turns
    chat_history: Option<Vec<ChatTurn>>,
}

#[derive(Deserialize, ToSchema)]
pub struct ChatTurn {
    /// user or bot; agent for people who were in the chat already
    role: String,
    content: String,
    /// When it was written, if the bot knows: RFC 3339, seconds or milliseconds
    #[schema(value_type = Option<String>)]
    timestamp: Option<Value>,
}

#[derive(Serialize, ToSchema)]
pub struct HandedOver {
    ticket: PublicTicket,
    /// By this the customer may look at this ticket: `GET /api/public/tickets/{id}` as bearer or `?token=`
    #[serde(rename = "accessToken")]
    access_token: String,
}

impl HandedOver {
    pub fn of(ticket: Ticket, access_token: String) -> HandedOver {
        HandedOver { ticket: ticket.into(), access_token }
    }
}

#[derive(Deserialize, ToSchema)]
pub struct Escalate {
    #[schema(max_length = 64)]
    workspace_id: String,
    #[schema(max_length = 128)]
    bot_id: Option<String>,
    #[schema(max_length = 128)]
    conversation_id: String,
    /// Why people are needed
    #[schema(max_length = 2000, example = "complex_issue")]
    reason: String,
    /// What the bot knows, for whoever takes the ticket
    #[schema(value_type = Option<Object>)]
    context: Option<serde_json::Map<String, Value>>,
}

#[derive(Serialize, ToSchema)]
pub struct Escalated {
    ticket: PublicTicket,
}

/// A chatbot hands a chat over to people (S3.33).
///
/// Needs no token, but a workspace id that is configured. The chat becomes the ticket's timeline; handed over again
/// it adds what is new.
#[describe::path(post, path = "/api/public/tickets/from-chat", tag = "chat", security(()), request_body = FromChat,
    responses((status = 201, body = HandedOver), (status = 200, body = HandedOver, description = "the chat has a ticket already")))]
pub async fn from_chat(
    Shared(state): Shared<State>,
    input: OpenInput<FromChat>,
) -> Result<(StatusCode, Json<HandedOver>), Failure> {
    let body = &input.value;
    let mut findings = Findings::default();
    let name = chat_name(&state, &mut findings, &body.workspace_id, &body.conversation_id);
    let (subject, description) = (given(body.subject.as_ref()), given(body.description.as_ref()));
    let (address, customer) =
        (given(body.customer_email.as_ref()), given(body.customer_name.as_ref()));
    if let Some(subject) = subject {
        findings.line("subject", subject, MAX_SUBJECT);
    }
    if let Some(description) = description {
        findings.text("description", description, MAX_DESCRIPTION);
    }
    if let Some(address) = address {
        findings.email("customer_email", address);
    }
    if let Some(customer) = customer {
        findings.line("customer_name", customer, MAX_NAME);
    }
    let history =
        history(&mut findings, body.chat_history.as_deref().unwrap_or_default(), customer);
    if subject.is_none() && description.is_none() && history.is_empty() {
        findings.find(
            "chat_history",
            "must hold a turn where there is neither subject nor description",
        );
    }
    findings.done()?;
    let access_token = fresh_token()?;
    let chat = Handover {
        name: name.clone(),
        requester: customer_of(&name, address, customer),
        subject: subject.map(str::to_owned),
        description: description.map(str::to_owned),
        history,
        escalation: None,
        token: Some(token::hash(&access_token)),
    };
    let (ticket, made) = hand_over(&state, &input, &body.workspace_id, chat).await?;
    let status = if made { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(HandedOver::of(ticket, access_token))))
}

/// A chatbot asks for people (S3.34): the chat's ticket is found or made, flagged, and raised to high priority at least.
#[describe::path(post, path = "/api/public/tickets/escalate", tag = "chat", security(()), request_body = Escalate,
    responses((status = 201, body = Escalated), (status = 200, body = Escalated, description = "the chat has a ticket already")))]
pub async fn escalate(
    Shared(state): Shared<State>,
    input: OpenInput<Escalate>,
) -> Result<(StatusCode, Json<Escalated>), Failure> {
    let body = &input.value;
    let mut findings = Findings::default();
    let name = chat_name(&state, &mut findings, &body.workspace_id, &body.conversation_id);
    findings.line("reason", &body.reason, MAX_SUMMARY);
    let bot = given(body.bot_id.as_ref());
    if let Some(bot) = bot {
        findings.line("bot_id", bot, MAX_BOT);
    }
    let context = body.context.iter().flatten().map(|(name, value)| line(name, value));
    let context = context.collect::<Vec<_>>().join("\n");
    let length = context.chars().count();
    if length > MAX_CONTEXT {
        findings.find(
            "context",
            format!("must be at most {MAX_CONTEXT} characters, this one has {length}"),
        );
    }
    findings.done()?;
    let chat = Handover {
        requester: customer_of(&name, None, None),
        name,
        subject: Some(format!("Escalated: {}", body.reason).chars().take(MAX_SUBJECT).collect()),
        description: None,
        history: Vec::new(),
        escalation: Some(NewEscalation {
            by: bot.unwrap_or("the bot").to_owned(),
            reason: body.reason.clone(),
            context,
        }),
        token: None,
    };
    let (ticket, made) = hand_over(&state, &input, &body.workspace_id, chat).await?;
    let status = if made { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(Escalated { ticket: ticket.into() })))
}

/// One member of a context, for people.
fn line(name: &str, value: &Value) -> String {
    match value {
        Value::String(text) => format!("{name}: {text}"),
        other => format!("{name}: {other}"),
    }
}

pub fn fresh_token() -> Result<String, Failure> {
    token::generate().map_err(|error| {
        tracing::error!(%error, "the machine gives no random numbers");
        let why = "no token could be made; try again";
        Failure::from(Problem::new(503, "Service Unavailable", why))
    })
}

/// The name of the chat among all names of tickets, once workspace and conversation may be called so.
fn chat_name(state: &State, findings: &mut Findings, workspace: &str, chat: &str) -> String {
    let before = findings.count();
    findings.line("workspace_id", workspace, MAX_WORKSPACE);
    findings.line("conversation_id", chat, MAX_CONVERSATION);
    if workspace.contains(':') {
        findings.find("workspace_id", "must hold no colon");
    } else if findings.count() == before {
        own_workspace(state, findings, workspace);
    }
    format!("chat:{workspace}:{chat}")
}

/// Finds fault with a workspace that is not the desk's (S3.47).
pub fn own_workspace(state: &State, findings: &mut Findings, workspace: &str) {
    let known = &state.public.workspaces;
    if !known.is_empty() && !known.iter().any(|w| w == workspace) {
        findings.find("workspace_id", "is none of this desk's workspaces");
    }
}

/// Who chats. Without an e-mail address they are nobody but this chat's: what a bot says of somebody must not make one
/// person of two.
fn customer_of(chat: &str, address: Option<&str>, name: Option<&str>) -> NewRequester {
    match address {
        Some(address) => requester(address, name),
        None => NewRequester {
            addresses: vec![chat.to_owned()],
            name: name.map(str::to_owned),
            email: None,
        },
    }
}

fn history(findings: &mut Findings, told: &[ChatTurn], customer: Option<&str>) -> Vec<NewTurn> {
    if told.len() > MAX_HISTORY {
        let why = format!("must be at most {MAX_HISTORY} turns, these are {}", told.len());
        findings.find("chat_history", why);
        return Vec::new();
    }
    let mut turns = Vec::with_capacity(told.len());
    for (at, turn) in told.iter().enumerate() {
        let speaker = match turn.role.trim().to_lowercase().as_str() {
            "user" | "customer" | "visitor" => Speaker::User,
            "bot" | "assistant" => Speaker::Bot,
            "agent" => Speaker::Agent,
            // Instructions to the bot are no part of the chat.
            "system" => continue,
            _ => {
                findings.find(&format!("chat_history[{at}].role"), "must be user, bot or agent");
                continue;
            }
        };
        let length = turn.content.chars().count();
        if length > MAX_DESCRIPTION {
            let why =
                format!("must be at most {MAX_DESCRIPTION} characters, this one has {length}");
            findings.find(&format!("chat_history[{at}].content"), why);
        }
        if turn.content.trim().is_empty() {
            continue;
        }
        turns.push(NewTurn {
            id: None,
            at: turn.timestamp.as_ref().and_then(when::micros).map(Micros),
            speaker,
            author: customer.filter(|_| speaker == Speaker::User).map(str::to_owned),
            text: turn.content.clone(),
            private: false,
        });
    }
    turns
}

/// Takes once from the limits of a visitor, or says when it would do.
pub fn within_limits(state: &State, keys: &[u64], door: &'static str) -> Result<(), Failure> {
    let taken = state.limits.chats.take(keys, Instant::now());
    taken.map(|_| ()).map_err(|seconds| {
        state.engine.shared().metrics.event(door, "limited");
        let why = format!(
            "too many requests came from there; try again in {seconds} s (public.requests_per_minute)"
        );
        let mut problem = Problem::new(429, "Too Many Requests", why);
        problem.retry_after = Some(seconds);
        problem.into()
    })
}

async fn hand_over<T>(
    state: &State,
    input: &OpenInput<T>,
    workspace: &str,
    chat: Handover,
) -> Result<(Ticket, bool), Failure> {
    within_limits(state, &input.limits(workspace), "chat")?;
    let actor = Actor::Token { name: "chat".into() };
    let command = Command::HandOver(Box::new(chat));
    match state.engine.submit(Submission::new(actor, command).from(input.origin)).await? {
        Reply::Taken { ticket, made } => {
            state.engine.shared().metrics.event("chat", "stored");
            Ok((*ticket, made))
        }
        other => Err(unexpected(&other)),
    }
}
