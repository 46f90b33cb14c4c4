//! Bodies that vendors post: what kind they must be, and how much of them is taken.

use axum::http::header::CONTENT_TYPE;
use serde_json::Value;

use super::door::Delivery;
use super::{Refused, attach};
use crate::domain::entry::MAX_BODY;
use crate::engine;
use crate::engine::command::{Refusal, Reply};
use crate::wire::json;
use crate::wire::problem::Problem;

/// A JSON object; anything else is told to the sender.
pub fn json(delivery: &Delivery) -> Result<Value, Problem> {
    kind(delivery, "application/json", |kind| {
        kind == "application/json" || kind.ends_with("+json")
    })?;
    let body: Value = json::from_bytes(&delivery.body)
        .map_err(|e| Problem::bad_request(format!("the body is not JSON: {e}")))?;
    if body.is_object() {
        return Ok(body);
    }
    Err(Problem::bad_request("the body must be a JSON object"))
}

/// Whether the body is of the kind that it must be; one that is not told is taken at its word.
pub fn kind(delivery: &Delivery, wanted: &str, good: fn(&str) -> bool) -> Result<(), Problem> {
    let Some(told) = delivery.head.headers.get(CONTENT_TYPE) else { return Ok(()) };
    let told = told.to_str().unwrap_or_default().to_ascii_lowercase();
    let told = told.split(';').next().unwrap_or_default().trim();
    if good(told) {
        return Ok(());
    }
    let why = format!("the body must be {wanted}, not {told}");
    Err(Problem::new(415, "Unsupported Media Type", why))
}

/// Whether so many bytes of text fit into what is written at once.
pub fn fits(bytes: usize) -> Result<(), Problem> {
    if bytes <= MAX_BODY {
        return Ok(());
    }
    let why = format!("a delivery may hold at most {MAX_BODY} bytes of text, this one has {bytes}");
    Err(Problem::new(413, "Content Too Large", why))
}

/// The engine answered with what no such command comes to.
pub fn unexpected(reply: &Reply) -> Refused {
    let cause = format!("a delivery came to {reply:.80?}");
    attach(engine::Error::Refused(Refusal::Store(cause)))
}
