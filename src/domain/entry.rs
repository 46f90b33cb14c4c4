//! One entry of a ticket's timeline: what somebody said, a note, a tool call, an event.

use serde::{Deserialize, Serialize};

use super::time::Micros;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub ticket: u64,
    /// Counts from 1 a ticket; given out when the turn began, so that it follows the spoken order
    /// wherever the sender announces turns in order.
    pub id: u32,
    /// When it was said or sent, as far as known; else when it arrived.
    pub at: Micros,
    pub received_at: Micros,
    pub speaker: Speaker,
    pub kind: Kind,
    pub author: Option<String>,
    /// Kept as it came, whatever Unicode it holds.
    pub body: String,
    pub tool_calls: Vec<ToolCall>,
    pub attachment: Option<Attachment>,
    /// The sender's own id: a speech item, a WhatsApp message.
    pub provider_id: Option<String>,
    pub edited_at: Option<Micros>,
    pub deleted_at: Option<Micros>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    User,
    Agent,
    Bot,
    System,
}

impl Speaker {
    pub fn as_str(self) -> &'static str {
        match self {
            Speaker::User => "user",
            Speaker::Agent => "agent",
            Speaker::Bot => "bot",
            Speaker::System => "system",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Message,
    Note,
    ToolCall,
    Event,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Message => "message",
            Kind::Note => "note",
            Kind::ToolCall => "tool_call",
            Kind::Event => "event",
        }
    }
}

/// A function that the voice agent called (S0.28).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    pub name: String,
    /// JSON as a string, kept as it came even when it is cut short.
    pub arguments: String,
    pub output: Option<String>,
}

impl ToolCall {
    /// `[Tool Call: NAME]` (S0.29).
    pub fn message(name: &str) -> String {
        format!("[Tool Call: {name}]")
    }
}

/// What is known of a file that came with a message; the file itself is not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    pub kind: String,
    pub mimetype: Option<String>,
    pub file_name: Option<String>,
    pub bytes: Option<u64>,
    pub seconds: Option<u32>,
}

/// The longest text of one entry, in bytes. A megabyte line of a transcript is kept whole.
pub const MAX_BODY: usize = 4 << 20;
pub const MAX_TOOL_CALLS: usize = 64;

/// How far a message of ours has come on its way to the customer.
///
/// Reports come in any order and more than once; [`Delivery::may_become`] says which of them count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// On disk here, not taken by the bridge yet.
    Queued,
    /// The bridge has taken it.
    Sent,
    /// On the customer's phone.
    Delivered,
    Read,
    /// It will not arrive unless it is sent anew.
    Failed,
}

impl Delivery {
    pub fn as_str(self) -> &'static str {
        match self {
            Delivery::Queued => "queued",
            Delivery::Sent => "sent",
            Delivery::Delivered => "delivered",
            Delivery::Read => "read",
            Delivery::Failed => "failed",
        }
    }

    /// Never backwards. A failure is told late or early, but whoever has a message on the phone has it.
    pub fn may_become(self, to: Delivery) -> bool {
        let rank = |state| match state {
            Delivery::Queued => 0,
            Delivery::Sent => 1,
            Delivery::Failed => 2,
            Delivery::Delivered => 3,
            Delivery::Read => 4,
        };
        rank(to) > rank(self)
    }
}

/// The longest comment, in characters; WhatsApp takes no longer text.
pub const MAX_COMMENT: usize = 65_536;
