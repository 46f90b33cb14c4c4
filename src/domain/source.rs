//! How far a dial-out source was taken: what a connection to it asks to go on behind.

use serde::{Deserialize, Serialize};

/// The longest name of a source, id of a frame or name of a stream.
pub const MAX_SOURCE_WORD: usize = 128;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourcePosition {
    /// What tells this numbering from another of the same source, if the source says.
    pub stream: Option<String>,
    pub at: Mark,
}

/// The place of a frame in its stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mark {
    /// Rises with every frame.
    Seq(u64),
    /// Names a frame, and says nothing of its order.
    Id(String),
}

impl Mark {
    /// The place after both: numbers never go back.
    #[must_use]
    pub fn after(self, before: Option<&Mark>) -> Mark {
        match (self, before) {
            (Mark::Seq(now), Some(Mark::Seq(before))) => Mark::Seq(now.max(*before)),
            (now, _) => now,
        }
    }

    pub fn seq(&self) -> Option<u64> {
        match self {
            Mark::Seq(seq) => Some(*seq),
            Mark::Id(_) => None,
        }
    }
}
