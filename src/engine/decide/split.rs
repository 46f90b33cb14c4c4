//! A contact that is two persons: some of its addresses become another contact's.
//!
//! Whoever became part of the contact earlier, and whose addresses go, is themselves again: so undoing a merge gives
//! back the contact that there was, with the tickets that still bear its number. Whoever became part of the contact
//! through others goes or stays with those, unless their own addresses do otherwise.

use std::collections::HashMap;
use std::iter::successors;

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
    let merged = Merged::of(draft, &contact, &moving, &staying)?;
    let mut leaving = merged.parting(true).into_iter();
    let mut target = match leaving.next() {
        Some(first) => stored_contact(draft, first)?,
        None => people::new_contact(draft)?,
    };
    for id in leaving {
        part_of(draft, id, target.id)?;
    }
    for id in merged.parting(false) {
        part_of(draft, id, contact.id)?;
    }
    people::part_of(draft, &mut target, None);
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
    let (taken, own): (Vec<u64>, Vec<u64>) =
        theirs.into_iter().partition(|id| contact.conversations.contains(id));
    // What the contact did not take over stayed theirs.
    for id in own {
        if draft.get::<Conversation>(&key::number(id))?.is_some_and(|c| c.contact == target.id) {
            target.conversations.push(id);
        }
    }
    let mut conversations = [taken, split.conversations.clone()].concat();
    conversations.sort_unstable();
    conversations.dedup();
    for id in conversations {
        hand_over(draft, &merged, &mut contact, &mut target, id)?;
    }
    draft.put(&key::number(contact.id), &contact);
    draft.put(&key::number(target.id), &target);
    for number in &split.tickets {
        give(draft, *number, &merged, &contact, &target)?;
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

/// Who became part of a contact, and which of them go.
struct Merged {
    /// Each with whom it became part of.
    into: HashMap<u64, u64>,
    /// Those of whom is known whether they go.
    goes: HashMap<u64, bool>,
}

impl Merged {
    fn of(
        draft: &Draft<'_>,
        contact: &Contact,
        moving: &[u64],
        staying: &[u64],
    ) -> Result<Merged, Refusal> {
        let mut into = HashMap::new();
        for id in draft.rows().ids_of(contact.id)?.into_iter().filter(|id| *id != contact.id) {
            into.insert(id, stored_contact(draft, id)?.merged_into.unwrap_or(contact.id));
        }
        let next = |id: &u64| into.get(id).copied();
        let mut below: HashMap<u64, [bool; 2]> = HashMap::new();
        for (owners, goes) in [(staying, false), (moving, true)] {
            for above in owners.iter().flat_map(|id| successors(next(id), next)) {
                below.entry(above).or_default()[usize::from(goes)] = true;
            }
        }
        // Who has no address any more does what those do who became part of it, if these agree.
        let agree = below.into_iter().filter(|(_, [stay, go])| stay != go);
        let mut goes: HashMap<u64, bool> = agree.map(|(id, [_, go])| (id, go)).collect();
        goes.extend(moving.iter().map(|id| (*id, true)));
        goes.extend(staying.iter().map(|id| (*id, false)));
        goes.insert(contact.id, false);
        Ok(Merged { into, goes })
    }

    /// What nobody decides for a contact is decided by whom it became part of.
    fn goes(&self, mut id: u64) -> bool {
        loop {
            match (self.goes.get(&id), self.into.get(&id)) {
                (Some(goes), _) => return *goes,
                (None, Some(into)) => id = *into,
                (None, None) => return false,
            }
        }
    }

    /// Whether a ticket was the contact's before any of it went.
    fn have(&self, ticket: &Ticket, contact: &Contact) -> bool {
        let id = ticket.requester.contact;
        id.is_some_and(|id| id == contact.id || self.into.contains_key(&id))
    }

    /// Those that go and are part of one that stays, or the other way round; the oldest first.
    fn parting(&self, goes: bool) -> Vec<u64> {
        let parts =
            |(id, into): &(&u64, &u64)| self.goes(**id) == goes && self.goes(**into) != goes;
        let mut ids: Vec<u64> = self.into.iter().filter(parts).map(|(id, _)| *id).collect();
        ids.sort_unstable();
        ids
    }
}

fn part_of(draft: &mut Draft<'_>, id: u64, into: u64) -> Result<(), Refusal> {
    let mut contact = stored_contact(draft, id)?;
    people::part_of(draft, &mut contact, Some(into));
    Ok(())
}

fn first_phone(contact: &Contact) -> Option<String> {
    contact.addresses.iter().find_map(|address| address.strip_suffix(PHONE)).map(str::to_owned)
}

fn hand_over(
    draft: &mut Draft<'_>,
    merged: &Merged,
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
    let open = people::open_ticket(draft, &conversation)?;
    if let Some(mut ticket) = open.filter(|t| t.conversation == Some(id) && merged.have(t, from)) {
        ticket.requester.contact = Some(to.id);
        draft.put_ticket(&ticket)?;
    }
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
    merged: &Merged,
    from: &Contact,
    to: &Contact,
) -> Result<(), Refusal> {
    let found = draft.rows().ticket(number)?;
    let is_theirs = |t: &Ticket| merged.have(t, from) || t.requester.contact == Some(to.id);
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
