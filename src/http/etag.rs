//! The name of a ticket's state: given out as `ETag`, taken back as `If-Match`.

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::header::{ETAG, IF_MATCH};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::State;
use super::error::Failure;
use crate::engine::desk::Tag;

/// An answer that shows a ticket in a state.
pub struct Tagged<T>(pub Tag, pub T);

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        let Tagged(tag, body) = self;
        ([(ETAG, text(tag))], Json(body)).into_response()
    }
}

pub fn text(Tag { ticket, activity }: Tag) -> String {
    format!("\"{ticket}-{activity}\"")
}

/// The state that the caller saw; none if they do not say, or say `*`.
pub struct IfMatch(pub Option<Tag>);

impl FromRequestParts<State> for IfMatch {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<IfMatch, Failure> {
        let Some(given) = parts.headers.get(IF_MATCH) else { return Ok(IfMatch(None)) };
        let given = given.to_str().unwrap_or_default().trim();
        // A proxy that packs what it passes on makes a tag weak.
        let bare = given.strip_prefix("W/").unwrap_or(given).trim_matches('"');
        let numbers = bare.split_once('-').and_then(|(ticket, activity)| {
            Some(Tag { ticket: ticket.parse().ok()?, activity: activity.parse().ok()? })
        });
        // What was never given out as a tag names no state that a ticket is in.
        let none = Tag { ticket: 0, activity: 0 };
        Ok(IfMatch((given != "*").then(|| numbers.unwrap_or(none))))
    }
}
