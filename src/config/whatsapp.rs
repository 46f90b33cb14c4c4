//! `[whatsapp]`: how long redelivered messages are recognised.

use std::time::Duration;

use serde::Deserialize;

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
}

impl WhatsappConfig {
    pub(super) fn check(&self, limits: &mut Limits) {
        let day = Duration::from_secs(86_400);
        limits.duration("whatsapp.dedup_keep", self.dedup_keep, day..=day * 90);
        limits.count("whatsapp.dedup_window", self.dedup_window, 1_000..=10_000_000);
    }
}
