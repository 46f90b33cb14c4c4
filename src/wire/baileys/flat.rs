//! The bridge of seed 004: one flat object a message, `{from, text, pushname, timestamp, media…}`, with no
//! message id.

use serde_json::Value;

use crate::wire::chat::jid::Jid;
use crate::wire::chat::party::Parties;
use crate::wire::chat::{
    Attachment, AttachmentKind, Item, Message, Skip, flag, label, mentions, placeholder, skipped,
};
use crate::wire::when;

/// Whether `body` looks like this bridge's.
pub(super) fn is(body: &Value) -> bool {
    let has = |name: &str| body.get(name).is_some();
    has("from") && (has("text") || has("mediaType") || has("mediaBase64"))
}

pub(super) fn read(body: &Value) -> Item {
    match accept(body) {
        Ok(message) => Item::Message(Box::new(message)),
        Err(reason) => skipped(None, reason),
    }
}

fn accept(body: &Value) -> Result<Message, Skip> {
    let address = |name: &str| body.get(name).and_then(Value::as_str).and_then(Jid::parse_or_phone);
    let from = address("from").ok_or(Skip::Malformed)?;
    let from_me = flag(body, "fromMe");
    let parties = Parties::of(from, from_me, [address("participant")], [])?;
    let words = body.get("text").map(|text| text.get("body").unwrap_or(text));
    let words = words.and_then(Value::as_str).unwrap_or_default();
    let attachment = attachment(body);
    let text = match &attachment {
        _ if !words.trim().is_empty() => words.to_owned(),
        Some(attachment) => placeholder::attachment(attachment),
        None => return Err(Skip::Empty),
    };
    let mut message = parties.message();
    (message.text, message.attachment) = (text, attachment);
    let sent_at = ["timestamp", "messageTimestamp"].into_iter();
    message.sent_at = sent_at.filter_map(|name| body.get(name)).find_map(when::micros);
    let own = if message.group.is_some() { "participantName" } else { "pushname" };
    let names = [own, "pushname", "pushName"].into_iter();
    message.name = names.filter(|_| !from_me).find_map(|name| label(body.get(name)));
    if let Some(group) = &mut message.group {
        group.title = label(body.get("groupName"));
        group.mentions = mentions(body.get("mentionedJid"));
        group.mentions_us = flag(body, "isMentioned");
    }
    Ok(message)
}

fn attachment(body: &Value) -> Option<Attachment> {
    let mimetype = label(body.get("mediaMimetype"));
    let told = label(body.get("mediaType")).map(|kind| kind.to_ascii_lowercase());
    let encoded = body.get("mediaBase64").and_then(Value::as_str).filter(|text| !text.is_empty());
    if mimetype.is_none() && told.is_none() && encoded.is_none() {
        return None;
    }
    let kind = match told.as_deref() {
        Some("voice" | "ptt") => AttachmentKind::Voice,
        Some("sticker") => AttachmentKind::Sticker,
        told => AttachmentKind::of_mimetype(told.or(mimetype.as_deref()).unwrap_or_default()),
    };
    let file_name = label(body.get("mediaFilename"));
    Some(Attachment { kind, mimetype, file_name, bytes: encoded.map(decoded_size), seconds: None })
}

/// How many bytes base64 text stands for.
fn decoded_size(encoded: &str) -> u64 {
    let data = encoded.rsplit(',').next().unwrap_or_default().trim_end_matches('=');
    data.len() as u64 * 3 / 4
}
