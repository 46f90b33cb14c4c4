//! `[whatsapp]`: how long redelivered messages are recognised, what is taken of groups, and by which bridges
//! replies go out.

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
    pub groups: Groups,
    /// The business's own numbers and addresses, by which a mention in a group is known.
    pub own_numbers: Vec<String>,
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

/// What becomes of groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Groups {
    Ignore,
    /// Only what speaks to us.
    Mention,
    All,
}

const MAX_OWN: usize = 32;

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
        let good = |own: &String| {
            let digits = own.trim_start_matches('+').trim_end_matches("@lid");
            (5..=20).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
        };
        if self.own_numbers.len() > MAX_OWN || !self.own_numbers.iter().all(good) {
            limits.broken(
                "whatsapp.own_numbers",
                "expected up to 32 numbers as \"628110000000\" or \"1037…@lid\"",
            );
        }
    }

    /// The own numbers as addresses.
    pub fn own_addresses(&self) -> Vec<String> {
        let address = |own: &String| match own.contains('@') {
            true => own.clone(),
            false => format!("{}@s.whatsapp.net", own.trim_start_matches('+')),
        };
        self.own_numbers.iter().map(address).collect()
    }
}
