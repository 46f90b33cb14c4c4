//! Who may what: machine tokens, callers, and the one table of routes and scopes.

pub mod policy;
pub mod token;

use crate::domain::audit::Who;
use crate::domain::contact::{Scope, Token};

/// Who is at the door, once the token was recognised.
#[derive(Clone, Debug)]
pub struct Caller {
    pub token_id: u64,
    pub name: String,
    pub scopes: Vec<Scope>,
    /// The agent that the caller acts as.
    pub agent: Option<u64>,
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
            token_id: token.id,
            name: token.name.clone(),
            scopes: token.scopes.clone(),
            agent: token.agent,
        }
    }
}

impl Caller {
    pub fn has(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    /// As the audit names them.
    pub fn who(&self) -> Who {
        match self.agent {
            Some(id) => Who::Person { id },
            None => Who::Token { name: self.name.clone() },
        }
    }

    /// The caller of a listener that asks for no token: reads, and nothing else.
    pub fn open_reader() -> Caller {
        Caller { token_id: 0, name: "open listener".into(), scopes: vec![Scope::Read], agent: None }
    }
}
