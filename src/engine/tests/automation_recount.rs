//! What happened to each ticket, followed from the events of the commands, and what follows from it when one counts it
//! in the simplest way: who waits, whose it is, and how long each promise has run.

use std::collections::BTreeMap;

use super::super::Desk;
use crate::domain::sla::Target;
use crate::domain::status::Status;
use crate::domain::time::Micros;
use crate::engine::event::{Event, EventKind};

/// Seed 003's table for urgent tickets and those of medium priority (S3.2).
const URGENT: [(Target, i64); 2] =
    [(Target::FirstResponse, Micros::HOUR), (Target::Resolution, 4 * Micros::HOUR)];
const MEDIUM: [(Target, i64); 2] =
    [(Target::FirstResponse, 8 * Micros::HOUR), (Target::Resolution, 24 * Micros::HOUR)];

/// The word of customers who cannot wait (S4.22).
pub const CANNOT_WAIT: &str = "gawat";

#[derive(Default)]
pub struct Recount {
    pub lines: BTreeMap<u64, Line>,
    /// The customer who writes, and what: if that makes a ticket it is theirs.
    pub writing: (u64, String),
    /// Who had a ticket of each customer last.
    pub last_of: BTreeMap<u64, u64>,
    /// Which tickets the feed told to be given, to whom, and which to be taken back, in its order.
    pub given: Vec<(u64, u64)>,
    pub taken: Vec<u64>,
    /// Whose tickets were opened again, with their names still on them.
    pub reopened: Vec<u64>,
    /// What happened to which ticket while the clock was not believed: by it, and by the steady one.
    doubted: Vec<(u64, Micros, Micros)>,
}

pub struct Line {
    pub status: Status,
    pub holder: Option<u64>,
    pub customer: u64,
    /// The first that the customer said.
    pub words: String,
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
        let (customer, words) = &self.writing;
        for event in events {
            let Some(number) = event.ticket else { continue };
            if !desk.clock.is_trusted() {
                self.doubted.push((number, now, desk.steady()));
            }
            let ticket = desk.ticket(number);
            let holder = ticket.assignee.map(|holder| holder.agent);
            match (event.kind, holder) {
                (EventKind::TicketAssigned, Some(agent)) => self.given.push((number, agent)),
                (EventKind::TicketUnassigned, _) => self.taken.push(number),
                _ => {}
            }
            let line = self.lines.entry(number).or_insert_with(|| Line {
                status: Status::New,
                holder: None,
                customer: *customer,
                words: words.clone(),
                changes: vec![(now, Status::New)],
                free_since: now,
                answered_at: None,
                told: Vec::new(),
            });
            let is_reopened = !line.status.is_open() && ticket.status.is_open();
            if is_reopened && line.holder == holder {
                self.reopened.extend(holder);
            }
            if let Some(agent) = holder.filter(|_| line.holder != holder) {
                self.last_of.insert(line.customer, agent);
            }
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

    /// The clock is believed: what it told wrongly lies as far back as the steady clock says. Gives what became of what.
    pub fn redate(&mut self, now: Micros, steady: Micros) -> Vec<(u64, Micros, Micros)> {
        let mut moved = Vec::new();
        for (number, at, then) in std::mem::take(&mut self.doubted) {
            let dated = Micros(now.0 - (steady.0 - then.0));
            if (dated.0 - at.0).abs() > Micros::MINUTE {
                moved.push((number, at, dated));
            }
        }
        moved.sort_unstable();
        moved.dedup();
        for (number, line) in &mut self.lines {
            let redate = |moment: &mut Micros| {
                let found = moved.iter().find(|(of, at, _)| of == number && at == moment);
                *moment = found.map_or(*moment, |(.., dated)| *dated);
            };
            let changes = line.changes.iter_mut().map(|(at, _)| at);
            changes.chain([&mut line.free_since]).chain(&mut line.answered_at).for_each(redate);
        }
        moved
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

    /// The tickets that nobody has, in the order of the queue (S4.12).
    pub fn waiting(&self) -> Vec<u64> {
        let waits = |line: &Line| line.holder.is_none() && line.status.is_open();
        let (mut urgent, mut others) = (Vec::new(), Vec::new());
        for (number, line) in self.lines.iter().filter(|(_, line)| waits(line)) {
            if line.is_urgent() { urgent.push(*number) } else { others.push(*number) }
        }
        urgent.extend(others);
        urgent
    }

    /// The open tickets of somebody, in the same order.
    pub fn of(&self, agent: u64) -> Vec<u64> {
        let theirs = |line: &Line| line.holder == Some(agent) && line.status.is_open();
        let mut found: Vec<u64> =
            self.lines.iter().filter(|(_, line)| theirs(line)).map(|(n, _)| *n).collect();
        found.sort_by_key(|number| (!self.lines[number].is_urgent(), *number));
        found
    }

    /// Somebody gets a ticket.
    pub fn give(&mut self, ticket: u64, agent: u64) {
        let line = self.lines.get_mut(&ticket).unwrap();
        line.holder = Some(agent);
        self.last_of.insert(line.customer, agent);
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
    fn is_urgent(&self) -> bool {
        self.words.contains(CANNOT_WAIT)
    }

    fn promised(&self) -> [(Target, i64); 2] {
        if self.is_urgent() { URGENT } else { MEDIUM }
    }

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
        let all = self.promised().into_iter();
        let wakes = all.clone().filter(running).any(|promised| news(promised).is_some());
        if wakes { all.filter_map(news).collect() } else { Vec::new() }
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
