//! What Intercom posts: notifications of the present API, and the shape of API 1.x that seed 001 shows (S1.16).
//!
//! A notification has its `topic`, and a conversation in `data.item`: the message that opened it in every one of them,
//! and what is new in `conversation_parts`. Bodies are HTML.

use serde_json::Value;

use super::case::{Case, Delivery, MAX_TURNS, Person, Side, State, Step, Turn, id, label, words};
use super::{html, when};

const CONVERSATION: &str = "conversation.";

pub fn parse(body: &Value) -> Delivery {
    let topic = label(body.get("topic"));
    // API 1.x and the seed's example name the topic as `type`.
    let topic = topic.or_else(|| label(body.get("type"))).unwrap_or_default();
    let Some(kind) = topic.strip_prefix(CONVERSATION) else {
        return Delivery::Skipped(if topic == "ping" { "ping" } else { "unknown_topic" });
    };
    if kind == "deleted" {
        return Delivery::Skipped("conversation_deleted");
    }
    let Some(item) = body.get("data").and_then(|data| data.get("item")).filter(|i| i.is_object())
    else {
        return Delivery::Empty("data.item: the conversation is needed");
    };
    let mut case = conversation(item);
    case.event = id(body.get("id"));
    let told_at = body.get("created_at").and_then(when::micros);
    case.turns.retain(|turn| !turn.text.is_empty());
    let part_at =
        parts(item).filter_map(|part| part.get("created_at").and_then(when::micros)).max();
    case.state = step(kind).map(|step| State { step, at: part_at.or(told_at) });
    if case.id.is_none() && case.description.is_none() && case.turns.is_empty() {
        return Delivery::Empty("data.item: an id or a message is needed");
    }
    Delivery::Case(Box::new(case))
}

/// What of a topic moves the conversation; a customer's reply opens it again by itself.
fn step(kind: &str) -> Option<Step> {
    Some(match kind {
        "admin.closed" | "closed" => Step::Closed,
        "admin.opened" | "admin.unsnoozed" | "opened" => Step::Working,
        "admin.snoozed" => Step::AwaitsCustomer,
        _ => return None,
    })
}

fn conversation(item: &Value) -> Case {
    let none = Value::Null;
    let mut first = ["source", "conversation_message", "first_message"].into_iter();
    let first = first.find_map(|name| item.get(name).filter(|m| m.is_object())).unwrap_or(&none);
    let author = first.get("author").unwrap_or(&none);
    let described_by = side(author);
    let contact = item.get("contacts").map(|list| list.get("contacts").unwrap_or(list));
    let contact = contact.and_then(|list| list.get(0)).unwrap_or(&none);
    let known = [item.get("user"), item.get("contact"), Some(author), Some(contact)];
    let customers = known.into_iter().flatten().filter(|who| side(who) == Side::Customer);
    let customers: Vec<&Value> = customers.collect();
    let of = |name: &str| customers.iter().find_map(|who| label(who.get(name)));
    let subject = words(first.get("subject")).map(|subject| html::plain(&subject));
    Case {
        id: id(item.get("id")),
        subject: subject.filter(|s| !s.is_empty()).or_else(|| label(item.get("title"))),
        description: said(first),
        described_by,
        opened_at: item.get("created_at").and_then(when::micros),
        requester: Person {
            id: customers.iter().find_map(|who| id(who.get("id"))),
            name: of("name"),
            email: of("email"),
        },
        turns: parts(item).take(MAX_TURNS).map(turn).collect(),
        ..Case::default()
    }
}

/// The parts of a conversation, under either of their names.
fn parts(item: &Value) -> impl Iterator<Item = &Value> {
    let list = item.get("conversation_parts");
    let list = list.map(|list| list.get("conversation_parts").unwrap_or(list));
    list.and_then(Value::as_array).into_iter().flatten()
}

/// A part without words (closing, assigning) comes out with an empty text.
fn turn(part: &Value) -> Turn {
    let author = part.get("author").unwrap_or(&Value::Null);
    Turn {
        id: id(part.get("id")),
        at: part.get("created_at").and_then(when::micros),
        side: side(author),
        author: label(author.get("name")),
        text: said(part).unwrap_or_default(),
        private: label(part.get("part_type")).is_some_and(|kind| kind == "note"),
    }
}

fn side(author: &Value) -> Side {
    match label(author.get("type")).as_deref() {
        Some("admin" | "team") => Side::Agent,
        Some("bot") => Side::Bot,
        _ => Side::Customer,
    }
}

/// The words of a message, or what files came with it.
fn said(message: &Value) -> Option<String> {
    let text = words(message.get("body")).map(|body| html::plain(&body)).filter(|t| !t.is_empty());
    let files = message.get("attachments").and_then(Value::as_array).into_iter().flatten();
    let names = files.take(MAX_TURNS).map(|file| match label(file.get("name")) {
        Some(name) => format!("[File: {name}]"),
        None => "[File]".to_owned(),
    });
    let lines: Vec<String> = text.into_iter().chain(names).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

#[cfg(test)]
#[path = "intercom_tests.rs"]
mod tests;
