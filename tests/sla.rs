//! Service levels from outside: policies and business hours as seed 003 has them (S3.10 to S3.16, S3.25), what a
//! ticket shows of its promise, and what is told when it is broken, be the power off meanwhile.
//!
//! What waits for hours needs libfaketime (Debian: `faketime`); where it is missing those tests say so.

#[path = "sla/breach.rs"]
mod breach;
mod faketime;
mod harness;
#[path = "sla/policies.rs"]
mod policies;

use harness::{Daemon, Response};
use serde_json::{Value, json};

/// A daemon, and an administrator who asks it.
struct Desk {
    daemon: Daemon,
    admin: String,
}

impl Desk {
    fn open(daemon: Daemon) -> Desk {
        let admin = daemon.token("admin");
        Desk { daemon, admin }
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Response {
        let bearer = format!("Bearer {}", self.admin);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        self.daemon.request(method, path, &headers, body.as_bytes())
    }

    /// What an accepted request is answered.
    #[track_caller]
    fn done(&self, method: &str, path: &str, body: &Value, status: u16) -> Value {
        let answer = self.ask(method, path, body);
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        answer.json()
    }

    fn read(&self, path: &str) -> Value {
        self.done("GET", path, &Value::Null, 200)
    }

    /// A customer writes for the first time: the number of the ticket.
    fn customer(&self, n: u32) -> u64 {
        let message = json!({
            "key": {"remoteJid": format!("62812{n:06}@s.whatsapp.net"), "fromMe": false, "id": format!("id-{n}")},
            "message": {"conversation": "Halo"},
        });
        let answer = self.done("POST", "/webhook/baileys", &message, 200);
        answer["messages"][0]["ticket"].as_u64().expect("a ticket")
    }
}
