//! Bridges that fail: what may pass is tried again, what may not is told, and nobody else waits for it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::fake::Does;
use super::{Centre, taken, turn};
use crate::bridge::{BUDI, problem};

#[test]
fn what_a_bridge_could_not_take_is_tried_again_under_the_same_id() {
    let centre = Centre::with(
        |seen, before| match before {
            0 => Does::Answers(500, json!({"error": "no session"})),
            1 => Does::Drops,
            2 => Does::Hangs(Duration::from_millis(900)),
            3 => Does::Answers(503, Value::Null),
            _ => taken(seen, before),
        },
        "",
    );
    let ticket = centre.customer(BUDI);
    let reply = centre.reply(ticket, "Selamat pagi");
    centre.until(ticket, reply, "sent");
    let seen = centre.fake.seen();
    assert_eq!(seen.len(), 5);
    assert!(seen.iter().all(|one| one.key() == seen[0].key() && one.body == seen[0].body));
    let metrics = centre.metrics();
    for line in [
        "frontdesk_replies_total{instance=\"default\",outcome=\"retried\"} 4",
        "frontdesk_replies_total{instance=\"default\",outcome=\"sent\"} 1",
        "frontdesk_outbox_messages{instance=\"default\"} 0",
    ] {
        assert!(metrics.lines().any(|shown| shown == line), "{line} in {metrics}");
    }
}

#[test]
fn a_bridge_that_is_overrun_is_given_the_time_it_asks_for() {
    let centre = Centre::with(
        |seen, before| match before {
            0 => Does::AnswersWith(429, "Retry-After: 1", json!({"error": "too many"})),
            _ => taken(seen, before),
        },
        "",
    );
    let ticket = centre.customer(BUDI);
    let reply = centre.reply(ticket, "Selamat pagi");
    let waiting = centre.until(ticket, reply, "queued");
    assert_eq!(waiting["state"], "queued");
    centre.until(ticket, reply, "sent");
    let seen = centre.fake.seen();
    assert_eq!(seen.len(), 2);
    assert!(seen[1].at - seen[0].at >= Duration::from_secs(1));
}

#[test]
fn what_a_bridge_refuses_has_failed_and_the_next_one_goes() {
    let centre = Centre::with(
        |seen, before| match before {
            0 => Does::Answers(400, json!({"error": "number is not on WhatsApp"})),
            _ => taken(seen, before),
        },
        "",
    );
    let ticket = centre.customer(BUDI);
    let (first, second) = (centre.reply(ticket, "satu"), centre.reply(ticket, "dua"));
    let failed = centre.until(ticket, first, "failed");
    let why = failed["error"].as_str().expect("a reason");
    assert!(why.contains("400") && why.contains("number is not on WhatsApp"), "{why}");
    centre.until(ticket, second, "sent");
    assert_eq!(centre.fake.seen().len(), 2, "a refusal is not tried again");

    // The agent sends it again: a new message to the bridge.
    let path = format!("/api/tickets/{ticket}/comments/{first}/resend");
    let again = centre.ana("POST", &path, &Value::Null);
    assert_eq!(again.status, 200, "{}", again.text());
    assert_eq!(again.json()["delivery"]["state"], "queued");
    centre.until(ticket, first, "sent");
    let seen = centre.fake.seen();
    assert_eq!((seen.len(), &seen[2].body["text"]), (3, &json!("satu")));
    assert_ne!(seen[2].key(), seen[0].key());
    let why = problem(&centre.ana("POST", &path, &Value::Null), 409);
    assert!(why.contains("sent"), "{why}");
    let said = [turn("user", "Halo, ada orang?"), turn("agent", "satu"), turn("agent", "dua")];
    assert_eq!(centre.said(ticket), said);
    let path = format!("/api/tickets/{ticket}/comments/4711/resend");
    problem(&centre.ana("POST", &path, &Value::Null), 404);
    let path = format!("/api/tickets/{ticket}/comments/1/resend");
    problem(&centre.ana("POST", &path, &Value::Null), 409);
}

#[test]
fn a_later_message_waits_for_the_earlier_one_and_other_chats_do_not() {
    let centre = Centre::with(
        |seen, before| match seen.body["text"].as_str() {
            Some("satu") if before < 3 => Does::Answers(502, Value::Null),
            _ => taken(seen, before),
        },
        "",
    );
    let (budi, siti) = (centre.customer(BUDI), centre.customer("628222"));
    let (first, second) = (centre.reply(budi, "satu"), centre.reply(budi, "dua"));
    let other = centre.reply(siti, "lain");
    centre.until(siti, other, "sent");
    centre.until(budi, first, "sent");
    centre.until(budi, second, "sent");
    let texts: Vec<_> = centre
        .fake
        .seen()
        .iter()
        .map(|seen| seen.body["text"].as_str().expect("a text").to_owned())
        .filter(|text| text != "lain")
        .collect();
    assert_eq!(texts.last().map(String::as_str), Some("dua"), "{texts:?}");
    assert_eq!(texts.iter().filter(|text| *text == "dua").count(), 1, "{texts:?}");
}

#[test]
fn a_bridge_that_answers_twice_is_not_believed_twice() {
    let centre = Centre::with(
        |_, before| {
            let id = format!("WA{before}");
            Does::AnswersTwice(200, json!({"key": {"id": id, "fromMe": true}}))
        },
        "",
    );
    let ticket = centre.customer(BUDI);
    let (first, second) = (centre.reply(ticket, "satu"), centre.reply(ticket, "dua"));
    centre.until(ticket, first, "sent");
    centre.until(ticket, second, "sent");
    let page = centre.desk.read(&format!("/api/tickets/{ticket}/timeline"));
    assert_eq!(page["entries"][1]["provider_id"], "WA0");
    assert_eq!(page["entries"][2]["provider_id"], "WA1");
    assert_eq!(centre.fake.seen().len(), 2);
}

#[test]
fn while_a_bridge_is_down_replies_wait_and_everybody_sees_it() {
    let centre = Centre::with(|_, _| Does::Answers(503, json!({"error": "no session"})), "");
    let ticket = centre.customer(BUDI);
    let reply = centre.reply(ticket, "Selamat pagi");
    centre.fake.wait_for(2);
    let began = Instant::now();
    let delivery = loop {
        let delivery = centre.until(ticket, reply, "queued");
        if delivery["attempts"].as_u64() >= Some(2) || began.elapsed().as_secs() > 10 {
            break delivery;
        }
    };
    let why = delivery["error"].as_str().expect("the last error");
    assert!(why.contains("503") && why.contains("no session"), "{why}");
    assert!(delivery["next_attempt_at"].is_string(), "{delivery}");
    let told = String::from_utf8(centre.desk.daemon.cli(&["status"]).stdout).expect("text");
    let line = told.lines().find(|line| line.starts_with("bridge")).expect("a line");
    assert!(line.contains("default: FAILING") && line.contains("503"), "{line}");
    assert!(line.contains("1 wait") && !line.contains("no session"), "{line}");
    let metrics = centre.metrics();
    let gauge = "frontdesk_outbox_messages{instance=\"default\"} 1";
    assert!(metrics.lines().any(|line| line == gauge), "{metrics}");
    assert!(
        metrics.contains("frontdesk_outbox_oldest_seconds{instance=\"default\"} "),
        "{metrics}"
    );
    assert_eq!(centre.desk.read("/api/conversations/1")["waiting"], 1);
    centre.fake.now(taken);
    centre.until(ticket, reply, "sent");
    let told = String::from_utf8(centre.desk.daemon.cli(&["status"]).stdout).expect("text");
    assert!(!told.contains("FAILING") && told.contains("nothing waits; 1 sent"), "{told}");
}

#[test]
fn what_could_not_be_sent_for_too_long_has_failed() {
    let config =
        "[whatsapp]\nretry_first = \"50ms\"\nretry_longest = \"100ms\"\nretry_for = \"1s\"\n";
    let centre = Centre::with(|_, _| Does::Answers(500, Value::Null), config);
    let ticket = centre.customer(BUDI);
    let reply = centre.reply(ticket, "Selamat pagi");
    let failed = centre.until(ticket, reply, "failed");
    let why = failed["error"].as_str().expect("a reason");
    assert!(why.contains("given up after 1s") && why.contains("500"), "{why}");
    assert!(centre.fake.seen().len() > 2);
}

#[test]
fn more_than_may_wait_is_refused_and_nothing_of_it_is_kept() {
    let config = "[whatsapp]\nmax_outbox = 2\nretry_first = \"10s\"\nretry_longest = \"10s\"\n";
    let centre = Centre::with(|_, _| Does::Drops, config);
    let ticket = centre.customer(BUDI);
    centre.reply(ticket, "satu");
    centre.reply(ticket, "dua");
    let path = format!("/api/tickets/{ticket}/comments");
    let refused = centre.ana("POST", &path, &json!({"body": "tiga"}));
    let why = problem(&refused, 503);
    assert!(why.contains("whatsapp.max_outbox"), "{why}");
    assert_eq!(centre.said(ticket).len(), 3);
}
