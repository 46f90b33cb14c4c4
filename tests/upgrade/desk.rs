//! Those who work with the store of a fixture, and all that it shows them.

use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::{IntoClientRequest, client};
use tokio_tungstenite::tungstenite::{Message, WebSocket};

use crate::harness::{Daemon, Response};

/// A call that is interrupted, and a call over plain HTTP, stay open for as long as a test takes.
pub const CONFIG: &str = "[calls]\nresume_grace = \"10m\"\nidle_end = \"7d\"\n";

/// The feed is kept from here on: what comes before says the same again and again.
const LONG_CHAT: u64 = 130;

/// A daemon, and the tokens of those who work with it: `bridge`, `admin`, `ani` and `dewi`.
pub struct Desk {
    pub daemon: Daemon,
    pub tokens: Value,
}

impl Desk {
    pub fn bearer(&self, who: &str) -> String {
        format!("Bearer {}", self.tokens[who].as_str().expect("a token"))
    }

    pub fn send(&self, who: &str, method: &str, path: &str, body: &Value) -> Response {
        let bearer = self.bearer(who);
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.daemon.request(method, path, &headers, body.as_bytes())
    }

    /// A request that is carried out.
    #[track_caller]
    pub fn done(&self, who: &str, method: &str, path: &str, body: Value) -> Value {
        let answer = self.send(who, method, path, &body);
        assert!((200..300).contains(&answer.status), "{method} {path}: {}", answer.text());
        if answer.body.is_empty() { Value::Null } else { answer.json() }
    }

    pub fn read(&self, path: &str) -> Value {
        self.done("admin", "GET", path, Value::Null)
    }

    /// A customer's text; gives the number of its ticket.
    pub fn message(&self, from: &str, id: &str, second: i64, text: &str) -> u64 {
        let message = json!({
            "key": {"remoteJid": from, "fromMe": false, "id": id},
            "messageTimestamp": 1_769_596_200 + second,
            "pushName": "Budi",
            "message": {"conversation": text},
        });
        let told = self.done("bridge", "POST", "/webhook/baileys", message);
        told["messages"][0]["ticket"].as_u64().unwrap_or_else(|| panic!("a ticket: {told}"))
    }

    /// The connection of a call, and the call's reference.
    pub fn relay(&self, session: &str) -> (WebSocket<TcpStream>, String) {
        let stream = TcpStream::connect(self.daemon.address()).expect("connect");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("timeout");
        let url = format!("ws://{}/ingest/calls/{session}", self.daemon.address());
        let mut request = url.into_client_request().expect("address");
        let bearer = self.bearer("bridge").parse().expect("token");
        request.headers_mut().insert("authorization", bearer);
        let (mut socket, _) = client(request, stream).expect("the call door opens");
        let hello = next(&mut socket);
        (socket, hello["ticket_id"].as_str().expect("ticket_id").to_owned())
    }

    /// All that can be seen of the store.
    pub fn shows(&self) -> Value {
        let mut tickets = Vec::new();
        for number in 1001.. {
            let answer = self.send("admin", "GET", &format!("/api/tickets/{number}"), &Value::Null);
            if answer.status == 404 {
                break;
            }
            let entries = self.pages(&format!("/api/tickets/{number}/timeline"), "entries", 0);
            tickets.push(json!({"ticket": answer.json(), "timeline": entries}));
        }
        let ledger = self.read("/api/calls?limit=100");
        let ids = ledger["data"].as_array().expect("calls").iter();
        let call = |ticket: &Value| {
            let id = ticket["ticket_id"].as_str().expect("ticket_id");
            json!({
                "call": self.read(&format!("/api/calls/{id}")),
                "export": self.read(&format!("/api/calls/{id}/export")),
            })
        };
        let calls: Vec<Value> = ids.map(call).collect();
        let mine = |who| self.done(who, "GET", "/api/tickets/my-tickets", Value::Null);
        json!({
            "tickets": tickets,
            "calls": calls,
            "ledger": ledger,
            "statistics": self.read("/api/calls/stats"),
            "queue": self.read("/api/tickets/queue"),
            "ani": mine("ani"),
            "dewi": mine("dewi"),
            "feed": self.pages("/api/feed", "events", LONG_CHAT),
            "cursors": self.cursors(),
        })
    }

    /// Of the consumers outside: the daemon's own may be newer than the store.
    fn cursors(&self) -> Value {
        let all = self.read("/api/feed/cursors");
        let mut all = all["cursors"].as_array().cloned().unwrap_or_default();
        all.retain(|cursor| cursor["name"] != "rules" && cursor["name"] != "search");
        json!({ "cursors": all })
    }

    /// The rows of all pages of a list, behind the one that `after` names.
    fn pages(&self, list: &str, rows: &str, mut after: u64) -> Vec<Value> {
        let mut all = Vec::new();
        loop {
            let mut page = self.read(&format!("{list}?limit=100&after={after}"));
            let found = page[rows].as_array_mut().expect("rows");
            let full = found.len() == 100;
            all.append(found);
            match page["next"].as_u64() {
                Some(next) if full => after = next,
                _ => return all,
            }
        }
    }
}

/// Sends events of a call and waits until each is on disk.
pub fn tell(socket: &mut WebSocket<TcpStream>, events: &[Value]) {
    for event in events {
        socket.send(Message::text(event.to_string())).expect("the daemon reads");
    }
    for _ in events {
        assert_eq!(next(socket)["type"], "ack");
    }
}

fn next(socket: &mut WebSocket<TcpStream>) -> Value {
    loop {
        if let Message::Text(text) = socket.read().expect("a frame") {
            return serde_json::from_str(&text).expect("JSON");
        }
    }
}
