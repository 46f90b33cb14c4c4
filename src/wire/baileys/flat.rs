//! The bridge of seed 004: one flat object a message, `{from, text, pushname, timestamp, media…}`, with no
//! message id. Only its direct chats are taken; its groups are passed over like all groups.

use serde_json::Value;

use super::jid::{Jid, Kind};
use super::message::Customer;
use super::{Attachment, AttachmentKind, Item, Message, Skip, label, placeholder};
use crate::wire::when;

/// Whether `body` looks like this bridge's.
pub(super) fn is(body: &Value) -> bool {
    let has = |name: &str| body.get(name).is_some();
    has("from") && (has("text") || has("mediaType") || has("mediaBase64"))
}

pub(super) fn read(body: &Value) -> Item {
    match accept(body) {
        Ok(message) => Item::Message(Box::new(message)),
        Err(reason) => Item::Skipped { id: None, reason },
    }
}

fn accept(body: &Value) -> Result<Message, Skip> {
    let from = body.get("from").and_then(Value::as_str).and_then(Jid::parse_or_phone);
    let from = from.ok_or(Skip::Malformed)?;
    match from.kind {
        Kind::Group => return Err(Skip::Group),
        Kind::Status => return Err(Skip::StatusBroadcast),
        Kind::BroadcastList => return Err(Skip::Broadcast),
        Kind::Newsletter => return Err(Skip::Newsletter),
        Kind::Service => return Err(Skip::Service),
        Kind::Phone | Kind::Lid | Kind::Other => {}
    }
    let words = body.get("text").map(|text| text.get("body").unwrap_or(text));
    let words = words.and_then(Value::as_str).unwrap_or_default();
    let attachment = attachment(body);
    let text = match &attachment {
        _ if !words.trim().is_empty() => words.to_owned(),
        Some(attachment) => placeholder::attachment(attachment),
        None => return Err(Skip::Empty),
    };
    let from_me = body.get("fromMe").and_then(Value::as_bool).unwrap_or(false);
    let name = || label(body.get("pushname")).or_else(|| label(body.get("pushName")));
    let sent_at = ["timestamp", "messageTimestamp"].into_iter();
    let customer = Customer::of(from);
    Ok(Message {
        id: None,
        chat: customer.addresses[0].to_string(),
        phone: customer.phone(),
        lid: customer.lid(),
        addresses: customer.addresses.iter().map(Jid::to_string).collect(),
        from_me,
        name: if from_me { None } else { name() },
        sent_at: sent_at.filter_map(|name| body.get(name)).find_map(when::micros),
        text,
        attachment,
        quoted: None,
    })
}

fn attachment(body: &Value) -> Option<Attachment> {
    let mimetype = label(body.get("mediaMimetype"));
    let told = label(body.get("mediaType")).map(|kind| kind.to_ascii_lowercase());
    let encoded = body.get("mediaBase64").and_then(Value::as_str).filter(|text| !text.is_empty());
    if mimetype.is_none() && told.is_none() && encoded.is_none() {
        return None;
    }
    let family = mimetype.as_deref().and_then(|mimetype| mimetype.split('/').next());
    let kind = match told.as_deref().or(family) {
        Some("image") => AttachmentKind::Image,
        Some("video") => AttachmentKind::Video,
        Some("audio") => AttachmentKind::Audio,
        Some("voice" | "ptt") => AttachmentKind::Voice,
        Some("sticker") => AttachmentKind::Sticker,
        _ => AttachmentKind::Document,
    };
    let file_name = label(body.get("mediaFilename"));
    Some(Attachment { kind, mimetype, file_name, bytes: encoded.map(decoded_size), seconds: None })
}

/// How many bytes base64 text stands for.
fn decoded_size(encoded: &str) -> u64 {
    let data = encoded.rsplit(',').next().unwrap_or_default().trim_end_matches('=');
    data.len() as u64 * 3 / 4
}
