//! Who is there to be given work: presence, and how much each person takes (S3.18, S4.25).

use serde::{Deserialize, Serialize};

use super::time::Micros;

/// Whether somebody takes work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Online,
    /// There, and given nothing new.
    Away,
    Offline,
}

impl State {
    pub fn as_str(self) -> &'static str {
        match self {
            State::Online => "online",
            State::Away => "away",
            State::Offline => "offline",
        }
    }
}

/// An agent's presence since it last changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    pub state: State,
    /// Chosen by the agent; else their heartbeat began or ended.
    pub by_hand: bool,
    /// By the wall clock, to be shown.
    pub since: Micros,
    /// By the steady clock, to be waited by.
    pub steady: Micros,
    /// What they had was given back since they went.
    pub returned: bool,
}

/// What an agent takes, where it is not as the configuration says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workload {
    /// Open tickets, up to [`MAX_CAPACITY`]; 0 is given nothing.
    pub capacity: Option<u32>,
    /// The business hours in which they work; none: every hour.
    pub hours: Option<u64>,
}

pub const MAX_CAPACITY: u32 = 10_000;
