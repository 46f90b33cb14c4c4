//! Canned responses: texts that agents send often, with variables that a ticket fills in (S3.7 to S3.9).

use serde::{Deserialize, Serialize};

use super::time::Micros;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CannedResponse {
    pub id: u64,
    pub title: String,
    /// What is typed behind a `/`, in lower case; no two have the same.
    pub shortcut: Option<String>,
    /// The slug of a category.
    pub category: Option<String>,
    pub content: String,
    pub created_by: String,
    pub created_at: Micros,
    pub updated_at: Micros,
}

/// Canned responses at once.
pub const MAX_CANNED: usize = 1000;
/// Characters.
pub const MAX_TITLE: usize = 128;
pub const MAX_SHORTCUT: usize = 32;
pub const MAX_CONTENT: usize = 10_000;

/// The name of the count of how often a response was used.
pub fn uses(id: u64) -> String {
    format!("canned.uses.{id}")
}

/// A shortcut as it is kept: without its `/`, in lower case. None if it cannot be one.
pub fn shortcut(text: &str) -> Option<String> {
    let word = text.trim().trim_start_matches('/').to_lowercase();
    let good = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let fits = (1..=MAX_SHORTCUT).contains(&word.chars().count()) && word.chars().all(good);
    fits.then_some(word)
}

/// What may stand between `{{` and `}}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variable {
    CustomerName,
    CustomerFirstName,
    CustomerEmail,
    CustomerPhone,
    TicketNumber,
    TicketReference,
    TicketSubject,
    TicketStatus,
    TicketPriority,
    TicketCategory,
    TicketDate,
    OrderId,
    AgentName,
    AgentFirstName,
    DeskName,
}

impl Variable {
    /// Every variable by its name.
    pub const ALL: [(&'static str, Variable); 15] = [
        ("customer_name", Variable::CustomerName),
        ("customer_first_name", Variable::CustomerFirstName),
        ("customer_email", Variable::CustomerEmail),
        ("customer_phone", Variable::CustomerPhone),
        ("ticket_number", Variable::TicketNumber),
        ("ticket_id", Variable::TicketReference),
        ("ticket_subject", Variable::TicketSubject),
        ("ticket_status", Variable::TicketStatus),
        ("ticket_priority", Variable::TicketPriority),
        ("ticket_category", Variable::TicketCategory),
        ("ticket_date", Variable::TicketDate),
        ("order_id", Variable::OrderId),
        ("agent_name", Variable::AgentName),
        ("agent_first_name", Variable::AgentFirstName),
        ("desk_name", Variable::DeskName),
    ];

    fn named(name: &str) -> Option<Variable> {
        Variable::ALL.iter().find(|(known, _)| *known == name).map(|(_, variable)| *variable)
    }

    /// What stands for a value that is not known; without one nothing does.
    fn fallback(self) -> &'static str {
        match self {
            Variable::CustomerName | Variable::CustomerFirstName => "customer",
            Variable::AgentName | Variable::AgentFirstName => "your agent",
            _ => "",
        }
    }
}

/// A text with its variables filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    pub body: String,
    /// Names that are no variable's; they stand in the text as they were written.
    pub unknown: Vec<String>,
    /// Variables of which the ticket knows nothing.
    pub missing: Vec<String>,
}

/// Fills in `{{variable}}`, or `{{variable|what else}}` where the value may not be known. What is filled in is text: no
/// variable in it counts.
pub fn render(content: &str, value: impl Fn(Variable) -> Option<String>) -> Rendered {
    let mut rendered = Rendered::default();
    let mut rest = content;
    while let Some(open) = rest.find("{{") {
        let Some(length) = rest[open + 2..].find("}}") else { break };
        let inside = &rest[open + 2..open + 2 + length];
        rendered.body.push_str(&rest[..open]);
        let whole = &rest[open..open + length + 4];
        rest = &rest[open + length + 4..];
        let (name, otherwise) = match inside.split_once('|') {
            Some((name, otherwise)) => (name, Some(otherwise.trim())),
            None => (inside, None),
        };
        let name = name.trim().to_lowercase();
        let Some(variable) = Variable::named(&name) else {
            rendered.body.push_str(whole);
            note(&mut rendered.unknown, name);
            continue;
        };
        match value(variable).filter(|text| !text.trim().is_empty()) {
            Some(text) => rendered.body.push_str(&text),
            None => {
                rendered.body.push_str(otherwise.unwrap_or(variable.fallback()));
                note(&mut rendered.missing, name);
            }
        }
    }
    rendered.body.push_str(rest);
    rendered
}

fn note(names: &mut Vec<String>, name: String) {
    if !names.contains(&name) {
        names.push(name);
    }
}

/// The first of a person's names.
pub fn first_name(name: &str) -> Option<String> {
    name.split_whitespace().next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(content: &str) -> Rendered {
        render(content, |variable| match variable {
            Variable::CustomerName => Some("Ana {{agent_name}} Ruiz".into()),
            Variable::TicketNumber => Some("#1001".into()),
            Variable::TicketSubject => Some(" ".into()),
            _ => None,
        })
    }

    /// S3.9
    #[test]
    fn variables_are_filled_in_once() {
        let told = fill("Dear {{customer_name}}, about {{ TICKET_NUMBER }}: thanks");
        assert_eq!(told.body, "Dear Ana {{agent_name}} Ruiz, about #1001: thanks");
        assert!(told.unknown.is_empty() && told.missing.is_empty());
    }

    #[test]
    fn what_is_not_known_has_something_in_its_place_and_is_named() {
        let told = fill("{{agent_name}} {{agent_name|Support}} {{ticket_subject|-}}{{desk_name}}");
        assert_eq!(told.body, "your agent Support -");
        assert_eq!(told.missing, ["agent_name", "ticket_subject", "desk_name"]);
    }

    #[test]
    fn what_is_no_variable_stays_and_is_named() {
        let told = fill("{{nmae}} {{}} {{nmae}} {{ticket_number");
        assert_eq!(told.body, "{{nmae}} {{}} {{nmae}} {{ticket_number");
        assert_eq!(told.unknown, ["nmae", ""]);
    }

    /// S3.8
    #[test]
    fn a_shortcut_is_one_word() {
        assert_eq!(shortcut("/Thanks").as_deref(), Some("thanks"));
        for wrong in ["", "/", "two words", "a/b", &"x".repeat(33)] {
            assert_eq!(shortcut(wrong), None, "{wrong}");
        }
    }
}
