//! The error document of every face: `application/problem+json` (RFC 9457).

use serde::Serialize;

use crate::describe::ToSchema;

pub const MEDIA_TYPE: &str = "application/problem+json";

/// An error as callers see it. The cause inside the daemon goes to the log, never here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// A URI that names the kind of error; `about:blank` when the status says it all.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The name of the status.
    pub title: String,
    /// The HTTP status code.
    pub status: u16,
    /// What was wrong, where, and what would be right.
    pub detail: String,
    /// The fields that were wrong, if any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// With 412: what it is by now that was to be changed.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Present)]
    pub now: Option<Box<Present>>,
    /// Seconds after which trying again makes sense.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
    /// Whether it only looks absent, as the caller may not see it: for the audit, never told.
    #[serde(skip)]
    pub hidden: bool,
    /// Whether it is a step on the way and no refusal, as when only the second factor is still to come.
    #[serde(skip)]
    pub expected: bool,
    /// With 401: the code of the second factor is what is missing, or wrong.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub totp_required: bool,
}

/// The present state of what somebody else has changed meanwhile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Present {
    /// With 412: as a `GET` shows it now.
    #[schema(value_type = Object, required = false)]
    pub current: serde_json::Value,
    /// With 412: its `ETag` now.
    #[schema(required = false)]
    pub current_etag: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// The field, as a path from the top of the body, or the name of the parameter.
    pub field: String,
    pub detail: String,
}

impl Problem {
    pub fn new(status: u16, title: &str, detail: impl Into<String>) -> Problem {
        Problem {
            kind: "about:blank",
            title: title.to_owned(),
            status,
            detail: detail.into(),
            errors: Vec::new(),
            now: None,
            retry_after: None,
            hidden: false,
            expected: false,
            totp_required: false,
        }
    }

    pub fn bad_request(detail: impl Into<String>) -> Problem {
        Problem::new(400, "Bad Request", detail)
    }

    /// A field holds what it may not.
    pub fn field(field: impl Into<String>, why: impl Into<String>) -> Problem {
        let (field, why) = (field.into(), why.into());
        let mut problem = Problem::bad_request(format!("{field}: {why}"));
        problem.errors.push(FieldError { field, detail: why });
        problem
    }

    /// Why a body could not be read: it came too slowly, and the error says how, or it is longer than `max` bytes.
    pub fn unread_body(error: &(dyn std::error::Error + 'static), max: usize) -> Problem {
        let mut cause = Some(error);
        while let Some(error) = cause {
            let slow = error.downcast_ref::<std::io::Error>();
            if let Some(slow) = slow.filter(|e| e.kind() == std::io::ErrorKind::TimedOut) {
                return Problem::new(408, "Request Timeout", slow.to_string());
            }
            cause = error.source();
        }
        let why = format!("the body must be at most {max} bytes (http.max_body)");
        Problem::new(413, "Content Too Large", why)
    }
}
