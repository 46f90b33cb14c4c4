//! A ticket as its rows tell it, and what of it only the commands told.

use super::{Told, Year};
use crate::domain::channel::Channel;
use crate::domain::entry::{Entry, Kind, Speaker};
use crate::domain::rating::Rating;
use crate::domain::sla::{State, Target};
use crate::domain::sla_policy::SlaClock;
use crate::domain::status::Status;
use crate::domain::ticket::Ticket;
use crate::domain::time::Micros;
use crate::engine::rows::key;

pub(super) struct Known {
    pub(super) ticket: Ticket,
    pub(super) told: Told,
    pub(super) reopened: usize,
    pub(super) answered: Option<Micros>,
    pub(super) rating: Option<Rating>,
    /// State, and what it took if it is done.
    pub(super) promises: Vec<(Target, State, Option<i64>)>,
    pub(super) tools: Vec<String>,
}

impl Known {
    pub(super) fn of(year: &Year, ticket: Ticket) -> Known {
        let desk = &year.desk;
        let history = desk.rows().status_history(&ticket).unwrap();
        let back = |from: Status, to: Status| !from.is_open() && to.is_open();
        let reopened =
            history.iter().filter(|c| c.from.is_some_and(|from| back(from, c.to))).count();
        let entries = desk.entries(ticket.number);
        let by_person = |entry: &&Entry| {
            entry.speaker == Speaker::Agent && entry.kind == Kind::Message && entry.author.is_some()
        };
        let clock = desk.rows().get::<SlaClock>(&key::number(ticket.number)).unwrap();
        let standings = clock.map_or(Vec::new(), |clock| {
            desk.rows().standings(&ticket, &clock, desk.reading.wall).unwrap()
        });
        let promises = standings.into_iter().map(|(target, standing)| {
            let done = match target {
                Target::FirstResponse => ticket.first_response_at.is_some(),
                Target::Resolution => !ticket.status.is_open(),
            };
            let took = done.then_some(standing.elapsed / Micros::SECOND);
            (target, standing.state, took)
        });
        Known {
            told: year.told[(ticket.number - 1001) as usize].clone(),
            reopened,
            answered: entries
                .iter()
                .filter(by_person)
                .map(|entry| entry.at)
                .min()
                .filter(|_| ticket.channel != Channel::Call),
            rating: desk.rows().get(&key::number(ticket.number)).unwrap(),
            promises: promises.collect(),
            tools: entries.iter().flat_map(|e| &e.tool_calls).map(|c| c.name.clone()).collect(),
            ticket,
        }
    }

    pub(super) fn agent(&self) -> Option<u64> {
        self.ticket.assignee.as_ref().map(|assignee| assignee.agent)
    }

    /// Since when people are waited for.
    pub(super) fn waits_since(&self) -> Micros {
        self.told.people_since.unwrap_or(self.ticket.created_at)
    }

    pub(super) fn waited(&self) -> Option<i64> {
        Some((self.answered?.0 - self.waits_since().0).max(0))
    }

    pub(super) fn took(&self) -> Option<i64> {
        Some(self.ticket.resolved_at?.0 - self.ticket.created_at.0)
    }

    pub(super) fn handled(&self) -> Option<i64> {
        Some((self.ticket.resolved_at?.0 - self.answered?.0).max(0))
    }

    /// What a target took in the hours of the policy, in microseconds of whole seconds.
    pub(super) fn lasted(&self, target: Target) -> Option<i64> {
        let (.., took) = self.promises.iter().find(|(of, ..)| *of == target)?;
        took.map(|seconds| seconds * Micros::SECOND)
    }
}
