//! What Evolution API posts: Baileys' events in an envelope that names the instance, one element or several
//! under `data`. The event's name may stand in the address instead of the body. Its `messages.edited` names the
//! changed message by id alone.

#[cfg(test)]
mod tests;

use serde_json::Value;

use super::baileys;
use super::chat::jid::Jid;
use super::chat::{Delivery, Ids, Skip, label, text, whole};

/// Reads a body; `suffix` is the event that the address names.
pub fn parse(body: &Value, suffix: Option<&str>) -> Delivery {
    let instance = label(body.get("instance"));
    let names = [text(body, "event"), suffix].into_iter().flatten();
    let named = text(body, "event").or(suffix).is_some();
    let data = body.get("data").unwrap_or(body);
    let read = names.filter_map(|name| baileys::event_items(name, data)).next();
    let items = read.unwrap_or_else(|| match named {
        true => whole(Skip::UnknownEvent),
        false => baileys::parse(body).items,
    });
    let own = own(body).into_iter().collect();
    Delivery { instance, own, ids: Ids::InChatOrAlone, items }
}

/// The account's own address.
pub(super) fn own(body: &Value) -> Option<String> {
    text(body, "sender").and_then(Jid::parse_or_phone).map(|jid| jid.to_string())
}
