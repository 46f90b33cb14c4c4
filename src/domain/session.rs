//! What lets people in: passwords, second factors, sessions, one-time links. Only what cannot be used to log in
//! is kept: hashes of secrets, and the secret of a second factor, which is of no use alone.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::agent::Role;
use super::time::Micros;

/// How a person proves who they are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// Argon2id in PHC form, with its own parameters; none until a one-time link was used.
    pub password: Option<String>,
    pub second_factor: Option<SecondFactor>,
}

/// Codes of an authenticator app (RFC 6238).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SecondFactor {
    pub secret: [u8; 20],
    /// Not asked for until a first code has shown that the app has the secret.
    pub confirmed: bool,
    /// The newest time step whose code was taken: neither it nor an earlier one is taken again.
    pub used: u64,
    /// SHA-256 of the recovery codes that are left; each is good once.
    pub recovery: Vec<[u8; 32]>,
}

impl Account {
    /// The second factor, once it is asked for.
    pub fn asks_for(&self) -> Option<&SecondFactor> {
        self.second_factor.as_ref().filter(|factor| factor.confirmed)
    }
}

/// A person who has logged in, until they log out. Its times are the steady clock's, but for what is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    pub id: u64,
    pub agent: u64,
    pub proof: Proof,
    /// When it ends at the latest.
    pub ends: Micros,
    /// Microseconds without a request after which it ends.
    pub idle: i64,
    /// By the wall clock, to be shown.
    pub began_at: Micros,
    pub address: Option<IpAddr>,
    /// The client as it called itself, at most [`MAX_CLIENT`] characters.
    pub client: Option<String>,
}

pub const MAX_CLIENT: usize = 200;

/// What a session is recognised by: SHA-256 of secrets of 256 bits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Proof {
    /// A browser's cookie.
    Cookie([u8; 32]),
    /// The refresh token in force, and what it shares with those before it: who shows `family` without `current`
    /// has a token that was used before, and so may somebody else.
    Refresh { family: [u8; 32], current: [u8; 32] },
}

/// The sessions of one person; the oldest ends when one more begins.
pub const MAX_SESSIONS: usize = 32;

/// A link that is good once, found by the SHA-256 of its token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Who sets a password by it; none makes the first admin.
    pub agent: Option<u64>,
    /// By the steady clock.
    pub expires: Micros,
}

/// How long a one-time link is good, in time that the daemon runs.
pub const LINK_LIFE: i64 = Micros::DAY;

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

/// By what a lasting connection was opened: as long as it holds, the connection may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub credential: Credential,
    /// A person whose role changes has to come again.
    pub role: Option<Role>,
}
