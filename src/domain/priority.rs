//! Priorities (DESIGN C2): low < medium < high < urgent, with the spellings of each face.

use serde::{Deserialize, Serialize};

#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    Low,
    #[default]
    Medium,
    High,
    Urgent,
}

impl Priority {
    pub const ALL: [Priority; 4] =
        [Priority::Low, Priority::Medium, Priority::High, Priority::Urgent];

    pub fn as_str(self) -> &'static str {
        match self {
            Priority::Low => "low",
            Priority::Medium => "medium",
            Priority::High => "high",
            Priority::Urgent => "urgent",
        }
    }

    /// The calls face says `normal` for medium (S0.20).
    pub fn on_calls_face(self) -> &'static str {
        if self == Priority::Medium { "normal" } else { self.as_str() }
    }

    /// The intake face says `critical` for urgent (S1.9).
    pub fn on_intake_face(self) -> &'static str {
        if self == Priority::Urgent { "critical" } else { self.as_str() }
    }

    /// Reads every spelling of the seeds: `normal` is medium, `critical` is urgent (C2).
    pub fn parse(text: &str) -> Option<Priority> {
        Some(match text {
            "low" => Priority::Low,
            "medium" | "normal" => Priority::Medium,
            "high" => Priority::High,
            "urgent" | "critical" => Priority::Urgent,
            _ => return None,
        })
    }
}
