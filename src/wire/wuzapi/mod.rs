//! What wuzapi posts: whatsmeow's events, as JSON, as a form or as parts beside a file. Go writes the members of
//! a message with names of its own (`ID`, `stanzaID`, `remoteJID`); they are read as WhatsApp's.

mod casing;
mod form;
#[cfg(test)]
mod tests;

use serde_json::Value;

pub use form::unwrap;

use super::baileys::content::{self, Content};
use super::baileys::message::item;
use super::chat::jid::Jid;
use super::chat::party::Parties;
use super::chat::{
    Delivery, Ids, Item, MAX_ITEMS, Receipt, Skip, State, flag, id, label, list, member, skipped,
    text, whole,
};
use super::when;

/// Reads a body.
pub fn parse(body: &Value) -> Delivery {
    let event = body.get("event").unwrap_or(&Value::Null);
    let named = ["instanceName", "userID", "userId"];
    let number = |value: &Value| value.as_u64().map(|number| number.to_string());
    let instance = named.into_iter().filter_map(|name| member(body, name));
    let items = match text(body, "type").unwrap_or_default() {
        "Message" => vec![message(event)],
        "UndecryptableMessage" => vec![undecryptable(event)],
        "ReadReceipt" | "Receipt" => receipts(event, text(body, "state")),
        "HistorySync" => whole(Skip::History),
        "Presence" | "ChatPresence" => whole(Skip::Presence),
        "" => whole(Skip::Malformed),
        other if known(other) => whole(Skip::BridgeEvent),
        _ => whole(Skip::UnknownEvent),
    };
    Delivery {
        instance: instance.filter_map(|name| label(Some(name)).or_else(|| number(name))).next(),
        own: Vec::new(),
        ids: Ids::InChat,
        items,
    }
}

/// Events of the connection, of groups and of calls.
fn known(event: &str) -> bool {
    ["Connect", "Disconnect", "Logged", "Pair", "QR", "Group", "Joined", "Call", "Picture", "App"]
        .iter()
        .chain(&["Stream", "KeepAlive", "PushName", "Label", "Newsletter", "Blocklist", "Media"])
        .any(|start| event.starts_with(start))
}

/// Whether a value is one of whatsmeow's messages.
pub fn is_message(event: &Value) -> bool {
    ["Info", "Message"].into_iter().all(|name| event.get(name).is_some_and(Value::is_object))
}

/// One `events.Message`.
pub fn message(event: &Value) -> Item {
    let read = || {
        let content = match member(event, "Message").or(member(event, "RawMessage")) {
            None => return Err(Skip::Empty),
            Some(content) => content::read(&casing::as_whatsapp(content))?,
        };
        of(event, content)
    };
    read().unwrap_or_else(|reason| skipped(own_id(event), reason))
}

fn undecryptable(event: &Value) -> Item {
    of(event, Content::Undecrypted).unwrap_or_else(|reason| skipped(own_id(event), reason))
}

fn own_id(event: &Value) -> Option<String> {
    id(event.get("Info")?.get("ID"))
}

fn of(event: &Value, content: Content) -> Result<Item, Skip> {
    let info = event.get("Info").ok_or(Skip::Malformed)?;
    let parties = parties(info)?;
    let id = own_id(event).ok_or(Skip::Malformed)?;
    let sent_at = info.get("Timestamp").and_then(when::micros);
    Ok(item(&parties, id, label(info.get("PushName")), sent_at, content, &Value::Null))
}

/// The parties of whatsmeow's `MessageSource`.
fn parties(source: &Value) -> Result<Parties, Skip> {
    let address = |name: &str| text(source, name).and_then(Jid::parse);
    let chat = address("Chat").ok_or(Skip::Malformed)?;
    let from_me = flag(source, "IsFromMe");
    let writers = [address("Sender"), address("SenderAlt")];
    Parties::of(chat, from_me, writers, [address("RecipientAlt").filter(|_| from_me)])
}

/// One `events.Receipt` names several messages.
fn receipts(event: &Value, state: Option<&str>) -> Vec<Item> {
    let told = state.map(str::to_ascii_lowercase);
    let told = told.as_deref().or_else(|| text(event, "Type"));
    let state = match told {
        Some("" | "delivered") => State::Delivered,
        Some("read" | "played") => State::Read,
        Some("server-error") => State::Failed,
        // `readself` and the like: on another device of ours.
        _ => return whole(Skip::Receipt),
    };
    // The receipt comes from the customer: what it marks is ours.
    let from_me = flag(event, "IsFromMe");
    let Ok(parties) = parties(event) else { return whole(Skip::Receipt) };
    let addresses = parties.chat.addresses();
    let at = event.get("Timestamp").and_then(when::micros);
    let ids = list(event, "MessageIDs").iter().take(MAX_ITEMS);
    let ids: Vec<String> = ids.filter_map(|one| id(Some(one))).collect();
    if ids.is_empty() || from_me {
        return whole(Skip::Receipt);
    }
    ids.into_iter()
        .map(|id| {
            let addresses = addresses.clone();
            Item::Receipt(Box::new(Receipt { id, addresses, state, at, error: None }))
        })
        .collect()
}
