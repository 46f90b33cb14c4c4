//! One WAMessage: whose chat, who wrote, when, what.

use serde_json::Value;

use super::content::{self, quoted};
use super::jid::{Jid, Kind};
use super::{Item, Message, Skip, id, label};
use crate::wire::when;

/// Members of `key` that may hold another address of the writer (6.7: sender…, participant…; 7.x: …Alt).
const WRITERS: [&str; 5] =
    ["senderPn", "senderLid", "participantPn", "participantLid", "participantAlt"];

pub(super) fn read(message: &Value) -> Item {
    match accept(message) {
        Ok(message) => Item::Message(Box::new(message)),
        Err(reason) => Item::Skipped { id: key_id(message), reason },
    }
}

/// The id of a WAMessage or of an update: both have a `key`.
pub(super) fn key_id(element: &Value) -> Option<String> {
    id(element.get("key")?.get("id"))
}

fn accept(message: &Value) -> Result<Message, Skip> {
    let key = message.get("key").ok_or(Skip::Malformed)?;
    let address = |name: &str| key.get(name).and_then(Value::as_str).and_then(Jid::parse);
    let from_me = key.get("fromMe").and_then(Value::as_bool).unwrap_or(false);
    let chat = address("remoteJid").ok_or(Skip::Malformed)?;
    let chat = match chat.kind {
        Kind::Group => return Err(Skip::Group),
        Kind::Status => return Err(Skip::StatusBroadcast),
        Kind::Newsletter => return Err(Skip::Newsletter),
        Kind::Service => return Err(Skip::Service),
        Kind::BroadcastList if from_me => return Err(Skip::Broadcast),
        Kind::BroadcastList => address("participant").ok_or(Skip::Malformed)?,
        Kind::Phone | Kind::Lid | Kind::Other => chat,
    };
    let id = key_id(message).ok_or(Skip::Malformed)?;
    let content = match message.get("message") {
        None | Some(Value::Null) => Err(Skip::Empty),
        Some(content) => content::read(content),
    };
    let content = content.map_err(|reason| match reason {
        Skip::Empty => stub(message.get("messageStubType")).unwrap_or(reason),
        _ => reason,
    })?;

    let mut customer = Customer::of(chat);
    customer.also(address("remoteJidAlt"));
    // The writer of our own messages is us: that address must never become the customer's.
    if !from_me {
        WRITERS.into_iter().for_each(|name| customer.also(address(name)));
    }
    Ok(Message {
        id: Some(id),
        chat: customer.addresses[0].to_string(),
        phone: customer.phone(),
        lid: customer.lid(),
        addresses: customer.addresses.iter().map(Jid::to_string).collect(),
        from_me,
        name: if from_me { None } else { label(message.get("pushName")) },
        sent_at: message.get("messageTimestamp").and_then(when::micros),
        text: content.text,
        attachment: content.attachment,
        quoted: content.quoted.or_else(|| quoted(message)),
    })
}

/// What a message without content stands for, if its stub type, a number or a name, tells.
pub(super) fn stub(stub: Option<&Value>) -> Option<Skip> {
    let stub = stub?;
    match (stub.as_i64(), stub.as_str()) {
        (None, None) | (Some(0), _) | (_, Some("UNKNOWN")) => None,
        (Some(1), _) | (_, Some("REVOKE")) => Some(Skip::Revoke),
        (Some(2), _) | (_, Some("CIPHERTEXT")) => Some(Skip::Undecryptable),
        _ => Some(Skip::Protocol),
    }
}

/// The addresses of one person: the chat's, and at most one more of another kind. Two numbers in one message are
/// a bridge's mistake, and joining two customers by mistake would show one the other's words.
pub(super) struct Customer {
    /// Never empty; the chat's address first.
    pub addresses: Vec<Jid>,
}

impl Customer {
    pub fn of(chat: Jid) -> Customer {
        Customer { addresses: vec![chat] }
    }

    fn also(&mut self, other: Option<Jid>) {
        let fits = |jid: &Jid| matches!(jid.kind, Kind::Phone | Kind::Lid);
        if let Some(jid) = other.filter(fits)
            && self.addresses.iter().all(|known| known.kind != jid.kind)
        {
            self.addresses.push(jid);
        }
    }

    pub fn phone(&self) -> Option<String> {
        self.addresses.iter().find_map(Jid::phone).map(str::to_owned)
    }

    pub fn lid(&self) -> Option<String> {
        self.addresses.iter().find(|jid| jid.kind == Kind::Lid).map(Jid::to_string)
    }
}
