//! By what a message is known again, when it is delivered again and when something happens to it.
//!
//! Within a chat its id and direction tell it apart, in a group who wrote too; some platforms' ids do so by
//! themselves. A person has several addresses, so a message has a key under each that is known.

use super::people::{find_contact, find_contacts};
use super::{buckets, day};
use crate::domain::contact::{Contact, MAX_ADDRESSES, spelling};
use crate::domain::message::{Early, Unclaimed};
use crate::engine::command::{IdScope, InboundMessage, MessageChange, Refusal};
use crate::engine::draft::Draft;
use crate::engine::rows::key;
use crate::store::Table;
use crate::store::codec::Record;
use crate::store::owner::Owner;
use crate::store::records::Seen;

type Hash = [u8; 16];

fn direction(from_me: bool) -> &'static [u8] {
    if from_me { b"out" } else { b"in" }
}

/// A message of this id in the chat of this address.
fn in_chat(draft: &Draft<'_>, instance: &str, address: &str, id: &str, from_me: bool) -> Hash {
    let address = spelling(address);
    let parts = [instance.as_bytes(), address.as_bytes(), id.as_bytes(), direction(from_me)];
    draft.ctx.seal.hash("message", &parts)
}

/// The one message of this id.
fn by_id(draft: &Draft<'_>, instance: &str, id: &str) -> Hash {
    draft.ctx.seal.hash("message id", &[instance.as_bytes(), id.as_bytes()])
}

/// What came before the message of this id, in the chat of this address or in the whole instance.
fn before(draft: &Draft<'_>, instance: &str, address: Option<&str>, id: &str) -> Hash {
    let address = address.map(spelling).unwrap_or_default();
    draft.ctx.seal.hash("before message", &[instance.as_bytes(), address.as_bytes(), id.as_bytes()])
}

/// The keys by which a message is known again under this address of its chat.
fn keys(draft: &Draft<'_>, message: &InboundMessage, address: &str) -> Vec<Hash> {
    let instance = message.instance.as_str();
    let told = spelling(address);
    let (out, at) = (direction(message.from_me), told.as_bytes());
    let authors = || -> Vec<&[u8]> {
        let authors = message.group.iter().flat_map(|group| &group.author);
        let authors: Vec<&[u8]> = authors.take(MAX_ADDRESSES).map(|a| a.as_bytes()).collect();
        if authors.is_empty() { vec![b""] } else { authors }
    };
    let Some(id) = &message.id else {
        // The bridge of seed 004 sends no id: the same words, or the same file, in the same second are one message.
        let second = message.sent_at.unwrap_or(draft.ctx.now).0 / 1_000_000;
        let second = second.to_be_bytes();
        let mut parts = vec![instance.as_bytes(), at, message.text.as_bytes(), &second, out];
        let file = message.attachment.as_ref().and_then(|file| file.bytes).map(u64::to_be_bytes);
        parts.extend(file.iter().map(|bytes| &bytes[..]));
        if message.group.is_none() {
            return vec![draft.ctx.seal.hash("content", &parts)];
        }
        let of = |author| draft.ctx.seal.hash("content", &[&parts[..], &[author]].concat());
        return authors().into_iter().map(of).collect();
    };
    match (message.ids, &message.group) {
        (IdScope::Instance, _) => vec![by_id(draft, instance, id)],
        (_, None) => vec![in_chat(draft, instance, address, id, message.from_me)],
        (_, Some(_)) => {
            let parts = [instance.as_bytes(), at, id.as_bytes(), out];
            let of = |author| draft.ctx.seal.hash("message", &[&parts[..], &[author]].concat());
            authors().into_iter().map(of).collect()
        }
    }
}

/// Keys under which something that happens to a message finds it, besides those that tell it apart.
fn names(draft: &Draft<'_>, message: &InboundMessage) -> Vec<Hash> {
    let Some(id) = &message.id else { return Vec::new() };
    let instance = message.instance.as_str();
    let mut names = Vec::new();
    if message.group.is_some() && message.ids != IdScope::Instance {
        let chats = message.addresses.iter().take(MAX_ADDRESSES);
        names.extend(chats.map(|chat| in_chat(draft, instance, chat, id, message.from_me)));
    }
    if message.ids == IdScope::ChatOrId {
        names.push(by_id(draft, instance, id));
    }
    names
}

fn find<R: Record>(draft: &Draft<'_>, hash: &Hash) -> Result<Option<R>, Refusal> {
    let (today, kept) = (day(draft.ctx.steady), draft.ctx.rules.dedup_days);
    buckets::find::<R>(draft, today, kept, hash, draft.ctx.seen)
}

fn first<R: Record>(
    draft: &Draft<'_>,
    hashes: impl IntoIterator<Item = Hash>,
) -> Result<Option<R>, Refusal> {
    for hash in hashes {
        if let Some(row) = find(draft, &hash)? {
            return Ok(Some(row));
        }
    }
    Ok(None)
}

/// Other addresses of the person whose these are.
fn others(draft: &Draft<'_>, addresses: &[String]) -> Result<Vec<String>, Refusal> {
    let mut others = Vec::new();
    for Contact { addresses: known, .. } in find_contacts(draft, addresses)? {
        others.extend(known.into_iter().filter(|a| !addresses.contains(a)));
    }
    Ok(others)
}

/// Every address under which a message may have come before: its own, then the others of its person.
pub fn addresses(draft: &Draft<'_>, message: &InboundMessage) -> Result<Vec<String>, Refusal> {
    let mut addresses = message.addresses.clone();
    if message.ids != IdScope::Instance {
        addresses.extend(others(draft, &message.addresses)?);
    }
    addresses.truncate(MAX_ADDRESSES);
    Ok(addresses)
}

/// What became of the message when it came before, under one of these addresses.
pub fn seen(
    draft: &Draft<'_>,
    message: &InboundMessage,
    addresses: &[String],
) -> Result<Option<Seen>, Refusal> {
    let hashes: Vec<Hash> = addresses.iter().flat_map(|a| keys(draft, message, a)).collect();
    first(draft, hashes)
}

/// Remembers a message, and what its sender was told.
pub fn remember(draft: &mut Draft<'_>, message: &InboundMessage, row: &Seen) {
    let addresses = message.addresses.iter().take(MAX_ADDRESSES);
    let mut hashes: Vec<Hash> = addresses.flat_map(|a| keys(draft, message, a)).collect();
    hashes.extend(names(draft, message));
    hashes.sort_unstable();
    hashes.dedup();
    let today = day(draft.ctx.steady);
    for hash in hashes {
        draft.put(&key::bucketed(today, &hash), row);
    }
}

/// What became of the message that changes, if it has come.
pub fn target(draft: &Draft<'_>, change: &MessageChange) -> Result<Option<Seen>, Refusal> {
    let instance = change.instance.as_str();
    if change.ids == IdScope::Instance || change.addresses.is_empty() {
        return find(draft, &by_id(draft, instance, &change.target));
    }
    let others = others(draft, &change.addresses)?;
    let addresses = change.addresses.iter().chain(&others).take(MAX_ADDRESSES);
    // Who changes it wrote it, most often.
    let likely = change.by.from_me.unwrap_or(false);
    let hashes: Vec<Hash> = addresses
        .flat_map(|address| {
            [likely, !likely].map(|out| in_chat(draft, instance, address, &change.target, out))
        })
        .collect();
    first(draft, hashes)
}

/// The keys under which a change waits for its message.
pub fn waiting(draft: &Draft<'_>, change: &MessageChange) -> Vec<Hash> {
    let (instance, id) = (change.instance.as_str(), change.target.as_str());
    if change.ids == IdScope::Instance || change.addresses.is_empty() {
        return vec![before(draft, instance, None, id)];
    }
    let addresses = change.addresses.iter().take(MAX_ADDRESSES);
    addresses.map(|address| before(draft, instance, Some(address), id)).collect()
}

/// What came before this message.
pub fn early(
    draft: &Draft<'_>,
    message: &InboundMessage,
    addresses: &[String],
) -> Result<Vec<Early>, Refusal> {
    let Some(id) = &message.id else { return Ok(Vec::new()) };
    let instance = message.instance.as_str();
    let mut hashes = Vec::new();
    if message.ids != IdScope::Chat {
        hashes.push(before(draft, instance, None, id));
    }
    if message.ids != IdScope::Instance {
        hashes.extend(addresses.iter().map(|address| before(draft, instance, Some(address), id)));
    }
    let mut found: Vec<Early> = Vec::new();
    for hash in hashes {
        if let Some(row) = find::<Early>(draft, &hash)?
            && !found.contains(&row)
        {
            found.push(row);
        }
    }
    Ok(found)
}

/// What waits under this key so far.
pub fn waits_under(draft: &Draft<'_>, hash: &Hash) -> Result<Option<Early>, Refusal> {
    find(draft, hash)
}

/// Keeps what waits under this key, as the data of whose chat these addresses are.
pub fn keep_waiting(
    draft: &mut Draft<'_>,
    addresses: &[String],
    hash: &Hash,
    early: &Early,
) -> Result<(), Refusal> {
    let owner = owner(draft, addresses)?;
    draft.put_as(owner, &key::bucketed(day(draft.ctx.steady), hash), early);
    Ok(())
}

/// Whose data it is that comes from these addresses: of nobody in particular as long as nobody is known there.
fn owner(draft: &Draft<'_>, addresses: &[String]) -> Result<Owner, Refusal> {
    let found = find_contact(draft, addresses)?;
    Ok(found.first().map_or(Owner::Desk, |contact| Owner::Contact(*contact)))
}

/// The key of what we wrote in the chat of this address.
fn of_chat(draft: &Draft<'_>, instance: &str, address: &str) -> Hash {
    draft.ctx.seal.hash("unclaimed", &[instance.as_bytes(), spelling(address).as_bytes()])
}

/// What we wrote in a chat of these addresses while it had no ticket.
pub fn unclaimed(
    draft: &Draft<'_>,
    instance: &str,
    addresses: &[String],
) -> Result<Unclaimed, Refusal> {
    let hashes: Vec<Hash> = addresses.iter().map(|a| of_chat(draft, instance, a)).collect();
    let mut all = Unclaimed::default();
    for hash in hashes {
        for message in find::<Unclaimed>(draft, &hash)?.unwrap_or_default().messages {
            if !all.messages.contains(&message) {
                all.add(message);
            }
        }
    }
    Ok(all)
}

/// Forgets what we wrote in the chats of these addresses.
pub fn forget_unclaimed(
    draft: &mut Draft<'_>,
    instance: &str,
    addresses: &[String],
) -> Result<(), Refusal> {
    let today = day(draft.ctx.steady);
    for address in addresses {
        let hash = of_chat(draft, instance, address);
        for day in today.saturating_sub(draft.ctx.rules.dedup_days)..=today {
            let row = key::bucketed(day, &hash);
            if draft.get::<Unclaimed>(&row)?.is_some() {
                draft.delete(Table::Unclaimed, &row);
            }
        }
    }
    Ok(())
}

/// Keeps what we wrote in a chat of these addresses.
pub fn keep_unclaimed(
    draft: &mut Draft<'_>,
    instance: &str,
    addresses: &[String],
    unclaimed: &Unclaimed,
) -> Result<(), Refusal> {
    let (today, owner) = (day(draft.ctx.steady), owner(draft, addresses)?);
    for address in addresses.iter().take(MAX_ADDRESSES) {
        let row = key::bucketed(today, &of_chat(draft, instance, address));
        draft.put_as(owner, &row, unclaimed);
    }
    Ok(())
}
