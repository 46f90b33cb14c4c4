//! What helpdesk platforms tell of a case: the facts that Zendesk, Intercom and their like have in common.

use serde_json::Value;

use super::long;

/// Ids, names, subjects and tags are cut to so many characters.
pub const MAX_LABEL: usize = 256;
/// The most turns and tags of one delivery that are read.
pub const MAX_TURNS: usize = 200;
pub const MAX_TAGS: usize = 32;

/// One delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    Case(Box<Case>),
    /// Accepted and passed over; says why.
    Skipped(&'static str),
    /// Of a kind that should tell of a case, and does not; says what is missing.
    Empty(&'static str),
}

/// What one delivery tells of a case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Case {
    /// The platform's id; none where the sender tells none, which makes every delivery a case of its own.
    pub id: Option<String>,
    /// The platform's id of what happened.
    pub event: Option<String>,
    pub subject: Option<String>,
    /// What the case began with, as plain text.
    pub description: Option<String>,
    /// Who wrote that.
    pub described_by: Side,
    /// Microseconds since 1970, here and below.
    pub opened_at: Option<i64>,
    pub requester: Person,
    /// In the platform's words, lower case.
    pub priority: Option<String>,
    pub tags: Vec<String>,
    pub turns: Vec<Turn>,
    pub state: Option<State>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// The platform's id.
    pub id: Option<String>,
    pub name: Option<String>,
    pub email: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Side {
    #[default]
    Customer,
    Agent,
    Bot,
}

/// What somebody said in the case after it was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    pub id: Option<String>,
    pub at: Option<i64>,
    pub side: Side,
    pub author: Option<String>,
    /// Plain, never blank.
    pub text: String,
    /// The customer does not see it.
    pub private: bool,
}

/// Where the case stands, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    pub step: Step,
    pub at: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Being worked on, again perhaps.
    Working,
    AwaitsCustomer,
    OnHold,
    Solved,
    Closed,
}

/// A short text: trimmed and cut; none when it is blank or no text.
pub fn label(value: Option<&Value>) -> Option<String> {
    let text = value?.as_str()?.trim();
    (!text.is_empty()).then(|| text.chars().take(MAX_LABEL).collect())
}

/// An id, which may come as text or as a number of any size; none when it is blank or overlong.
pub fn id(value: Option<&Value>) -> Option<String> {
    const MAX: usize = 100;
    let text = match value? {
        Value::String(text) => text.trim().to_owned(),
        number @ Value::Number(_) => long::integer(number)?.to_string(),
        _ => return None,
    };
    let good = !text.is_empty() && text.len() <= MAX && !text.chars().any(char::is_control);
    good.then_some(text)
}

/// Words as they came; none when they are blank or no text.
pub fn words(value: Option<&Value>) -> Option<String> {
    value?.as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned)
}

/// Tags as a list, or as one text with blanks or commas between them.
pub fn tags(value: Option<&Value>) -> Vec<String> {
    let told: Vec<String> = match value {
        Some(Value::Array(tags)) => tags.iter().filter_map(|tag| label(Some(tag))).collect(),
        Some(Value::String(text)) => {
            let parts = text.split([' ', ',']).filter(|tag| !tag.is_empty());
            parts.map(|tag| tag.chars().take(MAX_LABEL).collect()).collect()
        }
        _ => Vec::new(),
    };
    told.into_iter().take(MAX_TAGS).collect()
}
