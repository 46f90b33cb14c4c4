//! Whapi.Cloud: `POST /messages/text`, a Bearer token, `{to, body}`; answered `{sent, message: {id, …}}`.

use serde_json::{Value, json};

use super::{bearer, first_id};
use crate::config::BridgeConfig;
use crate::workers::outbox::attempt::{Asked, Letter};

pub fn request(config: &BridgeConfig, letter: &Letter<'_>) -> Asked {
    let to = letter.phone().unwrap_or(letter.to);
    Asked {
        path: vec!["messages".into(), "text".into()],
        header: bearer(&config.token.0),
        body: json!({"to": to, "body": letter.text}),
    }
}

pub fn id(answer: &Value) -> Option<String> {
    first_id(answer, &["/message/id"])
}
