//! What happens to messages: both forms of edits and revokes, reactions, marks.

use serde_json::{Value, json};

use super::*;
use crate::wire::chat::{State, What};

const CHAT: &str = "628123456789@s.whatsapp.net";

#[test]
fn the_samples_of_edit_revoke_and_reaction_name_what_they_change() {
    let items: Vec<Item> = deliveries("reaction_edit_revoke.jsonl")
        .into_iter()
        .flat_map(|delivery| delivery.items)
        .collect();
    assert_eq!(message(items[0].clone()).text, "Tolong dibatalkan");
    let [reaction, edit, revoke] = [1, 2, 4].map(|nth: usize| change(items[nth].clone()));
    assert_eq!(reaction.target, "BAE5F00D0001");
    assert_eq!(reaction.what, What::Reaction(Some("👍".into())));
    assert_eq!(
        edit.target, "3A10000000000000B001",
        "by the id alone: the key is the sender's view"
    );
    assert_eq!(edit.what, What::Edited("Tolong JANGAN dibatalkan".into()));
    assert_eq!(edit.id.as_deref(), Some("3A10000000000000B003"));
    assert_eq!(revoke.target, "3A10000000000000B004");
    assert_eq!(revoke.what, What::Deleted);
    for change in [reaction, edit, revoke] {
        assert_eq!((change.addresses, change.from_me), (vec![CHAT.to_owned()], false));
    }
}

#[test]
fn types_of_protocol_messages_are_numbers_or_names() {
    let content = json!({"conversation": "baru"});
    for (kind, what) in [
        (json!(0), What::Deleted),
        (json!("REVOKE"), What::Deleted),
        (json!(14), What::Edited("baru".into())),
        (json!("MESSAGE_EDIT"), What::Edited("baru".into())),
    ] {
        let protocol = json!({"key": {"id": "X"}, "type": kind, "editedMessage": content});
        let change = change(only(wa_message(json!({"protocolMessage": protocol}))));
        assert_eq!((change.target.as_str(), change.what), ("X", what), "{kind}");
    }
    let nothing = json!({"protocolMessage": {"key": {"id": "X"}, "type": 14}});
    assert_eq!(reason(only(wa_message(nothing))), Skip::Edit);
    let nameless = json!({"protocolMessage": {"key": {}, "type": 0}});
    assert_eq!(reason(only(wa_message(nameless))), Skip::Revoke);
}

fn key(from_me: bool) -> Value {
    json!({"remoteJid": CHAT, "fromMe": from_me, "id": "A1"})
}

#[test]
fn both_forms_of_an_edit_are_the_same_change() {
    let told = json!({"key": {"remoteJid": "6281100000000@s.whatsapp.net", "fromMe": true, "id": "A1"},
        "type": 14, "editedMessage": {"conversation": "baru"}, "timestampMs": "1769596420250"});
    let upsert = wa_message(json!({"editedMessage": {"message": {"protocolMessage": told}}}));
    let update = json!({"event": "messages.update", "data": [{"key": key(false), "update": {
        "message": {"editedMessage": {"message": {"conversation": "baru"}}},
        "messageTimestamp": 1_769_596_420}}]});
    let [first, second] = [upsert, update].map(|body| change(only(body)));
    assert_eq!((&first.target, &first.what, first.at), (&second.target, &second.what, second.at));
    assert_eq!(first.at, Some(1_769_596_420_000_000));
    // One bridge tells the protocol message alone, and not whose chat it is.
    let alone = change(only(json!({"event": "messages.edited", "data": told})));
    assert_eq!((alone.target.as_str(), alone.addresses.len()), ("A1", 0));
    assert_eq!((&alone.what, alone.at), (&first.what, first.at));
}

#[test]
fn a_revoke_comes_in_many_forms() {
    for body in [
        json!({"event": "messages.update", "data": [{"key": key(false), "update":
            {"message": null, "messageStubType": 1}}]}),
        json!({"event": "messages.update", "data": {"keyId": "A1", "remoteJid": CHAT,
            "fromMe": false, "status": "DELETED"}}),
        json!({"event": "messages.delete", "data": {"keys": [key(false)]}}),
        json!({"event": "messages.delete", "data": key(false)}),
        json!({"event": "messages.edited", "data": {"key": {"id": "A1"}, "type": "REVOKE"}}),
    ] {
        let change = change(only(body.clone()));
        assert_eq!((change.target.as_str(), &change.what), ("A1", &What::Deleted), "{body}");
    }
}

#[test]
fn content_that_comes_as_an_update_is_the_message() {
    let body = json!({"event": "messages.update", "data": [{"key": key(false), "update":
        {"message": {"conversation": "terbaca"}}}]});
    let message = message(only(body));
    assert_eq!((message.id.as_deref(), message.text.as_str()), (Some("A1"), "terbaca"));
}

#[test]
fn reactions_tell_who_and_when() {
    let at = json!("1769596410250");
    let event = json!({"event": "messages.reaction", "data": [{"key": key(true), "reaction":
        {"text": "", "key": {"remoteJid": CHAT, "fromMe": false, "id": "R1"},
         "senderTimestampMs": at}}]});
    let change = change(only(event));
    assert_eq!((change.target.as_str(), change.from_me), ("A1", false));
    assert_eq!(change.what, What::Reaction(None), "taken away");
    assert_eq!(change.at, Some(1_769_596_410_250_000));
    assert_eq!(change.id.as_deref(), Some("R1"));
}

#[test]
fn marks_at_our_messages_are_receipts() {
    let states = [
        (json!(0), Some(State::Failed)),
        (json!(1), None),
        (json!(2), Some(State::Sent)),
        (json!("DELIVERY_ACK"), Some(State::Delivered)),
        (json!(4), Some(State::Read)),
        (json!("PLAYED"), Some(State::Read)),
    ];
    for (status, state) in states {
        let body = |from_me| {
            json!({"event": "messages.update", "data":
                [{"key": key(from_me), "update": {"status": status}}]})
        };
        match (only(body(true)), state) {
            (Item::Receipt(receipt), Some(state)) => {
                assert_eq!((receipt.id.as_str(), receipt.state), ("A1", state));
                assert_eq!(receipt.addresses, [CHAT]);
            }
            (other, None) => assert_eq!(reason(other), Skip::Receipt),
            (other, state) => panic!("{state:?}, not {other:?}"),
        }
        assert_eq!(reason(only(body(false))), Skip::Receipt, "ours read theirs");
    }
    let items: Vec<Item> = deliveries("status_and_receipts.jsonl")
        .into_iter()
        .flat_map(|delivery| delivery.items)
        .collect();
    let receipts = items.iter().filter(|item| matches!(item, Item::Receipt(_))).count();
    assert_eq!((items.len(), receipts), (5, 3));
}
