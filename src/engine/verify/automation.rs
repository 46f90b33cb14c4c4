//! Rules and assignment: what is watched is a ticket and is woken once, and everybody's open tickets are counted.

use std::collections::BTreeMap;

use super::Check;
use crate::domain::rule::{RuleTimer, Watch};
use crate::engine::automation::{LOADS, load_of};
use crate::engine::decide::assign::carrier;
use crate::engine::rows::{ReadError, Rows, key};
use crate::store::Order;
use crate::store::records::{Count, IndexRow};

impl Check {
    pub(super) fn automation(&mut self, rows: &Rows<'_>) -> Result<(), ReadError> {
        let timers = rows.scan::<RuleTimer>(&[], None, Order::Ascending, usize::MAX)?;
        for (row_key, _) in timers {
            let Some((at, number)) = key::numbers(&row_key) else { continue };
            let watch = rows.get::<Watch>(&key::number(number))?;
            let wakes = watch.and_then(|watch| watch.wakes_at).map(|at| at.0.max(0) as u64);
            if wakes != Some(at) {
                self.report.find(format!("a timer of rules is left of ticket #{number}"));
            }
        }
        // A store of which only an older version knows has not counted them yet.
        if rows.get::<Count>(LOADS.as_bytes())?.is_none() {
            return Ok(());
        }
        let mut loads: BTreeMap<u64, u64> = BTreeMap::new();
        for (_, row) in rows.scan::<IndexRow>(&[], None, Order::Ascending, usize::MAX)? {
            if let Some(agent) = carrier(&row) {
                *loads.entry(agent).or_default() += 1;
            }
        }
        for agent in rows.agents()? {
            let counted = rows.get::<Count>(load_of(agent.id).as_bytes())?.map_or(0, |c| c.0);
            let open = loads.get(&agent.id).copied().unwrap_or(0);
            if counted != open {
                let id = agent.id;
                self.report.find(format!("agent {id} has {open} open tickets, not {counted}"));
            }
        }
        Ok(())
    }
}
