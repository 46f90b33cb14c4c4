//! One page of what matches a filter, in an order, and how many match in all.

use std::collections::BinaryHeap;

use super::column::{Column, PLACES, Places};
use super::{Filter, Found, Index, Line, Set, Shown, Sort};
use crate::domain::priority::Priority;
use crate::domain::reference::FIRST_NUMBER;
use crate::domain::time::Micros;
use crate::engine::search::Bits;

/// What a sort goes by, with the position or its complement, so that no two are the same.
type Key = (i64, usize);

/// Pages that end further behind are found in another way.
pub(super) const DEEP: usize = 4096;

/// Keys that are looked at before to know about where a page lies …
const SAMPLE: u64 = 32_768;
/// … and how many of them it may lie beside that: five times what chance makes likely.
const MARGIN: usize = 512;

/// The keys of a page near the beginning among all that come.
struct Best {
    offset: usize,
    keep: usize,
    /// Those that may be on it, the worst on top, so that it is the one to go.
    kept: BinaryHeap<Key>,
}

impl Best {
    /// None for a page that lies far behind: see [`deep`].
    fn of(offset: usize, limit: usize) -> Option<Best> {
        let keep = offset.checked_add(limit).filter(|keep| *keep <= DEEP)?;
        Some(Best { offset, keep, kept: BinaryHeap::new() })
    }

    fn offer(&mut self, key: Key) {
        if self.kept.len() < self.keep {
            self.kept.push(key);
        } else if let Some(mut worst) = self.kept.peek_mut().filter(|worst| key < **worst) {
            *worst = key;
        }
    }

    /// Whether something that goes by this or more can still be on the page.
    fn wants(&self, least: i64) -> bool {
        self.kept.len() < self.keep || self.kept.peek().is_some_and(|(worst, _)| least <= *worst)
    }

    fn page(self) -> Vec<usize> {
        let sorted = self.kept.into_sorted_vec().into_iter();
        sorted.skip(self.offset).map(|(_, at)| at).collect()
    }
}

/// The tickets of a block that match, and what they are sorted by.
struct Matching<'a> {
    places: Places,
    /// No value of theirs is less than the first or more than the second.
    between: (i64, i64),
    column: &'a Column<i64>,
    /// The position of the block's first ticket.
    first: usize,
    /// The greatest comes first.
    turned: bool,
}

impl Matching<'_> {
    fn key(&self, at: usize) -> Key {
        let (value, position) = (self.column.get(at), self.first + at);
        if self.turned { (!value, !position) } else { (value, position) }
    }

    /// No key is less than this one …
    fn least(&self) -> i64 {
        if self.turned { !self.between.1 } else { self.between.0 }
    }

    /// … or more than this.
    fn most(&self) -> i64 {
        if self.turned { !self.between.0 } else { self.between.1 }
    }

    /// How many keys come before `first`; those up to `last` are told.
    fn part(&self, first: Key, last: Key, tell: &mut impl FnMut(Key)) -> usize {
        let count = self.places.count();
        let (lower, upper) = if self.turned { (!last.0, !first.0) } else { (first.0, last.0) };
        let (below, within) = self.column.part(&self.places, lower, upper);
        let above = count - below - within.count();
        let mut before = if self.turned { above } else { below } as usize;
        for key in within.iter().map(|at| self.key(at)) {
            if key < first {
                before += 1;
            } else if key <= last {
                tell(key);
            }
        }
        before
    }
}

fn count(matching: &[Matching<'_>]) -> u64 {
    matching.iter().map(|block| block.places.count()).sum()
}

/// The page of what matches, in the order of keys.
fn in_order(mut matching: Vec<Matching<'_>>, offset: usize, limit: usize) -> Vec<usize> {
    let Some(mut best) = Best::of(offset, limit) else {
        return deep(&matching, (offset, limit), MARGIN);
    };
    matching.sort_by_key(Matching::least);
    for block in &matching {
        if !best.wants(block.least()) {
            break;
        }
        block.places.iter().for_each(|at| best.offer(block.key(at)));
    }
    best.page()
}

/// A page that lies far behind: of few keys it is found out first between which the page must be, and only what lies there
/// is gathered. A block is looked through only if something of it may.
fn deep(matching: &[Matching<'_>], (offset, limit): (usize, usize), margin: usize) -> Vec<usize> {
    let total = count(matching);
    if offset as u64 >= total {
        return Vec::new();
    }
    let (step, mut told, mut some) = (total.div_ceil(SAMPLE), 0_u64, Vec::new());
    for block in matching {
        let count = block.places.count();
        let next = told.next_multiple_of(step) - told;
        let sample = (next..count).step_by(step as usize);
        some.extend(sample.filter_map(|rank| block.places.nth(rank)).map(|at| block.key(at)));
        told += count;
    }
    let some_count = some.len();
    let about = |rank: usize| rank / step as usize;
    let mut nth = |at: usize| (at < some.len()).then(|| *some.select_nth_unstable(at).1);
    let first = about(offset).checked_sub(margin).map(|at| at.min(some_count - 1));
    let first = first.and_then(&mut nth).unwrap_or((i64::MIN, 0));
    let last = nth(about(offset.saturating_add(limit)).saturating_add(margin));
    let last = last.unwrap_or((i64::MAX, usize::MAX));
    // So many are told unless chance is against it.
    let room = margin.saturating_mul(2 * step as usize + 2).saturating_add(limit);
    let (mut before, mut near) = (0, Vec::with_capacity(room.min(total as usize)));
    for block in matching {
        if block.most() < first.0 {
            before += block.places.count() as usize;
        } else if block.least() <= last.0 {
            before += block.part(first, last, &mut |key| near.push(key));
        }
    }
    let end = offset.saturating_add(limit).min(total as usize);
    if before > offset || before + near.len() < end {
        // Chance was against it.
        return deep(matching, (offset, limit), margin.saturating_mul(8));
    }
    let (from, to) = (offset - before, end - before);
    let page = if from > 0 { near.select_nth_unstable(from - 1).2 } else { &mut near[..] };
    let page = if to - from < page.len() { page.select_nth_unstable(to - from).0 } else { page };
    page.sort_unstable();
    page.iter().map(|(_, at)| *at).collect()
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
            Sort::Queue | Sort::QueueReversed => {
                let numbers = self.page(filter, sort, offset, limit);
                Found { numbers, total: self.count(filter) }
            }
            Sort::UpdatedLast => self.by_change(filter, true, offset, limit),
            Sort::UpdatedFirst => self.by_change(filter, false, offset, limit),
            Sort::DueFirst => self.due_first(filter, offset, limit),
        }
    }

    fn in_turn(&self, filter: &Filter, backwards: bool, offset: usize, limit: usize) -> Found {
        let wanted = self.wanted(filter);
        let mut page = Page { offset: offset as u64, limit, found: Found::default() };
        let total = filter.is_plain().then(|| self.count(filter));
        for turn in 0..self.blocks.len() {
            let number = if backwards { self.blocks.len() - 1 - turn } else { turn };
            if total.is_some() {
                let count = self.blocks[number].live.count(filter.statuses, filter.priorities);
                if page.pass(count) {
                    continue;
                }
            }
            page.take(number, self.places(number, &wanted), backwards);
            if total.is_some() && page.found.numbers.len() == limit {
                break;
            }
        }
        Found { total: total.unwrap_or(page.found.total), ..page.found }
    }

    /// The same without how many match: the head of a queue lies in a few blocks.
    pub fn page(&self, filter: &Filter, sort: Sort, offset: usize, limit: usize) -> Vec<u64> {
        match sort {
            Sort::Queue => self.by_priority(filter, false, offset, limit),
            Sort::QueueReversed => self.by_priority(filter, true, offset, limit),
            _ => self.find(filter, sort, offset, limit).numbers,
        }
    }

    /// The most urgent first and the oldest of these, or all the other way round. A block without live tickets of a
    /// priority is passed over, and none is looked at behind the page.
    fn by_priority(
        &self,
        filter: &Filter,
        backwards: bool,
        offset: usize,
        limit: usize,
    ) -> Vec<u64> {
        let (wanted, plain) = (self.wanted(filter), filter.is_plain());
        let mut matching: Vec<Option<Box<Places>>> = vec![None; self.blocks.len()];
        let mut page = Page { offset: offset as u64, limit, found: Found::default() };
        let mut priorities = Priority::ALL;
        if !backwards {
            priorities.reverse();
        }
        let asked = |priority: &Priority| filter.priorities.holds(*priority as u8);
        for priority in priorities.into_iter().filter(asked) {
            let only = Set::priorities([priority]);
            for turn in 0..self.blocks.len() {
                let number = if backwards { self.blocks.len() - 1 - turn } else { turn };
                let block = &self.blocks[number];
                let count = block.live.count(filter.statuses, only);
                let nobody = filter.shown == Shown::Live && count == 0;
                if nobody || plain && page.pass(count) {
                    continue;
                }
                let of_block =
                    matching[number].get_or_insert_with(|| Box::new(self.places(number, &wanted)));
                let mut places = **of_block;
                places.and(&block.priorities[priority as usize]);
                page.take(number, places, backwards);
                if page.found.numbers.len() == limit {
                    return page.found.numbers;
                }
            }
        }
        page.found.numbers
    }

    /// How many match.
    fn count(&self, filter: &Filter) -> u64 {
        if filter.is_plain() {
            return self.live.count(filter.statuses, filter.priorities);
        }
        let mut count = 0;
        self.each_block(filter, |_, _, places| count += places.count());
        count
    }

    /// What changed last comes first, or what did not for longest, by number where it changed at once; blocks in
    /// which nothing can be on the page are only counted.
    fn by_change(&self, filter: &Filter, last: bool, offset: usize, limit: usize) -> Found {
        let mut matching = Vec::new();
        self.each_block(filter, |number, block, places| {
            let (between, column) = (block.updated_between(), &block.updated);
            let first = number * PLACES;
            matching.push(Matching { places, between, column, first, turned: last });
        });
        let total = count(&matching);
        let page = in_order(matching, offset, limit).into_iter();
        let place = |at: usize| FIRST_NUMBER + if last { !at } else { at } as u64;
        Found { numbers: page.map(place).collect(), total }
    }

    /// What is due first, by number where it is at once.
    fn due_first(&self, filter: &Filter, offset: usize, limit: usize) -> Found {
        let mut matching = Vec::new();
        self.each_block(filter, |number, block, places| {
            let (between, column) = (block.sla_due.between(), &block.sla_due);
            let first = number * PLACES;
            matching.push(Matching { places, between, column, first, turned: false });
        });
        let total = count(&matching);
        let page = in_order(matching, offset, limit).into_iter();
        Found { numbers: page.map(|at| FIRST_NUMBER + at as u64).collect(), total }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_far_behind_is_that_of_everything_in_order() {
        let mut seed = 9_u64;
        let mut random = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 40) as i64
        };
        let count = 5 * SAMPLE as usize + 11;
        let scattered: Vec<i64> = (0..count).map(|_| random()).collect();
        let in_order: Vec<i64> = (0..count as i64).collect();
        let few_values: Vec<i64> = (0..count).map(|_| random() % 3).collect();
        // What is looked at first, every sixth, says that all are great.
        let misleading: Vec<i64> =
            (0..count).map(|at| if at % 6 == 0 { 1 << 30 } else { random() }).collect();
        for values in [scattered, in_order, few_values, misleading] {
            let columns: Vec<Column<i64>> = values
                .chunks(PLACES)
                .map(|values| {
                    let mut column = Column::of(1);
                    column.fill(values.iter().copied().enumerate());
                    column
                })
                .collect();
            for turned in [false, true] {
                let matching: Vec<_> = values
                    .chunks(PLACES)
                    .zip(&columns)
                    .enumerate()
                    .map(|(number, (values, column))| {
                        let mut places = Places::NONE;
                        (0..values.len()).for_each(|at| places.set(at, true));
                        let between = column.between();
                        Matching { places, between, column, first: number * PLACES, turned }
                    })
                    .collect();
                let keys = matching.iter().flat_map(|b| b.places.iter().map(|at| b.key(at)));
                let mut sorted: Vec<Key> = keys.collect();
                sorted.sort_unstable();
                for (offset, limit) in [
                    (0, 5),
                    (5000, 50),
                    (20_000, 5000),
                    (count - 3, 50),
                    (count, 50),
                    (9, usize::MAX),
                ] {
                    let page: Vec<usize> =
                        sorted.iter().skip(offset).take(limit).map(|(_, at)| *at).collect();
                    for margin in [1, MARGIN] {
                        assert_eq!(deep(&matching, (offset, limit), margin), page, "{offset}");
                    }
                }
            }
        }
    }
}
