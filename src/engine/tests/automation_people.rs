//! Who of the desk is there and what each of them takes, followed from what they did; and who gets which ticket, found by
//! the simplest reading of what the seeds say (S3.17, S3.18, S4.25). Nothing here asks the engine.

use std::collections::BTreeMap;

use super::recount::Recount;
use crate::domain::presence::State;
use crate::domain::time::Micros;

/// How long nobody hears of somebody before they are offline, and how long they are before their tickets go back.
pub const GRACE: i64 = Micros::MINUTE;

/// The words by which the rules of assignment tell tickets, and to whom those with the first of them may go.
pub const TURNS: &str = "kartu";
pub const STICKY: &str = "lagi";
pub const OF_TURNS: std::ops::RangeInclusive<u64> = 3..=9;

#[derive(Clone, Debug)]
pub struct Person {
    /// None of whoever was never there.
    pub state: Option<State>,
    by_hand: bool,
    /// Their page is open, and tells so.
    pub page: bool,
    seen: Option<Micros>,
    went: Micros,
    returned: bool,
    pub capacity: u64,
    /// The hours of the day in which they work, in UTC.
    pub hours: Option<(i64, i64)>,
}

#[derive(Default)]
pub struct People {
    pub people: BTreeMap<u64, Person>,
    /// Who was given something last by turns.
    turn: u64,
}

impl People {
    pub fn join(&mut self, agent: u64, capacity: u64, hours: Option<(i64, i64)>) {
        let (state, seen, went) = (None, None, Micros(0));
        let (by_hand, page, returned) = (false, false, false);
        let person = Person { state, by_hand, page, seen, went, returned, capacity, hours };
        self.people.insert(agent, person);
    }

    /// Somebody's state changes, by their own word or by their silence.
    pub fn set(&mut self, agent: u64, state: State, by_hand: bool, steady: Micros) {
        let person = self.people.get_mut(&agent).unwrap();
        person.by_hand = by_hand;
        if person.state != Some(state) {
            (person.state, person.went, person.returned) = (Some(state), steady, false);
        }
    }

    /// Pages that are open tell so.
    pub fn beat(&mut self, steady: Micros) -> Vec<u64> {
        let open = self.people.iter_mut().filter(|(_, person)| person.page);
        open.map(|(agent, person)| {
            person.seen = Some(steady);
            *agent
        })
        .collect()
    }

    /// The daemon starts: it takes everybody for there who was.
    pub fn start(&mut self, steady: Micros) {
        for person in self.people.values_mut() {
            let there = matches!(person.state, Some(State::Online | State::Away));
            person.seen = there.then_some(steady);
        }
    }

    /// Who comes by opening a page, and who went without a word.
    pub fn turning(&self, steady: Micros) -> Vec<(u64, State)> {
        let mut turning = Vec::new();
        for (agent, person) in &self.people {
            let heard = person.seen.is_some_and(|seen| steady.0 - seen.0 < GRACE);
            match person.state {
                Some(State::Online | State::Away) if !heard => {
                    turning.push((*agent, State::Offline));
                }
                None if heard => turning.push((*agent, State::Online)),
                Some(State::Offline) if heard && !person.by_hand => {
                    turning.push((*agent, State::Online));
                }
                _ => {}
            }
        }
        turning
    }

    /// Whose tickets go back: they are offline for a minute, and it was not done since.
    pub fn leaving(&mut self, steady: Micros) -> Vec<u64> {
        let mut leaving = Vec::new();
        for (agent, person) in &mut self.people {
            let offline = person.state == Some(State::Offline);
            if offline && !person.returned && steady.0 - person.went.0 >= GRACE {
                person.returned = true;
                leaving.push(*agent);
            }
        }
        leaving
    }

    /// A ticket of theirs was opened again: if they are offline it goes back as well.
    pub fn reopened(&mut self, agent: u64) {
        self.people.get_mut(&agent).unwrap().returned = false;
    }

    /// Who gets which of the tickets that wait, the most urgent first, then the oldest; at most so many are offered.
    pub fn hand_out(
        &mut self,
        recount: &mut Recount,
        (now, trusted): (Micros, bool),
        most: usize,
    ) -> Vec<(u64, u64)> {
        let mut given = Vec::new();
        for ticket in recount.waiting().into_iter().take(most) {
            let loads = recount.loads();
            let load = |agent: &u64| loads.get(agent).copied().unwrap_or(0);
            let (words, customer) = {
                let line = &recount.lines[&ticket];
                (line.words.clone(), line.customer)
            };
            let by_turns = words.contains(TURNS);
            let mut free = Vec::new();
            for (agent, person) in &self.people {
                let works = person.state == Some(State::Online)
                    && (!trusted || person.works_at(now))
                    && load(agent) < person.capacity;
                if works && (!by_turns || OF_TURNS.contains(agent)) {
                    free.push(*agent);
                }
            }
            let least_busy = free.iter().copied().min_by_key(|agent| (load(agent), *agent));
            let next = free.iter().copied().find(|agent| *agent > self.turn);
            let known = recount.last_of.get(&customer).copied();
            let agent = if by_turns {
                next.or(free.first().copied())
            } else if words.contains(STICKY) {
                known.filter(|agent| free.contains(agent)).or(least_busy)
            } else {
                least_busy
            };
            let Some(agent) = agent else { continue };
            if by_turns {
                self.turn = agent;
            }
            recount.give(ticket, agent);
            given.push((ticket, agent));
        }
        given
    }
}

impl Person {
    fn works_at(&self, now: Micros) -> bool {
        let minute = now.0.rem_euclid(Micros::DAY) / Micros::MINUTE;
        self.hours.is_none_or(|(from, to)| (from * 60..to * 60).contains(&minute))
    }
}
