//! The people of the desk, for admins; who they are, for everybody who may read.

use axum::Json;
use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::State;
use super::account::{Sessions, hashed, id, sessions_of};
use super::calls::unexpected;
use super::error::{Failure, not_found};
use super::extract::{Caller, Input};
use super::person::PersonView;
use super::queue::Nothing;
use crate::auth::secret;
use crate::describe::{self, ToSchema};
use crate::domain::agent::{Agent, Role};
use crate::engine;
use crate::engine::account::{AccountCommand, Ending, NewPerson, PersonChanges};
use crate::engine::command::{Command, Reply};
use crate::wire::problem::Problem;

#[derive(Serialize, ToSchema)]
pub struct Agents {
    agents: Vec<AgentLine>,
}

/// An agent as a colleague knows them, or, to admins, as a person.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum AgentLine {
    Person(PersonView),
    Colleague(Colleague),
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Colleague {
    id: u64,
    name: String,
    /// agent, supervisor or admin
    role: &'static str,
    disabled: bool,
}

/// Everybody who works, or worked, at the desk, by id.
#[describe::path(get, path = "/api/agents", tag = "people", operation_id = "list_agents", responses((status = 200, body = Agents)))]
pub async fn list(Shared(state): Shared<State>, caller: Caller) -> Json<Agents> {
    let is_admin = caller.token.acts_as() == Role::Admin;
    let agents = state.engine.shared().people().agents();
    let line = |agent: &Agent| match is_admin {
        true => AgentLine::Person(PersonView::of(&state, agent)),
        false => AgentLine::Colleague(Colleague {
            id: agent.id,
            name: agent.name.clone(),
            role: agent.role.as_str(),
            disabled: agent.disabled_at.is_some(),
        }),
    };
    Json(Agents { agents: agents.iter().map(|agent| line(agent)).collect() })
}

#[derive(Deserialize, ToSchema)]
pub struct NewAgent {
    #[schema(example = "Dewi Lestari")]
    name: String,
    #[schema(format = "email", example = "dewi@example.com")]
    email: String,
    /// agent, supervisor or admin
    #[schema(pattern = "^(agent|supervisor|admin)$", example = "agent")]
    role: String,
    /// 10 to 256 characters; without one the answer has a link by which the person sets their own
    password: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct MadeAgent {
    agent: PersonView,
    /// By which the person sets a password, once, within a day; shown now and never again
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
}

fn role(text: &str) -> Result<Role, Failure> {
    Role::parse(text)
        .ok_or_else(|| Problem::field("role", "must be agent, supervisor or admin").into())
}

/// A person begins. Who already had tokens under this name keeps their tickets.
#[describe::path(post, path = "/api/agents", tag = "people", operation_id = "add_agent", request_body = NewAgent, responses((status = 201, body = MadeAgent)))]
pub async fn add(
    Shared(state): Shared<State>,
    input: Input<NewAgent>,
) -> Result<(StatusCode, Json<MadeAgent>), Failure> {
    let role = role(&input.value.role)?;
    let (name, email) = (input.value.name.clone(), input.value.email.clone());
    let password = match &input.value.password {
        Some(chosen) => Some(hashed(&state, "password", chosen, &[&name, &email]).await?),
        None => None,
    };
    let wants_link = password.is_none();
    let command = AccountCommand::Add(NewPerson { name, email, role, password });
    let agent = agent(state.engine.submit(input.submission(Command::Account(command))).await?)?;
    let link =
        if wants_link { Some(make_link(&state, &input.caller, agent.id).await?) } else { None };
    Ok((StatusCode::CREATED, Json(MadeAgent { agent: PersonView::of(&state, &agent), link })))
}

fn agent(reply: Reply) -> Result<Agent, Failure> {
    match reply {
        Reply::Agent(agent) => Ok(*agent),
        other => Err(unexpected(&other)),
    }
}

async fn make_link(state: &State, caller: &Caller, agent: u64) -> Result<String, Failure> {
    let (token, hash) =
        secret::link().map_err(|e| engine::Error::Unavailable(format!("no random bytes: {e}")))?;
    let command = AccountCommand::MakeLink { agent: Some(agent), hash };
    state.engine.submit(caller.submission(Command::Account(command))).await?;
    Ok(state.auth.link(&token))
}

#[derive(Deserialize, ToSchema)]
pub struct AgentChanges {
    #[schema(example = "Dewi Lestari")]
    name: Option<String>,
    email: Option<String>,
    /// agent, supervisor or admin
    #[schema(pattern = "^(agent|supervisor|admin)$")]
    role: Option<String>,
    /// Whoever is disabled has no session, no link and no token any more, at once
    disabled: Option<bool>,
}

/// Changes a person; what is absent stays. The last admin stays one.
#[describe::path(put, path = "/api/agents/{agent}", tag = "people", operation_id = "change_agent", params(("agent" = String, Path, description = "the agent's id")),
    request_body = AgentChanges, responses((status = 200, body = PersonView)))]
pub async fn change(
    Shared(state): Shared<State>,
    Path(named): Path<String>,
    input: Input<AgentChanges>,
) -> Result<Json<PersonView>, Failure> {
    let role = input.value.role.as_deref().map(role).transpose()?;
    let AgentChanges { name, email, disabled, .. } = &input.value;
    let (name, email, disabled) = (name.clone(), email.clone(), *disabled);
    let changes = PersonChanges { name, email, role, disabled };
    let command = AccountCommand::Change { agent: id(&named, "agent")?, changes };
    let agent = agent(state.engine.submit(input.submission(Command::Account(command))).await?)?;
    Ok(Json(PersonView::of(&state, &agent)))
}

#[derive(Serialize, ToSchema)]
pub struct MadeLink {
    /// By which the person sets a password, once, within a day; shown now and never again
    link: String,
}

/// A link by which a person sets a new password. Until it is used nothing changes.
#[describe::path(post, path = "/api/agents/{agent}/link", tag = "people", operation_id = "make_link", params(("agent" = String, Path, description = "the agent's id")),
    responses((status = 201, body = MadeLink)))]
pub async fn link(
    Shared(state): Shared<State>,
    Path(named): Path<String>,
    input: Input<Nothing>,
) -> Result<(StatusCode, Json<MadeLink>), Failure> {
    let link = make_link(&state, &input.caller, id(&named, "agent")?).await?;
    Ok((StatusCode::CREATED, Json(MadeLink { link })))
}

/// A person's sessions, oldest first.
#[describe::path(get, path = "/api/agents/{agent}/sessions", tag = "people", operation_id = "sessions_of_agent",
    params(("agent" = String, Path, description = "the agent's id")), responses((status = 200, body = Sessions)))]
pub async fn sessions(
    Shared(state): Shared<State>,
    Path(named): Path<String>,
    caller: Caller,
) -> Result<Json<Sessions>, Failure> {
    let agent = id(&named, "agent")?;
    state.engine.shared().people().agent(agent).ok_or_else(|| not_found("such agent"))?;
    Ok(Json(sessions_of(&state, agent, caller.session())))
}

/// Ends all of a person's sessions.
#[describe::path(delete, path = "/api/agents/{agent}/sessions", tag = "people", operation_id = "end_sessions_of_agent",
    params(("agent" = String, Path, description = "the agent's id")), responses((status = 204)))]
pub async fn end_sessions(
    Shared(state): Shared<State>,
    Path(named): Path<String>,
    input: Input<Nothing>,
) -> Result<StatusCode, Failure> {
    let agent = id(&named, "agent")?;
    state.engine.shared().people().agent(agent).ok_or_else(|| not_found("such agent"))?;
    let which = Ending::AllBut(None);
    let command = AccountCommand::EndSessions { agent, which };
    input.carry_out(&state, Command::Account(command)).await
}

/// Takes a person's second factor away, for those who have lost it.
#[describe::path(delete, path = "/api/agents/{agent}/totp", tag = "people", operation_id = "drop_totp_of_agent",
    params(("agent" = String, Path, description = "the agent's id")), responses((status = 204)))]
pub async fn drop_totp(
    Shared(state): Shared<State>,
    Path(named): Path<String>,
    input: Input<Nothing>,
) -> Result<StatusCode, Failure> {
    let command = AccountCommand::DropSecondFactor { agent: id(&named, "agent")? };
    input.carry_out(&state, Command::Account(command)).await
}
