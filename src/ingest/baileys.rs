//! The Baileys door: what a WhatsApp bridge posts, answered with what the bridge is to do.

use axum::Json;
use axum::extract::{Request, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::door::admit;
use super::{Doors, Refused};
use crate::domain::contact::Mode;
use crate::domain::entry::{Attachment, MAX_BODY};
use crate::domain::time::Micros;
use crate::engine;
use crate::engine::command::{Command, InboundMessage, Refusal, Reply, Submission};
use crate::wire::baileys::{Item, Message, Skip, parse};
use crate::wire::json;
use crate::wire::problem::Problem;

/// Bridges that name no session are one.
const DEFAULT_INSTANCE: &str = "default";
const MAX_INSTANCE: usize = 128;

#[derive(Serialize, ToSchema)]
pub struct Answer {
    #[schema(example = "success")]
    status: &'static str,
    /// One for each message or event of the delivery, in its order
    messages: Vec<Outcome>,
}

/// What became of one message. A message that comes again is answered as the first time.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum Outcome {
    Stored {
        id: Option<String>,
        /// The number of its ticket; null for a message of our own that belongs to none
        ticket: Option<u64>,
        /// Who answers in this conversation now: agent or bot (S4.6)
        mode: &'static str,
        /// Whether the bot must keep silent
        skip_bot: bool,
    },
    Ignored {
        id: Option<String>,
        /// Why it was passed over: group, receipt, reaction, …
        ignored: &'static str,
    },
    Refused {
        id: Option<String>,
        /// Why it could not be taken; its neighbours were
        error: String,
    },
}

/// A Baileys bridge delivers messages (seed 004).
///
/// Takes `messages.upsert` in any usual envelope and the flat body of seed 004. Every customer message is on
/// disk, with its ticket, before this is answered. A message id that comes again adds nothing.
#[utoipa::path(post, path = "/webhook/baileys", tag = "doors", request_body(content = serde_json::Value, description = "what the bridge has, in any usual envelope"),
    responses((status = 200, body = Answer)))]
pub async fn receive(
    State(doors): State<Doors>,
    request: Request,
) -> Result<Json<Answer>, Refused> {
    let delivery = admit(&doors, request).await?;
    let (actor, key) = (&delivery.actor, delivery.idempotency().map_err(engine::Error::from)?);
    let body = json::from_bytes(&delivery.body)
        .map_err(|e| Problem::bad_request(format!("the body is not JSON: {e}")))?;
    let parsed = parse(&body);
    let instance = instance(parsed.instance)?;
    let shared = doors.engine.shared();
    // Everything is queued before anything is waited for, so that one sync serves the whole delivery.
    let mut waiting = Vec::with_capacity(parsed.items.len());
    for (position, item) in parsed.items.into_iter().enumerate() {
        let (id, command) = match item {
            Item::Message(message) => (message.id.clone(), command(&instance, *message)),
            Item::SamePerson { lid, phone } => (None, Ok(Command::JoinAddresses { lid, phone })),
            Item::Skipped { id, reason } => (id, Err(reason)),
        };
        waiting.push(match command {
            Ok(command) => {
                let idempotency = key.map(|k| k.part(position));
                let submission = Submission { actor: actor.clone(), idempotency, command };
                (id, Ok(doors.engine.enqueue(submission)?))
            }
            Err(reason) => (id, Err(reason)),
        });
    }
    let mut messages = Vec::with_capacity(waiting.len());
    for (id, outcome) in waiting {
        messages.push(match outcome {
            Err(reason) => {
                shared.metrics.event("baileys", reason.as_str());
                Outcome::Ignored { id, ignored: reason.as_str() }
            }
            Ok(pending) => match pending.await {
                Ok(Reply::Message { ticket, mode }) => {
                    shared.metrics.event("baileys", "stored");
                    let skip_bot = mode == Mode::Agent;
                    Outcome::Stored { id, ticket, mode: mode.as_str(), skip_bot }
                }
                Ok(_) => {
                    shared.metrics.event("baileys", "lid_mapping");
                    Outcome::Ignored { id, ignored: "lid_mapping" }
                }
                Err(engine::Error::Refused(refusal)) if !matches!(refusal, Refusal::KeyReused) => {
                    shared.metrics.event("baileys", "refused");
                    tracing::warn!(%refusal, "a message was refused");
                    Outcome::Refused { id, error: refusal.to_string() }
                }
                // Nothing is lost: the bridge delivers again, and what was stored is recognised.
                Err(error) => return Err(error.into()),
            },
        });
    }
    Ok(Json(Answer { status: "success", messages }))
}

/// What a delivery asks for, from a source that waits for no answer to each message.
pub(super) fn commands(body: &serde_json::Value) -> Result<Vec<Command>, Problem> {
    let delivery = parse(body);
    let instance = instance(delivery.instance)?;
    let commands = delivery.items.into_iter().filter_map(|item| match item {
        Item::Message(message) => command(&instance, *message).ok(),
        Item::SamePerson { lid, phone } => Some(Command::JoinAddresses { lid, phone }),
        Item::Skipped { .. } => None,
    });
    Ok(commands.collect())
}

fn instance(name: Option<String>) -> Result<String, Problem> {
    let name = name.filter(|n| !n.is_empty()).unwrap_or_else(|| DEFAULT_INSTANCE.into());
    if name.len() > MAX_INSTANCE {
        return Err(Problem::field("session", format!("must be at most {MAX_INSTANCE} bytes")));
    }
    Ok(name)
}

fn command(instance: &str, message: Message) -> Result<Command, Skip> {
    if message.addresses.is_empty() || message.text.len() > MAX_BODY {
        return Err(Skip::Malformed);
    }
    let attachment = message.attachment.map(|a| Attachment {
        kind: a.kind.as_str().to_owned(),
        mimetype: a.mimetype,
        file_name: a.file_name,
        bytes: a.bytes,
        seconds: a.seconds,
    });
    Ok(Command::ReceiveMessage(Box::new(InboundMessage {
        instance: instance.to_owned(),
        id: message.id,
        addresses: message.addresses,
        phone: message.phone,
        from_me: message.from_me,
        name: message.name,
        sent_at: message.sent_at.map(Micros),
        text: message.text,
        attachment,
    })))
}
