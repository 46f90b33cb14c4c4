//! What analytics know of a ticket beyond its narrow row. Written only when one of these things happens, so that a
//! message writes none of it.

use serde::{Deserialize, Serialize};

use super::sla::State;
use super::time::Micros;

/// Numbers and times that tell of nobody. A ticket to which none of it happened has no row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketFigures {
    /// Since when people are waited for: the end of its call, or when the bot gave the conversation back before a
    /// person had answered. None: since it was made.
    pub people_since: Option<Micros>,
    pub reopened: u16,
    pub escalated: u16,
    /// The agent who had it when it was last escalated.
    pub escalated_from: Option<u64>,
    pub rating: Option<Rated>,
    pub first_response: Option<Outcome>,
    pub resolution: Option<Outcome>,
    pub tool_calls: u16,
    /// Those tool calls whose tool searches: its name says so.
    pub searches: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rated {
    /// 1 to 5.
    pub rating: u8,
    pub at: Micros,
    /// Who had the ticket when it was first rated.
    pub agent: Option<u64>,
}

/// How a target of the ticket's SLA stands, as it was last told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    pub state: State,
    /// Seconds of the policy's hours that it took; none while it is not done.
    pub took: Option<u32>,
}
