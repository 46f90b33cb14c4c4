//! What relays and sources tell of calls, and what people correct in them. Plain data.

use crate::domain::call::Fact;
use crate::domain::entry::{Speaker, ToolCall};
use crate::domain::priority::Priority;
use crate::domain::reference::Reference;
use crate::domain::source::Mark;
use crate::domain::status::Status;
use crate::domain::time::Micros;
#[cfg(doc)]
use crate::engine::command::Reply;

#[derive(Clone, Debug, Default)]
pub struct NewCall {
    pub session_id: String,
    pub customer_name: Option<String>,
    pub customer_phone: Option<String>,
    pub category: Option<String>,
    pub priority: Option<Priority>,
    /// The connection that streams it; none for relays that speak plain HTTP.
    pub connection: Option<u64>,
    pub if_attached: IfAttached,
}

#[derive(Clone, Debug)]
pub struct Delivered {
    /// The source's name, 1 to [`crate::domain::source::MAX_SOURCE_WORD`] bytes.
    pub source: String,
    /// What tells this numbering from another of the same source, if the source says.
    pub stream: Option<String>,
    /// What the source is to go on behind; absent where it numbers nothing.
    pub position: Option<Mark>,
    /// In the order of the stream.
    pub calls: Vec<CallEvent>,
}

/// One event of one of the calls that a source carries.
#[derive(Clone, Debug)]
pub struct CallEvent {
    pub seq: Option<u64>,
    /// Opens the call if it is the first of its session.
    pub call: NewCall,
    pub event_id: Option<String>,
    pub happening: Happening,
}

#[derive(Clone, Debug)]
pub enum Happening {
    Facts(Vec<Fact>),
    Ended,
}

/// What to do when a call of the same session has a connection already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IfAttached {
    /// Answer [`Reply::CallAttached`].
    #[default]
    Ask,
    /// The other connection is dead: go on with its call.
    TakeOver,
    /// The other connection is alive: this is another call (S0.2).
    OpenAnother,
}

#[derive(Clone, Debug)]
pub struct NewInteraction {
    pub ticket: Reference,
    pub speaker: Speaker,
    pub message: String,
    pub tool_calls: Vec<ToolCall>,
    pub at: Option<Micros>,
}

/// Fields that are absent stay as they are.
#[derive(Clone, Debug, Default)]
pub struct CallChanges {
    pub status: Option<Status>,
    pub priority: Option<Priority>,
    pub category: Option<String>,
    pub summary: Option<String>,
    pub resolution_notes: Option<String>,
    pub customer_name: Option<String>,
}
