//! How far an agent's message has come, as timelines and comments show it.

use serde::Serialize;

use crate::describe::ToSchema;
use crate::domain::entry::Speaker;
use crate::domain::outbound::Dispatch;
use crate::domain::time::Micros;
use crate::engine::outbox::Outbox;
use crate::engine::rows::{ReadError, Rows};

/// How far a message to the customer has come.
#[derive(Serialize, ToSchema)]
pub struct DeliveryView {
    /// queued, sent, delivered, read or failed
    pub state: &'static str,
    /// When it came into this state
    #[schema(value_type = String, format = DateTime)]
    pub at: Micros,
    /// Why it failed, or why the last attempt did while it is queued
    pub error: Option<String>,
    /// Attempts since the daemon's start that failed, while it is queued
    pub attempts: Option<u32>,
    /// While it is queued and an attempt has failed
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_attempt_at: Option<Micros>,
}

impl DeliveryView {
    /// Of the entry of this global number; none if it never went out.
    pub fn read(
        rows: &Rows<'_>,
        outbox: &Outbox,
        (speaker, entry): (Speaker, u64),
    ) -> Result<Option<DeliveryView>, ReadError> {
        // The system writes mails of its own.
        if !matches!(speaker, Speaker::Agent | Speaker::System) {
            return Ok(None);
        }
        Ok(rows.dispatch(entry)?.map(|dispatch| DeliveryView::of(dispatch, outbox, entry)))
    }

    pub fn of(dispatch: Dispatch, outbox: &Outbox, entry: u64) -> DeliveryView {
        let attempt = outbox.attempt(entry);
        DeliveryView {
            state: dispatch.state.as_str(),
            at: dispatch.changed_at,
            attempts: attempt.as_ref().map(|a| a.attempts),
            next_attempt_at: attempt.as_ref().map(|a| a.next_at),
            error: dispatch.error.or(attempt.map(|a| a.error)),
        }
    }
}
