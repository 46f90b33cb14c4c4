//! The keys that values are sealed under: one for the desk, one for every ticket and every contact.
//!
//! The keys of tickets and contacts are the leaves of two trees. A node's sixteen children are made from it by
//! HMAC-SHA256, eight levels deep, so one random seed is all the keys there will ever be: a new customer costs nothing
//! to be written, and a keyring that is older than its store opens all of it. A key is destroyed by replacing the node
//! it comes from by that node's other descendants: what is left cannot make it again. What always holds:
//! - a key that was destroyed never comes back; the keys of others stay what they were;
//! - a key that is destroyed costs at most 4.5 KiB here, neighbours much less.
//!
//! This is the keyring as data; [`super::keyring_file`] puts it on the disk.

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::owner::Owner;
use super::plan::{put_count, take_array, take_count};

pub type Key = [u8; 32];

/// Children of a node, as bits of the number.
const BITS: u32 = 4;
/// Levels below the root: numbers of 32 bits.
const LEVELS: u32 = 8;

/// Nodes by level and the bits of the number down to there; none covers another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Tree {
    nodes: BTreeMap<(u32, u32), Key>,
}

fn child(node: &Key, at: u32) -> Key {
    let mut mac = Hmac::<Sha256>::new_from_slice(node).expect("HMAC takes a key of any length");
    mac.update(b"frontdesk key");
    mac.update(&[at as u8]);
    mac.finalize().into_bytes().into()
}

/// The bits of a number down to a level.
fn prefix(number: u32, level: u32) -> u32 {
    number.checked_shr(BITS * (LEVELS - level)).unwrap_or(0)
}

impl Tree {
    fn covering(&self, number: u32) -> Option<((u32, u32), &Key)> {
        (0..=LEVELS).map(|level| (level, prefix(number, level))).find_map(|at| {
            let node = self.nodes.get(&at)?;
            Some((at, node))
        })
    }

    /// The key of a number; none when it was destroyed. `near` holds what is above the last key: neighbours, which rows
    /// that are read in order have, cost one step instead of all.
    fn key(&self, number: u32, near: &mut Option<(u32, Key)>) -> Option<Key> {
        let ((level, _), node) = self.covering(number)?;
        if level == LEVELS {
            return Some(*node);
        }
        let at = |level| prefix(number, level) & ((1 << BITS) - 1);
        let above = prefix(number, LEVELS - 1);
        let parent = match near {
            Some((known, parent)) if *known == above => *parent,
            _ => (level + 1..LEVELS).fold(*node, |node, level| child(&node, at(level))),
        };
        *near = Some((above, parent));
        Some(child(&parent, at(LEVELS)))
    }

    /// True if there was one to destroy.
    fn destroy(&mut self, number: u32) -> bool {
        let Some((at, node)) = self.covering(number).map(|(at, node)| (at, *node)) else {
            return false;
        };
        self.nodes.remove(&at);
        let mut node = node;
        for level in at.0 + 1..=LEVELS {
            let kept = prefix(number, level);
            for bits in 0..1 << BITS {
                let sibling = kept & !((1 << BITS) - 1) | bits;
                if sibling != kept {
                    self.nodes.insert((level, sibling), child(&node, bits));
                }
            }
            node = child(&node, kept & ((1 << BITS) - 1));
        }
        true
    }
}

/// Segments have the tickets' numbers from the highest down, so that keyrings need no third tree: the two would meet
/// after four thousand million of them.
fn segment(number: u64) -> Option<u32> {
    u32::try_from(number).ok().map(|number| u32::MAX - number)
}

/// What is above the keys that were made last, of either tree; good for the keyring that made them, as it is.
#[derive(Clone, Default)]
pub struct Near {
    tickets: Option<(u32, Key)>,
    contacts: Option<(u32, Key)>,
}

/// All keys of a store.
#[derive(Clone, PartialEq, Eq)]
pub struct Keyring {
    /// What tells this keyring from others; the store names it.
    pub id: [u8; 16],
    desk: Key,
    tickets: Tree,
    contacts: Tree,
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keyring").finish_non_exhaustive()
    }
}

impl Keyring {
    /// A keyring of these random bytes.
    pub fn new(random: &[u8; 112]) -> Keyring {
        let mut id = [0; 16];
        id.copy_from_slice(&random[..16]);
        let seed = |at: usize| {
            let mut key = [0; 32];
            key.copy_from_slice(&random[16 + 32 * at..48 + 32 * at]);
            key
        };
        let tree = |seed| Tree { nodes: BTreeMap::from([((0, 0), seed)]) };
        Keyring { id, desk: seed(0), tickets: tree(seed(1)), contacts: tree(seed(2)) }
    }

    /// The key of an owner; none when it was destroyed. Numbers beyond 32 bits have no key of their own.
    pub fn key(&self, owner: Owner) -> Option<Key> {
        self.key_near(owner, &mut Near::default())
    }

    /// The same, quicker for neighbours of the last one.
    pub fn key_near(&self, owner: Owner, near: &mut Near) -> Option<Key> {
        let Some((tree, number)) = self.place(owner) else { return Some(self.desk) };
        let near =
            if std::ptr::eq(tree, &self.contacts) { &mut near.contacts } else { &mut near.tickets };
        tree.key(number, near)
    }

    fn place(&self, owner: Owner) -> Option<(&Tree, u32)> {
        Some(match owner {
            Owner::Nobody | Owner::Desk => return None,
            Owner::Ticket(number) => (&self.tickets, u32::try_from(number).ok()?),
            Owner::Contact(id) => (&self.contacts, u32::try_from(id).ok()?),
            Owner::Segment(number) => (&self.tickets, segment(number)?),
        })
    }

    /// Destroys the key of a ticket or a contact; true if there was one.
    pub fn destroy(&mut self, owner: Owner) -> bool {
        let narrow = |number| u32::try_from(number).ok();
        let (tree, number) = match owner {
            Owner::Nobody | Owner::Desk => return false,
            Owner::Ticket(number) => (&mut self.tickets, narrow(number)),
            Owner::Contact(id) => (&mut self.contacts, narrow(id)),
            Owner::Segment(number) => (&mut self.tickets, segment(number)),
        };
        number.is_some_and(|number| tree.destroy(number))
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend_from_slice(&self.id);
        out.extend_from_slice(&self.desk);
        for tree in [&self.tickets, &self.contacts] {
            put_count(&mut out, tree.nodes.len() as u64);
            for ((level, bits), node) in &tree.nodes {
                out.push(*level as u8);
                out.extend_from_slice(&bits.to_be_bytes());
                out.extend_from_slice(node);
            }
        }
        out
    }

    pub fn decode(mut bytes: &[u8]) -> Result<Keyring, String> {
        let input = &mut bytes;
        let (id, desk) = (take_array(input)?, take_array(input)?);
        let mut trees = [Tree::default(), Tree::default()];
        for tree in &mut trees {
            for _ in 0..take_count(input)? {
                let [level] = take_array(input)?;
                let bits = u32::from_be_bytes(take_array(input)?);
                if u32::from(level) > LEVELS {
                    return Err(format!("a node lies on level {level}"));
                }
                tree.nodes.insert((level.into(), bits), take_array(input)?);
            }
        }
        let [tickets, contacts] = trees;
        if input.is_empty() {
            Ok(Keyring { id, desk, tickets, contacts })
        } else {
            Err(format!("{} bytes are left over", input.len()))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ring() -> Keyring {
        let mut random = [0; 112];
        random.iter_mut().zip(0..).for_each(|(byte, n)| *byte = n);
        Keyring::new(&random)
    }

    #[test]
    fn tickets_contacts_and_the_desk_have_keys_of_their_own() {
        let ring = ring();
        let owners = [Owner::Desk, Owner::Ticket(1), Owner::Ticket(2), Owner::Contact(1)];
        for (at, one) in owners.iter().enumerate() {
            for other in &owners[..at] {
                assert_ne!(ring.key(*one), ring.key(*other), "{one:?} {other:?}");
            }
        }
        assert_eq!(ring.key(Owner::Ticket(u64::MAX)), ring.key(Owner::Desk));
    }

    proptest! {
        #[test]
        fn what_was_destroyed_is_gone_and_everything_else_is_as_before(
            destroyed in prop::collection::vec(prop_oneof![0..40u64, any::<u32>().prop_map(u64::from)], 0..12),
            others in prop::collection::vec(prop_oneof![0..40u64, any::<u32>().prop_map(u64::from)], 0..12),
        ) {
            let whole = ring();
            let mut punctured = whole.clone();
            for number in &destroyed {
                punctured.destroy(Owner::Contact(*number));
                prop_assert!(!punctured.destroy(Owner::Contact(*number)));
            }
            let punctured = Keyring::decode(&punctured.encode()).expect("decodes");
            for number in others.iter().chain(&destroyed) {
                let (owner, gone) = (Owner::Contact(*number), destroyed.contains(number));
                prop_assert_eq!(punctured.key(owner), whole.key(owner).filter(|_| !gone));
                prop_assert_eq!(punctured.key(Owner::Ticket(*number)), whole.key(Owner::Ticket(*number)));
            }
            let mut near = Near::default();
            for number in others.iter().chain(&destroyed).chain(&others) {
                for number in [*number, number ^ 1, number ^ 16] {
                    let owner = Owner::Contact(number);
                    prop_assert_eq!(punctured.key_near(owner, &mut near), punctured.key(owner));
                }
            }
        }

        #[test]
        fn any_bytes_are_an_error_and_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Keyring::decode(&bytes);
        }
    }

    #[test]
    fn an_erased_person_costs_little_and_neighbours_less() {
        let mut ring = ring();
        let empty = ring.encode().len();
        ring.destroy(Owner::Contact(7_000_000));
        assert!(ring.encode().len() - empty < 4608);
        for id in 0..4096 {
            ring.destroy(Owner::Contact(id));
        }
        assert!(ring.encode().len() - empty < 2 * 4608);
    }
}
