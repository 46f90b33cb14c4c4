//! From what went wrong to what the caller sees: the one mapping to `application/problem+json`.
//!
//! Handlers, here and at the doors, answer an error by attaching it to an empty response; [`render`] turns it,
//! and every plain error of the framework, into a problem document.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::etag;
use super::ticket_view::TicketView;
use crate::engine::command::Refusal;
use crate::engine::{self};
use crate::wire::problem::{MEDIA_TYPE, Present, Problem};

/// An error on its way out of a handler.
#[derive(Debug)]
pub struct Failure(Problem);

impl Failure {
    /// The error document, where it is part of an answer.
    pub fn into_problem(self) -> Problem {
        self.0
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Failure {
        Failure(problem)
    }
}

impl Failure {
    /// A step on the way, which the audit passes over.
    pub fn expected(self) -> Failure {
        Failure(Problem { expected: true, ..self.0 })
    }
}

impl From<engine::Error> for Failure {
    fn from(error: engine::Error) -> Failure {
        Failure(problem_of(&error))
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        response.extensions_mut().insert(self.0);
        response
    }
}

impl Failure {
    pub fn status(&self) -> u16 {
        self.0.status
    }
}

pub fn not_found(what: &str) -> Failure {
    Failure(Problem::new(404, "Not Found", format!("no {what}")))
}

/// What is there, and looks absent to this caller.
pub fn hidden(what: &str) -> Failure {
    Failure(hidden_problem(format!("no {what}")))
}

fn hidden_problem(detail: String) -> Problem {
    Problem { hidden: true, ..Problem::new(404, "Not Found", detail) }
}

fn problem_of(error: &engine::Error) -> Problem {
    use engine::Error::*;
    let mut problem = match error {
        Refused(refusal) => match refusal {
            Refusal::NotFound(_) => Problem::new(404, "Not Found", refusal.to_string()),
            Refusal::Hidden(_) => hidden_problem(refusal.to_string()),
            Refusal::Invalid { field, why } => Problem::field(*field, why),
            Refusal::Unprocessable { field, why } => Problem {
                status: 422,
                title: "Unprocessable Content".to_owned(),
                ..Problem::field(*field, why)
            },
            Refusal::Conflict(_) => Problem::new(409, "Conflict", refusal.to_string()),
            Refusal::Stale { ticket, tag } => {
                let mut problem = Problem::new(412, "Precondition Failed", refusal.to_string());
                let view = TicketView::from((**ticket).clone());
                problem.now = serde_json::to_value(view)
                    .ok()
                    .map(|current| Box::new(Present { current, current_etag: etag::text(*tag) }));
                problem
            }
            Refusal::Unauthorized { wants_code, .. } => Problem {
                totp_required: *wants_code,
                ..Problem::new(401, "Unauthorized", refusal.to_string())
            },
            Refusal::Forbidden(_) => Problem::new(403, "Forbidden", refusal.to_string()),
            Refusal::Overloaded(_) => Problem::new(503, "Service Unavailable", refusal.to_string()),
            Refusal::Spent { seconds, .. } => Problem {
                retry_after: Some(*seconds),
                ..Problem::new(429, "Too Many Requests", refusal.to_string())
            },
            Refusal::KeyReused => Problem::new(422, "Unprocessable Content", refusal.to_string()),
            Refusal::Store(cause) => {
                tracing::error!(%cause, "a request could not be decided");
                Problem::new(
                    500,
                    "Internal Server Error",
                    "the store could not be read; see the log",
                )
            }
        },
        Busy => Problem::new(503, "Service Unavailable", error.to_string()),
        NoSpace(_) => Problem::new(507, "Insufficient Storage", error.to_string()),
        Unavailable(_) | Stopping => Problem::new(503, "Service Unavailable", error.to_string()),
        Panicked => {
            Problem::new(500, "Internal Server Error", "deciding this request failed; see the log")
        }
    };
    if problem.status == 503 {
        problem.retry_after = Some(1);
    }
    problem
}

/// The outermost layer: gives every error its document.
pub fn rendered(mut response: Response) -> Response {
    let problem = match response.extensions_mut().remove::<Problem>() {
        Some(problem) => problem,
        None => match response.extensions_mut().remove::<engine::Error>() {
            Some(error) => problem_of(&error),
            None if is_plain_error(&response) => plain(&response),
            None => return response,
        },
    };
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let (mut parts, _) = response.into_parts();
    parts.status = status;
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    parts.headers.remove(header::CONTENT_LENGTH);
    if let Some(seconds) = problem.retry_after {
        parts.headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if status == StatusCode::UNAUTHORIZED {
        parts.headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    Response::from_parts(parts, Body::from(body))
}

fn is_plain_error(response: &Response) -> bool {
    let is_error = response.status().is_client_error() || response.status().is_server_error();
    let kind = response.headers().get(header::CONTENT_TYPE);
    is_error && kind.is_none_or(|k| !k.as_bytes().starts_with(b"application/"))
}

/// What the framework itself refuses: no such route, wrong method, a bad upgrade.
fn plain(response: &Response) -> Problem {
    let status = response.status();
    let title = status.canonical_reason().unwrap_or("Error");
    let detail = match status {
        StatusCode::NOT_FOUND => "there is nothing at this address; see /docs".to_owned(),
        StatusCode::METHOD_NOT_ALLOWED => {
            let allow = response.headers().get(header::ALLOW).and_then(|a| a.to_str().ok());
            format!("this address takes {}", allow.unwrap_or("other methods"))
        }
        StatusCode::UPGRADE_REQUIRED | StatusCode::BAD_REQUEST => {
            "this address is a WebSocket: send an upgrade request".to_owned()
        }
        _ => title.to_owned(),
    };
    Problem::new(status.as_u16(), title, detail)
}
