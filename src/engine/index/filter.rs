//! Which tickets are meant, and in which order.

use std::sync::Arc;

use super::block::Block;
use super::column::{PLACES, Places};
use super::names::TagSets;
use super::{Index, narrow, position};
use crate::domain::channel::Channel;
use crate::domain::priority::Priority;
use crate::domain::status::Status;
use crate::domain::time::Micros;
use crate::engine::search::Bits;

/// A set of statuses as bits, one of priorities or channels likewise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Set(u16);

impl Set {
    pub const ALL: Set = Set(u16::MAX);

    pub fn statuses(of: impl IntoIterator<Item = Status>) -> Set {
        Set(of.into_iter().fold(0, |bits, s| bits | 1 << s as u8))
    }

    pub fn priorities(of: impl IntoIterator<Item = Priority>) -> Set {
        Set(of.into_iter().fold(0, |bits, p| bits | 1 << p as u8))
    }

    pub fn channels(of: impl IntoIterator<Item = Channel>) -> Set {
        Set(of.into_iter().fold(0, |bits, c| bits | 1 << c as u8))
    }

    pub(super) fn holds(self, position: u8) -> bool {
        self.0 & (1 << (position & 15)) != 0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssigneeIs {
    Nobody,
    Somebody,
    Agent(u64),
}

/// From a time on, up to another; either end may be open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    pub from: Option<Micros>,
    /// The first time that is no longer in it.
    pub to: Option<Micros>,
}

impl Span {
    pub fn holds(self, at: i64) -> bool {
        self.from.is_none_or(|from| from.0 <= at) && self.to.is_none_or(|to| at < to.0)
    }
}

/// What was merged into another ticket is never shown by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shown {
    #[default]
    Live,
    /// What is deleted and can be restored.
    Deleted,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    pub statuses: Set,
    pub priorities: Set,
    pub channels: Set,
    pub running: Option<bool>,
    pub assignee: Option<AssigneeIs>,
    /// One of these; empty is any.
    pub categories: Vec<String>,
    pub tag: Option<String>,
    /// Of one of these; empty is any. Who was more than one contact has tickets under each ([`Known::ids`]).
    ///
    /// [`Known::ids`]: crate::engine::contacts::Known::ids
    pub contacts: Vec<u64>,
    pub created: Span,
    pub updated: Span,
    pub on_hold: Option<bool>,
    pub escalated: Option<bool>,
    pub shown: Shown,
    /// Stands so by its SLA then: met 0, on_track 1, at_risk 2, breached 3.
    pub sla: Option<(u8, Micros)>,
    /// One of these, by place.
    pub among: Option<Arc<Bits>>,
    /// Only what this agent may see: unassigned, their own, followed, named in it (S2.20, DESIGN C9).
    pub visible_to: Option<u64>,
}

impl Default for Filter {
    fn default() -> Filter {
        Filter {
            statuses: Set::ALL,
            priorities: Set::ALL,
            channels: Set::ALL,
            running: None,
            assignee: None,
            categories: Vec::new(),
            tag: None,
            contacts: Vec::new(),
            created: Span::default(),
            updated: Span::default(),
            on_hold: None,
            escalated: None,
            shown: Shown::Live,
            sla: None,
            among: None,
            visible_to: None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// By number: nothing is ordered by a clock that jumps.
    NewestFirst,
    OldestFirst,
    /// Priority by rank, then the oldest first (S4.12): by number, as clocks jump.
    Queue,
    /// The lowest priority first, then the newest.
    QueueReversed,
    UpdatedLast,
    UpdatedFirst,
    /// What is due first by its SLA, then by number; what is not due at the end.
    DueFirst,
}

/// A filter whose words have become numbers of the columns.
pub(super) struct Wanted<'a> {
    filter: &'a Filter,
    categories: Option<Vec<u16>>,
    tag_sets: Option<Vec<bool>>,
    contacts: Vec<u32>,
}

impl Filter {
    /// Whether it asks for status and priority at most: of how many tickets that is true is known by block.
    pub(super) fn is_plain(&self) -> bool {
        let (statuses, priorities) = (self.statuses, self.priorities);
        *self == Filter { statuses, priorities, ..Filter::default() }
    }
}

impl Index {
    pub(super) fn wanted<'a>(&self, filter: &'a Filter) -> Wanted<'a> {
        let names = &filter.categories;
        let ids = names.iter().filter_map(|name| self.categories.find(name)).collect();
        let categories = (!names.is_empty()).then_some(ids);
        let tag_sets = filter.tag.as_deref().map(|tag| self.tag_sets.with(tag));
        let contacts = filter.contacts.iter().map(|id| narrow(Some(*id))).collect();
        Wanted { filter, categories, tag_sets, contacts }
    }

    /// The tickets of a block that a filter leaves.
    pub(super) fn places(&self, number: usize, wanted: &Wanted<'_>) -> Places {
        self.places_of(number, self.blocks[number].present, wanted)
    }

    /// The same of some of them.
    fn places_of(&self, number: usize, mut places: Places, wanted: &Wanted<'_>) -> Places {
        let (block, f) = (&self.blocks[number], wanted.filter);
        let nobody = || block.live.count(f.statuses, f.priorities) == 0;
        if f.shown == Shown::Live && nobody() || !block.may_be_of(f.created.from, f.created.to) {
            return Places::NONE;
        }
        places.and_not(&block.merged);
        places.and_if(f.shown == Shown::Deleted, &block.deleted);
        for (set, kinds) in [
            (f.statuses, &block.statuses[..]),
            (f.priorities, &block.priorities[..]),
            (f.channels, &block.channels[..]),
        ] {
            if set != Set::ALL {
                let mut any = Places::NONE;
                let of_set = (0_u8..).zip(kinds).filter(|(kind, _)| set.holds(*kind));
                of_set.for_each(|(_, of)| any.or(of));
                places.and(&any);
            }
        }
        for (asked, is) in [
            (f.running, &block.running),
            (f.on_hold, &block.held),
            (f.escalated, &block.escalated),
            (f.assignee.map(|a| a == AssigneeIs::Nobody), &block.unassigned),
        ] {
            if let Some(asked) = asked {
                places.and_if(asked, is);
            }
        }
        if let Some(among) = &f.among {
            places.and_words(|at| among.word(number * (PLACES / 64) + at));
        }
        if !places.is_empty() {
            self.ask_each(number, wanted, &mut places);
        }
        places
    }

    /// What is known of each ticket by itself.
    fn ask_each(&self, number: usize, wanted: &Wanted<'_>, places: &mut Places) {
        let (block, f) = (&self.blocks[number], wanted.filter);
        if let Some(AssigneeIs::Agent(id)) = f.assignee {
            let id = narrow(Some(id));
            places.retain(|at| block.assignee.get(at) == id);
        }
        if !wanted.contacts.is_empty() {
            places.retain(|at| wanted.contacts.contains(&block.contact.get(at)));
        }
        if let Some(ids) = &wanted.categories {
            places.retain(|at| ids.contains(&block.category.get(at)));
        }
        if let Some(sets) = &wanted.tag_sets {
            places.retain(|at| {
                let tags = block.tags.get(at);
                tags != TagSets::NONE && sets[tags as usize]
            });
        }
        if f.created != Span::default() {
            places.retain(|at| f.created.holds(block.created.get(at)));
        }
        if f.updated != Span::default() {
            places.retain(|at| f.updated.holds(block.updated.get(at)));
        }
        if let Some((wanted, now)) = f.sla {
            places.retain(|at| block.standing(at).is_some_and(|s| s.at(now) == wanted));
        }
        if let Some(me) = f.visible_to {
            let id = narrow(Some(me));
            let mut others = *places;
            others.and_not(&block.unassigned);
            others.retain(|at| {
                block.assignee.get(at) == id
                    || block.watched.has(at) && self.watches(number * PLACES + at, id)
            });
            places.and(&block.unassigned);
            places.or(&others);
        }
    }

    /// Whether a filter leaves this ticket.
    pub fn holds(&self, number: u64, filter: &Filter) -> bool {
        let Some(position) = position(number) else { return false };
        let (number, at) = (position / PLACES, position % PLACES);
        let is_there = self.blocks.get(number).is_some_and(|block| block.present.has(at));
        let mut place = Places::NONE;
        place.set(at, true);
        is_there && !self.places_of(number, place, &self.wanted(filter)).is_empty()
    }

    /// Every block in which a filter leaves something, with that.
    pub(super) fn each_block<'a>(
        &'a self,
        filter: &Filter,
        mut visit: impl FnMut(usize, &'a Block, Places),
    ) {
        let wanted = self.wanted(filter);
        for (number, block) in self.blocks.iter().enumerate() {
            let places = self.places(number, &wanted);
            if !places.is_empty() {
                visit(number, block, places);
            }
        }
    }

    /// The positions of what a filter leaves, in order.
    pub(super) fn positions<'a>(
        &'a self,
        filter: &'a Filter,
    ) -> impl DoubleEndedIterator<Item = usize> + 'a {
        let wanted = self.wanted(filter);
        (0..self.blocks.len()).flat_map(move |number| {
            let places = self.places(number, &wanted).iter();
            places.map(move |at| number * PLACES + at)
        })
    }

    fn watches(&self, at: usize, agent: u32) -> bool {
        self.watchers.get(&(at as u32)).is_some_and(|agents| agents.contains(&agent))
    }
}
