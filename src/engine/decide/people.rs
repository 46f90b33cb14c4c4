//! Who writes, and in which conversation: found, made, or made one out of several (a phone number and a LID
//! that turn out to be one person).

use crate::domain::contact::{
    Contact, Conversation, MAX_ADDRESSES, MAX_CONVERSATIONS, Mode, spelling,
};
use crate::domain::profile::Profile;
use crate::domain::ticket::{MAX_NAME, Ticket};
use crate::engine::command::{InboundMessage, Refusal, Reply};
use crate::engine::draft::Draft;
use crate::engine::event::EventKind;
use crate::engine::rows::key;
use crate::store::Table;
use crate::store::records::{Absorbed, AddressOf, ConversationOf};

pub fn find_conversation(
    draft: &Draft<'_>,
    instance: &str,
    contact: u64,
) -> Result<Option<Conversation>, Refusal> {
    let row = conversation_key(draft, instance, contact);
    Ok(match draft.get::<ConversationOf>(&row)? {
        Some(ConversationOf(id)) => draft.get::<Conversation>(&key::number(id))?,
        None => None,
    })
}

pub fn conversation_key(draft: &Draft<'_>, instance: &str, contact: u64) -> [u8; 16] {
    draft.ctx.seal.hash("conversation", &[instance.as_bytes(), &contact.to_be_bytes()])
}

pub fn new_conversation(
    draft: &mut Draft<'_>,
    instance: &str,
    contact: &mut Contact,
) -> Result<Conversation, Refusal> {
    let id = draft.next("conversation", 1)?;
    let row = conversation_key(draft, instance, contact.id);
    draft.put(&row, &ConversationOf(id));
    if contact.conversations.len() < MAX_CONVERSATIONS {
        contact.conversations.push(id);
        draft.put(&key::number(contact.id), contact);
    }
    Ok(Conversation {
        id,
        contact: contact.id,
        instance: instance.to_owned(),
        mode: Mode::Bot,
        ticket: None,
        created_at: draft.ctx.now,
    })
}

/// The ids of the contacts that these addresses lead to, oldest first, each once.
pub fn find_contact(draft: &Draft<'_>, addresses: &[String]) -> Result<Vec<u64>, Refusal> {
    let found = find_contacts(draft, addresses)?;
    Ok(found.iter().map(|contact| contact.id).collect())
}

/// The contacts that these addresses lead to, oldest first, each once.
pub fn find_contacts(draft: &Draft<'_>, addresses: &[String]) -> Result<Vec<Contact>, Refusal> {
    let mut found: Vec<Contact> = Vec::new();
    for address in addresses.iter().take(MAX_ADDRESSES) {
        let row = key::address(draft.ctx.seal, address);
        let Some(AddressOf(id)) = draft.get(&row)? else { continue };
        if found.iter().any(|known| known.id == id) {
            continue;
        }
        let survivor = draft.rows().survivor(id)?;
        found.extend(survivor.filter(|one| !found.iter().any(|known| known.id == one.id)));
    }
    found.sort_unstable_by_key(|contact| contact.id);
    Ok(found)
}

/// The contact who wrote, made or brought up to date.
/// In a group it is the group; who speaks there is made no contact, but if they are one, their addresses are
/// learned.
pub fn meet_contact(draft: &mut Draft<'_>, message: &InboundMessage) -> Result<Contact, Refusal> {
    let mut name = message.name.as_deref();
    if let Some(group) = &message.group {
        name = group.title.as_deref();
        if group.author.len() > 1 && !find_contact(draft, &group.author)?.is_empty() {
            one_contact(draft, &group.author, group.phone.as_deref())?;
        }
    }
    let contact = one_contact(draft, &message.addresses, message.phone.as_deref())?;
    let name = name.map(cut_name).filter(|n| !n.is_empty());
    let is_named = |draft: &Draft<'_>| -> Result<bool, Refusal> {
        let profile = draft.get::<Profile>(&key::number(contact.id))?;
        Ok(profile.is_some_and(|profile| profile.is_named))
    };
    if name.is_none() || contact.name == name || is_named(draft)? {
        return Ok(contact);
    }
    let contact = Contact { name, ..contact };
    draft.put(&key::number(contact.id), &contact);
    Ok(contact)
}

fn cut_name(name: &str) -> String {
    name.trim().chars().take(MAX_NAME / 4).collect()
}

pub fn join(draft: &mut Draft<'_>, lid: &str, phone: &str) -> Result<Reply, Refusal> {
    let addresses = [phone.to_owned(), lid.to_owned()];
    let digits = phone.split('@').next().filter(|d| d.bytes().all(|b| b.is_ascii_digit()));
    one_contact(draft, &addresses, digits)?;
    Ok(Reply::Done)
}

/// The one contact of these addresses: found, made, or made one out of several.
pub fn one_contact(
    draft: &mut Draft<'_>,
    addresses: &[String],
    phone: Option<&str>,
) -> Result<Contact, Refusal> {
    let mut found = find_contacts(draft, addresses)?.into_iter();
    let (mut contact, known) = match found.next() {
        None => (new_contact(draft)?, false),
        Some(mut contact) => {
            for other in found {
                merge(draft, &mut contact, other.id)?;
            }
            (contact, true)
        }
    };
    let before = contact.clone();
    if let Some(phone) = phone {
        contact.phone.get_or_insert_with(|| phone.to_owned());
    }
    for address in addresses.iter().take(MAX_ADDRESSES) {
        let known = contact.addresses.iter().any(|known| spelling(known) == spelling(address));
        if contact.addresses.len() < MAX_ADDRESSES && !known {
            contact.addresses.push(address.clone());
            lead(draft, address, contact.id);
        }
    }
    if contact != before {
        draft.put(&key::number(contact.id), &contact);
        if known {
            draft.event_about(EventKind::ContactUpdated, None, None, Some(contact.id));
        }
        if contact.phone != before.phone {
            show_everywhere(draft, &contact)?;
        }
    }
    Ok(contact)
}

/// Somebody of whom nothing is known; the caller puts the row.
pub fn new_contact(draft: &mut Draft<'_>) -> Result<Contact, Refusal> {
    let id = draft.next("contact", 1)?;
    draft.event_about(EventKind::ContactCreated, None, None, Some(id));
    let created_at = draft.ctx.now;
    let (addresses, conversations) = (Vec::new(), Vec::new());
    let (name, phone, merged_into) = (None, None, None);
    Ok(Contact { id, name, phone, addresses, conversations, created_at, merged_into })
}

/// From now on this address leads to that contact.
pub fn lead(draft: &mut Draft<'_>, address: &str, contact: u64) {
    draft.put(&key::address(draft.ctx.seal, address), &AddressOf(contact));
}

/// Brings what the open tickets of a contact's conversations show of it up to date.
pub fn show_everywhere(draft: &mut Draft<'_>, contact: &Contact) -> Result<(), Refusal> {
    for id in &contact.conversations {
        if let Some(conversation) = draft.get::<Conversation>(&key::number(*id))? {
            show_contact(draft, contact, &conversation)?;
        }
    }
    Ok(())
}

pub fn stored_contact(draft: &Draft<'_>, id: u64) -> Result<Contact, Refusal> {
    draft
        .get::<Contact>(&key::number(id))?
        .ok_or_else(|| Refusal::Store(format!("contact {id} is pointed to but is not there")))
}

/// From now on the contact is part of that one, or a person of its own.
pub fn part_of(draft: &mut Draft<'_>, contact: &mut Contact, into: Option<u64>) {
    if let Some(before) = contact.merged_into {
        draft.delete(Table::MergedContacts, &key::pair(before, contact.id));
    }
    if let Some(into) = into {
        draft.put(&key::pair(into, contact.id), &Absorbed);
    }
    contact.merged_into = into;
    draft.put(&key::number(contact.id), contact);
}

/// `other` turns out to be `survivor`, who takes over addresses and conversations. Where both talk over the
/// same bridge, the conversation with an open ticket goes on; a second open ticket is worked off by itself.
pub fn merge(draft: &mut Draft<'_>, survivor: &mut Contact, other: u64) -> Result<(), Refusal> {
    let mut absorbed = stored_contact(draft, other)?;
    part_of(draft, &mut absorbed, Some(survivor.id));
    for address in absorbed.addresses {
        if survivor.addresses.len() < MAX_ADDRESSES && !survivor.addresses.contains(&address) {
            survivor.addresses.push(address);
        }
    }
    survivor.phone = survivor.phone.take().or(absorbed.phone);
    survivor.name = survivor.name.take().or(absorbed.name);
    super::contacts::join_profiles(draft, survivor.id, other)?;
    for id in absorbed.conversations {
        if let Some(conversation) = draft.get::<Conversation>(&key::number(id))? {
            take_over(draft, survivor, conversation)?;
        }
    }
    draft.put(&key::number(survivor.id), survivor);
    draft.event_about(EventKind::ContactMerged, None, None, Some(other));
    Ok(())
}

fn take_over(
    draft: &mut Draft<'_>,
    survivor: &mut Contact,
    mut theirs: Conversation,
) -> Result<(), Refusal> {
    show_contact(draft, survivor, &theirs)?;
    if let Some(own) = find_conversation(draft, &theirs.instance, survivor.id)?
        && (open_ticket(draft, &own)?.is_some() || open_ticket(draft, &theirs)?.is_none())
    {
        return Ok(());
    }
    let row = conversation_key(draft, &theirs.instance, survivor.id);
    draft.put(&row, &ConversationOf(theirs.id));
    theirs.contact = survivor.id;
    draft.put(&key::number(theirs.id), &theirs);
    if survivor.conversations.len() < MAX_CONVERSATIONS {
        survivor.conversations.push(theirs.id);
    }
    Ok(())
}

/// Brings what a conversation's open ticket shows of its requester up to date.
fn show_contact(
    draft: &mut Draft<'_>,
    contact: &Contact,
    conversation: &Conversation,
) -> Result<(), Refusal> {
    let Some(mut ticket) = open_ticket(draft, conversation)? else { return Ok(()) };
    if ticket.conversation != Some(conversation.id) {
        return Ok(());
    }
    // One that others' tickets were merged into may be another person's.
    if let Some(id) = ticket.requester.contact
        && draft.rows().survivor(id)?.is_none_or(|person| person.id != contact.id)
    {
        return Ok(());
    }
    ticket.requester.contact = Some(contact.id);
    ticket.requester.phone = contact.phone.clone();
    ticket.updated_at = draft.ctx.now;
    draft.put_ticket(&ticket)?;
    draft.event(EventKind::TicketUpdated, Some(ticket.number));
    Ok(())
}

/// The ticket that a conversation goes on with, while it is open.
pub fn open_ticket(
    draft: &Draft<'_>,
    conversation: &Conversation,
) -> Result<Option<Ticket>, Refusal> {
    Ok(match conversation.ticket {
        Some(number) => draft.rows().live(number)?.filter(|t| t.status.is_open()),
        None => None,
    })
}
