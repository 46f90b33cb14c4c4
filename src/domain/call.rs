//! A running call, its speech items and the facts that move them.
//!
//! Words arrive out of order: the caller's transcription often comes after the agent's answer. The spoken
//! order is the items' own chain (each names the one before it), so an item's place is known before its
//! words are, and words go where their item stands.

use serde::{Deserialize, Serialize};

use super::entry::Speaker;
use super::time::Micros;

/// The state of a call that has not ended, or whose relay's connection has not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenCall {
    pub ticket: u64,
    pub session_id: String,
    /// The connection that streams it.
    pub connection: Option<u64>,
    /// Since when, by the steady clock, the connection is broken; the call ends when nobody came back within the grace.
    pub detached_at: Option<Micros>,
    /// Speech items seen so far; at most [`MAX_ITEMS`].
    pub items: u32,
    /// When, by the steady clock, it was opened or, over plain HTTP, last added to.
    pub heard_at: Micros,
}

impl OpenCall {
    /// Whether a relay streams it, or may come back to do so.
    pub fn is_streamed(&self) -> bool {
        self.connection.is_some() || self.detached_at.is_some()
    }

    /// When it ends if nobody comes: after the grace where the connection broke, after the idle time where
    /// there never was one, not at all while it is connected.
    pub fn expires_at(&self, resume_grace: i64, idle_end: i64) -> Option<Micros> {
        match (self.connection, self.detached_at) {
            (Some(_), _) => None,
            (None, Some(since)) => Some(since.plus(resume_grace)),
            (None, None) => Some(self.heard_at.plus(idle_end)),
        }
    }

    /// Whether that time has come, by the steady clock. One behind the call's own times must not keep it open for ever.
    pub fn is_over(&self, now: Micros, resume_grace: i64, idle_end: i64) -> bool {
        let began = self.detached_at.unwrap_or(self.heard_at);
        let expires = self.expires_at(resume_grace, idle_end);
        expires.is_some_and(|at| now >= at || now < began)
    }
}

/// The name of the count of calls that have not ended.
pub const RUNNING: &str = "calls.running";

/// The most items one call may announce; further ones are kept in order of arrival.
pub const MAX_ITEMS: u32 = 20_000;

/// One speech item of a running call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallItem {
    pub item: String,
    pub first_seen: Micros,
    pub previous: Previous,
    /// The item that was announced to stand directly behind this one, latest announcement.
    pub next: Option<String>,
    /// The entry id set aside for its first words; 0 when none is yet.
    pub reserved: u32,
    pub parts: Vec<Part>,
    pub call_id: Option<String>,
    pub tool_name: Option<String>,
    /// Arguments that came before the name of their tool.
    pub tool_arguments: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Previous {
    /// Not announced yet, or announced without saying.
    #[default]
    Unknown,
    /// The first of its session.
    Start,
    Item(String),
}

/// Words of an item that have become an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// content_index
    pub index: u32,
    pub entry: u32,
    /// The entry's global number.
    pub no: u64,
}

/// What one realtime event says, in our words.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// Where an item stands; `turn` when it may bring words or a tool call.
    Placed {
        item: String,
        after: Previous,
        turn: bool,
    },
    /// Final words.
    Said {
        item: Option<String>,
        index: u32,
        speaker: Speaker,
        text: String,
    },
    /// A tool call announced by name.
    ToolNamed {
        item: Option<String>,
        call_id: String,
        name: String,
    },
    ToolCalled {
        item: Option<String>,
        call_id: Option<String>,
        name: Option<String>,
        arguments: String,
    },
    ToolAnswered {
        call_id: String,
        output: String,
    },
    /// What befell the call itself, in words: the speech service refused it, its connection broke.
    Befell {
        text: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: i64 = 10 * Micros::SECOND;
    const IDLE: i64 = Micros::HOUR;

    fn call(connection: Option<u64>, detached_at: Option<Micros>) -> OpenCall {
        let heard_at = Micros(1_000 * Micros::SECOND);
        OpenCall {
            ticket: 1001,
            session_id: "s".into(),
            connection,
            detached_at,
            items: 0,
            heard_at,
        }
    }

    #[test]
    fn a_connected_call_never_ends_by_itself() {
        let call = call(Some(1), None);
        assert!(!call.is_over(Micros(i64::MAX), GRACE, IDLE));
    }

    #[test]
    fn a_broken_call_ends_after_the_grace() {
        let broken = Micros(2_000 * Micros::SECOND);
        let call = call(None, Some(broken));
        assert!(!call.is_over(broken.plus(GRACE - 1), GRACE, IDLE));
        assert!(call.is_over(broken.plus(GRACE), GRACE, IDLE));
    }

    #[test]
    fn a_call_over_plain_http_ends_when_nothing_more_comes() {
        let call = call(None, None);
        assert!(!call.is_over(call.heard_at.plus(IDLE - 1), GRACE, IDLE));
        assert!(call.is_over(call.heard_at.plus(IDLE), GRACE, IDLE));
    }

    #[test]
    fn a_clock_set_back_keeps_no_call_open() {
        let call = call(None, Some(Micros(2_000 * Micros::SECOND)));
        assert!(call.is_over(Micros(0), GRACE, IDLE));
    }
}
