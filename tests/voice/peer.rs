//! A source as its makers would write it: a numbered log that it sends from wherever it is asked to, with a
//! network that drops, repeats and lags.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};

#[derive(Default)]
pub struct State {
    /// Frames; the first has the number 1.
    pub log: Vec<Value>,
    /// Connections are dropped after so many frames; 0 is never.
    pub drop_after: usize,
    /// So many frames before the ones asked for are sent again.
    pub repeat: usize,
    /// Between two frames.
    pub lag: Duration,
    /// What the daemon asked to go on behind, each time.
    pub asked: Vec<Value>,
    pub bearers: Vec<String>,
}

pub struct Peer {
    pub port: u16,
    state: Arc<Mutex<State>>,
    server: JoinHandle<()>,
}

impl Peer {
    pub async fn start() -> Peer {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let state = Arc::default();
        let server = tokio::spawn(serve(listener, Arc::clone(&state)));
        Peer { port, state, server }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panicked")
    }

    /// Adds a frame to the log, and its number to the frame.
    pub fn add(&self, mut frame: Value) {
        let mut state = self.state();
        frame["seq"] = (state.log.len() + 1).into();
        state.log.push(frame);
    }

    /// Goes down, with its connections, and comes up at the same port.
    pub async fn restart(&mut self, down_for: Duration) {
        self.server.abort();
        tokio::time::sleep(down_for).await;
        let listener = loop {
            match TcpListener::bind(("127.0.0.1", self.port)).await {
                Ok(listener) => break listener,
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        self.server = tokio::spawn(serve(listener, Arc::clone(&self.state)));
    }

    pub fn config(&self, name: &str, kind: &str) -> String {
        format!(
            "[[ingest.sources]]\nname = \"{name}\"\nkind = \"{kind}\"\nurl = \"ws://127.0.0.1:{}/events?key=hush\"\ntoken = \"sesame\"\n",
            self.port
        )
    }
}

async fn serve(listener: TcpListener, state: Arc<Mutex<State>>) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(connection(stream, Arc::clone(&state)));
    }
}

async fn connection(stream: TcpStream, state: Arc<Mutex<State>>) {
    let now = || state.lock().expect("nobody panicked");
    let mut bearer = String::new();
    #[allow(clippy::result_large_err, reason = "the library's own callback")]
    let look = |request: &Request, answer: Response| {
        let header = request.headers().get("authorization").and_then(|value| value.to_str().ok());
        bearer = header.unwrap_or_default().to_owned();
        Ok(answer)
    };
    let Ok(mut socket) = tokio_tungstenite::accept_hdr_async(stream, look).await else { return };
    now().bearers.push(bearer);
    let mut next = match asked(&mut socket).await {
        Some(resume) => {
            let mut state = now();
            let after = resume["after"].as_u64().expect("a number") as usize;
            state.asked.push(resume["after"].clone());
            after.saturating_sub(state.repeat)
        }
        None => 0,
    };
    let mut sent = 0;
    loop {
        let (frame, lag, drop_after) = {
            let state = now();
            (state.log.get(next).cloned(), state.lag, state.drop_after)
        };
        if drop_after > 0 && sent >= drop_after {
            return;
        }
        tokio::time::sleep(if frame.is_some() { lag } else { Duration::from_millis(5) }).await;
        let Some(frame) = frame else {
            // Answers pings, and notices that the daemon is gone.
            match tokio::time::timeout(Duration::from_millis(5), socket.next()).await {
                Ok(Some(Ok(_))) | Err(_) => continue,
                Ok(_) => return,
            }
        };
        if socket.send(Message::text(frame.to_string())).await.is_err() {
            return;
        }
        (next, sent) = (next + 1, sent + 1);
    }
}

/// What the daemon asks for; none if it asks for nothing.
async fn asked(socket: &mut WebSocketStream<TcpStream>) -> Option<Value> {
    let first = tokio::time::timeout(Duration::from_millis(500), socket.next()).await.ok()??;
    let resume: Value = serde_json::from_str(first.ok()?.to_text().ok()?).ok()?;
    assert_eq!(resume["type"], "resume");
    Some(resume)
}

/// A frame of a source of calls.
pub fn of_call(session: &str, event: Value) -> Value {
    json!({"session_id": session, "event": event})
}
