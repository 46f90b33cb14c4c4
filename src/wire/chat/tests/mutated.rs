//! Samples with parts replaced, removed and doubled, given to every parser: never a panic, and what is told
//! still holds.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{message, sample};
use crate::wire::chat::{Delivery, Item, MAX_ID};
use crate::wire::mutation::replace;
use crate::wire::{baileys, evolution, meta, waha, whapi, wuzapi};

const SAMPLES: [&str; 32] = [
    "b_baileys/bridge_noise.jsonl",
    "b_baileys/evolution_messages_upsert.json",
    "b_baileys/lid_addressing.jsonl",
    "b_baileys/messages_upsert_conversation.json",
    "b_baileys/messages_upsert_enveloped.json",
    "b_baileys/messages_upsert_extended_quote.json",
    "b_baileys/messages_upsert_media.jsonl",
    "b_baileys/reaction_edit_revoke.jsonl",
    "b_baileys/seed_bridge_group_mention.json",
    "b_baileys/seed_bridge_media.json",
    "b_baileys/seed_bridge_text.json",
    "b_baileys/status_and_receipts.jsonl",
    "b_baileys/waha_message.json",
    "b_baileys/wuzapi_message.json",
    "c_whapi/messages_post_action_reaction.json",
    "c_whapi/messages_post_from_me.json",
    "c_whapi/messages_post_group.json",
    "c_whapi/messages_post_image_caption.json",
    "c_whapi/messages_post_link_preview.json",
    "c_whapi/messages_post_text.json",
    "c_whapi/messages_post_voice.json",
    "c_whapi/statuses_post.json",
    "d_meta/image_caption.json",
    "d_meta/interactive_button_reply.json",
    "d_meta/location.json",
    "d_meta/status_delivered.json",
    "d_meta/status_failed.json",
    "d_meta/status_read.json",
    "d_meta/status_sent.json",
    "d_meta/text.json",
    "d_meta/text_without_bsuid_2024.json",
    "d_meta/username_no_phone.json",
];

fn junk() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        "[0-9]{0,20}(:[0-9]{1,3})?@(lid|c.us|g.us|hosted|broadcast|x?)".prop_map(Value::from),
        "(true|false)_[0-9]{0,4}@(lid|c.us|g.us)_?[A-F]{0,4}(_@?)?".prop_map(Value::from),
        Just(json!({})),
        Just(json!([])),
        Just(json!([{"message": {"message": {}}}, [[]], "x"])),
        (any::<i64>(), any::<i64>()).prop_map(|(low, high)| json!({"low": low, "high": high})),
        Just(json!({"message": {"conversation": "dalam"}})),
        Just(json!({"protocolMessage": {"type": 14, "key": {"id": "X"},
            "editedMessage": {"conversation": "baru"}}})),
        Just(json!("action")),
        Just(json!("edit")),
    ]
}

/// What every parser makes of a body.
fn read(body: &Value) -> Vec<Delivery> {
    let mut read = meta::parse(body);
    read.push(baileys::parse(body));
    read.push(evolution::parse(body, None));
    read.push(evolution::parse(body, Some("messages-upsert")));
    read.push(waha::parse(body));
    read.push(wuzapi::parse(body));
    read.push(whapi::parse(body));
    read
}

fn check(item: &Item) {
    let sane = |at: Option<i64>| {
        at.is_none_or(|at| (1_230_768_000..4_102_444_800).contains(&(at / 1_000_000)))
    };
    match item {
        Item::Message(message) => {
            assert!(!message.text.trim().is_empty());
            assert_eq!(message.addresses.first(), Some(&message.chat));
            // A phone, a LID, a user id; a chat on a server that is not known stands beside them.
            assert!(message.addresses.len() <= 4);
            assert!(!message.from_me || message.name.is_none());
            assert!(message.lid.as_ref().is_none_or(|lid| lid.ends_with("@lid")));
            let digits = |phone: &String| phone.bytes().all(|b| b.is_ascii_digit());
            assert!(message.phone.as_ref().is_none_or(digits));
            assert!(sane(message.sent_at));
            assert_eq!(message.chat.ends_with("@g.us"), message.group.is_some());
            let written = |group: &super::super::Group| message.from_me || !group.author.is_empty();
            assert!(message.group.as_ref().is_none_or(written));
            for ours in ["broadcast", "newsletter", "bot"] {
                assert!(!message.chat.ends_with(&format!("@{ours}")), "{}", message.chat);
            }
        }
        Item::Change(change) => {
            assert!(!change.target.is_empty() && change.target.len() <= MAX_ID);
            assert!(sane(change.at));
        }
        Item::Receipt(receipt) => {
            assert!(!receipt.id.is_empty() && receipt.id.len() <= MAX_ID);
            assert!(sane(receipt.at));
        }
        Item::SamePerson { lid, phone } => {
            assert!(lid.ends_with("@lid") && phone.ends_with("@s.whatsapp.net"));
        }
        Item::Skipped { .. } => {}
    }
}

proptest! {
    #[test]
    fn a_mutated_sample_is_read_without_a_panic(
        name in prop::sample::select(&SAMPLES[..]),
        changes in prop::collection::vec((0_usize..80, junk()), 1..6),
    ) {
        for mut body in sample(name) {
            for (nth, part) in &changes {
                replace(&mut body, &mut nth.clone(), part);
            }
            for delivery in read(&body) {
                delivery.items.iter().for_each(check);
            }
        }
    }

    #[test]
    fn junk_beside_a_message_does_not_lose_it(before in junk(), after in junk()) {
        let hello = json!({
            "key": {"remoteJid": "628123456789@s.whatsapp.net", "fromMe": false, "id": "3A01"},
            "message": {"conversation": "Halo"},
        });
        let items = baileys::parse(&json!({"messages": [before, hello, after]})).items;
        prop_assert_eq!(items.len(), 3);
        prop_assert_eq!(message(items[1].clone()).text, "Halo");
        let hello = json!({"id": "W1", "type": "text", "chat_id": "628123456789@s.whatsapp.net",
            "from_me": false, "from": "628123456789", "text": {"body": "Halo"}});
        let items = whapi::parse(&json!({"messages": [before, hello, after]})).items;
        prop_assert_eq!(items.len(), 3);
        prop_assert_eq!(message(items[1].clone()).text, "Halo");
        let hello = json!({"id": "wamid.1", "type": "text", "from": "5214491234567",
            "text": {"body": "Hola"}});
        let value = json!({"messages": [before, hello, after]});
        let body = json!({"entry": [before, {"changes": [{"field": "messages", "value": value}]}]});
        let items: Vec<Item> = meta::parse(&body).into_iter().flat_map(|d| d.items).collect();
        let told = items.iter().filter(|item| matches!(item, Item::Message(m) if m.text == "Hola"));
        prop_assert_eq!(told.count(), 1);
    }

    #[test]
    fn any_body_of_wuzapi_is_unwrapped_or_refused(kind in "(multipart/form-data; boundary=[a-z]{0,3}|application/x-www-form-urlencoded|)", body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = wuzapi::unwrap(&kind, &body);
    }
}
