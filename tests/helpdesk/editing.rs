//! Editing a ticket: only what was sent changes, and nobody overwrites unseen what another agent did.

use serde_json::{Value, json};

use crate::bridge::{Desk, message, phone, problem, word};
use crate::harness::Response;
use crate::{chat, done, made, send, told};

fn patch_if(desk: &Desk, token: &str, ticket: u64, tag: &str, body: &Value) -> Response {
    let bearer = format!("Bearer {token}");
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Content-Type", "application/json"),
        ("If-Match", tag),
    ];
    let path = format!("/api/tickets/{ticket}");
    desk.daemon.request("PATCH", &path, &headers, body.to_string().as_bytes())
}

fn tag(desk: &Desk, token: &str, ticket: u64) -> String {
    let shown = desk.call(token, "GET", &format!("/api/tickets/{ticket}"));
    shown.header("etag").expect("an ETag").to_owned()
}

#[test]
fn a_field_that_was_not_sent_stays_and_one_that_is_null_is_cleared() {
    let desk = Desk::open("");
    let ani = desk.daemon.token_named("Ani", "agent");
    let ticket = made(&desk, &ani, "Payment failed");
    let path = format!("/api/tickets/{ticket}");
    let all = json!({"category": "billing", "order_id": "2021", "tags": ["VIP", "card", "vip"],
        "requester_phone": "+62 812-3456", "metadata": {"plan": "gold", "seat": "4"},
        "on_hold": true, "status": "pending", "reason": "we wait for the slip"});
    let shown = done(&desk, &ani, "PATCH", &path, &all);
    for (field, expected) in [
        ("category", json!("billing")),
        ("order_id", json!("2021")),
        ("tags", json!(["VIP", "card"])),
        ("requester_phone", json!("628123456")),
        ("on_hold", json!(true)),
        ("status", json!("pending")),
        ("metadata", json!({"plan": "gold", "seat": "4"})),
        ("subject", json!("Payment failed")),
        ("requester_email", json!("customer@example.com")),
    ] {
        assert_eq!(shown[field], expected, "{field}");
    }
    let some =
        json!({"order_id": null, "metadata": {"seat": null, "plan": "silver"}, "on_hold": false});
    let shown = done(&desk, &ani, "PATCH", &path, &some);
    assert_eq!((&shown["order_id"], &shown["on_hold"]), (&Value::Null, &json!(false)));
    assert_eq!(shown["metadata"], json!({"plan": "silver"}));
    assert_eq!((&shown["category"], &shown["status"]), (&json!("billing"), &json!("pending")));
    // A client may send back all that it was shown.
    let before = told(&desk, ticket).len();
    let same = done(&desk, &ani, "PUT", &path, &shown);
    assert_eq!(same, shown);
    assert_eq!(told(&desk, ticket).len(), before, "nothing happened");
    let verified = desk.daemon.cli(&["verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}

#[test]
fn of_two_agents_who_edit_one_ticket_the_second_learns_of_the_first() {
    let desk = Desk::open("");
    let (ani, dewi) =
        (desk.daemon.token_named("Ani", "agent"), desk.daemon.token_named("Dewi", "agent"));
    let ticket = chat(&desk, 1, "Halo");
    let seen = tag(&desk, &ani, ticket);
    assert_eq!(seen, tag(&desk, &dewi, ticket));
    // What the customer writes meanwhile is no edit.
    desk.ticket_of(&message(&phone("62800000001"), "A2", 5, "masih di sana?"));
    let first = patch_if(&desk, &ani, ticket, &seen, &json!({"priority": "high"}));
    assert_eq!(first.status, 200, "{}", first.text());
    let refused = patch_if(&desk, &dewi, ticket, &seen, &json!({"priority": "low"}));
    assert!(problem(&refused, 412).contains(&format!("#{ticket}")));
    assert_eq!(refused.json()["current"]["priority"], "high", "the present state");
    let now = word(&refused.json()["current_etag"]);
    assert_eq!(first.header("etag"), Some(now.as_str()));
    let again = patch_if(&desk, &dewi, ticket, &now, &json!({"priority": "low"}));
    assert_eq!(again.status, 200, "{}", again.text());
    // Without it the last one wins, but only over what they send.
    done(&desk, &ani, "PATCH", &format!("/api/tickets/{ticket}"), &json!({"subject": "Kartu"}));
    let shown = desk.read(&format!("/api/tickets/{ticket}"));
    assert_eq!((&shown["priority"], &shown["subject"]), (&json!("low"), &json!("Kartu")));
    assert_eq!(patch_if(&desk, &ani, ticket, "*", &json!({"subject": "x"})).status, 200);
    problem(&patch_if(&desk, &ani, ticket, "\"nonsense\"", &json!({"subject": "y"})), 412);
}

#[test]
fn twenty_agents_at_once_with_the_same_state_are_one_winner_and_nineteen_who_know() {
    let desk = Desk::open("");
    let ani = desk.daemon.token_named("Ani", "agent");
    let ticket = made(&desk, &ani, "Payment failed");
    let seen = tag(&desk, &ani, ticket);
    let answers: Vec<u16> = std::thread::scope(|scope| {
        let edits: Vec<_> = (0..20)
            .map(|n| {
                let (desk, ani, seen) = (&desk, &ani, &seen);
                scope.spawn(move || {
                    patch_if(desk, ani, ticket, seen, &json!({"subject": format!("by {n}")})).status
                })
            })
            .collect();
        edits.into_iter().map(|edit| edit.join().expect("an answer")).collect()
    });
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|status| **status == 412).count(), 19);
}

#[test]
fn what_cannot_be_is_told_field_by_field_and_changes_nothing() {
    let desk = Desk::open("");
    let ani = desk.daemon.token_named("Ani", "agent");
    let ticket = made(&desk, &ani, "Payment failed");
    let path = format!("/api/tickets/{ticket}");
    for (body, status, field) in [
        (json!({"priority": "asap"}), 400, "priority"),
        (json!({"status": "lost"}), 400, "status"),
        (json!({"subject": " "}), 400, "subject"),
        (json!({"requester_email": "nobody"}), 400, "requester_email"),
        (json!({"requester_phone": "abc"}), 400, "requester_phone"),
        (json!({"assignee_id": 4711}), 400, "assignee_id"),
        (json!({"assignee_id": "Dewi"}), 400, "assignee_id"),
        (json!({"tags": ["a,b"]}), 400, "tags"),
        (json!({"tags": (0..33).map(|n| n.to_string()).collect::<Vec<_>>()}), 400, "tags"),
        (json!({"metadata": {"": "x"}}), 400, "metadata"),
        (json!({"metadata": {"k": 7}}), 400, "metadata.k"),
        (json!({"reason": "x".repeat(2001)}), 400, "reason"),
        (json!({"status": "new"}), 409, ""),
    ] {
        let with_subject = {
            let mut body = body.clone();
            body.as_object_mut().expect("an object").entry("order_id").or_insert(json!("4711"));
            body
        };
        let refused = send(&desk, &ani, "PATCH", &path, &with_subject);
        problem(&refused, status);
        if !field.is_empty() {
            assert_eq!(refused.json()["errors"][0]["field"], field, "{}", refused.text());
        }
    }
    assert_eq!(desk.read(&path)["order_id"], Value::Null, "all or nothing");
    let new = json!({"description": "x"});
    let refused = send(&desk, &ani, "POST", "/api/tickets", &new);
    problem(&refused, 400);
    assert_eq!(refused.json()["errors"][0]["field"], "subject");
    let new = json!({"subject": "x", "description": "x"});
    let refused = send(&desk, &ani, "POST", "/api/tickets", &new);
    assert_eq!(refused.json()["errors"][0]["field"], "requester_email", "S3.3");
}
