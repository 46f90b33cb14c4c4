//! What may be asked of people's accounts. Secrets come hashed: passwords in PHC form, tokens as SHA-256.

use std::net::IpAddr;

use crate::domain::agent::Role;
use crate::domain::session::Proof;

#[derive(Clone, Debug)]
pub enum AccountCommand {
    /// A person begins. Somebody of this name for whom only tokens acted becomes that person.
    Add(NewPerson),
    /// Fields that are absent stay as they are.
    Change {
        agent: u64,
        changes: PersonChanges,
    },
    /// Sets a password; every session of theirs but `keep` ends.
    SetPassword {
        agent: u64,
        password: String,
        /// The one that it replaces, where that was asked for and checked.
        checked: Option<String>,
        keep: Option<u64>,
    },
    /// A link by which this person sets a password; none makes the first admin. It replaces their earlier ones.
    MakeLink {
        agent: Option<u64>,
        hash: [u8; 32],
    },
    /// Sets the password of whom the link is for.
    UseLink {
        hash: [u8; 32],
        /// Name and e-mail of the first admin.
        person: Option<(String, String)>,
        password: String,
    },
    BeginSession(NewSession),
    /// A refresh token becomes the next one; one that was used before ends its session.
    Refresh {
        session: u64,
        agent: u64,
        family: [u8; 32],
        current: [u8; 32],
        next: [u8; 32],
    },
    EndSessions {
        agent: u64,
        which: Ending,
    },
    /// A secret to be confirmed with a code.
    OfferSecondFactor {
        agent: u64,
        secret: [u8; 20],
    },
    ConfirmSecondFactor {
        agent: u64,
        code: String,
        recovery: Vec<[u8; 32]>,
    },
    DropSecondFactor {
        agent: u64,
    },
}

#[derive(Clone, Debug)]
pub struct NewPerson {
    pub name: String,
    pub email: String,
    pub role: Role,
    pub password: Option<String>,
}

#[derive(Clone, Debug, Default)]
pub struct PersonChanges {
    pub name: Option<String>,
    pub email: Option<String>,
    pub role: Option<Role>,
    pub disabled: Option<bool>,
}

#[derive(Clone, Debug)]
pub struct NewSession {
    pub agent: u64,
    /// The password that was checked: if it is another by now, the check is worth nothing.
    pub checked: String,
    /// Of the second factor, or for recovery.
    pub code: Option<String>,
    pub proof: Proof,
    /// Microseconds until it ends, and of silence.
    pub life: i64,
    pub idle: i64,
    pub address: Option<IpAddr>,
    pub client: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    One(u64),
    AllBut(Option<u64>),
}
