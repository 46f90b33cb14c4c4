//! The call door: one WebSocket, one call, one ticket (S0.2).

use axum::Extension;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::relay::Relay;
use super::session::Session;
use super::{Doors, Refused};
use crate::auth::Caller;
use crate::describe::{self, IntoParams};
use crate::domain::ticket::{MAX_NAME, MAX_SESSION_ID};
use crate::engine::command::{NewCall, Origin};
use crate::wire::problem::Problem;

/// Bytes read at once: events are small, and every call has such a buffer.
const READ_BUFFER: usize = 8 << 10;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct About {
    /// The caller's name, if the relay knows it
    customer_name: Option<String>,
    /// The caller's number
    customer_phone: Option<String>,
}

impl About {
    /// The call of this session, as far as its opener knows.
    pub fn call(self, session_id: String) -> Result<NewCall, Problem> {
        let name = self.customer_name.filter(|n| !n.is_empty());
        if let Some(name) = &name {
            check("customer_name", name, MAX_NAME)?;
        }
        let digits = |p: String| p.chars().filter(char::is_ascii_digit).take(20).collect();
        let phone = self.customer_phone.map(digits);
        Ok(NewCall {
            session_id,
            customer_name: name,
            customer_phone: phone.filter(|p: &String| !p.is_empty()),
            ..NewCall::default()
        })
    }
}

/// A relay streams one call's realtime events.
///
/// Each text frame is one event, verbatim as the speech service sends it, or `{"seq": n, "event": {…}}`. The
/// daemon answers `{"type":"ticket",…}` at once and `{"type":"ack","seq":n}` when an event is on disk; without
/// `seq` it counts frames from 1. A normal close ends the call; a broken connection may come back within
/// `calls.resume_grace`. When its token is revoked the connection ends within a second, with 1008.
#[describe::path(get, path = "/ingest/calls/{session_id}", tag = "doors",
    params(("session_id" = String, Path, description = "the relay's own id of the session, 1 to 128 bytes"), About),
    responses((status = 101, description = "the WebSocket is open")))]
pub async fn stream(
    State(doors): State<Doors>,
    Extension(caller): Extension<Caller>,
    Extension(origin): Extension<Origin>,
    Path(session_id): Path<String>,
    Query(about): Query<About>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Refused> {
    check("session_id", &session_id, MAX_SESSION_ID)?;
    let call = about.call(session_id)?;
    // A frame that is over the limit but not absurd is read, so that the peer can be told why it was refused.
    let max = doors.settings.max_frame.saturating_mul(4);
    Ok(upgrade
        .read_buffer_size(READ_BUFFER)
        .max_message_size(max)
        .max_frame_size(max)
        .on_upgrade(move |socket| Relay(Session::new(doors, (&caller, origin), call)).run(socket)))
}

/// One line of text for a ticket.
pub fn check(field: &str, text: &str, max: usize) -> Result<(), Problem> {
    if text.trim().is_empty() || text.len() > max || text.chars().any(char::is_control) {
        return Err(Problem::field(
            field,
            format!("must be 1 to {max} bytes without control characters"),
        ));
    }
    Ok(())
}
