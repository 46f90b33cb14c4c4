//! For whoever looks after the box: alive, ready, figures.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use axum::Json;
use axum::extract::{MatchedPath, Request, State as Shared};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::State;
use super::error::Failure;
use crate::describe::{self, ToSchema};
use crate::domain::status::Status;
use crate::domain::time::Micros;
use crate::engine::Shared as Held;
use crate::telemetry::metrics::{Answered, Metrics};
use crate::telemetry::sources::Source;
use crate::wire::problem::Problem;

/// A writer that takes longer than this is as good as hung.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Serialize, ToSchema)]
pub struct Alive {
    #[schema(example = "healthy")]
    status: &'static str,
    version: &'static str,
}

/// Alive: the process answers.
#[describe::path(get, path = "/health", tag = "operations", security(()), responses((status = 200, body = Alive)))]
pub async fn health() -> Json<Alive> {
    Json(Alive { status: "healthy", version: env!("CARGO_PKG_VERSION") })
}

#[derive(Serialize, ToSchema)]
pub struct Ready {
    ready: bool,
    /// Why not, when not.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The sources that the daemon dials. One that is down does not make it unready.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sources: Vec<SourceState>,
}

#[derive(Serialize, ToSchema)]
pub struct SourceState {
    #[schema(example = "relay-1")]
    name: String,
    /// calls or baileys
    kind: &'static str,
    connected: bool,
    #[schema(value_type = Option<String>, format = DateTime)]
    connected_since: Option<Micros>,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_event: Option<Micros>,
    /// Why the last connection, or the last try of one, ended; or why something that came was not taken
    last_error: Option<String>,
    /// Events that the source has and that are not dealt with, as far as it numbers them
    lag: u64,
}

impl From<Source> for SourceState {
    fn from(source: Source) -> SourceState {
        let micros = |at: SystemTime| {
            let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            Micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
        };
        SourceState {
            lag: source.lag(),
            name: source.name,
            kind: source.kind,
            connected: source.connected_since.is_some(),
            connected_since: source.connected_since.map(micros),
            last_event: source.last_event.map(micros),
            last_error: source.last_error,
        }
    }
}

/// Ready: the store can be written, tried by writing.
#[describe::path(get, path = "/ready", tag = "operations", security(()),
    responses((status = 200, body = Ready), (status = 503, body = Ready)))]
pub async fn ready(Shared(state): Shared<State>) -> Response {
    let probe = tokio::time::timeout(PROBE_TIMEOUT, state.engine.probe()).await;
    let tried = probe.unwrap_or_else(|_| Err(format!("no probe was written in {PROBE_TIMEOUT:?}")));
    let sources = state.engine.shared().metrics.sources.all();
    let sources = sources.into_iter().map(SourceState::from).collect();
    match tried {
        Ok(()) => Json(Ready { ready: true, reason: None, sources }).into_response(),
        Err(reason) => {
            let body = Json(Ready { ready: false, reason: Some(reason), sources });
            (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
        }
    }
}

/// Figures in the text format of Prometheus.
#[describe::path(get, path = "/metrics", tag = "operations", responses((status = 200, body = String, content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8")))]
pub async fn metrics(Shared(state): Shared<State>) -> Result<Response, Failure> {
    let shared = state.engine.shared();
    let mut text = shared.metrics.encode().map_err(|_| {
        Problem::new(500, "Internal Server Error", "the figures could not be written")
    })?;
    text.push_str("# HELP frontdesk_tickets Tickets by status.\n# TYPE frontdesk_tickets gauge\n");
    for (status, count) in Status::ALL.into_iter().zip(shared.index().by_status()) {
        text.push_str(&format!("frontdesk_tickets{{status=\"{}\"}} {count}\n", status.as_str()));
    }
    waiting(shared, &mut text);
    let published = shared.published();
    text.push_str("# HELP frontdesk_feed_events Events ever published.\n# TYPE frontdesk_feed_events counter\n");
    text.push_str(&format!("frontdesk_feed_events_total {published}\n# EOF\n"));
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}

/// What waits to be sent, by the bridge that it waits for.
fn waiting(shared: &Held, text: &mut String) {
    let found = shared.outbox().by_instance();
    let mut instances: BTreeMap<String, (u64, i64)> =
        shared.outbox().bridges().into_keys().map(|instance| (instance, (0, 0))).collect();
    for (instance, (count, oldest)) in found {
        let age = shared.steady().0.saturating_sub(oldest.0).max(0) / Micros::SECOND;
        instances.insert(instance, (count, age));
    }
    let quoted = |name: &str| name.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    text.push_str("# HELP frontdesk_outbox_messages Replies that wait to be sent, by instance.\n");
    text.push_str("# TYPE frontdesk_outbox_messages gauge\n");
    for (instance, (count, _)) in &instances {
        let instance = quoted(instance);
        text.push_str(&format!("frontdesk_outbox_messages{{instance=\"{instance}\"}} {count}\n"));
    }
    text.push_str(
        "# HELP frontdesk_outbox_oldest_seconds How long the oldest of them has waited.\n",
    );
    text.push_str("# TYPE frontdesk_outbox_oldest_seconds gauge\n");
    for (instance, (_, age)) in &instances {
        let instance = quoted(instance);
        text.push_str(&format!(
            "frontdesk_outbox_oldest_seconds{{instance=\"{instance}\"}} {age}\n"
        ));
    }
}

/// Counts what was answered, by route and status.
pub fn count(metrics: &Metrics, (method, route): Asked, answer: &Response) {
    let status = answer.status().as_u16();
    metrics.answered.get_or_create(&Answered { method, route, status }).inc();
}

/// Method and route.
pub type Asked = (&'static str, String);

/// What is counted of a request.
pub fn asked(request: &Request) -> Asked {
    // Callers can invent methods; the figures must not grow with them.
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    let method = known.into_iter().find(|m| *m == request.method().as_str()).unwrap_or("other");
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str);
    (method, route.to_owned())
}
