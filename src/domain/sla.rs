//! Service levels: what a ticket was promised, and how it stands (S2.26 to S2.29, S3.2, S3.10 to S3.14).
//!
//! A promise is two targets, first response and resolution, each an amount of time: of every hour, or of the
//! hours of a calendar. Time in which the customer is waited for, and in which the ticket counts as resolved, is
//! nobody's delay. How much has passed is told from the ticket's history each time and never added up, so that
//! what is told after a restart, a power cut or a corrected clock is what would have been told without.

use serde::{Deserialize, Serialize};

use super::calendar::Calendar;
use super::priority::Priority;
use super::status::Status;
use super::time::Micros;

/// What part of its time a target has left when its ticket is at risk: a quarter (S2.28).
const AT_RISK_LEFT: i64 = 4;

/// Hours that a target may have: a minute to a year.
pub const MAX_TARGET: i64 = 366 * 24 * Micros::HOUR;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Creation to the first public answer of a person (S3.11).
    FirstResponse,
    /// Creation to resolution (S3.11).
    Resolution,
}

impl Target {
    pub const ALL: [Target; 2] = [Target::FirstResponse, Target::Resolution];

    pub fn as_str(self) -> &'static str {
        match self {
            Target::FirstResponse => "first_response",
            Target::Resolution => "resolution",
        }
    }
}

/// The two targets, in microseconds; none is no promise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Targets {
    pub first_response: Option<i64>,
    pub resolution: Option<i64>,
}

impl Targets {
    pub fn of(&self, target: Target) -> Option<i64> {
        match target {
            Target::FirstResponse => self.first_response,
            Target::Resolution => self.resolution,
        }
    }

    /// First response and resolution in minutes.
    pub const fn minutes(first_response: i64, resolution: i64) -> Targets {
        Targets {
            first_response: Some(first_response * Micros::MINUTE),
            resolution: Some(resolution * Micros::MINUTE),
        }
    }
}

/// What a policy promises by priority; without an override of its own a priority has the policy's targets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    pub targets: Targets,
    /// At most one a priority; a target that an override leaves out is the policy's.
    pub overrides: Vec<(Priority, Targets)>,
}

impl Promise {
    pub fn of(&self, priority: Priority) -> Targets {
        let own = self.overrides.iter().find(|(of, _)| *of == priority).map(|(_, targets)| targets);
        let own = own.copied().unwrap_or_default();
        Targets {
            first_response: own.first_response.or(self.targets.first_response),
            resolution: own.resolution.or(self.targets.resolution),
        }
    }
}

/// The table of seed 003 (S3.2), the default.
pub fn standard() -> Promise {
    by_priority([(60, 240), (240, 480), (480, 1440), (1440, 4320)])
}

/// The table of seed 002 (S2.26), the default of the CRM and of what assistants open.
pub fn fast_response() -> Promise {
    by_priority([(15, 240), (60, 1440), (240, 4320), (1440, 10080)])
}

/// Minutes for urgent, high, medium and low; medium's are the policy's own.
fn by_priority(rows: [(i64, i64); 4]) -> Promise {
    let [urgent, high, medium, low] = rows.map(|(first, whole)| Targets::minutes(first, whole));
    let overrides = vec![(Priority::Urgent, urgent), (Priority::High, high), (Priority::Low, low)];
    Promise { targets: medium, overrides }
}

/// What of a ticket's life its clocks follow.
#[derive(Clone, Debug)]
pub struct Life<'a> {
    pub created_at: Micros,
    /// Each status and since when, oldest first; the first is the one that it was made with.
    pub history: &'a [(Micros, Status)],
    pub first_response_at: Option<Micros>,
}

// Stored by position: only ever append.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Done in time.
    Met,
    OnTrack,
    /// Three quarters of the time have passed.
    AtRisk,
    /// Too late, be it done meanwhile or not.
    Breached,
}

impl State {
    pub fn as_str(self) -> &'static str {
        match self {
            State::Met => "met",
            State::OnTrack => "on_track",
            State::AtRisk => "at_risk",
            State::Breached => "breached",
        }
    }
}

/// How one target of a ticket stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub target: i64,
    /// Time that has passed, in microseconds of the calendar.
    pub elapsed: i64,
    pub state: State,
    /// The clock stands still: the customer is waited for, or it is done.
    pub stopped: bool,
    /// When three quarters of the time will have passed, and all of it; none while the clock is stopped, or
    /// where the calendar never comes to it. A moment that has passed is told too.
    pub warns_at: Option<Micros>,
    pub due_at: Option<Micros>,
}

impl Standing {
    /// What is left, in microseconds of the calendar; below 0 what it is late.
    pub fn remaining(&self) -> i64 {
        self.target.saturating_sub(self.elapsed)
    }
}

/// How a target of so many microseconds stands at `now`.
pub fn standing(
    target: Target,
    allowed: i64,
    life: &Life<'_>,
    calendar: &Calendar,
    now: Micros,
) -> Standing {
    let runs = runs(target, life);
    // What has passed has passed, be the clock set back behind it since: else a moment that `due_at` names could come
    // without the target being reached, and be due for ever.
    let elapsed: i64 =
        runs.iter().map(|(from, to)| calendar.between(*from, to.unwrap_or(now))).sum();
    let running_since = runs.last().filter(|(_, to)| to.is_none()).map(|(from, _)| *from);
    let warns_after = allowed - allowed / AT_RISK_LEFT;
    let before: i64 =
        runs.iter().filter_map(|(from, to)| Some(calendar.between(*from, (*to)?))).sum();
    let reached = |amount: i64| calendar.after(running_since?, amount.saturating_sub(before));
    let done = match target {
        Target::FirstResponse => life.first_response_at.is_some(),
        Target::Resolution => life.history.last().is_some_and(|(_, status)| !status.is_open()),
    };
    let state = match elapsed {
        late if late > allowed || late == allowed && !done => State::Breached,
        _ if done => State::Met,
        much if much >= warns_after => State::AtRisk,
        _ => State::OnTrack,
    };
    Standing {
        target: allowed,
        elapsed,
        state,
        stopped: running_since.is_none(),
        warns_at: reached(warns_after),
        due_at: reached(allowed),
    }
}

/// The stretches in which the clock of a target runs; the last has no end while it does. Where the wall clock
/// was set back a stretch is empty, never negative.
fn runs(target: Target, life: &Life<'_>) -> Vec<(Micros, Option<Micros>)> {
    let until = match target {
        Target::FirstResponse => life.first_response_at,
        Target::Resolution => None,
    };
    let mut runs: Vec<(Micros, Option<Micros>)> = Vec::new();
    let first = std::iter::once((life.created_at, Status::New)).filter(|_| life.history.is_empty());
    for (at, status) in first.chain(life.history.iter().copied()) {
        let running = status.is_open() && status != Status::PendingCustomer;
        match runs.last_mut().filter(|(_, to)| to.is_none()) {
            Some((from, to)) if !running => *to = Some(at.max(*from)),
            None if running => runs.push((at, None)),
            _ => {}
        }
    }
    if let Some(until) = until {
        runs.retain(|(from, _)| *from < until);
        for (from, to) in &mut runs {
            *to = Some(to.map_or(until, |to| to.min(until)).max(*from));
        }
    }
    runs
}

#[cfg(test)]
#[path = "sla_tests.rs"]
mod tests;
