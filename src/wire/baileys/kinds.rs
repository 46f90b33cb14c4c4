//! The kinds of `message` that stand for something without words or files of their own.

use serde_json::Value;

use crate::wire::chat::{label, list, placeholder};

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
    let degrees = |name| kind.get(name).and_then(Value::as_f64);
    let at = (degrees("degreesLatitude"), degrees("degreesLongitude"));
    placeholder::place(what, ["name", "address"].map(|part| label(kind.get(part))), at)
}

pub(super) fn contact(kind: &Value) -> String {
    placeholder::contacts(vec![person(kind)])
}

pub(super) fn contacts(kind: &Value) -> String {
    placeholder::contacts(list(kind, "contacts").iter().map(person).collect())
}

fn person(contact: &Value) -> String {
    let card = contact.get("vcard").and_then(Value::as_str).map(placeholder::vcard);
    let (name, number) = card.unwrap_or_default();
    placeholder::person(label(contact.get("displayName")).or(name), number)
}

pub(super) fn poll(kind: &Value) -> String {
    let option = |one: &Value| label(one.get("optionName")).unwrap_or_default();
    let options = list(kind, "options").iter().map(option).collect();
    placeholder::poll(label(kind.get("name")), options)
}

pub(super) fn event(kind: &Value) -> String {
    placeholder::named("Event", label(kind.get("name")))
}

pub(super) fn group_invite(kind: &Value) -> String {
    placeholder::named("Group invitation", label(kind.get("groupName")))
}
