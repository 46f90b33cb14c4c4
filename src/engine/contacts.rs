//! What people do with contacts, and what is read of them: who is one person, and which tickets are theirs.

use std::collections::{BTreeMap, HashMap};

use super::rows::{ReadError, Rows, key};
use crate::domain::contact::Contact;
use crate::domain::profile::Profile;
use crate::domain::ticket::Ticket;
use crate::store::Order;
use crate::store::records::{Absorbed, AddressOf};

/// Contacts that people may find to be one person.
pub const MAX_MERGED: usize = 256;

/// Merged contacts followed; more are a circle.
const MAX_MERGES: usize = 1000;

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

    /// The contact of this id, or the one that it became part of; none if anybody on the way is missing.
    pub fn survivor(&self, id: u64) -> Result<Option<Contact>, ReadError> {
        let mut found = self.get::<Contact>(&key::number(id))?;
        for _ in 0..MAX_MERGES {
            match found.as_ref().and_then(|contact| contact.merged_into) {
                Some(into) => found = self.get(&key::number(into))?,
                None => return Ok(found),
            }
        }
        Err(ReadError::Inconsistent(format!("contact {id} was merged in a circle")))
    }

    /// The survivor of this id, with all that became part of it, directly or through others.
    pub fn known_contact(&self, id: u64) -> Result<Option<Known>, ReadError> {
        let Some(contact) = self.survivor(id)? else { return Ok(None) };
        let mut ids = vec![contact.id];
        // Merges that a store knows from before they had rows of their own are found by the addresses.
        for address in &contact.addresses {
            if let Some(AddressOf(other)) = self.get(&key::address(self.seal, address))?
                && !ids.contains(&other)
            {
                ids.push(other);
            }
        }
        let mut at = 0;
        while let Some(id) = ids.get(at).copied() {
            let (start, end) = (key::pair(id, 0), key::pair(id + 1, 0));
            for (row, _) in
                self.scan::<Absorbed>(&start, Some(&end), Order::Ascending, MAX_MERGES)?
            {
                let absorbed = key::numbers(&row).map(|(_, absorbed)| absorbed);
                ids.extend(absorbed.filter(|absorbed| !ids.contains(absorbed)));
            }
            at += 1;
        }
        let profile = self.get::<Profile>(&key::number(contact.id))?.unwrap_or_default();
        Ok(Some(Known { contact, profile, ids }))
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
