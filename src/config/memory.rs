//! `memory`: one budget for what may grow, and the share that each part has of it unless it was given its own.

use super::Config;
use super::problem::Limits;
use super::units::{GIB, MIB};

impl Config {
    pub(super) fn check_memory(&self, limits: &mut Limits) {
        limits.size("memory", self.memory, 32 * MIB..=16 * GIB);
    }

    /// Bytes for cached pages of the database: an eighth, as the system caches its file, too.
    pub fn cache(&self) -> u64 {
        own_or(self.store.cache, self.memory / 8)
    }

    /// Bytes for the index of words: three eighths.
    pub fn search_memory(&self) -> u64 {
        own_or(self.search.memory, self.memory / 8 * 3)
    }

    /// Bytes of journal whose rows wait for a checkpoint: an eighth, as they take twice that in memory.
    pub fn checkpoint_bytes(&self) -> u64 {
        own_or(self.store.checkpoint_bytes, (self.memory / 8).clamp(MIB, 128 * MIB))
    }

    /// Bytes for tickets that lists showed lately: a sixteenth.
    pub fn shown_tickets(&self) -> u64 {
        self.memory / 16
    }

    /// Bytes that the index of tickets has before it is more than its share: what the others leave, some 30 a ticket.
    #[cfg(test)]
    fn index_of_tickets(&self) -> u64 {
        self.memory / 16 * 3
    }
}

fn own_or(own: u64, share: u64) -> u64 {
    if own == 0 { share } else { own }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sources;

    #[test]
    fn all_parts_together_take_the_budget() {
        let config = Config::load(&Sources::default()).expect("the defaults");
        let rows = 2 * config.checkpoint_bytes();
        let read = config.cache() + config.search_memory() + config.shown_tickets();
        assert_eq!(rows + read + config.index_of_tickets(), config.memory);
    }

    #[test]
    fn a_part_may_have_its_own() {
        let mut config = Config::load(&Sources::default()).expect("the defaults");
        config.store.cache = 5 * MIB;
        config.memory = 40 * MIB;
        let parts = [config.cache(), config.search_memory(), config.checkpoint_bytes()];
        assert_eq!(parts, [5 * MIB, 15 * MIB, 5 * MIB]);
    }
}
