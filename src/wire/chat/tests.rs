//! What the tests of all parsers share, and what holds for all of them.

mod mutated;

use serde_json::Value;

use super::{Change, Delivery, Item, Message, Receipt, Skip};

/// A sample: one body (`.json`), or one body a line (`.jsonl`).
pub fn sample(name: &str) -> Vec<Value> {
    let path = format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect(&path);
    let bodies = if name.ends_with(".jsonl") { text.lines().collect() } else { vec![&text[..]] };
    bodies.iter().map(|body| serde_json::from_str(body).expect(name)).collect()
}

/// The one item of a delivery.
#[track_caller]
pub fn only(mut delivery: Delivery) -> Item {
    assert_eq!(delivery.items.len(), 1, "{delivery:?}");
    delivery.items.remove(0)
}

#[track_caller]
pub fn message(item: Item) -> Message {
    match item {
        Item::Message(message) => *message,
        other => panic!("a message, not {other:?}"),
    }
}

#[track_caller]
pub fn change(item: Item) -> Change {
    match item {
        Item::Change(change) => *change,
        other => panic!("a change, not {other:?}"),
    }
}

#[track_caller]
pub fn receipt(item: Item) -> Receipt {
    match item {
        Item::Receipt(receipt) => *receipt,
        other => panic!("a receipt, not {other:?}"),
    }
}

#[track_caller]
pub fn reason(item: Item) -> Skip {
    match item {
        Item::Skipped { reason, .. } => reason,
        other => panic!("passed over, not {other:?}"),
    }
}
