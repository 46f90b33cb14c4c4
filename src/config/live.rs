//! `[live]`: the streams by which pages hear what happens.

use std::time::Duration;

use serde::Deserialize;

use super::problem::Limits;
use super::units;

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LiveConfig {
    pub max_streams: u32,
    pub max_streams_per_person: u32,
    /// Events that a stream may be behind before it is told to read the state anew.
    pub max_behind: u32,
    #[serde(deserialize_with = "units::duration")]
    pub heartbeat: Duration,
}

impl LiveConfig {
    pub(super) fn check(&self, limits: &mut Limits) {
        limits.count("live.max_streams", self.max_streams, 1..=10_000);
        limits.count("live.max_streams_per_person", self.max_streams_per_person, 1..=1_000);
        limits.count("live.max_behind", self.max_behind, 100..=1_000_000);
        let second = Duration::from_secs(1);
        limits.duration("live.heartbeat", self.heartbeat, second..=second * 120);
    }
}
