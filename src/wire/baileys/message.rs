//! One WAMessage: whose chat, who wrote, when, what.

use serde_json::Value;

use super::content::{self, Content, Said};
use crate::wire::chat::jid::Jid;
use crate::wire::chat::party::Parties;
use crate::wire::chat::{Item, Skip, id, label, placeholder, skipped};
use crate::wire::when;

/// Members of `key` that may hold an address of the writer (6.7: sender…, participant…; 7.x: …Alt).
const WRITERS: [&str; 6] =
    ["participant", "senderPn", "senderLid", "participantPn", "participantLid", "participantAlt"];

pub fn read(message: &Value) -> Item {
    accept(message).unwrap_or_else(|reason| skipped(key_id(message), reason))
}

/// The id of a WAMessage or of an update: both have a `key`.
pub fn key_id(element: &Value) -> Option<String> {
    id(element.get("key")?.get("id"))
}

/// The parties that a message's key names; `beside` is where it may name the writer besides.
pub fn parties(key: &Value, beside: &Value) -> Result<Parties, Skip> {
    let address = |name: &str| key.get(name).and_then(Value::as_str).and_then(Jid::parse);
    let chat = address("remoteJid").ok_or(Skip::Malformed)?;
    let from_me = key.get("fromMe").and_then(Value::as_bool).unwrap_or(false);
    let outer = beside.get("participant").and_then(Value::as_str).and_then(Jid::parse);
    let mut writers: Vec<Option<Jid>> = WRITERS.map(address).into();
    writers.insert(1, outer);
    Parties::of(chat, from_me, writers, [address("remoteJidAlt")])
}

fn accept(message: &Value) -> Result<Item, Skip> {
    let key = message.get("key").ok_or(Skip::Malformed)?;
    let parties = parties(key, message)?;
    let id = key_id(message).ok_or(Skip::Malformed)?;
    let name = label(message.get("pushName"));
    let sent_at = message.get("messageTimestamp").and_then(when::micros);
    let content = match message.get("message") {
        None | Some(Value::Null) => Err(Skip::Empty),
        Some(content) => content::read(content),
    };
    let content = match content {
        Err(Skip::Empty) => match stub(message.get("messageStubType")) {
            Some(Stub::Ciphertext) => Content::Undecrypted,
            Some(Stub::Revoke) => return Err(Skip::Revoke),
            Some(Stub::Other) => return Err(Skip::Protocol),
            None => return Err(Skip::Empty),
        },
        other => other?,
    };
    Ok(item(&parties, id, name, sent_at, content, message))
}

/// The item of a message with this content; `beside` may bear a context of its own.
pub fn item(
    parties: &Parties,
    id: String,
    name: Option<String>,
    sent_at: Option<i64>,
    content: Content,
    beside: &Value,
) -> Item {
    let name = name.filter(|_| !parties.from_me);
    let said = match content {
        Content::Said(said) => said,
        Content::Undecrypted => {
            let mut message = parties.message();
            message.text = placeholder::UNDECRYPTED.to_owned();
            message.undecrypted = true;
            (message.id, message.name, message.sent_at) = (Some(id), name, sent_at);
            return Item::Message(Box::new(message));
        }
        Content::Changed { target, at, what } => {
            let mut item = parties.change(target, what);
            match &mut item {
                Item::Change(change) => {
                    (change.id, change.name, change.at) = (Some(id), name, at.or(sent_at));
                }
                Item::Skipped { id: skipped, .. } => *skipped = Some(id),
                _ => {}
            }
            return item;
        }
    };
    let Said { text, attachment, context } = said;
    let context = context.or(content::context(beside));
    let mut message = parties.message();
    (message.id, message.name, message.sent_at) = (Some(id), name, sent_at);
    (message.text, message.attachment, message.quoted) = (text, attachment, context.quoted);
    if let Some(group) = &mut message.group {
        group.mentions = context.mentions;
    }
    Item::Message(Box::new(message))
}

/// What a message without content stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stub {
    Revoke,
    Ciphertext,
    Other,
}

/// A stub type is a number or a name.
pub fn stub(stub: Option<&Value>) -> Option<Stub> {
    let stub = stub?;
    match (stub.as_i64(), stub.as_str()) {
        (None, None) | (Some(0), _) | (_, Some("UNKNOWN")) => None,
        (Some(1), _) | (_, Some("REVOKE")) => Some(Stub::Revoke),
        (Some(2), _) | (_, Some("CIPHERTEXT")) => Some(Stub::Ciphertext),
        _ => Some(Stub::Other),
    }
}
