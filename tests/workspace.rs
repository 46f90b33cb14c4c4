//! What the workspace stands on, without a browser: live events, drafts, the files of the pages.

#[path = "workspace/drafts.rs"]
mod drafts;
mod harness;
#[path = "workspace/live.rs"]
mod live;
#[path = "workspace/pages.rs"]
mod pages;

use serde_json::{Value, json};

use harness::{Daemon, Response};

/// A desk with a bridge that delivers.
pub struct Desk {
    pub daemon: Daemon,
    bridge: String,
}

impl Desk {
    pub fn open(config: &str) -> Desk {
        let daemon = Daemon::with_config(config);
        let bridge = daemon.token("ingest");
        Desk { daemon, bridge }
    }

    pub fn call(&self, token: &str, method: &str, path: &str, body: &Value) -> Response {
        let bearer = format!("Bearer {token}");
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.daemon.request(method, path, &headers, body.as_bytes())
    }

    /// The same without a body; fails the test unless it is done.
    #[track_caller]
    pub fn done(&self, token: &str, method: &str, path: &str) -> Value {
        let answer = self.call(token, method, path, &Value::Null);
        assert_eq!(answer.status, 200, "{method} {path}: {}", answer.text());
        answer.json()
    }

    /// A customer writes on WhatsApp; gives the ticket.
    pub fn writes(&self, number: &str, id: &str, text: &str) -> u64 {
        let message = json!({
            "key": {"remoteJid": format!("{number}@s.whatsapp.net"), "fromMe": false, "id": id},
            "pushName": "Budi", "message": {"conversation": text},
        });
        let told = self.call(&self.bridge, "POST", "/webhook/baileys", &message);
        assert_eq!(told.status, 200, "{}", told.text());
        told.json()["messages"][0]["ticket"].as_u64().expect("a ticket")
    }
}

/// An error of this status; gives its `detail`.
#[track_caller]
pub fn problem(answer: &Response, status: u16) -> String {
    assert_eq!(answer.status, status, "{}", answer.text());
    answer.json()["detail"].as_str().expect("a detail").to_owned()
}
