//! What the doors beside calls and WhatsApp hand in: cases of other desks and forms, chats that a bot gives up, calls
//! that a platform reports. Plain data; [`super::decide`] turns it into tickets.

use crate::domain::channel::Channel;
use crate::domain::entry::{Speaker, ToolCall};
use crate::domain::priority::Priority;
use crate::domain::status::Status;
use crate::domain::time::Micros;

/// What one delivery tells of a case. Every delivery of a case leads to one ticket, in whatever order they come.
#[derive(Clone, Debug)]
pub struct NewCase {
    pub channel: Channel,
    /// As its maker calls it (S1.5); none where the channel says it.
    pub source: Option<String>,
    /// Its name in the other system, `zendesk:123`; none makes every delivery a case of its own.
    pub name: Option<String>,
    /// What tells this delivery from others, across redeliveries; none never recognises one.
    pub delivery: Option<String>,
    pub requester: NewRequester,
    pub subject: Option<String>,
    pub description: Option<String>,
    /// Who wrote the description.
    pub described_by: Speaker,
    pub opened_at: Option<Micros>,
    pub order_id: Option<String>,
    pub priority: Option<Priority>,
    pub tags: Vec<String>,
    pub turns: Vec<NewTurn>,
    pub status: Option<ToldStatus>,
}

/// Who the case is for.
#[derive(Clone, Debug, Default)]
pub struct NewRequester {
    /// Addresses that are certainly one person's (`mailto:…`, `zendesk:…`).
    pub addresses: Vec<String>,
    pub name: Option<String>,
    pub email: Option<String>,
}

/// What somebody said.
#[derive(Clone, Debug)]
pub struct NewTurn {
    /// The other system's id of it.
    pub id: Option<String>,
    pub at: Option<Micros>,
    pub speaker: Speaker,
    pub author: Option<String>,
    pub text: String,
    /// For agents only.
    pub private: bool,
}

/// Where the other system says that the case stands, and since when by its clock. `Open` stands for any work on it.
#[derive(Clone, Copy, Debug)]
pub struct ToldStatus {
    pub status: Status,
    pub at: Option<Micros>,
}

/// A bot hands a chat over to people (S3.33, S3.34).
#[derive(Clone, Debug)]
pub struct Handover {
    /// `chat:WORKSPACE:CONVERSATION`.
    pub name: String,
    pub requester: NewRequester,
    pub subject: Option<String>,
    pub description: Option<String>,
    /// The chat so far, or its end.
    pub history: Vec<NewTurn>,
    pub escalation: Option<NewEscalation>,
    /// The SHA-256 of a token by which the customer may look at the ticket.
    pub token: Option<[u8; 32]>,
}

#[derive(Clone, Debug)]
pub struct NewEscalation {
    pub by: String,
    pub reason: String,
    /// What the bot knows, as text for people; may be empty.
    pub context: String,
}

/// What a platform reports of a call that it does not stream.
#[derive(Clone, Debug)]
pub struct CallReport {
    /// The platform's id of the call, which is its session.
    pub session_id: String,
    /// What tells this report from others of the same call.
    pub event: String,
    pub customer_name: Option<String>,
    pub customer_phone: Option<String>,
    /// The whole of what was said, in order.
    pub turns: Vec<CallTurn>,
    pub summary: Option<String>,
    pub ended: bool,
    /// Kept with the ticket as metadata.
    pub details: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
pub struct CallTurn {
    pub speaker: Speaker,
    pub text: String,
    pub at: Option<Micros>,
    pub tool_calls: Vec<ToolCall>,
}
