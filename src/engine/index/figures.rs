//! What analytics know of a ticket, beside the columns that lists need: one narrow value a ticket.

use super::{ABSENT, ESCALATED, Filter, Index, NONE_TIME, NONE_U32, narrow};
use crate::domain::channel::Channel;
use crate::domain::figures::{Outcome, Rated, TicketFigures};
use crate::domain::priority::Priority;
use crate::domain::reference::FIRST_NUMBER;
use crate::domain::sla::State;
use crate::domain::status::Status;
use crate::domain::time::Micros;

/// [`TicketFigures`] in 48 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Narrow {
    people_since: i64,
    rated: i64,
    escalated_from: u32,
    rated_of: u32,
    took: [u32; 2],
    reopened: u16,
    escalated: u16,
    tool_calls: u16,
    searches: u16,
    rating: u8,
    states: [u8; 2],
}

impl Default for Narrow {
    fn default() -> Narrow {
        Narrow::from(&TicketFigures::default())
    }
}

const STATES: [State; 4] = [State::Met, State::OnTrack, State::AtRisk, State::Breached];

impl From<&TicketFigures> for Narrow {
    fn from(figures: &TicketFigures) -> Narrow {
        let time = |at: Option<Micros>| at.map_or(NONE_TIME, |at| at.0);
        let outcomes = [figures.first_response, figures.resolution];
        Narrow {
            people_since: time(figures.people_since),
            rated: time(figures.rating.map(|rated| rated.at)),
            escalated_from: narrow(figures.escalated_from),
            rated_of: narrow(figures.rating.and_then(|rated| rated.agent)),
            took: outcomes.map(|outcome| outcome.and_then(|o| o.took).unwrap_or(NONE_U32)),
            reopened: figures.reopened,
            escalated: figures.escalated,
            tool_calls: figures.tool_calls,
            searches: figures.searches,
            rating: figures.rating.map_or(0, |rated| rated.rating),
            states: outcomes.map(|outcome| outcome.map_or(ABSENT, |o| o.state as u8)),
        }
    }
}

impl From<&Narrow> for TicketFigures {
    fn from(narrow: &Narrow) -> TicketFigures {
        let time = |at: i64| (at != NONE_TIME).then_some(Micros(at));
        let agent = |id: u32| (id != NONE_U32).then_some(u64::from(id));
        let outcome = |at: usize| {
            let state = STATES.into_iter().find(|state| *state as u8 == narrow.states[at])?;
            let took = (narrow.took[at] != NONE_U32).then_some(narrow.took[at]);
            Some(Outcome { state, took })
        };
        let (rating, rated_of) = (narrow.rating, agent(narrow.rated_of));
        TicketFigures {
            people_since: time(narrow.people_since),
            reopened: narrow.reopened,
            escalated: narrow.escalated,
            escalated_from: agent(narrow.escalated_from),
            rating: time(narrow.rated).map(|at| Rated { rating, at, agent: rated_of }),
            first_response: outcome(0),
            resolution: outcome(1),
            tool_calls: narrow.tool_calls,
            searches: narrow.searches,
        }
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
        let at = number.checked_sub(FIRST_NUMBER).and_then(|at| usize::try_from(at).ok());
        let Some(at) = at else { return };
        match figures {
            Some(figures) => {
                if at >= self.figures.len() {
                    self.grow(at + 1);
                }
                self.figures[at] = Narrow::from(figures);
            }
            None if at < self.figures.len() => self.figures[at] = Narrow::default(),
            None => {}
        }
    }

    /// What analytics know of a ticket, as they hold it; for `verify`.
    pub fn figures(&self, number: u64) -> Option<TicketFigures> {
        let at = number.checked_sub(FIRST_NUMBER).and_then(|at| usize::try_from(at).ok())?;
        self.figures.get(at).map(TicketFigures::from)
    }

    /// All that matches, oldest number first, with all that is known.
    pub fn facts<'a>(&'a self, filter: &'a Filter) -> impl Iterator<Item = Fact<'a>> + 'a {
        let wanted = self.wanted(filter);
        (0..self.status.len()).filter(move |at| self.matches(*at, &wanted)).map(|at| self.fact(at))
    }

    /// What is known of this ticket, if a filter leaves it.
    pub fn fact_of(&self, number: u64, filter: &Filter) -> Option<Fact<'_>> {
        let at = number.checked_sub(FIRST_NUMBER).and_then(|at| usize::try_from(at).ok())?;
        self.holds(number, filter).then(|| self.fact(at))
    }

    fn fact(&self, at: usize) -> Fact<'_> {
        let line = self.line(at);
        let time = |at: i64| (at != NONE_TIME).then_some(Micros(at));
        Fact {
            number: line.number,
            status: line.status,
            priority: line.priority,
            channel: Channel::ALL[usize::from(self.channel[at])],
            category: line.category,
            tags: self.tag_sets.names(self.tags[at]),
            assignee: (self.assignee[at] != NONE_U32).then_some(u64::from(self.assignee[at])),
            running: self.running[at],
            is_escalated: self.flags[at] & ESCALATED != 0,
            created_at: line.created_at,
            first_response_at: time(self.first_response[at]),
            resolved_at: line.resolved_at,
            figures: TicketFigures::from(&self.figures[at]),
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
