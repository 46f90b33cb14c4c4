//! One readable line for what has no words: `[Voice message, 0:07]`. An agent reads it in the timeline, so it
//! holds what helps a person: the name, the place, the number, never a link or bytes.

use serde_json::Value;

use super::{Attachment, AttachmentKind, label};

/// Names and options shown in one line; the rest are counted.
const MAX_LISTED: usize = 20;

pub(super) fn attachment(attachment: &Attachment) -> String {
    let what = match attachment.kind {
        AttachmentKind::Image => "Image",
        AttachmentKind::Video => "Video",
        AttachmentKind::Audio => "Audio",
        AttachmentKind::Voice => "Voice message",
        AttachmentKind::Document => "Document",
        AttachmentKind::Sticker => "Sticker",
    };
    match (attachment.kind, attachment.seconds, &attachment.file_name) {
        (AttachmentKind::Document, _, Some(name)) => format!("[{what}: {name}]"),
        (AttachmentKind::Video | AttachmentKind::Audio | AttachmentKind::Voice, Some(s), _) => {
            format!("[{what}, {}:{:02}]", s / 60, s % 60)
        }
        _ => format!("[{what}]"),
    }
}

/// `[Location: Monas, Jakarta Pusat (-6.208763, 106.845599)]`.
pub(super) fn location(kind: &Value) -> String {
    place("Location", kind)
}

/// A live location has a caption instead of a name.
pub(super) fn live_location(kind: &Value) -> String {
    let line = place("Live location", kind);
    match kind.get("caption").and_then(Value::as_str) {
        Some(caption) if !caption.trim().is_empty() => format!("{caption}\n{line}"),
        _ => line,
    }
}

fn place(what: &str, kind: &Value) -> String {
    let parts: Vec<String> =
        ["name", "address"].into_iter().filter_map(|part| label(kind.get(part))).collect();
    let name = parts.join(", ");
    let degrees = |name| kind.get(name).and_then(Value::as_f64);
    let point = degrees("degreesLatitude")
        .zip(degrees("degreesLongitude"))
        .filter(|(latitude, longitude)| latitude.abs() <= 90.0 && longitude.abs() <= 180.0)
        .map(|(latitude, longitude)| format!("{latitude:.6}, {longitude:.6}"));
    match (name.is_empty(), point) {
        (false, Some(point)) => format!("[{what}: {name} ({point})]"),
        (false, None) => format!("[{what}: {name}]"),
        (true, Some(point)) => format!("[{what}: {point}]"),
        (true, None) => format!("[{what}]"),
    }
}

/// `[Contact: Siti (+62 811-1222-333)]`: the number is what a contact is sent for.
pub(super) fn contact(kind: &Value) -> String {
    format!("[Contact: {}]", person(kind))
}

pub(super) fn contacts(kind: &Value) -> String {
    let people = kind.get("contacts").and_then(Value::as_array).map(Vec::as_slice);
    format!("[Contacts: {}]", list(people.unwrap_or_default(), ", ", person))
}

fn person(contact: &Value) -> String {
    let name = label(contact.get("displayName"));
    let number = contact.get("vcard").and_then(Value::as_str).and_then(telephone);
    match (name, number) {
        (Some(name), Some(number)) => format!("{name} ({number})"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => "unnamed".to_owned(),
    }
}

/// The first number of a vCard: `TEL;type=CELL;waid=628111222333:+62 811-1222-333`, also as `item1.TEL:…`.
fn telephone(vcard: &str) -> Option<String> {
    vcard.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let property = name.split(';').next()?.rsplit('.').next()?;
        let value = value.trim();
        let number = property.eq_ignore_ascii_case("TEL") && !value.is_empty();
        number.then(|| value.chars().take(40).collect())
    })
}

/// `[Poll: When? — today / tomorrow]`.
pub(super) fn poll(kind: &Value) -> String {
    let question = label(kind.get("name")).unwrap_or_default();
    let options = kind.get("options").and_then(Value::as_array).map(Vec::as_slice);
    let options = list(options.unwrap_or_default(), " / ", |option| {
        label(option.get("optionName")).unwrap_or_default()
    });
    format!("[Poll: {question} — {options}]")
}

pub(super) fn event(kind: &Value) -> String {
    named("Event", kind.get("name"))
}

pub(super) fn group_invite(kind: &Value) -> String {
    named("Group invitation", kind.get("groupName"))
}

fn named(what: &str, name: Option<&Value>) -> String {
    match label(name) {
        Some(name) => format!("[{what}: {name}]"),
        None => format!("[{what}]"),
    }
}

/// A kind of message that this version does not read; the agent sees that there is one.
pub(super) fn unsupported(kind: &str) -> String {
    format!("[Unsupported message: {}]", kind.chars().take(64).collect::<String>())
}

fn list(values: &[Value], separator: &str, show: impl Fn(&Value) -> String) -> String {
    let mut shown: Vec<String> = values.iter().take(MAX_LISTED).map(show).collect();
    if values.len() > MAX_LISTED {
        shown.push(format!("{} more", values.len() - MAX_LISTED));
    }
    shown.join(separator)
}
