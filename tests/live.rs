//! Everything live, without a browser: the WebSocket of live events, calls as they run, who looks at a ticket,
//! Socket.IO with the real client (npm), and many clients at once.

#[path = "live/calls.rs"]
mod calls;
#[path = "live/client.rs"]
mod client;
mod faketime;
mod harness;
#[path = "live/many.rs"]
mod many;
mod persons;
#[path = "live/socket.rs"]
mod socket;
#[path = "live/socketio.rs"]
mod socketio;
#[path = "live/viewing.rs"]
mod viewing;

use serde_json::{Value, json};

use harness::{Daemon, Response};

/// A desk with a bridge that delivers.
pub struct Desk {
    pub daemon: Daemon,
    pub bridge: String,
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

    /// Fails the test unless it is done.
    #[track_caller]
    pub fn done(&self, token: &str, method: &str, path: &str, body: &Value) -> Value {
        let answer = self.call(token, method, path, body);
        assert!(answer.status < 300, "{method} {path}: {}", answer.text());
        answer.json()
    }

    /// A customer writes on WhatsApp; gives the ticket.
    pub fn writes(&self, number: &str, id: &str, text: &str) -> u64 {
        let message = json!({
            "key": {"remoteJid": format!("{number}@s.whatsapp.net"), "fromMe": false, "id": id},
            "pushName": "Budi", "message": {"conversation": text},
        });
        let told = self.done(&self.bridge, "POST", "/webhook/baileys", &message);
        told["messages"][0]["ticket"].as_u64().expect("a ticket")
    }

    /// Takes a token away by its name.
    pub fn revoke(&self, name: &str) {
        let listed = String::from_utf8(self.daemon.cli(&["token", "list"]).stdout).expect("text");
        let line = listed.lines().find(|line| line.contains(name)).expect("the token");
        let id = line.split_whitespace().next().expect("an id");
        let revoked = self.daemon.cli(&["token", "revoke", id]);
        assert!(revoked.status.success(), "{}", String::from_utf8_lossy(&revoked.stderr));
    }
}
