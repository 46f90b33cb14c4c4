//! One page of what matches a filter, in an order, and how many match in all: one pass over the columns.

use std::collections::BinaryHeap;

use super::{ABSENT, Filter, Found, Index, Line, MERGED, NONE_U32, Sort};
use crate::domain::reference::FIRST_NUMBER;
use crate::domain::time::Micros;
use crate::engine::search::Bits;

impl Index {
    /// A page of what matches, and how many match in all.
    pub fn find(&self, filter: &Filter, sort: Sort, offset: usize, limit: usize) -> Found {
        let all = 0..self.status.len();
        match sort {
            Sort::NewestFirst => self.in_turn(all.rev(), filter, offset, limit),
            Sort::OldestFirst => self.in_turn(all, filter, offset, limit),
            Sort::Queue => {
                self.best(filter, offset, limit, |at| (3 - i64::from(self.priority[at]), at))
            }
            Sort::QueueReversed => {
                self.best(filter, offset, limit, |at| (i64::from(self.priority[at]), !at))
            }
            Sort::UpdatedLast => self.best(filter, offset, limit, |at| (!self.updated[at], !at)),
            Sort::DueFirst => self.best(filter, offset, limit, |at| (self.sla_due[at], at)),
            Sort::UpdatedFirst => self.best(filter, offset, limit, |at| (self.updated[at], at)),
        }
    }

    fn in_turn(
        &self,
        order: impl Iterator<Item = usize>,
        filter: &Filter,
        offset: usize,
        limit: usize,
    ) -> Found {
        let wanted = self.wanted(filter);
        let mut found = Found::default();
        for at in order.filter(|at| self.matches(*at, &wanted)) {
            if found.total >= offset as u64 && found.numbers.len() < limit {
                found.numbers.push(FIRST_NUMBER + at as u64);
            }
            found.total += 1;
        }
        found
    }

    /// Those with the least keys; a key bears the position or its complement.
    fn best(
        &self,
        filter: &Filter,
        offset: usize,
        limit: usize,
        key: impl Fn(usize) -> (i64, usize),
    ) -> Found {
        let wanted = self.wanted(filter);
        let keep = offset.saturating_add(limit);
        let mut total = 0;
        // The worst of the kept ones on top, so that it is the one to go.
        let mut kept: BinaryHeap<((i64, usize), usize)> = BinaryHeap::new();
        for at in (0..self.status.len()).filter(|at| self.matches(*at, &wanted)) {
            total += 1;
            let key = key(at);
            if kept.len() < keep {
                kept.push((key, at));
            } else if kept.peek().is_some_and(|(worst, _)| key < *worst) {
                kept.pop();
                kept.push((key, at));
            }
        }
        let numbers = kept.into_sorted_vec().into_iter().skip(offset);
        Found { numbers: numbers.map(|(_, at)| FIRST_NUMBER + at as u64).collect(), total }
    }

    /// The places of everything that matches.
    pub fn passing(&self, filter: &Filter) -> Bits {
        let wanted = self.wanted(filter);
        let all = 0..self.status.len();
        all.filter(|at| self.matches(*at, &wanted)).map(|at| at as u32).collect()
    }

    /// The contacts of everything that matches.
    pub fn contacts_of(&self, filter: &Filter) -> Bits {
        let wanted = self.wanted(filter);
        let matching = (0..self.status.len()).filter(|at| self.matches(*at, &wanted));
        matching.map(|at| self.contact[at]).filter(|id| *id != NONE_U32).collect()
    }

    /// When a ticket last changed.
    pub fn updated_at(&self, number: u64) -> Option<Micros> {
        let at = usize::try_from(number.checked_sub(FIRST_NUMBER)?).ok()?;
        self.updated.get(at).copied().map(Micros)
    }

    /// The tickets that became part of others.
    pub fn merged(&self) -> impl Iterator<Item = u64> + '_ {
        let merged = |at: &usize| self.status[*at] != ABSENT && self.flags[*at] & MERGED != 0;
        (0..self.status.len()).filter(merged).map(|at| FIRST_NUMBER + at as u64)
    }

    /// Everything that matches, oldest number first.
    pub fn lines<'a>(&'a self, filter: &'a Filter) -> impl Iterator<Item = Line<'a>> + 'a {
        let wanted = self.wanted(filter);
        (0..self.status.len()).filter(move |at| self.matches(*at, &wanted)).map(|at| self.line(at))
    }

    /// Whether a filter leaves this ticket.
    pub fn holds(&self, number: u64, filter: &Filter) -> bool {
        let at = number.checked_sub(FIRST_NUMBER).and_then(|at| usize::try_from(at).ok());
        let at = at.filter(|at| *at < self.status.len());
        at.is_some_and(|at| self.matches(at, &self.wanted(filter)))
    }

    /// The numbers of at most `limit` tickets that match, newest first, from `before` down.
    pub fn numbers_before(&self, filter: &Filter, before: u64, limit: usize) -> Vec<u64> {
        let wanted = self.wanted(filter);
        let end = before.saturating_sub(FIRST_NUMBER).min(self.status.len() as u64) as usize;
        let matching = (0..end).rev().filter(|at| self.matches(*at, &wanted));
        matching.take(limit).map(|at| FIRST_NUMBER + at as u64).collect()
    }
}
