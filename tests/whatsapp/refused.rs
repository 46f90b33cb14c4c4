//! What is no customer's message: passed over with its reason, or refused with a problem; nothing is kept of it.

use serde_json::{Value, json};

use super::{customer_said, post};
use crate::bridge::{BUDI, Desk, message, phone, problem, sample};

/// Delivers, and gives the reasons for which everything in it was passed over.
fn ignored(desk: &Desk, body: &Value) -> Vec<String> {
    let told = desk.deliver(body);
    let reason = |one: &Value| one["ignored"].as_str().map(str::to_owned);
    told.iter().map(|one| reason(one).unwrap_or_else(|| panic!("{one}"))).collect()
}

#[test]
fn groups_and_public_posts_are_passed_over() {
    let desk = Desk::open("");
    for (from, reason) in [
        ("120363041234567890@g.us", "group"),
        ("status@broadcast", "status_broadcast"),
        ("120363041234567890@newsletter", "newsletter"),
    ] {
        let mut message = message(from, "A1", 0, "Halo semua");
        message["key"]["participant"] = json!(phone(BUDI));
        assert_eq!(desk.deliver(&message), [json!({"id": "A1", "ignored": reason})]);
    }
    let mention = &sample("b_baileys/seed_bridge_group_mention.json")[0];
    assert_eq!(ignored(&desk, mention), ["group"]);
    assert!(desk.queue().is_empty());
}

#[test]
fn receipts_and_the_noise_of_a_bridge_are_passed_over() {
    let desk = Desk::open("");
    for body in sample("b_baileys/bridge_noise.jsonl") {
        assert_eq!(ignored(&desk, &body).len(), 1, "{body}");
    }
    for body in sample("b_baileys/status_and_receipts.jsonl") {
        let told = desk.deliver(&body);
        assert!(told[0]["ticket"].is_null(), "{body}: {told:?}");
    }
    let history = json!({"event": "messaging-history.set", "data": {
        "messages": [message(&phone(BUDI), "A1", 0, "dari bulan lalu")]}});
    assert_eq!(ignored(&desk, &history), ["history"]);
    assert_eq!(ignored(&desk, &json!({"event": "something.new", "data": {}})), ["unknown_event"]);
    assert!(desk.queue().is_empty());
}

#[test]
fn reactions_and_protocol_messages_are_no_messages() {
    let desk = Desk::open("");
    for body in sample("b_baileys/reaction_edit_revoke.jsonl") {
        desk.deliver(&body);
    }
    assert_eq!(desk.queue().len(), 1);
    let words = customer_said(&desk, 1001);
    assert_eq!(words.len(), 2, "only what the customer wrote: {words:?}");
    assert!(words.iter().all(|words| !words.contains('👍')));
    let mut settings = message(&phone(BUDI), "P1", 0, "");
    settings["message"] = json!({"protocolMessage": {"type": "EPHEMERAL_SETTING"}});
    assert_eq!(ignored(&desk, &settings), ["protocol"]);
}

#[test]
fn what_is_passed_over_is_counted_by_reason() {
    let desk = Desk::open("");
    desk.deliver(&message("120363041234567890@g.us", "A1", 0, "Halo semua"));
    desk.ticket_of(&message(&phone(BUDI), "A2", 0, "Halo"));
    let supervisor = desk.daemon.token("admin");
    let metrics = desk.call(&supervisor, "GET", "/metrics").text();
    let counted = |outcome: &str| {
        metrics
            .lines()
            .any(|line| line.contains("baileys") && line.contains(outcome) && line.ends_with(" 1"))
    };
    assert!(counted("group"), "{metrics}");
    assert!(counted("stored"), "{metrics}");
}

#[test]
fn one_odd_element_costs_none_of_its_neighbours() {
    let desk = Desk::open("");
    let first = message(&phone(BUDI), "A1", 0, "pertama");
    let last = message(&phone(BUDI), "A2", 1, "terakhir");
    let body = json!({"messages": [first, 7, {"key": {"id": "X1"}}, null, last], "type": "notify"});
    let told = desk.deliver(&body);
    assert_eq!(told.len(), 5);
    assert_eq!((&told[0]["ticket"], &told[4]["ticket"]), (&json!(1001), &json!(1001)));
    assert_eq!(told[2], json!({"id": "X1", "ignored": "malformed"}));
    assert_eq!(customer_said(&desk, 1001), ["pertama", "terakhir"]);
}

#[test]
fn empty_deliveries_are_accepted() {
    let desk = Desk::open("");
    for body in [json!([]), json!({"messages": [], "type": "notify"})] {
        assert!(desk.deliver(&body).is_empty());
    }
    assert_eq!(ignored(&desk, &json!({})), ["malformed"]);
}

#[test]
fn a_body_that_is_no_json_is_a_problem_and_nothing_is_kept() {
    let desk = Desk::open("");
    let hello = message(&phone(BUDI), "A1", 0, "Halo").to_string();
    let deep = "[".repeat(100_000);
    for body in ["", "halo", "{\"key\":", &hello[..hello.len() - 1], &deep] {
        let detail = problem(&post(&desk, body.as_bytes()), 400);
        assert!(detail.contains("JSON"), "{detail}");
    }
    problem(&post(&desk, b"{\"text\": \"\xff\xfe\"}"), 400);
    let huge = message(&phone(BUDI), "A1", 0, &"x".repeat(10 << 20)).to_string();
    problem(&post(&desk, huge.as_bytes()), 413);
    assert!(desk.queue().is_empty());
    // And the door is still open.
    assert_eq!(desk.ticket_of(&message(&phone(BUDI), "A1", 0, "Halo")), 1001);
}

#[test]
fn only_a_bridges_token_may_deliver() {
    let desk = Desk::open("");
    let hello = message(&phone(BUDI), "A1", 0, "Halo").to_string();
    let post = |token: Option<&str>| {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let headers: Vec<_> = bearer.iter().map(|b| ("Authorization", b.as_str())).collect();
        desk.daemon.request("POST", "/webhook/baileys", &headers, hello.as_bytes())
    };
    problem(&post(None), 401);
    problem(&post(Some("not-a-token-of-this-daemon")), 401);
    for scope in ["read", "agent"] {
        let detail = problem(&post(Some(&desk.daemon.token(scope))), 403);
        assert!(detail.contains("ingest"), "{detail}");
    }
    assert!(desk.queue().is_empty());
    assert_eq!(post(Some(&desk.daemon.token("ingest"))).status, 200);
}

/// Many bridges can send no `Authorization` header.
#[test]
fn a_bridge_may_show_its_token_in_the_address_or_in_a_header_of_the_desks_choice() {
    let desk = Desk::open("[doors]\nheader = \"x-bridge-secret\"\n");
    let hello = message(&phone(BUDI), "A1", 0, "Halo").to_string();
    let post = |path: &str, headers: &[(&str, &str)]| {
        desk.daemon.request("POST", path, headers, hello.as_bytes())
    };
    let token = desk.daemon.token("ingest");
    let door = "/webhook/baileys";
    problem(&post(door, &[("X-Api-Key", &token)]), 401);
    problem(&post(door, &[("X-Bridge-Secret", "another")]), 401);
    problem(&post(&format!("{door}?token=another"), &[]), 401);
    assert!(desk.queue().is_empty());
    assert_eq!(post(door, &[("X-Bridge-Secret", &token)]).status, 200);
    assert_eq!(post(&format!("{door}?a=b&token={token}"), &[]).status, 200);
    // Elsewhere a token stays out of addresses, which end up in logs.
    let read = desk.daemon.token("read");
    let queue = format!("/api/tickets/queue?token={read}");
    problem(&desk.daemon.request("GET", &queue, &[], b""), 401);
}
