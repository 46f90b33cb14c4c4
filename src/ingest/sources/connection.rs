//! One connection with a source: says what it is to go on behind, and takes what comes in batches.
//!
//! While a batch is being stored nothing is read, so a source that sends more than the disk takes waits.

use std::time::{Duration, SystemTime};

use futures_util::{FutureExt, SinkExt, StreamExt};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, frame::coding::CloseCode};
use tokio_tungstenite::tungstenite::{Error as Protocol, Message, Utf8Bytes};

use super::{calls, chat, stopped};
use crate::config::SourceKind;
use crate::domain::source::{Mark, SourcePosition};
use crate::engine::command::{Actor, Refusal};
use crate::engine::{Engine, Error};
use crate::net::websocket::{Socket, dial};
use crate::telemetry::sources::Told;
use crate::wire::source::{Hello, Place, resume};

/// Frames, and bytes of them, that are stored at once.
const MAX_BATCH: usize = 256;
const MAX_BATCH_BYTES: usize = 1 << 20;
/// How often a source is asked whether it lives, and how many of these may stay without a word from it.
const KEEPALIVE: Duration = Duration::from_secs(20);
const UNANSWERED: u32 = 2;
/// How often what came is tried again while the store cannot be written.
const RETRY: Duration = Duration::from_millis(500);
const STOPPING: &str = "the daemon is stopping";
/// How long a goodbye may take.
const LINGER: Duration = Duration::from_secs(1);

/// A source with all that its connections need.
pub struct Source {
    pub source: super::Source,
    pub engine: Engine,
    pub told: Told,
    pub actor: Actor,
}

/// What a batch has come to.
pub enum Stored {
    Done,
    /// The store cannot take it now: why, for the log.
    Later(String),
    /// Something in it is refused for good.
    Refused(Refusal),
}

impl Stored {
    /// Refusals that pass by themselves are no refusals here: nobody else would send it again.
    pub fn of<T>(outcome: Result<T, Error>) -> Stored {
        match outcome {
            Ok(_) => Stored::Done,
            Err(Error::Refused(refusal @ (Refusal::Overloaded(_) | Refusal::Store(_)))) => {
                Stored::Later(refusal.to_string())
            }
            Err(Error::Refused(refusal)) => Stored::Refused(refusal),
            Err(Error::Panicked) => Stored::Refused(Refusal::Conflict(Error::Panicked.to_string())),
            Err(error) => Stored::Later(error.to_string()),
        }
    }
}

impl Source {
    /// Connects and takes what comes until the connection ends or the daemon stops; gives why.
    pub async fn connect(&self, mut stop: watch::Receiver<bool>) -> String {
        let position = match self.position() {
            Ok(position) => position,
            Err(error) => return error.to_string(),
        };
        let dialled = tokio::select! {
            dialled = dial(&self.source.target) => dialled,
            () = stopped(&mut stop) => return STOPPING.into(),
        };
        let mut socket = match dialled {
            Ok(socket) => socket,
            Err(error) => return error.to_string(),
        };
        self.told.change(|told| {
            told.connected_since = Some(SystemTime::now());
            told.connects += 1;
            told.dealt_with = position.as_ref().and_then(|p| p.at.seq()).unwrap_or(0);
            told.newest = told.newest.max(told.dealt_with);
        });
        tracing::info!(source = self.source.name, "connected to a source");
        // Bridges that know nothing of this are not bothered before they have shown a number.
        if self.source.kind == SourceKind::Calls || position.is_some() {
            let stream = position.as_ref().and_then(|p| p.stream.as_deref());
            let after = position.as_ref().map(|p| match p.at.clone() {
                Mark::Seq(seq) => Place::Seq(seq),
                Mark::Id(id) => Place::Id(id),
            });
            let resume = Message::text(resume(stream, after.as_ref()));
            if let Err(error) = socket.send(resume).await {
                return error.to_string();
            }
        }
        let mut stream = position.and_then(|position| position.stream);
        tokio::select! {
            why = self.take(&mut socket, &mut stream) => why,
            () = stopped(&mut stop) => {
                let away = CloseFrame { code: CloseCode::Away, reason: "".into() };
                let _ = tokio::time::timeout(LINGER, socket.close(Some(away))).await;
                STOPPING.into()
            }
        }
    }

    fn position(&self) -> Result<Option<SourcePosition>, Error> {
        self.engine.read(|rows| rows.get(self.source.name.as_bytes()))
    }

    async fn take(&self, socket: &mut Socket, stream: &mut Option<String>) -> String {
        let mut keepalive = interval_at(Instant::now() + KEEPALIVE, KEEPALIVE);
        keepalive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut unanswered = 0;
        loop {
            let first = tokio::select! {
                first = socket.next() => first,
                _ = keepalive.tick() => {
                    unanswered += 1;
                    if unanswered > UNANSWERED {
                        return "the source gave no sign of life".into();
                    }
                    match socket.send(Message::Ping(Default::default())).await {
                        Ok(()) => continue,
                        Err(error) => return error.to_string(),
                    }
                }
            };
            unanswered = 0;
            let (frames, ended) = gather(first, socket);
            if !frames.is_empty() {
                self.told.change(|told| {
                    told.last_event = Some(SystemTime::now());
                    told.events += frames.len() as u64;
                });
                match self.source.kind {
                    SourceKind::Calls => calls::store(self, &frames, stream).await,
                    _ => chat::store(self, &frames, stream).await,
                }
            }
            if let Some(why) = ended {
                return why;
            }
        }
    }

    /// The source says of itself what numbering it has.
    pub fn heard(&self, hello: Hello, stream: &mut Option<String>) {
        self.told.change(|told| {
            if *stream != hello.stream {
                (told.newest, told.dealt_with) = (0, 0);
            }
            told.newest = told.newest.max(hello.latest.unwrap_or(0));
        });
        *stream = hello.stream;
    }

    /// A frame of this number is there, or dealt with.
    pub fn reached(&self, mark: Option<&Mark>, dealt_with: bool) {
        let Some(seq) = mark.and_then(Mark::seq) else { return };
        self.told.change(|told| {
            told.newest = told.newest.max(seq);
            if dealt_with {
                told.dealt_with = told.dealt_with.max(seq);
            }
        });
    }

    /// Before what came is tried again.
    pub async fn wait(&self, why: &str) {
        tracing::warn!(source = self.source.name, why, "what a source sent cannot be stored yet");
        self.told.change(|told| told.last_error = Some(why.to_owned()));
        tokio::time::sleep(RETRY).await;
    }

    /// A frame that is passed over, and why.
    pub fn passed_over(&self, why: &dyn std::fmt::Display) {
        self.engine.shared().metrics.event("source", "malformed");
        self.told.change(|told| told.last_error = Some(format!("a frame was passed over: {why}")));
    }
}

pub fn mark(place: Option<Place>) -> Option<Mark> {
    place.map(|place| match place {
        Place::Seq(seq) => Mark::Seq(seq),
        Place::Id(id) => Mark::Id(id),
    })
}

type Next = Option<Result<Message, Protocol>>;

/// The text frames that are there already, up to a batch, and why nothing more will come, if so.
fn gather(first: Next, socket: &mut Socket) -> (Vec<Utf8Bytes>, Option<String>) {
    let (mut frames, mut bytes) = (Vec::new(), 0);
    let mut next = Some(first);
    while let Some(message) = next {
        match message {
            Some(Ok(Message::Text(text))) => {
                bytes += text.len();
                frames.push(text);
            }
            Some(Ok(Message::Close(frame))) => {
                let told = frame.map(|f| format!(" with {}: {}", f.code, f.reason));
                let why = format!("the source closed the connection{}", told.unwrap_or_default());
                return (frames, Some(why));
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => return (frames, Some(error.to_string())),
            None => return (frames, Some("the connection broke".into())),
        }
        if frames.len() >= MAX_BATCH || bytes >= MAX_BATCH_BYTES {
            break;
        }
        next = socket.next().now_or_never();
    }
    (frames, None)
}
