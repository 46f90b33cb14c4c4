//! Any bridge that takes JSON over HTTP: the configuration has the address and the body. What the answer calls the
//! message is looked for where such bridges, which pass on what Baileys gave them, put it.

use serde_json::Value;

use super::{bearer, first_id, header};
use crate::workers::outbox::attempt::{Asked, Bridge, Letter};

pub fn request(bridge: &Bridge, letter: &Letter<'_>) -> Asked {
    let config = &bridge.config;
    let header = match config.token_header.as_str() {
        "" => bearer(&config.token.0),
        name => header(name, &config.token.0),
    };
    Asked { path: Vec::new(), header, body: filled(&bridge.template, letter) }
}

/// The template with its placeholders filled in, in one pass: what a customer's text holds stays as it is.
fn filled(template: &Value, letter: &Letter<'_>) -> Value {
    match template {
        Value::String(text) => Value::String(fill(text, letter)),
        Value::Array(list) => list.iter().map(|one| filled(one, letter)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), filled(value, letter)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

fn fill(text: &str, letter: &Letter<'_>) -> String {
    let values = [
        ("{to}", letter.to),
        ("{phone}", letter.phone().unwrap_or(letter.to)),
        ("{text}", letter.text),
        ("{id}", letter.id),
    ];
    let mut filled = String::with_capacity(text.len() + letter.text.len());
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        filled.push_str(before);
        match values.iter().find(|(name, _)| from.starts_with(name)) {
            Some((name, value)) => {
                filled.push_str(value);
                rest = &from[name.len()..];
            }
            None => {
                filled.push('{');
                rest = &from[1..];
            }
        }
    }
    filled + rest
}

pub fn id(answer: &Value) -> Option<String> {
    const PLACES: [&str; 12] = [
        "/key/id",
        "/data/key/id",
        "/result/key/id",
        "/message/key/id",
        "/messageId",
        "/message_id",
        "/messages/0/id",
        "/data/messageId",
        "/data/id",
        "/result/id",
        "/message/id",
        "/id",
    ];
    first_id(answer, &PLACES)
}
