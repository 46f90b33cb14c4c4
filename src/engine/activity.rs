//! Reading what happened to a ticket.

use super::desk::Tag;
use super::rows::{ReadError, Rows, key};
use crate::domain::activity::Activity;
use crate::store::{Order, RowKey};

/// Lines of a ticket's activity, with their numbers.
pub type Lines = Vec<(u64, Activity)>;

impl Rows<'_> {
    /// At most `limit` lines behind number `after` (0: from the start), in the order in which they were decided.
    pub fn activity(&self, ticket: u64, after: u64, limit: usize) -> Result<Lines, ReadError> {
        let start = key::activity(ticket, after.saturating_add(1));
        let end = key::number(ticket + 1);
        let rows = self.scan::<Activity>(&start, Some(&end), Order::Ascending, limit)?;
        Ok(rows.into_iter().filter_map(numbered).collect())
    }

    /// The state that a ticket is in.
    pub fn tag(&self, ticket: u64) -> Result<Tag, ReadError> {
        let (start, end) = (key::number(ticket), key::number(ticket + 1));
        let last = self.scan::<Activity>(&start, Some(&end), Order::Descending, 1)?.pop();
        let activity = last.and_then(numbered).map_or(0, |(number, _)| number);
        Ok(Tag { ticket, activity })
    }
}

fn numbered((row_key, line): (RowKey, Activity)) -> Option<(u64, Activity)> {
    Some((key::numbers(&row_key)?.1, line))
}
