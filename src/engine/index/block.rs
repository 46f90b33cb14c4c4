//! 4,096 tickets with neighbouring numbers: what is known of each, and of all together.

use std::sync::OnceLock;

use super::column::{Column, Places};
use super::names::{NONE_U16, TagSets};
use super::sums::Sums;
use super::{ABSENT, NONE_TIME, NONE_U32, Set, narrow};
use crate::domain::channel::Channel;
use crate::domain::priority::Priority;
use crate::domain::rule::SlaStanding;
use crate::domain::status::Status;
use crate::domain::time::Micros;
use crate::store::records::IndexRow;

/// When there is nothing to warn of or to be late for.
pub const NEVER: i64 = i64::MAX;

pub struct Block {
    pub present: Places,
    /// By status, priority and channel; a ticket is in one of each.
    pub statuses: [Places; Status::ALL.len()],
    pub priorities: [Places; Priority::ALL.len()],
    pub channels: [Places; Channel::ALL.len()],
    pub running: Places,
    pub unassigned: Places,
    pub held: Places,
    pub escalated: Places,
    pub merged: Places,
    pub deleted: Places,
    /// Somebody follows it or was named in it.
    pub watched: Places,
    pub status: Column<u8>,
    pub priority: Column<u8>,
    pub channel: Column<u8>,
    pub category: Column<u16>,
    pub assignee: Column<u32>,
    pub contact: Column<u32>,
    pub created: Column<i64>,
    pub first_response: Column<i64>,
    pub resolved: Column<i64>,
    pub updated: Column<i64>,
    pub tags: Column<u32>,
    /// By [`SlaStanding`]; of a ticket without a promise [`ABSENT`].
    pub sla: Column<u8>,
    pub sla_warns: Column<i64>,
    pub sla_due: Column<i64>,
    pub people_since: Column<i64>,
    /// How often something happened, as [`Counted`](super::figures::Counted) has it.
    pub counted: [Column<u16>; 4],
    /// How promises were kept, as [`Kept`](super::figures::Kept) has it: seconds, and states.
    pub took: [Column<u32>; 2],
    pub states: [Column<u8>; 2],
    /// Between these lie the times of all that were ever here: when they were made, when they changed.
    created_from: i64,
    created_to: i64,
    updated_first: i64,
    updated_last: i64,
    /// What is live here, added up when somebody asks.
    pub sums: OnceLock<Box<Sums>>,
    pub live: Live,
    /// A row of the store is kept of it.
    pub is_stored: bool,
    /// Tickets of which that row, if there is one, does not say what is here.
    pub behind: Places,
    /// For how many rounds nothing has changed.
    pub at_rest: u8,
}

impl Default for Block {
    fn default() -> Block {
        Block {
            present: Places::NONE,
            statuses: [Places::NONE; _],
            priorities: [Places::NONE; _],
            channels: [Places::NONE; _],
            running: Places::NONE,
            unassigned: Places::NONE,
            held: Places::NONE,
            escalated: Places::NONE,
            merged: Places::NONE,
            deleted: Places::NONE,
            watched: Places::NONE,
            status: Column::of(0),
            priority: Column::of(0),
            channel: Column::of(0),
            category: Column::of(NONE_U16),
            assignee: Column::of(NONE_U32),
            contact: Column::of(NONE_U32),
            created: Column::of(0),
            first_response: Column::of(NONE_TIME),
            resolved: Column::of(NONE_TIME),
            updated: Column::of(0),
            tags: Column::of(TagSets::NONE),
            sla: Column::of(ABSENT),
            sla_warns: Column::of(NEVER),
            sla_due: Column::of(NEVER),
            people_since: Column::of(NONE_TIME),
            counted: std::array::from_fn(|_| Column::of(0)),
            took: std::array::from_fn(|_| Column::of(NONE_U32)),
            states: std::array::from_fn(|_| Column::of(ABSENT)),
            created_from: i64::MAX,
            created_to: i64::MIN,
            updated_first: i64::MAX,
            updated_last: i64::MIN,
            sums: OnceLock::new(),
            live: Live::default(),
            is_stored: false,
            behind: Places::NONE,
            at_rest: 0,
        }
    }
}

/// How many live tickets have each priority and status.
#[derive(Clone, Debug, Default)]
pub struct Live([[u32; Status::ALL.len()]; Priority::ALL.len()]);

impl Live {
    /// A ticket is of this priority and status no more, and of that; none where it is not live.
    pub fn exchange(&mut self, before: Option<(u8, u8)>, now: Option<(u8, u8)>) {
        if let Some((priority, status)) = before {
            self.0[usize::from(priority)][usize::from(status)] -= 1;
        }
        if let Some((priority, status)) = now {
            self.0[usize::from(priority)][usize::from(status)] += 1;
        }
    }

    pub fn add(&mut self, more: &Live) {
        let counts = self.0.iter_mut().flatten();
        counts.zip(more.0.iter().flatten()).for_each(|(count, more)| *count += more);
    }

    /// How many there are of these statuses and priorities.
    pub fn count(&self, statuses: Set, priorities: Set) -> u64 {
        let wanted = (0_u8..).zip(&self.0).filter(|(priority, _)| priorities.holds(*priority));
        let counts = wanted.flat_map(|(_, of_priority)| (0_u8..).zip(of_priority));
        counts.map(|(status, count)| u64::from(*count) * u64::from(statuses.holds(status))).sum()
    }
}

impl Block {
    /// Takes over a narrow row; true if the ticket was not there. Category and tags come as numbers.
    pub fn put(&mut self, at: usize, row: &IndexRow, (category, tags): (u16, u32)) -> bool {
        self.sums.take();
        self.changes(at);
        let is_new = !self.present.has(at);
        self.live.exchange(self.kind(at), None);
        self.present.set(at, true);
        let (status, priority, channel) = (row.status as u8, row.priority as u8, row.channel as u8);
        for (sets, column, is) in [
            (&mut self.statuses[..], &mut self.status, status),
            (&mut self.priorities[..], &mut self.priority, priority),
            (&mut self.channels[..], &mut self.channel, channel),
        ] {
            sets[usize::from(column.get(at))].set(at, false);
            sets[usize::from(is)].set(at, true);
            column.set(at, is);
        }
        for (set, is) in [
            (&mut self.running, row.call_running),
            (&mut self.unassigned, narrow(row.assignee) == NONE_U32),
            (&mut self.held, row.on_hold),
            (&mut self.escalated, row.escalated),
            (&mut self.merged, row.merged),
            (&mut self.deleted, row.deleted),
            (&mut self.watched, !row.watchers.is_empty()),
        ] {
            set.set(at, is);
        }
        self.live.exchange(None, self.kind(at));
        let (created, updated) = (row.created_at.0, row.updated_at.unwrap_or(row.created_at).0);
        let time = |at: Option<Micros>| at.map_or(NONE_TIME, |at| at.0);
        self.category.set(at, category);
        self.tags.set(at, tags);
        self.assignee.set(at, narrow(row.assignee));
        self.contact.set(at, narrow(row.contact));
        self.created.set(at, created);
        self.updated.set(at, updated);
        self.first_response.set(at, time(row.first_response_at));
        self.resolved.set(at, time(row.resolved_at));
        self.bound(at);
        is_new
    }

    /// Something of a ticket is other than the stored block has it.
    pub fn changes(&mut self, at: usize) {
        self.behind.set(at, true);
        self.at_rest = 0;
    }

    /// Priority and status of a ticket that is live.
    pub fn kind(&self, at: usize) -> Option<(u8, u8)> {
        self.is_live(at).then(|| (self.priority.get(at), self.status.get(at)))
    }

    fn bound(&mut self, at: usize) {
        let (created, updated) = (self.created.get(at), self.updated.get(at));
        self.created_from = self.created_from.min(created);
        self.created_to = self.created_to.max(created);
        self.updated_first = self.updated_first.min(updated);
        self.updated_last = self.updated_last.max(updated);
    }

    /// Adds to a block whose columns and flags have been filled what follows from them.
    pub fn derive(&mut self) {
        for at in self.present.iter() {
            self.statuses[usize::from(self.status.get(at))].set(at, true);
            self.priorities[usize::from(self.priority.get(at))].set(at, true);
            self.channels[usize::from(self.channel.get(at))].set(at, true);
            self.unassigned.set(at, self.assignee.get(at) == NONE_U32);
            self.live.exchange(None, self.kind(at));
            self.bound(at);
        }
    }

    /// A ticket that is gone for good; true if it was there.
    pub fn remove(&mut self, at: usize) -> bool {
        self.sums.take();
        self.changes(at);
        let was = self.present.has(at);
        self.live.exchange(self.kind(at), None);
        self.present.set(at, false);
        self.sla.set(at, ABSENT);
        self.tags.set(at, TagSets::NONE);
        was
    }

    pub fn stand(&mut self, at: usize, standing: Option<SlaStanding>) {
        self.changes(at);
        let moment = |at: Option<Micros>| at.map_or(NEVER, |at| at.0);
        self.sla.set(at, standing.map_or(ABSENT, |s| s.settled));
        self.sla_warns.set(at, moment(standing.and_then(|s| s.warns_at)));
        self.sla_due.set(at, moment(standing.and_then(|s| s.due_at)));
    }

    pub fn standing(&self, at: usize) -> Option<SlaStanding> {
        let settled = Some(self.sla.get(at)).filter(|settled| *settled != ABSENT)?;
        let moment = |at: i64| (at != NEVER).then_some(Micros(at));
        let (warns_at, due_at) = (moment(self.sla_warns.get(at)), moment(self.sla_due.get(at)));
        Some(SlaStanding { settled, warns_at, due_at })
    }

    /// What the columns say of a ticket, but for what is only a number in them.
    pub fn says(&self, at: usize) -> impl PartialEq + use<> {
        let kinds = [self.status.get(at), self.priority.get(at), self.channel.get(at)];
        let sets = [
            &self.statuses[usize::from(kinds[0])],
            &self.priorities[usize::from(kinds[1])],
            &self.channels[usize::from(kinds[2])],
            &self.running,
            &self.unassigned,
            &self.held,
            &self.escalated,
            &self.merged,
            &self.deleted,
            &self.watched,
        ];
        let times = [&self.created, &self.first_response, &self.resolved, &self.updated];
        let people = [self.assignee.get(at), self.contact.get(at)];
        (kinds, sets.map(|set| set.has(at)), times.map(|time| time.get(at)), people)
    }

    fn is_live(&self, at: usize) -> bool {
        self.present.has(at) && !self.merged.has(at) && !self.deleted.has(at)
    }

    /// What is shown when nobody asks for anything else: neither deleted nor part of another ticket.
    pub fn live(&self) -> Places {
        let mut live = self.present;
        live.and_not(&self.merged);
        live.and_not(&self.deleted);
        live
    }

    /// Whether a ticket here may have been made between these times.
    pub fn may_be_of(&self, from: Option<Micros>, to: Option<Micros>) -> bool {
        from.is_none_or(|from| from.0 <= self.created_to)
            && to.is_none_or(|to| self.created_from < to.0)
    }

    /// No ticket here has changed before the first of these times, or after the second.
    pub fn updated_between(&self) -> (i64, i64) {
        (self.updated_first, self.updated_last)
    }
}
