//! What WAHA posts: `{event, session, me, payload}`. Where the payload bears the engine's own message (`_data`:
//! Baileys' under NOWEB, whatsmeow's under GOWS) that is read, as it tells more; else WAHA's own members are.
//!
//! WAHA's ids hold direction, chat, the message's id and in groups its writer: `false_628…@c.us_3EB0…`.

mod payload;
#[cfg(test)]
mod tests;

use serde_json::Value;

use super::chat::jid::Jid;
use super::chat::{Delivery, Ids, Item, Skip, label, list, member, skipped, text, whole};

/// Reads a body.
pub fn parse(body: &Value) -> Delivery {
    let event = text(body, "event").unwrap_or_default();
    let me = body.get("me").filter(|me| me.is_object());
    let own = ["id", "lid"].into_iter().filter_map(|name| text(me?, name).and_then(Jid::parse));
    let payloads = match member(body, "payload") {
        Some(_) => list(body, "payload"),
        None => return Delivery { items: whole(Skip::Malformed), ..Delivery::default() },
    };
    let items = match event {
        "message" | "message.any" => each(payloads, payload::message),
        "message.waiting" => each(payloads, payload::waiting),
        "message.reaction" => each(payloads, payload::reaction),
        "message.edited" => each(payloads, payload::edited),
        "message.revoked" => each(payloads, payload::revoked),
        "message.ack" | "message.ack.group" => each(payloads, payload::ack),
        other => whole(match other.split('.').next() {
            Some("presence") => Skip::Presence,
            Some("poll") => Skip::Protocol,
            Some(
                "session" | "state" | "group" | "chat" | "call" | "label" | "engine" | "event",
            ) => Skip::BridgeEvent,
            Some("") | None => Skip::Malformed,
            Some(_) => Skip::UnknownEvent,
        }),
    };
    Delivery {
        instance: label(body.get("session")),
        own: own.map(|jid| jid.to_string()).collect(),
        ids: Ids::InChat,
        items,
    }
}

fn each(payloads: &[Value], read: fn(&Value) -> Result<Item, Skip>) -> Vec<Item> {
    super::chat::each(payloads, payload::own_id, |one| {
        read(one).unwrap_or_else(|reason| skipped(payload::own_id(one), reason))
    })
}
