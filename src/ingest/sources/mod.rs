//! Sources that the daemon dials: relays and bridges that send what they have over a WebSocket.
//!
//! One task a source. What always holds: a source that is down costs nothing but its own events, and is dialled
//! again, ever more rarely; what it sent is dealt with in its order; what was dealt with is told by a position
//! that is stored together with it, so that the source can go on behind it after any break.

mod calls;
mod chat;
mod connection;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use reqwest::Url;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::config::{SourceConfig, SourceKind, WhatsappConfig};
use crate::engine::Engine;
use crate::engine::command::Actor;
use crate::net::websocket::Target;
use crate::net::{self, ClientError};
use crate::telemetry::sources::Told;

/// Before the second try; doubles with each that fails, up to [`LONGEST`].
const PAUSE: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(60);
/// A connection over which something came, or that stood so long, was a good one: the next try comes soon.
const GOOD: Duration = Duration::from_secs(30);
/// Until a source has answered the handshake.
const TIMEOUT: Duration = Duration::from_secs(15);
/// Bytes of a token's file.
const MAX_TOKEN: u64 = 16 << 10;

/// Why a configured source cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error("ingest.sources: the url of {0:?} is no address as \"wss://relay.example.org/events\"")]
    Address(String),
    #[error("ingest.sources: ca_file of {name:?}: {error}")]
    Certificates { name: String, error: ClientError },
    #[error("ingest.sources: token_file of {name:?}: {error}")]
    Token { name: String, error: std::io::Error },
}

/// One source, ready to be dialled.
pub struct Source {
    name: String,
    kind: SourceKind,
    whatsapp: WhatsappConfig,
    target: Target,
}

impl Source {
    /// `max_frame`: bytes of a frame. What is longer is read up to four times that, as refusing it would only
    /// bring it again.
    pub fn new(
        config: &SourceConfig,
        whatsapp: &WhatsappConfig,
        max_frame: usize,
    ) -> Result<Source, SourceError> {
        let name = config.name.clone();
        let url = Url::parse(&config.url).ok().filter(Url::has_host);
        let url = url.ok_or_else(|| SourceError::Address(name.clone()))?;
        let tls = net::trust(&config.ca_file)
            .map_err(|error| SourceError::Certificates { name: name.clone(), error })?;
        let token = match config.token.given() {
            Some(token) => Some(token.to_owned()),
            None if config.token_file.as_os_str().is_empty() => None,
            None => Some(
                token(&config.token_file)
                    .map_err(|error| SourceError::Token { name: name.clone(), error })?,
            ),
        };
        let bearer = token.map(|token| ("authorization", format!("Bearer {token}")));
        let headers = bearer.into_iter().collect();
        let tls = Arc::new(tls);
        let max_message = max_frame.saturating_mul(4);
        let target = Target { url, headers, tls, timeout: TIMEOUT, max_message };
        Ok(Source { name, kind: config.kind, whatsapp: whatsapp.clone(), target })
    }

    /// Dials, takes what comes, and dials again; until `stop`.
    async fn run(self, engine: Engine, told: Told, mut stop: watch::Receiver<bool>) {
        let actor = Actor::Token { name: format!("source {}", self.name) };
        let source = connection::Source { source: self, engine, told, actor };
        let mut pause = PAUSE;
        loop {
            let (began, before) = (Instant::now(), source.told.now().events);
            let why = source.connect(stop.clone()).await;
            if *stop.borrow() {
                return;
            }
            if began.elapsed() >= GOOD || source.told.now().events > before {
                pause = PAUSE;
            }
            let rest = jittered(pause);
            tracing::warn!(
                source = source.source.name,
                why,
                "a source is dialled again in {rest:?}"
            );
            source.told.change(|told| {
                told.connected_since = None;
                told.last_error = Some(why);
            });
            tokio::select! {
                () = tokio::time::sleep(rest) => {}
                () = stopped(&mut stop) => return,
            }
            pause = (pause * 2).min(LONGEST);
        }
    }
}

/// Starts all sources; each ends with `stop`, or when the set is dropped.
pub fn start(sources: Vec<Source>, engine: &Engine, stop: &watch::Receiver<bool>) -> JoinSet<()> {
    let mut running = JoinSet::new();
    for source in sources {
        let told = engine.shared().metrics.sources.add(&source.name, source.kind.as_str());
        running.spawn(source.run(engine.clone(), told, stop.clone()).boxed());
    }
    running
}

fn token(file: &Path) -> std::io::Result<String> {
    use std::io::Read;
    let mut text = String::new();
    std::fs::File::open(file)?.take(MAX_TOKEN).read_to_string(&mut text)?;
    Ok(text.trim().to_owned())
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Between half of a pause and all of it, so that many boxes do not knock at once.
fn jittered(pause: Duration) -> Duration {
    let mut random = [0; 2];
    // Without randomness the pause is a whole one.
    let share = getrandom::fill(&mut random).map_or(u16::MAX, |()| u16::from_le_bytes(random));
    pause.mul_f64(0.5 + f64::from(share) / f64::from(u16::MAX) / 2.0)
}
