//! Whose the tickets are: one pass over the columns.

use std::collections::HashMap;

use super::{Filter, Index, NONE_U32};
use crate::domain::reference::FIRST_NUMBER;
use crate::domain::status::Status;
use crate::engine::contacts::Tally;

impl Index {
    /// How many tickets of this filter each contact has; contacts without any are not in it.
    pub fn tallies(&self, filter: &Filter) -> HashMap<u64, Tally> {
        let wanted = self.wanted(filter);
        let mut found: HashMap<u64, Tally> = HashMap::new();
        for at in 0..self.status.len() {
            if self.contact[at] != NONE_U32 && self.matches(at, &wanted) {
                let tally = found.entry(u64::from(self.contact[at])).or_default();
                tally.tickets += 1;
                tally.open += u64::from(Status::ALL[usize::from(self.status[at])].is_open());
            }
        }
        found
    }

    /// The tickets of these contacts that the filter leaves, the newest first.
    pub fn theirs(&self, contacts: &[u64], filter: &Filter) -> Vec<u64> {
        if contacts.is_empty() {
            return Vec::new();
        }
        let filter = Filter { contacts: contacts.to_vec(), ..filter.clone() };
        let wanted = self.wanted(&filter);
        let all = (0..self.status.len()).rev().filter(|at| self.matches(*at, &wanted));
        all.map(|at| FIRST_NUMBER + at as u64).collect()
    }
}
