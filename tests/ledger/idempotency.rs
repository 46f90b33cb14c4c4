//! `Idempotency-Key`: a request that is sent again is answered as the first time, over a crash too.

use serde_json::{Value, json};

use super::Ledger;

fn total(ledger: &Ledger) -> Value {
    ledger.read("/api/calls/stats")["data"]["total_tickets"].take()
}

#[test]
fn a_request_sent_again_is_answered_as_the_first_time() {
    let mut ledger = Ledger::open();
    let body = json!({"session_id": "s-1", "customer_name": "Tan Mei Ling"});
    let first = ledger.send_with_key("POST", "/api/calls", &body, Some("key-1"));
    assert_eq!(first.status, 201, "{}", first.text());
    let again = ledger.send_with_key("POST", "/api/calls", &body, Some("key-1"));
    assert_eq!((again.status, again.text()), (201, first.text()));

    // What happened since does not change the answer.
    let id = first.json()["data"]["ticket_id"].as_str().unwrap().to_owned();
    ledger.close(&id);
    ledger.daemon.kill9();
    ledger.daemon.restart();
    let after_a_crash = ledger.send_with_key("POST", "/api/calls", &body, Some("key-1"));
    assert_eq!((after_a_crash.status, after_a_crash.text()), (201, first.text()));
    assert_eq!(total(&ledger), 1);

    let another_key = ledger.send_with_key("POST", "/api/calls", &body, Some("key-2"));
    assert_eq!(another_key.status, 201);
    assert_ne!(another_key.text(), first.text());
    assert_eq!(total(&ledger), 2);
}

#[test]
fn a_key_used_for_something_else_is_refused() {
    let mut ledger = Ledger::open();
    let body = json!({"session_id": "s-1"});
    let first = ledger.send_with_key("POST", "/api/calls", &body, Some("key-1"));
    assert_eq!(first.status, 201);
    for crash in [false, true] {
        if crash {
            ledger.daemon.kill9();
            ledger.daemon.restart();
        }
        let other = ledger.send_with_key(
            "POST",
            "/api/calls",
            &json!({"session_id": "s-2"}),
            Some("key-1"),
        );
        assert_eq!(other.status, 422, "{}", other.text());
        assert_eq!(other.header("content-type"), Some("application/problem+json"));
    }
    assert_eq!(total(&ledger), 1);
}

#[test]
fn a_turn_or_a_change_sent_again_adds_nothing() {
    let ledger = Ledger::open();
    let id = ledger.call(json!({}));
    let requests = [
        (
            "POST",
            format!("/api/calls/{id}/interactions"),
            json!({"speaker": "user", "message": "Hello"}),
        ),
        ("POST", format!("/api/calls/{id}/metadata"), json!({"key": "product", "value": "CARD"})),
        ("PUT", format!("/api/calls/{id}"), json!({"priority": "high"})),
        ("POST", format!("/api/calls/{id}/close"), json!({})),
    ];
    for ((method, path, body), key) in requests.iter().zip(["a", "b", "c", "d"]) {
        let first = ledger.send_with_key(method, path, body, Some(key));
        let again = ledger.send_with_key(method, path, body, Some(key));
        assert!(first.status < 300, "{method} {path}: {}", first.text());
        assert_eq!((first.status, first.text()), (again.status, again.text()), "{method} {path}");
    }
    let call = ledger.read(&format!("/api/calls/{id}"))["data"].take();
    assert_eq!(call["interactions"].as_array().map(Vec::len), Some(1));
    assert_eq!(call["metadata"].as_array().map(Vec::len), Some(1));
}

/// S0.59: many who write at once wait for one another, and none is told of a lock.
#[test]
fn of_many_at_once_with_one_key_one_counts() {
    let ledger = Ledger::open();
    let body = json!({"session_id": "s-1"});
    let answers: Vec<_> = std::thread::scope(|scope| {
        let ask = || ledger.send_with_key("POST", "/api/calls", &body, Some("key-1"));
        let asking: Vec<_> = (0..16).map(|_| scope.spawn(ask)).collect();
        asking.into_iter().map(|a| a.join().expect("an answer")).collect()
    });
    for answer in &answers {
        assert_eq!((answer.status, answer.text()), (201, answers[0].text()));
    }
    assert_eq!(total(&ledger), 1);
}
