//! The tickets of the last hour, by their words: which of them read alike (S2.33). Held in memory, read again at start.

use std::collections::VecDeque;

use crate::domain::condition::Telling;
use crate::domain::reference::FIRST_NUMBER;
use crate::domain::ticket::Ticket;
use crate::domain::time::Micros;
use crate::engine::{self, Engine};

/// The newest tickets that are compared.
const COMPARED: usize = 500;
/// The newest that are told of: in an outage everybody writes the same.
const TOLD: usize = 20;
/// Of the shorter one's words, in percent.
const ALIKE: usize = 60;

#[derive(Default)]
pub struct Recent {
    tickets: VecDeque<(u64, Micros, Telling)>,
    loaded: bool,
}

impl Recent {
    /// The newest tickets of the last hour that read like this one, it among them; oldest first.
    pub fn similar(&mut self, engine: &Engine, ticket: &Ticket) -> Result<Vec<u64>, engine::Error> {
        if !self.loaded {
            self.load(engine, ticket.number)?;
        }
        let words = words(ticket);
        let since = ticket.created_at.plus(-Micros::HOUR);
        self.tickets.retain(|(number, at, _)| *at >= since && *number != ticket.number);
        let alike = |(number, _, theirs): &(u64, Micros, Telling)| {
            words.is_alike(theirs, ALIKE).then_some(*number)
        };
        let mut found: Vec<u64> = self.tickets.iter().rev().filter_map(alike).take(TOLD).collect();
        found.reverse();
        found.push(ticket.number);
        if self.tickets.len() == COMPARED {
            self.tickets.pop_front();
        }
        self.tickets.push_back((ticket.number, ticket.created_at, words));
        Ok(found)
    }

    fn load(&mut self, engine: &Engine, before: u64) -> Result<(), engine::Error> {
        let first = before.saturating_sub(COMPARED as u64).max(FIRST_NUMBER);
        let known: Vec<Ticket> = engine.read(|rows| {
            let tickets = (first..before).map(|number| rows.ticket(number));
            tickets.filter_map(Result::transpose).collect()
        })?;
        self.tickets = known.iter().map(|t| (t.number, t.created_at, words(t))).collect();
        self.loaded = true;
        Ok(())
    }
}

fn words(ticket: &Ticket) -> Telling {
    let texts = [ticket.subject.as_deref(), ticket.description.as_deref()];
    Telling::of(&texts.into_iter().flatten().collect::<Vec<_>>().join("\n"))
}
