//! What analytics know of a ticket, beside the columns that lists need.

use serde::{Deserialize, Serialize};

use super::block::Block;
use super::column::PLACES;
use super::{ABSENT, Filter, Index, NONE_TIME, NONE_U32, position};
use crate::domain::channel::Channel;
use crate::domain::figures::{Outcome, Rated, TicketFigures};
use crate::domain::priority::Priority;
use crate::domain::sla::State;
use crate::domain::status::Status;
use crate::domain::time::Micros;

/// How often something happened to a ticket: how often it was reopened and escalated, what assistants called and searched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted(pub [u16; 4]);

/// How a ticket's promises were kept: the first answer, then the resolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Seconds; [`NONE_U32`] while they are not over.
    pub took: [u32; 2],
    pub states: [u8; 2],
}

impl Default for Kept {
    fn default() -> Kept {
        Kept { took: [NONE_U32; 2], states: [ABSENT; 2] }
    }
}

/// What few tickets have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rare {
    escalated_from: Option<u64>,
    rating: Option<Rated>,
}

const STATES: [State; 4] = [State::Met, State::OnTrack, State::AtRisk, State::Breached];

impl Counted {
    pub fn at(block: &Block, at: usize) -> Counted {
        Counted(std::array::from_fn(|kind| block.counted[kind].get(at)))
    }
}

impl Kept {
    pub fn at(block: &Block, at: usize) -> Kept {
        Kept {
            took: std::array::from_fn(|promise| block.took[promise].get(at)),
            states: std::array::from_fn(|promise| block.states[promise].get(at)),
        }
    }

    fn of(outcomes: [Option<Outcome>; 2]) -> Kept {
        Kept {
            took: outcomes.map(|outcome| outcome.and_then(|o| o.took).unwrap_or(NONE_U32)),
            states: outcomes.map(|outcome| outcome.map_or(ABSENT, |o| o.state as u8)),
        }
    }

    fn outcome(&self, at: usize) -> Option<Outcome> {
        let state = STATES.into_iter().find(|state| *state as u8 == self.states[at])?;
        Some(Outcome { state, took: Some(self.took[at]).filter(|took| *took != NONE_U32) })
    }
}

/// Everything that is known in memory of one ticket.
#[derive(Clone, Copy, Debug)]
pub struct Fact<'a> {
    pub number: u64,
    pub status: Status,
    pub priority: Priority,
    pub channel: Channel,
    pub category: Option<&'a str>,
    pub tags: &'a [String],
    pub assignee: Option<u64>,
    /// A call that has not ended.
    pub running: bool,
    /// It is escalated now.
    pub is_escalated: bool,
    pub created_at: Micros,
    /// The first public answer, in a call the voice assistant's.
    pub first_response_at: Option<Micros>,
    pub resolved_at: Option<Micros>,
    pub figures: TicketFigures,
}

impl Index {
    /// Takes over what analytics know of a ticket; none of it happened where the row is gone.
    pub fn put_figures(&mut self, number: u64, figures: Option<&TicketFigures>) {
        let Some(position) = position(number) else { return };
        let TicketFigures {
            people_since,
            reopened,
            escalated,
            escalated_from,
            rating,
            first_response,
            resolution,
            tool_calls,
            searches,
        } = figures.copied().unwrap_or_default();
        let (block, at) = self.make_place(position);
        block.changes(at);
        block.people_since.set(at, people_since.map_or(NONE_TIME, |at| at.0));
        let counts = [reopened, escalated, tool_calls, searches];
        block.counted.iter_mut().zip(counts).for_each(|(column, count)| column.set(at, count));
        let Kept { took, states } = Kept::of([first_response, resolution]);
        block.took.iter_mut().zip(took).for_each(|(column, took)| column.set(at, took));
        block.states.iter_mut().zip(states).for_each(|(column, state)| column.set(at, state));
        if escalated_from.is_some() || rating.is_some() {
            self.rare.insert(position as u32, Rare { escalated_from, rating });
        } else {
            self.rare.remove(&(position as u32));
        }
    }

    /// What analytics know of a ticket, as they hold it; for `verify`.
    pub fn figures(&self, number: u64) -> Option<TicketFigures> {
        let (block, at) = self.place(number)?;
        Some(self.figures_at(block, at, position(number)?))
    }

    fn figures_at(&self, block: &Block, at: usize, position: usize) -> TicketFigures {
        let Counted([reopened, escalated, tool_calls, searches]) = Counted::at(block, at);
        let kept = Kept::at(block, at);
        let rare = self.rare.get(&(position as u32)).copied();
        let since = block.people_since.get(at);
        TicketFigures {
            people_since: (since != NONE_TIME).then_some(Micros(since)),
            reopened,
            escalated,
            escalated_from: rare.and_then(|rare| rare.escalated_from),
            rating: rare.and_then(|rare| rare.rating),
            first_response: kept.outcome(0),
            resolution: kept.outcome(1),
            tool_calls,
            searches,
        }
    }

    /// All that matches, oldest number first, with all that is known.
    pub fn facts<'a>(&'a self, filter: &'a Filter) -> impl Iterator<Item = Fact<'a>> + 'a {
        self.positions(filter).map(|position| self.fact(position))
    }

    /// What is known of this ticket, if a filter leaves it.
    pub fn fact_of(&self, number: u64, filter: &Filter) -> Option<Fact<'_>> {
        self.holds(number, filter).then(|| position(number).map(|at| self.fact(at)))?
    }

    fn fact(&self, position: usize) -> Fact<'_> {
        let line = self.line(position);
        let (block, at) = (&self.blocks[position / PLACES], position % PLACES);
        let assignee = block.assignee.get(at);
        let answered = block.first_response.get(at);
        Fact {
            number: line.number,
            status: line.status,
            priority: line.priority,
            channel: Channel::ALL[usize::from(block.channel.get(at))],
            category: line.category,
            tags: self.tag_sets.names(block.tags.get(at)),
            assignee: (assignee != NONE_U32).then_some(u64::from(assignee)),
            running: block.running.has(at),
            is_escalated: block.escalated.has(at),
            created_at: line.created_at,
            first_response_at: (answered != NONE_TIME).then_some(Micros(answered)),
            resolved_at: line.resolved_at,
            figures: self.figures_at(block, at, position),
        }
    }
}

impl Fact<'_> {
    /// Since when people are waited for; bots' time is not theirs.
    pub fn people_since(&self) -> Micros {
        self.figures.people_since.map_or(self.created_at, |since| since.max(self.created_at))
    }

    /// The first public answer of a person. Calls have none: what is said there is a voice assistant's, and what people
    /// write on them goes nowhere.
    pub fn answered_at(&self) -> Option<Micros> {
        self.first_response_at.filter(|_| self.channel != Channel::Call)
    }

    /// How long people took to answer, in microseconds; never below 0, whatever clocks did.
    pub fn answered_after(&self) -> Option<i64> {
        Some((self.answered_at()?.0 - self.people_since().0).max(0))
    }

    pub fn resolved_after(&self) -> Option<i64> {
        Some((self.resolved_at?.0 - self.created_at.0).max(0))
    }

    /// It was resolved once at least.
    pub fn was_resolved(&self) -> bool {
        self.resolved_at.is_some() || self.figures.reopened > 0
    }
}
