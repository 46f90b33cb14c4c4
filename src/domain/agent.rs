//! The people who work at the desk, and what their role lets them do.

use serde::{Deserialize, Serialize};

use super::time::Micros;

/// A person, or the name under which machine tokens act.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agent {
    pub id: u64,
    pub name: String,
    /// By which a person logs in, folded and theirs alone; none of those whom only tokens act for.
    pub email: Option<String>,
    pub role: Role,
    /// Since when they may do nothing. Nobody is deleted: what they did keeps its name.
    pub disabled_at: Option<Micros>,
    pub created_at: Micros,
}

/// Of two roles the greater may all that the smaller may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Works on tickets: their own, those that nobody has, those they follow (S2.20, DESIGN C9).
    Agent,
    /// Sees every ticket (S4.15).
    Supervisor,
    /// Everything: settings, people, tokens, deletion.
    Admin,
}

impl Role {
    pub const ALL: [Role; 3] = [Role::Agent, Role::Supervisor, Role::Admin];

    pub fn as_str(self) -> &'static str {
        match self {
            Role::Agent => "agent",
            Role::Supervisor => "supervisor",
            Role::Admin => "admin",
        }
    }

    pub fn parse(text: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.as_str() == text)
    }

    pub fn sees_all(self) -> bool {
        self >= Role::Supervisor
    }
}
