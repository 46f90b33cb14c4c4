//! The agents' queue from outside (S4.11 to S4.16): what waits, in which order, who takes it; and one ticket by
//! any of its names.

mod bridge;
#[path = "queue/claims.rs"]
mod claims;
mod harness;
#[path = "queue/lists.rs"]
mod lists;
#[path = "queue/names.rs"]
mod names;

use serde_json::Value;

use bridge::{Desk, message, phone, rows};

/// A ticket of a customer who has written nothing before.
fn new_ticket(desk: &Desk, customer: u32) -> u64 {
    let number = format!("62800{customer:06}");
    desk.ticket_of(&message(&phone(&number), "A1", i64::from(customer), "Halo"))
}

/// The numbers of listed tickets.
fn numbers(list: &[Value]) -> Vec<u64> {
    list.iter().map(|ticket| ticket["id"].as_u64().expect("an integer")).collect()
}

/// The tickets that this token's bearer is shown at `path`.
fn listed(desk: &Desk, token: &str, path: &str) -> Vec<u64> {
    let answer = desk.call(token, "GET", path);
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    numbers(&rows(&answer.json(), "tickets"))
}

fn claim(desk: &Desk, token: &str, ticket: u64) -> harness::Response {
    desk.call(token, "POST", &format!("/api/tickets/{ticket}/claim"))
}
