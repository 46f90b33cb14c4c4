//! What happened to each ticket, followed from the events of the commands, and what follows from it when one counts it
//! in the simplest way: who waits, whose it is, and how long each promise has run.

use std::collections::BTreeMap;

use super::super::Desk;
use crate::domain::sla::Target;
use crate::domain::status::Status;
use crate::domain::time::Micros;
use crate::engine::event::{Event, EventKind};

/// Seed 003's table for tickets of medium priority (S3.2).
const PROMISED: [(Target, i64); 2] =
    [(Target::FirstResponse, 8 * Micros::HOUR), (Target::Resolution, 24 * Micros::HOUR)];

#[derive(Default)]
pub struct Recount {
    pub lines: BTreeMap<u64, Line>,
}

pub struct Line {
    pub status: Status,
    pub holder: Option<u64>,
    /// Each status, and since when.
    pub changes: Vec<(Micros, Status)>,
    /// When it began to wait for somebody, for the last time.
    free_since: Micros,
    answered_at: Option<Micros>,
    told: Vec<EventKind>,
}

impl Recount {
    /// What a command has done, by its events.
    pub fn follow(&mut self, desk: &mut Desk, events: &[Event]) {
        let now = desk.reading.wall;
        for number in events.iter().filter_map(|event| event.ticket) {
            let ticket = desk.ticket(number);
            let holder = ticket.assignee.map(|holder| holder.agent);
            let line = self.lines.entry(number).or_insert_with(|| Line {
                status: Status::New,
                holder: None,
                changes: vec![(now, Status::New)],
                free_since: now,
                answered_at: None,
                told: Vec::new(),
            });
            let is_reopened = !line.status.is_open() && ticket.status.is_open();
            if is_reopened || (line.holder.is_some() && holder.is_none()) {
                line.free_since = now;
            }
            if line.status != ticket.status {
                line.changes.push((now, ticket.status));
            }
            line.answered_at = line.answered_at.or(ticket.first_response_at.map(|_| now));
            (line.status, line.holder) = (ticket.status, holder);
        }
    }

    /// The open tickets of each, counted one by one.
    pub fn loads(&self) -> BTreeMap<u64, u64> {
        let mut loads = BTreeMap::new();
        for line in self.lines.values().filter(|line| line.status.is_open()) {
            if let Some(agent) = line.holder {
                *loads.entry(agent).or_default() += 1;
            }
        }
        loads
    }

    /// What is to be told now of the promises, each thing once.
    pub fn due(&mut self, now: Micros) -> Vec<(u64, EventKind)> {
        let mut due = Vec::new();
        for (number, line) in &mut self.lines {
            for kind in line.due(now) {
                line.told.push(kind);
                due.push((*number, kind));
            }
        }
        due
    }
}

impl Line {
    pub fn unclaimed_since(&self) -> Option<Micros> {
        (self.holder.is_none() && self.status.is_open()).then_some(self.free_since)
    }

    fn due(&self, now: Micros) -> Vec<EventKind> {
        let news = |(target, allowed): (Target, i64)| {
            let passed = self.passed(target, now);
            let (warning, breach) =
                (EventKind::sla_warning(target), EventKind::sla_breached(target));
            let is_told = |kind: EventKind| self.told.contains(&kind);
            let is_done = self.is_done(target);
            let late = passed > allowed || (passed == allowed && !is_done);
            if late {
                (!is_told(breach)).then_some(breach)
            } else {
                let much = passed >= allowed - allowed / 4 && !is_done;
                // Too late to warn.
                (much && !is_told(warning) && !is_told(breach)).then_some(warning)
            }
        };
        // A ticket is looked at when one of its clocks runs and comes to something: then both are told of.
        let running = |(target, _): &(Target, i64)| !self.is_done(*target) && runs(self.status);
        let wakes = PROMISED.into_iter().filter(running).any(|promised| news(promised).is_some());
        if wakes { PROMISED.into_iter().filter_map(news).collect() } else { Vec::new() }
    }

    fn is_done(&self, target: Target) -> bool {
        match target {
            Target::FirstResponse => self.answered_at.is_some(),
            Target::Resolution => !self.status.is_open(),
        }
    }

    /// How long the clock of a target has run, stretch by stretch. One in which the wall clock was set back took no time.
    fn passed(&self, target: Target, now: Micros) -> i64 {
        let end = match target {
            Target::FirstResponse => self.answered_at,
            Target::Resolution => None,
        };
        let mut passed = 0;
        let mut began: Option<Micros> = None;
        for (at, status) in &self.changes {
            match (began, runs(*status)) {
                (None, true) => began = Some(*at),
                (Some(from), false) => {
                    passed += length(from, *at, end);
                    began = None;
                }
                _ => {}
            }
        }
        passed + began.map_or(0, |from| length(from, end.unwrap_or(now), end))
    }
}

fn runs(status: Status) -> bool {
    status.is_open() && status != Status::PendingCustomer
}

fn length(from: Micros, to: Micros, end: Option<Micros>) -> i64 {
    let to = end.map_or(to, |end| to.min(end));
    (to.0 - from.0).max(0)
}
