//! Contacts as people keep them: what is noted of them, two that are one person, one that is two.

use super::people::{self, one_contact, stored_contact};
use crate::domain::contact::{Contact, MAX_ADDRESSES, spelling};
use crate::domain::email::contact_address;
use crate::domain::profile::{MAX_ATTRIBUTES, Profile};
use crate::domain::ticket::MAX_NAME;
use crate::engine::command::{Refusal, Reply};
use crate::engine::contacts::{ContactChanges, ContactCommand, MAX_MERGED};
use crate::engine::draft::Draft;
use crate::engine::event::EventKind;
use crate::engine::rows::key;
use crate::store::Table;

pub fn decide(draft: &mut Draft<'_>, command: &ContactCommand) -> Result<Reply, Refusal> {
    let contact = match command {
        ContactCommand::Change { id, changes } => {
            let contact = named(draft, *id)?;
            change(draft, contact, changes)?
        }
        ContactCommand::Put { changes, is_new } => put(draft, changes, *is_new)?,
        ContactCommand::Merge { id, into } => merge(draft, *id, *into)?,
        ContactCommand::Split(split) => super::split::split(draft, split)?,
    };
    Ok(Reply::Contact(Box::new(contact)))
}

/// A contact that is one today; one that became part of another is named by that one.
pub fn named(draft: &Draft<'_>, id: u64) -> Result<Contact, Refusal> {
    let found = draft.rows().known_contact(id)?;
    found.map(|known| known.contact).ok_or_else(|| Refusal::NotFound("such contact".into()))
}

/// The address under which a number is found.
pub fn phone_address(digits: &str) -> String {
    format!("{digits}@s.whatsapp.net")
}

fn addresses(changes: &ContactChanges) -> Vec<String> {
    let phone = changes.phone.as_deref().map(phone_address);
    phone.into_iter().chain(changes.email.as_deref().map(contact_address)).collect()
}

fn put(draft: &mut Draft<'_>, changes: &ContactChanges, is_new: bool) -> Result<Contact, Refusal> {
    let addresses = addresses(changes);
    if addresses.is_empty() {
        let why = "a contact needs a phone or an e-mail address".into();
        return Err(Refusal::Invalid { field: "phone", why });
    }
    let found = people::find_contact(draft, &addresses)?;
    let contact = match found[..] {
        [] => one_contact(draft, &addresses, changes.phone.as_deref())?,
        [id] if !is_new => stored_contact(draft, id)?,
        [id] => {
            return Err(Refusal::Conflict(format!("contact {id} has one of these addresses")));
        }
        [one, other, ..] => {
            let why = format!("the addresses are of contacts {one} and {other}: merge them first");
            return Err(Refusal::Conflict(why));
        }
    };
    change(draft, contact, changes)
}

fn change(
    draft: &mut Draft<'_>,
    mut contact: Contact,
    changes: &ContactChanges,
) -> Result<Contact, Refusal> {
    let before = contact.clone();
    let row = key::number(contact.id);
    let stored = draft.get::<Profile>(&row)?;
    let mut profile = stored.clone().unwrap_or_default();
    for address in addresses(changes) {
        add_address(draft, &mut contact, &address)?;
    }
    if let Some(digits) = &changes.phone {
        contact.phone = Some(digits.clone());
    }
    if let Some(name) = &changes.name {
        contact.name = name.as_deref().map(|name| name.trim().chars().take(MAX_NAME / 4).collect());
        // Taken away, the channels may call them what they like again.
        profile.is_named = contact.name.is_some();
    }
    profile.vip = changes.vip.unwrap_or(profile.vip);
    if let Some(language) = &changes.language {
        profile.language = language.clone();
    }
    if let Some(notes) = &changes.notes {
        profile.notes = notes.clone();
    }
    if let Some(tags) = &changes.tags {
        profile.tags = tags.clone();
        profile.tags.sort_unstable();
        profile.tags.dedup();
    }
    for (name, value) in &changes.attributes {
        profile.set(name, value.as_deref());
    }
    if profile.attributes.len() > MAX_ATTRIBUTES {
        let why = format!("a contact has at most {MAX_ATTRIBUTES}");
        return Err(Refusal::Invalid { field: "attributes", why });
    }
    let is_changed = profile != stored.unwrap_or_default();
    if is_changed {
        profile.updated_at = draft.ctx.now;
        draft.put(&row, &profile);
    }
    if contact != before {
        draft.put(&row, &contact);
        people::show_everywhere(draft, &contact)?;
    }
    if is_changed || contact != before {
        draft.event_about(EventKind::ContactUpdated, None, None, Some(contact.id));
    }
    Ok(contact)
}

fn add_address(draft: &mut Draft<'_>, contact: &mut Contact, address: &str) -> Result<(), Refusal> {
    match people::find_contact(draft, &[address.to_owned()])?.first() {
        Some(id) if *id == contact.id => return Ok(()),
        Some(id) => {
            let why = format!("contact {id} has this address already: merge the two");
            return Err(Refusal::Conflict(why));
        }
        None => {}
    }
    if contact.addresses.iter().any(|known| spelling(known) == spelling(address)) {
        return Ok(());
    }
    room(contact.addresses.len() + 1)?;
    contact.addresses.push(address.to_owned());
    people::lead(draft, address, contact.id);
    Ok(())
}

fn room(addresses: usize) -> Result<(), Refusal> {
    if addresses <= MAX_ADDRESSES {
        return Ok(());
    }
    Err(Refusal::Conflict(format!("a contact has at most {MAX_ADDRESSES} addresses")))
}

/// Groups are no persons.
pub fn is_group(contact: &Contact) -> bool {
    contact.addresses.iter().any(|address| address.ends_with("@g.us"))
}

fn merge(draft: &mut Draft<'_>, id: u64, into: u64) -> Result<Contact, Refusal> {
    let (absorbed, mut survivor) = (named(draft, id)?, named(draft, into)?);
    if absorbed.id == survivor.id {
        return Err(Refusal::Conflict("they are one contact already".into()));
    }
    if is_group(&absorbed) != is_group(&survivor) {
        return Err(Refusal::Conflict("a group and a person cannot become one contact".into()));
    }
    let both = absorbed.addresses.iter().filter(|address| !survivor.addresses.contains(address));
    room(survivor.addresses.len() + both.count())?;
    let rows = draft.rows();
    if rows.ids_of(absorbed.id)?.len() + rows.ids_of(survivor.id)?.len() > MAX_MERGED {
        let why = format!("at most {MAX_MERGED} contacts can become one");
        return Err(Refusal::Conflict(why));
    }
    people::merge(draft, &mut survivor, absorbed.id)?;
    people::show_everywhere(draft, &survivor)?;
    Ok(survivor)
}

/// What was noted of somebody who turned out to be another goes to that one.
pub fn join_profiles(draft: &mut Draft<'_>, survivor: u64, absorbed: u64) -> Result<(), Refusal> {
    let Some(theirs) = draft.get::<Profile>(&key::number(absorbed))? else { return Ok(()) };
    let mut own = draft.get::<Profile>(&key::number(survivor))?.unwrap_or_default();
    own.absorb(theirs);
    draft.put(&key::number(survivor), &own);
    draft.delete(Table::ContactProfiles, &key::number(absorbed));
    Ok(())
}
