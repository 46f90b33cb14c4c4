//! How often somebody may ask.

use serde_json::{Value, json};

use super::{ask, message};
use crate::harness::{Daemon, Response};

fn get(daemon: &Daemon, token: &str) -> Response {
    ask(daemon, token, "GET", "/api/tickets/queue", &Value::Null)
}

#[test]
fn a_token_that_asks_too_often_is_told_when_to_come_again_and_others_are_not_held_up() {
    let daemon = Daemon::with_config("[limits]\napi = 5\n");
    let (one, other) = (daemon.token("read"), daemon.token("admin"));
    for left in (0..5).rev() {
        let answer = get(&daemon, &one);
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("ratelimit-policy"), Some("\"api\";q=5;w=60"));
        let told = answer.header("ratelimit").expect("what is left");
        assert!(told.starts_with(&format!("\"api\";r={left};t=")), "{told}");
    }
    let refused = get(&daemon, &one);
    assert_eq!(refused.status, 429, "{}", refused.text());
    let again: u32 = refused.header("retry-after").expect("when").parse().expect("seconds");
    assert!((1..=12).contains(&again), "{again}");
    assert_eq!(refused.header("content-type"), Some("application/problem+json"));
    assert!(refused.header("ratelimit").expect("told").starts_with("\"api\";r=0;t="));
    assert!(refused.text().contains("limits.api"), "{}", refused.text());
    assert_eq!(get(&daemon, &other).status, 200);
    assert_eq!(daemon.request("GET", "/health", &[], b"").status, 200, "pages have no limit");
}

#[test]
fn a_bridge_brings_the_backlog_of_a_day() {
    let daemon = Daemon::with_config("");
    let bridge = daemon.token("ingest");
    for id in 0..300 {
        let answer = ask(&daemon, &bridge, "POST", "/webhook/baileys", &message(id));
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(answer.header("ratelimit-policy").is_some_and(|p| p.starts_with("\"doors\";")));
    }
}

#[test]
fn wrong_tokens_are_slowed_down_and_right_ones_from_the_same_address_are_not() {
    let daemon = Daemon::with_config("[limits]\nrefused = 3\n");
    let right = daemon.token("admin");
    for _ in 0..3 {
        assert_eq!(get(&daemon, "fd_wrong").status, 401);
    }
    let slowed = get(&daemon, "fd_wrong");
    assert_eq!(slowed.status, 429, "{}", slowed.text());
    assert!(slowed.header("retry-after").is_some());
    assert_eq!(get(&daemon, &right).status, 200);
}

#[test]
fn what_needs_no_token_is_limited_by_address_and_a_proxy_is_not_one_address() {
    let config = "[limits]\npublic = 2\n[http]\ntrusted_proxies = [\"127.0.0.1\"]\n";
    let daemon = Daemon::with_config(config);
    let look = |client: &str| {
        let headers = [("X-Forwarded-For", client)];
        daemon.request("GET", "/api/public/tickets/1001", &headers, b"").status
    };
    assert!(look("192.0.2.1") != 429 && look("192.0.2.1") != 429);
    assert_eq!(look("192.0.2.1"), 429);
    assert_ne!(look("192.0.2.2"), 429, "another client of the same proxy");
    assert_eq!(look("203.0.113.5, 192.0.2.1"), 429, "what a client claims itself is not believed");

    let unproxied = Daemon::with_config("[limits]\npublic = 2\n");
    let look = |client: &str| {
        let headers = [("X-Forwarded-For", client)];
        unproxied.request("GET", "/api/public/tickets/1001", &headers, b"").status
    };
    assert!(look("192.0.2.1") != 429 && look("192.0.2.2") != 429);
    assert_eq!(look("192.0.2.3"), 429, "nobody is believed who is no trusted proxy");
}

#[test]
fn no_limit_is_no_limit() {
    let daemon = Daemon::with_config("[limits]\napi = 0\n");
    let token = daemon.token("read");
    let answer = get(&daemon, &token);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("ratelimit-policy"), None);
    let created =
        ask(&daemon, &daemon.token("ingest"), "POST", "/api/calls", &json!({"session_id": "s"}));
    assert_eq!(created.status, 201);
}
