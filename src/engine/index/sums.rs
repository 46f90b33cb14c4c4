//! Counts and means over all tickets, added up by block: only blocks in which something has changed are looked through
//! again.

use super::block::Block;
use super::column::Places;
use super::names::NONE_U16;
use super::{Filter, Index, NONE_TIME};
use crate::domain::priority::Priority;
use crate::domain::status::Status;

/// Times from creation to resolution, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waited {
    /// How many were resolved …
    pub resolved: u64,
    /// … and how long that took, in microseconds all together.
    pub took: i128,
}

impl Waited {
    pub fn add(&mut self, more: Waited) {
        self.resolved += more.resolved;
        self.took += more.took;
    }

    /// The mean, in microseconds.
    pub fn mean(&self) -> Option<i128> {
        (self.resolved > 0).then(|| self.took / i128::from(self.resolved))
    }
}

/// How many tickets there are, and of what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Total {
    pub tickets: u64,
    pub statuses: [u64; Status::ALL.len()],
    pub priorities: [u64; Priority::ALL.len()],
    /// By the category's number; the last is for those without any.
    categories: Vec<(u64, Waited)>,
}

impl Total {
    /// Categories that some ticket has, `None` for those without one: how many, and how long they took.
    pub fn categories<'a>(
        &'a self,
        index: &'a Index,
    ) -> impl Iterator<Item = (Option<&'a str>, u64, Waited)> + 'a {
        let name = |id: usize| index.categories.names.get(id).map(String::as_str);
        let there = self.categories.iter().enumerate().filter(|(_, (count, _))| *count > 0);
        there.map(move |(id, (count, waited))| (name(id), *count, *waited))
    }

    /// Of all of them.
    pub fn waited(&self) -> Waited {
        let mut all = Waited::default();
        self.categories.iter().for_each(|(_, waited)| all.add(*waited));
        all
    }

    /// One ticket more; for the model in the tests.
    #[cfg(test)]
    pub fn count(
        &mut self,
        index: &Index,
        row: &crate::store::records::IndexRow,
        took: Option<i128>,
    ) {
        let nameless = self.categories.len() - 1;
        let id = row.category.as_deref().and_then(|name| index.categories.find(name));
        let (count, waited) = &mut self.categories[id.map_or(nameless, usize::from)];
        *count += 1;
        waited.add(took.map_or(Waited::default(), |took| Waited { resolved: 1, took }));
        self.tickets += 1;
        self.statuses[row.status as usize] += 1;
        self.priorities[row.priority as usize] += 1;
    }

    fn add(&mut self, (channel, sums): (&Counts, &[OfCategory])) {
        let nameless = self.categories.len() - 1;
        for (own, more) in self.statuses.iter_mut().zip(channel.statuses) {
            *own += u64::from(more);
            self.tickets += u64::from(more);
        }
        for (own, more) in self.priorities.iter_mut().zip(channel.priorities) {
            *own += u64::from(more);
        }
        for (id, count, waited) in sums {
            let id = if *id == NONE_U16 { nameless } else { usize::from(*id) };
            let (own, took) = &mut self.categories[id];
            *own += u64::from(*count);
            took.add(*waited);
        }
    }
}

#[derive(Debug, Default)]
struct Counts {
    statuses: [u16; Status::ALL.len()],
    priorities: [u16; Priority::ALL.len()],
}

/// Of a category in a block, by its number: how many tickets, and how long they took.
type OfCategory = (u16, u32, Waited);

/// What is live in a block, by channel.
#[derive(Debug, Default)]
pub struct Sums {
    channels: Vec<(u8, Counts, Vec<OfCategory>)>,
}

impl Sums {
    fn of(block: &Block) -> Sums {
        let live = block.live();
        let mut channels = Vec::new();
        for (channel, set) in (0_u8..).zip(&block.channels) {
            let mut places = live;
            places.and(set);
            if !places.is_empty() {
                channels.push((channel, counts(block, &places), categories(block, places)));
            }
        }
        Sums { channels }
    }
}

fn counts(block: &Block, places: &Places) -> Counts {
    let count = |set: &Places| places.count_and(set) as u16;
    Counts {
        statuses: std::array::from_fn(|at| count(&block.statuses[at])),
        priorities: std::array::from_fn(|at| count(&block.priorities[at])),
    }
}

fn categories(block: &Block, places: Places) -> Vec<OfCategory> {
    let mut found: Vec<OfCategory> = Vec::new();
    for at in places.iter() {
        let id = block.category.get(at);
        let known = found.iter().position(|(known, ..)| *known == id).unwrap_or_else(|| {
            found.push((id, 0, Waited::default()));
            found.len() - 1
        });
        let (_, count, waited) = &mut found[known];
        *count += 1;
        let (resolved, created) = (block.resolved.get(at), block.created.get(at));
        if resolved != NONE_TIME {
            waited.add(Waited { resolved: 1, took: i128::from(resolved.saturating_sub(created)) });
        }
    }
    found
}

impl Index {
    /// Adds up what a filter leaves. Of all tickets that are live, or those of some channels, that is known by block.
    pub fn total(&self, filter: &Filter) -> Total {
        let empty = vec![(0, Waited::default()); self.categories.names.len() + 1];
        let mut total = Total { categories: empty, ..Total::default() };
        let by_channel = Filter { channels: filter.channels, ..Filter::default() };
        if *filter == by_channel {
            for block in &self.blocks {
                let sums = block.sums.get_or_init(|| Box::new(Sums::of(block)));
                for (channel, counts, categories) in &sums.channels {
                    if filter.channels.holds(*channel) {
                        total.add((counts, categories));
                    }
                }
            }
            return total;
        }
        self.each_block(filter, |_, block, places| {
            total.add((&counts(block, &places), &categories(block, places)));
        });
        total
    }

    /// How many live tickets have each status.
    pub fn by_status(&self) -> [u64; Status::ALL.len()] {
        self.total(&Filter::default()).statuses
    }
}
