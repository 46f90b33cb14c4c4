//! Keeps blocks of the index in the store, for the next start ([`super::index`] says when such a row is true).

use super::index::Index;
use super::shared::Shared;
use crate::domain::time::Micros;
use crate::store::owner::Owner;
use crate::store::seal::{Nonces, Place, Seal};
use crate::store::{PlanRecord, Row, Store, Table, Written, codec};

/// Rounds of housekeeping, a minute each, after which a block is at rest: one that changes again and again is not stored
/// each time, as it is large.
pub const ROUNDS_AT_REST: u8 = 10;
/// Tickets behind a stored block for which it is stored again: a start reads each of them in three rows, some 10 µs.
pub const MUCH_BEHIND: u64 = 256;
/// The same when the daemon ends.
pub const BEHIND_AT_END: u64 = 32;
/// Blocks stored in one round.
pub const BLOCKS_A_ROUND: usize = 8;

/// Stores blocks as they are now, in batches of so many bytes. Those that could not be stored are read ticket by ticket
/// at the next start.
pub fn keep(
    store: &mut Store,
    shared: &Shared,
    blocks: impl IntoIterator<Item = u64>,
    at: Micros,
    batch: usize,
) {
    let mut blocks = blocks.into_iter().peekable();
    while blocks.peek().is_some() {
        let mut refused = None;
        let written = store.write(|open| {
            open.count_by(at);
            while refused.is_none() && open.bytes() < batch {
                let Some(number) = blocks.next() else { break };
                let plan = plan(&shared.index(), &shared.seal, number, at);
                refused = plan.and_then(|plan| open.apply(plan).err());
            }
        });
        let error = match written {
            Ok(Written { committed, .. }) => {
                committed.iter().for_each(|committed| shared.take(&committed.plans));
                refused.map(|error| error.to_string())
            }
            Err(error) => Some(error.to_string()),
        };
        if let Some(error) = error {
            tracing::warn!(%error, "the index was not stored; the next start takes longer");
            return;
        }
    }
}

/// The plan that stores a block, which nothing is behind then.
pub fn plan(index: &Index, seal: &Seal, number: u64, at: Micros) -> Option<PlanRecord> {
    let block = index.block(number)?;
    let mut random = [0; 16];
    getrandom::fill(&mut random).ok()?;
    let (key, mut value) = (number.to_be_bytes(), Vec::new());
    let place = Place::row(Table::IndexBlocks, &key);
    seal.seal(place, Owner::Desk, &mut Nonces::new(random), &mut value, |out| {
        codec::encode(&block, out);
    });
    let row = Row { table: Table::IndexBlocks, key: key.into(), value: Some(value.into()) };
    let behind = index.behind(number).into_iter().map(|number| Row {
        table: Table::IndexBehind,
        key: number.to_be_bytes().into(),
        value: None,
    });
    Some(PlanRecord { at, rows: behind.chain([row]).collect(), events: Vec::new() })
}
