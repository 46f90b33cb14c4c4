//! Plans and rows, and the bytes they are in the journal.
//!
//! The encoding is frozen: a tail written by an old version replays without being understood. Integers
//! that count are LEB128, a table is its stable number.
//!
//! ```text
//! plan  = length u32 LE, body
//! body  = at i64 LE, rows, row…, events, event…
//! row   = table u8, 1 + length of value (0 deletes), length of key, key, value
//! event = length, bytes
//! ```

use std::sync::Arc;

use crate::domain::time::Micros;

use super::row_key::RowKey;
use super::tables::Table;

/// The bytes of a value: shared by the plan, the rows in memory and whoever reads them.
pub type Blob = Arc<[u8]>;

/// The largest plan, encoded.
pub const MAX_PLAN: usize = 8 * 1024 * 1024;

/// One row to put or, without a value, to delete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub table: Table,
    pub key: RowKey,
    pub value: Option<Blob>,
}

/// What one decided command changes, and the events that happened; at most [`MAX_PLAN`] bytes encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanRecord {
    pub at: Micros,
    pub rows: Vec<Row>,
    pub events: Vec<Vec<u8>>,
}

impl PlanRecord {
    /// Appends the plan to `out`.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&self.at.0.to_le_bytes());
        put_count(out, self.rows.len() as u64);
        for row in &self.rows {
            out.push(row.table as u8);
            put_count(out, row.value.as_ref().map_or(0, |value| value.len() as u64 + 1));
            put_count(out, row.key.len() as u64);
            out.extend_from_slice(&row.key);
            out.extend_from_slice(row.value.as_deref().unwrap_or_default());
        }
        put_count(out, self.events.len() as u64);
        for event in &self.events {
            put_count(out, event.len() as u64);
            out.extend_from_slice(event);
        }
        // A plan past u32 is refused by its size before it is written.
        let length = u32::try_from(out.len() - start - 4).unwrap_or(u32::MAX);
        out[start..start + 4].copy_from_slice(&length.to_le_bytes());
    }

    /// An upper bound of the encoded size, without encoding.
    pub(super) fn size_bound(&self) -> usize {
        const COUNT: usize = 10;
        let rows = self.rows.iter().map(|row| {
            1 + 2 * COUNT + row.key.len() + row.value.as_ref().map_or(0, |value| value.len())
        });
        let events = self.events.iter().map(|event| COUNT + event.len());
        12 + 2 * COUNT + rows.sum::<usize>() + events.sum::<usize>()
    }

    /// Takes one plan off the front of `input`, with all of its rows or those of these tables; on error says what was wrong.
    fn decode(input: &mut &[u8], of: Option<&[Table]>) -> Result<PlanRecord, String> {
        let length = u32::from_le_bytes(take_array(input)?) as usize;
        let mut body = take(input, length)?;
        let body = &mut body;
        let at = Micros(i64::from_le_bytes(take_array(body)?));
        let count = take_count(body)?;
        let room = if of.is_none() { count.min(body.len()) } else { 0 };
        let mut rows = Vec::with_capacity(room);
        for _ in 0..count {
            let [number] = take_array(body)?;
            let table = Table::from_number(number).ok_or_else(|| {
                format!("table {number} is unknown: written by a newer frontdesk; start that again")
            })?;
            let value_length = take_count(body)?;
            let key_length = take_count(body)?;
            let key = take(body, key_length)?;
            let value = match value_length.checked_sub(1) {
                Some(length) => Some(take(body, length)?),
                None => None,
            };
            if of.is_none_or(|of| of.contains(&table)) {
                rows.push(Row { table, key: key.into(), value: value.map(Blob::from) });
            }
        }
        let count = take_count(body)?;
        let mut events = Vec::with_capacity(count.min(body.len()));
        for _ in 0..count {
            let length = take_count(body)?;
            events.push(take(body, length)?.to_vec());
        }
        if body.is_empty() {
            Ok(PlanRecord { at, rows, events })
        } else {
            Err(format!("{} bytes left over behind a plan", body.len()))
        }
    }

    /// Every plan of a batch's payload.
    pub(super) fn decode_all(payload: &[u8]) -> Result<Vec<PlanRecord>, String> {
        PlanRecord::decode_of(payload, None)
    }

    /// The same with the rows of these tables alone.
    pub(super) fn decode_of(
        mut payload: &[u8],
        of: Option<&[Table]>,
    ) -> Result<Vec<PlanRecord>, String> {
        let mut plans = Vec::new();
        while !payload.is_empty() {
            plans.push(PlanRecord::decode(&mut payload, of)?);
        }
        Ok(plans)
    }
}

pub(super) fn put_count(out: &mut Vec<u8>, mut count: u64) {
    while count >= 0x80 {
        out.push((count as u8) | 0x80);
        count >>= 7;
    }
    out.push(count as u8);
}

pub(super) fn take_count(input: &mut &[u8]) -> Result<usize, String> {
    let mut count = 0u64;
    for shift in (0..64).step_by(7) {
        let [byte] = take_array(input)?;
        count |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return usize::try_from(count).map_err(|_| format!("a count of {count} is too large"));
        }
    }
    Err("a count is longer than 64 bits".to_owned())
}

pub(super) fn take<'a>(input: &mut &'a [u8], length: usize) -> Result<&'a [u8], String> {
    let (head, rest) = input
        .split_at_checked(length)
        .ok_or_else(|| format!("{length} bytes expected, {} left", input.len()))?;
    *input = rest;
    Ok(head)
}

pub(super) fn take_array<const N: usize>(input: &mut &[u8]) -> Result<[u8; N], String> {
    let (head, rest) = input
        .split_first_chunk()
        .ok_or_else(|| format!("{N} bytes expected, {} left", input.len()))?;
    *input = rest;
    Ok(*head)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_row() -> impl Strategy<Value = Row> {
        let table = prop::sample::select(Table::ALL);
        let value = prop::option::of(prop::collection::vec(any::<u8>(), 0..300));
        (table, prop::collection::vec(any::<u8>(), 0..40), value).prop_map(|(table, key, value)| {
            Row { table, key: key.into(), value: value.map(Blob::from) }
        })
    }

    fn any_plan() -> impl Strategy<Value = PlanRecord> {
        let events = prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..4);
        (any::<i64>(), prop::collection::vec(any_row(), 0..6), events)
            .prop_map(|(at, rows, events)| PlanRecord { at: Micros(at), rows, events })
    }

    proptest! {
        #[test]
        fn plans_come_back_as_they_were_written(plans in prop::collection::vec(any_plan(), 0..4)) {
            let mut bytes = Vec::new();
            for plan in &plans {
                let before = bytes.len();
                plan.encode(&mut bytes);
                prop_assert!(bytes.len() - before <= plan.size_bound());
            }
            prop_assert_eq!(PlanRecord::decode_all(&bytes), Ok(plans.clone()));
            let of = [Table::Meta, Table::Tickets, Table::Entries];
            let mut some = plans;
            some.iter_mut().for_each(|plan| plan.rows.retain(|row| of.contains(&row.table)));
            prop_assert_eq!(PlanRecord::decode_of(&bytes, Some(&of)), Ok(some));
        }

        #[test]
        fn any_bytes_are_an_error_and_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = PlanRecord::decode_all(&bytes);
        }
    }

    #[test]
    fn a_table_of_a_newer_version_is_named() {
        let plan = PlanRecord {
            at: Micros(0),
            rows: vec![Row { table: Table::Meta, key: [1].into(), value: None }],
            events: vec![],
        };
        let mut bytes = Vec::new();
        plan.encode(&mut bytes);
        bytes[13] = 250;
        let error = PlanRecord::decode_all(&bytes).expect_err("unknown table");
        assert!(error.contains("table 250 is unknown"), "{error}");
    }
}
