//! What stands beside an entry: earlier wordings, reactions, the message that it answers.

use super::rows::{ReadError, Rows, key};
use crate::domain::entry::Entry;
use crate::domain::message::{MAX_REACTIONS, MAX_REVISIONS, Quote, Reaction, Revision, wordings};
use crate::store::Order;
use crate::store::codec::Record;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Marks {
    /// Wordings that it no longer has, the first one first.
    pub revisions: Vec<Revision>,
    /// By who reacted first.
    pub reactions: Vec<Reaction>,
    pub quoted: Option<Quote>,
}

impl Rows<'_> {
    pub fn marks(&self, entry: &Entry) -> Result<Marks, ReadError> {
        let mut revisions = Vec::new();
        if entry.edited_at.is_some() || entry.deleted_at.is_some() {
            revisions = wordings(self.revisions(entry.ticket, entry.id)?);
            if entry.deleted_at.is_none() {
                revisions.pop();
            }
        }
        let mut reactions = self.reactions(entry.ticket, entry.id)?;
        reactions.retain(|reaction| reaction.emoji.is_some());
        reactions.sort_by_key(|reaction| reaction.at);
        let quoted = self.get(&key::of_entry(entry.ticket, entry.id, &[]))?;
        Ok(Marks { revisions, reactions, quoted })
    }

    /// The words that an entry ever had, in the order of arrival; none as long as it was not changed.
    pub fn revisions(&self, ticket: u64, entry: u32) -> Result<Vec<Revision>, ReadError> {
        self.of_entry(ticket, entry, MAX_REVISIONS as usize)
    }

    /// Reactions, those that were taken away included.
    pub fn reactions(&self, ticket: u64, entry: u32) -> Result<Vec<Reaction>, ReadError> {
        self.of_entry(ticket, entry, MAX_REACTIONS)
    }

    fn of_entry<R: Record>(
        &self,
        ticket: u64,
        entry: u32,
        limit: usize,
    ) -> Result<Vec<R>, ReadError> {
        let start = key::of_entry(ticket, entry, &[]);
        let end = match entry.checked_add(1) {
            Some(next) => key::of_entry(ticket, next, &[]),
            None => key::number(ticket + 1).to_vec(),
        };
        let rows = self.scan::<R>(&start, Some(&end), Order::Ascending, limit)?;
        Ok(rows.into_iter().map(|(_, record)| record).collect())
    }
}
