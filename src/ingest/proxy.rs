//! One call through the proxy: every frame passes from side to side, and is recorded as it passes.
//!
//! What always holds: frames of one side reach the other untouched and in order; a side that reads slowly slows
//! only its own call, as a frame is read when the one before it was written; a close is passed on with its code
//! and reason; whoever has seen the end of the handshake finds the call ended, unless the store could not be
//! written for [`LINGER`].

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::{Sink, SinkExt, Stream, StreamExt};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, frame::coding::CloseCode};
use tokio_tungstenite::tungstenite::{Error as Broken, Message};

use super::frames::ClientSide;
use super::recorder::{Backlog, Full, Recorder};
use super::session::{Ask, Attendance, End, Session};
use super::speech::Speech;
use super::tap::{Side, Tap};
use crate::net::websocket::{DialError, Socket};
use crate::telemetry::metrics::Metrics;

/// How often a side is asked whether it lives, and how many of these may stay without a word from it.
const KEEPALIVE: Duration = Duration::from_secs(20);
const UNANSWERED: u32 = 2;
/// How long a side may leave a frame unread.
const STALLED: Duration = Duration::from_secs(60);
/// How long a close may take: to be written, to be answered, to be on disk.
const LINGER: Duration = Duration::from_secs(2);
/// How long a slow client may take to read up to the close.
const UNREAD: Duration = Duration::from_secs(10);

pub struct Proxy {
    pub session: Session,
    pub speech: Arc<Speech>,
    pub backlog: Arc<Backlog>,
    pub model: String,
}

/// Why frames pass no more.
enum Ended {
    Closed(Side, Option<CloseFrame>),
    Broken(Side, String),
    TooLarge(Side),
    /// What is said cannot be kept: the reason.
    Unrecorded(String),
    Stopping,
}

/// What both directions of a call share.
struct Line {
    tap: Mutex<Tap>,
    metrics: Arc<Metrics>,
    max_frame: usize,
    /// Frames heard of the client and of the service: whether one lives is whether this moves.
    heard: [AtomicU64; 2],
    /// Who waits for a sign of life of the client.
    asking: Mutex<Vec<Ask>>,
}

impl Proxy {
    pub async fn run(self, mut client: ClientSide) {
        let Proxy { session, speech, backlog, model } = self;
        let doors = session.doors.clone();
        let metrics = Arc::clone(&doors.engine.shared().metrics);
        let _busy = doors.busy.clone();
        let mut stop = doors.stop.clone();
        let attendance = session.attend();
        let recorder = match Recorder::start(session, backlog) {
            Ok(recorder) => recorder,
            Err(Full) => {
                metrics.event("realtime", "unrecorded");
                let why = "too much waits for a store that cannot be written";
                return refuse(&mut client, CloseCode::Again, "recording_unavailable", why).await;
            }
        };
        let refused = recorder.refused();
        let tap = Tap::new(recorder);
        let dialled = tokio::select! {
            dialled = speech.dial(&model) => dialled,
            () = stopped(&mut stop) => {
                let last = tap.into_recorder().finish(End::Broken);
                close(&mut client, stopping()).await;
                let _ = timeout(LINGER, last).await;
                return;
            }
        };
        let service = match dialled {
            Ok(service) => service,
            Err(error) => {
                metrics.event("realtime", "no_service");
                tracing::warn!(%error, "the speech service cannot be reached");
                return no_service(client, tap, &error).await;
            }
        };
        metrics.event("realtime", "connected");
        let line = Line {
            tap: Mutex::new(tap),
            metrics,
            max_frame: speech.max_frame(),
            heard: Default::default(),
            asking: Mutex::default(),
        };
        line.carry(client, service, attendance, refused, stop).await;
    }
}

impl Line {
    async fn carry(
        self,
        client: ClientSide,
        service: Socket,
        mut attendance: Attendance,
        mut refused: watch::Receiver<Option<String>>,
        mut stop: watch::Receiver<bool>,
    ) {
        let (mut to_client, mut from_client) = client.split();
        let (mut to_service, mut from_service) = service.split();
        let (pings, pinged) = mpsc::channel(4);
        let (_quiet, never_pinged) = mpsc::channel(1);
        let ended = {
            let up = self.pass(Side::Client, &mut from_client, &mut to_service, never_pinged);
            let down = self.pass(Side::Service, &mut from_service, &mut to_client, pinged);
            let asked = async {
                while let Some(ask) = attendance.asked().await {
                    self.asking.lock().unwrap_or_else(PoisonError::into_inner).push(ask);
                    let _ = pings.try_send(());
                }
            };
            tokio::select! {
                ended = up => ended,
                ended = down => ended,
                why = refusal(&mut refused) => Ended::Unrecorded(why),
                () = stopped(&mut stop) => Ended::Stopping,
                () = asked => Ended::Stopping,
            }
        };
        drop(attendance);
        let (code, end, befell) = self.judge(&ended);
        if let Some(befell) = befell {
            self.tap().befell(befell);
        }
        // The side that ended it is told what became of it, the other one why.
        let (client_frame, service_frame) = match &ended {
            Ended::Closed(Side::Client, frame) => (None, Some(frame.clone())),
            Ended::Closed(Side::Service, frame) => (Some(frame.clone()), None),
            _ => (Some(Some(code.clone())), Some(Some(away(&ended)))),
        };
        match service_frame {
            Some(frame) => {
                let _ = timeout(LINGER, to_service.send(Message::Close(frame))).await;
                // What the service still says was said in this call.
                let rest = async {
                    while let Some(Ok(message)) = from_service.next().await {
                        let _ = self.see(Side::Service, &message);
                    }
                };
                let _ = timeout(LINGER, rest).await;
            }
            // The answer to its own.
            None => drop(timeout(LINGER, to_service.close()).await),
        }
        let tap = self.tap.into_inner().unwrap_or_else(PoisonError::into_inner);
        let recorded = tap.into_recorder().finish(end);
        if let Ended::Broken(Side::Service, _) | Ended::Unrecorded(_) = &ended {
            let event = error_event("call_ended", &code.reason);
            let _ = timeout(LINGER, to_client.send(Message::text(event))).await;
        }
        if let Some(frame) = client_frame {
            let patience = if matches!(ended, Ended::Stopping) { LINGER } else { UNREAD };
            let _ = timeout(patience, to_client.send(Message::Close(frame))).await;
        }
        let _ = timeout(LINGER, recorded).await;
        // Only now is the client's close answered.
        let _ = timeout(LINGER, to_client.close()).await;
        let _ =
            timeout(LINGER, async { while let Some(Ok(_)) = from_client.next().await {} }).await;
    }

    fn tap(&self) -> std::sync::MutexGuard<'_, Tap> {
        self.tap.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passes one side's frames to the other until something ends the call.
    async fn pass(
        &self,
        side: Side,
        from: &mut (impl Stream<Item = Result<Message, Broken>> + Unpin),
        to: &mut (impl Sink<Message> + Unpin),
        mut pings: mpsc::Receiver<()>,
    ) -> Ended {
        let other = if side == Side::Client { Side::Service } else { Side::Client };
        let mut keepalive = interval_at(Instant::now() + KEEPALIVE, KEEPALIVE);
        keepalive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut unanswered, mut heard) = (0, 0);
        loop {
            let message = tokio::select! {
                message = from.next() => Some(message),
                _ = keepalive.tick() => {
                    let now = self.heard[other as usize].load(Ordering::Relaxed);
                    unanswered = if now == heard { unanswered + 1 } else { 0 };
                    heard = now;
                    if unanswered > UNANSWERED {
                        return Ended::Broken(other, "it gave no sign of life".into());
                    }
                    None
                }
                Some(()) = pings.recv() => None,
            };
            let passing = match message {
                None => Message::Ping(Default::default()),
                Some(Some(Ok(message))) => {
                    if let Err(ended) = self.see(side, &message) {
                        return ended;
                    }
                    match message {
                        Message::Close(frame) => return Ended::Closed(side, frame),
                        Message::Text(_) | Message::Binary(_) => message,
                        // Pings are answered, by the library, on the connection on which they came.
                        Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => continue,
                    }
                }
                Some(Some(Err(Broken::Capacity(_)))) => return Ended::TooLarge(side),
                Some(Some(Err(error))) => return Ended::Broken(side, error.to_string()),
                Some(None) => return Ended::Broken(side, "it hung up".into()),
            };
            match timeout(STALLED, to.send(passing)).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return Ended::Broken(other, "the connection broke".into()),
                Err(_) => return Ended::Broken(other, "it does not read".into()),
            }
        }
    }

    /// Notes that a side lives, and what it says.
    fn see(&self, side: Side, message: &Message) -> Result<(), Ended> {
        self.heard[side as usize].fetch_add(1, Ordering::Relaxed);
        if side == Side::Client {
            for ask in self.asking.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
                let _ = ask.send(());
            }
        }
        let Message::Text(text) = message else { return Ok(()) };
        self.tap().see(side, text, &self.metrics).map_err(|Full| {
            Ended::Unrecorded(
                "more was said than can be kept while the store cannot be written".into(),
            )
        })
    }

    /// What the client is told, what becomes of the call, and what its ticket says of the end, if anything.
    fn judge(&self, ended: &Ended) -> (CloseFrame, End, Option<String>) {
        let frame = |code, reason: &str| CloseFrame { code, reason: cut(reason).into() };
        match ended {
            Ended::Closed(side, close) => {
                let code = close.as_ref().map(|frame| u16::from(frame.code));
                let end = End::of_close(code);
                let reason = close.as_ref().map(|frame| frame.reason.as_str()).unwrap_or_default();
                let befell = (end == End::Broken).then(|| {
                    let code = code.unwrap_or_default();
                    let why =
                        if reason.is_empty() { String::new() } else { format!(" ({reason})") };
                    format!("{} ended the call with code {code}{why}", capital(side.as_str()))
                });
                (frame(CloseCode::Normal, ""), end, befell)
            }
            Ended::Broken(side, why) => {
                let told = format!("the connection with {} broke: {why}", side.as_str());
                (frame(CloseCode::Error, &told), End::Broken, Some(capital(&told)))
            }
            Ended::TooLarge(side) => {
                let max = self.max_frame;
                let told = format!(
                    "{} sent a message of more than {max} bytes (realtime.max_frame)",
                    side.as_str()
                );
                (frame(CloseCode::Size, &told), End::Broken, Some(capital(&told)))
            }
            Ended::Unrecorded(why) => {
                self.metrics.event("realtime", "unrecorded");
                let told = format!("the call was ended, as it cannot be recorded: {why}");
                (frame(CloseCode::Again, &told), End::Broken, Some(capital(&told)))
            }
            Ended::Stopping => (stopping(), End::Broken, None),
        }
    }
}

/// What the service is told of an end that was not its client's close.
fn away(ended: &Ended) -> CloseFrame {
    let code = match ended {
        Ended::TooLarge(Side::Service) => CloseCode::Size,
        _ => CloseCode::Away,
    };
    CloseFrame { code, reason: "".into() }
}

fn stopping() -> CloseFrame {
    CloseFrame { code: CloseCode::Restart, reason: "the daemon is stopping; come back".into() }
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Why there is no such call; pends while there is.
async fn refusal(refused: &mut watch::Receiver<Option<String>>) -> String {
    let told = refused.wait_for(Option::is_some).await.ok().and_then(|why| why.clone());
    match told {
        Some(why) => why,
        None => std::future::pending().await,
    }
}

/// The service refused the session, or is not there: the client is told, and the ticket says so.
async fn no_service(mut client: ClientSide, mut tap: Tap, error: &DialError) {
    let told = format!("the speech service could not be used: {error}");
    tap.befell(capital(&told));
    // There is nothing to go on with: who comes again begins anew.
    let recorded = tap.into_recorder().finish(End::Over);
    let _ = timeout(LINGER, recorded).await;
    let code = if error.may_pass() { CloseCode::Again } else { CloseCode::Error };
    refuse(&mut client, code, "upstream_unavailable", &told).await;
}

async fn refuse(client: &mut ClientSide, code: CloseCode, name: &str, why: &str) {
    let _ = timeout(LINGER, client.send(Message::text(error_event(name, why)))).await;
    close(client, CloseFrame { code, reason: cut(why).into() }).await;
}

async fn close(client: &mut ClientSide, frame: CloseFrame) {
    let _ = timeout(LINGER, client.send(Message::Close(Some(frame)))).await;
    // A connection that is closed with unread data is reset, and the peer would not learn why.
    let _ = timeout(LINGER, async { while let Some(Ok(_)) = client.next().await {} }).await;
}

/// An error in the service's own shape, which its client libraries know.
fn error_event(code: &str, message: &str) -> String {
    let event_id = format!("event_{}", uuid::Uuid::now_v7().simple());
    serde_json::json!({
        "type": "error", "event_id": event_id,
        "error": {"type": "server_error", "code": code, "message": message, "param": null, "event_id": null},
    })
    .to_string()
}

/// A close frame holds at most 123 bytes of reason.
fn cut(reason: &str) -> String {
    let end = (0..=reason.len().min(120)).rev().find(|at| reason.is_char_boundary(*at));
    reason[..end.unwrap_or(0)].to_owned()
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
