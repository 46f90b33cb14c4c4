//! Keeps blocks of the index in the store, for the next start ([`super::index`] says when such a row is true).

use super::index::Index;
use super::shared::Shared;
use crate::domain::time::Micros;
use crate::store::owner::Owner;
use crate::store::seal::{Nonces, Place, Seal};
use crate::store::{PlanRecord, Row, Store, Table, Written, codec};

/// Rounds of housekeeping, a minute each, after which a block is at rest: one that changes again and again is not stored
/// each time, as it takes some 100 KB.
pub const ROUNDS_AT_REST: u8 = 10;
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

/// The plan that stores a block.
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
    Some(PlanRecord { at, rows: vec![row], events: Vec::new() })
}
