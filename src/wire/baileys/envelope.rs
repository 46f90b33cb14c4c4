//! The shapes around the messages: which event a body tells, and where its elements are.

use serde_json::Value;

use super::jid::{Jid, Kind};
use super::{Delivery, Item, MAX_ITEMS, Skip, content, flat, id, label, message};

/// Reads a body of any shape.
pub fn parse(body: &Value) -> Delivery {
    let instance = ["session", "instance", "instanceName"];
    Delivery {
        instance: instance.into_iter().find_map(|name| label(body.get(name))),
        items: items(body),
    }
}

/// What an event's elements are.
#[derive(Clone, Copy)]
enum Event {
    Messages,
    Updates,
    Edits,
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
        "messages.upsert" => Event::Messages,
        "messages.update" => Event::Updates,
        "messages.edited" => Event::Edits,
        "message.receipt.update" => Event::Each(Skip::Receipt),
        "messages.reaction" => Event::Each(Skip::Reaction),
        "messages.delete" => Event::Each(Skip::Revoke),
        "messages.media.update" => Event::Each(Skip::Protocol),
        "messaging.history.set" | "messages.set" => Event::Whole(Skip::History),
        "lid.mapping.update" | "chats.phonenumbershare" => Event::Pairs,
        "presence.update" => Event::Whole(Skip::Presence),
        "call" => Event::Whole(Skip::BridgeEvent),
        other => match other.split('.').next()? {
            "contacts" | "chats" | "groups" | "group" | "connection" | "creds" | "blocklist"
            | "labels" | "qrcode" | "newsletter" => Event::Whole(Skip::BridgeEvent),
            "presence" => Event::Whole(Skip::Presence),
            _ => return None,
        },
    })
}

fn items(body: &Value) -> Vec<Item> {
    if let Some(elements) = body.as_array() {
        return each(elements, element);
    }
    if body.get("key").is_some_and(Value::is_object) {
        return vec![message::read(body)];
    }
    let name = |member: &str| body.get(member).and_then(Value::as_str);
    let told = [name("event"), name("type")].into_iter().flatten().find_map(event);
    if let Some(event) = told {
        return read(event, body.get("data").unwrap_or(body));
    }
    if body.get("messages").is_some() {
        return read(Event::Messages, body);
    }
    if flat::is(body) {
        return vec![flat::read(body)];
    }
    let named = name("event").or(name("type")).is_some();
    let reason = if named { Skip::UnknownEvent } else { Skip::Malformed };
    vec![Item::Skipped { id: None, reason }]
}

fn read(event: Event, data: &Value) -> Vec<Item> {
    // An upsert's elements are under `messages`, a deletion's keys under `keys`; all others are the data.
    let inner = ["messages", "keys"].into_iter().find_map(|name| data.get(name));
    let elements = match inner.unwrap_or(data) {
        Value::Array(elements) => elements.as_slice(),
        one => std::slice::from_ref(one),
    };
    match event {
        Event::Messages => each(elements, element),
        Event::Updates => each(elements, |update| skipped(update, update_kind(update))),
        Event::Edits => each(elements, |edit| skipped(edit, edit_kind(edit))),
        Event::Pairs => each(elements, |pair| same_person(pair).unwrap_or(MALFORMED)),
        Event::Each(reason) => each(elements, |one| skipped(one, reason)),
        Event::Whole(reason) => whole(reason),
    }
}

const MALFORMED: Item = Item::Skipped { id: None, reason: Skip::Malformed };

fn whole(reason: Skip) -> Vec<Item> {
    vec![Item::Skipped { id: None, reason }]
}

fn skipped(element: &Value, reason: Skip) -> Item {
    Item::Skipped { id: element_id(element), reason }
}

/// The id under `key`, or of an element that is itself a key.
fn element_id(element: &Value) -> Option<String> {
    message::key_id(element).or_else(|| id(element.get("id")))
}

/// Reads the first [`MAX_ITEMS`] elements. Of the rest every id is told, so that the bridge knows what to send
/// again, and those without one are told together, once: junk must not grow into memory.
fn each(elements: &[Value], read: impl Fn(&Value) -> Item) -> Vec<Item> {
    let (taken, rest) = elements.split_at(elements.len().min(MAX_ITEMS));
    let mut items: Vec<Item> = taken.iter().map(read).collect();
    let mut unnamed = false;
    for element in rest {
        match element_id(element) {
            Some(id) => items.push(Item::Skipped { id: Some(id), reason: Skip::TooMany }),
            None => unnamed = true,
        }
    }
    if unnamed {
        items.push(Item::Skipped { id: None, reason: Skip::TooMany });
    }
    items
}

fn element(element: &Value) -> Item {
    if element.get("key").is_none() && flat::is(element) {
        flat::read(element)
    } else {
        message::read(element)
    }
}

/// A `messages.update` marks a message as delivered or read, changes it or takes it back.
fn update_kind(update: &Value) -> Skip {
    let Some(change) = update.get("update").and_then(Value::as_object) else {
        return Skip::Receipt;
    };
    match change.get("message") {
        _ if message::stub(change.get("messageStubType")) == Some(Skip::Revoke) => Skip::Revoke,
        Some(Value::Object(_)) => Skip::Edit,
        _ if change.contains_key("pollUpdates") => Skip::Protocol,
        _ => Skip::Receipt,
    }
}

/// One bridge's `messages.edited` carries any protocol message, revokes too.
fn edit_kind(edit: &Value) -> Skip {
    let message = edit.get("message").unwrap_or(edit);
    match content::read(message) {
        Err(reason @ (Skip::Revoke | Skip::Protocol)) => reason,
        _ => Skip::Edit,
    }
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
