//! One way in for every WhatsApp bridge and platform: what their parsers give becomes commands, and the answer
//! tells what became of each.

use std::collections::VecDeque;

use axum::Json;
use serde::Serialize;

use super::door::Delivery;
use super::{Doors, Refused};
use crate::config::{Groups, WhatsappConfig};
use crate::describe::ToSchema;
use crate::domain::contact::{Mode, spelling};
use crate::domain::entry::{Attachment, Delivery as Progress, MAX_BODY};
use crate::domain::message::{Change, Changer, Quote};
use crate::domain::time::Micros;
use crate::engine::command::{
    Command, GroupPost, IdScope, InboundMessage, MessageChange, Refusal, Reply,
};
use crate::engine::{self, Pending};
use crate::wire::chat::{self, Ids, Item, Message, Skip, State, What};
use crate::wire::problem::Problem;

/// Bridges that name no session are one.
const DEFAULT_INSTANCE: &str = "default";
const MAX_INSTANCE: usize = 128;

/// Commands of one delivery that wait at once: well below `engine.queue`, so that a large delivery is no reason
/// to be refused.
const MAX_WAITING: usize = 1000;

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
    Changed {
        id: Option<String>,
        /// The ticket of the message that changed; null as long as that message has not come
        ticket: Option<u64>,
        /// edit, revoke or reaction
        change: &'static str,
    },
    Ignored {
        id: Option<String>,
        /// Why it was passed over: group, receipt, presence, …
        ignored: &'static str,
    },
    Refused {
        id: Option<String>,
        /// Why it could not be taken; its neighbours were
        error: String,
    },
}

/// A door of a bridge or platform.
#[derive(Clone, Copy, Debug)]
pub struct Door {
    /// In logs and metrics.
    pub name: &'static str,
    /// Before the instance's own name and a colon, so that two vendors' names never meet; none for bridges that
    /// speak Baileys' own events.
    pub prefix: Option<&'static str>,
}

impl Door {
    fn instance(self, name: Option<&str>) -> Result<String, Problem> {
        let name = name.filter(|name| !name.is_empty()).unwrap_or(DEFAULT_INSTANCE);
        if name.len() > MAX_INSTANCE {
            let why = format!("must be at most {MAX_INSTANCE} bytes");
            return Err(Problem::field("session", why));
        }
        Ok(match self.prefix {
            Some(prefix) => format!("{prefix}:{name}"),
            None => name.to_owned(),
        })
    }
}

/// What is known of an item before it is decided: what its answer will name, and why it is passed over if it is.
struct Told {
    id: Option<String>,
    change: Option<Skip>,
}

/// Stores what was delivered and answers once it is on disk.
pub async fn take(
    doors: &Doors,
    door: Door,
    delivery: &Delivery,
    parsed: Vec<chat::Delivery>,
) -> Result<Json<Answer>, Refused> {
    let key = delivery.idempotency().map_err(engine::Error::from)?;
    let settings = &doors.settings.whatsapp;
    let mut messages = Vec::new();
    let mut waiting = VecDeque::new();
    let mut position = 0;
    for part in parsed {
        let instance = door.instance(part.instance.as_deref())?;
        for item in part.items {
            let (told, command) = command(settings, &instance, part.ids, &part.own, item);
            let pending = match command {
                Ok(command) => {
                    let idempotency = key.map(|key| key.part(position));
                    let submission = delivery.submission(command).keyed(idempotency);
                    Ok(doors.engine.enqueue(submission)?)
                }
                Err(reason) => Err(reason),
            };
            waiting.push_back((told, pending));
            position += 1;
            // Much is queued before anything is waited for, so that one sync serves the whole delivery.
            if waiting.len() == MAX_WAITING
                && let Some((told, pending)) = waiting.pop_front()
            {
                messages.push(outcome(doors, door, told, pending).await?);
            }
        }
    }
    for (told, pending) in waiting {
        messages.push(outcome(doors, door, told, pending).await?);
    }
    Ok(Json(Answer { status: "success", messages }))
}

async fn outcome(
    doors: &Doors,
    door: Door,
    told: Told,
    pending: Result<Pending, Skip>,
) -> Result<Outcome, Refused> {
    let count = |outcome| doors.engine.shared().metrics.event(door.name, outcome);
    let Told { id, change } = told;
    let pending = match pending {
        Ok(pending) => pending,
        Err(reason) => {
            count(reason.as_str());
            return Ok(Outcome::Ignored { id, ignored: reason.as_str() });
        }
    };
    match pending.await {
        Ok(Reply::Message { ticket, mode }) => {
            count("stored");
            let skip_bot = mode == Mode::Agent;
            Ok(Outcome::Stored { id, ticket, mode: mode.as_str(), skip_bot })
        }
        Ok(Reply::Changed { ticket }) => {
            let change = change.unwrap_or(Skip::Protocol).as_str();
            count(change);
            Ok(Outcome::Changed { id, ticket, change })
        }
        Ok(_) => {
            let ignored = change.map_or("lid_mapping", Skip::as_str);
            count(ignored);
            Ok(Outcome::Ignored { id, ignored })
        }
        Err(engine::Error::Refused(refusal)) if !matches!(refusal, Refusal::KeyReused) => {
            count("refused");
            tracing::warn!(%refusal, "a message was refused");
            Ok(Outcome::Refused { id, error: refusal.to_string() })
        }
        // Nothing is lost: the bridge delivers again, and what was stored is recognised.
        Err(error) => Err(error.into()),
    }
}

/// What deliveries ask for, from a source that waits for no answer to each message.
pub(super) fn commands(
    settings: &WhatsappConfig,
    door: Door,
    parsed: Vec<chat::Delivery>,
) -> Result<Vec<Command>, Problem> {
    let mut commands = Vec::new();
    for chat::Delivery { instance, items, ids, own } in parsed {
        let instance = door.instance(instance.as_deref())?;
        let of = |item| command(settings, &instance, ids, &own, item).1.ok();
        commands.extend(items.into_iter().filter_map(of));
    }
    Ok(commands)
}

fn command(
    settings: &WhatsappConfig,
    instance: &str,
    ids: Ids,
    own: &[String],
    item: Item,
) -> (Told, Result<Command, Skip>) {
    let ids = match ids {
        Ids::InChat => IdScope::Chat,
        Ids::InChatOrAlone => IdScope::ChatOrId,
        Ids::Alone => IdScope::Instance,
    };
    let (id, change, command) = match item {
        Item::Message(message) => {
            let id = message.id.clone();
            (id, None, received(settings, instance, ids, own, *message))
        }
        Item::Change(change) => {
            let kind = change.what.skip();
            (change.id.clone(), Some(kind), changed(settings, instance, ids, *change))
        }
        Item::SamePerson { lid, phone } => (None, None, Ok(Command::JoinAddresses { lid, phone })),
        Item::Receipt(receipt) => {
            let id = Some(receipt.id.clone());
            (id, Some(Skip::Receipt), Ok(told_of(instance, *receipt)))
        }
        Item::Skipped { id, reason } => (id, None, Err(reason)),
    };
    (Told { id, change }, command)
}

/// How far a message of ours has come.
fn told_of(instance: &str, receipt: chat::Receipt) -> Command {
    Command::Receipt {
        instance: instance.to_owned(),
        addresses: receipt.addresses,
        id: receipt.id,
        state: match receipt.state {
            State::Sent => Progress::Sent,
            State::Delivered => Progress::Delivered,
            State::Read => Progress::Read,
            State::Failed => Progress::Failed,
        },
        at: receipt.at.map(Micros),
        error: receipt.error,
    }
}

/// Whether a message of a group is one for us.
fn is_for_us(settings: &WhatsappConfig, own: &[String], message: &Message) -> bool {
    let Some(group) = &message.group else { return true };
    match settings.groups {
        Groups::Ignore => false,
        Groups::All => true,
        // What we write joins an open ticket, if there is one.
        Groups::Mention if message.from_me || group.mentions_us => true,
        Groups::Mention => {
            let ours = settings.own_addresses();
            let mut ours = ours.iter().chain(own).map(|address| spelling(address)).peekable();
            // Where nobody told who we are, everybody who is mentioned may be us.
            ours.peek().is_none() && !group.mentions.is_empty()
                || ours.any(|own| group.mentions.iter().any(|told| spelling(told) == own))
        }
    }
}

fn received(
    settings: &WhatsappConfig,
    instance: &str,
    ids: IdScope,
    own: &[String],
    message: Message,
) -> Result<Command, Skip> {
    if !is_for_us(settings, own, &message) {
        return Err(Skip::Group);
    }
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
        ids,
        addresses: message.addresses,
        phone: message.phone,
        from_me: message.from_me,
        name: message.name,
        sent_at: message.sent_at.map(Micros),
        text: message.text,
        attachment,
        quoted: message.quoted.map(|quote| Quote { id: quote.id, text: quote.text }),
        undecrypted: message.undecrypted,
        group: message.group.map(|group| GroupPost {
            title: group.title,
            author: group.author,
            phone: group.phone,
        }),
    })))
}

fn changed(
    settings: &WhatsappConfig,
    instance: &str,
    ids: IdScope,
    change: chat::Change,
) -> Result<Command, Skip> {
    if change.group && settings.groups == Groups::Ignore {
        return Err(Skip::Group);
    }
    let what = match change.what {
        What::Edited(text) if text.len() > MAX_BODY => return Err(Skip::Malformed),
        What::Edited(text) => Change::Edit { text },
        What::Deleted => Change::Delete,
        What::Reaction(emoji) => Change::React { emoji },
    };
    let named = !change.addresses.is_empty();
    Ok(Command::ChangeMessage(Box::new(MessageChange {
        instance: instance.to_owned(),
        target: change.target,
        ids,
        by: Changer {
            from_me: named.then_some(change.from_me),
            address: change.author.into_iter().next(),
            name: change.name.filter(|_| change.group),
        },
        addresses: change.addresses,
        at: change.at.map(Micros),
        change: what,
    })))
}
