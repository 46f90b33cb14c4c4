//! What people do with contacts, and what is read of them: who is one person, and which tickets are theirs.

use std::collections::{BTreeMap, HashMap};

use super::rows::{ReadError, Rows, key};
use crate::domain::contact::Contact;
use crate::domain::profile::Profile;
use crate::domain::ticket::Ticket;
use crate::store::Order;
use crate::store::records::AddressOf;

/// Merged contacts followed; more are a circle.
const MAX_MERGES: usize = 32;

/// A change; see [`super::decide`].
#[derive(Clone, Debug)]
pub enum ContactCommand {
    Change {
        id: u64,
        changes: Box<ContactChanges>,
    },
    /// Makes a contact, or brings up to date the one whom its addresses name.
    Put {
        changes: Box<ContactChanges>,
        /// Refuses when somebody has one of the addresses.
        is_new: bool,
    },
    /// `id` is the same person as `into`, who stays.
    Merge {
        id: u64,
        into: u64,
    },
    /// These addresses are another person's.
    Split(Box<Split>),
}

/// Fields that are absent stay as they are.
#[derive(Clone, Debug, Default)]
pub struct ContactChanges {
    pub name: Option<Option<String>>,
    /// A further e-mail address.
    pub email: Option<String>,
    /// Digits of the international number.
    pub phone: Option<String>,
    pub vip: Option<bool>,
    pub language: Option<Option<String>>,
    pub notes: Option<Option<String>>,
    pub tags: Option<Vec<String>>,
    /// Those named here; without a value they are taken away.
    pub attributes: BTreeMap<String, Option<String>>,
}

#[derive(Clone, Debug, Default)]
pub struct Split {
    pub id: u64,
    /// As the contact lists them; one at least stays with it.
    pub addresses: Vec<String>,
    /// Conversations that go along, with their tickets.
    pub conversations: Vec<u64>,
    pub tickets: Vec<u64>,
    pub name: Option<String>,
}

/// A contact as it is today.
#[derive(Clone, Debug)]
pub struct Known {
    pub contact: Contact,
    pub profile: Profile,
    /// Its id and those of contacts that turned out to be the same person: tickets may bear any of them.
    pub ids: Vec<u64>,
}

impl Rows<'_> {
    /// Contacts that were made before this one, the newest first.
    pub fn contacts_before(
        &self,
        before: Option<u64>,
        most: usize,
    ) -> Result<Vec<Contact>, ReadError> {
        let end = before.map(key::number);
        let end = end.as_ref().map(|key| &key[..]);
        let found = self.scan::<Contact>(&[], end, Order::Descending, most)?;
        Ok(found.into_iter().map(|(_, contact)| contact).collect())
    }

    /// The contact of this id, or the one that it became part of.
    pub fn known_contact(&self, id: u64) -> Result<Option<Known>, ReadError> {
        let Some(mut contact) = self.get::<Contact>(&key::number(id))? else { return Ok(None) };
        for _ in 0..MAX_MERGES {
            let Some(into) = contact.merged_into else { break };
            let Some(next) = self.get::<Contact>(&key::number(into))? else { return Ok(None) };
            contact = next;
        }
        let mut ids = vec![contact.id];
        for address in &contact.addresses {
            if let Some(AddressOf(other)) = self.get(&key::address(self.seal, address))? {
                let way = self.way_to(other, contact.id)?;
                ids.extend(way.into_iter().filter(|id| !ids.contains(id)).collect::<Vec<_>>());
            }
        }
        let profile = self.get::<Profile>(&key::number(contact.id))?.unwrap_or_default();
        Ok(Some(Known { contact, profile, ids }))
    }

    /// The contacts through which one became part of another, itself first, that other left out: tickets may bear any.
    pub fn way_to(&self, mut id: u64, survivor: u64) -> Result<Vec<u64>, ReadError> {
        let mut way = Vec::new();
        while id != survivor && way.len() < MAX_MERGES {
            way.push(id);
            match self.get::<Contact>(&key::number(id))?.and_then(|contact| contact.merged_into) {
                Some(into) => id = into,
                None => break,
            }
        }
        Ok(way)
    }

    /// The ids under which the tickets of this contact's person may stand; its own if nobody knows it.
    pub fn ids_of(&self, contact: u64) -> Result<Vec<u64>, ReadError> {
        Ok(self.known_contact(contact)?.map_or_else(|| vec![contact], |known| known.ids))
    }

    /// What people noted of a ticket's contact, or of who they turned out to be.
    pub fn profile_of(&self, ticket: &Ticket) -> Result<Profile, ReadError> {
        let known = ticket.requester.contact.map(|id| self.known_contact(id)).transpose()?;
        Ok(known.flatten().map(|known| known.profile).unwrap_or_default())
    }
}

/// How many tickets a contact has, of those that somebody may see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub tickets: u64,
    pub open: u64,
}

/// The tallies of a person's ids together.
pub fn tally(of: &HashMap<u64, Tally>, ids: &[u64]) -> Tally {
    let found = ids.iter().filter_map(|id| of.get(id));
    found.fold(Tally::default(), |sum, one| Tally {
        tickets: sum.tickets + one.tickets,
        open: sum.open + one.open,
    })
}
