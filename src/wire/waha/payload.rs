//! WAHA's payloads: a message, and what happens to one.

use serde_json::{Value, json};

use crate::wire::baileys::{content, message as wa_message};
use crate::wire::chat::jid::{Jid, Kind};
use crate::wire::chat::party::Parties;
use crate::wire::chat::{
    Attachment, AttachmentKind, Item, MAX_ID, Quote, Receipt, Skip, State, What, flag, label, list,
    member, placeholder, text, words,
};
use crate::wire::{when, wuzapi};

/// What an id of WAHA holds.
struct Id {
    from_me: bool,
    chat: Jid,
    id: String,
    participant: Option<Jid>,
}

/// Reads `false_628…@c.us_3EB0…[_628…@c.us]`; a user may have underscores of its own, so it is cut at the
/// servers.
fn read_id(text: &str) -> Option<Id> {
    if text.len() > 3 * MAX_ID {
        return None;
    }
    let (direction, rest) = text.split_once('_')?;
    let at = rest.find('@')?;
    let (chat, rest) = rest.split_at(at + rest[at..].find('_')?);
    let rest = &rest[1..];
    let (id, participant) = match rest.split_once('_') {
        Some((id, participant)) => (id, Jid::parse(participant)),
        None => (rest, None),
    };
    let from_me = match direction {
        "true" => true,
        "false" => false,
        _ => return None,
    };
    let id = Some(id).filter(|id| !id.is_empty() && id.len() <= MAX_ID)?.to_owned();
    Some(Id { from_me, chat: Jid::parse(chat)?, id, participant })
}

/// The message's own id, whether WAHA wraps it or not.
fn bare(text: &str) -> Option<String> {
    let wrapped = read_id(text).map(|id| id.id);
    wrapped
        .or_else(|| Some(text.to_owned()).filter(|id| !id.trim().is_empty() && id.len() <= MAX_ID))
}

pub fn own_id(payload: &Value) -> Option<String> {
    text(payload, "id").and_then(bare)
}

/// The parties of a payload and the id in it.
fn parties(payload: &Value) -> Result<(Parties, Option<String>), Skip> {
    let told = text(payload, "id").and_then(read_id);
    let address = |name: &str| text(payload, name).and_then(Jid::parse);
    let from_me = match (&told, payload.get("fromMe").and_then(Value::as_bool)) {
        (_, Some(from_me)) => from_me,
        (Some(id), None) => id.from_me,
        (None, None) => false,
    };
    // A payload's `from` is the chat, or us in what we wrote.
    let outer = if from_me { address("to").or(address("from")) } else { address("from") };
    let (id, in_id, writer) = match told {
        Some(id) => (Some(id.id), Some(id.chat), id.participant),
        None => (own_id(payload), None, None),
    };
    let chat = in_id.or(outer.clone()).ok_or(Skip::Malformed)?;
    // A status is posted by somebody to `status@broadcast`, which may stand in one of the two only.
    let public = |jid: &Jid| matches!(jid.kind, Kind::Status | Kind::Newsletter);
    let chat = outer.filter(public).unwrap_or(chat);
    let writers = [address("participant"), writer, address("author")];
    Ok((Parties::of(chat, from_me, writers, [])?, id))
}

fn time(payload: &Value) -> Option<i64> {
    payload.get("timestamp").and_then(when::micros)
}

/// How the writer calls themselves, where the engine tells.
fn name(payload: &Value) -> Option<String> {
    let data = payload.get("_data")?;
    let names = ["notifyName", "pushName"].map(|name| label(data.get(name)));
    names.into_iter().flatten().next()
}

/// `message` and `message.any`.
pub fn message(payload: &Value) -> Result<Item, Skip> {
    if let Some(data) = payload.get("_data").filter(|data| data.is_object()) {
        let of_baileys = data.get("key").is_some_and(Value::is_object)
            && data.get("message").is_some_and(Value::is_object);
        if of_baileys {
            return Ok(wa_message::read(data));
        }
        if wuzapi::is_message(data) {
            return Ok(wuzapi::message(data));
        }
        match text(data, "type") {
            Some("ciphertext") => return waiting(payload),
            Some("revoked") => return deletion(payload, own_id(payload)),
            Some("e2e_notification" | "notification_template" | "gp2" | "protocol") => {
                return Err(Skip::Protocol);
            }
            _ => {}
        }
    }
    let (parties, id) = parties(payload)?;
    let id = id.ok_or(Skip::Malformed)?;
    let mut message = parties.message();
    let attachment = attachment(payload);
    message.text = body(payload, attachment.as_ref()).ok_or(Skip::Empty)?;
    message.attachment = attachment;
    (message.id, message.sent_at) = (Some(id), time(payload));
    message.name = name(payload).filter(|_| !parties.from_me);
    message.quoted = member(payload, "replyTo").and_then(|quoted| {
        let id = text(quoted, "id").and_then(bare)?;
        Some(Quote { id, text: label(quoted.get("body")) })
    });
    if let Some(group) = &mut message.group {
        let data = payload.get("_data").unwrap_or(&Value::Null);
        group.mentions = crate::wire::chat::mentions(data.get("mentionedJidList"));
        let answered = payload.pointer("/replyTo/participant").cloned();
        let answered = Value::Array(answered.into_iter().collect());
        group.mentions.extend(crate::wire::chat::mentions(Some(&answered)));
    }
    Ok(Item::Message(Box::new(message)))
}

fn body(payload: &Value, attachment: Option<&Attachment>) -> Option<String> {
    if let Some(place) = member(payload, "location") {
        // Numbers, or numbers as text.
        let degrees = |name| {
            let told = place.get(name)?;
            told.as_f64().or_else(|| told.as_str()?.trim().parse().ok())
        };
        let names = ["name", "description", "address"].map(|name| label(place.get(name)));
        let at = (degrees("latitude"), degrees("longitude"));
        return Some(placeholder::place("Location", names, at));
    }
    let cards: Vec<&str> = list(payload, "vCards").iter().filter_map(Value::as_str).collect();
    if !cards.is_empty() {
        let people = cards.into_iter().map(placeholder::vcard);
        let people = people.map(|(name, number)| placeholder::person(name, number)).collect();
        return Some(placeholder::contacts(people));
    }
    let caption = words(payload, "body");
    match attachment {
        Some(attachment) => Some(placeholder::captioned(caption.as_deref(), attachment)),
        None => caption,
    }
}

fn attachment(payload: &Value) -> Option<Attachment> {
    let media = member(payload, "media");
    if !flag(payload, "hasMedia") && media.is_none() {
        return None;
    }
    let told = |name: &str| label(media.and_then(|media| media.get(name)));
    let mimetype = told("mimetype");
    let data = payload.get("_data").unwrap_or(&Value::Null);
    let kind = match text(data, "type") {
        Some("ptt") => AttachmentKind::Voice,
        Some("sticker") => AttachmentKind::Sticker,
        Some("image") => AttachmentKind::Image,
        Some("video") => AttachmentKind::Video,
        Some("audio") => AttachmentKind::Audio,
        _ => AttachmentKind::of_mimetype(mimetype.as_deref().unwrap_or_default()),
    };
    Some(Attachment { kind, mimetype, file_name: told("filename"), bytes: None, seconds: None })
}

/// `message.waiting`: a message whose content may still come.
pub fn waiting(payload: &Value) -> Result<Item, Skip> {
    let (parties, id) = parties(payload)?;
    let id = id.ok_or(Skip::Malformed)?;
    let undecrypted = content::Content::Undecrypted;
    Ok(wa_message::item(&parties, id, name(payload), time(payload), undecrypted, &json!({})))
}

fn change(payload: &Value, target: Option<String>, what: What) -> Result<Item, Skip> {
    let (parties, id) = parties(payload)?;
    let mut item = parties.change(target, what);
    if let Item::Change(change) = &mut item {
        change.id = id;
        change.at = content::in_seconds(payload.get("timestamp"));
        change.name = name(payload).filter(|_| !parties.from_me);
    }
    Ok(item)
}

pub fn reaction(payload: &Value) -> Result<Item, Skip> {
    let told = member(payload, "reaction").ok_or(Skip::Reaction)?;
    let emoji = text(told, "text").and_then(crate::wire::chat::short);
    let target = text(told, "messageId").and_then(bare);
    change(payload, target, What::Reaction(emoji))
}

pub fn edited(payload: &Value) -> Result<Item, Skip> {
    let target = text(payload, "editedMessageId").and_then(bare).or_else(|| own_id(payload));
    let words = words(payload, "body").or_else(|| words(payload, "newBody")).ok_or(Skip::Edit)?;
    change(payload, target, What::Edited(words))
}

/// `{before, after, revokedMessageId}`: one of the two may be missing, and `after` may be the revoke itself with
/// an id of its own.
pub fn revoked(payload: &Value) -> Result<Item, Skip> {
    let told = ["before", "after"].into_iter().find_map(|name| member(payload, name));
    let told = told.unwrap_or(payload);
    let target = text(payload, "revokedMessageId").and_then(bare).or_else(|| own_id(told));
    // What is told of the chat is in `after` even where `before` is a stub of its own.
    let beside = member(payload, "after").filter(|after| parties(after).is_ok()).unwrap_or(told);
    deletion(beside, target)
}

fn deletion(payload: &Value, target: Option<String>) -> Result<Item, Skip> {
    change(payload, target, What::Deleted)
}

/// WAHA counts otherwise than WhatsApp: -1 error, 0 pending, 1 server, 2 device, 3 read, 4 played.
pub fn ack(payload: &Value) -> Result<Item, Skip> {
    let (parties, id) = parties(payload).map_err(|_| Skip::Receipt)?;
    let state = match (text(payload, "ackName"), payload.get("ack").and_then(Value::as_i64)) {
        (Some("ERROR"), _) | (None, Some(-1)) => State::Failed,
        (Some("SERVER"), _) | (None, Some(1)) => State::Sent,
        (Some("DEVICE"), _) | (None, Some(2)) => State::Delivered,
        (Some("READ" | "PLAYED"), _) | (None, Some(3 | 4)) => State::Read,
        _ => return Err(Skip::Receipt),
    };
    let id = id.filter(|_| parties.from_me).ok_or(Skip::Receipt)?;
    let addresses = parties.chat.addresses();
    Ok(Item::Receipt(Box::new(Receipt { id, addresses, state, at: time(payload), error: None })))
}
