//! `[engine]`: the writer's queue and batches.

use serde::Deserialize;

use super::problem::Limits;
use super::store::StoreConfig;
use super::units::{self, KIB, MIB, show_size};

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EngineConfig {
    /// Commands that may wait.
    pub queue: u32,
    /// Commands in one batch.
    pub max_batch: u32,
    /// Bytes after which a batch takes no further command.
    #[serde(deserialize_with = "units::size")]
    pub max_batch_bytes: u64,
}

impl EngineConfig {
    pub(super) fn check(&self, store: &StoreConfig, limits: &mut Limits) {
        limits.count("engine.queue", self.queue, 1..=65_536);
        limits.count("engine.max_batch", self.max_batch, 1..=65_536);
        limits.size("engine.max_batch_bytes", self.max_batch_bytes, 64 * KIB..=256 * MIB);
        // The last plan of a batch may bring 8 MiB more, and a segment takes a whole batch.
        if self.max_batch_bytes > store.segment / 4 {
            let most = show_size(store.segment / 4);
            limits.broken(
                "engine.max_batch_bytes",
                format!(
                    "{} is more than a quarter of store.segment, {most}",
                    show_size(self.max_batch_bytes)
                ),
            );
        }
    }
}
