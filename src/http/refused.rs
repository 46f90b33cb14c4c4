//! Who was refused what, for the audit: no token or a wrong one, a wrong signature, a right that is missing, also
//! where it shows as 404.

use axum::http::StatusCode;
use axum::response::Response;

use super::State;
use crate::domain::audit::{Audited, Outcome, Subject, Who};
use crate::engine;
use crate::engine::command::{Origin, Refusal};
use crate::wire::problem::Problem;

/// Who was answered; an answer bears it until the outer ring of [`super::limits`] has read it.
#[derive(Clone, Debug)]
pub struct By(pub Who);

/// Notes an answer that is a refusal; others are none of its business.
pub fn note(state: &State, (method, route): (&str, &str), origin: Origin, answer: &Response) {
    let extensions = answer.extensions();
    let hidden = extensions.get::<Problem>().is_some_and(|problem| problem.hidden)
        || matches!(
            extensions.get::<engine::Error>(),
            Some(engine::Error::Refused(Refusal::Hidden(_)))
        );
    let outcome = match answer.status() {
        _ if hidden => Outcome::Refused,
        StatusCode::FORBIDDEN => Outcome::Refused,
        StatusCode::UNAUTHORIZED => Outcome::Failed,
        _ => return,
    };
    if extensions.get::<Problem>().is_some_and(|problem| problem.expected) {
        return;
    }
    let who = extensions.get::<By>().map_or(Who::Unknown, |by| by.0.clone());
    state.engine.shared().refusals.note(Audited {
        who,
        address: origin.address,
        door: origin.door.to_owned(),
        action: if origin.door == "login" { "login" } else { "access" }.to_owned(),
        subject: Some(Subject::new("route", format!("{method} {route}"))),
        outcome,
        count: 1,
    });
}
