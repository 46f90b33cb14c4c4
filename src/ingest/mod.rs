//! The doors: each a parser in `wire` and a thin adapter here that authenticates, maps facts to commands and
//! answers once they are on disk.

mod body;
mod calls;
mod chat;
mod desks;
pub mod door;
mod ended;
mod frames;
pub mod mail;
mod proxy;
mod realtime;
mod recorder;
mod relay;
mod reports;
mod session;
pub mod signature;
pub mod sources;
mod speech;
mod tap;
mod vendor;
mod whatsapp;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::head;
use tokio::sync::{Semaphore, mpsc, watch};

use crate::auth::Caller;
use crate::config::{DoorsConfig, WhatsappConfig};
use crate::domain::time::Micros;
use crate::engine::Engine;
use crate::engine::command::Actor;
use crate::routes::{Routes, routes};
use crate::wire::problem::Problem;
use recorder::Backlog;
pub use speech::{Speech, SpeechError};

/// What the doors share.
#[derive(Clone)]
pub struct Doors(Arc<Parts>);

impl std::ops::Deref for Doors {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// What [`Doors`] is of.
pub struct Parts {
    pub engine: Engine,
    pub settings: Settings,
    relays: Relays,
    /// What the in-line proxy passes calls to; none when it is off.
    speech: Option<Arc<Speech>>,
    /// Places for calls through the proxy, whose limit must hold while the store cannot count them, too.
    places: Arc<Semaphore>,
    /// What the proxy's calls said that is not stored yet.
    backlog: Arc<Backlog>,
    stop: watch::Receiver<bool>,
    /// Held by every running call; when all are gone the calls have been put down.
    busy: mpsc::Sender<()>,
}

#[derive(Clone, Debug)]
pub struct Settings {
    pub max_frame: usize,
    pub max_body: usize,
    /// How long the other connection of a session may take to show that it lives.
    pub takeover_probe: Duration,
    /// The secrets of those who sign what they deliver.
    pub doors: DoorsConfig,
    /// Calls at once.
    pub max_open: usize,
    /// Bytes of transcript that may wait for a store that cannot be written.
    pub max_backlog: usize,
    pub whatsapp: WhatsappConfig,
    pub mail: mail::Sizes,
}

/// The live connections of calls, by connection id: where to ask whether one is alive.
type Relays = Arc<Mutex<HashMap<u64, mpsc::Sender<session::Ask>>>>;

impl Doors {
    pub fn new(
        engine: Engine,
        settings: Settings,
        speech: Option<Speech>,
        stop: watch::Receiver<bool>,
        busy: mpsc::Sender<()>,
    ) -> Doors {
        let backlog = Arc::new(Backlog::new(settings.max_backlog));
        let places = Arc::new(Semaphore::new(settings.max_open.min(Semaphore::MAX_PERMITS)));
        let (relays, speech) = (Relays::default(), speech.map(Arc::new));
        let parts = Parts { engine, settings, relays, speech, places, backlog, stop, busy };
        Doors(Arc::new(parts))
    }

    /// What the time is, if the box knows.
    fn now(&self) -> vendor::Now {
        let trusted = self.engine.shared().clock().is_some_and(|clock| clock.trusted);
        trusted.then(|| Micros(jiff::Timestamp::now().as_microsecond()))
    }

    /// The routes of all doors.
    pub fn router(self) -> Router {
        routes(Router::new()).with_state(self)
    }
}

/// Adds the routes of all doors.
pub fn routes<R: Routes<Doors>>(to: R) -> R {
    to.routes(routes!(calls::stream))
        .routes(routes!(realtime::connect))
        .routes(routes!(desks::zendesk))
        .routes(routes!(desks::intercom))
        // A look, which says nothing to anybody: not described.
        .route("/api/tickets/webhook/intercom", head(desks::is_there))
        .routes(routes!(reports::twilio))
        .routes(routes!(reports::livekit))
        .routes(routes!(reports::vapi))
        .routes(routes!(reports::openai))
        .routes(routes!(reports::asterisk))
        .routes(routes!(mail::door::mail_arrives))
        .routes(routes!(whatsapp::from_baileys))
        .routes(routes!(whatsapp::from_evolution))
        .routes(routes!(whatsapp::from_evolution_event))
        .routes(routes!(whatsapp::from_waha))
        .routes(routes!(whatsapp::from_wuzapi))
        .routes(routes!(whatsapp::from_whapi))
        .routes(routes!(whatsapp::from_whapi_path))
        .route("/webhook/whapi", whatsapp::whapi_methods())
        .route("/webhook/whapi/{kind}", whatsapp::whapi_methods())
        .routes(routes!(whatsapp::from_meta, whatsapp::verify_meta))
}

fn actor(caller: &Caller) -> Actor {
    Actor::Token { name: caller.name.clone() }
}

/// A refusal of a door; the API's outer layer gives it its document.
struct Refused(Response);

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Refused {
        attach(problem)
    }
}

impl From<crate::engine::Error> for Refused {
    fn from(error: crate::engine::Error) -> Refused {
        attach(error)
    }
}

fn attach(cause: impl Clone + Send + Sync + 'static) -> Refused {
    let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
    response.extensions_mut().insert(cause);
    Refused(response)
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        self.0
    }
}
