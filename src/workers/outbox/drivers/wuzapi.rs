//! wuzapi: `POST /chat/send/text`, header `Token`, `{Phone, Body, Id}`; answered
//! `{code, success, data: {Details, Id, Timestamp}}`. It takes our id for the message's own, so that an attempt that
//! is made twice is one message.

use serde_json::{Value, json};

use super::{first_id, header};
use crate::config::BridgeConfig;
use crate::workers::outbox::attempt::{Asked, Letter};

pub fn request(config: &BridgeConfig, letter: &Letter<'_>) -> Asked {
    let phone = letter.phone().unwrap_or(letter.to);
    Asked {
        path: vec!["chat".into(), "send".into(), "text".into()],
        header: header("token", &config.token.0),
        body: json!({"Phone": phone, "Body": letter.text, "Id": letter.id}),
    }
}

pub fn id(answer: &Value) -> Option<String> {
    first_id(answer, &["/data/Id", "/data/id", "/Id"])
}
