//! Machine tokens, and the agents that they act as.

use crate::domain::agent::{Agent, Role};
use crate::domain::contact::{Scope, Token};
use crate::engine::command::{Refusal, Reply};
use crate::engine::draft::Draft;
use crate::engine::event::EventKind;
use crate::engine::rows::{MAX_AGENTS, key};
use crate::store::Order;

/// How many tokens there may be, revoked ones included.
const MAX_TOKENS: usize = 1000;
const MAX_TOKEN_NAME: usize = 64;

pub fn create(
    draft: &mut Draft<'_>,
    name: &str,
    hash: &[u8; 32],
    scopes: &[Scope],
) -> Result<Reply, Refusal> {
    let name = name.trim();
    if name.is_empty()
        || name.chars().count() > MAX_TOKEN_NAME
        || name.chars().any(char::is_control)
    {
        let why =
            format!("must be 1 to {MAX_TOKEN_NAME} characters, none of them a control character");
        return Err(Refusal::Invalid { field: "name", why });
    }
    if scopes.is_empty() {
        let why = "name at least one of ingest, read, agent, admin, assistant".into();
        return Err(Refusal::Invalid { field: "scope", why });
    }
    let tokens = draft.rows().scan::<Token>(&[], None, Order::Ascending, MAX_TOKENS)?;
    if tokens.len() == MAX_TOKENS {
        return Err(Refusal::Conflict(format!("there are {MAX_TOKENS} tokens already")));
    }
    let acts = scopes.iter().any(|s| matches!(s, Scope::Agent | Scope::Admin));
    let agent = if acts { Some(agent_named(draft, name)?) } else { None };
    let token = Token {
        id: draft.next("token", 1)?,
        name: name.to_owned(),
        hash: *hash,
        scopes: scopes.to_vec(),
        agent,
        created_at: draft.ctx.now,
        revoked_at: None,
    };
    draft.put(&key::number(token.id), &token);
    draft.event(EventKind::TokenCreated, None);
    Ok(Reply::Token(Box::new(token)))
}

/// Two tokens of one name act as one agent.
fn agent_named(draft: &mut Draft<'_>, name: &str) -> Result<u64, Refusal> {
    let agents = draft.rows().agents()?;
    if let Some(agent) = agents.iter().find(|a| a.name == name) {
        return Ok(agent.id);
    }
    if agents.len() == MAX_AGENTS {
        return Err(Refusal::Conflict(format!("there are {MAX_AGENTS} agents already")));
    }
    let id = draft.next("agent", 1)?;
    let agent = Agent {
        id,
        name: name.to_owned(),
        email: None,
        role: Role::Agent,
        disabled_at: None,
        created_at: draft.ctx.now,
    };
    draft.put(&key::number(id), &agent);
    Ok(id)
}

pub fn revoke(draft: &mut Draft<'_>, id: u64) -> Result<Reply, Refusal> {
    let found = draft.get::<Token>(&key::number(id))?;
    let mut token = found.ok_or_else(|| Refusal::NotFound(format!("token {id}")))?;
    if token.revoked_at.is_none() {
        token.revoked_at = Some(draft.ctx.now);
        draft.put(&key::number(id), &token);
        draft.event(EventKind::TokenRevoked, None);
    }
    Ok(Reply::Token(Box::new(token)))
}
