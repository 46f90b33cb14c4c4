//! `[feed]`: how much of the change feed is kept.

use std::time::Duration;

use serde::Deserialize;

use super::problem::Limits;
use super::store::StoreConfig;
use super::units::{self, GIB, MIB, show_size};

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeedConfig {
    #[serde(deserialize_with = "units::duration")]
    pub keep: Duration,
    /// Bytes of journal files; who is further behind is cut off.
    #[serde(deserialize_with = "units::size")]
    pub max_bytes: u64,
}

impl FeedConfig {
    pub(super) fn check(&self, store: &StoreConfig, limits: &mut Limits) {
        let minute = Duration::from_secs(60);
        limits.duration("feed.keep", self.keep, minute..=minute * 60 * 24 * 365);
        limits.size("feed.max_bytes", self.max_bytes, 64 * MIB..=1024 * GIB);
        if self.max_bytes / 4 < store.segment {
            let least = show_size(store.segment.saturating_mul(4));
            limits.broken(
                "feed.max_bytes",
                format!(
                    "{} is less than four times store.segment, {least}",
                    show_size(self.max_bytes)
                ),
            );
        }
    }
}
