//! What an agent writes on a ticket, and what becomes of the ticket.

use serde_json::{Value, json};

use super::{Centre, turn};
use crate::bridge::{BUDI, members, message, phone, problem, rows, sample, word};

#[test]
fn a_public_comment_reaches_the_customers_phone() {
    let centre = Centre::open("");
    let ticket = centre.customer(BUDI);
    let path = format!("/api/tickets/{ticket}/comments");
    let body = json!({"body": "I'll look into this for you.", "is_internal": false});
    let answer = centre.ana("POST", &path, &body);
    assert_eq!(answer.status, 201, "{}", answer.text());
    let comment = answer.json();
    let shown = centre.desk.read(&format!("/api/tickets/{ticket}"));
    for name in
        ["id", "ticket_id", "body", "author_type", "author_name", "is_internal", "created_at"]
    {
        assert!(members(&comment).contains(name), "S3.32: {name} in {comment}");
    }
    assert_eq!(comment["ticket_id"], shown["id"]);
    assert_eq!(comment["body"], "I'll look into this for you.");
    assert_eq!(
        (&comment["author_type"], &comment["author_name"]),
        (&json!("agent"), &json!("Ana"))
    );
    assert_eq!(comment["is_internal"], false);

    let seen = centre.fake.wait_for(1);
    assert_eq!(seen[0].path, "/send");
    assert_eq!(seen[0].header("authorization"), Some("Bearer t0ken"));
    assert_eq!(seen[0].body["jid"], phone(BUDI));
    assert_eq!(seen[0].body["text"], "I'll look into this for you.", "S4.18");
    assert_eq!(seen[0].body["messageId"], seen[0].key());

    let id = comment["id"].as_u64().expect("an id");
    centre.until(ticket, id, "sent");
    let shown = centre.desk.read(&format!("/api/tickets/{ticket}"));
    assert_eq!(shown["status"], "in_progress", "C3");
    assert!(shown["first_response_at"].is_string(), "{shown}");
    let page = centre.desk.read(&format!("/api/tickets/{ticket}/timeline"));
    let entry = &rows(&page, "entries")[1];
    assert_eq!((&entry["speaker"], &entry["kind"]), (&json!("agent"), &json!("message")));
    assert_eq!(
        (&entry["delivery"]["state"], &entry["provider_id"]),
        (&json!("sent"), &json!("WA0"))
    );
    assert_eq!(rows(&page, "entries")[0]["delivery"], Value::Null, "only ours go out");
}

#[test]
fn an_internal_note_stays_inside() {
    let centre = Centre::open("");
    let ticket = centre.customer(BUDI);
    let path = format!("/api/tickets/{ticket}/comments");
    let note = centre.ana("POST", &path, &json!({"body": "Pelanggan lama", "is_internal": true}));
    assert_eq!(note.status, 201, "{}", note.text());
    assert_eq!(
        (&note.json()["is_internal"], &note.json()["delivery"]),
        (&json!(true), &Value::Null)
    );
    let reply = centre.reply(ticket, "Selamat pagi");
    centre.until(ticket, reply, "sent");
    assert_eq!(centre.fake.seen().len(), 1, "the note did not go out");
    assert_eq!(centre.fake.seen()[0].body["text"], "Selamat pagi");
    let shown = centre.desk.read(&format!("/api/tickets/{ticket}/comments"));
    let shown: Vec<_> = rows(&shown, "comments")
        .iter()
        .map(|c| (word(&c["author_type"]), c["is_internal"] == true))
        .collect();
    let (customer, agent) = ("customer".to_owned(), "agent".to_owned());
    assert_eq!(shown, [(customer, false), (agent.clone(), true), (agent, false)]);
}

#[test]
fn a_note_is_no_first_response_and_silences_nobody() {
    let centre = Centre::open("");
    let ticket = centre.customer(BUDI);
    let bot = centre.ana("POST", "/api/conversations/1/mode", &json!({"mode": "bot"}));
    assert_eq!(bot.status, 200, "{}", bot.text());
    let path = format!("/api/tickets/{ticket}/comments");
    centre.ana("POST", &path, &json!({"body": "catatan", "is_internal": true}));
    let shown = centre.desk.read(&format!("/api/tickets/{ticket}"));
    assert_eq!((&shown["status"], &shown["first_response_at"]), (&json!("new"), &Value::Null));
    assert_eq!(centre.desk.read("/api/conversations/1")["mode"], "bot");
}

#[test]
fn a_comment_with_a_key_is_written_and_sent_once() {
    let centre = Centre::open("");
    let ticket = centre.customer(BUDI);
    let path = format!("/api/tickets/{ticket}/comments");
    let body = json!({"body": "Sebentar ya"});
    let key = [("Idempotency-Key", "comment-1")];
    let first = centre.ana_with("POST", &path, &key, &body);
    centre.fake.wait_for(1);
    centre.until(ticket, first.json()["id"].as_u64().expect("an id"), "sent");
    let again = centre.ana_with("POST", &path, &key, &body);
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.text(), again.text(), "answered as the first time");
    let other = centre.ana_with("POST", &path, &key, &json!({"body": "Lain"}));
    problem(&other, 422);
    assert_eq!(
        centre.said(ticket),
        [turn("user", "Halo, ada orang?"), turn("agent", "Sebentar ya")]
    );
    assert_eq!(centre.fake.seen().len(), 1);
}

#[test]
fn where_no_reply_can_go_out_the_agent_is_told_why() {
    let centre = Centre::open("");
    let ticket = centre.customer(BUDI);
    let mut elsewhere = message(&phone("628222"), "B1", 0, "Halo");
    elsewhere = json!({"session": "toko-2", "messages": [elsewhere], "type": "notify"});
    let other = centre.desk.deliver(&elsewhere)[0]["ticket"].as_u64().expect("a ticket");
    let say = |ticket: u64| {
        let path = format!("/api/tickets/{ticket}/comments");
        centre.ana("POST", &path, &json!({"body": "Halo", "is_internal": false}))
    };
    let why = problem(&say(other), 409);
    assert!(why.contains("toko-2") && why.contains("whatsapp.bridges"), "{why}");
    let closed = centre.ana("POST", &format!("/api/tickets/{ticket}/close"), &Value::Null);
    assert_eq!(closed.status, 200, "{}", closed.text());
    let why = problem(&say(ticket), 409);
    assert!(why.contains("closed") && why.contains("reopen"), "{why}");
    problem(&say(4711), 404);
    let note = json!({"body": "catatan", "is_internal": true});
    let path = format!("/api/tickets/{ticket}/comments");
    assert_eq!(centre.ana("POST", &path, &note).status, 201, "a note is always possible");
    assert!(centre.fake.seen().is_empty());
}

#[test]
fn a_comment_has_words_and_not_too_many() {
    let centre = Centre::open("");
    let ticket = centre.customer(BUDI);
    let path = format!("/api/tickets/{ticket}/comments");
    for body in [json!({}), json!({"body": ""}), json!({"body": " \n"}), json!({"body": 7})] {
        let answer = centre.ana("POST", &path, &body);
        problem(&answer, 400);
        assert_eq!(answer.json()["errors"][0]["field"], "body", "{body}");
    }
    let long = "é".repeat(65_537);
    problem(&centre.ana("POST", &path, &json!({"body": long})), 400);
    assert_eq!(centre.said(ticket).len(), 1);
}

#[test]
fn on_a_call_a_comment_is_stored_and_nothing_can_be_said() {
    let centre = Centre::open("");
    let made = json!({"session_id": "550e8400-e29b-41d4-a716-446655440000"});
    let call = centre.ana("POST", "/api/calls", &made);
    assert_eq!(call.status, 201, "{}", call.text());
    let ticket = word(&call.json()["data"]["ticket_id"]);
    let path = format!("/api/tickets/{ticket}/comments");
    let comment = centre.ana("POST", &path, &json!({"body": "We called back."}));
    assert_eq!(comment.status, 201, "{}", comment.text());
    assert_eq!(comment.json()["delivery"], Value::Null, "nothing goes out");
    let told = centre.desk.read(&format!("/api/calls/{ticket}"));
    assert_eq!(told["data"]["interactions"], json!([]), "it was not said in the call");
    let why = problem(&centre.ana("POST", &format!("/api/calls/{ticket}/say"), &Value::Null), 409);
    assert!(why.contains("no voice"), "{why}");
    problem(&centre.ana("POST", "/api/calls/4711/say", &Value::Null), 404);
}

#[test]
fn what_goes_out_is_told_to_those_who_follow_the_feed() {
    let centre = Centre::open("");
    let ticket = centre.customer(BUDI);
    let reply = centre.reply(ticket, "Selamat pagi");
    centre.until(ticket, reply, "sent");
    let page = centre.desk.read("/api/feed?after=0&limit=100");
    let told: Vec<_> = rows(&page, "events")
        .iter()
        .filter(|event| event["entry"]["id"] == reply)
        .map(|event| (word(&event["event"]), word(&event["entry"]["delivery"]["state"])))
        .collect();
    assert_eq!(
        told,
        [turn("ticket.message.added", "queued"), turn("ticket.entry.updated", "sent")]
    );
}

#[test]
fn who_wrote_under_a_lid_and_a_number_is_answered_at_the_number() {
    let centre = Centre::open("");
    let mut ticket = 0;
    for body in sample("b_baileys/lid_addressing.jsonl") {
        let told = centre.desk.deliver(&body);
        ticket = told[0]["ticket"].as_u64().unwrap_or(ticket);
    }
    let reply = centre.reply(ticket, "Selamat pagi");
    centre.until(ticket, reply, "sent");
    let to = word(&centre.fake.seen()[0].body["jid"]);
    assert!(to.ends_with("@s.whatsapp.net"), "{to}");
}
