//! Every WhatsApp bridge and platform from outside: their samples, their signatures, and what happens to messages
//! after they were sent.

mod bridge;
#[path = "channels/changes.rs"]
mod changes;
#[path = "channels/groups.rs"]
mod groups;
mod harness;
#[path = "channels/interop.rs"]
mod interop;
mod mutated;
#[path = "channels/odd.rs"]
mod odd;
#[path = "channels/samples.rs"]
mod samples;
#[path = "channels/shuffled.rs"]
mod shuffled;
#[path = "channels/signed.rs"]
mod signed;

use serde_json::Value;

use bridge::{Desk, rows, word};

/// The whole timeline of a ticket.
fn timeline(desk: &Desk, ticket: u64) -> Vec<Value> {
    rows(&desk.read(&format!("/api/tickets/{ticket}/timeline?limit=100")), "entries")
}

/// Speaker and words of a ticket's messages.
fn said(desk: &Desk, ticket: u64) -> Vec<(String, String)> {
    let messages = timeline(desk, ticket).into_iter().filter(|entry| entry["kind"] == "message");
    messages.map(|entry| (word(&entry["speaker"]), word(&entry["body"]))).collect()
}

/// Words of a ticket's messages.
fn words(desk: &Desk, ticket: u64) -> Vec<String> {
    said(desk, ticket).into_iter().map(|(_, body)| body).collect()
}

/// The bytes of a sample.
fn bytes(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
}
