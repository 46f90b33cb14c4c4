//! The in-memory ticket index: some thirty bytes a ticket, loaded at start by one scan of the narrow table and updated with
//! every commit. Tickets lie in blocks of 4,096: sets of a bit a ticket answer what most filters ask 64 tickets at once,
//! columns the rest, and counts of all tickets are added up by block. No secondary rows are written.

mod block;
mod column;
mod contacts;
mod figures;
mod filter;
mod names;
mod page;
mod stored;
mod sums;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use crate::domain::channel::Channel;
use crate::domain::priority::Priority;
use crate::domain::reference::FIRST_NUMBER;
use crate::domain::rule::SlaStanding;
use crate::domain::status::Status;
use crate::domain::time::Micros;
use crate::store::records::IndexRow;
use block::{Block, Live};
use column::PLACES;
pub use figures::Fact;
pub use filter::{AssigneeIs, Filter, Set, Shown, Sort, Span};
use names::{NONE_U16, Names, TagSets};
pub use stored::{Behind, BuiltBlock, StoredBlock};
pub use sums::{Total, Waited};

const NONE_U32: u32 = u32::MAX;
const NONE_TIME: i64 = i64::MIN;
const ABSENT: u8 = u8::MAX;

/// One position a ticket number, from [`FIRST_NUMBER`].
#[derive(Default)]
pub struct Index {
    blocks: Vec<Box<Block>>,
    categories: Names,
    tag_sets: TagSets,
    /// Who follows a ticket or was named in it, of those that anybody does.
    watchers: HashMap<u32, Box<[u32]>>,
    /// What analytics know of few tickets.
    rare: HashMap<u32, figures::Rare>,
    tickets: u64,
    live: Live,
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
    /// Takes over a ticket's narrow row; numbers are dense, so the blocks are full.
    pub fn put(&mut self, number: u64, row: &IndexRow) {
        let Some(position) = position(number) else { return };
        let category = row.category.as_deref().map_or(NONE_U16, |c| self.categories.id(c));
        let before = self.place(number).map_or(TagSets::NONE, |(block, at)| block.tags.get(at));
        let tags = self.tag_sets.exchange(before, &row.tags);
        let (block, at) = self.make_place(position);
        let kind = block.kind(at);
        let is_new = block.put(at, row, (category, tags));
        let now = block.kind(at);
        self.live.exchange(kind, now);
        self.tickets += u64::from(is_new);
        if row.watchers.is_empty() {
            self.watchers.remove(&(position as u32));
        } else {
            let who = row.watchers.iter().map(|agent| narrow(Some(*agent)));
            self.watchers.insert(position as u32, who.collect());
        }
    }

    /// Takes over how a ticket stands by its SLA.
    pub fn stand(&mut self, number: u64, standing: Option<SlaStanding>) {
        let Some(position) = position(number) else { return };
        if let Some(block) = self.blocks.get_mut(position / PLACES) {
            block.stand(position % PLACES, standing);
        }
    }

    /// How a ticket stands by its SLA, as of its last change; none without a promise.
    pub fn standing(&self, number: u64) -> Option<SlaStanding> {
        let (block, at) = self.place(number)?;
        block.standing(at)
    }

    /// A ticket that was deleted for good.
    pub fn remove(&mut self, number: u64) {
        let Some((block, at)) = self.place(number) else { return };
        let (tags, position) = (block.tags.get(at), position(number).unwrap_or_default());
        self.tag_sets.exchange(tags, &[]);
        self.watchers.remove(&(position as u32));
        let (block, at) = self.make_place(position);
        let kind = block.kind(at);
        let was = block.remove(at);
        self.live.exchange(kind, None);
        self.tickets -= u64::from(was);
    }

    /// The closed tickets from a number on: number, channel, category, when it was made.
    pub fn closed(
        &self,
        from: u64,
    ) -> impl Iterator<Item = (u64, Channel, Option<&str>, Micros)> + '_ {
        let start = usize::try_from(from.saturating_sub(FIRST_NUMBER)).unwrap_or(usize::MAX);
        (start / PLACES..self.blocks.len()).flat_map(move |number| {
            let block = &self.blocks[number];
            let mut closed = block.present;
            closed.and(&block.statuses[Status::Closed as usize]);
            let positions = closed.iter().map(move |at| number * PLACES + at);
            positions.skip_while(move |position| *position < start).map(|position| {
                let Line { number, category, created_at, .. } = self.line(position);
                let channel = Channel::ALL[usize::from(block.channel.get(position % PLACES))];
                (number, channel, category, created_at)
            })
        })
    }

    /// Every ticket's number.
    pub fn numbers(&self) -> Vec<u64> {
        let blocks = (FIRST_NUMBER..).step_by(PLACES).zip(&self.blocks);
        blocks.flat_map(|(first, b)| b.present.iter().map(move |at| first + at as u64)).collect()
    }

    /// Where a ticket is that is there.
    fn place(&self, number: u64) -> Option<(&Block, usize)> {
        let position = position(number)?;
        let block = self.blocks.get(position / PLACES)?;
        let at = position % PLACES;
        block.present.has(at).then_some((block, at))
    }

    /// The place of a ticket that may not be there yet.
    fn make_place(&mut self, position: usize) -> (&mut Block, usize) {
        let number = position / PLACES;
        if number >= self.blocks.len() {
            self.blocks.resize_with(number + 1, Box::default);
        }
        (&mut self.blocks[number], position % PLACES)
    }

    pub fn len(&self) -> u64 {
        self.tickets
    }

    pub fn is_empty(&self) -> bool {
        self.tickets == 0
    }

    fn line(&self, position: usize) -> Line<'_> {
        let (block, at) = (&self.blocks[position / PLACES], position % PLACES);
        let category = usize::from(block.category.get(at));
        let resolved = block.resolved.get(at);
        Line {
            number: FIRST_NUMBER + position as u64,
            status: Status::ALL[usize::from(block.status.get(at))],
            priority: Priority::ALL[usize::from(block.priority.get(at))],
            category: self.categories.names.get(category).map(String::as_str),
            created_at: Micros(block.created.get(at)),
            resolved_at: (resolved != NONE_TIME).then_some(Micros(resolved)),
        }
    }

    /// Whether the columns say of a ticket what its narrow row says; for `verify`.
    pub fn agrees(&self, number: u64, row: &IndexRow) -> bool {
        let mut alone = Index::default();
        alone.put(FIRST_NUMBER, row);
        let (Some((own, at)), Some((other, _))) = (self.place(number), alone.place(FIRST_NUMBER))
        else {
            return false;
        };
        let place = position(number).unwrap_or_default() as u32;
        own.says(at) == other.says(0)
            && self.line(place as usize).category == row.category.as_deref()
            && self.tag_sets.names(own.tags.get(at)) == alone.tag_sets.names(other.tags.get(0))
            && self.watchers.get(&place) == alone.watchers.get(&0)
    }
}

/// The position of a ticket number.
fn position(number: u64) -> Option<usize> {
    // Sets of positions have 32 bits.
    let position = number.checked_sub(FIRST_NUMBER).and_then(|n| u32::try_from(n).ok())?;
    usize::try_from(position).ok()
}

fn narrow(id: Option<u64>) -> u32 {
    id.and_then(|id| u32::try_from(id).ok()).unwrap_or(NONE_U32)
}
