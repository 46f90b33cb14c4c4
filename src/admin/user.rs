//! People, over the admin socket: who can read the data directory makes admins.

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::Answer;
use crate::auth::{Authenticator, password, secret};
use crate::domain::agent::{Agent, Role};
use crate::domain::email::folded;
use crate::domain::session::Account;
use crate::engine::Engine;
use crate::engine::account::{AccountCommand, NewPerson, PersonChanges};
use crate::engine::command::{Actor, Command, Origin, Reply, Submission};
use crate::engine::rows::key;

/// Without a password the answer is a link by which the person sets one.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum UserRequest {
    Add { name: String, email: String, role: Role, password: Option<String> },
    List,
    Password { email: String, password: Option<String> },
    Disable { email: String, disabled: bool },
    Role { email: String, role: Role },
    DropSecondFactor { email: String },
    RotateKeys,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UserLine {
    pub id: u64,
    pub name: String,
    pub email: String,
    pub role: Role,
    pub disabled: bool,
    pub has_password: bool,
    pub second_factor: bool,
}

pub async fn answer(
    engine: &Engine,
    auth: &Authenticator,
    request: UserRequest,
    out: &mpsc::Sender<Answer>,
) -> Result<(), String> {
    let gone = |_| "the reader has gone".to_owned();
    match request {
        UserRequest::Add { name, email, role, password } => {
            let hashed = match &password {
                Some(password) => Some(hash(auth, password, &[&name, &email]).await?),
                None => None,
            };
            let person = NewPerson { name, email, role, password: hashed };
            let agent = submit(engine, AccountCommand::Add(person)).await?;
            if password.is_none() {
                let link = link(engine, auth, agent.id).await?;
                out.send(Answer::Link { link }).await.map_err(gone)?;
            }
            Ok(())
        }
        UserRequest::List => {
            for agent in engine.shared().people().agents() {
                if let Some(line) = line(engine, &agent)? {
                    out.send(Answer::User(line)).await.map_err(gone)?;
                }
            }
            Ok(())
        }
        UserRequest::Password { email, password: Some(password) } => {
            let agent = named(engine, &email)?;
            let password = hash(auth, &password, &[&agent.name, &email]).await?;
            let agent = agent.id;
            let command =
                AccountCommand::SetPassword { agent, password, checked: None, keep: None };
            submit(engine, command).await.map(|_| ())
        }
        UserRequest::Password { email, password: None } => {
            let link = link(engine, auth, named(engine, &email)?.id).await?;
            out.send(Answer::Link { link }).await.map_err(gone)
        }
        UserRequest::Disable { email, disabled } => {
            let changes = PersonChanges { disabled: Some(disabled), ..PersonChanges::default() };
            change(engine, &email, changes).await
        }
        UserRequest::Role { email, role } => {
            let changes = PersonChanges { role: Some(role), ..PersonChanges::default() };
            change(engine, &email, changes).await
        }
        UserRequest::DropSecondFactor { email } => {
            let agent = named(engine, &email)?.id;
            submit(engine, AccountCommand::DropSecondFactor { agent }).await.map(|_| ())
        }
        UserRequest::RotateKeys => {
            auth.signing.rotate(engine.shared().steady()).map_err(|e| e.to_string())
        }
    }
}

fn named(engine: &Engine, email: &str) -> Result<Agent, String> {
    let found = engine.shared().people().by_email(&folded(email));
    found.map(|agent| (*agent).clone()).ok_or_else(|| format!("nobody has the e-mail {email}"))
}

async fn hash(auth: &Authenticator, chosen: &str, who: &[&str]) -> Result<String, String> {
    if let Some(why) = password::refusal(chosen, who) {
        return Err(format!("the password {why}"));
    }
    auth.passwords.hash(chosen).await.map_err(|e| e.to_string())
}

async fn link(engine: &Engine, auth: &Authenticator, agent: u64) -> Result<String, String> {
    let (token, hash) = secret::link().map_err(|e| e.to_string())?;
    let command = Command::Account(AccountCommand::MakeLink { agent: Some(agent), hash });
    let submission = Submission::new(Actor::System, command).from(Origin::COMMAND_LINE);
    engine.submit(submission).await.map_err(|e| e.to_string())?;
    Ok(auth.link(&token))
}

async fn change(engine: &Engine, email: &str, changes: PersonChanges) -> Result<(), String> {
    let agent = named(engine, email)?.id;
    submit(engine, AccountCommand::Change { agent, changes }).await.map(|_| ())
}

async fn submit(engine: &Engine, command: AccountCommand) -> Result<Agent, String> {
    let command = Command::Account(command);
    let submission = Submission::new(Actor::System, command).from(Origin::COMMAND_LINE);
    match engine.submit(submission).await.map_err(|e| e.to_string())? {
        Reply::Agent(agent) => Ok(*agent),
        _ => Err("the engine gave a reply of another kind".into()),
    }
}

/// None for those for whom only tokens act.
fn line(engine: &Engine, agent: &Agent) -> Result<Option<UserLine>, String> {
    let Some(email) = agent.email.clone() else { return Ok(None) };
    let account = engine.read(|rows| rows.get::<Account>(&key::number(agent.id)));
    let account = account.map_err(|e| e.to_string())?.unwrap_or_default();
    Ok(Some(UserLine {
        id: agent.id,
        name: agent.name.clone(),
        email,
        role: agent.role,
        disabled: agent.disabled_at.is_some(),
        has_password: account.password.is_some(),
        second_factor: account.asks_for().is_some(),
    }))
}
