//! The in-memory ticket index: columns of a few dozen bytes a ticket, loaded at start by one scan of the
//! narrow table and updated with every commit. Any filter, any page, any count is one pass over columns;
//! no secondary rows are written.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use crate::domain::channel::Channel;
use crate::domain::priority::Priority;
use crate::domain::reference::FIRST_NUMBER;
use crate::domain::status::Status;
use crate::domain::time::Micros;
use crate::store::records::IndexRow;

const NONE_U16: u16 = u16::MAX;
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
    categories: Interner,
    tickets: u64,
}

#[derive(Default)]
struct Interner {
    names: Vec<String>,
    ids: HashMap<String, u16>,
}

impl Interner {
    fn id(&mut self, name: &str) -> u16 {
        if let Some(id) = self.ids.get(name) {
            return *id;
        }
        // Beyond 65,534 categories the rest count as without one in filters; records keep their names.
        let Ok(id) = u16::try_from(self.names.len()) else { return NONE_U16 };
        if id == NONE_U16 {
            return NONE_U16;
        }
        self.names.push(name.to_owned());
        self.ids.insert(name.to_owned(), id);
        id
    }
}

/// A set of statuses as bits, one of priorities likewise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Set(u8);

impl Set {
    pub const ALL: Set = Set(u8::MAX);

    pub fn statuses(of: impl IntoIterator<Item = Status>) -> Set {
        Set(of.into_iter().fold(0, |bits, s| bits | 1 << s as u8))
    }

    pub fn priorities(of: impl IntoIterator<Item = Priority>) -> Set {
        Set(of.into_iter().fold(0, |bits, p| bits | 1 << p as u8))
    }

    fn holds(self, position: u8) -> bool {
        self.0 & (1 << (position & 7)) != 0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssigneeIs {
    Nobody,
    Somebody,
    Agent(u64),
}

#[derive(Clone, Debug)]
pub struct Filter {
    pub statuses: Set,
    pub priorities: Set,
    pub channel: Option<Channel>,
    pub running: Option<bool>,
    pub assignee: Option<AssigneeIs>,
    /// Only what this agent may see: unassigned or their own (S2.20).
    pub visible_to: Option<u64>,
}

impl Default for Filter {
    fn default() -> Filter {
        Filter {
            statuses: Set::ALL,
            priorities: Set::ALL,
            channel: None,
            running: None,
            assignee: None,
            visible_to: None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    NewestFirst,
    /// Priority by rank, then the oldest first (S4.12): by number, as clocks jump.
    Queue,
}

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
    }

    /// A ticket that was deleted for good.
    pub fn remove(&mut self, number: u64) {
        let at = number.checked_sub(FIRST_NUMBER).and_then(|n| usize::try_from(n).ok());
        if let Some(status) = at.and_then(|at| self.status.get_mut(at))
            && std::mem::replace(status, ABSENT) != ABSENT
        {
            self.tickets -= 1;
        }
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
    }

    pub fn len(&self) -> u64 {
        self.tickets
    }

    pub fn is_empty(&self) -> bool {
        self.tickets == 0
    }

    fn matches(&self, at: usize, f: &Filter) -> bool {
        let assignee = self.assignee[at];
        self.status[at] != ABSENT
            && f.statuses.holds(self.status[at])
            && f.priorities.holds(self.priority[at])
            && f.channel.is_none_or(|c| self.channel[at] == c as u8)
            && f.running.is_none_or(|r| self.running[at] == r)
            && f.assignee.is_none_or(|a| match a {
                AssigneeIs::Nobody => assignee == NONE_U32,
                AssigneeIs::Somebody => assignee != NONE_U32,
                AssigneeIs::Agent(id) => assignee == narrow(Some(id)),
            })
            && f.visible_to.is_none_or(|me| assignee == NONE_U32 || assignee == narrow(Some(me)))
    }

    /// A page of what matches, and how many match in all.
    pub fn find(&self, filter: &Filter, sort: Sort, offset: usize, limit: usize) -> Found {
        match sort {
            Sort::NewestFirst => self.newest(filter, offset, limit),
            Sort::Queue => self.queue(filter, offset, limit),
        }
    }

    fn newest(&self, filter: &Filter, offset: usize, limit: usize) -> Found {
        let mut found = Found::default();
        for at in (0..self.status.len()).rev().filter(|at| self.matches(*at, filter)) {
            if found.total >= offset as u64 && found.numbers.len() < limit {
                found.numbers.push(FIRST_NUMBER + at as u64);
            }
            found.total += 1;
        }
        found
    }

    fn queue(&self, filter: &Filter, offset: usize, limit: usize) -> Found {
        let keep = offset.saturating_add(limit);
        let mut total = 0;
        // The worst of the kept ones on top, so that it is the one to go.
        let mut kept = BinaryHeap::new();
        for at in (0..self.status.len()).filter(|at| self.matches(*at, filter)) {
            total += 1;
            kept.push((Reverse(self.priority[at]), at));
            if kept.len() > keep {
                kept.pop();
            }
        }
        let numbers = kept.into_sorted_vec().into_iter().skip(offset);
        Found { numbers: numbers.map(|(_, at)| FIRST_NUMBER + at as u64).collect(), total }
    }

    /// Everything that matches, oldest number first.
    pub fn lines<'a>(&'a self, filter: &'a Filter) -> impl Iterator<Item = Line<'a>> + 'a {
        (0..self.status.len()).filter(|at| self.matches(*at, filter)).map(|at| self.line(at))
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
    }
}

fn narrow(id: Option<u64>) -> u32 {
    id.and_then(|id| u32::try_from(id).ok()).unwrap_or(NONE_U32)
}

#[cfg(test)]
mod tests {
    use super::*;

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
