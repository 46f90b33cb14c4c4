//! Who may what: machine tokens, callers, and the one table of routes, scopes and roles.

pub mod policy;
pub mod token;

use crate::domain::agent::Role;
use crate::domain::contact::{Scope, Token};

/// Who is at the door, once they were recognised.
#[derive(Clone, Debug)]
pub struct Caller {
    pub credential: Credential,
    pub name: String,
    /// What a machine's token may do; empty for a person.
    pub scopes: Vec<Scope>,
    /// What a person is; none for a machine.
    pub role: Option<Role>,
    /// The agent that the caller acts as.
    pub agent: Option<u64>,
}

/// What a caller was recognised by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// Nothing: a listener that asks for no token.
    Nothing,
    /// A machine's token, by its id.
    Token(u64),
    /// A person who logged in, by the session's id.
    Session(u64),
}

/// What the token of a request came to, at a door that may do with a signature instead.
#[derive(Clone, Debug)]
pub enum Knock {
    Known(Caller),
    /// Why no token of theirs opens the door.
    Refused(String),
    NoToken,
}

impl From<&Token> for Caller {
    fn from(token: &Token) -> Caller {
        Caller {
            credential: Credential::Token(token.id),
            name: token.name.clone(),
            scopes: token.scopes.clone(),
            role: None,
            agent: token.agent,
        }
    }
}

impl Caller {
    pub fn has(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    /// What they are as an agent: a token acts as admin if its scope is, else as agent.
    pub fn acts_as(&self) -> Role {
        let of_token = if self.has(Scope::Admin) { Role::Admin } else { Role::Agent };
        self.role.unwrap_or(of_token)
    }

    /// By which their requests are told from others': a person is one whatever they logged in by, a machine is
    /// its token.
    pub fn key(&self) -> u64 {
        const PERSON: u64 = 1 << 63;
        match (self.credential, self.agent) {
            (Credential::Nothing, _) => 0,
            (Credential::Token(id), _) => id,
            (Credential::Session(id), agent) => PERSON | agent.unwrap_or(id),
        }
    }

    /// The caller of a listener that asks for no token: reads, and nothing else.
    pub fn open_reader() -> Caller {
        Caller {
            credential: Credential::Nothing,
            name: "open listener".into(),
            scopes: vec![Scope::Read],
            role: None,
            agent: None,
        }
    }
}
