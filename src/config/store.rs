//! `[store]`: memory and disk of the journal and the database.

use serde::Deserialize;

use super::problem::Limits;
use super::units::{self, GIB, MIB};

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreConfig {
    /// Bytes of memory for cached database pages.
    #[serde(deserialize_with = "units::size")]
    pub cache: u64,
    /// Bytes of one journal file.
    #[serde(deserialize_with = "units::size")]
    pub segment: u64,
    /// Bytes of journal after which a checkpoint is due.
    #[serde(deserialize_with = "units::size")]
    pub checkpoint_bytes: u64,
    /// Events after which a checkpoint is due.
    pub checkpoint_events: u32,
    /// Bytes of disk that only clearing up may use.
    #[serde(deserialize_with = "units::size")]
    pub disk_reserve: u64,
    /// Bytes of the file that is given up when the disk is full; 0 goes without.
    #[serde(deserialize_with = "units::size")]
    pub ballast: u64,
}

impl StoreConfig {
    pub(super) fn check(&self, limits: &mut Limits) {
        limits.size("store.cache", self.cache, MIB..=16 * GIB);
        limits.size("store.segment", self.segment, 16 * MIB..=GIB);
        limits.size("store.checkpoint_bytes", self.checkpoint_bytes, MIB..=128 * MIB);
        limits.count("store.checkpoint_events", self.checkpoint_events, 100..=200_000);
        limits.size("store.disk_reserve", self.disk_reserve, MIB..=16 * GIB);
        if self.ballast != 0 {
            limits.size("store.ballast", self.ballast, MIB..=GIB);
        }
    }
}
