//! One relay's connection: frames in, acknowledgements out, in order; and how a call ends.
//!
//! Events are handed to the engine without waiting for each, so that one sync serves many; acknowledgements
//! follow in the order of the frames. Whatever was not acknowledged the relay sends again when it comes back:
//! the engine knows what it has.

use std::collections::VecDeque;
use std::sync::PoisonError;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use super::Doors;
use crate::domain::call::{Fact, Previous};
use crate::domain::entry::Speaker;
use crate::domain::reference::Reference;
use crate::domain::ticket::Ticket;
use crate::engine::command::{Actor, Command, IfAttached, NewCall, Reply, Submission};
use crate::engine::{Error, Pending};
use crate::wire::realtime;

/// Events handed to the engine and not acknowledged yet; then no more are read.
const MAX_PENDING: usize = 256;
/// A connection on which nothing came for two of these is dead.
const KEEPALIVE: Duration = Duration::from_secs(20);
/// How long a peer that was refused may take to close.
const LINGER: Duration = Duration::from_secs(2);
/// How often what ends a call is tried again while the store cannot be written.
const RETRY: Duration = Duration::from_millis(500);

/// Another connection of the same session asks whether this one is alive; answered when the peer speaks.
pub type Ask = oneshot::Sender<()>;

pub struct Relay {
    doors: Doors,
    actor: Actor,
    call: NewCall,
    connection: u64,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// A normal close: the call is over.
    Over,
    /// Broken, or the daemon stops: the call waits for its relay.
    Broken,
}

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
    pub fn new(doors: Doors, actor: Actor, call: NewCall) -> Relay {
        // Unique among the connections of this run is enough: at start no connection is valid any more.
        let connection = uuid::Uuid::now_v7().as_u64_pair().1;
        Relay { doors, actor, call, connection }
    }

    pub async fn run(self, socket: WebSocket) {
        let _busy = self.doors.busy.clone();
        let (asks, asked) = mpsc::channel(4);
        self.relays(|relays| relays.insert(self.connection, asks));
        let (mut sink, stream) = socket.split();
        match self.open().await {
            Ok((ticket, resumed)) => {
                let hello = json!({
                    "type": "ticket", "ticket_id": ticket.ticket_id, "id": ticket.id,
                    "number": ticket.number, "session_id": ticket.session_id, "resumed": resumed,
                });
                let end = match sink.send(Message::Text(hello.to_string().into())).await {
                    Ok(()) => self.stream(&ticket, &mut sink, stream, asked).await,
                    Err(_) => End::Broken,
                };
                self.relays(|relays| relays.remove(&self.connection));
                self.put_down(ticket.number, end).await;
                // Only now is the peer's close answered: whoever has seen the end of the handshake finds the
                // call ended.
                let _ = sink.close().await;
            }
            Err(error) => {
                self.relays(|relays| relays.remove(&self.connection));
                say_error(&mut sink, None, &error.to_string()).await;
                close(&mut sink, close_code::AGAIN, "the call could not be opened").await;
            }
        }
    }

    fn relays<R>(
        &self,
        f: impl FnOnce(&mut std::collections::HashMap<u64, mpsc::Sender<Ask>>) -> R,
    ) -> R {
        f(&mut self.doors.relays.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Opens the call or goes on with the one that broke.
    async fn open(&self) -> Result<(Ticket, bool), Error> {
        let mut call = NewCall { connection: Some(self.connection), ..self.call.clone() };
        loop {
            let command = Command::OpenCall(call.clone());
            match self.doors.engine.submit(Submission::new(self.actor.clone(), command)).await? {
                Reply::Call { ticket, resumed } => return Ok((*ticket, resumed)),
                Reply::CallAttached { connection, .. } => {
                    let alive = self.is_alive(connection).await;
                    call.if_attached =
                        if alive { IfAttached::OpenAnother } else { IfAttached::TakeOver };
                }
                _ => return Err(Error::Panicked),
            }
        }
    }

    async fn is_alive(&self, connection: u64) -> bool {
        let Some(other) = self.relays(|relays| relays.get(&connection).cloned()) else {
            return false;
        };
        let (ask, answer) = oneshot::channel();
        let probe = self.doors.settings.takeover_probe;
        other.send(ask).await.is_ok()
            && matches!(tokio::time::timeout(probe, answer).await, Ok(Ok(())))
    }

    async fn stream(
        &self,
        ticket: &Ticket,
        sink: &mut Sink,
        mut stream: SplitStream<WebSocket>,
        mut asked: mpsc::Receiver<Ask>,
    ) -> End {
        let mut pending: VecDeque<(u64, Awaited)> = VecDeque::new();
        let mut stop = self.doors.stop.clone();
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
                        Some(Ok(message)) if size(&message) > self.doors.settings.max_frame => {
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
                        Some(Ok(Message::Close(frame))) => break how_it_ended(frame.as_ref()),
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
                Some(ask) = asked.recv() => {
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
        let max = self.doors.settings.max_frame;
        close(
            sink,
            close_code::SIZE,
            &format!("a frame may be at most {max} bytes (calls.max_frame)"),
        )
        .await;
    }

    /// Hands one frame to the engine.
    fn take(&self, ticket: u64, text: &str, frames: &mut u64) -> (u64, Awaited) {
        let metrics = &self.doors.engine.shared().metrics;
        let frame = match realtime::parse(text) {
            Ok(frame) => frame,
            Err(error) => {
                metrics.event("call", "malformed");
                return (*frames, Awaited::Refused(error.to_string()));
            }
        };
        let seq = frame.seq.unwrap_or(*frames);
        let event = frame.event;
        let facts: Vec<_> = event.facts.into_iter().filter_map(fact).collect();
        if facts.is_empty() {
            metrics.event("call", "passed_over");
            return (seq, Awaited::Nothing);
        }
        metrics.event("call", "taken");
        let command = Command::RecordFacts { ticket, event_id: event.event_id, facts };
        match self.doors.engine.enqueue(Submission::new(self.actor.clone(), command)) {
            Ok(pending) => (seq, Awaited::Stored(pending)),
            Err(error) => (seq, Awaited::NotTaken(error)),
        }
    }

    /// Ends or detaches the call; tried until it is on disk or the daemon stops (then the next start does it).
    async fn put_down(&self, ticket: u64, end: End) {
        loop {
            let command = match end {
                End::Over => Command::EndCall {
                    ticket: Reference::Number(ticket),
                    connection: Some(self.connection),
                    auto_categorize: true,
                },
                End::Broken => Command::DetachCall { ticket, connection: self.connection },
            };
            match self.doors.engine.submit(Submission::new(self.actor.clone(), command)).await {
                Ok(_) => return,
                Err(Error::Refused(refusal)) => {
                    tracing::error!(ticket, %refusal, "a call could not be put down");
                    return;
                }
                Err(error) => {
                    tracing::warn!(ticket, %error, "a call cannot be put down yet; trying again");
                    if *self.doors.stop.borrow() {
                        return;
                    }
                    tokio::time::sleep(RETRY).await;
                }
            }
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
    let _ = tokio::time::timeout(LINGER, rest).await;
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

/// Done, going away, or no code at all: the relay meant to hang up. Anything else is a breakdown.
fn how_it_ended(frame: Option<&CloseFrame>) -> End {
    match frame.map(|f| f.code) {
        None | Some(close_code::NORMAL | close_code::AWAY | close_code::STATUS) => End::Over,
        Some(_) => End::Broken,
    }
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

/// From the payload's fact to ours.
fn fact(fact: realtime::Fact) -> Option<Fact> {
    use realtime::Fact as Wire;
    Some(match fact {
        Wire::Placed { item, after, kind } => Fact::Placed {
            item,
            after: match after {
                realtime::After::Unknown => Previous::Unknown,
                realtime::After::Start => Previous::Start,
                realtime::After::Item(item) => Previous::Item(item),
            },
            turn: !matches!(kind, realtime::ItemKind::System | realtime::ItemKind::ToolOutput),
        },
        Wire::Said { item, index, speaker, text } => Fact::Said {
            item,
            index,
            speaker: match speaker {
                realtime::Speaker::User => Speaker::User,
                realtime::Speaker::Agent => Speaker::Agent,
            },
            text,
        },
        Wire::ToolNamed { item, call_id, name } => Fact::ToolNamed { item, call_id, name },
        Wire::ToolCalled { item, call_id, name, arguments } => {
            Fact::ToolCalled { item, call_id, name, arguments }
        }
        Wire::ToolAnswered { call_id, output, .. } => Fact::ToolAnswered { call_id, output },
        // A hand-off to another session of the service stays the same call.
        Wire::SessionStarted { .. } => return None,
    })
}
