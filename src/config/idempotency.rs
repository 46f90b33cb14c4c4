//! `[idempotency]`: how long the answer to a request with an `Idempotency-Key` is kept.

use std::time::Duration;

use serde::Deserialize;

use super::problem::Limits;
use super::units;

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdempotencyConfig {
    #[serde(deserialize_with = "units::duration")]
    pub keep: Duration,
}

impl IdempotencyConfig {
    pub(super) fn check(&self, limits: &mut Limits) {
        let hour = Duration::from_secs(3_600);
        limits.duration("idempotency.keep", self.keep, hour..=hour * 24 * 30);
    }
}
