//! `[limits]`: how often somebody may ask; and `[audit]`: how long is kept who did.

use std::time::Duration;

use serde::Deserialize;

use super::problem::Limits;
use super::units;

/// Requests a minute; 0 is no limit.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsConfig {
    pub api: u32,
    pub doors: u32,
    pub public: u32,
    pub login: u32,
    pub refused: u32,
}

impl LimitsConfig {
    pub(super) fn check(&self, limits: &mut Limits) {
        const MOST: u64 = 10_000_000;
        for (key, value) in [
            ("limits.api", self.api),
            ("limits.doors", self.doors),
            ("limits.public", self.public),
            ("limits.login", self.login),
            ("limits.refused", self.refused),
        ] {
            limits.count(key, value, 0..=MOST);
        }
    }
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditConfig {
    #[serde(deserialize_with = "units::duration")]
    pub keep: Duration,
    /// Rows in a minute for what is refused to one address.
    pub refusals_per_minute: u32,
}

impl AuditConfig {
    pub(super) fn check(&self, limits: &mut Limits) {
        let day = Duration::from_secs(24 * 3600);
        limits.duration("audit.keep", self.keep, day * 7..=day * 3650);
        limits.count("audit.refusals_per_minute", self.refusals_per_minute, 1..=1000);
    }
}
