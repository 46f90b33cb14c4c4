//! What a message of Meta's says: its `type` names the member that holds it.

use serde_json::Value;

use crate::wire::chat::{
    Attachment, AttachmentKind, Skip, flag, label, list, member, placeholder, text, words,
};

/// The words and the file of a message.
pub fn said(message: &Value) -> Result<(String, Option<Attachment>), Skip> {
    let kind = text(message, "type").filter(|kind| !kind.is_empty()).ok_or(Skip::Malformed)?;
    let content = member(message, kind).unwrap_or(&Value::Null);
    let media = match kind {
        "image" => Some(AttachmentKind::Image),
        "video" => Some(AttachmentKind::Video),
        "audio" if flag(content, "voice") => Some(AttachmentKind::Voice),
        "audio" | "voice" => Some(AttachmentKind::Audio),
        "document" => Some(AttachmentKind::Document),
        "sticker" => Some(AttachmentKind::Sticker),
        _ => None,
    };
    if let Some(kind) = media {
        let attachment = Attachment {
            kind,
            mimetype: label(content.get("mime_type")),
            file_name: label(content.get("filename")),
            bytes: content.get("file_size").and_then(Value::as_u64),
            seconds: None,
        };
        return Ok((
            placeholder::captioned(text(content, "caption"), &attachment),
            Some(attachment),
        ));
    }
    let line = match kind {
        "text" => words(content, "body").ok_or(Skip::Empty)?,
        "button" => words(content, "text").unwrap_or_else(|| placeholder::unsupported(kind)),
        "interactive" => pressed(content).unwrap_or_else(|| placeholder::unsupported(kind)),
        "location" => {
            let degrees = |name| content.get(name).and_then(Value::as_f64);
            let names = ["name", "address"].map(|name| label(content.get(name)));
            placeholder::place("Location", names, (degrees("latitude"), degrees("longitude")))
        }
        "contacts" => placeholder::contacts(list(message, kind).iter().map(person).collect()),
        "order" => order(content),
        "system" | "request_welcome" => return Err(Skip::Protocol),
        _ => {
            let why = list(message, "errors").first();
            let why = why.and_then(|error| {
                label(error.pointer("/error_data/details")).or(label(error.get("title")))
            });
            placeholder::unsupported(why.as_deref().unwrap_or(kind))
        }
    };
    Ok((line, None))
}

/// What was on the button, the title of the choice, or the words of a filled-in form.
fn pressed(content: &Value) -> Option<String> {
    let title = |kind: &str| content.get(kind).and_then(|reply| words(reply, "title"));
    let form = |name: &str| content.get("nfm_reply").and_then(|reply| label(reply.get(name)));
    title("button_reply").or_else(|| title("list_reply")).or_else(|| {
        let filled = placeholder::named("Form", form("body").or_else(|| form("name")));
        content.get("nfm_reply").is_some_and(Value::is_object).then_some(filled)
    })
}

fn person(contact: &Value) -> String {
    let name = contact.get("name").unwrap_or(&Value::Null);
    let name = label(name.get("formatted_name")).or_else(|| label(name.get("first_name")));
    let number = list(contact, "phones").iter().find_map(|phone| label(phone.get("phone")));
    placeholder::person(name, number)
}

/// `[Order: 3 items] and a note`.
fn order(content: &Value) -> String {
    let items = list(content, "product_items").len();
    let line = placeholder::named("Order", Some(format!("{items} items")));
    match words(content, "text") {
        Some(note) => format!("{line} {note}"),
        None => line,
    }
}
