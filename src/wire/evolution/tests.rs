use serde_json::json;

use super::parse;
use crate::wire::chat::tests::{change, message, only, reason, sample};
use crate::wire::chat::{Ids, Skip, What};

#[test]
fn an_upsert_names_its_instance_and_who_we_are() {
    let delivery = parse(&sample("b_baileys/evolution_messages_upsert.json")[0], None);
    assert_eq!(delivery.instance.as_deref(), Some("toko"));
    assert_eq!(delivery.own, ["6281100000000@s.whatsapp.net"]);
    assert_eq!(delivery.ids, Ids::InChatOrAlone);
    let message = message(only(delivery));
    assert_eq!(message.text, "Apakah toko buka hari ini?");
    assert_eq!(message.id.as_deref(), Some("3A10000000000000D001"));
}

#[test]
fn the_address_may_name_the_event() {
    let mut body = sample("b_baileys/evolution_messages_upsert.json").remove(0);
    body.as_object_mut().expect("an object").remove("event");
    for suffix in ["messages-upsert", "MESSAGES_UPSERT", "messages.upsert", "send-message"] {
        let message = message(only(parse(&body, Some(suffix))));
        assert_eq!(message.text, "Apakah toko buka hari ini?", "{suffix}");
    }
    // What names no event is looked at as it is.
    assert_eq!(message(only(parse(&body["data"], None))).name.as_deref(), Some("Budi"));
    assert_eq!(reason(only(parse(&body, Some("something-new")))), Skip::UnknownEvent);
}

#[test]
fn an_edit_names_its_message_by_id_alone() {
    let data = json!({"key": {"remoteJid": "6281100000000@s.whatsapp.net", "fromMe": true,
        "id": "3A01"}, "type": "MESSAGE_EDIT", "editedMessage": {"conversation": "baru"},
        "timestampMs": {"low": 0, "high": 0}});
    let body = json!({"event": "messages.edited", "instance": "toko", "data": data});
    let change = change(only(parse(&body, None)));
    assert_eq!((change.target.as_str(), change.what), ("3A01", What::Edited("baru".into())));
    assert!(change.addresses.is_empty(), "the key in it is the sender's view");
}

#[test]
fn events_of_the_instance_itself_are_passed_over() {
    for event in ["connection.update", "qrcode.updated", "application.startup", "chats.upsert"] {
        let body = json!({"event": event, "instance": "toko", "data": {"state": "open"}});
        assert_eq!(reason(only(parse(&body, None))), Skip::BridgeEvent, "{event}");
    }
}
