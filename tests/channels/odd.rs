//! What no sample shows: every member of every sample replaced by what it should not be, odd neighbours in one
//! delivery, times in every form. Nothing is a server error, and nothing odd costs a good message.

use serde_json::{Value, json};

use super::{said, words};
use crate::bridge::{Desk, message, phone, sample};
use crate::mutated::{deep, mutated};

/// Samples that tell of a message, by the door that they come through.
const SAMPLES: [(&str, &str); 17] = [
    ("/webhook/baileys", "b_baileys/messages_upsert_enveloped.json"),
    ("/webhook/baileys", "b_baileys/messages_upsert_extended_quote.json"),
    ("/webhook/baileys", "b_baileys/seed_bridge_text.json"),
    ("/webhook/baileys", "b_baileys/seed_bridge_media.json"),
    ("/webhook/evolution", "b_baileys/evolution_messages_upsert.json"),
    ("/webhook/waha", "b_baileys/waha_message.json"),
    ("/webhook/wuzapi", "b_baileys/wuzapi_message.json"),
    ("/webhook/whapi", "c_whapi/messages_post_image_caption.json"),
    ("/webhook/whapi", "c_whapi/messages_post_action_reaction.json"),
    ("/webhook/whapi", "c_whapi/statuses_post.json"),
    ("/webhook/whatsapp", "d_meta/username_no_phone.json"),
    ("/webhook/whatsapp", "d_meta/interactive_button_reply.json"),
    ("/webhook/whatsapp", "d_meta/status_failed.json"),
    ("/api/tickets/webhook/zendesk", "e_zendesk/event_comment_added_agent.json"),
    ("/api/tickets/webhook/zendesk", "e_zendesk/trigger_custom_all_strings.json"),
    ("/api/tickets/webhook/intercom", "f_intercom/conversation_user_created.json"),
    ("/api/tickets/webhook/intercom", "f_intercom/conversation_admin_noted.json"),
];

#[test]
fn no_member_of_any_sample_can_break_a_door_whatever_stands_in_it() {
    let desk = Desk::open("");
    let mut sent = 0;
    for (door, name) in SAMPLES {
        for (what, body) in mutated(&sample(name)[0]) {
            let told = desk.post_to("POST", door, "application/json", body.to_string().as_bytes());
            assert!(told.status < 500, "{name}, {what}: {} {}", told.status, told.text());
            sent += 1;
        }
    }
    assert!(sent > 1000, "{sent}");
    let good = message(&phone("628990001"), "GOOD", 1_700_000_000, "still there");
    let ticket = desk.ticket_of(&good);
    assert_eq!(words(&desk, ticket), ["still there"]);
    assert!(!desk.daemon.log().contains("panicked"), "{}", desk.daemon.log());
}

/// FORMATS 0: one bad element of a delivery must not lose its neighbours.
#[test]
fn one_bad_element_never_loses_its_neighbours() {
    let desk = Desk::open("");
    let bad = [
        json!(null),
        json!(7),
        json!("x"),
        json!([]),
        json!({}),
        json!({"key": null}),
        json!({"key": {"remoteJid": 5, "id": [], "fromMe": "maybe"}, "message": []}),
        deep(50),
        json!({"key": {"remoteJid": "628990002@s.whatsapp.net"}, "message": {"conversation": {"a": 1}}}),
    ];
    let good = |n: usize| {
        message(
            &phone("628990002"),
            &format!("N{n}"),
            1_700_000_000 + n as i64,
            &format!("word {n}"),
        )
    };
    for envelope in
        [json!({"event": "messages.upsert", "data": {"type": "notify"}}), json!({"type": "notify"})]
    {
        let mut messages = vec![good(0)];
        for (n, bad) in bad.iter().enumerate() {
            messages.extend([bad.clone(), good(n + 1)]);
        }
        let mut body = envelope.clone();
        match body.get_mut("data") {
            Some(data) => data["messages"] = messages.into(),
            None => body["messages"] = messages.into(),
        }
        let told = desk.post_to(
            "POST",
            "/webhook/baileys",
            "application/json",
            body.to_string().as_bytes(),
        );
        assert_eq!(told.status, 200, "{}", told.text());
    }
    let expected: Vec<String> = (0..=bad.len()).map(|n| format!("word {n}")).collect();
    assert_eq!(words(&desk, 1001), expected);

    let whapi = &sample("c_whapi/messages_post_text.json")[0];
    let mut body = whapi.clone();
    let mut messages: Vec<Value> = bad.to_vec();
    messages.extend(whapi["messages"].as_array().expect("messages").clone());
    body["messages"] = messages.into();
    let told =
        desk.post_to("POST", "/webhook/whapi", "application/json", body.to_string().as_bytes());
    assert_eq!(told.status, 200, "{}", told.text());
    assert_eq!(words(&desk, 1002).len(), 1);

    let meta = &sample("d_meta/text.json")[0];
    let mut body = meta.clone();
    let entries = body["entry"].as_array_mut().expect("entries");
    let good = entries[0].clone();
    let mut changes = good.clone();
    changes["changes"].as_array_mut().expect("changes").splice(0..0, bad.to_vec());
    let list =
        changes["changes"].as_array_mut().expect("changes").last_mut().expect("the good one");
    list["value"]["messages"].as_array_mut().expect("messages").splice(0..0, bad.to_vec());
    list["value"]["contacts"].as_array_mut().expect("contacts").splice(0..0, bad.to_vec());
    *entries = bad.iter().cloned().chain([changes]).collect();
    let told =
        desk.post_to("POST", "/webhook/whatsapp", "application/json", body.to_string().as_bytes());
    assert_eq!(told.status, 200, "{}", told.text());
    assert_eq!(words(&desk, 1003).len(), 1);
}

/// FORMATS 0: whatever form a time has, its message is taken, and shown at a time that can be.
#[test]
fn a_time_in_any_form_is_read_and_a_bad_one_never_refuses() {
    let desk = Desk::open("");
    let at = |form: Value, n: usize| {
        let mut one = message(&phone("628990003"), &format!("T{n}"), 0, &format!("form {n}"));
        one["messageTimestamp"] = form;
        one
    };
    // 2023-11-14T22:13:20Z
    let good = [
        json!(1_700_000_000),
        json!("1700000000"),
        json!(1_700_000_000_000_i64),
        json!("1700000000000"),
        json!(1_700_000_000_000_000_i64),
        json!({"low": 1_700_000_000, "high": 0, "unsigned": true}),
        json!("2023-11-14T22:13:20Z"),
        json!("2023-11-14T22:13:20.000000000+00:00"),
        json!(1_700_000_000.0),
    ];
    let bad = [
        json!(-5),
        json!("yesterday"),
        json!(""),
        json!(null),
        json!([]),
        json!({"low": "x"}),
        json!(1e300),
        json!(true),
        json!(i64::MAX),
        json!("9".repeat(60)),
    ];
    for (n, form) in good.iter().chain(&bad).enumerate() {
        let told = desk.deliver(&at(form.clone(), n));
        assert_eq!(told[0]["ticket"], 1001, "{form}: {told:?}");
    }
    let entries = super::timeline(&desk, 1001);
    let of = |n: usize| {
        let found = entries.iter().find(|entry| entry["body"] == format!("form {n}"));
        found.unwrap_or_else(|| panic!("form {n}"))["at"].as_str().expect("a time").to_owned()
    };
    for (n, form) in good.iter().enumerate() {
        assert!(of(n).starts_with("2023-11-14T22:13:20"), "{form}: {}", of(n));
    }
    for n in good.len()..good.len() + bad.len() {
        let year: u32 = of(n)[..4].parse().expect("a year");
        assert!((2024..2100).contains(&year), "{}: {}", bad[n - good.len()], of(n));
    }
}

/// FORMATS 2.3 and 5: a person known by a LID here, a number there and a user id elsewhere.
#[test]
fn identities_are_learned_from_any_mix_and_never_confused() {
    let desk = Desk::open("");
    let chat = |key: Value, id: &str, text: &str| {
        let mut one = message("x@lid", id, 1_700_000_000, text);
        one["key"] = key;
        one["key"]["id"] = json!(id);
        one["key"]["fromMe"] = json!(false);
        one
    };
    // A LID alone, then the pair in each of the spellings, then the number alone.
    let spellings = [
        json!({"remoteJid": "111222333@lid"}),
        json!({"remoteJid": "111222333@lid", "senderPn": "628990004@s.whatsapp.net"}),
        json!({"remoteJid": "111222333:12@lid", "remoteJidAlt": "628990004@s.whatsapp.net", "addressingMode": "lid"}),
        json!({"remoteJid": "628990004@c.us"}),
        json!({"remoteJid": "628990004:7@s.whatsapp.net", "senderLid": "111222333@lid"}),
    ];
    for (n, key) in spellings.into_iter().enumerate() {
        let told = desk.deliver(&chat(key.clone(), &format!("L{n}"), &format!("spelling {n}")));
        assert_eq!(told[0]["ticket"], 1001, "{key}: {told:?}");
    }
    // The same digits as a LID are no phone number.
    let told = desk.deliver(&chat(json!({"remoteJid": "628990004@lid"}), "OTHER", "somebody else"));
    assert_eq!(told[0]["ticket"], 1002, "{told:?}");
    assert_eq!(said(&desk, 1001).len(), 5);
    // A user id of Meta's without any number is a customer all the same.
    let meta = sample("d_meta/username_no_phone.json");
    let told = desk.deliver_to("/webhook/whatsapp", &meta[0]);
    assert!(told[0]["ticket"].is_u64(), "{told:?}");
}
