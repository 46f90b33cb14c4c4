//! A stored block of the index says of each of its tickets what their rows say, but for those that are noted as behind.

use std::collections::{HashMap, HashSet};

use super::Check;
use crate::domain::figures::TicketFigures;
use crate::domain::rule::SlaStanding;
use crate::engine::index::{Behind, Index, StoredBlock};
use crate::engine::load::{whole, within};
use crate::engine::rows::{ReadError, Rows, key};
use crate::store::Order;
use crate::store::records::IndexRow;

impl Check {
    /// The next block; false when there are no more.
    pub(super) fn blocks(&mut self, rows: &Rows<'_>) -> Result<bool, ReadError> {
        let start = key::number(self.next_block);
        let found = rows.scan::<StoredBlock>(&start, None, Order::Ascending, 1)?.pop();
        let Some((row_key, block)) = found else { return Ok(false) };
        let number = (*row_key).try_into().map_or(u64::MAX, u64::from_be_bytes);
        self.next_block = number.saturating_add(1);
        let mut index = Index::default();
        let built = Box::new(block).build();
        let taken = built.is_some_and(|built| index.take_block(number, built));
        let numbers = Index::numbers_in(number).filter(|_| taken);
        let Some(numbers) = numbers else {
            self.report.find(format!("block {number} of the index is none"));
            return Ok(true);
        };
        let mut behind = HashSet::new();
        within(rows, numbers.clone(), |number, _: Behind| {
            behind.insert(number);
            Ok(())
        })?;
        let (mut figures, mut standings) = (HashMap::new(), HashMap::new());
        within(rows, numbers.clone(), |number, row: TicketFigures| {
            figures.insert(number, row);
            Ok(())
        })?;
        within(rows, numbers.clone(), |number, row: SlaStanding| {
            standings.insert(number, row);
            Ok(())
        })?;
        let mut tickets = 0;
        within(rows, numbers, |number, row: IndexRow| {
            if behind.contains(&number) {
                return Ok(());
            }
            tickets += 1;
            let same = index.agrees(number, &whole(rows, number, row)?)
                && index.figures(number) == Some(figures.remove(&number).unwrap_or_default())
                && index.standing(number) == standings.remove(&number);
            if !same {
                let name = format!("ticket #{number}");
                self.report.find(format!("a block of the index differs from the rows of {name}"));
            }
            Ok(())
        })?;
        behind.iter().for_each(|number| index.remove(*number));
        if index.len() != tickets {
            let held = index.len();
            let found = format!("block {number} of the index has {held} tickets of {tickets}");
            self.report.find(found);
        }
        Ok(true)
    }
}
