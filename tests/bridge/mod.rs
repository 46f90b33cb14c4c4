//! A contact centre's WhatsApp side: the bridge that posts, and who looks at the tickets. Everything goes through
//! the front door, as JSON.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::{Daemon, Response};

/// Second in which the samples' day begins: 2026-01-28T10:30:00Z.
pub const MORNING: i64 = 1_769_596_200;

/// Number of the customer of most samples.
pub const BUDI: &str = "628123456789";

/// A daemon with a bridge and a supervisor who sees everything.
pub struct Desk {
    pub daemon: Daemon,
    bridge: String,
    supervisor: String,
}

impl Desk {
    pub fn open(config: &str) -> Desk {
        let daemon = Daemon::with_config(config);
        let (bridge, supervisor) = (daemon.token("ingest"), daemon.token("admin"));
        Desk { daemon, bridge, supervisor }
    }

    /// One call of the API as the bearer of a token.
    pub fn call(&self, token: &str, method: &str, path: &str) -> Response {
        self.daemon.request(method, path, &[("Authorization", &format!("Bearer {token}"))], b"")
    }

    /// What the supervisor reads; fails the test unless it is 200.
    pub fn read(&self, path: &str) -> Value {
        let answer = self.call(&self.supervisor, "GET", path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    /// Bytes of this type that the bridge sends to a door.
    pub fn post_to(&self, method: &str, door: &str, kind: &str, body: &[u8]) -> Response {
        let bearer = format!("Bearer {}", self.bridge);
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", kind)];
        self.daemon.request(method, door, &headers, body)
    }

    /// A delivery, accepted: what the bridge is told about each message.
    pub fn deliver(&self, body: &Value) -> Vec<Value> {
        self.deliver_to("/webhook/baileys", body)
    }

    /// The same at another door.
    pub fn deliver_to(&self, door: &str, body: &Value) -> Vec<Value> {
        let body = body.to_string();
        let answer = self.post_to("POST", door, "application/json", body.as_bytes());
        assert_eq!(answer.status, 200, "{}", answer.text());
        let answer = answer.json();
        assert_eq!(answer["status"], "success");
        answer["messages"].as_array().expect("one answer a message").clone()
    }

    /// The ticket of a customer message, which the bot must leave alone.
    pub fn ticket_of(&self, message: &Value) -> u64 {
        let told = self.deliver(message);
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0]["id"], message["key"]["id"]);
        assert_eq!((&told[0]["mode"], &told[0]["skip_bot"]), (&json!("agent"), &json!(true)));
        told[0]["ticket"].as_u64().unwrap_or_else(|| panic!("a ticket number: {told:?}"))
    }

    pub fn queue(&self) -> Vec<Value> {
        rows(&self.read("/api/tickets/queue"), "tickets")
    }
}

/// A list in an answer.
pub fn rows(answer: &Value, name: &str) -> Vec<Value> {
    answer[name].as_array().unwrap_or_else(|| panic!("{name} in {answer}")).clone()
}

pub fn word(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a string, not {value}")).to_owned()
}

/// The names of an object's members.
pub fn members(value: &Value) -> BTreeSet<String> {
    value.as_object().unwrap_or_else(|| panic!("an object, not {value}")).keys().cloned().collect()
}

/// A text that a customer sent, so many seconds after [`MORNING`]; `from` is their address.
pub fn message(from: &str, id: &str, second: i64, text: &str) -> Value {
    json!({
        "key": {"remoteJid": from, "fromMe": false, "id": id},
        "messageTimestamp": MORNING + second,
        "pushName": "Budi",
        "message": {"conversation": text},
    })
}

/// The address of a number.
pub fn phone(number: &str) -> String {
    format!("{number}@s.whatsapp.net")
}

/// A sample: one body (`.json`), or one body a line (`.jsonl`).
pub fn sample(name: &str) -> Vec<Value> {
    let path = format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let bodies = if name.ends_with(".jsonl") { text.lines().collect() } else { vec![&text[..]] };
    bodies.iter().map(|body| serde_json::from_str(body).expect(name)).collect()
}

/// An error as RFC 9457 has it, of this status; gives its `detail`.
#[track_caller]
pub fn problem(answer: &Response, status: u16) -> String {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    let problem = answer.json();
    assert_eq!(problem["status"], status, "{problem}");
    assert!(problem["type"].is_string() && problem["title"].is_string(), "{problem}");
    word(&problem["detail"])
}
