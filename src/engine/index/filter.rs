//! Which tickets are meant, and in which order.

use std::sync::Arc;

use super::names::TagSets;
use super::{DELETED, ESCALATED, HELD, Index, MERGED, NONE_U32, WATCHED, narrow};
use crate::domain::channel::Channel;
use crate::domain::priority::Priority;
use crate::domain::reference::FIRST_NUMBER;
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

    fn holds(self, position: u8) -> bool {
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

#[derive(Clone, Debug)]
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

impl Index {
    pub(super) fn wanted<'a>(&self, filter: &'a Filter) -> Wanted<'a> {
        let names = &filter.categories;
        let ids = names.iter().filter_map(|name| self.categories.find(name)).collect();
        let categories = (!names.is_empty()).then_some(ids);
        let tag_sets = filter.tag.as_deref().map(|tag| self.tag_sets.with(tag));
        let contacts = filter.contacts.iter().map(|id| narrow(Some(*id))).collect();
        Wanted { filter, categories, tag_sets, contacts }
    }

    pub(super) fn matches(&self, at: usize, wanted: &Wanted<'_>) -> bool {
        let f = wanted.filter;
        let (assignee, flags) = (self.assignee[at], self.flags[at]);
        let is = |bit: u8| flags & bit != 0;
        self.status[at] != super::ABSENT
            && !is(MERGED)
            && is(DELETED) == (f.shown == Shown::Deleted)
            && f.among.as_ref().is_none_or(|among| among.has(at as u32))
            && f.statuses.holds(self.status[at])
            && f.priorities.holds(self.priority[at])
            && f.channels.holds(self.channel[at])
            && f.running.is_none_or(|r| self.running[at] == r)
            && f.assignee.is_none_or(|a| match a {
                AssigneeIs::Nobody => assignee == NONE_U32,
                AssigneeIs::Somebody => assignee != NONE_U32,
                AssigneeIs::Agent(id) => assignee == narrow(Some(id)),
            })
            && f.on_hold.is_none_or(|held| is(HELD) == held)
            && f.escalated.is_none_or(|escalated| is(ESCALATED) == escalated)
            && (wanted.contacts.is_empty() || wanted.contacts.contains(&self.contact[at]))
            && f.created.holds(self.created[at])
            && f.updated.holds(self.updated[at])
            && wanted.categories.as_ref().is_none_or(|ids| ids.contains(&self.category[at]))
            && wanted
                .tag_sets
                .as_ref()
                .is_none_or(|sets| self.tags[at] != TagSets::NONE && sets[self.tags[at] as usize])
            && f.sla.is_none_or(|(wanted, now)| {
                let standing = self.standing(FIRST_NUMBER + at as u64);
                standing.is_some_and(|standing| standing.at(now) == wanted)
            })
            && f.visible_to.is_none_or(|me| {
                assignee == NONE_U32
                    || assignee == narrow(Some(me))
                    || (is(WATCHED) && self.watches(at, me))
            })
    }

    fn watches(&self, at: usize, agent: u64) -> bool {
        let who = self.watchers.get(&(at as u32));
        who.is_some_and(|agents| agents.contains(&narrow(Some(agent))))
    }
}
