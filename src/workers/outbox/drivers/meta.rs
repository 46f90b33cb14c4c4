//! Meta's WhatsApp Cloud API: `POST /{version}/{phone_number_id}/messages`, a Bearer token; answered
//! `{messages: [{id: "wamid…"}]}`. Errors are 400 as often as not; their `code` says more than the status.

use serde_json::{Value, json};

use super::{bearer, first_id};
use crate::config::BridgeConfig;
use crate::workers::outbox::attempt::{Asked, Letter};

pub fn request(config: &BridgeConfig, letter: &Letter<'_>) -> Result<Asked, String> {
    let mut body = json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "type": "text",
        "text": {"preview_url": false, "body": letter.text},
        // Comes back in the message's statuses.
        "biz_opaque_callback_data": letter.id,
    });
    // A customer who hides the number is known by an id such as `US.13491208655302741918`.
    match (letter.phone(), letter.to.strip_suffix("@bsuid")) {
        (Some(digits), _) => body["to"] = digits.into(),
        (None, Some(user)) => body["recipient"] = user.into(),
        (None, None) => return Err("Meta's API knows no address of this customer".to_owned()),
    }
    Ok(Asked {
        path: vec![config.version.clone(), config.name().to_owned(), "messages".into()],
        header: bearer(&config.token.0),
        body,
    })
}

pub fn id(answer: &Value) -> Option<String> {
    first_id(answer, &["/messages/0/id"])
}

fn code(answer: &Value) -> Option<i64> {
    answer.pointer("/error/code")?.as_i64()
}

/// Limits on how fast, and servers that are busy.
pub fn may_pass(answer: &Value) -> bool {
    const CODES: [i64; 10] =
        [1, 2, 4, 80_007, 130_429, 131_000, 131_016, 131_056, 131_057, 133_004];
    code(answer).is_some_and(|code| CODES.contains(&code))
}

/// The errors that agents meet, in words that say what can be done.
pub fn explained(answer: &Value) -> Option<&'static str> {
    Some(match code(answer)? {
        131_047 => {
            "more than 24 hours have passed since the customer last wrote: WhatsApp takes only approved \
             templates until they write again"
        }
        131_026 => {
            "WhatsApp cannot deliver to this customer: the number is not on WhatsApp, has blocked the \
             business or runs too old an app"
        }
        131_051 => "WhatsApp does not take this kind of message",
        190 => {
            "the bridge's access token has expired or was revoked: a new one goes into whatsapp.bridges"
        }
        131_031 => "the WhatsApp Business account is locked",
        131_030 => "this number is not on the list of the test account's recipients",
        131_045 => "the business's phone number is not registered with WhatsApp",
        _ => return None,
    })
}
