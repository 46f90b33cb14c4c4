//! One page of what matches a filter, in an order, and how many match in all: one pass over the columns.

use std::collections::BinaryHeap;

use super::{Filter, Found, Index, Line, Sort};
use crate::domain::reference::FIRST_NUMBER;

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
