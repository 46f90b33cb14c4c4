//! One-time links: the first admin of a desk, and people who set their password themselves.

use axum::extract::State as Shared;
use axum::response::Response;
use serde::Deserialize;

use super::State;
use super::account::hashed;
use super::calls::unexpected;
use super::error::Failure;
use super::extract::OpenInput;
use super::login::{Wish, begin};
use super::person::PersonView;
use super::visitor::Visitor;
use crate::auth::token;
use crate::describe::{self, ToSchema};
use crate::domain::session::Link;
use crate::engine;
use crate::engine::account::AccountCommand;
use crate::engine::command::{Actor, Command, Refusal, Reply};
use crate::wire::problem::Problem;
use axum::Json;
use axum::response::IntoResponse;

#[derive(Deserialize, ToSchema)]
pub struct SetUp {
    /// What stands behind `#` in the link
    token: String,
    /// Of the first admin; a link for somebody who is there already needs none
    name: Option<String>,
    /// The same
    #[schema(format = "email", example = "dewi@example.com")]
    email: Option<String>,
    /// 10 to 256 characters, none of the commonest
    password: String,
    /// As of a login
    #[serde(default)]
    cookie: bool,
    /// As of a login
    #[serde(default)]
    remember: bool,
}

/// Uses a one-time link: sets the password and logs in. Whoever has a second factor still has to log in with it: then
/// the answer holds the person alone.
#[describe::path(post, path = "/api/setup", tag = "people", security(()), request_body = SetUp,
    responses((status = 200, body = super::login::LoggedIn)))]
pub async fn set_up(
    Shared(state): Shared<State>,
    visitor: Visitor,
    OpenInput { value, .. }: OpenInput<SetUp>,
) -> Result<Response, Failure> {
    if value.cookie {
        visitor.must_be_ours()?;
    }
    let hash = token::hash(&value.token);
    let shared = state.engine.shared();
    // Before a password is hashed for nothing; deciding looks again.
    let link = state.engine.read(|rows| rows.get::<Link>(&hash))?;
    let link = link.filter(|link| link.expires > shared.steady());
    let link = link.ok_or_else(|| {
        let why = "this link is not good, or not any more; have another made";
        Problem::new(401, "Unauthorized", why)
    })?;
    let known = link.agent.and_then(|id| shared.people().agent(id));
    let person = match &known {
        Some(_) => None,
        None => Some((required("name", value.name)?, required("email", value.email)?)),
    };
    let who = match (&known, &person) {
        (Some(agent), _) => vec![agent.name.as_str(), agent.email.as_deref().unwrap_or_default()],
        (None, Some((name, email))) => vec![name.as_str(), email.as_str()],
        (None, None) => Vec::new(),
    };
    let checked = hashed(&state, "password", &value.password, &who).await?;
    let command = AccountCommand::UseLink { hash, person, password: checked.clone() };
    let actor = Actor::Token { name: "one-time link".into() };
    let submission = visitor.submission(actor, Command::Account(command));
    let agent = match state.engine.submit(submission).await? {
        Reply::Agent(agent) => agent,
        other => return Err(unexpected(&other)),
    };
    let wish = Wish { cookie: value.cookie, remember: value.remember };
    match begin(&state, &visitor, &agent, checked, None, wish).await {
        Err(engine::Error::Refused(Refusal::Unauthorized { wants_code: true, .. })) => {
            let agent = PersonView::of(&state, &agent);
            Ok(Json(serde_json::json!({ "agent": agent })).into_response())
        }
        begun => Ok(begun?),
    }
}

fn required(field: &str, value: Option<String>) -> Result<String, Failure> {
    value.ok_or_else(|| Problem::field(field, "is required").into())
}
