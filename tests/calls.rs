//! The call door from outside: a relay streams a call, and its ticket tells what was spoken, in the order in
//! which it was spoken, each line once, whatever the order and number of its events and however the
//! connection ends.

#[path = "calls/broken.rs"]
mod broken;
#[path = "calls/frames.rs"]
mod frames;
mod harness;
mod mutated;
#[path = "calls/recorded.rs"]
mod recorded;
mod relay;
#[path = "calls/turns.rs"]
mod turns;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use harness::{Daemon, Response};
use relay::{Relay, eventually};
use serde_json::{Value, json};

/// A daemon and the tokens of those who work with it.
struct Desk {
    daemon: Daemon,
    ingest: String,
    read: String,
}

impl Desk {
    fn with_config(config: &str) -> Desk {
        let daemon = Daemon::with_config(config);
        let (ingest, read) = (daemon.token("ingest"), daemon.token("read"));
        Desk { daemon, ingest, read }
    }

    /// The one that tests share which leave it as they found it; it stops with the last of them.
    fn shared() -> Arc<Desk> {
        static SHARED: Mutex<Weak<Desk>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let desk = Arc::new(Desk::with_config(""));
            *shared = Arc::downgrade(&desk);
            desk
        })
    }

    fn relay(&self, session: &str) -> Relay {
        Relay::connect(self.daemon.address(), &self.ingest, session)
    }

    fn get(&self, path: &str) -> Response {
        let bearer = format!("Bearer {}", self.read);
        self.daemon.request("GET", path, &[("Authorization", &bearer)], b"")
    }

    /// The call as the ledger shows it now.
    fn call(&self, ticket_id: &str) -> Value {
        let answer = self.get(&format!("/api/calls/{ticket_id}"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["data"].take()
    }

    /// The call once it is closed.
    fn closed_call(&self, ticket_id: &str) -> Value {
        eventually("the call's ticket to be closed", || {
            Some(self.call(ticket_id)).filter(|call| call["ticket"]["status"] == "closed")
        })
    }

    /// A whole call: connects, tells the events, hangs up; gives the closed call.
    fn whole_call(&self, events: &[Value]) -> Value {
        let mut relay = self.relay(&session());
        relay.tell(events);
        let ticket_id = relay.ticket_id.clone();
        relay.hang_up();
        self.closed_call(&ticket_id)
    }
}

/// A session id that no other test uses.
fn session() -> String {
    static SESSIONS: AtomicU64 = AtomicU64::new(1);
    format!("sess-{:06}", SESSIONS.fetch_add(1, Ordering::Relaxed))
}

/// What was spoken, in the form of the recordings' expectations.
fn turns(call: &Value) -> Value {
    let turns = call["interactions"].as_array().expect("interactions").iter();
    turns.map(|t| json!({"speaker": t["speaker"], "message": t["message"], "tool_calls": t["tool_calls"]})).collect()
}

/// Speaker and words of each turn.
fn lines(call: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let turns = call["interactions"].as_array().expect("interactions").iter();
    turns.map(|t| (text(&t["speaker"]), text(&t["message"]))).collect()
}

/// The same for expectations.
fn said<const N: usize>(lines: [(&str, &str); N]) -> Vec<(String, String)> {
    lines.map(|(speaker, words)| (speaker.to_owned(), words.to_owned())).to_vec()
}
