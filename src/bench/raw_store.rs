//! The store's limit: durable commits of redb for the daemon's kind of event, with nothing around them.
//!
//! An event is one interaction of 300 bytes, the rewrite of its ticket of 200, a row moved in an index by
//! time of change and a row in the index of seen events; a tenth of the events makes a new ticket, the others
//! go to one of the thousand newest.

use std::path::Path;

use redb::{Builder, Database, Durability, TableDefinition};

use super::BenchError;
use super::payload::Random;
use super::workload::Layout;

const TICKETS: TableDefinition<u64, &[u8]> = TableDefinition::new("tickets");
const INTERACTIONS: TableDefinition<(u64, u64), &[u8]> = TableDefinition::new("interactions");
const DIRECTORY: TableDefinition<(u64, u64), ()> = TableDefinition::new("directory");
const BY_CHANGE: TableDefinition<(u64, u64), ()> = TableDefinition::new("by_change");
const SEEN: TableDefinition<[u8; 16], u64> = TableDefinition::new("seen");

const TICKET: usize = 200;
const INTERACTION: [u8; 300] = [b'i'; 300];
/// As the daemon's own.
const CACHE: usize = 64 << 20;
/// Tickets made in one transaction while filling.
const CHUNK: u64 = 20_000;

pub struct RawStore {
    database: Database,
    tickets: u64,
    clock: u64,
    random: Random,
}

fn failed(error: impl Into<redb::Error>) -> BenchError {
    BenchError::Redb(error.into())
}

fn ticket(changed: u64) -> [u8; TICKET] {
    let mut row = [b't'; TICKET];
    row[..8].copy_from_slice(&changed.to_le_bytes());
    row
}

fn changed(row: &[u8]) -> u64 {
    row.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

impl RawStore {
    /// Makes the file with `tickets` of one interaction each.
    pub fn fill(path: &Path, tickets: u64) -> Result<RawStore, BenchError> {
        let database = Builder::new().set_cache_size(CACHE).create(path).map_err(failed)?;
        let mut store = RawStore { database, tickets: 0, clock: 0, random: Random::new(1) };
        while store.tickets < tickets {
            let chunk = CHUNK.min(tickets - store.tickets);
            store.transact(chunk, Layout::ByTicket, |_| true)?;
        }
        Ok(store)
    }

    /// One durable commit of `batch` events.
    pub fn commit(&mut self, batch: usize, layout: Layout) -> Result<u64, BenchError> {
        let batch = batch as u64;
        self.transact(batch, layout, |random| random.below(10) == 0)?;
        Ok(batch)
    }

    fn transact(
        &mut self,
        events: u64,
        layout: Layout,
        is_new: impl Fn(&mut Random) -> bool,
    ) -> Result<(), BenchError> {
        let mut transaction = self.database.begin_write().map_err(failed)?;
        transaction.set_durability(Durability::Immediate).map_err(failed)?;
        {
            let mut rows = transaction.open_table(TICKETS).map_err(failed)?;
            let mut interactions = transaction.open_table(INTERACTIONS).map_err(failed)?;
            let mut directory = transaction.open_table(DIRECTORY).map_err(failed)?;
            let mut by_change = transaction.open_table(BY_CHANGE).map_err(failed)?;
            let mut seen = transaction.open_table(SEEN).map_err(failed)?;
            for _ in 0..events {
                self.clock += 1;
                let id = if is_new(&mut self.random) {
                    self.tickets += 1;
                    self.tickets
                } else {
                    self.tickets - self.random.below(self.tickets.min(1000))
                };
                let before = rows.insert(id, ticket(self.clock).as_slice()).map_err(failed)?;
                if let Some(before) = before.map(|row| changed(row.value())) {
                    by_change.remove((before, id)).map_err(failed)?;
                }
                by_change.insert((self.clock, id), ()).map_err(failed)?;
                let mut identity = self.random.bytes();
                let place = match layout {
                    Layout::ByTicket => (id, self.clock),
                    Layout::Appended => {
                        directory.insert((id, self.clock), ()).map_err(failed)?;
                        identity[..8].copy_from_slice(&self.clock.to_be_bytes());
                        (u64::MAX, self.clock)
                    }
                };
                interactions.insert(place, INTERACTION.as_slice()).map_err(failed)?;
                seen.insert(identity, id).map_err(failed)?;
            }
        }
        transaction.commit().map_err(failed)
    }
}
