//! The due-time tables: a row a ticket, at the next moment at which there may be something to do for it.
//!
//! Whoever does it reads ahead what is due, in the order of those moments, and asks for it by the piece: a table from
//! which the front is taken again and again is not read from its beginning each time. A timer that was read may be gone
//! or set anew when its turn comes; then its row is not there, and nothing is done.

use super::rows::{ReadError, Rows, key};
use crate::domain::time::Micros;
use crate::store::Order;
use crate::store::codec::Record;

/// A moment, and the ticket that is looked at then.
pub type Timer = (Micros, u64);

/// Timers that one command deals with, so that a batch stays short.
pub const AT_ONCE: usize = 100;

impl Rows<'_> {
    /// The timers of this table that are due by then, at most so many, the earliest first.
    pub fn timers_due<T: Record>(&self, by: Micros, most: usize) -> Result<Vec<Timer>, ReadError> {
        let end = key::timer(by.plus(1), 0);
        let rows = self.view.scan(T::TABLE, &[], Some(&end), Order::Ascending, most)?;
        let timer = |(at, number)| (Micros(i64::try_from(at).unwrap_or(i64::MAX)), number);
        Ok(rows.iter().filter_map(|(row_key, _)| key::numbers(row_key).map(timer)).collect())
    }
}
