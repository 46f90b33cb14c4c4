//! The helpdesk from outside, as seed 003 has it: the list of tickets and all that is done with one.

#[path = "helpdesk/actions.rs"]
mod actions;
mod bridge;
#[path = "helpdesk/comments.rs"]
mod comments;
#[path = "helpdesk/deletion.rs"]
mod deletion;
#[path = "helpdesk/editing.rs"]
mod editing;
mod examples;
mod harness;
#[path = "helpdesk/lists.rs"]
mod lists;
#[path = "helpdesk/merging.rs"]
mod merging;
#[path = "helpdesk/search.rs"]
mod search;
#[path = "helpdesk/seed.rs"]
mod seed;

use serde_json::{Value, json};

use bridge::{Desk, message, phone};
use harness::Response;

/// One call of the API with a body, as the bearer of a token.
fn send(desk: &Desk, token: &str, method: &str, path: &str, body: &Value) -> Response {
    let bearer = format!("Bearer {token}");
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    desk.daemon.request(method, path, &headers, body.to_string().as_bytes())
}

/// The same, accepted.
#[track_caller]
fn done(desk: &Desk, token: &str, method: &str, path: &str, body: &Value) -> Value {
    let answer = send(desk, token, method, path, body);
    assert!((200..300).contains(&answer.status), "{method} {path}: {}", answer.text());
    if answer.status == 204 { Value::Null } else { answer.json() }
}

/// A ticket that an agent makes.
fn made(desk: &Desk, token: &str, subject: &str) -> u64 {
    let body = json!({"subject": subject, "description": "As it says above.",
        "requester_email": "customer@example.com", "priority": "medium"});
    let ticket = done(desk, token, "POST", "/api/tickets", &body);
    ticket["number"].as_u64().expect("a number")
}

/// What happened to a ticket: field, from, to.
fn told(desk: &Desk, ticket: u64) -> Vec<(String, Value, Value)> {
    let told = desk.read(&format!("/api/tickets/{ticket}/activity"));
    let lines = bridge::rows(&told, "activity");
    lines
        .into_iter()
        .map(|l| (bridge::word(&l["field"]), l["from"].clone(), l["to"].clone()))
        .collect()
}

fn id_of(desk: &Desk, token: &str) -> u64 {
    let ticket = made(desk, token, "who am I");
    let taken = done(desk, token, "POST", &format!("/api/tickets/{ticket}/claim"), &json!({}));
    taken["ticket"]["assigned_agent_id"].as_u64().expect("an agent")
}

/// A ticket of a customer who writes the first time.
fn chat(desk: &Desk, customer: u32, text: &str) -> u64 {
    let number = format!("62800{customer:06}");
    desk.ticket_of(&message(&phone(&number), "A1", i64::from(customer), text))
}
