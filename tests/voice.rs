//! Calls that the daemon carries or fetches itself: the in-line proxy between a caller's client and the speech
//! service, and sources that it dials.

#[path = "voice/ends.rs"]
mod ends;
mod harness;
#[path = "voice/interop.rs"]
mod interop;
#[path = "voice/load.rs"]
mod load;
#[path = "voice/passing.rs"]
mod passing;
#[path = "voice/peer.rs"]
mod peer;
mod python;
#[path = "voice/refusals.rs"]
mod refusals;
mod small_disk;
#[path = "voice/sources.rs"]
mod sources;
#[path = "relay/speech.rs"]
mod speech;
#[path = "voice/store_away.rs"]
mod store_away;
#[path = "voice/typed.rs"]
mod typed;
#[path = "voice/wire.rs"]
mod wire;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use harness::{Daemon, Response};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::http::HeaderMap;
use wire::{End, PATIENCE, Service, Session};

/// A daemon whose callers talk to a service that the test plays.
struct Desk {
    daemon: Daemon,
    service: Service,
    ingest: String,
    read: String,
}

impl Desk {
    async fn new() -> Desk {
        Desk::before(Service::start().await, "")
    }

    fn before(service: Service, more: &str) -> Desk {
        let daemon = Daemon::with_config(&proxy_to(&service, more));
        let (ingest, read) = (daemon.token("ingest"), daemon.token("read"));
        Desk { daemon, service, ingest, read }
    }

    /// A call: the caller's client and the service's session.
    async fn call(&self, session: &str) -> (End, Session) {
        let client = self.client(&format!("?session_id={session}")).await;
        (client, self.service.session().await)
    }

    async fn client(&self, query: &str) -> End {
        self.dial(query).await.unwrap_or_else(|refused| panic!("{refused:?}")).0
    }

    async fn dial(&self, query: &str) -> Result<(End, HeaderMap), (u16, String)> {
        let bearer = format!("Bearer {}", self.ingest);
        let path = format!("/ingest/realtime{query}");
        wire::connect(self.daemon.address(), &path, &[("Authorization", &bearer)]).await
    }

    fn get(&self, path: &str) -> Response {
        let bearer = format!("Bearer {}", self.read);
        self.daemon.request("GET", path, &[("Authorization", &bearer)], b"")
    }

    /// The calls of a session, the newest first, as the ledger shows them.
    fn calls(&self, session: &str) -> Vec<Value> {
        let listed = self.get("/api/calls?limit=100");
        assert_eq!(listed.status, 200, "{}", listed.text());
        let listed = listed.json();
        let of_session = |call: &&Value| call["session_id"] == session;
        let calls = listed["data"].as_array().expect("calls").iter().filter(of_session);
        let shown = calls.map(|call| {
            let id = call["ticket_id"].as_str().expect("ticket_id");
            let shown = self.get(&format!("/api/calls/{id}"));
            assert_eq!(shown.status, 200, "{}", shown.text());
            shown.json()["data"].take()
        });
        shown.collect()
    }

    /// The one call of a session, once it is so.
    fn when(&self, session: &str, what: &str, so: impl Fn(&Value) -> bool) -> Value {
        eventually(what, || {
            let mut calls = self.calls(session);
            assert!(calls.len() < 2, "one call: {calls:?}");
            calls.pop().filter(&so)
        })
    }

    fn closed(&self, session: &str) -> Value {
        self.when(session, "the call to be closed", |call| call["ticket"]["status"] == "closed")
    }
}

/// The configuration of a daemon in front of this service.
fn proxy_to(service: &Service, more: &str) -> String {
    format!(
        "[realtime]\nkind = \"openai\"\nurl = \"{}\"\nmodel = \"voice-1\"\nmodels = [\"voice-2\"]\napi_key = \"sk-secret\"\n{more}",
        service.url
    )
}

/// A session id that no other test uses.
fn session() -> String {
    static SESSIONS: AtomicU64 = AtomicU64::new(1);
    format!("sess-{:06}", SESSIONS.fetch_add(1, Ordering::Relaxed))
}

/// Speaker and words of each turn.
fn lines(call: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let turns = call["interactions"].as_array().expect("interactions").iter();
    turns.map(|turn| (text(&turn["speaker"]), text(&turn["message"]))).collect()
}

/// The same for expectations.
fn said<const N: usize>(lines: [(&str, &str); N]) -> Vec<(String, String)> {
    lines.map(|(speaker, words)| (speaker.to_owned(), words.to_owned())).to_vec()
}

/// What was spoken, in the form of the recordings' expectations.
fn turns(call: &Value) -> Value {
    let turns = call["interactions"].as_array().expect("interactions").iter();
    let turn = |t: &Value| json!({"speaker": t["speaker"], "message": t["message"], "tool_calls": t["tool_calls"]});
    turns.map(turn).collect()
}

/// Asks until there is an answer; fails after [`PATIENCE`], telling what it waited for.
fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(began.elapsed() < PATIENCE, "waited {PATIENCE:?} for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
