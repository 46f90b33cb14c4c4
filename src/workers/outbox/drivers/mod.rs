//! How each bridge wants a text, and where its answer names the message: one small file a bridge, after its own
//! documentation.

mod baileys;
mod evolution;
mod meta;
mod waha;
mod whapi;
mod wuzapi;

#[cfg(test)]
mod tests;

use serde_json::Value;

use super::attempt::{Asked, Bridge, Letter};
use crate::config::BridgeKind;

/// The request that sends a message; an error where its address is none that this bridge knows.
pub fn request(bridge: &Bridge, letter: &Letter<'_>) -> Result<Asked, String> {
    match bridge.config.kind {
        BridgeKind::Baileys => Ok(baileys::request(bridge, letter)),
        BridgeKind::Evolution => Ok(evolution::request(&bridge.config, letter)),
        BridgeKind::Waha => Ok(waha::request(&bridge.config, letter)),
        BridgeKind::Wuzapi => Ok(wuzapi::request(&bridge.config, letter)),
        BridgeKind::Whapi => Ok(whapi::request(&bridge.config, letter)),
        BridgeKind::Meta => meta::request(&bridge.config, letter),
    }
}

/// What a good answer calls the message, if it does; an error where it is only good at first sight.
pub fn sent(kind: BridgeKind, answer: &Value) -> Result<Option<String>, String> {
    let denied = ["success", "sent", "ok"].iter().any(|name| answer[*name] == false);
    if denied {
        let words = words(answer);
        return Err(match words.as_str() {
            "" => "the bridge says that it was not sent".to_owned(),
            words => format!("the bridge says that it was not sent: {words}"),
        });
    }
    Ok(match kind {
        BridgeKind::Baileys => baileys::id(answer),
        BridgeKind::Evolution => evolution::id(answer),
        BridgeKind::Waha => waha::id(answer),
        BridgeKind::Wuzapi => wuzapi::id(answer),
        BridgeKind::Whapi => whapi::id(answer),
        BridgeKind::Meta => meta::id(answer),
    })
}

/// Whether a refusal that looks final is told to be none.
pub fn may_pass(kind: BridgeKind, status: u16, answer: &Value) -> bool {
    match kind {
        BridgeKind::Waha => waha::may_pass(status, answer),
        BridgeKind::Meta => meta::may_pass(answer),
        _ => false,
    }
}

/// A refusal in our words, where the bridge's own would not help an agent.
pub fn explained(kind: BridgeKind, answer: &Value) -> Option<&'static str> {
    match kind {
        BridgeKind::Meta => meta::explained(answer),
        _ => None,
    }
}

/// What an answer says in words, wherever bridges put them.
pub fn words(answer: &Value) -> String {
    const PLACES: [&str; 7] = [
        "/error/error_data/details",
        "/error/message",
        "/error/details",
        "/response/message",
        "/message",
        "/error",
        "/detail",
    ];
    let found = PLACES.iter().filter_map(|place| answer.pointer(place));
    let texts = found.filter_map(|value| match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        // Evolution and class-validator list what is wrong.
        Value::Array(list) if !list.is_empty() => Some(
            list.iter()
                .map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned))
                .collect::<Vec<_>>()
                .join("; "),
        ),
        _ => None,
    });
    texts.map(|text| text.chars().filter(|c| !c.is_control()).collect()).next().unwrap_or_default()
}

/// The first of these places of an answer that holds an id.
fn first_id(answer: &Value, places: &[&str]) -> Option<String> {
    const LONGEST: usize = 256;
    let ids = places.iter().filter_map(|place| answer.pointer(place)?.as_str());
    ids.map(str::trim).find(|id| !id.is_empty() && id.len() <= LONGEST).map(str::to_owned)
}

/// `Authorization: Bearer`, if there is a token.
fn bearer(token: &str) -> Option<(String, String)> {
    header("authorization", &format!("Bearer {token}")).filter(|_| !token.is_empty())
}

fn header(name: &str, value: &str) -> Option<(String, String)> {
    (!value.is_empty()).then(|| (name.to_owned(), value.to_owned()))
}
