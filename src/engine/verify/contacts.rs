//! Who is who: whatever names a contact leads to a person, and whoever is asked for that person's contacts hears of it, so
//! that their tickets are listed and erased with them; profiles are of somebody who is there, and is nobody else.

use super::{CHUNK, Check, Report};
use crate::domain::contact::{Contact, Conversation};
use crate::domain::profile::Profile;
use crate::engine::rows::{ReadError, Rows, key};
use crate::store::Order;
use crate::store::records::{AddressOf, ConversationOf};

/// That the contact which something names is a person today, and among those under which the person is known.
pub(super) fn leads_to_a_person(
    rows: &Rows<'_>,
    contact: u64,
    name: &str,
    report: &mut Report,
) -> Result<(), ReadError> {
    match rows.known_contact(contact) {
        Ok(Some(known)) if known.ids.contains(&contact) => {}
        Ok(Some(known)) => {
            let survivor = known.contact.id;
            report.find(format!("{name}: contact {contact} is not known as contact {survivor}"));
        }
        Ok(None) => report.find(format!("{name}: nobody is contact {contact}")),
        Err(ReadError::Inconsistent(why)) => report.find(format!("{name}: {why}")),
        Err(error) => return Err(error),
    }
    Ok(())
}

impl Check {
    /// The next contacts, addresses, conversations and profiles; false when there are no more.
    pub(super) fn contacts(&mut self, rows: &Rows<'_>) -> Result<bool, ReadError> {
        let start = key::number(self.next_contact);
        let contacts = rows.scan::<Contact>(&start, None, Order::Ascending, CHUNK)?;
        for (_, contact) in &contacts {
            self.next_contact = contact.id + 1;
            self.contact(rows, contact)?;
        }
        Ok(contacts.len() == CHUNK
            || self.addresses(rows)?
            || self.conversations(rows)?
            || self.profiles(rows)?)
    }

    fn contact(&mut self, rows: &Rows<'_>, contact: &Contact) -> Result<(), ReadError> {
        let name = format!("contact {}", contact.id);
        leads_to_a_person(rows, contact.id, &name, &mut self.report)?;
        if contact.merged_into.is_some() {
            // What it was known by is the survivor's, or somebody else's meanwhile.
            return Ok(());
        }
        for address in &contact.addresses {
            let leads_to = match rows.get::<AddressOf>(&key::address(rows.seal, address))? {
                Some(AddressOf(id)) => rows.survivor(id)?.map(|contact| contact.id),
                None => None,
            };
            if leads_to != Some(contact.id) {
                self.report.find(format!("an address of {name} does not lead to that person"));
            }
        }
        for id in &contact.conversations {
            let Some(conversation) = rows.get::<Conversation>(&key::number(*id))? else {
                self.report.find(format!("conversation {id} of {name} is missing"));
                continue;
            };
            let parts: [&[u8]; 2] = [conversation.instance.as_bytes(), &contact.id.to_be_bytes()];
            let row = rows.seal.hash("conversation", &parts);
            if rows.get::<ConversationOf>(&row)?.is_none() {
                self.report.find(format!("{name} cannot be found over {}", conversation.instance));
            }
        }
        Ok(())
    }

    fn addresses(&mut self, rows: &Rows<'_>) -> Result<bool, ReadError> {
        let found = rows.scan::<AddressOf>(&self.next_address, None, Order::Ascending, CHUNK)?;
        for (row_key, AddressOf(id)) in &found {
            self.next_address = [&**row_key, &[0]].concat();
            leads_to_a_person(rows, *id, "an address", &mut self.report)?;
        }
        Ok(found.len() == CHUNK)
    }

    fn conversations(&mut self, rows: &Rows<'_>) -> Result<bool, ReadError> {
        let start = key::number(self.next_conversation);
        let found = rows.scan::<Conversation>(&start, None, Order::Ascending, CHUNK)?;
        for (_, conversation) in &found {
            self.next_conversation = conversation.id + 1;
            let name = format!("conversation {}", conversation.id);
            leads_to_a_person(rows, conversation.contact, &name, &mut self.report)?;
        }
        Ok(found.len() == CHUNK)
    }

    /// The next profiles; false when there are no more.
    fn profiles(&mut self, rows: &Rows<'_>) -> Result<bool, ReadError> {
        let start = key::number(self.next_profile);
        let profiles = rows.scan::<Profile>(&start, None, Order::Ascending, CHUNK)?;
        for (row_key, _) in &profiles {
            let Ok(id) = row_key[..].try_into().map(u64::from_be_bytes) else {
                self.report.find("a profile lies under a key that names no contact".into());
                continue;
            };
            self.next_profile = id + 1;
            match rows.get::<Contact>(&key::number(id))? {
                Some(contact) if contact.merged_into.is_none() => {}
                Some(_) => {
                    self.report.find(format!("contact {id} is another's, and has a profile"));
                }
                None => self.report.find(format!("contact {id} has a profile and is missing")),
            }
        }
        Ok(profiles.len() == CHUNK)
    }
}
