use serde_json::{Value, json};

use super::{parse, unwrap};
use crate::wire::chat::tests::{change, message, only, reason, receipt, sample};
use crate::wire::chat::{Skip, State, What};

fn event(content: Value) -> Value {
    json!({"type": "Message", "instanceName": "toko", "event": {"Info": {
        "Chat": "628123456789@s.whatsapp.net", "Sender": "628123456789:7@s.whatsapp.net",
        "SenderAlt": "103700000000001@lid", "ID": "3A01", "PushName": "Budi",
        "Timestamp": "2026-01-28T10:37:00+07:00"}, "Message": content}})
}

#[test]
fn the_sample_is_one_message_of_one_person_with_two_addresses() {
    let delivery = parse(&sample("b_baileys/wuzapi_message.json")[0]);
    assert_eq!(delivery.instance.as_deref(), Some("toko"));
    let message = message(only(delivery));
    assert_eq!(
        (message.text.as_str(), message.id.as_deref()),
        ("Halo via wuzapi", Some("3A10000000000000F001"))
    );
    assert_eq!(message.addresses, ["628123456789@s.whatsapp.net", "103700000000001@lid"]);
    assert_eq!(message.sent_at, Some(1_769_571_420_000_000));
    assert_eq!(message.name.as_deref(), Some("Budi"));
}

#[test]
fn a_form_and_parts_beside_a_file_hold_the_same() {
    let path =
        format!("{}/tests/fixtures/b_baileys/wuzapi_message.form", env!("CARGO_MANIFEST_DIR"));
    let form = std::fs::read(path).expect("the sample");
    let kind = "application/x-www-form-urlencoded; charset=utf-8";
    let (json, named) = unwrap(kind, &form).expect("a form");
    let body: Value = serde_json::from_slice(&json).expect("JSON");
    assert_eq!((message(only(parse(&body))).text.as_str(), named), ("Halo via wuzapi", None));
    let parts = format!(
        "--XX\r\nContent-Disposition: form-data; name=\"instanceName\"\r\n\r\ntoko\r\n--XX\r\nContent-Disposition: \
         form-data; name=\"jsonData\"\r\n\r\n{body}\r\n--XX\r\nContent-Disposition: form-data; name=\"file\"; \
         filename=\"x\"\r\n\r\n\0\u{1}--\r\n--XX--\r\n"
    );
    let (json, named) =
        unwrap("multipart/form-data; boundary=\"XX\"", parts.as_bytes()).expect("parts");
    assert_eq!(serde_json::from_slice::<Value>(&json).expect("JSON"), body);
    assert_eq!(named.as_deref(), Some("toko"));
    assert!(unwrap("text/plain", b"{}").is_none());
    assert!(unwrap(kind, b"token=x").is_none());
    assert!(unwrap("multipart/form-data; boundary=", parts.as_bytes()).is_none());
}

#[test]
fn gos_spelling_of_members_is_read() {
    let quoting = json!({"extendedTextMessage": {"text": "ya", "contextInfo": {"stanzaID": "Q1",
        "quotedMessage": {"Conversation": "jadi?"}}}});
    let quote = message(only(parse(&event(quoting)))).quoted.expect("a quote");
    assert_eq!((quote.id.as_str(), quote.text.as_deref()), ("Q1", Some("jadi?")));
    let voice = json!({"audioMessage": {"PTT": true, "seconds": 7, "mimetype": "audio/ogg"}});
    assert_eq!(message(only(parse(&event(voice)))).text, "[Voice message, 0:07]");
    let edit = json!({"protocolMessage": {"key": {"remoteJID": "x", "fromMe": true, "ID": "A1"},
        "type": 14, "editedMessage": {"conversation": "baru"}, "timestampMS": 1_769_596_420_000_i64}});
    let edit = change(only(parse(&event(edit))));
    assert_eq!((edit.target.as_str(), edit.what), ("A1", What::Edited("baru".into())));
    assert_eq!(edit.at, Some(1_769_596_420_000_000));
}

#[test]
fn one_receipt_marks_several_messages() {
    let body = |state: &str| {
        json!({"type": "ReadReceipt", "state": state, "event": {"Chat": "628123456789@s.whatsapp.net",
            "Sender": "628123456789:7@s.whatsapp.net", "IsFromMe": false,
            "MessageIDs": ["B1", "B2"], "Timestamp": "2026-01-28T10:38:00+07:00", "Type": ""}})
    };
    for (state, wanted) in [("Read", State::Read), ("Delivered", State::Delivered)] {
        let items = parse(&body(state)).items;
        let receipts: Vec<_> = items.into_iter().map(receipt).collect();
        assert_eq!(receipts.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(), ["B1", "B2"]);
        assert!(receipts.iter().all(|r| r.state == wanted));
    }
    assert_eq!(reason(only(parse(&body("ReadSelf")))), Skip::Receipt);
}

#[test]
fn what_cannot_be_read_yet_and_what_is_no_message() {
    let mut dark = event(json!(null));
    dark["type"] = json!("UndecryptableMessage");
    assert!(message(only(parse(&dark))).undecrypted);
    for (kind, skip) in [
        ("Presence", Skip::Presence),
        ("HistorySync", Skip::History),
        ("Connected", Skip::BridgeEvent),
        ("Surprise", Skip::UnknownEvent),
        ("", Skip::Malformed),
    ] {
        assert_eq!(reason(only(parse(&json!({"type": kind, "event": {}})))), skip, "{kind}");
    }
}
