//! Whose data a value is: what decides the key it is sealed under.
//!
//! Every ticket and every contact has a key of its own. A person's keys are those of their contacts and of their
//! tickets, so erasing a person, or deleting a ticket, destroys keys that nobody else's data lie under.

use super::plan::{put_count, take_array, take_count};

/// Whose data a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Owner {
    /// Tells of nobody: checked, not encrypted.
    Nobody,
    /// The desk itself, or of nobody in particular.
    Desk,
    /// The ticket of this number.
    Ticket(u64),
    /// The contact of this id.
    Contact(u64),
    /// The segment of the search index of this number: it repeats words of many people, and goes with its key.
    Segment(u64),
}

impl Owner {
    fn parts(self) -> (u8, u64) {
        match self {
            Owner::Nobody => (0, 0),
            Owner::Desk => (1, 0),
            Owner::Ticket(number) => (2, number),
            Owner::Contact(id) => (3, id),
            Owner::Segment(number) => (4, number),
        }
    }

    fn of(kind: u8, number: u64) -> Option<Owner> {
        Some(match kind {
            0 => Owner::Nobody,
            1 => Owner::Desk,
            2 => Owner::Ticket(number),
            3 => Owner::Contact(number),
            4 => Owner::Segment(number),
            _ => return None,
        })
    }

    /// As it stands in an envelope: kind u8, number LEB128.
    pub(super) fn encode(self, out: &mut Vec<u8>) {
        let (kind, number) = self.parts();
        out.push(kind);
        put_count(out, number);
    }

    pub(super) fn decode(input: &mut &[u8]) -> Option<Owner> {
        let [kind] = take_array(input).ok()?;
        Owner::of(kind, take_count(input).ok()? as u64)
    }

    /// As a row key: kind u8, number u64 big endian.
    pub fn key(self) -> [u8; 9] {
        let (kind, number) = self.parts();
        let mut key = [kind; 9];
        key[1..].copy_from_slice(&number.to_be_bytes());
        key
    }

    /// The owner of such a row key.
    pub fn of_key(key: &[u8]) -> Option<Owner> {
        let (kind, number) = key.split_first()?;
        Owner::of(*kind, u64::from_be_bytes(number.try_into().ok()?))
    }
}
