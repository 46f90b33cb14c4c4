//! WAHA: `POST /api/sendText`, header `X-Api-Key`, `{session, chatId, text}`. The answer is what the engine beneath
//! gives: a Baileys message (NOWEB), a whatsapp-web.js one (WEBJS), or `{id: "true_<chat>_<id>"}`.

use serde_json::{Value, json};

use super::{first_id, header};
use crate::config::BridgeConfig;
use crate::workers::outbox::attempt::{Asked, Letter};

pub fn request(config: &BridgeConfig, letter: &Letter<'_>) -> Asked {
    // A number's chat is `…@c.us` there; a LID's keeps its name.
    let chat = match letter.phone() {
        Some(digits) => format!("{digits}@c.us"),
        None => letter.to.to_owned(),
    };
    Asked {
        path: vec!["api".into(), "sendText".into()],
        header: header("x-api-key", &config.token.0),
        body: json!({"session": config.name(), "chatId": chat, "text": letter.text}),
    }
}

pub fn id(answer: &Value) -> Option<String> {
    let found = first_id(answer, &["/key/id", "/id/id", "/id/_serialized", "/_data/id/id", "/id"])?;
    Some(match found.strip_prefix("true_").and_then(|rest| rest.split('_').nth(1)) {
        Some(bare) => bare.to_owned(),
        None => found,
    })
}

/// A session that is not working just now is told as 422, with the status that it should have.
pub fn may_pass(status: u16, answer: &Value) -> bool {
    status == 422 && answer["status"].is_string() && answer["expected"].is_array()
}
