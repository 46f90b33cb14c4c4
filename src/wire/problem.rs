//! The error document of every face: `application/problem+json` (RFC 9457).

use serde::Serialize;
use utoipa::ToSchema;

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
    /// Seconds after which trying again makes sense.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
    /// With 401: the code of the second factor is what is missing, or wrong.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub totp_required: bool,
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
            retry_after: None,
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
}
