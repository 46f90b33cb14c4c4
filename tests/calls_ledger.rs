//! The call ledger from outside: the exact fields and envelopes of seed 000, and what a relay that speaks
//! plain HTTP does with them.

#[path = "ledger/export.rs"]
mod export;
#[path = "ledger/fields.rs"]
mod fields;
mod harness;
#[path = "ledger/idempotency.rs"]
mod idempotency;
#[path = "ledger/legacy.rs"]
mod legacy;
#[path = "ledger/listing.rs"]
mod listing;
#[path = "ledger/reports.rs"]
mod reports;
#[path = "ledger/writing.rs"]
mod writing;

use std::collections::BTreeSet;

use harness::{Daemon, Response};
use serde_json::{Value, json};

/// A daemon, and the tokens of a relay and of a reader.
struct Ledger {
    daemon: Daemon,
    ingest: String,
    read: String,
}

impl Ledger {
    fn open() -> Ledger {
        Ledger::with_config("")
    }

    fn with_config(config: &str) -> Ledger {
        let daemon = Daemon::with_config(config);
        let (ingest, read) = (daemon.token("ingest"), daemon.token("read"));
        Ledger { daemon, ingest, read }
    }

    fn get(&self, path: &str) -> Response {
        let bearer = format!("Bearer {}", self.read);
        self.daemon.request("GET", path, &[("Authorization", &bearer)], b"")
    }

    /// A read that must succeed.
    fn read(&self, path: &str) -> Value {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> Response {
        self.send_with_key(method, path, body, None)
    }

    fn send_with_key(&self, method: &str, path: &str, body: &Value, key: Option<&str>) -> Response {
        let bearer = format!("Bearer {}", self.ingest);
        let mut headers =
            vec![("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        headers.extend(key.map(|key| ("Idempotency-Key", key)));
        self.daemon.request(method, path, &headers, body.to_string().as_bytes())
    }

    /// A write that must succeed with this status; gives its `data`.
    fn write(&self, method: &str, path: &str, body: &Value, status: u16) -> Value {
        let answer = self.send(method, path, body);
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        let mut envelope = answer.json();
        assert_eq!(envelope["status"], "success", "{envelope}");
        envelope["data"].take()
    }

    /// Opens a call; gives its reference.
    fn call(&self, more: Value) -> String {
        let mut body = json!({"session_id": "550e8400-e29b-41d4-a716-446655440000"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let ticket = self.write("POST", "/api/calls", &body, 201);
        ticket["ticket_id"].as_str().expect("ticket_id").to_owned()
    }

    /// Logs one turn.
    fn turn(&self, ticket_id: &str, speaker: &str, message: &str) {
        let body = json!({"speaker": speaker, "message": message});
        self.write("POST", &format!("/api/calls/{ticket_id}/interactions"), &body, 201);
    }

    fn update(&self, ticket_id: &str, changes: Value) -> Value {
        self.write("PUT", &format!("/api/calls/{ticket_id}"), &changes, 200)
    }

    fn close(&self, ticket_id: &str) -> Value {
        self.write("POST", &format!("/api/calls/{ticket_id}/close"), &json!({}), 200)
    }

    /// The call of the seed's example (S0.53), closed.
    fn example(&self) -> String {
        let id = self.call(json!({}));
        self.turn(
            &id,
            "agent",
            "Hey there! This is Riley from GXS Bank. How can I help you today?",
        );
        self.turn(&id, "user", "What's the interest rate for Saving Pockets?");
        let tool = json!({
            "speaker": "agent",
            "message": "[Tool Call: search_gxs_help_center]",
            "tool_calls": [{"name": "search_gxs_help_center", "arguments": "{\"query\":\"Saving Pockets interest rate\"}"}],
        });
        self.write("POST", &format!("/api/calls/{id}/interactions"), &tool, 201);
        self.turn(
            &id,
            "agent",
            "The Saving Pockets earn up to 3.88% p.a. on your first $100,000...",
        );
        self.close(&id);
        id
    }
}

/// The seed's own example.
fn seed(name: &str) -> Value {
    let path = format!("{}/tests/fixtures/seeds_exact/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).expect("JSON")
}

/// Every key with its path; the elements of an array count as one.
fn keys(value: &Value) -> BTreeSet<String> {
    fn walk(value: &Value, path: &str, keys: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    let path = format!("{path}.{name}");
                    walk(member, &path, keys);
                    keys.insert(path);
                }
            }
            Value::Array(elements) => {
                elements.iter().for_each(|element| walk(element, &format!("{path}[]"), keys));
            }
            _ => {}
        }
    }
    let mut keys_found = BTreeSet::new();
    walk(value, "", &mut keys_found);
    keys_found
}

/// A problem document (RFC 9457) of this status that names this field.
fn assert_names_field(answer: &Response, status: u16, field: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    let problem = answer.json();
    assert_eq!(problem["status"], status, "{problem}");
    assert_eq!(problem["errors"][0]["field"], field, "{problem}");
}
