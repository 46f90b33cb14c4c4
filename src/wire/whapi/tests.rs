use serde_json::{Value, json};

use super::parse;
use crate::wire::chat::tests::{change, message, only, reason, receipt, sample};
use crate::wire::chat::{Item, Skip, State, What};

fn read(name: &str) -> Item {
    only(parse(&sample(&format!("c_whapi/{name}.json"))[0]))
}

fn of(kind: &str, content: Value) -> Value {
    let mut message = json!({"id": "W1", "type": kind, "chat_id": "628123456789@s.whatsapp.net",
        "from_me": false, "from": "628123456789", "from_name": "Budi", "timestamp": 1_769_596_200});
    message[kind] = content;
    message
}

fn told(message: Value) -> Item {
    only(parse(&json!({"messages": [message], "channel_id": "FALCON"})))
}

#[test]
fn the_samples_say_what_they_say() {
    let texts = ["text", "image_caption", "voice", "link_preview"];
    let texts = texts.map(|name| message(read(&format!("messages_post_{name}"))).text);
    assert_eq!(
        texts,
        [
            "Selamat pagi, akun saya terkunci",
            "Ini layar error nya",
            "[Voice message, 0:05]",
            "Lihat https://example.test/status",
        ]
    );
    let ours = message(read("messages_post_from_me"));
    assert!(ours.from_me && ours.name.is_none());
    assert_eq!(ours.addresses, ["628123456789@s.whatsapp.net"], "the writer is us");
    let group = message(read("messages_post_group"));
    let post = group.group.expect("a group");
    assert_eq!(group.addresses, ["120363041234567890@g.us"]);
    assert_eq!(
        (post.title.as_deref(), post.author),
        (Some("Toko Makmur"), vec!["628123456789@s.whatsapp.net".to_owned()])
    );
    assert_eq!(post.mentions, ["6281100000000@s.whatsapp.net"]);
    let reaction = change(read("messages_post_action_reaction"));
    assert_eq!(reaction.target, "Pv3kQ9aZx1LmN.Rx-wHUB8QmYw2A");
    assert_eq!(reaction.what, What::Reaction(Some("🙏".into())));
    let mark = receipt(read("statuses_post"));
    assert_eq!((mark.id.as_str(), mark.state), ("Pv3kQ9aZx1LmN.Rx-wHUB8QmYw2A", State::Delivered));
    assert_eq!(mark.at, Some(1_769_596_271_000_000));
}

#[test]
fn every_kind_has_a_line() {
    for (kind, content, line) in [
        (
            "location",
            json!({"latitude": -6.2, "longitude": 106.8, "name": "Monas"}),
            "[Location: Monas (-6.200000, 106.800000)]",
        ),
        (
            "live_location",
            json!({"latitude": 1.5, "longitude": 2.5, "caption": "di jalan"}),
            "di jalan\n[Live location: 1.500000, 2.500000]",
        ),
        ("contact", json!({"name": "Siti", "vcard": "TEL:+62811"}), "[Contact: Siti (+62811)]"),
        (
            "contact_list",
            json!({"list": [{"name": "Siti"}, {"name": "Rina"}]}),
            "[Contacts: Siti, Rina]",
        ),
        (
            "poll",
            json!({"title": "Kapan?", "options": ["pagi", "sore"]}),
            "[Poll: Kapan? — pagi / sore]",
        ),
        (
            "reply",
            json!({"type": "buttons_reply", "buttons_reply": {"id": "1", "title": "Ya"}}),
            "Ya",
        ),
        ("reply", json!({"type": "list_reply", "list_reply": {"title": "Pesanan"}}), "Pesanan"),
        (
            "document",
            json!({"filename": "invoice.pdf", "mime_type": "application/pdf"}),
            "[Document: invoice.pdf]",
        ),
        ("sticker", json!({}), "[Sticker]"),
        ("interactive", json!({"body": {"text": "Pilih"}}), "Pilih"),
        ("order", json!({"order_id": "7"}), "[Unsupported message: order]"),
        ("surprise", json!(7), "[Unsupported message: surprise]"),
    ] {
        assert_eq!(message(told(of(kind, content))).text, line, "{kind}");
    }
    assert_eq!(reason(told(of("text", json!({"body": " "})))), Skip::Empty);
    assert_eq!(reason(told(of("system", json!({"body": "x"})))), Skip::Protocol);
    let mut dark = of("system", json!({}));
    dark["subtype"] = json!("ciphertext");
    assert!(message(told(dark)).undecrypted);
}

#[test]
fn digits_may_be_those_of_a_lid() {
    let mut message = of("text", json!({"body": "halo"}));
    message["chat_id"] = json!("103726491234567@lid");
    message["from"] = json!("103726491234567");
    let read = self::message(told(message.clone()));
    assert_eq!((read.phone, read.lid.as_deref()), (None, Some("103726491234567@lid")));
    message["from"] = json!("628555000111");
    let read = self::message(told(message));
    assert_eq!(read.phone.as_deref(), Some("628555000111"));
}

#[test]
fn edits_and_removals_come_in_several_forms() {
    let action = |kind: &str| {
        of(
            "action",
            json!({"type": kind, "target": "A1", "edited_type": "text",
            "edited_content": {"body": "baru"}}),
        )
    };
    for kind in ["edit", "edited"] {
        let change = change(told(action(kind)));
        assert_eq!((change.target.as_str(), change.what), ("A1", What::Edited("baru".into())));
        assert_eq!(change.at, Some(1_769_596_200_000_000));
    }
    let mut before = of("text", json!({"body": "lama"}));
    before["id"] = json!("A1");
    let mut after = before.clone();
    after["text"]["body"] = json!("baru");
    for update in [
        json!({"id": "A1", "trigger": action("edit"), "before_update": before, "after_update": after}),
        json!({"id": "A1", "before_update": before, "after_update": after}),
    ] {
        let change = change(only(parse(&json!({"messages_updates": [update]}))));
        assert_eq!((change.target.as_str(), change.what), ("A1", What::Edited("baru".into())));
    }
    let same = json!({"id": "A1", "before_update": before, "after_update": before});
    assert_eq!(reason(only(parse(&json!({"messages_updates": [same]})))), Skip::Edit);
    for body in [
        json!({"messages": [action("delete")]}),
        json!({"messages_removed": ["A1"], "event": {"type": "messages", "event": "delete"}}),
        json!({"statuses": [{"id": "A1", "status": "deleted"}]}),
    ] {
        let change = change(only(parse(&body)));
        assert_eq!((change.target.as_str(), change.what), ("A1", What::Deleted), "{body}");
    }
}

#[test]
fn other_events_are_passed_over() {
    assert_eq!(
        reason(only(parse(&json!({"chats": [], "event": {"type": "chats"}})))),
        Skip::BridgeEvent
    );
    assert_eq!(
        reason(only(parse(&json!({"messages_removed_all": "1@s.whatsapp.net"})))),
        Skip::Revoke
    );
    assert_eq!(reason(only(parse(&json!({})))), Skip::Malformed);
    assert!(parse(&json!({"messages": []})).items.is_empty());
}
