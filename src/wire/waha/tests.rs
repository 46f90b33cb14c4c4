use serde_json::{Value, json};

use super::parse;
use crate::wire::chat::tests::{change, message, only, reason, receipt, sample};
use crate::wire::chat::{AttachmentKind, Item, Skip, State, What};

fn told(event: &str, payload: Value) -> Item {
    only(parse(&json!({"event": event, "session": "toko", "payload": payload})))
}

#[test]
fn the_engines_own_message_is_read_where_it_is_there() {
    let delivery = parse(&sample("b_baileys/waha_message.json")[0]);
    assert_eq!(delivery.instance.as_deref(), Some("default"));
    assert_eq!(delivery.own, ["6281100000000@c.us"].map(|a| a.replace("c.us", "s.whatsapp.net")));
    let message = message(only(delivery));
    assert_eq!(message.id.as_deref(), Some("3A10000000000000E001"));
    assert_eq!(message.text, "Mau komplain soal pengiriman");
    assert_eq!(message.name.as_deref(), Some("Budi"));
    assert_eq!(message.sent_at, Some(1_769_596_610_000_000));

    let whatsmeow = json!({"id": "false_628123456789@c.us_E2", "from": "628123456789@c.us",
        "_data": {"Info": {"Chat": "103700000000001@lid", "Sender": "103700000000001:7@lid",
            "SenderAlt": "628123456789:7@s.whatsapp.net", "ID": "E2", "PushName": "Budi",
            "Timestamp": "2026-01-28T10:37:00+07:00"},
        "Message": {"extendedTextMessage": {"text": "dari GOWS", "contextInfo": {"stanzaID": "E1"}}}}});
    let message = self::message(told("message", whatsmeow));
    assert_eq!((message.text.as_str(), message.id.as_deref()), ("dari GOWS", Some("E2")));
    assert_eq!(message.phone.as_deref(), Some("628123456789"));
    assert_eq!(message.quoted.expect("a quote").id, "E1");
}

#[test]
fn without_it_wahas_own_members_are() {
    let payload = json!({"id": "false_628123456789@c.us_3EB0A", "timestamp": 1_769_596_610,
        "from": "628123456789@c.us", "fromMe": false, "to": "6281100000000@c.us", "body": "Halo",
        "hasMedia": false, "replyTo": {"id": "3EB00", "body": "Ada yang bisa dibantu?"},
        "_data": {"notifyName": "Budi", "type": "chat"}});
    for event in ["message", "message.any"] {
        let message = message(told(event, payload.clone()));
        assert_eq!(message.id.as_deref(), Some("3EB0A"));
        assert_eq!(message.addresses, ["628123456789@s.whatsapp.net"]);
        assert_eq!((message.text.as_str(), message.name.as_deref()), ("Halo", Some("Budi")));
        let quote = message.quoted.expect("a quote");
        assert_eq!(
            (quote.id.as_str(), quote.text.as_deref()),
            ("3EB00", Some("Ada yang bisa dibantu?"))
        );
    }
    let media = json!({"id": "false_628123456789@c.us_3EB0B", "body": "", "hasMedia": true,
        "media": {"url": "http://waha/x.oga", "mimetype": "audio/ogg; codecs=opus"},
        "_data": {"type": "ptt"}});
    let message = message(told("message", media));
    assert_eq!(message.text, "[Voice message]");
    assert_eq!(message.attachment.expect("a file").kind, AttachmentKind::Voice);
    let place = json!({"id": "false_628123456789@c.us_3EB0C",
        "location": {"description": "Monas", "latitude": "-6.2", "longitude": "106.8"}});
    assert_eq!(
        self::message(told("message", place)).text,
        "[Location: Monas (-6.200000, 106.800000)]"
    );
    let card = "BEGIN:VCARD\nFN:Siti\nTEL;waid=62811:+62 811\nEND:VCARD";
    let contact = json!({"id": "false_628123456789@c.us_3EB0D", "vCards": [card]});
    assert_eq!(self::message(told("message", contact)).text, "[Contact: Siti (+62 811)]");
}

#[test]
fn what_we_wrote_and_what_a_group_says() {
    let ours = json!({"id": "true_628123456789@c.us_3EB0E", "from": "6281100000000@c.us",
        "to": "628123456789@c.us", "fromMe": true, "body": "Baik"});
    let message = message(told("message.any", ours));
    assert!(message.from_me);
    assert_eq!(message.addresses, ["628123456789@s.whatsapp.net"]);

    let group = json!({"id": "false_120363041234567890@g.us_3EB0F_628123456789@c.us",
        "from": "120363041234567890@g.us", "participant": "628123456789@c.us", "body": "halo",
        "_data": {"mentionedJidList": ["6281100000000@c.us"]}});
    let message = self::message(told("message", group));
    let group = message.group.expect("a group");
    assert_eq!(message.id.as_deref(), Some("3EB0F"));
    assert_eq!(group.author, ["628123456789@s.whatsapp.net"]);
    assert_eq!(group.mentions, ["6281100000000@s.whatsapp.net"]);
    let status = json!({"id": "false_status@broadcast_3EB0_628123456789@c.us",
        "from": "status@broadcast", "participant": "628123456789@c.us", "body": "cerita"});
    assert_eq!(reason(told("message", status)), Skip::StatusBroadcast);
}

#[test]
fn edits_revokes_reactions_and_marks_name_their_message() {
    let chat = json!({"from": "628123456789@c.us", "fromMe": false, "timestamp": 1_769_596_620});
    let of = |more: Value| {
        let mut payload = chat.clone();
        let members = payload.as_object_mut().expect("an object");
        members.extend(more.as_object().expect("an object").clone());
        payload
    };
    let edit =
        of(json!({"id": "false_628123456789@c.us_N1", "body": "baru", "editedMessageId": "A1"}));
    let edit = change(told("message.edited", edit));
    assert_eq!((edit.target.as_str(), edit.what), ("A1", What::Edited("baru".into())));
    let reaction = of(json!({"id": "false_628123456789@c.us_N2",
        "reaction": {"text": "🙏", "messageId": "true_628123456789@c.us_A2"}}));
    let reaction = change(told("message.reaction", reaction));
    assert_eq!(
        (reaction.target.as_str(), reaction.what),
        ("A2", What::Reaction(Some("🙏".into())))
    );
    for revoked in [
        json!({"before": of(json!({"id": "false_628123456789@c.us_A3"})), "after": null}),
        json!({"after": of(json!({"id": "false_628123456789@c.us_N3"})), "revokedMessageId": "A3"}),
        json!({"before": null, "after": of(json!({"id": "false_628123456789@c.us_A3"}))}),
    ] {
        let revoked = change(told("message.revoked", revoked));
        assert_eq!((revoked.target.as_str(), revoked.what), ("A3", What::Deleted));
        assert_eq!(revoked.addresses, ["628123456789@s.whatsapp.net"]);
    }
    let ack = json!({"id": "true_628123456789@c.us_A4", "from": "628123456789@c.us", "fromMe": true,
        "ack": 2, "ackName": "DEVICE"});
    let ack = receipt(told("message.ack", ack));
    assert_eq!((ack.id.as_str(), ack.state), ("A4", State::Delivered));
    let waiting = of(json!({"id": "false_628123456789@c.us_A5"}));
    assert!(message(told("message.waiting", waiting)).undecrypted);
}

#[test]
fn noise_is_passed_over_with_its_reason() {
    for (event, skip) in [
        ("session.status", Skip::BridgeEvent),
        ("presence.update", Skip::Presence),
        ("group.v2.join", Skip::BridgeEvent),
        ("poll.vote", Skip::Protocol),
        ("something.new", Skip::UnknownEvent),
        ("", Skip::Malformed),
    ] {
        assert_eq!(reason(told(event, json!({"id": "x"}))), skip, "{event}");
    }
    assert_eq!(reason(only(parse(&json!({"event": "message"})))), Skip::Malformed);
    assert_eq!(reason(told("message", json!({"id": 7}))), Skip::Malformed);
}
