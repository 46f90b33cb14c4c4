//! Whose the tickets are: one pass over the columns.

use std::collections::HashMap;

use super::column::PLACES;
use super::{Filter, Index, NONE_U32, narrow};
use crate::domain::reference::FIRST_NUMBER;
use crate::domain::status::Status;
use crate::engine::contacts::Tally;
use crate::engine::search::Bits;

impl Index {
    /// How many tickets of this filter each contact has; contacts without any are not in it.
    pub fn tallies(&self, filter: &Filter) -> HashMap<u64, Tally> {
        let mut found: HashMap<u64, Tally> = HashMap::new();
        self.each_block(filter, |_, block, places| {
            for at in places.iter() {
                let contact = block.contact.get(at);
                if contact != NONE_U32 {
                    let tally = found.entry(u64::from(contact)).or_default();
                    tally.tickets += 1;
                    let status = Status::ALL[usize::from(block.status.get(at))];
                    tally.open += u64::from(status.is_open());
                }
            }
        });
        found
    }

    /// The tickets of these contacts that the filter leaves, the newest first.
    pub fn theirs(&self, contacts: &[u64], filter: &Filter) -> Vec<u64> {
        if contacts.is_empty() {
            return Vec::new();
        }
        let filter = Filter { contacts: contacts.to_vec(), ..filter.clone() };
        self.positions(&filter).rev().map(|at| FIRST_NUMBER + at as u64).collect()
    }

    /// The tickets of these contacts, whatever has become of them.
    pub fn of_contacts(&self, contacts: &[u64]) -> Vec<u64> {
        let wanted: Vec<u32> = contacts.iter().map(|id| narrow(Some(*id))).collect();
        let mut numbers = Vec::new();
        for (first, block) in (FIRST_NUMBER..).step_by(PLACES).zip(&self.blocks) {
            let mut places = block.present;
            places.retain(|at| wanted.contains(&block.contact.get(at)));
            numbers.extend(places.iter().map(|at| first + at as u64));
        }
        numbers
    }

    /// The contacts of everything that matches.
    pub fn contacts_of(&self, filter: &Filter) -> Bits {
        let mut found = Bits::default();
        self.each_block(filter, |_, block, places| {
            for contact in places.iter().map(|at| block.contact.get(at)) {
                if contact != NONE_U32 {
                    found.put(contact);
                }
            }
        });
        found
    }
}
