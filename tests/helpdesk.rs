//! The helpdesk from outside, as seed 003 has it: the list of tickets and all that is done with one.

mod bridge;
mod harness;
#[path = "helpdesk/lists.rs"]
mod lists;

use serde_json::Value;

use bridge::{Desk, message, phone};
use harness::Response;

/// One call of the API with a body, as the bearer of a token.
fn send(desk: &Desk, token: &str, method: &str, path: &str, body: &Value) -> Response {
    let bearer = format!("Bearer {token}");
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    desk.daemon.request(method, path, &headers, body.to_string().as_bytes())
}

/// A ticket of a customer who writes the first time.
fn chat(desk: &Desk, customer: u32, text: &str) -> u64 {
    let number = format!("62800{customer:06}");
    desk.ticket_of(&message(&phone(&number), "A1", i64::from(customer), text))
}
