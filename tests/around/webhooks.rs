//! Subscriptions, and what a receiver gets: the seed's payloads, signed.

use serde_json::{Value, json};

use crate::desk::{Desk, problem, rows, word};
use crate::receiver::{Answer, Receiver};

pub const PATH: &str = "/api/webhooks";
/// Receivers of these tests live on the box itself.
pub const LOCAL: &str =
    "[webhooks]\nallow = ['127.0.0.1']\nretry_first = '20ms'\nretry_longest = '100ms'\n";

#[track_caller]
pub fn subscribed(desk: &Desk, receiver: &Receiver, events: &[&str]) -> Value {
    desk.does("POST", PATH, &json!({"url": receiver.url(), "events": events}), 201)
}

/// S3.37, S3.38: the seed's example, to a public address that is never called here.
#[test]
fn the_seeds_example_subscribes() {
    let desk = Desk::open("");
    let example = json!({
        "url": "https://your-app.com/webhooks",
        "events": [
            "ticket.created", "ticket.updated", "ticket.resolved", "ticket.closed", "ticket.comment.added",
            "ticket.assigned", "ticket.sla.breached",
        ],
    });
    let made = desk.does("POST", PATH, &example, 201);
    assert_eq!((&made["url"], &made["events"]), (&example["url"], &example["events"]));
    assert_eq!(made["active"], true);
    assert!(word(&made["secret"]).starts_with("whsec_"));
    let path = format!("{PATH}/{}", made["id"]);
    assert!(desk.reads(&path).get("secret").is_none(), "it is shown once");
    let changed = json!({"events": ["*"], "description": "all of it", "active": false});
    let changed = desk.does("PUT", &path, &changed, 200);
    assert_eq!((&changed["events"], &changed["active"]), (&json!(["*"]), &json!(false)));
    assert_eq!(changed["url"], example["url"]);
    let listed = desk.reads(PATH);
    assert_eq!(rows(&listed, "webhooks").len(), 1);
    desk.does("DELETE", &path, &Value::Null, 204);
    problem(&desk.call(&desk.admin, "GET", &path, &Value::Null), 404);
}

#[test]
fn only_admins_subscribe_and_only_to_public_addresses() {
    let desk = Desk::open("");
    let body = |url: &str| json!({"url": url, "events": ["ticket.created"]});
    for url in [
        "https://127.0.0.1/x",
        "https://10.1.2.3/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://2130706433/",
        "http://example.org/",
        "ftp://example.org/",
        "nonsense",
        "https://a:b@example.org/",
    ] {
        let answer = desk.call(&desk.admin, "POST", PATH, &body(url));
        assert_eq!(problem(&answer, 400), ["url"], "{url}");
    }
    let unknown = json!({"url": "https://example.org/", "events": ["ticket.exploded"]});
    let answer = desk.call(&desk.admin, "POST", PATH, &unknown);
    assert_eq!(problem(&answer, 400), ["events"]);
    assert!(answer.text().contains("ticket.comment.added"), "{}", answer.text());
    for token in [&desk.agent, &desk.deliverer] {
        assert_eq!(desk.call(token, "GET", PATH, &Value::Null).status, 403);
        assert_eq!(desk.call(token, "POST", PATH, &body("https://example.org/")).status, 403);
    }
}

/// S3.39
#[test]
fn a_receiver_gets_the_seeds_payloads_in_the_order_of_what_happened() {
    let desk = Desk::open(LOCAL);
    let receiver = Receiver::start();
    desk.ticket("Before anybody listened");
    let wanted = [
        "ticket.created",
        "ticket.comment.added",
        "ticket.assigned",
        "ticket.resolved",
        "ticket.closed",
    ];
    subscribed(&desk, &receiver, &wanted);
    let number = desk.ticket("Need help");
    let path = format!("/api/tickets/{number}");
    assert_eq!(desk.call(&desk.agent, "POST", &format!("{path}/claim"), &Value::Null).status, 200);
    let comment = json!({"body": "I'll look into this for you."});
    assert_eq!(desk.call(&desk.agent, "POST", &format!("{path}/comments"), &comment).status, 201);
    desk.does("POST", &format!("{path}/resolve"), &Value::Null, 200);
    desk.does("POST", &format!("{path}/close"), &Value::Null, 200);
    let got = receiver.waits_for(6);
    let events: Vec<String> = got.iter().map(|one| one.event()).collect();
    assert_eq!(
        events,
        [
            "ticket.created",
            "ticket.comment.added",
            "ticket.assigned",
            "ticket.comment.added",
            "ticket.resolved",
            "ticket.closed",
        ]
    );
    let ticket = desk.reads(&path);
    let created = got[0].json();
    assert!(word(&created["timestamp"]).ends_with('Z'));
    for (field, value) in [
        ("ticket_id", &ticket["id"]),
        ("ticket_number", &ticket["ticket_number"]),
        ("subject", &json!("Need help")),
        ("priority", &json!("medium")),
    ] {
        assert_eq!(created["data"][field], *value, "{field}");
    }
    let comment = &got[3].json()["data"]["comment"];
    assert_eq!(
        (&comment["author_type"], &comment["is_internal"]),
        (&json!("agent"), &json!(false))
    );
    assert_eq!(comment["body"], "I'll look into this for you.");
    assert_eq!(got[2].json()["data"]["assignee_name"], "Support Agent");
    for one in &got {
        assert_eq!(one.header("content-type"), "application/json");
        assert!(one.header("webhook-id").starts_with("msg_"), "{}", one.header("webhook-id"));
        assert!(one.header("webhook-timestamp").parse::<u64>().is_ok());
        assert!(one.header("webhook-signature").starts_with("v1,"));
    }
}

#[test]
fn a_test_and_a_new_secret_show_that_the_way_works() {
    let desk = Desk::open(LOCAL);
    let receiver = Receiver::start();
    let made = subscribed(&desk, &receiver, &["ticket.created"]);
    let path = format!("{PATH}/{}", made["id"]);
    let queued = desk.does("POST", &format!("{path}/test"), &Value::Null, 202);
    assert_eq!(queued["deliveries"], json!([1]));
    let first = &receiver.waits_for(1)[0];
    assert_eq!(first.event(), "webhook.test");
    assert_eq!(first.header("webhook-signature").split(' ').count(), 1);
    let rotated = desk.does("POST", &format!("{path}/secret"), &Value::Null, 200);
    assert_ne!(rotated["secret"], made["secret"]);
    desk.does("POST", &format!("{path}/test"), &Value::Null, 202);
    let second = &receiver.waits_for(2)[1];
    assert_eq!(second.header("webhook-signature").split(' ').count(), 2, "the old one signs too");
    assert_ne!(first.header("webhook-id"), second.header("webhook-id"));
}

/// The customer's rating is an event like any other, and `*` is all of them.
#[test]
fn a_star_is_every_event() {
    let desk = Desk::open(LOCAL);
    let receiver = Receiver::start();
    receiver.answers(&[], Answer::Status(200));
    subscribed(&desk, &receiver, &["*"]);
    let body =
        json!({"subject": "S", "description": "D", "requester_email": "customer@example.com"});
    let told = desk.visits("POST", "/api/public/tickets", &body).json();
    desk.does("POST", "/api/tickets/1001/resolve", &Value::Null, 200);
    let rating = json!({"access_token": told["accessToken"], "rating": 4, "feedback": "fine"});
    let path = format!("/api/public/tickets/{}/satisfaction", word(&told["ticket"]["id"]));
    assert_eq!(desk.visits("POST", &path, &rating).status, 201);
    let mut count = 1;
    let rated = loop {
        let got = receiver.waits_for(count);
        if let Some(rated) = got.iter().find(|one| one.event() == "ticket.rated") {
            break rated.json();
        }
        count = got.len() + 1;
    };
    assert_eq!(rated["data"]["satisfaction"], json!({"rating": 4, "feedback": "fine"}));
    let events: Vec<String> = receiver.got().iter().map(|one| one.event()).collect();
    for event in ["ticket.created", "contact.created", "ticket.message.added", "ticket.resolved"] {
        assert!(events.contains(&event.to_owned()), "{event}: {events:?}");
    }
}
