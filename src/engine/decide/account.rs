//! People: who they are, their passwords and second factors, and the links by which they begin.

use super::session::end;
use crate::domain::agent::{Agent, Role};
use crate::domain::email::{folded, is_address};
use crate::domain::session::{Account, LINK_LIFE, Link, SecondFactor};
use crate::domain::totp;
use crate::engine::account::{AccountCommand, Ending, NewPerson, PersonChanges};
use crate::engine::command::{Refusal, Reply};
use crate::engine::draft::Draft;
use crate::engine::rows::{MAX_AGENTS, key};
use crate::store::{Order, Table};

const MAX_NAME: usize = 64;
/// Links that wait to be used: one a person, and one for the first admin.
const MAX_LINKS: usize = MAX_AGENTS + 1;

pub fn carry_out(draft: &mut Draft<'_>, command: &AccountCommand) -> Result<Reply, Refusal> {
    match command {
        AccountCommand::Add(person) => add(draft, person),
        AccountCommand::Change { agent, changes } => change(draft, *agent, changes),
        AccountCommand::SetPassword { agent, password, checked, keep } => {
            let agent = person(draft, *agent)?;
            if checked.is_some() && account(draft, agent.id)?.password != *checked {
                return Err(wrong_password());
            }
            set_password(draft, agent, password, *keep)
        }
        AccountCommand::MakeLink { agent, hash } => make_link(draft, *agent, hash),
        AccountCommand::UseLink { hash, person, password } => {
            use_link(draft, hash, person.as_ref(), password)
        }
        AccountCommand::BeginSession(new) => super::session::begin(draft, new),
        AccountCommand::Refresh { session, agent, family, current, next } => {
            super::session::refresh(draft, (*agent, *session), (family, current), next)
        }
        AccountCommand::EndSessions { agent, which } => {
            end(draft, *agent, *which)?;
            Ok(Reply::Done)
        }
        AccountCommand::OfferSecondFactor { agent, secret } => offer(draft, *agent, *secret),
        AccountCommand::ConfirmSecondFactor { agent, code, recovery } => {
            confirm(draft, *agent, code, recovery)
        }
        AccountCommand::DropSecondFactor { agent } => {
            let agent = person(draft, *agent)?;
            let account = Account { second_factor: None, ..account(draft, agent.id)? };
            draft.put(&key::number(agent.id), &account);
            Ok(Reply::Agent(Box::new(agent)))
        }
    }
}

/// How somebody proves who they are; nothing if they never did.
pub(super) fn account(draft: &Draft<'_>, agent: u64) -> Result<Account, Refusal> {
    Ok(draft.get::<Account>(&key::number(agent))?.unwrap_or_default())
}

pub(super) fn wrong_password() -> Refusal {
    Refusal::Unauthorized { why: "the e-mail address or the password is wrong", wants_code: false }
}

/// Somebody who can log in, or once could.
fn person(draft: &Draft<'_>, id: u64) -> Result<Agent, Refusal> {
    let found = draft.get::<Agent>(&key::number(id))?;
    let found = found.filter(|agent| agent.email.is_some());
    found.ok_or_else(|| Refusal::NotFound(format!("person {id}")))
}

fn invalid(field: &'static str, why: impl Into<String>) -> Refusal {
    Refusal::Invalid { field, why: why.into() }
}

fn checked_name(name: &str) -> Result<String, Refusal> {
    let name = name.trim();
    if (1..=MAX_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control) {
        return Ok(name.to_owned());
    }
    let why = format!("must be 1 to {MAX_NAME} characters, none of them a control character");
    Err(invalid("name", why))
}

/// The address, folded, if it is one and nobody else's.
fn checked_email(agents: &[Agent], of: Option<u64>, email: &str) -> Result<String, Refusal> {
    let email = folded(email);
    if !is_address(&email) {
        return Err(invalid("email", "must be an address as `dewi@example.com`"));
    }
    let is = |agent: &&Agent| agent.email.as_ref() == Some(&email) && Some(agent.id) != of;
    if agents.iter().any(|agent| is(&agent)) {
        return Err(Refusal::Conflict("somebody has this e-mail address already".into()));
    }
    Ok(email)
}

fn add(draft: &mut Draft<'_>, new: &NewPerson) -> Result<Reply, Refusal> {
    let agents = draft.rows().agents()?;
    let name = checked_name(&new.name)?;
    let email = Some(checked_email(&agents, None, &new.email)?);
    let token_only = agents.iter().find(|agent| agent.email.is_none() && agent.name == name);
    let agent = match token_only.cloned() {
        Some(agent) => Agent { email, role: new.role, disabled_at: None, ..agent },
        None if agents.len() == MAX_AGENTS => {
            return Err(Refusal::Conflict(format!("there are {MAX_AGENTS} agents already")));
        }
        None => Agent {
            id: draft.next("agent", 1)?,
            name,
            email,
            role: new.role,
            disabled_at: None,
            created_at: draft.ctx.now,
        },
    };
    draft.put(&key::number(agent.id), &agent);
    draft.put(
        &key::number(agent.id),
        &Account { password: new.password.clone(), second_factor: None },
    );
    Ok(Reply::Agent(Box::new(agent)))
}

fn change(draft: &mut Draft<'_>, id: u64, changes: &PersonChanges) -> Result<Reply, Refusal> {
    let agents = draft.rows().agents()?;
    let found = agents.iter().find(|agent| agent.id == id).cloned();
    let mut agent = found.ok_or_else(|| Refusal::NotFound(format!("agent {id}")))?;
    if let Some(name) = &changes.name {
        agent.name = checked_name(name)?;
    }
    if let Some(email) = &changes.email {
        // Whom only tokens act for becomes a person by being added.
        person(draft, id)?;
        agent.email = Some(checked_email(&agents, Some(id), email)?);
    }
    agent.role = changes.role.unwrap_or(agent.role);
    match changes.disabled {
        Some(true) => _ = agent.disabled_at.get_or_insert(draft.ctx.now),
        Some(false) => agent.disabled_at = None,
        None => {}
    }
    let rules = |agent: &Agent| {
        agent.role == Role::Admin && agent.email.is_some() && agent.disabled_at.is_none()
    };
    let was_last = agents.iter().filter(|agent| rules(agent)).all(|agent| agent.id == id);
    if was_last && agents.iter().any(rules) && !rules(&agent) {
        let why = "this is the last admin: make somebody else admin first";
        return Err(Refusal::Conflict(why.into()));
    }
    if agent.disabled_at.is_some() {
        end(draft, id, Ending::AllBut(None))?;
        drop_links(draft, Some(id))?;
    }
    draft.put(&key::number(id), &agent);
    Ok(Reply::Agent(Box::new(agent)))
}

fn set_password(
    draft: &mut Draft<'_>,
    agent: Agent,
    password: &str,
    keep: Option<u64>,
) -> Result<Reply, Refusal> {
    let account = Account { password: Some(password.to_owned()), ..account(draft, agent.id)? };
    draft.put(&key::number(agent.id), &account);
    end(draft, agent.id, Ending::AllBut(keep))?;
    drop_links(draft, Some(agent.id))?;
    Ok(Reply::Agent(Box::new(agent)))
}

fn make_link(draft: &mut Draft<'_>, agent: Option<u64>, hash: &[u8; 32]) -> Result<Reply, Refusal> {
    match agent {
        Some(id) if person(draft, id)?.disabled_at.is_some() => {
            return Err(Refusal::Conflict("they are disabled; enable them first".into()));
        }
        None if draft.rows().agents()?.iter().any(|agent| agent.email.is_some()) => {
            return Err(Refusal::Conflict("the desk is set up already".into()));
        }
        _ => {}
    }
    drop_links(draft, agent)?;
    draft.put(hash, &Link { agent, expires: draft.ctx.steady.plus(LINK_LIFE) });
    Ok(Reply::Done)
}

fn drop_links(draft: &mut Draft<'_>, agent: Option<u64>) -> Result<(), Refusal> {
    for (hash, link) in draft.rows().scan::<Link>(&[], None, Order::Ascending, MAX_LINKS)? {
        if link.agent == agent {
            draft.delete(Table::Links, &hash);
        }
    }
    Ok(())
}

fn use_link(
    draft: &mut Draft<'_>,
    hash: &[u8; 32],
    first: Option<&(String, String)>,
    password: &str,
) -> Result<Reply, Refusal> {
    let link = draft.get::<Link>(hash)?.filter(|link| link.expires > draft.ctx.steady);
    let link = link.ok_or(Refusal::Unauthorized {
        why: "this link is not good, or not any more; have another made",
        wants_code: false,
    })?;
    if let Some(id) = link.agent {
        let agent = person(draft, id)?;
        return set_password(draft, agent, password, None);
    }
    let Some((name, email)) = first else {
        return Err(invalid("email", "is required, as is a name: this link makes the first admin"));
    };
    // Whoever holds a link for a desk without people may not use it once there are some.
    if draft.rows().agents()?.iter().any(|agent| agent.email.is_some()) {
        return Err(Refusal::Conflict("the desk is set up already: log in".into()));
    }
    drop_links(draft, None)?;
    let (name, email, password) = (name.clone(), email.clone(), Some(password.to_owned()));
    add(draft, &NewPerson { name, email, role: Role::Admin, password })
}

fn offer(draft: &mut Draft<'_>, agent: u64, secret: [u8; 20]) -> Result<Reply, Refusal> {
    let (agent, mut account) = (person(draft, agent)?, account(draft, agent)?);
    if account.asks_for().is_some() {
        let why = "there is a second factor already: take it away first";
        return Err(Refusal::Conflict(why.into()));
    }
    let recovery = Vec::new();
    account.second_factor = Some(SecondFactor { secret, confirmed: false, used: 0, recovery });
    draft.put(&key::number(agent.id), &account);
    Ok(Reply::Agent(Box::new(agent)))
}

fn confirm(
    draft: &mut Draft<'_>,
    agent: u64,
    code: &str,
    recovery: &[[u8; 32]],
) -> Result<Reply, Refusal> {
    let (agent, mut account) = (person(draft, agent)?, account(draft, agent)?);
    let Some(factor) = account.second_factor.as_mut().filter(|factor| !factor.confirmed) else {
        return Err(Refusal::Conflict("there is no second factor that waits for its code".into()));
    };
    let step = totp::accepted(&factor.secret, code, draft.ctx.now, factor.used);
    let why = "is not the code that the app shows now; are the clocks of both right?";
    factor.used = step.ok_or_else(|| invalid("code", why))?;
    factor.confirmed = true;
    factor.recovery = recovery.to_vec();
    draft.put(&key::number(agent.id), &account);
    Ok(Reply::Agent(Box::new(agent)))
}
