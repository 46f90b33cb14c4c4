//! People as handlers take and show them.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::Serialize;
use std::sync::Arc;

use super::State;
use super::error::Failure;
use super::extract::Caller;
use super::visitor::Visitor;
use crate::describe::ToSchema;
use crate::domain::agent::Agent;
use crate::domain::session::{Account, Credential};
use crate::engine::rows::key;
use crate::wire::problem::Problem;

/// A caller who is a person and has logged in; a token is refused.
pub struct Person {
    pub agent: Arc<Agent>,
    pub session: u64,
    pub visitor: Visitor,
}

impl FromRequestParts<State> for Person {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Person, Failure> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let Ok(visitor) = Visitor::from_request_parts(parts, state).await;
        Person::of(state, &caller, visitor).ok_or_else(|| {
            let why = "this is for people who have logged in, not for tokens: POST /api/auth/login";
            Problem::new(403, "Forbidden", why).into()
        })
    }
}

impl Person {
    /// The person who calls; none for a token.
    pub fn of(state: &State, caller: &Caller, visitor: Visitor) -> Option<Person> {
        let agent = state.engine.shared().people().agent(caller.token.agent?)?;
        Some(Person { agent, session: caller.session()?, visitor })
    }

    /// By what failed attempts at their password are counted.
    pub fn keys(&self) -> [u64; 2] {
        self.visitor.keys(self.agent.email.as_deref().unwrap_or_default())
    }
}

impl Caller {
    /// The session of a person.
    pub fn session(&self) -> Option<u64> {
        match self.token.credential {
            Credential::Session(id) => Some(id),
            _ => None,
        }
    }
}

/// A person, to themselves and to admins.
#[derive(Serialize, ToSchema)]
pub struct PersonView {
    id: u64,
    name: String,
    email: Option<String>,
    /// agent, supervisor or admin
    role: &'static str,
    disabled: bool,
    /// Whether a password is set; without one only a one-time link lets them in
    has_password: bool,
    /// Whether a second factor is asked for
    totp: bool,
}

impl PersonView {
    pub fn of(state: &State, agent: &Agent) -> PersonView {
        let account = state.engine.read(|rows| rows.get::<Account>(&key::number(agent.id)));
        // What the store does not tell now is shown as not there; nothing rests on it.
        let account = account.ok().flatten().unwrap_or_default();
        PersonView {
            id: agent.id,
            name: agent.name.clone(),
            email: agent.email.clone(),
            role: agent.role.as_str(),
            disabled: agent.disabled_at.is_some(),
            has_password: account.password.is_some(),
            totp: account.asks_for().is_some(),
        }
    }
}
