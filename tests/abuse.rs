//! Doors that hold: slow and idle connections, floods of requests, pages elsewhere, and the audit of it all.

#[path = "abuse/audit.rs"]
mod audit;
mod harness;
#[path = "abuse/pages.rs"]
mod pages;
mod persons;
#[path = "abuse/rates.rs"]
mod rates;
#[path = "abuse/slow.rs"]
mod slow;

use harness::{Daemon, Response};
use serde_json::{Value, json};

/// One request with a token.
fn ask(daemon: &Daemon, token: &str, method: &str, path: &str, body: &Value) -> Response {
    let bearer = format!("Bearer {token}");
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let body = if body.is_null() { String::new() } else { body.to_string() };
    daemon.request(method, path, &headers, body.as_bytes())
}

/// A customer's message as Baileys' bridges post it.
fn message(id: usize) -> Value {
    json!({"instance": "main", "id": format!("m-{id}"), "from": "6591234567@s.whatsapp.net",
        "text": format!("message {id}")})
}
