//! Names as small numbers: categories, and the sets of tags that tickets have.

use std::collections::HashMap;

pub const NONE_U16: u16 = u16::MAX;

#[derive(Default)]
pub struct Names {
    pub names: Vec<String>,
    ids: HashMap<String, u16>,
}

impl Names {
    pub fn id(&mut self, name: &str) -> u16 {
        if let Some(id) = self.ids.get(name) {
            return *id;
        }
        // Beyond 65,534 categories the rest count as without one in filters; records keep their names.
        let Ok(id) = u16::try_from(self.names.len()) else { return NONE_U16 };
        if id == NONE_U16 {
            return NONE_U16;
        }
        self.names.push(name.to_owned());
        self.ids.insert(name.to_owned(), id);
        id
    }

    pub fn find(&self, name: &str) -> Option<u16> {
        self.ids.get(name).copied()
    }
}

/// Every set of tags that some ticket has, once; a set that no ticket has any more makes room.
#[derive(Default)]
pub struct TagSets {
    sets: Vec<Vec<String>>,
    used: Vec<u32>,
    free: Vec<u32>,
    ids: HashMap<Vec<String>, u32>,
}

impl TagSets {
    /// What a ticket without tags has.
    pub const NONE: u32 = u32::MAX;

    /// Takes a ticket's set back and gives out the one of these tags.
    pub fn exchange(&mut self, before: u32, tags: &[String]) -> u32 {
        if self.names(before) == tags {
            return before;
        }
        self.give_back(before);
        self.take(tags, 1)
    }

    /// Gives out the set of these tags to so many tickets.
    pub fn take(&mut self, tags: &[String], tickets: u32) -> u32 {
        if tags.is_empty() || tickets == 0 {
            return TagSets::NONE;
        }
        if let Some(id) = self.ids.get(tags) {
            self.used[*id as usize] += tickets;
            return *id;
        }
        let id = match self.free.pop() {
            Some(id) => {
                self.sets[id as usize] = tags.to_vec();
                self.used[id as usize] = tickets;
                id
            }
            None => {
                self.sets.push(tags.to_vec());
                self.used.push(tickets);
                (self.sets.len() - 1) as u32
            }
        };
        self.ids.insert(tags.to_vec(), id);
        id
    }

    fn give_back(&mut self, id: u32) {
        let Some(used) = self.used.get_mut(id as usize) else { return };
        *used -= 1;
        if *used == 0 {
            self.ids.remove(&std::mem::take(&mut self.sets[id as usize]));
            self.free.push(id);
        }
    }

    pub fn names(&self, id: u32) -> &[String] {
        self.sets.get(id as usize).map_or(&[], Vec::as_slice)
    }

    /// For every set whether it holds this tag, however it is capitalised.
    pub fn with(&self, tag: &str) -> Vec<bool> {
        let folded = tag.to_lowercase();
        let holds = |set: &Vec<String>| set.iter().any(|tag| tag.to_lowercase() == folded);
        self.sets.iter().map(holds).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_that_no_ticket_has_any_more_makes_room() {
        let mut sets = TagSets::default();
        let words = |text: &str| -> Vec<String> { text.split(' ').map(str::to_owned).collect() };
        let vip = sets.exchange(TagSets::NONE, &words("VIP card"));
        assert_eq!(
            sets.exchange(TagSets::NONE, &words("VIP card")),
            vip,
            "one set for two tickets"
        );
        assert_eq!(sets.with("vip"), [true]);
        assert_eq!(sets.exchange(vip, &[]), TagSets::NONE);
        assert_eq!(sets.with("vip"), [true], "the other ticket has it still");
        let other = sets.exchange(vip, &words("loan"));
        assert_eq!((sets.names(other), sets.with("vip")), (&words("loan")[..], vec![false]));
        assert_eq!(sets.sets.len(), 1);
    }
}
