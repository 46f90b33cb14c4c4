//! Evolution API 2: `POST /message/sendText/{instance}`, header `apikey`, `{number, text}`; answered 201 with the
//! WhatsApp message, `{key: {id, …}, …}`.

use serde_json::{Value, json};

use super::{first_id, header};
use crate::config::BridgeConfig;
use crate::workers::outbox::attempt::{Asked, Letter};

pub fn request(config: &BridgeConfig, letter: &Letter<'_>) -> Asked {
    Asked {
        path: vec!["message".into(), "sendText".into(), config.name().to_owned()],
        header: header("apikey", &config.token.0),
        // The whole address: of bare digits it makes the number that it takes for the usual one in some countries.
        body: json!({"number": letter.to, "text": letter.text}),
    }
}

pub fn id(answer: &Value) -> Option<String> {
    first_id(answer, &["/key/id"])
}
