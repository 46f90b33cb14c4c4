//! Webhooks that go out: who subscribed to what, and what became of each delivery (S3.37 to S3.39).
//!
//! What always holds: deliveries of a subscription are numbered from 1 without a gap, and go out in this order; each is
//! either waiting or in the log.

use serde::{Deserialize, Serialize};

use super::time::Micros;

/// A subscription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    pub id: u64,
    pub url: String,
    /// Names of events; `*` is all of them.
    pub events: Vec<String>,
    pub description: Option<String>,
    /// Signs what goes out.
    pub secret: Secret,
    /// The one before, by which is signed too until this time of the steady clock.
    pub old_secret: Option<(Secret, Micros)>,
    /// Whether new events are queued for it.
    pub active: bool,
    /// Why the daemon switched it off.
    pub stopped: Option<Stopped>,
    /// It gets events of this feed beyond this number.
    pub since: Since,
    /// Since when nothing has arrived that was tried, by the steady clock; set when a delivery is given up.
    pub failing_since: Option<Micros>,
    pub created_by: String,
    pub created_at: Micros,
    pub updated_at: Micros,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Since {
    pub epoch: String,
    pub seq: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopped {
    pub why: String,
    pub at: Micros,
}

/// The key that signs deliveries; never shown but once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret(pub Vec<u8>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("********")
    }
}

impl Webhook {
    pub fn wants(&self, event: &str) -> bool {
        self.events.iter().any(|wanted| wanted == event || wanted == ALL_EVENTS)
    }
}

/// The name that stands for all events.
pub const ALL_EVENTS: &str = "*";
/// The event of a delivery that somebody asked for to try the way.
pub const TEST: &str = "webhook.test";
/// What agents and customers write, by the name of S3.38.
pub const COMMENT_ADDED: &str = "ticket.comment.added";

/// Subscriptions at once.
pub const MAX_WEBHOOKS: usize = 100;
pub const MAX_EVENTS: usize = 64;
/// Bytes.
pub const MAX_URL: usize = 2048;
/// Characters.
pub const MAX_WEBHOOK_DESCRIPTION: usize = 256;
/// How long the old secret signs beside a new one.
pub const OLD_SECRET_GOOD_FOR: i64 = Micros::DAY;

/// A delivery that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// `webhook-id`: the same in every attempt, and when it is sent anew.
    pub message_id: String,
    pub event: String,
    /// The ticket that its payload lies under; 0 for what is about none.
    pub ticket: u64,
    pub payload: u64,
    /// By the steady clock.
    pub queued_at: Micros,
    /// When it was queued, by the wall clock, for people.
    pub at: Micros,
}

/// A delivery that has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivered {
    pub delivery: Delivery,
    pub outcome: DeliveryOutcome,
    /// As far as the daemon that ended it knows.
    pub attempts: u32,
    pub ended_at: Micros,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeliveryOutcome {
    /// The status of the answer, 200 to 299.
    Arrived { status: u16 },
    /// Given up; it may be sent anew.
    Parked { status: Option<u16>, error: String },
    /// Was parked and is queued again under this number.
    SentAnew { number: u64 },
}

/// What deliveries send; kept as long as one of them is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payload {
    /// JSON, byte for byte what is signed and sent.
    pub body: String,
    /// Deliveries, waiting or in the log, that need it.
    pub needed_by: u32,
}

/// The name of the count of a subscription's deliveries.
pub fn deliveries(webhook: u64) -> String {
    format!("webhook.deliveries.{webhook}")
}
