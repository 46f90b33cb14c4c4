//! Keys that are kept for a time, in buckets of the day or hour of their arrival.
//!
//! Buckets are counted by the steady clock. A power cut costs it some minutes, so buckets later than now are asked
//! too, as far as there are any.

use crate::engine::command::Refusal;
use crate::engine::draft::Draft;
use crate::engine::rows::{ReadError, key};
use crate::engine::seen::SeenWindow;
use crate::store::codec::Record;
use crate::store::{Order, View};

/// Buckets later than now that are asked; a clock jumps a few times, not every day.
const MAX_LATER: usize = 64;

/// What was put under this key: in the bucket of now, the `kept` ones before it, or any later one. The window
/// of these buckets, if there is one, tells which of them need not be asked.
pub fn find<R: Record>(
    draft: &Draft<'_>,
    now: u32,
    kept: u32,
    hash: &[u8; 16],
    window: Option<&SeenWindow>,
) -> Result<Option<R>, Refusal> {
    let may_hold = |bucket: &u32| window.is_none_or(|w| w.may_hold(*bucket, hash));
    for bucket in (now.saturating_sub(kept)..=now).rev().filter(may_hold) {
        if let Some(row) = draft.get::<R>(&key::bucketed(bucket, hash))? {
            return Ok(Some(row));
        }
    }
    if window.is_some_and(|w| !w.may_hold_after(now)) {
        return Ok(None);
    }
    let mut last = now;
    for _ in 0..MAX_LATER {
        let start = last.saturating_add(1).to_be_bytes();
        let next = View::scan(draft, R::TABLE, &start, None, Order::Ascending, 1);
        let next = next.map_err(ReadError::from)?;
        let Some(bucket) = next.first().and_then(|(key, _)| key.first_chunk::<4>()) else { break };
        last = u32::from_be_bytes(*bucket);
        if let Some(row) = draft.get::<R>(&key::bucketed(last, hash))? {
            return Ok(Some(row));
        }
    }
    Ok(None)
}
