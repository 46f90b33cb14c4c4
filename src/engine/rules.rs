//! The settings that deciding needs, read from the configuration once at start.

use std::sync::Arc;

use crate::domain::categorise::Categoriser;
use crate::domain::priority::Priority;
use crate::domain::redact::Redactor;

pub struct Rules {
    /// Dates in references are of this zone.
    pub zone: jiff::tz::TimeZone,
    pub call_prefix: String,
    pub default_priority: Priority,
    /// How long after its end a customer's message reopens a ticket, in microseconds (DESIGN C3).
    pub reopen_window: i64,
    /// How long a broken call waits for its relay, in microseconds.
    pub resume_grace: i64,
    /// How long after its last turn a call over plain HTTP ends, in microseconds.
    pub idle_end: i64,
    pub max_open_calls: u64,
    /// Days that dedup keys of messages are kept.
    pub dedup_days: u32,
    /// Hours that answers to idempotent requests are kept.
    pub idempotency_hours: u32,
    pub categoriser: Categoriser,
    /// What is taken out of texts before a command is queued.
    pub redactor: Arc<Redactor>,
}
