//! What bridges answer, in the shapes that their documentation and sources show.

use serde_json::{Value, json};

use super::{may_pass, sent, words};
use crate::config::BridgeKind::{self, *};

fn id(kind: BridgeKind, answer: Value) -> Option<String> {
    sent(kind, &answer).expect("a good answer")
}

#[test]
fn the_id_is_found_wherever_a_bridge_puts_it() {
    let found = Some("X1".to_owned());
    for (kind, answer) in [
        (Baileys, json!({"key": {"id": "X1"}})),
        (Baileys, json!({"status": "success", "data": {"key": {"id": "X1"}}})),
        (Baileys, json!({"result": {"key": {"id": " X1 "}}})),
        (Baileys, json!({"messageId": "X1", "id": "a job"})),
        (Baileys, json!({"id": "X1"})),
        (Evolution, json!({"key": {"id": "X1"}, "status": "PENDING"})),
        (Waha, json!({"key": {"id": "X1", "remoteJid": "1@s.whatsapp.net"}})),
        (
            Waha,
            json!({"id": {"fromMe": true, "remote": "1@c.us", "id": "X1", "_serialized": "true_1@c.us_X1"}}),
        ),
        (Waha, json!({"id": "true_1@c.us_X1"})),
        (Waha, json!({"id": "true_12@g.us_X1_3@c.us"})),
        (Wuzapi, json!({"code": 200, "data": {"Details": "Sent", "Id": "X1"}, "success": true})),
        (Whapi, json!({"sent": true, "message": {"id": "X1"}})),
        (Meta, json!({"messages": [{"id": "X1", "message_status": "accepted"}]})),
    ] {
        assert_eq!(id(kind, answer.clone()), found, "{kind:?}: {answer}");
    }
}

#[test]
fn an_answer_without_an_id_is_good_all_the_same() {
    for answer in [Value::Null, json!({}), json!([]), json!("ok"), json!({"key": {"id": 7}})] {
        for kind in [Baileys, Evolution, Waha, Wuzapi, Whapi, Meta] {
            assert_eq!(id(kind, answer.clone()), None, "{kind:?}: {answer}");
        }
    }
    let endless = json!({"key": {"id": "x".repeat(10_000)}});
    assert_eq!(id(Baileys, endless), None);
}

#[test]
fn an_answer_that_only_looks_good_is_a_refusal() {
    for answer in [
        json!({"sent": false, "error": {"message": "blocked"}}),
        json!({"success": false, "error": "blocked"}),
        json!({"ok": false, "message": "blocked"}),
    ] {
        let why = sent(Whapi, &answer).expect_err("not sent");
        assert!(why.contains("blocked"), "{why}");
    }
}

#[test]
fn a_bridges_words_are_found_and_hold_no_control_characters() {
    for (answer, told) in [
        (json!({"error": "no session"}), "no session"),
        (
            json!({"status": 400, "error": "Bad Request", "response": {"message": ["text is required"]}}),
            "text is required",
        ),
        (
            json!({"status": 400, "error": "Bad Request", "response": {"message": [{"exists": false}]}}),
            "{\"exists\":false}",
        ),
        (
            json!({"error": {"code": 402, "message": "Trial limit", "details": "5 chats"}}),
            "Trial limit",
        ),
        (
            json!({"error": {"message": "(#100)", "error_data": {"details": "no such number"}}}),
            "no such number",
        ),
        (json!({"message": "a\u{1b}[31m\nb"}), "a[31mb"),
        (json!(["?"]), ""),
    ] {
        assert_eq!(words(&answer), told, "{answer}");
    }
}

#[test]
fn only_what_says_so_is_tried_again() {
    let starting = json!({"status": "STARTING", "expected": ["WORKING"]});
    assert!(may_pass(Waha, 422, &starting));
    assert!(!may_pass(Waha, 422, &json!({"message": "text is required"})));
    assert!(!may_pass(Evolution, 422, &starting));
    assert!(may_pass(Meta, 400, &json!({"error": {"code": 130_429}})));
    assert!(!may_pass(Meta, 400, &json!({"error": {"code": 131_047}})));
    assert!(!may_pass(Meta, 400, &json!({"error": {"code": "4"}})));
}
