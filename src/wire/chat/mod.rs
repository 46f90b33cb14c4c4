//! What the WhatsApp bridges and platforms deliver, in one form, whatever the vendor's shape.
//!
//! Each vendor has a parser of its own beside this module; all of them give [`Delivery`]. Reading never fails:
//! what is neither a message nor says something of one comes out as [`Item::Skipped`] with its reason, and a
//! malformed element costs itself, not its neighbours. Media bytes and unknown members are dropped; texts are
//! kept whole and unchanged.

pub mod jid;
pub(super) mod party;
pub(super) mod placeholder;
mod skip;
#[cfg(test)]
pub(super) mod tests;

use serde_json::Value;

pub use skip::Skip;

/// The most elements of one delivery that are read; the rest come out as [`Skip::TooMany`]. A bridge sends one
/// to a few; after hours offline some hundreds.
pub const MAX_ITEMS: usize = 1000;

/// The longest message id or address that counts as one, in bytes; WhatsApp's own have at most 130.
pub const MAX_ID: usize = 256;

/// Names, file names and media types are cut to so many characters.
pub const MAX_LABEL: usize = 256;

/// The most addresses of one message that are read: whom it mentions.
const MAX_MENTIONS: usize = 64;

/// What one account received, in one body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Which of several WhatsApp accounts the bridge speaks for, when it says so.
    pub instance: Option<String>,
    /// The account's own addresses, as far as the bridge tells.
    pub own: Vec<String>,
    pub ids: Ids,
    /// In the order of the body.
    pub items: Vec<Item>,
}

/// How far the ids of messages tell them apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ids {
    #[default]
    InChat,
    /// Within a chat too, but this vendor tells of some changes by id alone.
    InChatOrAlone,
    Alone,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    Message(Box<Message>),
    Change(Box<Change>),
    /// How far a message of ours has come.
    Receipt(Box<Receipt>),
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

/// A message of a private chat or of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// WhatsApp's id; `None` only from the flat bridge of seed 004.
    pub id: Option<String>,
    /// The customer's, whoever wrote; the group's in a group.
    pub chat: String,
    /// The customer's number, E.164 digits without `+` (S4.19); none in a group.
    pub phone: Option<String>,
    /// The customer's `…@lid`.
    pub lid: Option<String>,
    /// Every address of the customer known from this message, the chat's first; at most one of each kind.
    pub addresses: Vec<String>,
    /// The business wrote it: on its own phone, or through the bridge.
    pub from_me: bool,
    /// The writer's own name for themselves; `None` when `from_me`, the name is ours then.
    pub name: Option<String>,
    /// Microseconds since 1970; `None` when absent or absurd.
    pub sent_at: Option<i64>,
    /// Text or caption, unchanged; never blank: what has no words gets a line like `[Voice message, 0:07]`.
    pub text: String,
    pub attachment: Option<Attachment>,
    pub quoted: Option<Quote>,
    pub group: Option<Group>,
    /// Its content has not come yet: the same id may come again with it.
    pub undecrypted: bool,
}

/// What a message of a group says besides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// The group's, where the bridge tells it.
    pub title: Option<String>,
    /// Who wrote: every address that is known; empty when it was us.
    pub author: Vec<String>,
    /// The writer's number.
    pub phone: Option<String>,
    /// Whom it speaks to by name, or by answering.
    pub mentions: Vec<String>,
    /// The bridge itself says that it speaks to us.
    pub mentions_us: bool,
}

/// The message that another one answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    pub id: String,
    /// Its first words, where the bridge repeats them.
    pub text: Option<String>,
}

/// What became of a message after it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Of the event itself, where it has one.
    pub id: Option<String>,
    /// The message that changes.
    pub target: String,
    /// Every address of the chat that is known; empty where the bridge names the message alone.
    pub addresses: Vec<String>,
    /// In a group.
    pub group: bool,
    /// We did it.
    pub from_me: bool,
    /// Who did it, in a group.
    pub author: Vec<String>,
    /// How they call themselves.
    pub name: Option<String>,
    pub at: Option<i64>,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It says this now.
    Edited(String),
    /// Taken back for everybody.
    Deleted,
    /// An emoji at it; none takes it away.
    Reaction(Option<String>),
}

impl What {
    /// As a reason to pass it over.
    pub fn skip(&self) -> Skip {
        match self {
            What::Edited(_) => Skip::Edit,
            What::Deleted => Skip::Revoke,
            What::Reaction(_) => Skip::Reaction,
        }
    }
}

/// A mark at a message of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Our message.
    pub id: String,
    /// Every address of the chat that is known; empty where the bridge names the message alone.
    pub addresses: Vec<String>,
    pub state: State,
    pub at: Option<i64>,
    /// Why it failed, in the vendor's words.
    pub error: Option<String>,
}

/// How far a message of ours has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Sent,
    Delivered,
    Read,
    Failed,
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

    /// By a media type's family; what is none of them is a document.
    pub(super) fn of_mimetype(mimetype: &str) -> AttachmentKind {
        match mimetype.split('/').next() {
            Some("image") => AttachmentKind::Image,
            Some("video") => AttachmentKind::Video,
            Some("audio") => AttachmentKind::Audio,
            _ => AttachmentKind::Document,
        }
    }
}

pub(super) const MALFORMED: Item = Item::Skipped { id: None, reason: Skip::Malformed };

pub(super) fn skipped(id: Option<String>, reason: Skip) -> Item {
    Item::Skipped { id, reason }
}

/// One item without an id.
pub(super) fn whole(reason: Skip) -> Vec<Item> {
    vec![Item::Skipped { id: None, reason }]
}

/// Reads the first [`MAX_ITEMS`] elements. Of the rest every id is told, so that the bridge knows what to send
/// again, and those without one are told together, once: junk must not grow into memory.
pub(super) fn each(
    elements: &[Value],
    id_of: impl Fn(&Value) -> Option<String>,
    read: impl Fn(&Value) -> Item,
) -> Vec<Item> {
    let (taken, rest) = elements.split_at(elements.len().min(MAX_ITEMS));
    let mut items: Vec<Item> = taken.iter().map(read).collect();
    let mut unnamed = false;
    for element in rest {
        match id_of(element) {
            Some(id) => items.push(skipped(Some(id), Skip::TooMany)),
            None => unnamed = true,
        }
    }
    if unnamed {
        items.push(skipped(None, Skip::TooMany));
    }
    items
}

/// A member that is there and not null.
pub(super) fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    value.get(name).filter(|member| !member.is_null())
}

/// The elements of a list member; one that is no list counts as its only element.
pub(super) fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    match member(value, name) {
        None => &[],
        Some(Value::Array(elements)) => elements,
        Some(one) => std::slice::from_ref(one),
    }
}

/// A string member.
pub(super) fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name)?.as_str()
}

/// A string member that holds words.
pub(super) fn words(value: &Value, name: &str) -> Option<String> {
    text(value, name).filter(|text| !text.trim().is_empty()).map(str::to_owned)
}

pub(super) fn flag(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool).unwrap_or(false)
}

/// A short string member: trimmed, cut to [`MAX_LABEL`] characters; `None` when blank or no string.
pub(super) fn label(value: Option<&Value>) -> Option<String> {
    short(value?.as_str()?)
}

/// The same of a text.
pub(super) fn short(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.chars().take(MAX_LABEL).collect())
}

/// An id: `None` when it is blank, longer than [`MAX_ID`] or no string.
pub(super) fn id(value: Option<&Value>) -> Option<String> {
    let text = value?.as_str()?;
    (!text.trim().is_empty() && text.len() <= MAX_ID).then(|| text.to_owned())
}

/// The addresses that a list names, as jids or bare numbers.
pub(super) fn mentions(listed: Option<&Value>) -> Vec<String> {
    let listed = listed.and_then(Value::as_array).into_iter().flatten().take(MAX_MENTIONS);
    let jids = listed.filter_map(|one| jid::Jid::parse_or_phone(one.as_str()?));
    jids.map(|jid| jid.to_string()).collect()
}
