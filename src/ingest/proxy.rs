//! One call through the proxy: every frame passes from side to side, and is recorded as it passes.
//!
//! What always holds: frames of one side reach the other untouched and in order; a side that reads slowly slows
//! only its own call, as a frame is read when the one before it was written; a close is passed on with its code
//! and reason; whoever has seen the end of the handshake finds the call ended, unless the store could not be
//! written for [`LINGER`].

use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::{Sink, SinkExt, Stream, StreamExt};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, frame::coding::CloseCode};
use tokio_tungstenite::tungstenite::{Error as Broken, Message};

use super::ended::{Ended, close, error_event};
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
/// How long a side may leave a frame unread; less than what the server allows any connection, so that the ticket says
/// why.
const STALLED: Duration = Duration::from_secs(25);
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
        let Ok(_place) = doors.places.try_acquire() else {
            metrics.event("realtime", "too_many");
            let max = doors.settings.max_open;
            let why = format!("The call was not begun: the limit calls.max_open is {max}");
            return refuse(&mut client, CloseCode::Again, "too_many_calls", &why).await;
        };
        let mut stop = doors.stop.clone();
        let attendance = session.attend();
        let mut fallen = pin!(session.falls());
        let recorder = match Recorder::start(session, backlog) {
            Ok(recorder) => recorder,
            Err(Full) => {
                metrics.event("realtime", "unrecorded");
                let why =
                    "The call was not begun: too much waits for a store that cannot be written";
                return refuse(&mut client, CloseCode::Again, "recording_unavailable", why).await;
            }
        };
        let refused = recorder.refused();
        let tap = Tap::new(recorder);
        let dialled = tokio::select! {
            dialled = speech.dial(&model) => dialled,
            () = stopped(&mut stop) => return undialled(&mut client, tap, &Ended::Stopping).await,
            () = &mut fallen => return undialled(&mut client, tap, &Ended::Revoked).await,
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
        let ends = async {
            tokio::select! {
                why = refusal(refused) => Ended::Unrecorded(why),
                () = stopped(&mut stop) => Ended::Stopping,
                () = fallen => Ended::Revoked,
            }
        };
        line.carry(client, service, attendance, ends).await;
    }
}

impl Line {
    async fn carry(
        self,
        client: ClientSide,
        service: Socket,
        mut attendance: Attendance,
        ends: impl Future<Output = Ended>,
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
                ended = ends => ended,
                () = asked => Ended::Stopping,
            }
        };
        drop(attendance);
        let told = ended.in_words();
        if let Some(told) = &told {
            self.tap().befell(told.clone());
        }
        match ended.close_to(Side::Service) {
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
        let recorded = tap.into_recorder().finish(ended.end());
        if let (Ended::Broken(Side::Service, _) | Ended::Unrecorded(_), Some(told)) = (&ended, told)
        {
            let event = error_event("call_ended", &told);
            let _ = timeout(LINGER, to_client.send(Message::text(event))).await;
        }
        if let Some(frame) = ended.close_to(Side::Client) {
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
                Some(Some(Err(Broken::Capacity(_)))) => {
                    return Ended::TooLarge(side, self.max_frame);
                }
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
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// A call that ends before the service was reached.
async fn undialled(client: &mut ClientSide, tap: Tap, ended: &Ended) {
    let last = tap.into_recorder().finish(ended.end());
    hang_up(client, ended.close_to(Side::Client).flatten()).await;
    let _ = timeout(LINGER, last).await;
}

/// Why there is no such call; pends while there is.
async fn refusal(mut refused: watch::Receiver<Option<String>>) -> String {
    let told = refused.wait_for(Option::is_some).await.ok().and_then(|why| why.clone());
    match told {
        Some(why) => why,
        None => std::future::pending().await,
    }
}

/// The service refused the session, or is not there: the client is told, and the ticket says so.
async fn no_service(mut client: ClientSide, mut tap: Tap, error: &DialError) {
    let told = format!("The speech service could not be used: {error}");
    tap.befell(told.clone());
    // There is nothing to go on with: who comes again begins anew.
    let recorded = tap.into_recorder().finish(End::Over);
    let _ = timeout(LINGER, recorded).await;
    let code = if error.may_pass() { CloseCode::Again } else { CloseCode::Error };
    refuse(&mut client, code, "upstream_unavailable", &told).await;
}

async fn refuse(client: &mut ClientSide, code: CloseCode, name: &str, why: &str) {
    let _ = timeout(LINGER, client.send(Message::text(error_event(name, why)))).await;
    hang_up(client, Some(close(code, why))).await;
}

async fn hang_up(client: &mut ClientSide, frame: Option<CloseFrame>) {
    let _ = timeout(LINGER, client.send(Message::Close(frame))).await;
    // A connection that is closed with unread data is reset, and the peer would not learn why.
    let _ = timeout(LINGER, async { while let Some(Ok(_)) = client.next().await {} }).await;
}
