//! A contact that is two persons: some of its addresses become another contact's.
//!
//! Whoever became part of the contact earlier, and whose addresses go, is themselves again: so undoing a merge gives
//! back the contact that there was, with the tickets that still bear its number. Whoever became part of it through others
//! goes with those, so that no number is left to which no address leads.

use super::contacts::{is_group, named};
use super::people::{self, conversation_key, stored_contact};
use crate::domain::contact::{Contact, Conversation};
use crate::domain::ticket::Ticket;
use crate::engine::command::Refusal;
use crate::engine::contacts::Split;
use crate::engine::draft::Draft;
use crate::engine::event::EventKind;
use crate::engine::rows::key;
use crate::store::Table;
use crate::store::records::{AddressOf, ConversationOf};

const PHONE: &str = "@s.whatsapp.net";

/// Gives the contact that the addresses have now.
pub fn split(draft: &mut Draft<'_>, split: &Split) -> Result<Contact, Refusal> {
    let mut contact = named(draft, split.id)?;
    if is_group(&contact) {
        return Err(Refusal::Conflict("a group is no person that could be two".into()));
    }
    let goes = |address: &String| split.addresses.contains(address);
    if let Some(unknown) = split.addresses.iter().find(|a| !contact.addresses.contains(a)) {
        let why = format!("{unknown:?} is none of the contact's addresses");
        return Err(Refusal::Invalid { field: "addresses", why });
    }
    if split.addresses.is_empty() || contact.addresses.iter().all(goes) {
        let why = "name some of the contact's addresses, but not all: one must stay".into();
        return Err(Refusal::Invalid { field: "addresses", why });
    }
    let of_whom = owners(draft, &contact)?;
    let moving: Vec<u64> = earlier(&of_whom, contact.id, |address| goes(address));
    let staying: Vec<u64> = earlier(&of_whom, contact.id, |address| !goes(address));
    if let Some(both) = moving.iter().find(|id| staying.contains(id)) {
        let together: Vec<&str> =
            of_whom.iter().filter(|(_, id)| id == both).map(|(a, _)| a.as_str()).collect();
        let why = format!("these came to the contact together: {}", together.join(", "));
        return Err(Refusal::Conflict(why));
    }
    let (ways, stays) = (ways(draft, &moving, contact.id)?, ways(draft, &staying, contact.id)?);
    let shared = |id: &&u64| stays.iter().any(|way| way.contains(id));
    // Of those through whom an address came, the last one whom no address that stays came through.
    let mut tops: Vec<u64> = Vec::new();
    for way in &ways {
        let own = way.iter().take_while(|id| !shared(id)).last();
        tops.extend(own.or(way.first()).filter(|id| !tops.contains(id)).copied());
    }
    // Who stays is on nobody's way who goes.
    for way in &stays {
        for pair in way.windows(2).filter(|pair| tops.contains(&pair[1])) {
            point(draft, pair[0], Some(contact.id))?;
        }
    }
    let mut target = match tops.first() {
        Some(first) => stored_contact(draft, *first)?,
        None => people::new_contact(draft)?,
    };
    for id in tops.iter().skip(1) {
        point(draft, *id, Some(target.id))?;
    }
    target.merged_into = None;
    target.addresses = contact.addresses.iter().filter(|a| goes(a)).cloned().collect();
    target.name = split.name.clone().or(target.name);
    target.phone = first_phone(&target);
    contact.addresses.retain(|address| !goes(address));
    if contact.phone.as_ref().is_some_and(|digits| Some(digits) == target.phone.as_ref()) {
        contact.phone = first_phone(&contact);
    }
    for (address, id) in of_whom.iter().filter(|(address, _)| goes(address)) {
        if *id == contact.id {
            people::lead(draft, address, target.id);
        }
    }
    let theirs = std::mem::take(&mut target.conversations);
    let own = theirs.into_iter().filter(|id| contact.conversations.contains(id));
    let mut conversations: Vec<u64> = own.chain(split.conversations.iter().copied()).collect();
    conversations.sort_unstable();
    conversations.dedup();
    for id in conversations {
        hand_over(draft, &mut contact, &mut target, id)?;
    }
    draft.put(&key::number(contact.id), &contact);
    draft.put(&key::number(target.id), &target);
    for number in &split.tickets {
        give(draft, *number, &of_whom, &contact, &target)?;
    }
    people::show_everywhere(draft, &target)?;
    people::show_everywhere(draft, &contact)?;
    draft.event_about(EventKind::ContactUpdated, None, None, Some(contact.id));
    draft.event_about(EventKind::ContactUpdated, None, None, Some(target.id));
    Ok(target)
}

/// Each address with the contact under which it came.
fn owners(draft: &Draft<'_>, contact: &Contact) -> Result<Vec<(String, u64)>, Refusal> {
    let mut found = Vec::new();
    for address in &contact.addresses {
        let row = key::address(draft.ctx.seal, address);
        let id = draft.get::<AddressOf>(&row)?.map_or(contact.id, |AddressOf(id)| id);
        found.push((address.clone(), id));
    }
    Ok(found)
}

/// The contacts, other than `own`, under which these addresses came.
fn earlier(of_whom: &[(String, u64)], own: u64, of: impl Fn(&String) -> bool) -> Vec<u64> {
    let ids = of_whom.iter().filter(|(address, id)| *id != own && of(address));
    let mut ids: Vec<u64> = ids.map(|(_, id)| *id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Through whom each of them became part of the contact, from itself on.
fn ways(draft: &Draft<'_>, ids: &[u64], contact: u64) -> Result<Vec<Vec<u64>>, Refusal> {
    let ways = ids.iter().map(|id| draft.rows().way_to(*id, contact));
    Ok(ways.collect::<Result<_, _>>()?)
}

fn point(draft: &mut Draft<'_>, id: u64, into: Option<u64>) -> Result<(), Refusal> {
    let contact = Contact { merged_into: into, ..stored_contact(draft, id)? };
    draft.put(&key::number(id), &contact);
    Ok(())
}

fn first_phone(contact: &Contact) -> Option<String> {
    contact.addresses.iter().find_map(|address| address.strip_suffix(PHONE)).map(str::to_owned)
}

fn hand_over(
    draft: &mut Draft<'_>,
    from: &mut Contact,
    to: &mut Contact,
    id: u64,
) -> Result<(), Refusal> {
    let found = draft.get::<Conversation>(&key::number(id))?;
    let Some(mut conversation) = found.filter(|_| from.conversations.contains(&id)) else {
        let why = format!("{id} is none of the contact's conversations");
        return Err(Refusal::Invalid { field: "conversations", why });
    };
    let instance = conversation.instance.clone();
    if people::find_conversation(draft, &instance, to.id)?.is_some_and(|known| known.id != id) {
        let why = format!("contact {} has a conversation over {instance} of its own", to.id);
        return Err(Refusal::Conflict(why));
    }
    from.conversations.retain(|known| *known != id);
    to.conversations.push(id);
    conversation.contact = to.id;
    draft.put(&key::number(id), &conversation);
    draft.put(&conversation_key(draft, &instance, to.id), &ConversationOf(id));
    // The contact's next message over this bridge finds another conversation of theirs, or begins one.
    let mut other = None;
    for known in &from.conversations {
        let stored = draft.get::<Conversation>(&key::number(*known))?;
        other = other.or(stored.filter(|stored| stored.instance == instance).map(|_| *known));
    }
    let row = conversation_key(draft, &instance, from.id);
    match other {
        Some(other) => draft.put(&row, &ConversationOf(other)),
        None => draft.delete(Table::ConversationKeys, &row),
    }
    Ok(())
}

/// A ticket that was the contact's is the other person's.
fn give(
    draft: &mut Draft<'_>,
    number: u64,
    of_whom: &[(String, u64)],
    from: &Contact,
    to: &Contact,
) -> Result<(), Refusal> {
    let found = draft.rows().ticket(number)?;
    let is_theirs = |ticket: &Ticket| {
        ticket.requester.contact.is_some_and(|id| {
            id == from.id || id == to.id || of_whom.iter().any(|(_, known)| *known == id)
        })
    };
    let Some(mut ticket) = found.filter(is_theirs) else {
        let why = format!("#{number} is no ticket of the contact's");
        return Err(Refusal::Invalid { field: "tickets", why });
    };
    if ticket.requester.contact == Some(to.id) {
        return Ok(());
    }
    ticket.requester.contact = Some(to.id);
    ticket.updated_at = draft.ctx.now;
    draft.put_ticket(&ticket)?;
    draft.event(EventKind::TicketUpdated, Some(number));
    Ok(())
}
