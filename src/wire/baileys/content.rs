//! What a message says: the `message` member of a WAMessage. Wrappers are taken off, the kind is found, and
//! out comes a text with, for media, an attachment; or what it does to another message; or the reason to pass it
//! over. A kind not known here is a message nevertheless: a customer who writes is never lost, whatever WhatsApp
//! invents.

use serde_json::{Map, Value};

use super::kinds;
use crate::wire::chat::{
    Attachment, AttachmentKind, Quote, Skip, What, flag, id, label, mentions, placeholder, short,
    text,
};
use crate::wire::{long, when};

/// Wrappers within wrappers; WhatsApp nests at most three.
const MAX_WRAPPERS: usize = 8;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    Said(Said),
    Changed {
        target: Option<String>,
        at: Option<i64>,
        what: What,
    },
    /// It could not be decrypted, and may come again.
    Undecrypted,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub text: String,
    pub attachment: Option<Attachment>,
    pub context: Context,
}

/// What a `contextInfo` tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    pub quoted: Option<Quote>,
    /// Whom it mentions, and whom it answers.
    pub mentions: Vec<String>,
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
    ("locationMessage", kinds::location),
    ("liveLocationMessage", kinds::live_location),
    ("contactMessage", kinds::contact),
    ("contactsArrayMessage", kinds::contacts),
    ("pollCreationMessage", kinds::poll),
    ("pollCreationMessageV2", kinds::poll),
    ("pollCreationMessageV3", kinds::poll),
    ("pollCreationMessageV5", kinds::poll),
    ("eventMessage", kinds::event),
    ("groupInviteMessage", kinds::group_invite),
];

const PASSED_OVER: [(&str, Skip); 10] = [
    ("encReactionMessage", Skip::Reaction),
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

/// Reads a `message`.
pub fn read(message: &Value) -> Result<Content, Skip> {
    let mut layer = message.as_object().ok_or(Skip::Malformed)?;
    for _ in 0..MAX_WRAPPERS {
        if let Some(result) = known(layer) {
            return result;
        }
        match layer.values().find_map(|kind| kind.get("message")?.as_object()) {
            Some(inner) => layer = inner,
            None => return unknown(layer).map(Content::Said),
        }
    }
    Err(Skip::Malformed)
}

/// What is said by a `message`; what does something to another one is [`Skip::Malformed`] here.
pub fn said(message: &Value) -> Result<Said, Skip> {
    match read(message)? {
        Content::Said(said) => Ok(said),
        _ => Err(Skip::Malformed),
    }
}

fn member<'a>(layer: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    layer.get(name).filter(|value| !value.is_null())
}

fn known(layer: &Map<String, Value>) -> Option<Result<Content, Skip>> {
    if let Some(protocol) = member(layer, "protocolMessage") {
        return Some(protocol_message(protocol));
    }
    if let Some(reaction) = member(layer, "reactionMessage") {
        return Some(Ok(self::reaction(reaction)));
    }
    if member(layer, "placeholderMessage").is_some() {
        return Some(Ok(Content::Undecrypted));
    }
    if let Some(skip) = PASSED_OVER.iter().find(|(name, _)| member(layer, name).is_some()) {
        return Some(Err(skip.1));
    }
    for (name, words) in WORDS {
        let Some(kind) = member(layer, name) else { continue };
        let text = kind.pointer(words).and_then(Value::as_str).unwrap_or_default();
        return Some(match name {
            "conversation" | "extendedTextMessage" if text.trim().is_empty() => Err(Skip::Empty),
            _ if text.trim().is_empty() => {
                Ok(Content::Said(plain(placeholder::unsupported(name), kind)))
            }
            _ => Ok(Content::Said(plain(text.to_owned(), kind))),
        });
    }
    for (name, kind) in MEDIA {
        if let Some(media) = member(layer, name) {
            return Some(Ok(Content::Said(medium(media, kind))));
        }
    }
    let (kind, describe) =
        OTHERS.iter().find_map(|(name, describe)| Some((member(layer, name)?, describe)))?;
    Some(Ok(Content::Said(plain(describe(kind), kind))))
}

/// An edit or a revoke of another message. Its type comes as number or as name. The key in it is as its sender
/// sees it: only the id counts.
pub fn protocol_message(protocol: &Value) -> Result<Content, Skip> {
    let target = protocol.get("key").and_then(|key| id(key.get("id")));
    let is = |name: &str, number: i64| match protocol.get("type") {
        Some(Value::String(told)) => told == name,
        Some(told) => told.as_i64() == Some(number),
        None => false,
    };
    let what = if is("REVOKE", 0) {
        What::Deleted
    } else if is("MESSAGE_EDIT", 14) {
        let edited = protocol.get("editedMessage").ok_or(Skip::Edit)?;
        What::Edited(said(edited).map_err(|_| Skip::Edit)?.text)
    } else {
        return Err(Skip::Protocol);
    };
    Ok(Content::Changed { target, at: in_seconds(protocol.get("timestampMs")), what })
}

/// A reaction, as a message or as an event of its own.
pub fn reaction(reaction: &Value) -> Content {
    let emoji = text(reaction, "text").and_then(short);
    Content::Changed {
        target: reaction.get("key").and_then(|key| id(key.get("id"))),
        at: reaction.get("senderTimestampMs").and_then(when::micros),
        what: What::Reaction(emoji),
    }
}

/// One of the two forms of a change tells its time in seconds only, so both are told in whole seconds.
pub fn in_seconds(time: Option<&Value>) -> Option<i64> {
    let micros = when::micros(time?)?;
    Some(micros - micros.rem_euclid(1_000_000))
}

fn unknown(layer: &Map<String, Value>) -> Result<Said, Skip> {
    let kind = layer
        .iter()
        .find(|(name, value)| value.is_object() && !COMPANIONS.contains(&name.as_str()));
    let (name, kind) = kind.ok_or(Skip::Empty)?;
    Ok(plain(placeholder::unsupported(name), kind))
}

fn plain(text: String, kind: &Value) -> Said {
    Said { text, attachment: None, context: context(kind) }
}

fn medium(media: &Value, kind: AttachmentKind) -> Said {
    let number = |name| media.get(name).and_then(long::integer);
    let attachment = Attachment {
        kind: if flag(media, "ptt") { AttachmentKind::Voice } else { kind },
        mimetype: label(media.get("mimetype")),
        file_name: label(media.get("fileName")).or_else(|| label(media.get("title"))),
        bytes: number("fileLength").and_then(|bytes| u64::try_from(bytes).ok()),
        seconds: number("seconds").and_then(|seconds| u32::try_from(seconds).ok()),
    };
    let text = placeholder::captioned(text(media, "caption"), &attachment);
    Said { text, attachment: Some(attachment), context: context(media) }
}

/// What the `contextInfo` beside or in a kind says: which message this one answers, and whom it mentions.
pub fn context(kind: &Value) -> Context {
    let Some(info) = kind.get("contextInfo") else { return Context::default() };
    let quoted = id(info.get("stanzaId"));
    let mut mentions = mentions(info.get("mentionedJid"));
    if quoted.is_some() {
        let answered = Value::Array(info.get("participant").cloned().into_iter().collect());
        mentions.extend(self::mentions(Some(&answered)));
    }
    let quoted = quoted.map(|id| Quote {
        id,
        text: info.get("quotedMessage").and_then(|quoted| short(&said(quoted).ok()?.text)),
    });
    Context { quoted, mentions }
}

impl Context {
    /// This, and where it says nothing what the other says.
    pub fn or(mut self, other: Context) -> Context {
        self.quoted = self.quoted.or(other.quoted);
        self.mentions.extend(other.mentions);
        self
    }
}
