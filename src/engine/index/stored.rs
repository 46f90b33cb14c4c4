//! Blocks as they lie in the store, so that a start reads one row in place of three for each of 4,096 tickets.
//!
//! Of every ticket of a stored block the block says what the ticket's rows say, or the ticket is noted as behind, in the
//! same plan that changes it ([`Index::note_behind`]): a start reads the rows of these. A block is stored again when it
//! has been at rest for a while with much behind, and when the daemon ends.

use std::collections::HashMap;
use std::hash::Hash;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::column::{Column, Number, PLACES, Places};
use super::figures::{Counted, Kept, Rare};
use super::{Block, Index, position};
use crate::domain::channel::Channel;
use crate::domain::priority::Priority;
use crate::domain::reference::FIRST_NUMBER;
use crate::domain::status::Status;
use crate::store::codec::{self, Record};
use crate::store::owner::Owner;
use crate::store::seal::{Nonces, Place, Seal};
use crate::store::{PlanRecord, Row, Table};

/// The tables of whose rows blocks are made.
const MADE_OF: [Table; 3] = [Table::Index, Table::Figures, Table::SlaStandings];

/// What is known of 4,096 tickets. Its form never changes: another one gets a table of its own, so that no version goes on
/// beside a block that it cannot read and another version can. What has a name there has its place in a list of names here.
#[derive(Serialize, Deserialize)]
pub struct StoredBlock {
    present: Places,
    running: Places,
    held: Places,
    escalated: Places,
    merged: Places,
    deleted: Places,
    status: Differing<u8>,
    priority: Differing<u8>,
    channel: Differing<u8>,
    category: Differing<u16>,
    tags: Differing<u32>,
    assignee: Differing<u32>,
    contact: Differing<u32>,
    created: Differing<i64>,
    first_response: Differing<i64>,
    resolved: Differing<i64>,
    updated: Differing<i64>,
    sla: Differing<u8>,
    sla_warns: Differing<i64>,
    sla_due: Differing<i64>,
    people_since: Differing<i64>,
    counted: Differing<Counted>,
    kept: Differing<Kept>,
    category_names: Vec<String>,
    tag_sets: Vec<Vec<String>>,
    watchers: Vec<(u16, Box<[u32]>)>,
    rare: Vec<(u16, Rare)>,
}

impl Record for StoredBlock {
    const TABLE: Table = Table::IndexBlocks;
}

/// A ticket of a stored block that has changed since.
#[derive(Serialize, Deserialize)]
pub struct Behind;

impl Record for Behind {
    const TABLE: Table = Table::IndexBehind;
}

/// A column: which tickets have another value than columns begin with, and what they have.
#[derive(Serialize, Deserialize)]
struct Differing<T> {
    places: Places,
    values: Vec<T>,
}

impl<T: Number> Differing<T> {
    fn of(column: &Column<T>, present: Places) -> Differing<T> {
        Differing::from(column.usual(), present, |at| column.get(at))
    }

    fn fill(&self, column: &mut Column<T>) {
        column.fill(self.each());
    }
}

impl<T: Copy + PartialEq> Differing<T> {
    fn from(usual: T, present: Places, value: impl Fn(usize) -> T) -> Differing<T> {
        let mut places = present;
        places.retain(|at| value(at) != usual);
        Differing { places, values: places.iter().map(value).collect() }
    }

    fn each(&self) -> impl Iterator<Item = (usize, T)> {
        self.places.iter().zip(&self.values).map(|(at, value)| (at, *value))
    }
}

impl Differing<i64> {
    /// Times as distances from the one before: neighbours were made one after the other, so they are short.
    fn times(column: &Column<i64>, present: Places) -> Differing<i64> {
        let mut times = Differing::of(column, present);
        let mut before = 0;
        for time in &mut times.values {
            let distance = time.wrapping_sub(before);
            before = std::mem::replace(time, distance);
        }
        times
    }

    fn fill_times(&self, column: &mut Column<i64>) {
        let mut time = 0_i64;
        column.fill(self.each().map(|(at, distance)| {
            time = time.wrapping_add(distance);
            (at, time)
        }));
    }
}

impl<T: Copy + Eq + Hash + TryFrom<usize>> Differing<T> {
    /// Puts places in a list in the place of values, and gives that list.
    fn list(&mut self) -> Vec<T> {
        let (mut list, mut places) = (Vec::new(), HashMap::new());
        for value in &mut self.values {
            let place = *places.entry(*value).or_insert_with(|| {
                list.push(*value);
                list.len() - 1
            });
            // There are fewer of them than tickets in a block.
            *value = T::try_from(place).unwrap_or(*value);
        }
        list
    }
}

impl StoredBlock {
    /// Whether every number is one of a name, or of a kind that there is.
    fn is_sound(&self) -> bool {
        let kinds = [
            (&self.status, Status::ALL.len()),
            (&self.priority, Priority::ALL.len()),
            (&self.channel, Channel::ALL.len()),
        ];
        let sets = self.tag_sets.len();
        kinds
            .into_iter()
            .all(|(column, kinds)| column.values.iter().all(|kind| usize::from(*kind) < kinds))
            && self.category.values.iter().all(|at| usize::from(*at) < self.category_names.len())
            && self.tags.values.iter().all(|at| usize::try_from(*at).is_ok_and(|at| at < sets))
    }
}

/// A stored block as the index will have it, but for what is numbered over all blocks.
pub struct BuiltBlock {
    stored: Box<StoredBlock>,
    block: Box<Block>,
}

impl StoredBlock {
    /// None if it cannot be a block.
    pub fn build(self: Box<StoredBlock>) -> Option<BuiltBlock> {
        let stored = Some(self).filter(|stored| stored.is_sound())?;
        let mut block = Box::<Block>::default();
        block.present = stored.present;
        block.running = stored.running;
        block.held = stored.held;
        block.escalated = stored.escalated;
        block.merged = stored.merged;
        block.deleted = stored.deleted;
        stored.status.fill(&mut block.status);
        stored.priority.fill(&mut block.priority);
        stored.channel.fill(&mut block.channel);
        stored.assignee.fill(&mut block.assignee);
        stored.contact.fill(&mut block.contact);
        stored.created.fill_times(&mut block.created);
        stored.first_response.fill_times(&mut block.first_response);
        stored.resolved.fill_times(&mut block.resolved);
        stored.updated.fill_times(&mut block.updated);
        stored.sla.fill(&mut block.sla);
        stored.sla_warns.fill_times(&mut block.sla_warns);
        stored.sla_due.fill_times(&mut block.sla_due);
        stored.people_since.fill_times(&mut block.people_since);
        for (kind, column) in block.counted.iter_mut().enumerate() {
            column.fill(stored.counted.each().map(|(at, counted)| (at, counted.0[kind])));
        }
        for (promise, column) in block.took.iter_mut().enumerate() {
            column.fill(stored.kept.each().map(|(at, kept)| (at, kept.took[promise])));
        }
        for (promise, column) in block.states.iter_mut().enumerate() {
            column.fill(stored.kept.each().map(|(at, kept)| (at, kept.states[promise])));
        }
        for (at, _) in &stored.watchers {
            block.watched.set(usize::from(*at) % PLACES, true);
        }
        block.derive();
        block.is_stored = true;
        Some(BuiltBlock { stored, block })
    }
}

impl Index {
    /// A block as it is to be stored; none if there is no such block.
    pub fn block(&self, number: u64) -> Option<StoredBlock> {
        let block = self.blocks.get(usize::try_from(number).ok()?)?;
        let first = number * PLACES as u64;
        let there = block.present;
        let mut category = Differing::of(&block.category, there);
        let mut tags = Differing::of(&block.tags, there);
        let of_category = |id: u16| self.categories.names[usize::from(id)].clone();
        let category_names = category.list().into_iter().map(of_category).collect();
        let tag_sets = tags.list().into_iter().map(|id| self.tag_sets.names(id).to_vec()).collect();
        let position = |at: usize| u32::try_from(first + at as u64).ok();
        let watchers = there
            .iter()
            .filter_map(|at| self.watchers.get(&position(at)?).map(|who| (at as u16, who.clone())));
        let rare = there
            .iter()
            .filter_map(|at| self.rare.get(&position(at)?).map(|rare| (at as u16, *rare)));
        let mut kept = [block.running, block.held, block.escalated, block.merged, block.deleted];
        kept.iter_mut().for_each(|flag| flag.and(&there));
        let [running, held, escalated, merged, deleted] = kept;
        Some(StoredBlock {
            present: there,
            running,
            held,
            escalated,
            merged,
            deleted,
            status: Differing::of(&block.status, there),
            priority: Differing::of(&block.priority, there),
            channel: Differing::of(&block.channel, there),
            category,
            tags,
            assignee: Differing::of(&block.assignee, there),
            contact: Differing::of(&block.contact, there),
            created: Differing::times(&block.created, there),
            first_response: Differing::times(&block.first_response, there),
            resolved: Differing::times(&block.resolved, there),
            updated: Differing::times(&block.updated, there),
            sla: Differing::of(&block.sla, there),
            sla_warns: Differing::times(&block.sla_warns, there),
            sla_due: Differing::times(&block.sla_due, there),
            people_since: Differing::times(&block.people_since, there),
            counted: Differing::from(Counted::default(), there, |at| Counted::at(block, at)),
            kept: Differing::from(Kept::default(), there, |at| Kept::at(block, at)),
            category_names,
            tag_sets,
            watchers: watchers.collect(),
            rare: rare.collect(),
        })
    }

    /// Takes over a block of an index that has none of its tickets; false if it cannot be one, and nothing was
    /// taken.
    pub fn take_block(
        &mut self,
        number: u64,
        BuiltBlock { stored, mut block }: BuiltBlock,
    ) -> bool {
        let first = Index::numbers_in(number).and_then(|numbers| position(*numbers.start()));
        let Some(first) = first else { return false };
        let list = stored.category_names.iter();
        let categories: Vec<u16> = list.map(|name| self.categories.id(name)).collect();
        let mut tickets = vec![0; stored.tag_sets.len()];
        stored.tags.each().for_each(|(_, at)| tickets[at as usize] += 1);
        let list = stored.tag_sets.iter().zip(tickets);
        let tags: Vec<u32> = list.map(|(set, count)| self.tag_sets.take(set, count)).collect();
        let named = |at: u16| (first + usize::from(at)) as u32;
        let watchers = stored.watchers.iter().map(|(at, who)| (named(*at), who.clone()));
        self.watchers.extend(watchers);
        self.rare.extend(stored.rare.iter().map(|(at, rare)| (named(*at), *rare)));
        let category = stored.category.each();
        block.category.fill(category.map(|(at, local)| (at, categories[usize::from(local)])));
        block.tags.fill(stored.tags.each().map(|(at, local)| (at, tags[local as usize])));
        self.live.add(&block.live);
        self.tickets += stored.present.count();
        self.make_place(first);
        self.blocks[first / PLACES] = block;
        true
    }

    /// The numbers of a block's tickets; none of one that cannot be.
    pub fn numbers_in(block: u64) -> Option<RangeInclusive<u64>> {
        let first = block.checked_mul(PLACES as u64)?.checked_add(FIRST_NUMBER)?;
        position(first).map(|_| first..=first + PLACES as u64 - 1)
    }

    /// The numbers of tickets that are in none of these blocks, which are in order.
    pub fn numbers_outside(blocks: &[u64]) -> Vec<RangeInclusive<u64>> {
        let mut outside = Vec::new();
        let mut next = FIRST_NUMBER;
        for numbers in blocks.iter().filter_map(|block| Index::numbers_in(*block)) {
            if next < *numbers.start() {
                outside.push(next..=numbers.start() - 1);
            }
            next = numbers.end() + 1;
        }
        outside.push(next..=u64::MAX);
        outside
    }

    /// Adds to a plan the notes of those tickets of stored blocks which it leaves behind, and which were not before.
    pub fn note_behind(&self, plan: &mut PlanRecord, seal: &Seal) {
        let changing = plan.rows.iter().filter(|row| MADE_OF.contains(&row.table));
        let numbers = changing.filter_map(|row| (*row.key).try_into().ok().map(u64::from_be_bytes));
        let mut numbers: Vec<u64> = numbers
            .filter(|number| {
                let Some(position) = position(*number) else { return false };
                let block = self.blocks.get(position / PLACES);
                block.is_some_and(|b| b.is_stored && !b.behind.has(position % PLACES))
            })
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        for number in numbers {
            let (key, mut value) = (number.to_be_bytes(), Vec::new());
            // It tells of nobody, so it takes no nonce.
            let (place, mut none) = (Place::row(Table::IndexBehind, &key), Nonces::new([0; 16]));
            seal.seal(place, Owner::Nobody, &mut none, &mut value, |out| {
                codec::encode(&Behind, out);
            });
            let value = Some(value.into());
            plan.rows.push(Row { table: Table::IndexBehind, key: key.into(), value });
        }
    }

    /// The store has a row of this block now, which says what is here.
    pub fn note_stored(&mut self, number: u64) {
        let block = usize::try_from(number).ok().and_then(|number| self.blocks.get_mut(number));
        if let Some(block) = block {
            (block.is_stored, block.behind) = (true, Places::NONE);
        }
    }

    /// The numbers of a stored block's tickets that are behind.
    pub fn behind(&self, block: u64) -> Vec<u64> {
        let first = Index::numbers_in(block).map(|numbers| *numbers.start());
        let found = usize::try_from(block).ok().and_then(|at| self.blocks.get(at));
        let Some((block, first)) = found.filter(|block| block.is_stored).zip(first) else {
            return Vec::new();
        };
        block.behind.iter().map(|at| first + at as u64).collect()
    }

    /// Numbers of blocks that the store has not, or with so many tickets behind.
    pub fn unstored(&self, behind: u64) -> Vec<u64> {
        self.blocks_where(|block| !block.is_stored || block.behind.count() >= behind)
    }

    fn blocks_where(&self, holds: impl Fn(&Block) -> bool) -> Vec<u64> {
        let blocks = (0..).zip(&self.blocks);
        blocks.filter(|(_, block)| holds(block)).map(|(number, _)| number).collect()
    }

    /// Begins a round, and gives the blocks which the store has not, or with so many tickets behind, and in which nothing
    /// has changed for so many rounds.
    pub fn at_rest(&mut self, rounds: u8, behind: u64) -> Vec<u64> {
        for block in &mut self.blocks {
            block.at_rest = block.at_rest.saturating_add(1);
        }
        self.blocks_where(|block| {
            block.at_rest > rounds && (!block.is_stored || block.behind.count() >= behind)
        })
    }
}
