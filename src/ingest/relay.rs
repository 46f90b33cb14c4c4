//! One relay's connection: frames in, acknowledgements out, in order; and how a call ends.
//!
//! Events are handed to the engine without waiting for each, so that one sync serves many; acknowledgements
//! follow in the order of the frames. Whatever was not acknowledged the relay sends again when it comes back:
//! the engine knows what it has.

use std::collections::VecDeque;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::session::{Ask, Attendance, End, Session, fact, hear};
use crate::domain::ticket::Ticket;
use crate::engine::{Error, Pending};
use crate::wire::realtime;

/// Events handed to the engine and not acknowledged yet; then no more are read.
const MAX_PENDING: usize = 256;
/// A connection on which nothing came for two of these is dead.
const KEEPALIVE: Duration = Duration::from_secs(20);
/// How long a peer that was refused may take to close.
const LINGER: Duration = Duration::from_secs(2);
const NO_TOKEN: &str = "the token does not let you in any more";

pub struct Relay(pub Session);

/// What a frame waits for.
enum Awaited {
    Stored(Pending),
    /// The engine did not take it.
    NotTaken(Error),
    /// Nothing to store: acknowledged in its turn.
    Nothing,
    /// The frame was refused; the words to say so in its turn.
    Refused(String),
}

type Sink = SplitSink<WebSocket, Message>;

impl Relay {
    pub async fn run(self, socket: WebSocket) {
        let _busy = self.0.doors.busy.clone();
        let attendance = self.0.attend();
        let (mut sink, stream) = socket.split();
        match self.0.open().await {
            Ok((ticket, resumed)) => {
                let hello = json!({
                    "type": "ticket", "ticket_id": ticket.ticket_id, "id": ticket.id,
                    "number": ticket.number, "session_id": ticket.session_id, "resumed": resumed,
                });
                let end = match sink.send(Message::Text(hello.to_string().into())).await {
                    Ok(()) => {
                        let streaming = self.stream(&ticket, &mut sink, stream, attendance);
                        tokio::select! {
                            end = streaming => end,
                            // What is under way the engine has; whoever may come back sends it again.
                            () = self.0.falls() => {
                                let told = close(&mut sink, close_code::POLICY, NO_TOKEN);
                                let _ = timeout(LINGER, told).await;
                                End::Broken
                            }
                        }
                    }
                    Err(_) => {
                        drop(attendance);
                        End::Broken
                    }
                };
                self.0.put_down(ticket.number, end).await;
                // Only now is the peer's close answered: whoever has seen the end of the handshake finds the
                // call ended.
                let _ = timeout(LINGER, sink.close()).await;
            }
            Err(error) => {
                drop(attendance);
                say_error(&mut sink, None, &error.to_string()).await;
                close(&mut sink, close_code::AGAIN, "the call could not be opened").await;
            }
        }
    }

    async fn stream(
        &self,
        ticket: &Ticket,
        sink: &mut Sink,
        mut stream: SplitStream<WebSocket>,
        mut attendance: Attendance,
    ) -> End {
        let mut pending: VecDeque<(u64, Awaited)> = VecDeque::new();
        let mut stop = self.0.doors.stop.clone();
        let mut frames = 0;
        let mut asking: Vec<Ask> = Vec::new();
        let mut heard = Instant::now();
        let mut keepalive = tokio::time::interval(KEEPALIVE);
        let end = loop {
            tokio::select! {
                biased;
                told = settle(&mut pending), if !pending.is_empty() => {
                    if tell(sink, told).await.is_err() {
                        break End::Broken;
                    }
                }
                frame = stream.next(), if pending.len() < MAX_PENDING => {
                    heard = Instant::now();
                    for ask in asking.drain(..) {
                        let _ = ask.send(());
                    }
                    match frame {
                        Some(Ok(message)) if size(&message) > self.0.doors.settings.max_frame => {
                            self.refuse_size(sink).await;
                            drain(&mut stream).await;
                            break End::Broken;
                        }
                        Some(Ok(Message::Text(text))) => {
                            frames += 1;
                            let awaited = self.take(ticket.number, &text, &mut frames);
                            pending.push_back(awaited);
                        }
                        Some(Ok(Message::Binary(_))) => {
                            frames += 1;
                            let why = "send events as text frames, this one was binary".to_owned();
                            pending.push_back((frames, Awaited::Refused(why)));
                        }
                        Some(Ok(Message::Close(frame))) => break End::of_close(frame.map(|f| f.code)),
                        Some(Ok(_)) => {}
                        Some(Err(error)) => {
                            tracing::debug!(ticket = ticket.number, %error, "a relay's connection broke");
                            if is_too_large(&error) {
                                self.refuse_size(sink).await;
                            }
                            break End::Broken;
                        }
                        None => break End::Broken,
                    }
                }
                Some(ask) = attendance.asked() => {
                    asking.push(ask);
                    if sink.send(Message::Ping(Default::default())).await.is_err() {
                        break End::Broken;
                    }
                }
                _ = keepalive.tick() => {
                    if heard.elapsed() > 2 * KEEPALIVE || sink.send(Message::Ping(Default::default())).await.is_err() {
                        break End::Broken;
                    }
                }
                () = stopped(&mut stop) => {
                    finish(sink, &mut pending).await;
                    close(sink, close_code::RESTART, "the daemon is stopping; come back").await;
                    return End::Broken;
                }
            }
        };
        finish(sink, &mut pending).await;
        end
    }

    async fn refuse_size(&self, sink: &mut Sink) {
        let max = self.0.doors.settings.max_frame;
        close(
            sink,
            close_code::SIZE,
            &format!("a frame may be at most {max} bytes (calls.max_frame)"),
        )
        .await;
    }

    /// Hands one frame to the engine.
    fn take(&self, ticket: u64, text: &str, frames: &mut u64) -> (u64, Awaited) {
        let metrics = &self.0.doors.engine.shared().metrics;
        let frame = match realtime::parse(text) {
            Ok(frame) => frame,
            Err(error) => {
                metrics.event("call", "malformed");
                return (*frames, Awaited::Refused(error.to_string()));
            }
        };
        let seq = frame.seq.unwrap_or(*frames);
        let event = frame.event;
        hear(&self.0.doors.engine, ticket, &event.facts);
        let facts: Vec<_> = event.facts.into_iter().filter_map(fact).collect();
        if facts.is_empty() {
            metrics.event("call", "passed_over");
            return (seq, Awaited::Nothing);
        }
        metrics.event("call", "taken");
        match self.0.doors.engine.enqueue(self.0.record(ticket, event.event_id, facts)) {
            Ok(pending) => (seq, Awaited::Stored(pending)),
            Err(error) => (seq, Awaited::NotTaken(error)),
        }
    }
}

fn size(message: &Message) -> usize {
    match message {
        Message::Text(text) => text.len(),
        Message::Binary(bytes) => bytes.len(),
        _ => 0,
    }
}

/// Reads on for a moment: a connection that is closed with unread data is reset, and the peer would not learn
/// why.
async fn drain(stream: &mut SplitStream<WebSocket>) {
    let rest = async { while let Some(Ok(_)) = stream.next().await {} };
    let _ = timeout(LINGER, rest).await;
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// The outcome of the oldest pending frame. Safe to abandon and ask again.
async fn settle(pending: &mut VecDeque<(u64, Awaited)>) -> (u64, Result<(), Told>) {
    let outcome = match pending.front_mut() {
        Some((_, Awaited::Stored(pending))) => match pending.await {
            Ok(_) => Ok(()),
            Err(Error::Refused(refusal)) => Err(Told::Refused(refusal.to_string())),
            Err(error) => Err(Told::Failed(error.to_string())),
        },
        Some((_, Awaited::NotTaken(error))) => Err(Told::Failed(error.to_string())),
        Some((_, Awaited::Refused(why))) => Err(Told::Refused(std::mem::take(why))),
        Some((_, Awaited::Nothing)) | None => Ok(()),
    };
    let seq = pending.pop_front().map_or(0, |(seq, _)| seq);
    (seq, outcome)
}

/// Why a frame is not acknowledged.
enum Told {
    /// Its content: the call goes on.
    Refused(String),
    /// The store: the relay is to come back and send it again.
    Failed(String),
}

/// Tells the relay what became of a frame. `Err` when the connection is to end.
async fn tell(sink: &mut Sink, (seq, outcome): (u64, Result<(), Told>)) -> Result<(), ()> {
    match outcome {
        Ok(()) => {
            let ack = format!("{{\"type\":\"ack\",\"seq\":{seq}}}");
            sink.send(Message::Text(ack.into())).await.map_err(|_| ())
        }
        Err(Told::Refused(why)) => {
            say_error(sink, Some(seq), &why).await;
            Ok(())
        }
        Err(Told::Failed(why)) => {
            say_error(sink, Some(seq), &why).await;
            close(sink, close_code::AGAIN, "not stored; come back and send it again").await;
            Err(())
        }
    }
}

/// Acknowledges what is still under way; the peer may be gone, the words are stored all the same.
async fn finish(sink: &mut Sink, pending: &mut VecDeque<(u64, Awaited)>) {
    while !pending.is_empty() {
        let told = settle(pending).await;
        let _ = tell(sink, told).await;
    }
}

async fn say_error(sink: &mut Sink, seq: Option<u64>, why: &str) {
    let error = json!({ "type": "error", "seq": seq, "detail": why });
    let _ = sink.send(Message::Text(error.to_string().into())).await;
}

async fn close(sink: &mut Sink, code: u16, reason: &str) {
    // A close frame holds at most 123 bytes of reason.
    let reason: String = reason.chars().take(100).collect();
    let _ = sink.send(Message::Close(Some(CloseFrame { code, reason: reason.into() }))).await;
}

fn is_too_large(error: &axum::Error) -> bool {
    use tokio_tungstenite::tungstenite::Error as Tungstenite;
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if matches!(error.downcast_ref::<Tungstenite>(), Some(Tungstenite::Capacity(_))) {
            return true;
        }
        cause = error.source();
    }
    false
}
