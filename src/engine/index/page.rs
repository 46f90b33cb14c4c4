//! One page of what matches a filter, in an order, and how many match in all.

use std::collections::BinaryHeap;

use super::block::Block;
use super::column::{PLACES, Places};
use super::{Filter, Found, Index, Line, Sort};
use crate::domain::priority::Priority;
use crate::domain::reference::FIRST_NUMBER;
use crate::domain::time::Micros;
use crate::engine::search::Bits;

/// What a sort goes by, with the position or its complement, so that no two are the same.
type Key = (i64, usize);

/// Pages that begin further behind are found among all that match.
pub(super) const DEEP: usize = 4096;

/// The keys of a page among all that come.
struct Best {
    offset: usize,
    limit: usize,
    /// Of a page near the beginning those that may be on it, the worst on top, so that it is the one to go.
    kept: BinaryHeap<Key>,
    /// Of any other page all.
    all: Vec<Key>,
}

impl Best {
    fn new(offset: usize, limit: usize) -> Best {
        Best { offset, limit, kept: BinaryHeap::new(), all: Vec::new() }
    }

    fn keep(&self) -> Option<usize> {
        Some(self.offset.saturating_add(self.limit)).filter(|keep| *keep <= DEEP)
    }

    fn offer(&mut self, key: Key) {
        match self.keep() {
            None => self.all.push(key),
            Some(keep) if self.kept.len() < keep => self.kept.push(key),
            Some(_) => {
                if let Some(mut worst) = self.kept.peek_mut().filter(|worst| key < **worst) {
                    *worst = key;
                }
            }
        }
    }

    /// Whether something that goes by this or more can still be on the page.
    fn wants(&self, least: i64) -> bool {
        let full = self.keep().is_some_and(|keep| self.kept.len() >= keep);
        !full || self.kept.peek().is_some_and(|(worst, _)| least <= *worst)
    }

    fn page(self) -> Vec<usize> {
        let Best { offset, limit, kept, mut all } = self;
        if all.is_empty() {
            let sorted = kept.into_sorted_vec().into_iter();
            return sorted.skip(offset).map(|(_, at)| at).collect();
        }
        if offset >= all.len() {
            return Vec::new();
        }
        let mut page = &mut all[..];
        if offset > 0 {
            page = page.select_nth_unstable(offset - 1).2;
        }
        if limit < page.len() {
            page = page.select_nth_unstable(limit).0;
        }
        page.sort_unstable();
        page.iter().map(|(_, at)| *at).collect()
    }
}

/// Gathers a page of what is told in order.
struct Page {
    offset: u64,
    limit: usize,
    found: Found,
}

impl Page {
    /// Passes over so many; false if some of them are on the page.
    fn pass(&mut self, count: u64) -> bool {
        let before = self.found.total + count <= self.offset;
        let passed = before || self.found.numbers.len() == self.limit;
        self.found.total += if passed { count } else { 0 };
        passed
    }

    /// Takes what stands next in a block; what is not shown is only counted.
    fn take(&mut self, number: usize, places: Places, backwards: bool) {
        let (before, count) = (self.found.total, places.count());
        self.found.total += count;
        let wanted = self.limit - self.found.numbers.len();
        if wanted == 0 || self.found.total <= self.offset {
            return;
        }
        let skipped = self.offset.saturating_sub(before) as usize;
        let numbered = |at: usize| FIRST_NUMBER + (number * PLACES + at) as u64;
        let page = &mut self.found.numbers;
        if backwards {
            page.extend(places.iter().rev().skip(skipped).take(wanted).map(numbered));
        } else {
            page.extend(places.iter().skip(skipped).take(wanted).map(numbered));
        }
    }
}

impl Index {
    /// A page of what matches, and how many match in all.
    pub fn find(&self, filter: &Filter, sort: Sort, offset: usize, limit: usize) -> Found {
        match sort {
            Sort::NewestFirst => self.in_turn(filter, true, offset, limit),
            Sort::OldestFirst => self.in_turn(filter, false, offset, limit),
            Sort::Queue => self.by_priority(filter, false, offset, limit),
            Sort::QueueReversed => self.by_priority(filter, true, offset, limit),
            Sort::UpdatedLast => self.by_change(filter, true, offset, limit),
            Sort::UpdatedFirst => self.by_change(filter, false, offset, limit),
            Sort::DueFirst => self.due_first(filter, offset, limit),
        }
    }

    fn in_turn(&self, filter: &Filter, backwards: bool, offset: usize, limit: usize) -> Found {
        let wanted = self.wanted(filter);
        let mut page = Page { offset: offset as u64, limit, found: Found::default() };
        let plain = filter.is_plain();
        let mut take = |number: usize| {
            let count = plain.then(|| self.blocks[number].count_live(filter.statuses));
            if !count.is_some_and(|count| page.pass(count)) {
                page.take(number, self.places(number, &wanted), backwards);
            }
        };
        if backwards {
            (0..self.blocks.len()).rev().for_each(&mut take);
        } else {
            (0..self.blocks.len()).for_each(&mut take);
        }
        page.found
    }

    /// The most urgent first and the oldest of these, or all the other way round.
    fn by_priority(&self, filter: &Filter, backwards: bool, offset: usize, limit: usize) -> Found {
        let mut matching: Vec<(usize, &Block, Places)> = Vec::new();
        self.each_block(filter, |number, block, places| matching.push((number, block, places)));
        let mut priorities: Vec<usize> = (0..Priority::ALL.len()).rev().collect();
        if backwards {
            priorities.reverse();
            matching.reverse();
        }
        let mut page = Page { offset: offset as u64, limit, found: Found::default() };
        for priority in priorities {
            for (number, block, places) in &matching {
                let mut places = *places;
                places.and(&block.priorities[priority]);
                page.take(*number, places, backwards);
            }
        }
        page.found
    }

    /// What changed last comes first, or what did not for longest, by number where it changed at once; blocks in
    /// which nothing can be on the page are only counted.
    fn by_change(&self, filter: &Filter, last: bool, offset: usize, limit: usize) -> Found {
        let turned = |key: i64| if last { !key } else { key };
        let mut matching: Vec<(i64, usize, &Block, Places)> = Vec::new();
        self.each_block(filter, |number, block, places| {
            let (first, latest) = block.updated_between();
            matching.push((turned(if last { latest } else { first }), number, block, places));
        });
        let total = matching.iter().map(|(.., places)| places.count()).sum();
        matching.sort_by_key(|(least, ..)| *least);
        let mut best = Best::new(offset, limit);
        for (least, number, block, places) in matching {
            if !best.wants(least) {
                break;
            }
            for at in places.iter() {
                let position = number * PLACES + at;
                let position = if last { !position } else { position };
                best.offer((turned(block.updated.get(at)), position));
            }
        }
        let place = |at: usize| FIRST_NUMBER + if last { !at } else { at } as u64;
        Found { numbers: best.page().into_iter().map(place).collect(), total }
    }

    /// What is due first, by number where it is at once.
    fn due_first(&self, filter: &Filter, offset: usize, limit: usize) -> Found {
        let mut best = Best::new(offset, limit);
        let mut total = 0;
        self.each_block(filter, |number, block, places| {
            total += places.count();
            for at in places.iter() {
                let position = number * PLACES + at;
                best.offer((block.sla_due.get(at), position));
            }
        });
        let numbers = best.page().into_iter().map(|at| FIRST_NUMBER + at as u64);
        Found { numbers: numbers.collect(), total }
    }

    /// The places of everything that matches.
    pub fn passing(&self, filter: &Filter) -> Bits {
        self.positions(filter).map(|at| at as u32).collect()
    }

    /// When a ticket last changed.
    pub fn updated_at(&self, number: u64) -> Option<Micros> {
        let (block, at) = self.place(number)?;
        Some(Micros(block.updated.get(at)))
    }

    /// The tickets that became part of others.
    pub fn merged(&self) -> impl Iterator<Item = u64> + '_ {
        (FIRST_NUMBER..).step_by(PLACES).zip(&self.blocks).flat_map(|(first, block)| {
            let mut merged = block.present;
            merged.and(&block.merged);
            merged.iter().map(move |at| first + at as u64)
        })
    }

    /// Everything that matches, oldest number first.
    pub fn lines<'a>(&'a self, filter: &'a Filter) -> impl Iterator<Item = Line<'a>> + 'a {
        self.positions(filter).map(|at| self.line(at))
    }

    /// The numbers of at most `limit` tickets that match, newest first.
    pub fn newest(&self, filter: &Filter, limit: usize) -> Vec<u64> {
        let numbers = self.positions(filter).rev().map(|at| FIRST_NUMBER + at as u64);
        numbers.take(limit).collect()
    }
}
