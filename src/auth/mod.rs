//! Who may what: machine tokens and people, what they prove themselves by, and the one table of routes, scopes
//! and roles.

pub mod backoff;
pub mod jwt;
pub mod password;
pub mod policy;
pub mod secret;
pub mod signing;
pub mod token;

use crate::domain::agent::Role;
use crate::domain::audit::Who;
use crate::domain::contact::{Scope, Token};
use crate::domain::session::{Credential, Standing};
use crate::domain::time::Micros;

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

/// What the token of a request came to, at a door that may do with a signature instead.
#[derive(Clone, Debug)]
pub enum Knock {
    Known(Caller),
    /// Why no token of theirs opens the door.
    Refused(String),
    NoToken,
}

/// What recognises people, beside the rows: kept for as long as the daemon runs.
pub struct Authenticator {
    pub passwords: password::Hasher,
    pub signing: signing::SigningKeys,
    pub failures: backoff::Backoff,
    /// Microseconds that an access token lasts.
    pub access_life: i64,
    pub lives: Lives,
    /// Where browsers find the daemon, as `https://desk.local:8443`: where links lead.
    pub address: String,
}

/// How long sessions last, in microseconds: in all, and without a request.
#[derive(Clone, Copy, Debug)]
pub struct Lives {
    pub life: i64,
    pub idle: i64,
    /// Both, of those who asked to be remembered.
    pub remembered: i64,
}

impl Authenticator {
    /// Puts a new signing key in place of one that is old; one that cannot be written is tried with the next login.
    pub fn rotate(&self, now: Micros) {
        match self.signing.rotate_if_due(now) {
            Ok(true) => tracing::info!("access tokens are signed with a new key"),
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "no new signing key could be made"),
        }
    }

    /// Where a one-time link leads. The token is in the fragment, which browsers send nowhere.
    pub fn link(&self, token: &str) -> String {
        format!("{}/setup#{token}", self.address)
    }
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

    /// As the audit names them.
    pub fn who(&self) -> Who {
        match self.agent {
            Some(id) => Who::Person { id },
            None => Who::Token { name: self.name.clone() },
        }
    }

    /// What they are as an agent: a token acts as admin if its scope is, else as agent.
    pub fn acts_as(&self) -> Role {
        let of_token = if self.has(Scope::Admin) { Role::Admin } else { Role::Agent };
        self.role.unwrap_or(of_token)
    }

    /// By what a lasting connection of theirs goes on.
    pub fn standing(&self) -> Standing {
        Standing { credential: self.credential, role: self.role }
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
