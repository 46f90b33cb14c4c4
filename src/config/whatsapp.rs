//! `[whatsapp]`: how long redelivered messages are recognised, and by which bridges replies go out.

use std::time::Duration;

use serde::Deserialize;

use super::bridges::{self, BridgeConfig};
use super::problem::Limits;
use super::units;

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WhatsappConfig {
    /// How long the identity of a message is remembered.
    #[serde(deserialize_with = "units::duration")]
    pub dedup_keep: Duration,
    /// Identities held in memory.
    pub dedup_window: u32,
    /// Messages that may wait to be sent.
    pub max_outbox: u32,
    /// Before the second attempt at a message; doubles with each, up to `retry_longest`.
    #[serde(deserialize_with = "units::duration")]
    pub retry_first: Duration,
    #[serde(deserialize_with = "units::duration")]
    pub retry_longest: Duration,
    /// After which a message that could not be sent has failed.
    #[serde(deserialize_with = "units::duration")]
    pub retry_for: Duration,
    pub bridges: Vec<BridgeConfig>,
}

impl WhatsappConfig {
    pub(super) fn check(&self, limits: &mut Limits) {
        let (milli, second) = (Duration::from_millis(1), Duration::from_secs(1));
        let (hour, day) = (second * 3600, second * 86_400);
        limits.duration("whatsapp.dedup_keep", self.dedup_keep, day..=day * 90);
        limits.count("whatsapp.dedup_window", self.dedup_window, 1_000..=10_000_000);
        limits.count("whatsapp.max_outbox", self.max_outbox, 1..=100_000);
        limits.duration("whatsapp.retry_first", self.retry_first, milli * 10..=second * 60);
        limits.duration("whatsapp.retry_longest", self.retry_longest, milli * 100..=hour);
        limits.duration("whatsapp.retry_for", self.retry_for, second..=day * 30);
        if self.retry_longest < self.retry_first {
            limits.broken("whatsapp.retry_longest", "must be at least whatsapp.retry_first");
        }
        bridges::check(&self.bridges, limits);
    }
}
