//! What Whapi.Cloud posts: one or more of `messages`, `messages_updates`, `messages_removed`, `statuses` in one
//! body, whatever event, path or method it names. Ids are the channel's own, not a chat's, so that a removal
//! names its message by id alone.

mod content;
#[cfg(test)]
mod tests;

use serde_json::Value;

use super::baileys::content::in_seconds;
use super::chat::jid::{Jid, Kind};
use super::chat::party::Parties;
use super::chat::{
    Change, Delivery, Ids, Item, Quote, Receipt, Skip, State, What, each, flag, id, label, list,
    member, mentions, skipped, text, whole,
};
use super::when;

/// The longest number taken for a phone's where digits may be a LID's: those have 14 digits and more.
const MAX_PHONE: usize = 13;

/// Reads a body.
pub fn parse(body: &Value) -> Delivery {
    let mut items = Vec::new();
    let mut known = false;
    let mut read = |name: &str, read: fn(&Value) -> Item| {
        known |= body.get(name).is_some();
        items.extend(each(list(body, name), named, read));
    };
    read("messages", message);
    read("messages_updates", update);
    read("messages_removed", removed);
    read("statuses", status);
    if items.is_empty() && !known {
        let told = body.as_object().is_some_and(|members| {
            let others = ["event", "chats", "contacts", "groups", "presences", "channel", "users"];
            let more = ["calls", "labels", "chats_updates", "contacts_updates", "health", "qr"];
            others.iter().chain(&more).any(|name| members.contains_key(*name))
        });
        items = whole(match () {
            () if member(body, "messages_removed_all").is_some() => Skip::Revoke,
            () if told => Skip::BridgeEvent,
            () => Skip::Malformed,
        });
    }
    Delivery { instance: label(body.get("channel_id")), own: Vec::new(), ids: Ids::Alone, items }
}

/// The id of an element, or an element that is one.
fn named(element: &Value) -> Option<String> {
    id(element.get("id")).or_else(|| id(Some(element)))
}

/// Whether an element of a list is one of Whapi's messages.
pub fn is_message(element: &Value) -> bool {
    element.get("chat_id").is_some() && element.get("from_me").is_some()
}

/// One message, or what it does to another.
pub fn message(message: &Value) -> Item {
    accept(message).unwrap_or_else(|reason| skipped(named(message), reason))
}

fn accept(message: &Value) -> Result<Item, Skip> {
    let parties = parties(message)?;
    let id = named(message).ok_or(Skip::Malformed)?;
    let name = label(message.get("from_name")).filter(|_| !parties.from_me);
    if text(message, "type") == Some("action") {
        let action = member(message, "action").ok_or(Skip::Malformed)?;
        let mut item = parties.change(self::id(action.get("target")), content::action(action)?);
        if let Item::Change(change) = &mut item {
            (change.id, change.name) = (Some(id), name);
            change.at = in_seconds(message.get("timestamp"));
        }
        return Ok(item);
    }
    let mut read = parties.message();
    (read.text, read.attachment) = content::said(message)?;
    read.undecrypted = content::is_undecrypted(message);
    (read.id, read.name) = (Some(id), name);
    read.sent_at = message.get("timestamp").and_then(when::micros);
    if let Some(context) = member(message, "context") {
        read.quoted = self::id(context.get("quoted_id")).map(|id| {
            let words = context.get("quoted_content").and_then(content::words);
            Quote { id, text: words.as_deref().and_then(super::chat::short) }
        });
        if let Some(group) = &mut read.group {
            group.mentions = mentions(context.get("mentions"));
            let answered = text(context, "quoted_author").and_then(sender);
            group.mentions.extend(answered.map(|jid| jid.to_string()));
        }
    }
    if let Some(group) = &mut read.group {
        group.title = label(message.get("chat_name"));
    }
    Ok(Item::Message(Box::new(read)))
}

fn parties(message: &Value) -> Result<Parties, Skip> {
    let chat = text(message, "chat_id").and_then(Jid::parse_or_phone).ok_or(Skip::Malformed)?;
    Parties::of(chat, flag(message, "from_me"), [text(message, "from").and_then(sender)], [])
}

/// Who wrote: an address, or digits that may be a LID's.
fn sender(from: &str) -> Option<Jid> {
    let jid = Jid::parse_or_phone(from)?;
    let digits = jid.phone().filter(|digits| !from.contains('@') && digits.len() > MAX_PHONE);
    match digits {
        Some(digits) => Jid::parse(&format!("{digits}@lid")),
        None => Some(jid),
    }
}

/// `{id, trigger, before_update, after_update}`: what triggered it tells it best.
fn update(update: &Value) -> Item {
    let target = id(update.get("id"));
    let pass = || skipped(target.clone(), Skip::Edit);
    let trigger = member(update, "trigger").filter(|told| text(told, "type") == Some("action"));
    if let Some(trigger) = trigger {
        let mut item = message(trigger);
        if let (Item::Change(change), Some(target)) = (&mut item, target) {
            change.target = target;
        }
        return item;
    }
    let Some(after) = member(update, "after_update") else { return pass() };
    let words = |told: &Value| content::said(told).ok().map(|(text, _)| text);
    let before = member(update, "before_update").and_then(words);
    match (words(after), parties(after)) {
        (Some(now), Ok(parties)) if before.as_ref() != Some(&now) => {
            parties.change(target, What::Edited(now))
        }
        _ => pass(),
    }
}

fn removed(element: &Value) -> Item {
    match named(element) {
        Some(target) => by_id(target, What::Deleted),
        None => skipped(None, Skip::Malformed),
    }
}

/// What happens to a message of which the id is told, and nothing else.
fn by_id(target: String, what: What) -> Item {
    Item::Change(Box::new(Change {
        id: None,
        target,
        addresses: Vec::new(),
        group: false,
        from_me: false,
        author: Vec::new(),
        name: None,
        at: None,
        what,
    }))
}

fn status(status: &Value) -> Item {
    let Some(id) = id(status.get("id")) else { return skipped(None, Skip::Malformed) };
    let state = match text(status, "status") {
        Some("sent") => State::Sent,
        Some("delivered") => State::Delivered,
        Some("read" | "played") => State::Read,
        Some("failed") => State::Failed,
        Some("deleted") => return by_id(id, What::Deleted),
        _ => return skipped(Some(id), Skip::Receipt),
    };
    let chat = text(status, "recipient_id").and_then(Jid::parse_or_phone);
    let person = chat.filter(|jid| matches!(jid.kind, Kind::Phone | Kind::Lid | Kind::Group));
    let error = list(status, "errors").first().or(status.get("error"));
    let error = error.and_then(|error| {
        let named = ["message", "title", "details"].into_iter().find_map(|n| label(error.get(n)));
        named.or_else(|| label(Some(error)))
    });
    Item::Receipt(Box::new(Receipt {
        id,
        addresses: person.iter().map(Jid::to_string).collect(),
        state,
        at: status.get("timestamp").and_then(when::micros),
        error: error.filter(|_| state == State::Failed),
    }))
}
