//! What bridges post, and what it must come out as. Samples: `tests/fixtures/b_baileys`.

mod changes;
mod content;
mod envelope;

use serde_json::Value;

use super::parse;
use crate::wire::chat::tests::{change, message, reason, sample};
use crate::wire::chat::{Delivery, Item, Message, Skip};

fn fixture(name: &str) -> Vec<Value> {
    sample(&format!("b_baileys/{name}"))
}

fn deliveries(name: &str) -> Vec<Delivery> {
    fixture(name).iter().map(parse).collect()
}

fn messages(name: &str) -> Vec<Message> {
    deliveries(name).into_iter().flat_map(|delivery| delivery.items).map(message).collect()
}

fn reasons(name: &str) -> Vec<Skip> {
    deliveries(name).into_iter().flat_map(|delivery| delivery.items).map(reason).collect()
}

/// The one item of a body.
#[track_caller]
fn only(body: Value) -> Item {
    crate::wire::chat::tests::only(parse(&body))
}

fn wa_message(content: Value) -> Value {
    serde_json::json!({
        "key": {"remoteJid": "628123456789@s.whatsapp.net", "fromMe": false, "id": "3A01"},
        "messageTimestamp": 1_769_596_200,
        "pushName": "Budi",
        "message": content,
    })
}

/// `value` with `part` at the place that a JSON pointer names.
fn with(mut value: Value, parent: &str, name: &str, part: Value) -> Value {
    value.pointer_mut(parent).expect(parent)[name] = part;
    value
}
