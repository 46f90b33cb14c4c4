//! Samples with parts replaced, removed and doubled: never a panic, and what is told still holds.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const SAMPLES: [&str; 12] = [
    "bridge_noise.jsonl",
    "evolution_messages_upsert.json",
    "lid_addressing.jsonl",
    "messages_upsert_conversation.json",
    "messages_upsert_enveloped.json",
    "messages_upsert_extended_quote.json",
    "messages_upsert_media.jsonl",
    "reaction_edit_revoke.jsonl",
    "seed_bridge_group_mention.json",
    "seed_bridge_media.json",
    "seed_bridge_text.json",
    "status_and_receipts.jsonl",
];

fn junk() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        "[0-9]{0,20}(:[0-9]{1,3})?@(lid|c.us|g.us|hosted|broadcast|x?)".prop_map(Value::from),
        Just(json!({})),
        Just(json!([])),
        Just(json!([{"message": {"message": {}}}, [[]], "x"])),
        (any::<i64>(), any::<i64>()).prop_map(|(low, high)| json!({"low": low, "high": high})),
        Just(json!({"message": {"conversation": "dalam"}})),
    ]
}

/// Replaces the `nth` value, counted depth first.
fn replace(value: &mut Value, nth: &mut usize, part: &Value) {
    if *nth == 0 {
        *value = part.clone();
        *nth = usize::MAX;
        return;
    }
    *nth -= 1;
    match value {
        Value::Array(parts) => parts.iter_mut().for_each(|inner| replace(inner, nth, part)),
        Value::Object(parts) => parts.values_mut().for_each(|inner| replace(inner, nth, part)),
        _ => {}
    }
}

fn check(item: &Item) {
    let Item::Message(message) = item else { return };
    assert!(!message.text.trim().is_empty());
    assert_eq!(message.addresses.first(), Some(&message.chat));
    // A phone and a LID; a chat on a server that is not known stands beside both.
    let known = ["@s.whatsapp.net", "@lid"].iter().any(|server| message.chat.ends_with(server));
    assert!(message.addresses.len() <= if known { 2 } else { 3 });
    assert!(!message.from_me || message.name.is_none());
    assert!(message.lid.as_ref().is_none_or(|lid| lid.ends_with("@lid")));
    let digits = |phone: &String| phone.bytes().all(|b| b.is_ascii_digit());
    assert!(message.phone.as_ref().is_none_or(digits));
    assert!(
        message.sent_at.is_none_or(|at| (1_230_768_000..4_102_444_800).contains(&(at / 1_000_000)))
    );
    for ours in ["g.us", "broadcast", "newsletter", "bot"] {
        assert!(!message.chat.ends_with(&format!("@{ours}")), "{}", message.chat);
    }
}

proptest! {
    #[test]
    fn a_mutated_sample_is_read_without_a_panic(
        sample in prop::sample::select(&SAMPLES[..]),
        changes in prop::collection::vec((0_usize..80, junk()), 1..6),
    ) {
        for mut body in fixture(sample) {
            for (nth, part) in &changes {
                replace(&mut body, &mut nth.clone(), part);
            }
            parse(&body).items.iter().for_each(check);
        }
    }

    #[test]
    fn junk_beside_a_message_does_not_lose_it(before in junk(), after in junk()) {
        let hello = wa_message(json!({"conversation": "Halo"}));
        let items = parse(&json!({"messages": [before, hello, after]})).items;
        prop_assert_eq!(items.len(), 3);
        prop_assert_eq!(message(items[1].clone()).text, "Halo");
    }
}
