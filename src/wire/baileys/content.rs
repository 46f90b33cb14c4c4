//! What a message says: the `message` member of a WAMessage. Wrappers are taken off, the kind is found, and
//! out comes a text with, for media, an attachment; or the reason to pass it over. A kind not known here is a
//! message nevertheless: a customer who writes is never lost, whatever WhatsApp invents.

use serde_json::{Map, Value};

use super::placeholder;
use super::{Attachment, AttachmentKind, Skip, id, label};
use crate::wire::long;

/// Wrappers within wrappers; WhatsApp nests at most three.
const MAX_WRAPPERS: usize = 8;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Content {
    pub text: String,
    pub attachment: Option<Attachment>,
    pub quoted: Option<String>,
}

/// Kinds that are words, and where the words are.
const WORDS: [(&str, &str); 10] = [
    ("conversation", ""),
    ("extendedTextMessage", "/text"),
    ("buttonsResponseMessage", "/selectedDisplayText"),
    ("templateButtonReplyMessage", "/selectedDisplayText"),
    ("listResponseMessage", "/title"),
    ("interactiveResponseMessage", "/body/text"),
    // What only a business sends.
    ("buttonsMessage", "/contentText"),
    ("listMessage", "/description"),
    ("interactiveMessage", "/body/text"),
    ("templateMessage", "/hydratedTemplate/hydratedContentText"),
];

const MEDIA: [(&str, AttachmentKind); 6] = [
    ("imageMessage", AttachmentKind::Image),
    ("videoMessage", AttachmentKind::Video),
    ("ptvMessage", AttachmentKind::Video),
    ("documentMessage", AttachmentKind::Document),
    ("audioMessage", AttachmentKind::Audio),
    ("stickerMessage", AttachmentKind::Sticker),
];

type Describe = fn(&Value) -> String;

/// Kinds that stand for something without words or files of their own.
const OTHERS: [(&str, Describe); 10] = [
    ("locationMessage", placeholder::location),
    ("liveLocationMessage", placeholder::live_location),
    ("contactMessage", placeholder::contact),
    ("contactsArrayMessage", placeholder::contacts),
    ("pollCreationMessage", placeholder::poll),
    ("pollCreationMessageV2", placeholder::poll),
    ("pollCreationMessageV3", placeholder::poll),
    ("pollCreationMessageV5", placeholder::poll),
    ("eventMessage", placeholder::event),
    ("groupInviteMessage", placeholder::group_invite),
];

const PASSED_OVER: [(&str, Skip); 12] = [
    ("reactionMessage", Skip::Reaction),
    ("encReactionMessage", Skip::Reaction),
    ("placeholderMessage", Skip::Undecryptable),
    ("secretEncryptedMessage", Skip::Protocol),
    ("pollUpdateMessage", Skip::Protocol),
    ("encEventResponseMessage", Skip::Protocol),
    ("keepInChatMessage", Skip::Protocol),
    ("pinInChatMessage", Skip::Protocol),
    ("albumMessage", Skip::Protocol),
    ("stickerSyncRmrMessage", Skip::Protocol),
    ("messageHistoryBundle", Skip::Protocol),
    ("messageHistoryNotice", Skip::Protocol),
];

/// Members that go with a content and are none.
const COMPANIONS: [&str; 3] = [
    "messageContextInfo",
    "senderKeyDistributionMessage",
    "fastRatchetKeySenderKeyDistributionMessage",
];

pub(super) fn read(message: &Value) -> Result<Content, Skip> {
    let mut layer = message.as_object().ok_or(Skip::Malformed)?;
    for _ in 0..MAX_WRAPPERS {
        if let Some(result) = known(layer) {
            return result;
        }
        match layer.values().find_map(|kind| kind.get("message")?.as_object()) {
            Some(inner) => layer = inner,
            None => return unknown(layer),
        }
    }
    Err(Skip::Malformed)
}

fn member<'a>(layer: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    layer.get(name).filter(|value| !value.is_null())
}

fn known(layer: &Map<String, Value>) -> Option<Result<Content, Skip>> {
    if let Some(protocol) = member(layer, "protocolMessage") {
        return Some(Err(protocol_kind(protocol)));
    }
    if let Some(skip) = PASSED_OVER.iter().find(|(name, _)| member(layer, name).is_some()) {
        return Some(Err(skip.1));
    }
    for (name, words) in WORDS {
        let Some(kind) = member(layer, name) else { continue };
        let text = kind.pointer(words).and_then(Value::as_str).unwrap_or_default();
        return Some(match name {
            "conversation" | "extendedTextMessage" if text.trim().is_empty() => Err(Skip::Empty),
            _ if text.trim().is_empty() => Ok(plain(placeholder::unsupported(name), kind)),
            _ => Ok(plain(text.to_owned(), kind)),
        });
    }
    for (name, kind) in MEDIA {
        if let Some(media) = member(layer, name) {
            return Some(Ok(medium(media, kind)));
        }
    }
    let (kind, describe) =
        OTHERS.iter().find_map(|(name, describe)| Some((member(layer, name)?, describe)))?;
    Some(Ok(plain(describe(kind), kind)))
}

/// What a `protocolMessage` does; its type comes as number or as name.
fn protocol_kind(protocol: &Value) -> Skip {
    match protocol.get("type") {
        Some(Value::String(name)) if name == "REVOKE" => Skip::Revoke,
        Some(Value::String(name)) if name == "MESSAGE_EDIT" => Skip::Edit,
        Some(number) if number.as_i64() == Some(0) => Skip::Revoke,
        Some(number) if number.as_i64() == Some(14) => Skip::Edit,
        _ => Skip::Protocol,
    }
}

fn unknown(layer: &Map<String, Value>) -> Result<Content, Skip> {
    let kind = layer
        .iter()
        .find(|(name, value)| value.is_object() && !COMPANIONS.contains(&name.as_str()));
    let (name, kind) = kind.ok_or(Skip::Empty)?;
    Ok(plain(placeholder::unsupported(name), kind))
}

fn plain(text: String, kind: &Value) -> Content {
    Content { text, attachment: None, quoted: quoted(kind) }
}

fn medium(media: &Value, kind: AttachmentKind) -> Content {
    let voice = media.get("ptt").and_then(Value::as_bool).unwrap_or(false);
    let number = |name| media.get(name).and_then(long::integer);
    let attachment = Attachment {
        kind: if voice { AttachmentKind::Voice } else { kind },
        mimetype: label(media.get("mimetype")),
        file_name: label(media.get("fileName")).or_else(|| label(media.get("title"))),
        bytes: number("fileLength").and_then(|bytes| u64::try_from(bytes).ok()),
        seconds: number("seconds").and_then(|seconds| u32::try_from(seconds).ok()),
    };
    let caption = media.get("caption").and_then(Value::as_str).unwrap_or_default();
    let text = if caption.trim().is_empty() {
        placeholder::attachment(&attachment)
    } else {
        caption.to_owned()
    };
    Content { text, attachment: Some(attachment), quoted: quoted(media) }
}

/// The message that a kind's `contextInfo` says it answers.
pub(super) fn quoted(kind: &Value) -> Option<String> {
    id(kind.get("contextInfo")?.get("stanzaId"))
}
