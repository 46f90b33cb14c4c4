//! The shapes around the messages: which event a body tells, and where its elements are.

use serde_json::{Value, json};

use super::content::{self, Content};
use super::message::{self, Stub, key_id};
use super::{flat, receipt};
use crate::wire::chat::jid::{Jid, Kind};
use crate::wire::chat::{
    Delivery, Ids, Item, MALFORMED, Skip, What, each, id, label, member, skipped, whole,
};
use crate::wire::{evolution, whapi};

/// Reads a body of any shape.
pub fn parse(body: &Value) -> Delivery {
    let instance = ["session", "instance", "instanceName"];
    Delivery {
        instance: instance.into_iter().find_map(|name| label(body.get(name))),
        // Evolution may post here as well.
        own: evolution::own(body).into_iter().collect(),
        ids: if body.get("instance").is_some() { Ids::InChatOrAlone } else { Ids::InChat },
        items: items(body),
    }
}

/// What an event's elements are.
#[derive(Clone, Copy)]
enum Event {
    Messages,
    Updates,
    Edits,
    Deletions,
    Reactions,
    MemberReceipts,
    Pairs,
    Each(Skip),
    Whole(Skip),
}

/// Event names are Baileys' own, or as some bridges write them: `MESSAGES_UPSERT`, `messages-upsert`.
fn event(name: &str) -> Option<Event> {
    if name.len() > 64 {
        return None;
    }
    let name = name.to_ascii_lowercase().replace(['-', '_'], ".");
    Some(match name.as_str() {
        "messages.upsert" | "send.message" => Event::Messages,
        "messages.update" => Event::Updates,
        "messages.edited" | "send.message.update" => Event::Edits,
        "messages.delete" => Event::Deletions,
        "messages.reaction" => Event::Reactions,
        "message.receipt.update" => Event::MemberReceipts,
        "messages.media.update" => Event::Each(Skip::Protocol),
        "messaging.history.set" | "messages.set" => Event::Whole(Skip::History),
        "lid.mapping.update" | "chats.phonenumbershare" => Event::Pairs,
        "presence.update" => Event::Whole(Skip::Presence),
        "call" => Event::Whole(Skip::BridgeEvent),
        other => match other.split('.').next()? {
            "contacts" | "chats" | "groups" | "group" | "connection" | "creds" | "blocklist"
            | "labels" | "qrcode" | "newsletter" | "application" | "instance" | "logout"
            | "status" | "remove" | "typebot" => Event::Whole(Skip::BridgeEvent),
            "presence" => Event::Whole(Skip::Presence),
            _ => return None,
        },
    })
}

fn items(body: &Value) -> Vec<Item> {
    if let Some(elements) = body.as_array() {
        return each(elements, element_id, element);
    }
    if body.get("key").is_some_and(Value::is_object) {
        return vec![message::read(body)];
    }
    let name = |member: &str| body.get(member).and_then(Value::as_str);
    let told = [name("event"), name("type")];
    let data = body.get("data").unwrap_or(body);
    if let Some(items) = told.into_iter().flatten().find_map(|name| event_items(name, data)) {
        return items;
    }
    if body.get("messages").is_some() {
        return read(Event::Messages, body);
    }
    if flat::is(body) {
        return vec![flat::read(body)];
    }
    let named = name("event").or(name("type")).is_some();
    whole(if named { Skip::UnknownEvent } else { Skip::Malformed })
}

/// The items of an event of this name; `None` when the name says nothing.
pub fn event_items(name: &str, data: &Value) -> Option<Vec<Item>> {
    event(name).map(|event| read(event, data))
}

fn read(event: Event, data: &Value) -> Vec<Item> {
    // An upsert's elements are under `messages`, a deletion's keys under `keys`; all others are the data.
    let inner = ["messages", "keys"].into_iter().find_map(|name| data.get(name));
    let elements = match inner.unwrap_or(data) {
        Value::Array(elements) => elements.as_slice(),
        one => std::slice::from_ref(one),
    };
    let each = |read: fn(&Value) -> Item| each(elements, element_id, read);
    match event {
        Event::Messages => each(element),
        Event::Updates => each(update),
        Event::Edits => each(edit),
        Event::Deletions => each(deletion),
        Event::Reactions => each(reaction),
        Event::MemberReceipts => each(receipt::of_member),
        Event::Pairs => each(|pair| same_person(pair).unwrap_or(MALFORMED)),
        Event::Each(reason) => {
            crate::wire::chat::each(elements, element_id, |one| skipped(element_id(one), reason))
        }
        Event::Whole(reason) => whole(reason),
    }
}

/// The id under `key`, or of an element that is itself a key.
fn element_id(element: &Value) -> Option<String> {
    key_id(element).or_else(|| id(element.get("id"))).or_else(|| id(element.get("keyId")))
}

/// One element of a list of messages.
fn element(element: &Value) -> Item {
    if element.get("key").is_some() {
        message::read(element)
    } else if whapi::is_message(element) {
        whapi::message(element)
    } else if flat::is(element) {
        flat::read(element)
    } else {
        message::read(element)
    }
}

/// The key of an element that has one, is one, or spells one out beside its own (`keyId`).
fn element_key(element: &Value) -> Option<Value> {
    if let Some(key) = member(element, "key") {
        return key.is_object().then(|| key.clone());
    }
    let id = member(element, "keyId").or_else(|| member(element, "id"))?;
    let mut key = element.clone();
    key["id"] = id.clone();
    key.get("remoteJid").is_some().then_some(key)
}

/// A `messages.update` marks a message as delivered or read, changes it or takes it back.
fn update(element: &Value) -> Item {
    let own_id = element_id(element);
    let Some(key) = element_key(element) else { return skipped(own_id, Skip::Malformed) };
    // One bridge flattens the change into the element.
    let change = element.get("update").filter(|change| change.is_object()).unwrap_or(element);
    let of = |what: What, at: Option<i64>| {
        let Ok(parties) = message::parties(&key, element) else {
            return skipped(own_id.clone(), what.skip());
        };
        let mut item = parties.change(id(key.get("id")), what);
        if let Item::Change(item) = &mut item {
            item.id = change.get("key").and_then(|key| id(key.get("id"))).or(own_id.clone());
            item.at = at;
        }
        item
    };
    let at = content::in_seconds(change.get("messageTimestamp"));
    let status = member(change, "status");
    if message::stub(change.get("messageStubType")) == Some(Stub::Revoke)
        || status.and_then(Value::as_str) == Some("DELETED")
    {
        return of(What::Deleted, at);
    }
    match member(change, "message") {
        Some(new @ Value::Object(kinds)) => {
            if !kinds.contains_key("editedMessage") && !kinds.contains_key("protocolMessage") {
                // What could not be read before.
                let mut filled = json!({"key": key, "message": new});
                filled["messageTimestamp"] = change["messageTimestamp"].clone();
                return message::read(&filled);
            }
            match content::read(new) {
                Ok(Content::Said(said)) => of(What::Edited(said.text), at),
                Ok(Content::Changed { at: told, what, .. }) => of(what, told.or(at)),
                _ => skipped(own_id, Skip::Edit),
            }
        }
        _ if change.get("pollUpdates").is_some_and(Value::is_array) => {
            skipped(own_id, Skip::Protocol)
        }
        _ => match status {
            Some(status) => receipt::of_status(&key, status, change.get("messageTimestamp")),
            None => skipped(own_id, Skip::Receipt),
        },
    }
}

/// One bridge's `messages.edited` carries any protocol message, revokes too, and may leave out whose chat it is.
fn edit(element: &Value) -> Item {
    if element.get("message").is_some_and(Value::is_object) {
        return message::read(element);
    }
    let own_id = element_id(element);
    match content::protocol_message(element) {
        Ok(Content::Changed { target: Some(target), at, what }) => {
            Item::Change(Box::new(crate::wire::chat::Change {
                id: None,
                target,
                addresses: Vec::new(),
                group: false,
                from_me: false,
                author: Vec::new(),
                name: None,
                at,
                what,
            }))
        }
        Ok(_) => skipped(own_id, Skip::Edit),
        Err(reason) => skipped(own_id, reason),
    }
}

/// An element of `messages.delete`: the key of what was deleted.
fn deletion(element: &Value) -> Item {
    let key = element_key(element);
    let parties = key.as_ref().and_then(|key| message::parties(key, element).ok());
    match (key, parties) {
        (Some(key), Some(parties)) => parties.change(id(key.get("id")), What::Deleted),
        _ => skipped(element_id(element), Skip::Revoke),
    }
}

/// An element of `messages.reaction`: the message's key, and the reaction with its own.
fn reaction(element: &Value) -> Item {
    let own_id = element_id(element);
    let told = element.get("reaction").filter(|told| told.is_object());
    let (Some(told), Some(target)) = (told, key_id(element)) else {
        return skipped(own_id, Skip::Reaction);
    };
    let writer = told.get("key").or(element.get("key")).unwrap_or(&Value::Null);
    let Ok(parties) = message::parties(writer, element) else {
        return skipped(own_id, Skip::Reaction);
    };
    let Content::Changed { at, what, .. } = content::reaction(told) else { return MALFORMED };
    let mut item = parties.change(Some(target), what);
    if let Item::Change(change) = &mut item {
        (change.id, change.at) = (id(writer.get("id")).or(own_id), at);
    }
    item
}

/// Which LID and which number an element says are one person's: `{lid, pn}`, or `{lid, jid}`.
fn same_person(element: &Value) -> Option<Item> {
    let members = ["lid", "pn", "jid"];
    let jids: Vec<Jid> = members
        .into_iter()
        .filter_map(|name| element.get(name)?.as_str().and_then(Jid::parse))
        .collect();
    let first = |kind| jids.iter().find(|jid| jid.kind == kind).map(Jid::to_string);
    Some(Item::SamePerson { lid: first(Kind::Lid)?, phone: first(Kind::Phone)? })
}
