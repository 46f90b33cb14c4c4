//! The in-memory ticket index: columns of a few dozen bytes a ticket, loaded at start by one scan of the
//! narrow table and updated with every commit. Any filter, any page, any count is one pass over columns;
//! no secondary rows are written.

mod contacts;
mod filter;
mod names;
mod page;

use std::collections::HashMap;

use crate::domain::channel::Channel;
use crate::domain::priority::Priority;
use crate::domain::reference::FIRST_NUMBER;
use crate::domain::status::Status;
use crate::domain::time::Micros;
use crate::store::records::IndexRow;
pub use filter::{AssigneeIs, Filter, Set, Shown, Sort, Span};
use names::{NONE_U16, Names, TagSets};

const NONE_U32: u32 = u32::MAX;
const NONE_TIME: i64 = i64::MIN;
const ABSENT: u8 = u8::MAX;

/// One position a ticket number, from [`FIRST_NUMBER`].
#[derive(Default)]
pub struct Index {
    status: Vec<u8>,
    priority: Vec<u8>,
    channel: Vec<u8>,
    running: Vec<bool>,
    category: Vec<u16>,
    assignee: Vec<u32>,
    contact: Vec<u32>,
    created: Vec<i64>,
    first_response: Vec<i64>,
    resolved: Vec<i64>,
    updated: Vec<i64>,
    flags: Vec<u8>,
    tags: Vec<u32>,
    categories: Names,
    tag_sets: TagSets,
    /// Who follows a ticket or was named in it, of those that anybody does.
    watchers: HashMap<u32, Box<[u32]>>,
    tickets: u64,
}

const HELD: u8 = 1;
const ESCALATED: u8 = 2;
const MERGED: u8 = 4;
const DELETED: u8 = 8;
const WATCHED: u8 = 16;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub numbers: Vec<u64>,
    /// How many match in all.
    pub total: u64,
}

/// One ticket as the index knows it.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    pub number: u64,
    pub status: Status,
    pub priority: Priority,
    pub category: Option<&'a str>,
    pub created_at: Micros,
    pub resolved_at: Option<Micros>,
}

impl Index {
    /// Takes over a ticket's narrow row; numbers are dense, so the columns stay dense too.
    pub fn put(&mut self, number: u64, row: &IndexRow) {
        let Some(at) = number.checked_sub(FIRST_NUMBER).and_then(|n| usize::try_from(n).ok())
        else {
            return;
        };
        if at >= self.status.len() {
            self.grow(at + 1);
        }
        if self.status[at] == ABSENT {
            self.tickets += 1;
        }
        self.status[at] = row.status as u8;
        self.priority[at] = row.priority as u8;
        self.channel[at] = row.channel as u8;
        self.running[at] = row.call_running;
        self.category[at] = row.category.as_deref().map_or(NONE_U16, |c| self.categories.id(c));
        self.assignee[at] = narrow(row.assignee);
        self.contact[at] = narrow(row.contact);
        self.created[at] = row.created_at.0;
        self.first_response[at] = row.first_response_at.map_or(NONE_TIME, |t| t.0);
        self.resolved[at] = row.resolved_at.map_or(NONE_TIME, |t| t.0);
        self.updated[at] = row.updated_at.unwrap_or(row.created_at).0;
        self.flags[at] = flags(row);
        self.tags[at] = self.tag_sets.exchange(self.tags[at], &row.tags);
        let place = at as u32;
        if row.watchers.is_empty() {
            self.watchers.remove(&place);
        } else {
            let who = row.watchers.iter().map(|agent| narrow(Some(*agent)));
            self.watchers.insert(place, who.collect());
        }
    }

    /// A ticket that was deleted for good.
    pub fn remove(&mut self, number: u64) {
        let at = number.checked_sub(FIRST_NUMBER).and_then(|n| usize::try_from(n).ok());
        if let Some(status) = at.and_then(|at| self.status.get_mut(at))
            && let Some(at) = at
            && std::mem::replace(status, ABSENT) != ABSENT
        {
            self.tickets -= 1;
            self.tags[at] = self.tag_sets.exchange(self.tags[at], &[]);
            self.watchers.remove(&(at as u32));
        }
    }

    /// The closed tickets from a number on: number, channel, category, when it was made.
    pub fn closed(
        &self,
        from: u64,
    ) -> impl Iterator<Item = (u64, Channel, Option<&str>, Micros)> + '_ {
        let start = usize::try_from(from.saturating_sub(FIRST_NUMBER)).unwrap_or(usize::MAX);
        let closed = Status::Closed as u8;
        (start..self.status.len()).filter(move |at| self.status[*at] == closed).map(|at| {
            let Line { number, category, created_at, .. } = self.line(at);
            (number, Channel::ALL[usize::from(self.channel[at])], category, created_at)
        })
    }

    /// Every ticket's number.
    pub fn numbers(&self) -> Vec<u64> {
        let there = (0..self.status.len()).filter(|at| self.status[*at] != ABSENT);
        there.map(|at| FIRST_NUMBER + at as u64).collect()
    }

    /// The tickets of these contacts.
    pub fn of_contacts(&self, contacts: &[u64]) -> Vec<u64> {
        let wanted: Vec<u32> = contacts.iter().map(|id| narrow(Some(*id))).collect();
        let of = |at: &usize| self.status[*at] != ABSENT && wanted.contains(&self.contact[*at]);
        (0..self.status.len()).filter(of).map(|at| FIRST_NUMBER + at as u64).collect()
    }

    fn grow(&mut self, len: usize) {
        self.status.resize(len, ABSENT);
        self.priority.resize(len, 0);
        self.channel.resize(len, 0);
        self.running.resize(len, false);
        self.category.resize(len, NONE_U16);
        self.assignee.resize(len, NONE_U32);
        self.contact.resize(len, NONE_U32);
        self.created.resize(len, 0);
        self.first_response.resize(len, NONE_TIME);
        self.resolved.resize(len, NONE_TIME);
        self.updated.resize(len, 0);
        self.flags.resize(len, 0);
        self.tags.resize(len, TagSets::NONE);
    }

    pub fn len(&self) -> u64 {
        self.tickets
    }

    pub fn is_empty(&self) -> bool {
        self.tickets == 0
    }

    fn line(&self, at: usize) -> Line<'_> {
        Line {
            number: FIRST_NUMBER + at as u64,
            status: Status::ALL[usize::from(self.status[at])],
            priority: Priority::ALL[usize::from(self.priority[at])],
            category: self.categories.names.get(usize::from(self.category[at])).map(String::as_str),
            created_at: Micros(self.created[at]),
            resolved_at: Some(self.resolved[at]).filter(|t| *t != NONE_TIME).map(Micros),
        }
    }

    /// Whether the columns say of a ticket what its narrow row says; for `verify`.
    pub fn agrees(&self, number: u64, row: &IndexRow) -> bool {
        let mut alone = Index::default();
        alone.put(FIRST_NUMBER, row);
        let Some(at) = number.checked_sub(FIRST_NUMBER).and_then(|n| usize::try_from(n).ok())
        else {
            return false;
        };
        if at >= self.status.len() || self.status[at] == ABSENT {
            return false;
        }
        let time = |t: i64| if t == NONE_TIME { None } else { Some(t) };
        self.status[at] == alone.status[0]
            && self.priority[at] == alone.priority[0]
            && self.channel[at] == alone.channel[0]
            && self.running[at] == alone.running[0]
            && self.line(at).category == row.category.as_deref()
            && self.assignee[at] == alone.assignee[0]
            && self.contact[at] == alone.contact[0]
            && self.created[at] == alone.created[0]
            && time(self.first_response[at]) == time(alone.first_response[0])
            && time(self.resolved[at]) == time(alone.resolved[0])
            && self.updated[at] == alone.updated[0]
            && self.flags[at] == alone.flags[0]
            && self.tag_sets.names(self.tags[at]) == alone.tag_sets.names(alone.tags[0])
            && self.watchers.get(&(at as u32)) == alone.watchers.get(&0)
    }
}

fn flags(row: &IndexRow) -> u8 {
    let bits = [
        (row.on_hold, HELD),
        (row.escalated, ESCALATED),
        (row.merged, MERGED),
        (row.deleted, DELETED),
        (!row.watchers.is_empty(), WATCHED),
    ];
    bits.into_iter().filter(|(is, _)| *is).fold(0, |flags, (_, bit)| flags | bit)
}

fn narrow(id: Option<u64>) -> u32 {
    id.and_then(|id| u32::try_from(id).ok()).unwrap_or(NONE_U32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::channel::Channel;

    fn row(status: Status, priority: Priority, created: i64) -> IndexRow {
        IndexRow {
            status,
            priority,
            channel: Channel::Whatsapp,
            call_running: false,
            category: None,
            assignee: None,
            contact: None,
            created_at: Micros(created),
            first_response_at: None,
            resolved_at: None,
            updated_at: Some(Micros(created)),
            on_hold: false,
            escalated: false,
            merged: false,
            deleted: false,
            tags: Vec::new(),
            watchers: Vec::new(),
        }
    }

    #[test]
    fn the_queue_goes_by_rank_of_priority_then_oldest_first() {
        let mut index = Index::default();
        // The clock was set back before the last of them came.
        for (n, (priority, created)) in [
            (Priority::Low, 1),
            (Priority::Urgent, 9),
            (Priority::Medium, 3),
            (Priority::Urgent, 2),
        ]
        .into_iter()
        .enumerate()
        {
            index.put(FIRST_NUMBER + n as u64, &row(Status::New, priority, created));
        }
        let all = index.find(&Filter::default(), Sort::Queue, 0, 50);
        assert_eq!(all.numbers, [1002, 1004, 1003, 1001]);
        let page = index.find(&Filter::default(), Sort::Queue, 1, 2);
        assert_eq!((page.numbers, page.total), (vec![1004, 1003], 4));
    }

    #[test]
    fn an_agent_sees_unassigned_tickets_and_their_own() {
        let mut index = Index::default();
        for (n, assignee) in [None, Some(1), Some(2)].into_iter().enumerate() {
            let row = IndexRow { assignee, ..row(Status::Open, Priority::Medium, n as i64) };
            index.put(FIRST_NUMBER + n as u64, &row);
        }
        let filter = Filter { visible_to: Some(1), ..Filter::default() };
        assert_eq!(index.find(&filter, Sort::NewestFirst, 0, 9).numbers, [1002, 1001]);
        let mine = Filter { assignee: Some(AssigneeIs::Agent(2)), ..Filter::default() };
        assert_eq!(index.find(&mine, Sort::NewestFirst, 0, 9).numbers, [1003]);
    }

    #[test]
    fn a_changed_ticket_is_counted_once_and_agrees_with_its_row() {
        let mut index = Index::default();
        let open = row(Status::Open, Priority::High, 5);
        index.put(FIRST_NUMBER, &open);
        let closed =
            IndexRow { status: Status::Closed, category: Some("billing".into()), ..open.clone() };
        index.put(FIRST_NUMBER, &closed);
        assert_eq!(index.len(), 1);
        assert!(index.agrees(FIRST_NUMBER, &closed));
        assert!(!index.agrees(FIRST_NUMBER, &open));
        let closed_only = Filter { statuses: Set::statuses([Status::Closed]), ..Filter::default() };
        assert_eq!(index.lines(&closed_only).next().unwrap().category, Some("billing"));
    }
}
