//! A call relay as its makers would write it: a WebSocket library, the tokens that an installer hands out,
//! and nothing of the daemon's own code.
//!
//! Blocking, and never for longer than [`PATIENCE`]: a daemon that keeps silent fails the test.

mod speech;

use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::{IntoClientRequest, client};
use tokio_tungstenite::tungstenite::handshake::HandshakeError;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message, WebSocket};

pub use speech::*;

/// How long a test waits for what the daemon owes it.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// One connection to the call door.
pub struct Relay {
    socket: WebSocket<TcpStream>,
    /// Frames sent so far: the number under which the daemon acknowledges a frame without `seq`.
    sent: u64,
    /// From the daemon's first frame.
    pub ticket_id: String,
}

/// Why a handshake failed: the HTTP answer's status and body.
pub type Refused = (u16, String);

impl Relay {
    /// Connects, and takes the ticket that the daemon must name first.
    pub fn connect(address: &str, token: &str, session: &str) -> Relay {
        let (socket, answer) =
            Relay::dial(address, &format!("/ingest/calls/{session}"), Some(token))
                .unwrap_or_else(|refused| panic!("the call door refused {session}: {refused:?}"));
        assert_eq!(answer, 101);
        let mut relay = Relay { socket, sent: 0, ticket_id: String::new() };
        let hello = relay.receive();
        assert_eq!(hello["type"], "ticket", "the first frame names the ticket: {hello}");
        relay.ticket_id = hello["ticket_id"].as_str().expect("ticket_id").to_owned();
        relay
    }

    /// The handshake alone.
    pub fn dial(
        address: &str,
        path: &str,
        token: Option<&str>,
    ) -> Result<(WebSocket<TcpStream>, u16), Refused> {
        let stream = TcpStream::connect(address).expect("connect");
        stream.set_read_timeout(Some(PATIENCE)).expect("timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("timeout");
        let mut request = format!("ws://{address}{path}").into_client_request().expect("address");
        if let Some(token) = token {
            let bearer = format!("Bearer {token}").parse().expect("token");
            request.headers_mut().insert("authorization", bearer);
        }
        match client(request, stream) {
            Ok((socket, answer)) => Ok((socket, answer.status().as_u16())),
            Err(HandshakeError::Failure(Error::Http(answer))) => {
                let body = answer.body().as_deref().unwrap_or_default();
                Err((answer.status().as_u16(), String::from_utf8_lossy(body).into_owned()))
            }
            Err(other) => panic!("no handshake: {other}"),
        }
    }

    /// Sends one text frame.
    pub fn say(&mut self, frame: &str) {
        self.socket.send(Message::text(frame)).expect("the daemon keeps reading");
        self.sent += 1;
    }

    /// Sends one binary frame, which no relay should.
    pub fn say_bytes(&mut self, frame: &[u8]) {
        self.socket.send(Message::binary(frame.to_vec())).expect("the daemon keeps reading");
        self.sent += 1;
    }

    /// Sends events verbatim and takes the acknowledgement of each, in order.
    pub fn tell<'e>(&mut self, events: impl IntoIterator<Item = &'e Value>) {
        let before = self.sent;
        for event in events {
            self.say(&event.to_string());
        }
        for seq in before + 1..=self.sent {
            self.expect_ack(seq);
        }
    }

    /// The next frame must acknowledge `seq`.
    pub fn expect_ack(&mut self, seq: u64) {
        let frame = self.receive();
        assert_eq!(frame, json!({"type": "ack", "seq": seq}), "the acknowledgement of frame {seq}");
    }

    /// The next text frame.
    pub fn receive(&mut self) -> Value {
        loop {
            match self.socket.read() {
                Ok(Message::Text(text)) => {
                    return serde_json::from_str(&text).expect("frames of the daemon are JSON");
                }
                Ok(Message::Ping(_) | Message::Pong(_)) => {}
                Ok(other) => panic!("a text frame was due, not {other:?}"),
                Err(error) => panic!("a text frame was due: {error}"),
            }
        }
    }

    /// Tells event after event until the daemon is gone; gives how many were acknowledged, and counts them.
    pub fn tell_while_it_lasts(&mut self, events: &[Value], acknowledged: &AtomicUsize) -> usize {
        for (event, told) in events.iter().zip(0..) {
            if self.socket.send(Message::text(event.to_string())).is_err() {
                return told;
            }
            loop {
                match self.socket.read() {
                    Ok(Message::Text(_)) => break,
                    Ok(Message::Ping(_) | Message::Pong(_)) => {}
                    Err(Error::Io(error)) if is_timeout(&error) => {
                        panic!("neither acknowledged nor gone")
                    }
                    _ => return told,
                }
            }
            acknowledged.fetch_add(1, Ordering::Release);
        }
        events.len()
    }

    /// Answers pings until `done`; text frames must not come meanwhile.
    pub fn stay_alive_until(&mut self, done: impl Fn() -> bool) {
        self.wait_at_most(Duration::from_millis(20));
        while !done() {
            match self.socket.read() {
                Ok(Message::Ping(_) | Message::Pong(_)) => {}
                Err(Error::Io(error)) if is_timeout(&error) => {}
                other => panic!("nothing but pings was due: {other:?}"),
            }
        }
        self.wait_at_most(PATIENCE);
    }

    fn wait_at_most(&self, time: Duration) {
        self.socket.get_ref().set_read_timeout(Some(time)).expect("timeout");
    }

    /// Takes what still comes until the daemon closes; gives the code it closed with.
    pub fn closed_with(&mut self) -> Option<u16> {
        let mut code = None;
        loop {
            match self.socket.read() {
                Ok(Message::Close(frame)) => code = frame.map(|f| u16::from(f.code)),
                Ok(_) => {}
                Err(Error::Io(error)) if is_timeout(&error) => panic!("the daemon did not close"),
                Err(_) => return code,
            }
        }
    }

    /// Hangs up: the normal close that ends a call.
    pub fn hang_up(mut self) {
        let normal = CloseFrame { code: 1000.into(), reason: Default::default() };
        self.socket.close(Some(normal)).expect("close");
        assert_eq!(self.closed_with(), Some(1000), "a normal close is answered with one");
    }

    /// The network breaks: the TCP connection goes without a WebSocket close.
    pub fn break_off(self) {
        drop(self);
    }

    /// The connection beneath, to write frames that no library would.
    pub fn stream(&self) -> TcpStream {
        self.socket.get_ref().try_clone().expect("a second handle")
    }
}

fn is_timeout(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
}

/// Asks until there is an answer; fails after [`PATIENCE`], telling what it waited for.
pub fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(began.elapsed() < PATIENCE, "waited {PATIENCE:?} for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
