//! What Zendesk posts: event subscriptions, and triggers whose body the customer's admin wrote.
//!
//! An event (`type` is `zen:event-type:…`) has a fixed shape in which every value is a string. A trigger's body is
//! `{"ticket": {…}}` as in seed 001 (S1.15), or the same members without the wrapping; its placeholders come as
//! strings, empty ones too. Zendesk's texts are plain already.

use serde_json::Value;

use super::case::{Case, Delivery, Person, Side, State, Step, Turn, id, label, tags, words};
use super::when;

const EVENT: &str = "zen:event-type:";

pub fn parse(body: &Value) -> Delivery {
    match label(body.get("type")).as_deref().and_then(|kind| kind.strip_prefix(EVENT)) {
        Some(kind) => event(kind, body),
        None => trigger(body),
    }
}

fn event(kind: &str, body: &Value) -> Delivery {
    let Some(kind) = kind.strip_prefix("ticket.") else {
        return Delivery::Skipped("unknown_event");
    };
    let none = Value::Null;
    let (detail, event) = (body.get("detail").unwrap_or(&none), body.get("event").unwrap_or(&none));
    let at = body.get("time").and_then(when::micros);
    let (mut turns, mut state) = (Vec::new(), None);
    match kind {
        "created" => {}
        "comment_added" => turns.extend(event.get("comment").and_then(|c| comment(c, at))),
        "status_changed" => {
            state = label(event.get("current"))
                .and_then(|word| step(&word))
                .map(|step| State { step, at });
        }
        _ => return Delivery::Skipped("unknown_event"),
    }
    let named =
        label(body.get("subject")).and_then(|s| Some(s.strip_prefix("zen:ticket:")?.to_owned()));
    let mut case = facts(detail);
    case.id = id(detail.get("id")).or(named);
    case.event = id(body.get("id"));
    case.turns = turns;
    case.state = state;
    finish(case)
}

fn trigger(body: &Value) -> Delivery {
    let ticket = match body.get("ticket") {
        Some(ticket @ Value::Object(_)) => ticket,
        _ => body,
    };
    let mut case = facts(ticket);
    case.id = id(ticket.get("id")).or_else(|| id(ticket.get("ticket_id")));
    let updated = ticket.get("updated_at").and_then(when::micros);
    case.state = label(ticket.get("status"))
        .and_then(|word| step(&word))
        .map(|step| State { step, at: updated });
    let mut told = ["comment", "latest_comment", "latest_public_comment"].into_iter();
    let told = told.find_map(|name| ticket.get(name).or_else(|| body.get(name)));
    case.turns.extend(told.and_then(|c| comment(c, updated)));
    finish(case)
}

/// A case with nothing that could become a ticket is the sender's mistake.
fn finish(mut case: Case) -> Delivery {
    // The description is Zendesk's first comment, and some triggers tell it twice.
    let description = case.description.as_deref().map(str::trim);
    case.turns.retain(|turn| turn.side == Side::Agent || description != Some(turn.text.trim()));
    if case.id.is_none() && case.description.is_none() && case.subject.is_none() {
        return Delivery::Empty("ticket: an id, a subject or a description is needed");
    }
    Delivery::Case(Box::new(case))
}

fn facts(ticket: &Value) -> Case {
    let requester = ticket.get("requester").unwrap_or(&Value::Null);
    let about =
        |name: &str, flat: &str| label(requester.get(name)).or_else(|| label(ticket.get(flat)));
    Case {
        subject: label(ticket.get("subject")).or_else(|| label(ticket.get("title"))),
        description: words(ticket.get("description")),
        opened_at: ticket.get("created_at").and_then(when::micros),
        requester: Person {
            id: id(requester.get("id")).or_else(|| id(ticket.get("requester_id"))),
            name: about("name", "requester_name"),
            email: about("email", "requester_email"),
        },
        priority: label(ticket.get("priority")).map(|word| word.to_lowercase()),
        tags: tags(ticket.get("tags")),
        ..Case::default()
    }
}

/// A comment as an object, or as the bare text of a placeholder, which tells no more.
fn comment(told: &Value, at: Option<i64>) -> Option<Turn> {
    let bare = words(Some(told));
    let text = ["body", "plain_body", "value"].into_iter().find_map(|name| words(told.get(name)));
    let author = told.get("author").unwrap_or(&Value::Null);
    let staff = truth(author.get("is_staff"))
        || label(author.get("role")).is_some_and(|role| !role.eq_ignore_ascii_case("end-user"));
    let public = ["is_public", "public"].into_iter().find_map(|name| told.get(name));
    Some(Turn {
        id: id(told.get("id")),
        at: told.get("created_at").and_then(when::micros).or(at),
        side: if staff { Side::Agent } else { Side::Customer },
        author: label(author.get("name")),
        text: text.or(bare)?,
        private: public.is_some() && !truth(public),
    })
}

/// Booleans, and the words that placeholders make of them.
fn truth(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Bool(yes)) => *yes,
        Some(Value::String(word)) => {
            matches!(word.trim().to_lowercase().as_str(), "true" | "yes" | "1")
        }
        _ => false,
    }
}

/// `new` says nothing: that is where a ticket begins.
fn step(word: &str) -> Option<Step> {
    Some(match word.to_lowercase().as_str() {
        "open" => Step::Working,
        "pending" => Step::AwaitsCustomer,
        "hold" | "on-hold" | "on_hold" => Step::OnHold,
        "solved" => Step::Solved,
        "closed" => Step::Closed,
        _ => return None,
    })
}

#[cfg(test)]
#[path = "zendesk_tests.rs"]
mod tests;
