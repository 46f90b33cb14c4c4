//! What a message of Whapi says: its `type` names the member that holds it.

use serde_json::Value;

use crate::wire::chat::{
    Attachment, AttachmentKind, Skip, What, label, list, member, placeholder, short, text,
    words as words_in,
};
use crate::wire::long;

/// Types that are files.
const MEDIA: [(&str, AttachmentKind); 8] = [
    ("image", AttachmentKind::Image),
    ("video", AttachmentKind::Video),
    ("short", AttachmentKind::Video),
    ("gif", AttachmentKind::Video),
    ("audio", AttachmentKind::Audio),
    ("voice", AttachmentKind::Voice),
    ("document", AttachmentKind::Document),
    ("sticker", AttachmentKind::Sticker),
];

/// Where a kind that is words has them, the first that holds any.
const WORDS: [&str; 9] = [
    "/body",
    "/body/text",
    "/text/body",
    "/text",
    "/buttons_reply/title",
    "/list_reply/title",
    "/caption",
    "/title",
    "/comment",
];

pub fn is_undecrypted(message: &Value) -> bool {
    ["type", "subtype"].into_iter().any(|name| text(message, name) == Some("ciphertext"))
}

/// The words and the file of a message.
pub fn said(message: &Value) -> Result<(String, Option<Attachment>), Skip> {
    if is_undecrypted(message) {
        return Ok((placeholder::UNDECRYPTED.to_owned(), None));
    }
    let kind = text(message, "type").filter(|kind| !kind.is_empty()).ok_or(Skip::Malformed)?;
    let content = member(message, kind).unwrap_or(&Value::Null);
    if let Some((_, kind)) = MEDIA.iter().find(|(name, _)| *name == kind) {
        let attachment = attachment(*kind, content);
        return Ok((
            placeholder::captioned(text(content, "caption"), &attachment),
            Some(attachment),
        ));
    }
    let line = match kind {
        "system" | "call" | "pinned" | "revoked" | "album" => return Err(Skip::Protocol),
        "text" => words(content).ok_or(Skip::Empty)?,
        "location" => place("Location", content),
        "live_location" => match words_in(content, "caption") {
            Some(caption) => format!("{caption}\n{}", place("Live location", content)),
            None => place("Live location", content),
        },
        "contact" => placeholder::contacts(vec![person(content)]),
        "contact_list" => placeholder::contacts(list(content, "list").iter().map(person).collect()),
        "poll" => {
            let option = |one: &Value| label(Some(one)).or(label(one.get("name")));
            let options = list(content, "options").iter().filter_map(option).collect();
            placeholder::poll(label(content.get("title")), options)
        }
        "event" => placeholder::named("Event", label(content.get("name"))),
        "group_invite" => match words(content) {
            Some(words) => words,
            None => placeholder::named("Group invitation", None),
        },
        other => words(content).unwrap_or_else(|| placeholder::unsupported(other)),
    };
    Ok((line, None))
}

/// The words of a content, whatever its kind.
pub fn words(content: &Value) -> Option<String> {
    let found = WORDS.into_iter().filter_map(|at| content.pointer(at)?.as_str());
    found.filter(|words| !words.trim().is_empty()).map(str::to_owned).next()
}

fn attachment(kind: AttachmentKind, content: &Value) -> Attachment {
    let number = |name| content.get(name).and_then(long::integer);
    Attachment {
        kind,
        mimetype: label(content.get("mime_type")),
        file_name: label(content.get("filename")).or_else(|| label(content.get("file_name"))),
        bytes: number("file_size").and_then(|bytes| u64::try_from(bytes).ok()),
        seconds: number("seconds").and_then(|seconds| u32::try_from(seconds).ok()),
    }
}

fn place(what: &str, content: &Value) -> String {
    let degrees = |name| content.get(name).and_then(Value::as_f64);
    let names = ["name", "address"].map(|name| label(content.get(name)));
    placeholder::place(what, names, (degrees("latitude"), degrees("longitude")))
}

fn person(contact: &Value) -> String {
    let card = text(contact, "vcard").map(placeholder::vcard);
    let (name, number) = card.unwrap_or_default();
    placeholder::person(label(contact.get("name")).or(name), number)
}

/// What an `action` does to its target.
pub fn action(action: &Value) -> Result<What, Skip> {
    Ok(match text(action, "type") {
        Some("reaction") => What::Reaction(text(action, "emoji").and_then(short)),
        Some("edit" | "edited") => {
            let content = member(action, "edited_content");
            What::Edited(content.and_then(words).ok_or(Skip::Edit)?)
        }
        Some("delete" | "deleted" | "revoke") => What::Deleted,
        _ => return Err(Skip::Protocol),
    })
}
