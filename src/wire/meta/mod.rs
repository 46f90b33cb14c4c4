//! What Meta's WhatsApp Cloud API posts: entries of changes of messages and statuses, for one or several numbers
//! of the business. Ids (`wamid.…`) are unique. A customer may have no phone number here, but a business-scoped
//! user id.

mod content;
mod people;
#[cfg(test)]
mod tests;

use serde_json::Value;

use people::People;

use super::baileys::content::in_seconds;
use super::chat::jid::Jid;
use super::chat::{
    Delivery, Ids, Item, Quote, Receipt, Skip, State, What, id, label, list, member, skipped, text,
    whole,
};
use super::when;

/// Reads a body: one delivery for each change.
pub fn parse(body: &Value) -> Vec<Delivery> {
    let entries = list(body, "entry");
    if entries.is_empty() {
        // An empty list is a delivery too.
        let told = body.get("entry").is_some_and(Value::is_array);
        let items = if told { Vec::new() } else { whole(Skip::Malformed) };
        return vec![Delivery { items, ..Delivery::default() }];
    }
    let changes = entries.iter().flat_map(|entry| list(entry, "changes"));
    changes.map(change).collect()
}

fn change(change: &Value) -> Delivery {
    let value = change.get("value").unwrap_or(&Value::Null);
    let metadata = value.get("metadata").unwrap_or(&Value::Null);
    let own = text(metadata, "display_phone_number")
        .map(digits)
        .and_then(|number| Jid::parse_or_phone(&number).map(|jid| jid.to_string()));
    let items = match text(change, "field") {
        Some("messages" | "smb_message_echoes" | "message_echoes") => items(value),
        Some("history" | "smb_app_state_sync") => whole(Skip::History),
        Some(_) => whole(Skip::BridgeEvent),
        None => whole(Skip::Malformed),
    };
    Delivery {
        instance: label(metadata.get("phone_number_id")),
        own: own.into_iter().collect(),
        ids: Ids::Alone,
        items,
    }
}

/// A number as people write it, `+1 555-078-3881`.
fn digits(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}

fn items(value: &Value) -> Vec<Item> {
    let people = People::of(value);
    let received = list(value, "messages").iter().map(|one| message(&people, one, false));
    let echoes = list(value, "message_echoes").iter().map(|one| message(&people, one, true));
    let statuses = list(value, "statuses").iter().map(status);
    let errors = list(value, "errors").iter().map(|_| skipped(None, Skip::BridgeEvent));
    received.chain(echoes).chain(statuses).chain(errors).collect()
}

fn message(people: &People<'_>, message: &Value, echo: bool) -> Item {
    let read = || accept(people, message, echo);
    read().unwrap_or_else(|reason| skipped(id(message.get("id")), reason))
}

fn accept(people: &People<'_>, message: &Value, echo: bool) -> Result<Item, Skip> {
    let parties = people.parties(message, echo)?;
    let own_id = id(message.get("id")).ok_or(Skip::Malformed)?;
    let name = people.name(message).filter(|_| !echo);
    let sent_at = message.get("timestamp").and_then(when::micros);
    let kind = text(message, "type").unwrap_or_default();
    let told = member(message, kind).unwrap_or(&Value::Null);
    let changed = match kind {
        "reaction" => {
            let emoji = text(told, "emoji").and_then(super::chat::short);
            Some((told.get("message_id"), What::Reaction(emoji)))
        }
        "edit" => {
            let (words, _) = content::said(told.get("message").unwrap_or(&Value::Null))?;
            Some((told.get("original_message_id"), What::Edited(words)))
        }
        "revoke" => Some((told.get("original_message_id"), What::Deleted)),
        _ => None,
    };
    if let Some((target, what)) = changed {
        let mut item = parties.change(id(target), what);
        match &mut item {
            Item::Change(change) => {
                (change.id, change.name) = (Some(own_id), name);
                change.at = in_seconds(message.get("timestamp"));
            }
            Item::Skipped { id, .. } => *id = Some(own_id),
            _ => {}
        }
        return Ok(item);
    }
    let mut read = parties.message();
    (read.text, read.attachment) = content::said(message)?;
    (read.id, read.name, read.sent_at) = (Some(own_id), name, sent_at);
    let context = message.get("context").unwrap_or(&Value::Null);
    read.quoted = id(context.get("id")).map(|id| Quote { id, text: None });
    if let Some(group) = &mut read.group {
        let answered = text(context, "from").and_then(Jid::parse_or_phone);
        group.mentions.extend(answered.map(|jid| jid.to_string()));
    }
    Ok(Item::Message(Box::new(read)))
}

fn status(status: &Value) -> Item {
    let Some(name) = id(status.get("id")) else { return skipped(None, Skip::Malformed) };
    let state = match text(status, "status") {
        Some("sent") => State::Sent,
        Some("delivered") => State::Delivered,
        Some("read" | "played") => State::Read,
        Some("failed") => State::Failed,
        _ => return skipped(Some(name), Skip::Receipt),
    };
    let phone = text(status, "recipient_id").and_then(Jid::parse_or_phone);
    let bsuid = text(status, "recipient_user_id").and_then(Jid::of_bsuid);
    Item::Receipt(Box::new(Receipt {
        id: name,
        addresses: [phone, bsuid].into_iter().flatten().map(|jid| jid.to_string()).collect(),
        state,
        at: status.get("timestamp").and_then(when::micros),
        error: list(status, "errors").first().and_then(failure).filter(|_| state == State::Failed),
    }))
}

/// `131047 Re-engagement message: More than 24 hours have passed …`.
fn failure(error: &Value) -> Option<String> {
    let code = error.get("code").and_then(Value::as_i64).map(|code| code.to_string());
    let title = label(error.get("title")).or_else(|| label(error.get("message")));
    let details = label(error.pointer("/error_data/details"));
    let what: Vec<String> = [code, title].into_iter().flatten().collect();
    let what = [Some(what.join(" ")).filter(|what| !what.is_empty()), details];
    let told: Vec<String> = what.into_iter().flatten().collect();
    (!told.is_empty()).then(|| told.join(": "))
}
