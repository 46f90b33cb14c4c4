//! What a Baileys bridge posts (WhatsApp, seed 004), read into plain facts.
//!
//! No standard for the body exists, so every shape seen in the wild is read: `{event, data}`, `{type, …}`,
//! `{messages, type}`, a bare array, one bare message, and the flat bridge of seed 004 (`{from, text, …}`).
//! Reading never fails: what is not a customer's or an agent's message comes out as [`Item::Skipped`] with its
//! reason, and a malformed element costs itself, not its neighbours. Media bytes and unknown members are
//! dropped; texts are kept whole and unchanged.

mod content;
mod envelope;
mod flat;
mod jid;
mod message;
mod placeholder;
#[cfg(test)]
mod tests;

pub use envelope::parse;

/// The most elements of one delivery that are read; the rest come out as [`Skip::TooMany`]. A bridge sends one
/// to a few; after hours offline some hundreds.
pub const MAX_ITEMS: usize = 1000;

/// The longest message id or address that counts as one, in bytes; WhatsApp's own have at most 40.
pub const MAX_ID: usize = 256;

/// Names, file names and media types are cut to so many characters.
pub const MAX_LABEL: usize = 256;

/// One body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Which of several WhatsApp accounts the bridge speaks for, when it says so.
    pub instance: Option<String>,
    /// In the order of the body.
    pub items: Vec<Item>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    Message(Box<Message>),
    /// Two addresses are one person: `lid` is `…@lid`, `phone` `…@s.whatsapp.net`.
    SamePerson {
        lid: String,
        phone: String,
    },
    /// Accepted and passed over; `id` when one could be read.
    Skipped {
        id: Option<String>,
        reason: Skip,
    },
}

/// A message of a private chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// WhatsApp's id; `None` only from the flat bridge of seed 004.
    pub id: Option<String>,
    /// Address of the chat, which is the customer's, whoever wrote: no device, one spelling a server.
    pub chat: String,
    /// The customer's number, E.164 digits without `+` (S4.19).
    pub phone: Option<String>,
    /// The customer's `…@lid`.
    pub lid: Option<String>,
    /// Every address of the customer known from this message, the chat's first; at most one phone address and
    /// one LID.
    pub addresses: Vec<String>,
    /// The business wrote it: on its own phone, or through the bridge.
    pub from_me: bool,
    /// The customer's own name for themselves; `None` when `from_me`, the name is ours then.
    pub name: Option<String>,
    /// Microseconds since 1970; `None` when absent or absurd.
    pub sent_at: Option<i64>,
    /// Text or caption, unchanged; never blank: what has no words gets a line like `[Voice message, 0:07]`.
    pub text: String,
    pub attachment: Option<Attachment>,
    /// Id of the message that this one answers.
    pub quoted: Option<String>,
}

/// What is known of a medium; its bytes stay with the bridge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    pub kind: AttachmentKind,
    pub mimetype: Option<String>,
    pub file_name: Option<String>,
    pub bytes: Option<u64>,
    /// Length of sound and pictures that move.
    pub seconds: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttachmentKind {
    Image,
    Video,
    Audio,
    Voice,
    Document,
    Sticker,
}

impl AttachmentKind {
    pub fn as_str(self) -> &'static str {
        match self {
            AttachmentKind::Image => "image",
            AttachmentKind::Video => "video",
            AttachmentKind::Audio => "audio",
            AttachmentKind::Voice => "voice",
            AttachmentKind::Document => "document",
            AttachmentKind::Sticker => "sticker",
        }
    }
}

/// Why something was passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Skip {
    Group,
    StatusBroadcast,
    /// Our own message to a broadcast list: it has no single customer.
    Broadcast,
    Newsletter,
    /// WhatsApp's own accounts and bots.
    Service,
    /// Delivery and read marks.
    Receipt,
    /// WhatsApp's own housekeeping, albums' headers and votes included.
    Protocol,
    Reaction,
    Edit,
    Revoke,
    /// Not decrypted yet: the same id may come again with its content, so this must not count as seen.
    Undecryptable,
    /// Bears no content at all.
    Empty,
    /// Old messages that a new device is told.
    History,
    Presence,
    /// Contacts, chats, groups, calls, the bridge's own connection.
    BridgeEvent,
    UnknownEvent,
    Malformed,
    /// Beyond [`MAX_ITEMS`].
    TooMany,
}

impl Skip {
    /// As counted and as told to the bridge.
    pub fn as_str(self) -> &'static str {
        match self {
            Skip::Group => "group",
            Skip::StatusBroadcast => "status_broadcast",
            Skip::Broadcast => "broadcast",
            Skip::Newsletter => "newsletter",
            Skip::Service => "service",
            Skip::Receipt => "receipt",
            Skip::Protocol => "protocol",
            Skip::Reaction => "reaction",
            Skip::Edit => "edit",
            Skip::Revoke => "revoke",
            Skip::Undecryptable => "undecryptable",
            Skip::Empty => "empty",
            Skip::History => "history",
            Skip::Presence => "presence",
            Skip::BridgeEvent => "bridge_event",
            Skip::UnknownEvent => "unknown_event",
            Skip::Malformed => "malformed",
            Skip::TooMany => "too_many",
        }
    }
}

/// A short string member: trimmed, cut to [`MAX_LABEL`] characters; `None` when blank or no string.
fn label(value: Option<&serde_json::Value>) -> Option<String> {
    let text = value?.as_str()?.trim();
    (!text.is_empty()).then(|| text.chars().take(MAX_LABEL).collect())
}

/// An id: `None` when it is blank, longer than [`MAX_ID`] or no string.
fn id(value: Option<&serde_json::Value>) -> Option<String> {
    let text = value?.as_str()?;
    (!text.trim().is_empty() && text.len() <= MAX_ID).then(|| text.to_owned())
}
