//! The in-line proxy's door: a client connects here instead of to the speech service.

use axum::Extension;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::calls::{About, check};
use super::frames::ClientSide;
use super::proxy::Proxy;
use super::session::Session;
use super::{Doors, Refused};
use crate::auth::Caller;
use crate::describe::{self, IntoParams};
use crate::domain::ticket::MAX_SESSION_ID;
use crate::engine::command::Origin;
use crate::wire::problem::Problem;

/// Bytes read at once: an audio frame is tens of kilobytes.
const READ_BUFFER: usize = 32 << 10;
/// What browsers' clients of the services offer beside their key.
const SUBPROTOCOL: &str = "realtime";

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// The caller's own id of the session, 1 to 128 bytes; made if there is none. A connection that broke goes
    /// on with its call under the same one.
    session_id: Option<String>,
    /// One of the configured models; the configured one if absent
    model: Option<String>,
    /// The same in Azure's word
    deployment: Option<String>,
}

/// A client talks to the speech service through here, and the call is recorded.
///
/// Every frame passes both ways untouched, to and from the service of `realtime.kind` and `realtime.url`. The
/// token comes as `Authorization: Bearer`, as `?token=` or, from browsers, as the subprotocols `realtime` and
/// `openai-insecure-api-key.TOKEN`. If the service cannot be used, the client gets an event of type `error` and
/// a close with 1013 (try again) or 1011.
#[describe::path(get, path = "/ingest/realtime", tag = "doors", params(Wanted, About),
    responses((status = 101, description = "the WebSocket is open")))]
pub async fn connect(
    State(doors): State<Doors>,
    Extension(caller): Extension<Caller>,
    Extension(origin): Extension<Origin>,
    Query(wanted): Query<Wanted>,
    Query(about): Query<About>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Refused> {
    let Some(speech) = doors.speech.clone() else {
        let why = "there is no speech service to pass calls to: set realtime.kind";
        return Err(Problem::new(404, "Not Found", why).into());
    };
    let session_id = wanted.session_id.filter(|id| !id.is_empty());
    let session_id = session_id.unwrap_or_else(|| uuid::Uuid::now_v7().to_string());
    check("session_id", &session_id, MAX_SESSION_ID)?;
    let call = about.call(session_id)?;
    let asked = wanted.model.or(wanted.deployment).filter(|model| !model.is_empty());
    let model = speech.model(asked.as_deref()).map_err(|why| Problem::field("model", why))?;
    let backlog = doors.backlog.clone();
    let max = speech.max_frame();
    let session = Session::new(doors, (&caller, origin), call);
    let proxy = Proxy { session, speech, backlog, model };
    Ok(upgrade
        .protocols([SUBPROTOCOL])
        .read_buffer_size(READ_BUFFER)
        .max_message_size(max)
        .max_frame_size(max)
        .on_upgrade(move |socket| proxy.run(ClientSide(socket))))
}
