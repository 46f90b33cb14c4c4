//! The WhatsApp door from outside (seed 004): a bridge posts what it hears, and every customer message is on disk,
//! in a ticket, in the agents' queue, before the bridge is answered.

mod bridge;
mod harness;
#[path = "whatsapp/intake.rs"]
mod intake;
#[path = "whatsapp/once.rs"]
mod once;
#[path = "whatsapp/people.rs"]
mod people;
#[path = "whatsapp/refused.rs"]
mod refused;
#[path = "whatsapp/spoken.rs"]
mod spoken;

use serde_json::Value;

use bridge::{Desk, rows, word};
use harness::Response;

/// Bytes that the bridge posts.
fn post(desk: &Desk, body: &[u8]) -> Response {
    desk.post_to("POST", "/webhook/baileys", "application/json", body)
}

/// The whole timeline of a ticket, read in pages of three.
fn timeline(desk: &Desk, ticket: u64) -> Vec<Value> {
    let first = format!("/api/tickets/{ticket}/timeline?limit=3");
    let mut path = first.clone();
    let mut entries = Vec::new();
    loop {
        let page = desk.read(&path);
        let found = rows(&page, "entries");
        assert!(found.len() <= 3, "{page}");
        entries.extend(found);
        match page["next"].as_u64() {
            Some(next) => path = format!("{first}&after={next}"),
            None => return entries,
        }
    }
}

/// Speaker and words of a ticket's messages, in the order of the timeline.
fn said(desk: &Desk, ticket: u64) -> Vec<(String, String)> {
    let messages = timeline(desk, ticket).into_iter().filter(|entry| entry["kind"] == "message");
    messages.map(|entry| (word(&entry["speaker"]), word(&entry["body"]))).collect()
}

/// Words of a ticket's messages that were all the customer's.
fn customer_said(desk: &Desk, ticket: u64) -> Vec<String> {
    let by_user = |(speaker, body): (String, String)| {
        assert_eq!(speaker, "user", "{body}");
        body
    };
    said(desk, ticket).into_iter().map(by_user).collect()
}
