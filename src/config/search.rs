//! `[search]`: the index of words.

use serde::Deserialize;

use super::problem::Limits;
use super::units;

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchConfig {
    /// Bytes that the index may hold in memory; 0 takes a share of the whole `memory`.
    #[serde(deserialize_with = "units::size")]
    pub memory: u64,
}

impl SearchConfig {
    pub(super) fn check(&self, limits: &mut Limits) {
        if self.memory != 0 {
            limits.size("search.memory", self.memory, 4 << 20..=4 << 30);
        }
    }
}
