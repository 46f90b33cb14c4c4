use serde_json::{Value, json};

use super::*;
use crate::wire::chat::{Attachment, AttachmentKind, MAX_ITEMS};

const SENT: i64 = 1_769_596_200_000_000;

fn hello() -> Value {
    wa_message(json!({"conversation": "Halo"}))
}

#[test]
fn every_shape_around_a_message_is_read() {
    for body in [
        hello(),
        json!([hello()]),
        json!({"messages": [hello()], "type": "notify"}),
        json!({"messages": [hello()], "type": "append"}),
        json!({"messages": [hello()]}),
        json!({"messages": hello()}),
        json!({"type": "messages.upsert", "messages": [hello()]}),
        json!({"type": "messages.upsert", "data": {"messages": [hello()], "type": "notify"}}),
        json!({"event": "messages.upsert", "data": {"messages": [hello()], "type": "append"}}),
        json!({"event": "messages.upsert", "data": [hello()]}),
        json!({"event": "messages.upsert", "data": hello()}),
        json!({"event": "messages.upsert", "messages": [hello()]}),
        json!({"event": "MESSAGES_UPSERT", "data": hello()}),
        json!({"event": "messages-upsert", "data": hello()}),
    ] {
        let message = message(only(body.clone()));
        assert_eq!(message.text, "Halo", "{body}");
        assert_eq!(message.id.as_deref(), Some("3A01"));
        assert_eq!(message.chat, "628123456789@s.whatsapp.net");
        assert_eq!(message.phone.as_deref(), Some("628123456789"), "S4.19");
        assert_eq!(message.name.as_deref(), Some("Budi"));
        assert_eq!(message.sent_at, Some(SENT));
        assert!(!message.from_me);
    }
}

#[test]
fn three_samples_are_three_messages_of_one_customer() {
    let names = ["conversation", "enveloped", "extended_quote"];
    let all: Vec<Message> =
        names.iter().flat_map(|name| messages(&format!("messages_upsert_{name}.json"))).collect();
    let ids: Vec<_> = all.iter().filter_map(|message| message.id.as_deref()).collect();
    assert_eq!(ids, ["3EB0C431C26A1916E07A", "3EB0C431C26A1916E07B", "3EB0C431C26A1916E07C"]);
    assert!(all.iter().all(|message| message.phone.as_deref() == Some("628123456789")));
    assert_eq!(
        deliveries("messages_upsert_enveloped.json")[0].instance.as_deref(),
        Some("default")
    );
}

#[test]
fn a_bridge_that_serves_many_accounts_names_its_instance() {
    let delivery = deliveries("evolution_messages_upsert.json").remove(0);
    assert_eq!(delivery.instance.as_deref(), Some("toko"));
    let message = message(delivery.items[0].clone());
    assert_eq!(message.text, "Apakah toko buka hari ini?");
    assert_eq!(message.id.as_deref(), Some("3A10000000000000D001"));
    let named = parse(&json!({"instanceName": "toko", "messages": []}));
    assert_eq!((named.instance.as_deref(), named.items.len()), (Some("toko"), 0));
}

#[test]
fn the_flat_bridge_of_seed_004_is_read() {
    let text = &messages("seed_bridge_text.json")[0];
    assert_eq!(text.id, None);
    assert_eq!(text.chat, "628123456789@s.whatsapp.net");
    assert_eq!(text.phone.as_deref(), Some("628123456789"), "S4.19");
    assert_eq!(text.name.as_deref(), Some("Budi"));
    assert_eq!((text.text.as_str(), text.sent_at), ("Halo bot", Some(SENT)));

    let media = &messages("seed_bridge_media.json")[0];
    assert_eq!(media.text, "[Image]");
    let image = Attachment {
        kind: AttachmentKind::Image,
        mimetype: Some("image/jpeg".into()),
        file_name: None,
        bytes: Some(120),
        seconds: None,
    };
    assert_eq!(media.attachment, Some(image));

    let mention = &messages("seed_bridge_group_mention.json")[0];
    assert_eq!(mention.addresses, ["120363041234567890@g.us"]);
    assert_eq!((&mention.phone, mention.name.as_deref()), (&None, Some("Budi")));
    let group = mention.group.as_ref().expect("a group");
    assert_eq!(group.title.as_deref(), Some("Toko Makmur"));
    assert_eq!(group.author, ["628123456789@s.whatsapp.net"]);
    assert_eq!(group.mentions, ["6281100000000@s.whatsapp.net"]);
    assert!(group.mentions_us);

    let other = json!({"from": "+628123456789", "text": {"body": "Hai"}, "pushName": "Budi",
        "messageTimestamp": {"low": 1_769_596_200, "high": 0, "unsigned": true}});
    let other = message(only(other));
    assert_eq!((other.text.as_str(), other.sent_at), ("Hai", Some(SENT)));
    assert_eq!(other.addresses, ["628123456789@s.whatsapp.net"]);
    let from_lid = message(only(json!({"from": "1037@lid", "text": "Hai"})));
    assert_eq!((from_lid.phone, from_lid.lid.as_deref()), (None, Some("1037@lid")));
    assert_eq!(reason(only(json!({"from": "628123456789@c.us", "text": ""}))), Skip::Empty);
    assert_eq!(reason(only(json!({"from": 628, "text": "Hai"}))), Skip::Malformed);
}

#[test]
fn a_lid_and_a_number_told_together_are_one_customer() {
    let all = messages("lid_addressing.jsonl");
    assert_eq!(all.len(), 3);
    for message in &all {
        assert_eq!(message.phone.as_deref(), Some("628555000111"));
        assert_eq!(message.lid.as_deref(), Some("103726491234567@lid"));
        assert_eq!(message.addresses[0], message.chat);
        assert_eq!(message.addresses.len(), 2);
    }
    assert_eq!(all[0].chat, "103726491234567@lid");
    assert_eq!(all[2].chat, "628555000111@s.whatsapp.net");
}

#[test]
fn the_digits_of_a_lid_are_not_a_phone_number() {
    let body = with(hello(), "/key", "remoteJid", json!("103726491234567:3@lid"));
    let message = message(only(body));
    assert_eq!(message.phone, None);
    assert_eq!(message.chat, "103726491234567@lid");
    assert_eq!(message.addresses, ["103726491234567@lid"]);
}

#[test]
fn devices_and_hosted_servers_are_the_same_person() {
    for jid in ["628123456789:7@s.whatsapp.net", "628123456789@c.us", "628123456789:99@hosted"] {
        let message = message(only(with(hello(), "/key", "remoteJid", json!(jid))));
        assert_eq!(message.addresses, ["628123456789@s.whatsapp.net"], "{jid}");
    }
    let hosted = with(hello(), "/key", "remoteJid", json!("1037:99@hosted.lid"));
    assert_eq!(message(only(hosted)).lid.as_deref(), Some("1037@lid"));
}

#[test]
fn a_second_number_in_one_message_joins_nobody() {
    let body = with(hello(), "/key", "senderPn", json!("628999@s.whatsapp.net"));
    assert_eq!(message(only(body)).addresses, ["628123456789@s.whatsapp.net"]);
}

#[test]
fn a_mapping_pairs_a_lid_with_a_number() {
    let (lid, pn) = ("1037:2@lid", "628555000111@s.whatsapp.net");
    let pair = Item::SamePerson { lid: "1037@lid".into(), phone: pn.into() };
    for body in [
        json!({"event": "lid-mapping.update", "data": {"lid": lid, "pn": pn}}),
        json!({"event": "lid-mapping.update", "data": [{"lid": lid, "pn": pn}]}),
        json!({"type": "lid-mapping.update", "lid": lid, "pn": pn}),
        json!({"event": "chats.phoneNumberShare", "data": {"lid": lid, "jid": pn}}),
    ] {
        assert_eq!(only(body.clone()), pair, "{body}");
    }
    let half = json!({"event": "lid-mapping.update", "data": {"lid": lid}});
    assert_eq!(reason(only(half)), Skip::Malformed);
}

#[test]
fn our_own_messages_keep_the_customers_address_and_not_our_name() {
    let ours = with(hello(), "/key", "fromMe", json!(true));
    let ours = with(ours, "/key", "senderPn", json!("6281100000000@s.whatsapp.net"));
    let ours = with(ours, "/key", "remoteJid", json!("1037@lid"));
    let ours = with(ours, "/key", "senderLid", json!("999@lid"));
    let message = message(only(ours));
    assert!(message.from_me);
    assert_eq!(message.name, None);
    assert_eq!(message.addresses, ["1037@lid"], "the writer is us");
}

#[test]
fn everything_public_is_passed_over() {
    for (jid, skip) in [
        ("status@broadcast", Skip::StatusBroadcast),
        ("120363@newsletter", Skip::Newsletter),
        ("0@s.whatsapp.net", Skip::Service),
        ("13135550002@bot", Skip::Service),
        ("budi", Skip::Malformed),
    ] {
        let body = with(hello(), "/key", "remoteJid", json!(jid));
        let body = with(body, "/key", "participant", json!("628123456789@s.whatsapp.net"));
        assert_eq!(only(body), Item::Skipped { id: Some("3A01".into()), reason: skip }, "{jid}");
    }
}

#[test]
fn a_group_is_the_chat_and_its_member_the_author() {
    let body = with(hello(), "/key", "remoteJid", json!("120363041234567890@g.us"));
    assert_eq!(reason(only(body.clone())), Skip::Group, "nobody wrote it");
    let body = with(body, "/key", "participant", json!("1037:4@lid"));
    let body = with(body, "/key", "participantAlt", json!("628123456789@s.whatsapp.net"));
    let context = json!({"mentionedJid": ["6281100000000@s.whatsapp.net"], "stanzaId": "Q1",
        "participant": "99@lid"});
    let content = json!({"extendedTextMessage": {"text": "halo", "contextInfo": context}});
    let told = message(only(with(body, "", "message", content)));
    assert_eq!(told.addresses, ["120363041234567890@g.us"]);
    assert_eq!((&told.phone, &told.lid), (&None, &None), "a group has no number");
    let group = told.group.expect("a group");
    assert_eq!(group.author, ["1037@lid", "628123456789@s.whatsapp.net"]);
    assert_eq!(group.phone.as_deref(), Some("628123456789"));
    assert_eq!(
        group.mentions,
        ["6281100000000@s.whatsapp.net", "99@lid"],
        "an answer is for whom it answers"
    );
}

#[test]
fn a_message_to_the_senders_broadcast_list_is_a_private_one() {
    let body = with(hello(), "/key", "remoteJid", json!("1700000000@broadcast"));
    let body = with(body, "/key", "participant", json!("628123456789:1@s.whatsapp.net"));
    assert_eq!(message(only(body.clone())).chat, "628123456789@s.whatsapp.net");
    assert_eq!(reason(only(with(body, "/key", "fromMe", json!(true)))), Skip::Broadcast);
}

#[test]
fn noise_is_passed_over_with_its_reason() {
    assert_eq!(
        reasons("bridge_noise.jsonl"),
        [
            Skip::BridgeEvent,
            Skip::Presence,
            Skip::BridgeEvent,
            Skip::BridgeEvent,
            Skip::BridgeEvent
        ]
    );
    for (body, skip) in [
        (json!({"event": "messaging-history.set", "data": {"messages": [hello()]}}), Skip::History),
        (json!({"type": "messaging-history.set", "messages": [hello(), hello()]}), Skip::History),
        (json!({"event": "messages.delete", "data": {"jid": "1@lid", "all": true}}), Skip::Revoke),
        (json!({"event": "call", "data": [{"id": "x", "status": "offer"}]}), Skip::BridgeEvent),
        (json!({"event": "something.new", "data": {}}), Skip::UnknownEvent),
        (json!({"type": "Message", "event": {"Info": {}}}), Skip::UnknownEvent),
    ] {
        assert_eq!(reason(only(body.clone())), skip, "{body}");
    }
}

#[test]
fn bodies_that_tell_nothing_are_malformed_not_an_error() {
    for body in [json!(null), json!(7), json!("x"), json!({}), json!({"data": {}}), json!([7])] {
        assert_eq!(reason(only(body.clone())), Skip::Malformed, "{body}");
    }
    assert!(parse(&json!([])).items.is_empty());
}

#[test]
fn one_malformed_element_loses_none_of_its_neighbours() {
    let no_id = with(hello(), "/key", "id", json!(null));
    let long_id = with(hello(), "/key", "id", json!("x".repeat(257)));
    let no_chat = with(hello(), "/key", "remoteJid", json!({"user": "628"}));
    let odd_content = with(hello(), "", "message", json!([1]));
    let body = json!({"messages": [
        hello(), 7, null, {"key": 3}, no_id, long_id, no_chat, odd_content, hello()
    ]});
    let items = parse(&body).items;
    assert_eq!(items.len(), 9);
    assert_eq!(message(items[0].clone()).text, "Halo");
    assert_eq!(message(items[8].clone()).text, "Halo");
    for item in &items[1..8] {
        assert_eq!(reason(item.clone()), Skip::Malformed);
    }
}

#[test]
fn an_absurd_time_costs_the_time_only() {
    for time in [json!("soon"), json!(-1), json!({"low": "x"}), json!(null)] {
        let message = message(only(with(hello(), "", "messageTimestamp", time)));
        assert_eq!((message.text.as_str(), message.sent_at), ("Halo", None));
    }
    let long = json!({"low": 1_769_596_200, "high": 0, "unsigned": true});
    for time in [long, json!("1769596200"), json!(1_769_596_200_000_i64)] {
        let message = message(only(with(hello(), "", "messageTimestamp", time)));
        assert_eq!(message.sent_at, Some(SENT));
    }
}

#[test]
fn beyond_the_limit_every_id_is_told_and_junk_once() {
    let mut elements = vec![hello(); MAX_ITEMS + 2];
    elements.extend(vec![json!(0); 5000]);
    let items = parse(&Value::Array(elements)).items;
    assert_eq!(items.len(), MAX_ITEMS + 3);
    let taken = items[..MAX_ITEMS].iter().all(|item| matches!(item, Item::Message(_)));
    assert!(taken);
    let rest = Item::Skipped { id: Some("3A01".into()), reason: Skip::TooMany };
    assert_eq!(items[MAX_ITEMS..MAX_ITEMS + 2], [rest.clone(), rest]);
    assert_eq!(items[MAX_ITEMS + 2], Item::Skipped { id: None, reason: Skip::TooMany });
}
