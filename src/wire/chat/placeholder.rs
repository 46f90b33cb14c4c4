//! One readable line for what has no words: `[Voice message, 0:07]`. An agent reads it in the timeline, so it
//! holds what helps a person: the name, the place, the number, never a link or bytes.

use super::{Attachment, AttachmentKind};

/// Names and options shown in one line; the rest are counted.
const MAX_LISTED: usize = 20;

/// A message whose content may still come.
pub const UNDECRYPTED: &str = "[Message not decrypted yet]";

pub fn attachment(attachment: &Attachment) -> String {
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

/// The caption, or a line in its place.
pub fn captioned(caption: Option<&str>, medium: &Attachment) -> String {
    match caption {
        Some(caption) if !caption.trim().is_empty() => caption.to_owned(),
        _ => attachment(medium),
    }
}

/// `[Location: Monas, Jakarta Pusat (-6.208763, 106.845599)]`; latitude and longitude in degrees.
pub fn place(
    what: &str,
    names: impl IntoIterator<Item = Option<String>>,
    degrees: (Option<f64>, Option<f64>),
) -> String {
    let name = names.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let point = (degrees.0)
        .zip(degrees.1)
        .filter(|(latitude, longitude)| latitude.abs() <= 90.0 && longitude.abs() <= 180.0)
        .map(|(latitude, longitude)| format!("{latitude:.6}, {longitude:.6}"));
    match (name.is_empty(), point) {
        (false, Some(point)) => format!("[{what}: {name} ({point})]"),
        (false, None) => format!("[{what}: {name}]"),
        (true, Some(point)) => format!("[{what}: {point}]"),
        (true, None) => format!("[{what}]"),
    }
}

/// `Siti (+62 811-1222-333)`: the number is what a contact is sent for.
pub fn person(name: Option<String>, number: Option<String>) -> String {
    match (name, number) {
        (Some(name), Some(number)) => format!("{name} ({number})"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => "unnamed".to_owned(),
    }
}

/// `[Contact: Siti (+62 811-1222-333)]`.
pub fn contacts(people: Vec<String>) -> String {
    let what = if people.len() == 1 { "Contact" } else { "Contacts" };
    format!("[{what}: {}]", listed(people, ", "))
}

/// Name and first number of a vCard: `FN:Siti`, `TEL;type=CELL;waid=628111222333:+62 811-1222-333`, also as
/// `item1.TEL:…`.
pub fn vcard(card: &str) -> (Option<String>, Option<String>) {
    let property = |wanted: &str| {
        card.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let name = name.split(';').next()?.rsplit('.').next()?.trim();
            let value = value.trim();
            let found = name.eq_ignore_ascii_case(wanted) && !value.is_empty();
            found.then(|| value.to_owned())
        })
    };
    let number = property("TEL").map(|number| number.chars().take(40).collect());
    (property("FN").and_then(|name| super::short(&name)), number)
}

/// `[Poll: When? — today / tomorrow]`.
pub fn poll(question: Option<String>, options: Vec<String>) -> String {
    format!("[Poll: {} — {}]", question.unwrap_or_default(), listed(options, " / "))
}

/// `[Event: Rapat]`.
pub fn named(what: &str, name: Option<String>) -> String {
    match name {
        Some(name) => format!("[{what}: {name}]"),
        None => format!("[{what}]"),
    }
}

/// A kind of message that this version does not read; the agent sees that there is one.
pub fn unsupported(kind: &str) -> String {
    format!("[Unsupported message: {}]", kind.chars().take(64).collect::<String>())
}

fn listed(mut shown: Vec<String>, separator: &str) -> String {
    if shown.len() > MAX_LISTED {
        let more = format!("{} more", shown.len() - MAX_LISTED);
        shown.truncate(MAX_LISTED);
        shown.push(more);
    }
    shown.join(separator)
}
