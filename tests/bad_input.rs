//! Bad input on every operation that `/openapi.json` names: the answer is never a 5xx, every error is a
//! problem document (RFC 9457) that names the field that was wrong, and the daemon is well afterwards.
//!
//! The operations come from the running daemon, so a new route is tried without a line here.

#[path = "bad_input/bodies.rs"]
mod bodies;
#[path = "bad_input/doors.rs"]
mod doors;
mod harness;
#[path = "bad_input/operation.rs"]
mod operation;
#[path = "bad_input/parameters.rs"]
mod parameters;
mod persons;
#[path = "bad_input/protocol.rs"]
mod protocol;

use std::sync::{Arc, Mutex, PoisonError, Weak};

use harness::{Daemon, Response};
use operation::Operation;
use serde_json::{Value, json};

/// What is asked here in a minute nobody else asks.
const GENEROUS: &str =
    "[public]\nrequests_per_minute = 10000\n[limits]\npublic = 0\n[calls]\nmax_open = 100000\n";

/// A daemon, its operations, and a token of each scope.
struct Desk {
    daemon: Daemon,
    operations: Vec<Operation>,
    ingest: String,
    read: String,
    agent: String,
    admin: String,
    /// Of somebody who has logged in.
    person: String,
}

impl Desk {
    /// The one that all tests share; it stops with the last of them.
    fn shared() -> Arc<Desk> {
        static SHARED: Mutex<Weak<Desk>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let desk = Arc::new(Desk::open());
            *shared = Arc::downgrade(&desk);
            desk
        })
    }

    fn open() -> Desk {
        let daemon = Daemon::with_config(GENEROUS);
        let document = daemon.request("GET", "/openapi.json", &[], b"");
        assert_eq!(document.status, 200);
        let operations = operation::all(&document.json());
        assert!(operations.len() >= 20, "{} operations are not all", operations.len());
        let [ingest, read, agent, admin] =
            ["ingest", "read", "agent", "admin"].map(|scope| daemon.token(scope));
        let person = persons::access(&daemon, &persons::person(&daemon, "Adi", "admin"));
        let desk = Desk { daemon, operations, ingest, read, agent, admin, person };
        // Whom `/api/contacts/1` and `/api/v2/conversations/1` name.
        let message = json!({
            "key": {"remoteJid": "6281234567890@s.whatsapp.net", "fromMe": false, "id": "3EB0C0FFEE"},
            "message": {"conversation": "My parcel is late"},
            "messageTimestamp": 1_769_596_200,
            "pushName": "Budi",
        });
        let headers = [("Content-Type", "application/json")];
        let body = message.to_string();
        let path = "/webhook/baileys";
        let taken = desk.ask("POST", path, Some(&desk.ingest), &headers, body.as_bytes());
        assert_eq!(taken.status, 200, "{}", taken.text());
        desk
    }

    /// Operations that change something, by a body of JSON.
    fn changing(&self) -> impl Iterator<Item = &Operation> {
        self.operations
            .iter()
            .filter(|operation| operation.method != "GET" && !operation.other_body)
            // Whoever sends that is logged out.
            .filter(|operation| operation.path != "/api/auth/logout")
            // It takes no body: what it is asked for stands in its address.
            .filter(|operation| operation.name() != "DELETE /api/contacts/{id}")
            // It speaks JSON-RPC, errors too; tests/crm.rs has it.
            .filter(|operation| operation.path != "/mcp")
    }

    /// A token that may use the operation.
    fn key_to(&self, operation: &Operation) -> &str {
        // Whose tickets these are only an agent's token says.
        match operation.path.as_str() {
            path if path.ends_with("/my-tickets") => &self.agent,
            path if path.starts_with("/api/auth/") => &self.person,
            _ => &self.admin,
        }
    }

    fn ask(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Response {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let mut all: Vec<_> = bearer.iter().map(|b| ("Authorization", b.as_str())).collect();
        all.extend_from_slice(headers);
        let answer = self.daemon.request(method, path, &all, body);
        let path: String = path.chars().take(120).collect();
        check(&format!("{method} {path}"), &answer);
        answer
    }

    /// Sends this body, as JSON, with all rights.
    fn send(&self, operation: &Operation, path: &str, body: &[u8]) -> Response {
        let headers = [("Content-Type", "application/json")];
        self.ask(&operation.method, path, Some(self.key_to(operation)), &headers, body)
    }

    /// A new call; gives its reference.
    fn call(&self) -> String {
        let body = json!({"session_id": "s-1"}).to_string();
        let headers = [("Content-Type", "application/json")];
        let answer = self.ask("POST", "/api/calls", Some(&self.admin), &headers, body.as_bytes());
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["data"]["ticket_id"].as_str().expect("ticket_id").to_owned()
    }

    /// The operation's address, about a new call where it is about a ticket.
    fn address(&self, operation: &Operation) -> String {
        if operation.names_a_ticket() { operation.about(&self.call()) } else { operation.about("") }
    }

    /// After the barrage: writing works, nothing has panicked.
    fn must_be_well(&self) {
        let ready = self.ask("GET", "/ready", None, &[], b"");
        assert_eq!(ready.status, 200, "{}", ready.text());
        self.call();
        let log = self.daemon.log();
        assert!(!log.contains("panicked"), "{log}");
    }
}

/// What holds for every answer.
fn check(what: &str, answer: &Response) {
    assert!(answer.status < 500, "{what}: {} {}", answer.status, answer.text());
    if answer.status >= 400 {
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json"),
            "{what}: {}",
            answer.text()
        );
        let problem = answer.json();
        assert_eq!(problem["status"], answer.status, "{what}: {problem}");
        for member in ["type", "title", "detail"] {
            let text = problem[member].as_str().unwrap_or_default();
            assert!(!text.trim().is_empty(), "{what}: no {member} in {problem}");
        }
    }
}

/// A 400 or 422 that names this field, or something within it.
fn assert_names_field(what: &str, answer: &Response, field: &str) {
    assert!(matches!(answer.status, 400 | 422), "{what}: {} {}", answer.status, answer.text());
    let problem = answer.json();
    let named = problem["errors"][0]["field"].as_str().unwrap_or_default();
    let within = named
        .strip_prefix(field)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
    assert!(within, "{what}: {field} is not named in {problem}");
    let detail = problem["errors"][0]["detail"].as_str().unwrap_or_default();
    assert!(!detail.is_empty(), "{what}: no detail about {field} in {problem}");
}

/// A property's value that is right.
fn sample(name: &str, schema: &Value) -> Value {
    let kind = if schema["type"].is_array() { &schema["type"][0] } else { &schema["type"] };
    match (name, kind.as_str()) {
        ("speaker", _) => json!("user"),
        ("rating", _) => json!(5),
        ("trigger", _) => json!({"events": ["ticket.created"]}),
        ("actions", _) => json!(["notify"]),
        ("strategy", _) => json!("sticky"),
        ("assignee_id", _) => json!(1),
        ("customer_email" | "requester_email", _) => json!("john.doe@example.com"),
        ("priority", _) => json!("high"),
        ("status", _) => json!("in_progress"),
        ("timestamp", _) => json!("2025-11-28T01:00:00Z"),
        (_, Some("integer" | "number")) => json!(0),
        (_, Some("boolean")) => json!(true),
        (_, Some("array")) => json!([]),
        (_, Some("object")) => json!({}),
        _ => json!("word"),
    }
}
