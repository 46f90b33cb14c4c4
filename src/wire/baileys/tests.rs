//! What bridges post, and what it must come out as. Samples: `tests/fixtures/b_baileys`.

mod content;
mod envelope;
mod mutated;

use serde_json::Value;

use super::{Delivery, Item, Message, Skip, parse};

/// A sample: one body (`.json`), or one body a line (`.jsonl`).
fn fixture(name: &str) -> Vec<Value> {
    let path = format!("{}/tests/fixtures/b_baileys/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect(&path);
    if name.ends_with(".jsonl") {
        text.lines().map(|line| serde_json::from_str(line).expect(name)).collect()
    } else {
        vec![serde_json::from_str(&text).expect(name)]
    }
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

#[track_caller]
fn message(item: Item) -> Message {
    match item {
        Item::Message(message) => *message,
        other => panic!("a message, not {other:?}"),
    }
}

#[track_caller]
fn reason(item: Item) -> Skip {
    match item {
        Item::Skipped { reason, .. } => reason,
        other => panic!("passed over, not {other:?}"),
    }
}

/// The one item of a body.
#[track_caller]
fn only(body: Value) -> Item {
    let mut items = parse(&body).items;
    assert_eq!(items.len(), 1, "{items:?}");
    items.remove(0)
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
