//! An agent's message on its way out: what waits to be sent, and how far what was sent has come.
//!
//! What always holds: who waits in the outbox is `queued`, and who is `queued` waits in the outbox. The texts
//! stay where they are, in the entries.

use serde::{Deserialize, Serialize};

use super::entry::Delivery;
use super::time::Micros;

/// A message that waits for its bridge. Those of one conversation go out one after the other, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outbound {
    /// The entry's global number.
    pub entry: u64,
    pub ticket: u64,
    /// Where the chat lives: the bridge's session, or `<door>:<name>`.
    pub instance: String,
    /// The customer's chat address.
    pub to: String,
    /// What all attempts bear, so that a bridge that has it already can tell; shaped as WhatsApp's own ids are.
    pub message_id: String,
    /// By the steady clock.
    pub queued_at: Micros,
}

/// How far an agent's message has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispatch {
    pub state: Delivery,
    /// How often it was put into the outbox: what is told of an earlier round does not undo a later one.
    pub round: u32,
    /// Why it failed.
    pub error: Option<String>,
    /// When it came into this state, as the bridge or our clock tells.
    pub changed_at: Micros,
}

/// The name of the count of messages that wait.
pub const WAITING: &str = "outbox.waiting";

/// The longest reason for a failure that is kept, in characters.
pub const MAX_ERROR: usize = 500;
