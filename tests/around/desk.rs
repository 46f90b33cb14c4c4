//! A desk, its people, and a customer who shows no token.

use serde_json::{Value, json};

use crate::harness::{Daemon, Response};

pub struct Desk {
    pub daemon: Daemon,
    pub admin: String,
    pub agent: String,
    pub deliverer: String,
}

impl Desk {
    pub fn open(config: &str) -> Desk {
        Desk::on(Daemon::with_config(config))
    }

    /// The people of a daemon that runs already.
    pub fn on(daemon: Daemon) -> Desk {
        let (admin, deliverer) = (daemon.token("admin"), daemon.token("ingest"));
        let agent = daemon.token_named("Support Agent", "agent");
        Desk { daemon, admin, agent, deliverer }
    }

    pub fn call(&self, token: &str, method: &str, path: &str, body: &Value) -> Response {
        let bearer = format!("Bearer {token}");
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        self.daemon.request(method, path, &headers, &body)
    }

    /// As an admin; fails unless the answer has this status.
    #[track_caller]
    pub fn does(&self, method: &str, path: &str, body: &Value, status: u16) -> Value {
        let answer = self.call(&self.admin, method, path, body);
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        if answer.body.is_empty() { Value::Null } else { answer.json() }
    }

    #[track_caller]
    pub fn reads(&self, path: &str) -> Value {
        self.does("GET", path, &Value::Null, 200)
    }

    /// As anybody, without a token.
    pub fn visits(&self, method: &str, path: &str, body: &Value) -> Response {
        let headers = [("Content-Type", "application/json")];
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        self.daemon.request(method, path, &headers, &body)
    }

    /// A ticket made by the API; gives its number.
    #[track_caller]
    pub fn ticket(&self, subject: &str) -> u64 {
        let body = json!({
            "subject": subject, "description": "I have a question",
            "customer_email": "customer@example.com", "customer_name": "John Doe",
        });
        let answer = self.call(&self.deliverer, "POST", "/api/tickets/create", &body);
        assert_eq!(answer.status, 201, "{}", answer.text());
        let made = answer.json();
        let found = self.reads(&format!("/api/tickets/{}", word(&made["ticket"]["ticket_id"])));
        found["number"].as_u64().expect("a number")
    }
}

pub fn word(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a string, not {value}")).to_owned()
}

pub fn rows<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value[name].as_array().unwrap_or_else(|| panic!("{name} of {value}"))
}

/// An error as RFC 9457 has it; gives the fields that it names.
#[track_caller]
pub fn problem(answer: &Response, status: u16) -> Vec<String> {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    let fields = answer.json()["errors"].as_array().cloned().unwrap_or_default();
    fields.iter().map(|error| word(&error["field"])).collect()
}
