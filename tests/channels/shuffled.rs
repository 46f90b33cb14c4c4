//! The whole corpus delivered twice and in other orders: nothing changes more.

use serde_json::{Value, json};

use super::bytes;
use crate::bridge::{Desk, rows};

/// Door, kind and sample; what is of one conversation in the order in which it was sent.
const CORPUS: [(&str, &str); 32] = [
    ("/webhook/baileys", "b_baileys/seed_bridge_text.json"),
    ("/webhook/baileys", "b_baileys/messages_upsert_conversation.json"),
    ("/webhook/baileys", "b_baileys/messages_upsert_enveloped.json"),
    ("/webhook/baileys", "b_baileys/messages_upsert_extended_quote.json"),
    ("/webhook/baileys", "b_baileys/seed_bridge_group_mention.json"),
    ("/webhook/baileys", "b_baileys/seed_bridge_media.json"),
    ("/webhook/baileys", "b_baileys/messages_upsert_media.jsonl"),
    ("/webhook/baileys", "b_baileys/reaction_edit_revoke.jsonl"),
    ("/webhook/baileys", "b_baileys/status_and_receipts.jsonl"),
    ("/webhook/baileys", "b_baileys/lid_addressing.jsonl"),
    ("/webhook/baileys", "b_baileys/bridge_noise.jsonl"),
    ("/webhook/evolution", "b_baileys/evolution_messages_upsert.json"),
    ("/webhook/waha", "b_baileys/waha_message.json"),
    ("/webhook/wuzapi", "b_baileys/wuzapi_message.json"),
    ("/webhook/whapi", "c_whapi/messages_post_text.json"),
    ("/webhook/whapi", "c_whapi/messages_post_image_caption.json"),
    ("/webhook/whapi", "c_whapi/messages_post_voice.json"),
    ("/webhook/whapi", "c_whapi/messages_post_link_preview.json"),
    ("/webhook/whapi", "c_whapi/messages_post_from_me.json"),
    ("/webhook/whapi", "c_whapi/messages_post_action_reaction.json"),
    ("/webhook/whapi", "c_whapi/messages_post_group.json"),
    ("/webhook/whapi", "c_whapi/statuses_post.json"),
    ("/webhook/whatsapp", "d_meta/text.json"),
    ("/webhook/whatsapp", "d_meta/text_without_bsuid_2024.json"),
    ("/webhook/whatsapp", "d_meta/image_caption.json"),
    ("/webhook/whatsapp", "d_meta/interactive_button_reply.json"),
    ("/webhook/whatsapp", "d_meta/location.json"),
    ("/webhook/whatsapp", "d_meta/username_no_phone.json"),
    ("/webhook/whatsapp", "d_meta/status_sent.json"),
    ("/webhook/whatsapp", "d_meta/status_delivered.json"),
    ("/webhook/whatsapp", "d_meta/status_read.json"),
    ("/webhook/whatsapp", "d_meta/status_failed.json"),
];

/// Every body of the corpus, with its door.
fn corpus() -> Vec<(&'static str, Vec<u8>)> {
    let bodies = CORPUS.iter().flat_map(|(door, name)| {
        let text = bytes(name);
        let lines = name.ends_with(".jsonl");
        let bodies = text.split(|byte| lines && *byte == b'\n').map(<[u8]>::to_vec);
        bodies.filter(|body| !body.is_empty()).map(|body| (*door, body)).collect::<Vec<_>>()
    });
    bodies.collect()
}

/// In an order of its own for each seed.
fn shuffled(
    mut corpus: Vec<(&'static str, Vec<u8>)>,
    mut seed: u64,
) -> Vec<(&'static str, Vec<u8>)> {
    for at in (1..corpus.len()).rev() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        corpus.swap(at, (seed >> 33) as usize % (at + 1));
    }
    corpus
}

fn deliver(desk: &Desk, corpus: &[(&'static str, Vec<u8>)]) -> Vec<Value> {
    let answers = corpus.iter().map(|(door, body)| {
        let answer = desk.post_to("POST", door, "application/json", body);
        assert_eq!(answer.status, 200, "{door}: {}", answer.text());
        answer.json()
    });
    answers.collect()
}

/// Every ticket and its timeline.
fn state(desk: &Desk) -> Vec<(Value, Vec<Value>)> {
    let numbers = 1001..1001 + desk.queue().len();
    numbers
        .map(|number| {
            let ticket = desk.read(&format!("/api/tickets/{number}"));
            let timeline = desk.read(&format!("/api/tickets/{number}/timeline?limit=100"));
            (ticket, rows(&timeline, "entries"))
        })
        .collect()
}

/// What a timeline tells, without what depends on the order of arrival.
fn told(state: Vec<(Value, Vec<Value>)>) -> Vec<String> {
    let strip = |mut entry: Value| {
        let members = entry.as_object_mut().expect("an object");
        members.remove("id");
        members.remove("received_at");
        entry
    };
    let of = |(ticket, entries): (Value, Vec<Value>)| {
        let times: Vec<String> = entries.iter().map(|entry| entry["at"].to_string()).collect();
        assert!(times.is_sorted(), "in sent order: {times:?}");
        let mut entries: Vec<Value> = entries.into_iter().map(strip).collect();
        // What was sent in the same second stands in the order of arrival.
        entries.sort_by_key(|entry| entry["at"].to_string() + &entry["body"].to_string());
        let who = [&ticket["requester_name"], &ticket["requester_phone"], &ticket["status"]];
        json!({"who": who, "entries": entries}).to_string()
    };
    let mut told: Vec<String> = state.into_iter().map(of).collect();
    told.sort();
    told
}

#[test]
fn the_corpus_delivered_again_in_any_order_changes_nothing() {
    let desk = Desk::open("");
    let corpus = corpus();
    let answers = deliver(&desk, &corpus);
    let first = state(&desk);
    assert_eq!(
        first.len(),
        8,
        "Budi over baileys, evolution, WAHA, wuzapi and Whapi; Rina; Ana; Luz"
    );
    let again = deliver(&desk, &corpus);
    let is_message = |one: &&Value| one["mode"].is_string();
    for (first, again) in answers.iter().zip(&again) {
        let (first, again) = (rows(first, "messages"), rows(again, "messages"));
        for (first, again) in first.iter().filter(is_message).zip(again.iter().filter(is_message)) {
            assert_eq!(first, again, "answered as the first time");
        }
    }
    assert_eq!(state(&desk), first);
    for seed in [1, 2] {
        deliver(&desk, &shuffled(corpus.clone(), seed));
        assert_eq!(state(&desk), first, "order {seed}");
    }
}

#[test]
fn the_corpus_comes_to_the_same_in_any_order_of_arrival() {
    let corpus = corpus();
    let in_order = Desk::open("");
    deliver(&in_order, &corpus);
    let wanted = told(state(&in_order));
    for seed in 3..9 {
        let desk = Desk::open("");
        deliver(&desk, &shuffled(corpus.clone(), seed));
        let told = told(state(&desk));
        assert_eq!(told.len(), wanted.len(), "order {seed}");
        for (told, wanted) in told.iter().zip(&wanted) {
            assert_eq!(told, wanted, "order {seed}");
        }
    }
}
