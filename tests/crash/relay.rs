//! A call relay: streams frames with numbers of its own, comes back when the connection broke and sends again
//! what was not acknowledged, hangs up at the end of a call and begins another.

use std::collections::VecDeque;
use std::io;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use frontdesk::store::sim::Random;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::{IntoClientRequest, client};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Message, WebSocket};

use crate::Machine;
use crate::recount::Recount;

/// Exchanges of a call before the relay hangs up.
const EXCHANGES: usize = 12;

#[derive(Default)]
struct Call {
    session: String,
    ticket: Option<u64>,
    /// Exchanges begun.
    exchanges: usize,
    frames: u64,
    /// What was said, in spoken order, and the frame that said it.
    said: Vec<(String, u64)>,
    /// Up to here every frame was acknowledged.
    acknowledged: u64,
    unacknowledged: VecDeque<(u64, Value)>,
    /// The relay has hung up; it does not come back, whether it was answered or not.
    hung_up: bool,
    /// The daemon answered the close.
    ended: bool,
}

pub struct Relay {
    name: String,
    token: String,
    random: Random,
    calls: Vec<Call>,
}

/// Why a connection is over: everything that a dying daemon does to it.
fn gone(error: impl std::fmt::Display) -> io::Error {
    io::Error::other(error.to_string())
}

impl Call {
    fn push(&mut self, event: Value) -> u64 {
        self.frames += 1;
        self.unacknowledged.push_back((self.frames, event));
        self.frames
    }

    /// The caller asks, the agent answers, and only then the caller's words come.
    fn exchange(&mut self, again: bool) {
        let n = self.exchanges;
        self.exchanges += 1;
        let (user, agent) = (format!("user_{n}"), format!("agent_{n}"));
        let before = n.checked_sub(1).map(|n| format!("agent_{n}"));
        let asks = format!("{} asks {n}", self.session);
        let answers = format!("{} answers {n}", self.session);
        let answered = json!({"type": "response.audio_transcript.done", "item_id": agent, "content_index": 0, "transcript": answers});
        self.push(json!({"type": "input_audio_buffer.committed", "item_id": user, "previous_item_id": before}));
        self.push(json!({"type": "conversation.item.created", "previous_item_id": user, "item": {"id": agent, "type": "message", "role": "assistant", "status": "in_progress", "content": []}}));
        let answers_at = self.push(answered.clone());
        let asks_at = self.push(json!({"type": "conversation.item.input_audio_transcription.completed", "item_id": user, "content_index": 0, "transcript": asks}));
        if again {
            self.push(answered);
        }
        self.said.push((asks, asks_at));
        self.said.push((answers, answers_at));
    }
}

impl Relay {
    pub fn new(n: usize, token: &str, seed: u64) -> Relay {
        let (name, token) = (format!("relay-{n}"), token.to_owned());
        Relay { name, token, random: Random::new(seed), calls: Vec::new() }
    }

    /// The call that goes on, a new one if there is none.
    fn call(&mut self) -> &mut Call {
        if self.calls.last().is_none_or(|call| call.hung_up) {
            let session = format!("{}-{}", self.name, self.calls.len());
            self.calls.push(Call { session, ..Call::default() });
        }
        self.calls.last_mut().expect("a call")
    }

    /// Connects, is told the ticket, and sends again what was not acknowledged.
    fn connect(&mut self, address: &str) -> io::Result<WebSocket<TcpStream>> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        let bearer = format!("Bearer {}", self.token).parse().map_err(gone)?;
        let call = self.call();
        let path = format!("ws://{address}/ingest/calls/{}", call.session);
        let mut request = path.into_client_request().map_err(gone)?;
        request.headers_mut().insert("authorization", bearer);
        let (mut socket, _) = client(request, stream).map_err(gone)?;
        let hello = receive(&mut socket)?;
        assert_eq!(hello["type"], "ticket", "{hello}");
        let ticket = hello["number"].as_u64().expect("a number");
        if let Some(known) = call.ticket.replace(ticket) {
            assert_eq!((known, &hello["resumed"]), (ticket, &json!(true)), "the call goes on");
        }
        for (seq, event) in &call.unacknowledged {
            send(&mut socket, *seq, event)?;
        }
        settle(&mut socket, call)?;
        Ok(socket)
    }

    /// Hangs up; the daemon answers when the call has ended.
    fn hang_up(&mut self, socket: &mut WebSocket<TcpStream>) -> io::Result<()> {
        self.calls.last_mut().expect("a call").hung_up = true;
        let normal = CloseFrame { code: 1000.into(), reason: Default::default() };
        socket.close(Some(normal)).map_err(gone)?;
        loop {
            match socket.read().map_err(gone)? {
                Message::Close(_) => break,
                _ => continue,
            }
        }
        self.calls.last_mut().expect("a call").ended = true;
        Ok(())
    }
}

fn send(socket: &mut WebSocket<TcpStream>, seq: u64, event: &Value) -> io::Result<()> {
    let frame = json!({"seq": seq, "event": event}).to_string();
    socket.send(Message::text(frame)).map_err(gone)
}

fn receive(socket: &mut WebSocket<TcpStream>) -> io::Result<Value> {
    loop {
        match socket.read().map_err(gone)? {
            Message::Text(text) => return serde_json::from_str(&text).map_err(gone),
            Message::Close(frame) => return Err(gone(format!("closed: {frame:?}"))),
            _ => {}
        }
    }
}

/// Takes the acknowledgement of every frame that was sent, in order.
fn settle(socket: &mut WebSocket<TcpStream>, call: &mut Call) -> io::Result<()> {
    while let Some((seq, _)) = call.unacknowledged.front() {
        let told = receive(socket)?;
        assert_eq!(told, json!({"type": "ack", "seq": seq}));
        call.acknowledged = *seq;
        call.unacknowledged.pop_front();
    }
    Ok(())
}

impl Machine for Relay {
    fn work(&mut self, address: &str, stop: &AtomicBool) -> io::Result<()> {
        while !stop.load(Ordering::Relaxed) {
            let mut socket = self.connect(address)?;
            while self.call().exchanges < EXCHANGES {
                let again = self.random.chance(20);
                let call = self.call();
                call.exchange(again);
                for (seq, event) in &call.unacknowledged {
                    send(&mut socket, *seq, event)?;
                }
                settle(&mut socket, call)?;
            }
            self.hang_up(&mut socket)?;
        }
        Ok(())
    }

    fn finish(&mut self, address: &str) -> io::Result<()> {
        let mut socket = self.connect(address)?;
        self.hang_up(&mut socket)
    }

    fn check(&self, there: &Recount<'_>) -> u64 {
        for call in &self.calls {
            let Some(ticket) = call.ticket else { continue };
            let expected: Vec<&str> = call
                .said
                .iter()
                .filter(|(_, frame)| *frame <= call.acknowledged)
                .map(|(words, _)| words.as_str())
                .collect();
            let waiting = |words: &&str| {
                call.said.iter().any(|(w, frame)| w == words && *frame > call.acknowledged)
            };
            let spoken: Vec<&str> = there.spoken(ticket).filter(|words| !waiting(words)).collect();
            assert_eq!(spoken, expected, "{}: every line once, in spoken order", call.session);
            let (shown, running) = (&there.tickets[&ticket], there.tickets[&ticket].running);
            assert!(!(call.ended && running), "{} has ended: {shown:?}", call.session);
            assert!(!call.ended || shown.category.is_some(), "S0.37: {shown:?}");
        }
        self.calls.iter().map(|call| call.acknowledged).sum()
    }
}
