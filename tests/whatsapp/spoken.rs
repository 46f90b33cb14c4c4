//! The timeline: sent order, true times, words unchanged.

use serde_json::{Value, json};

use super::{customer_said, post, timeline};
use crate::bridge::{BUDI, Desk, MORNING, message, phone, problem, rows, word};

#[test]
fn the_timeline_is_in_sent_order_whatever_the_order_of_arrival() {
    let desk = Desk::open("");
    for second in [40, 10, 30, 0, 20, 50] {
        desk.ticket_of(&message(&phone(BUDI), &format!("A{second}"), second, &second.to_string()));
    }
    assert_eq!(customer_said(&desk, 1001), ["0", "10", "20", "30", "40", "50"]);
    // Sent in the same second: as they stood in the delivery.
    let same = ["satu", "dua", "tiga"].map(|text| message(&phone(BUDI), text, 60, text));
    desk.deliver(&json!({"messages": same, "type": "notify"}));
    assert_eq!(customer_said(&desk, 1001)[6..], ["satu", "dua", "tiga"]);
}

/// S4.9
#[test]
fn an_entry_says_who_when_and_what() {
    let desk = Desk::open("");
    desk.ticket_of(&message(&phone(BUDI), "A1", 0, "Halo"));
    let mut messages = timeline(&desk, 1001).into_iter().filter(|entry| entry["kind"] == "message");
    let entry = messages.next_back().expect("the message");
    assert!(entry["id"].is_u64(), "{entry}");
    assert_eq!(entry["at"], "2026-01-28T10:30:00Z");
    assert_eq!((&entry["speaker"], &entry["author"]), (&json!("user"), &json!("Budi")));
    assert_eq!(entry["body"], "Halo");
    for absent in ["tool_calls", "edited_at", "deleted_at"] {
        assert_eq!(entry.get(absent), Some(&Value::Null), "{absent} in {entry}");
    }
}

#[test]
fn times_are_read_in_every_spelling() {
    let desk = Desk::open("");
    let ms = MORNING * 1000;
    let spellings = [
        json!(MORNING),
        json!(ms),
        json!(MORNING.to_string()),
        json!("2026-01-28T17:30:00+07:00"),
        json!({"low": MORNING, "high": 0, "unsigned": true}),
        // Two 32-bit words, both signed.
        json!({"low": ms as i32, "high": (ms >> 32) as i32, "unsigned": false}),
    ];
    for (nth, time) in spellings.iter().enumerate() {
        let mut message = message(&phone(BUDI), &format!("A{nth}"), 0, "Halo");
        message["messageTimestamp"] = time.clone();
        desk.ticket_of(&message);
    }
    let entries = timeline(&desk, 1001);
    let messages: Vec<_> = entries.iter().filter(|entry| entry["kind"] == "message").collect();
    assert_eq!(messages.len(), spellings.len());
    for (entry, spelling) in messages.iter().zip(&spellings) {
        assert_eq!(entry["at"], "2026-01-28T10:30:00Z", "{spelling}");
    }
}

#[test]
fn an_absurd_time_is_the_time_of_receipt_and_never_a_refusal() {
    let desk = Desk::open("");
    for (nth, time) in
        [json!(null), json!("kapan"), json!(-5), json!({"low": "x"})].iter().enumerate()
    {
        let mut message = message(&phone(BUDI), &format!("A{nth}"), 0, "Halo");
        message["messageTimestamp"] = time.clone();
        desk.ticket_of(&message);
    }
    let created = word(&desk.queue()[0]["created_at"]);
    for entry in timeline(&desk, 1001).iter().filter(|entry| entry["kind"] == "message") {
        assert!(word(&entry["at"])[..10] >= created[..10], "{entry}, ticket of {created}");
    }
}

#[test]
fn words_are_kept_as_they_were_sent() {
    let desk = Desk::open("");
    let words = "  مرحبا 👨‍👩‍👧‍👦 \u{2028} <b>&amp;</b>\r\n\tsalam\u{0}  ";
    desk.ticket_of(&message(&phone(BUDI), "A1", 0, words));
    let long = "panjang ".repeat(100_000);
    desk.ticket_of(&message(&phone(BUDI), "A2", 1, &long));
    assert_eq!(customer_said(&desk, 1001), [words, long.as_str()]);
    // Half an emoji, as some bridges cut it, costs that character and not the message.
    let raw = message(&phone(BUDI), "A3", 2, "CUT").to_string().replace("CUT", "oke \\ud83d");
    let answer = post(&desk, raw.as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(customer_said(&desk, 1001)[2].starts_with("oke "));
}

#[test]
fn a_page_of_the_timeline_has_its_limits() {
    let desk = Desk::open("");
    let ticket = desk.ticket_of(&message(&phone(BUDI), "A1", 0, "Halo"));
    let supervisor = desk.daemon.token("admin");
    for (query, field) in [("limit=101", "limit"), ("limit=0", "limit"), ("after=x", "after")] {
        let path = format!("/api/tickets/{ticket}/timeline?{query}");
        let refused = desk.call(&supervisor, "GET", &path);
        problem(&refused, 400);
        assert_eq!(rows(&refused.json(), "errors")[0]["field"], field, "{query}");
    }
    problem(&desk.call(&supervisor, "GET", "/api/tickets/4711/timeline"), 404);
}
