//! The clocks of tickets: each belongs to a ticket, and each that runs is woken, once.

use super::{CHUNK, Check};
use crate::domain::sla_policy::{SlaClock, SlaTimer};
use crate::engine::rows::{ReadError, Rows, key};
use crate::store::Order;

impl Check {
    /// The next clocks, and at the end the timers; false when there are no more.
    pub(super) fn clocks(&mut self, rows: &Rows<'_>) -> Result<bool, ReadError> {
        let start = key::number(self.next_clock);
        let clocks = rows.scan::<SlaClock>(&start, None, Order::Ascending, CHUNK)?;
        for (row_key, clock) in &clocks {
            let Ok(number) = row_key[..].try_into().map(u64::from_be_bytes) else {
                self.report.find("a clock lies under a key that names no ticket".into());
                continue;
            };
            self.next_clock = number + 1;
            if rows.ticket(number)?.is_none() {
                self.report.find(format!("a clock runs for ticket #{number}, which is missing"));
            }
            let Some(at) = clock.wakes_at else { continue };
            if rows.get::<SlaTimer>(&key::timer(at, number))?.is_none() {
                self.report.find(format!("the clock of ticket #{number} has no timer"));
            }
        }
        if clocks.len() == CHUNK {
            return Ok(true);
        }
        for (row_key, _) in rows.scan::<SlaTimer>(&[], None, Order::Ascending, usize::MAX)? {
            let Some((at, number)) = key::numbers(&row_key) else { continue };
            let clock = rows.get::<SlaClock>(&key::number(number))?;
            let wakes = clock.and_then(|clock| clock.wakes_at).map(|at| at.0.max(0) as u64);
            if wakes != Some(at) {
                self.report.find(format!("a timer is left of ticket #{number}"));
            }
        }
        Ok(false)
    }
}
