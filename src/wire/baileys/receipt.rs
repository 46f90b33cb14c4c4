//! Marks at our own messages: sent, delivered, read, failed.

use serde_json::Value;

use super::message::parties;
use crate::wire::chat::{Item, Receipt, Skip, State, flag, id, member, skipped};
use crate::wire::when;

/// A `status` of WhatsApp, as number or name. Voice messages are played when they are read; what is pending is
/// no news.
pub fn state(status: &Value) -> Option<State> {
    match (status.as_i64(), status.as_str()) {
        (Some(0), _) | (_, Some("ERROR")) => Some(State::Failed),
        (Some(2), _) | (_, Some("SERVER_ACK")) => Some(State::Sent),
        (Some(3), _) | (_, Some("DELIVERY_ACK")) => Some(State::Delivered),
        (Some(4 | 5), _) | (_, Some("READ" | "PLAYED")) => Some(State::Read),
        _ => None,
    }
}

/// What `messages.update` says of a message's status.
pub fn of_status(key: &Value, status: &Value, at: Option<&Value>) -> Item {
    receipt(key, state(status), at)
}

/// An element of `message-receipt.update`: how far a message has come with one member of a group.
pub fn of_member(element: &Value) -> Item {
    let Some(key) = element.get("key") else { return skipped(None, Skip::Malformed) };
    let told = |name: &str| element.get("receipt").and_then(|receipt| member(receipt, name));
    let (state, at) =
        match (told("readTimestamp").or(told("playedTimestamp")), told("receiptTimestamp")) {
            (Some(at), _) => (Some(State::Read), Some(at)),
            (None, Some(at)) => (Some(State::Delivered), Some(at)),
            (None, None) => (None, None),
        };
    receipt(key, state, at)
}

fn receipt(key: &Value, state: Option<State>, at: Option<&Value>) -> Item {
    let id = id(key.get("id"));
    let pass = |id| skipped(id, Skip::Receipt);
    // That somebody on our side has read what a customer wrote is nothing to the ticket.
    let (Some(state), true) = (state, flag(key, "fromMe")) else { return pass(id) };
    let (Some(name), Ok(parties)) = (id.clone(), parties(key, key)) else { return pass(id) };
    Item::Receipt(Box::new(Receipt {
        id: name,
        addresses: parties.chat.addresses(),
        state,
        at: at.and_then(when::micros),
        error: None,
    }))
}
