//! Who talks to us and where: contacts, conversations, machine tokens.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::time::Micros;

/// One person, many addresses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contact {
    pub id: u64,
    pub name: Option<String>,
    /// Digits of the international number without `+` (S4.19).
    pub phone: Option<String>,
    /// WhatsApp addresses (`…@s.whatsapp.net`, `…@lid`, `…@bsuid`), or that of a group (`…@g.us`); at most
    /// [`MAX_ADDRESSES`].
    pub addresses: Vec<String>,
    /// At most [`MAX_CONVERSATIONS`].
    pub conversations: Vec<u64>,
    pub created_at: Micros,
    /// The contact that turned out to be the same person.
    pub merged_into: Option<u64>,
}

/// The spelling under which an address is known: a Mexican mobile number is written with and without a 1
/// behind its 52, and is one number.
pub fn spelling(address: &str) -> Cow<'_, str> {
    match address.strip_suffix("@s.whatsapp.net").and_then(|digits| digits.strip_prefix("52")) {
        Some(national) if national.len() == 10 => {
            Cow::Owned(format!("521{national}@s.whatsapp.net"))
        }
        _ => Cow::Borrowed(address),
    }
}

pub const MAX_ADDRESSES: usize = 16;
pub const MAX_CONVERSATIONS: usize = 32;

/// Who answers in a conversation (S4.6, S4.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    Bot,
    Agent,
}

impl Mode {
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Bot => "bot",
            Mode::Agent => "agent",
        }
    }
}

/// One chat with one contact over one instance of a bridge. At most one of its tickets is open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    pub id: u64,
    pub contact: u64,
    pub instance: String,
    pub mode: Mode,
    /// Its open ticket, or else its last one.
    pub ticket: Option<u64>,
    pub created_at: Micros,
}

/// What a machine token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Deliver calls and messages.
    Ingest,
    /// Read tickets, transcripts, statistics.
    Read,
    /// Act as the agent of the token's name; includes read, within what an agent may see.
    Agent,
    /// Everything.
    Admin,
    /// Carry out an assistant's tool calls for the customers that it talks with.
    Assistant,
}

impl Scope {
    pub const ALL: [Scope; 5] =
        [Scope::Ingest, Scope::Read, Scope::Agent, Scope::Admin, Scope::Assistant];

    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Ingest => "ingest",
            Scope::Read => "read",
            Scope::Agent => "agent",
            Scope::Admin => "admin",
            Scope::Assistant => "assistant",
        }
    }

    pub fn parse(text: &str) -> Option<Scope> {
        Scope::ALL.into_iter().find(|s| s.as_str() == text)
    }
}

/// A machine token: opaque, 256 bits, of which only the SHA-256 is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Token {
    pub id: u64,
    pub name: String,
    pub hash: [u8; 32],
    pub scopes: Vec<Scope>,
    /// The agent that a token of scope `agent` or `admin` acts as.
    pub agent: Option<u64>,
    pub created_at: Micros,
    pub revoked_at: Option<Micros>,
}
