//! From an older row layout to the present one.
//!
//! What always holds:
//! - all steps are one redb transaction: the store has its old format, whole, or the new one, whole,
//!   whatever happens meanwhile, and a power cut means that it is done again from the beginning;
//! - before it the journal is replayed as bytes and checkpointed, so that no row of an old layout ever
//!   comes after it, and a copy of the store is on the disk ([`super::kept`]);
//! - a step reads and writes raw rows. It is written against the layout of its time and never changes:
//!   it must not call what later versions may change.
//!
//! Values that only grew need no step: they have versions of their own ([`super::codec`]). The feed is not
//! migrated; records that events name must stay readable in the versions they had.

use std::error::Error;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use redb::{Durability, ReadableTable};

use super::changes::bounds;
use super::checkpoint::begin;
use super::database::{Instance, failed, guarded};
use super::disk::Disk;
use super::error::{OpenError, StoreError};
use super::journal::Journal;
use super::opened::Opened;
use super::plan::{Blob, Row};
use super::reader::{Order, Pair, View};
use super::seal::Seal;
use super::space::LEAST;
use super::stamp::Stamp;
use super::tables::Table;
use super::{StoreSettings, kept, keyfile};

/// Rows read at once.
const CHUNK: usize = 1_000;
/// Long work is told of so often.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// One step, from a format to the next.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// What it does, for the log: `entries in order of arrival`.
    pub name: &'static str,
    pub run: fn(&mut Migrating<'_>) -> Result<(), MigrateError>,
}

/// Whatever a step stumbled over, told to the operator.
pub type MigrateError = Box<dyn Error + Send + Sync>;

/// What opening does with a store of an older format.
#[derive(Clone, Copy)]
pub struct Upgrade {
    /// In order; the first leads from format 1 to 2.
    pub migrations: &'static [Migration],
    /// Whether they may be carried out; if not, an older store is refused.
    pub allowed: bool,
    /// Hears of long work every few seconds.
    pub progress: fn(&Progress<'_>),
}

impl Upgrade {
    /// The format that this program works with.
    pub fn newest(&self) -> u32 {
        1 + self.migrations.len() as u32
    }

    /// Refuses what this program cannot, or may not, work with.
    pub(super) fn check(&self, found: &Stamp) -> Result<(), OpenError> {
        let (known, version) = (self.newest(), found.version.clone());
        if found.format > known {
            return Err(OpenError::NewerStore { found: found.format, known, version });
        }
        if found.format < known && !self.allowed {
            return Err(OpenError::OlderStore { found: found.format, known, version });
        }
        Ok(())
    }
}

impl Default for Upgrade {
    /// Format 1, and nothing to be done.
    fn default() -> Upgrade {
        Upgrade { migrations: &[], allowed: false, progress: |_| {} }
    }
}

impl fmt::Debug for Upgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgrade")
            .field("migrations", &self.migrations)
            .field("allowed", &self.allowed)
            .finish_non_exhaustive()
    }
}

/// How far long work has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress<'a> {
    pub what: &'a str,
    pub done: u64,
    /// 0 when it is not known.
    pub total: u64,
    /// `rows` or `bytes`.
    pub unit: &'static str,
}

/// Tells of progress, not too often.
pub(super) struct Teller {
    progress: fn(&Progress<'_>),
    told: Instant,
}

impl Teller {
    pub fn new(progress: fn(&Progress<'_>)) -> Teller {
        Teller { progress, told: Instant::now() }
    }

    /// At the beginning and the end of a piece of work.
    pub fn now(&mut self, progress: &Progress<'_>) {
        (self.progress)(progress);
        self.told = Instant::now();
    }

    pub fn tell(&mut self, progress: &Progress<'_>) {
        if self.told.elapsed() >= TELL_EVERY {
            self.now(progress);
        }
    }
}

/// The rows under a migration. What was put is seen at once; nothing is on disk before all steps are done.
pub struct Migrating<'a> {
    rows: Opened<'a>,
    seal: &'a Seal,
    name: &'static str,
    teller: Teller,
}

impl Migrating<'_> {
    /// Opens and seals values, hashes addresses.
    pub fn seal(&self) -> &Seal {
        self.seal
    }

    /// Puts and deletes rows, in order.
    pub fn put(&mut self, rows: &[Row]) -> Result<(), StoreError> {
        self.rows.put(rows)
    }

    /// Visits every row of a table in the order of the keys; what `change` gives is put before the next row.
    /// Rows that are put behind the visited one are visited too.
    pub fn each(
        &mut self,
        table: Table,
        mut change: impl FnMut(&dyn View, &Seal, Pair) -> Result<Vec<Row>, MigrateError>,
    ) -> Result<(), MigrateError> {
        let (mut start, mut done) = (Vec::new(), 0);
        let total = self.rows.len(table)?;
        loop {
            let pairs = self.scan(table, &start, None, Order::Ascending, CHUNK)?;
            let Some((last, _)) = pairs.last() else { return Ok(()) };
            start = [&**last, &[0]].concat();
            done += pairs.len() as u64;
            for pair in pairs {
                let changed = change(&*self, self.seal, pair)?;
                self.rows.put(&changed)?;
            }
            let progress = Progress { what: self.name, done, total, unit: "rows" };
            self.teller.tell(&progress);
        }
    }
}

impl View for Migrating<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Blob>, StoreError> {
        self.rows.with(table, |rows| {
            Ok(rows.get(key).map_err(failed)?.map(|value| value.value().into()))
        })
    }

    fn scan(
        &self,
        table: Table,
        start: &[u8],
        end: Option<&[u8]>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<Pair>, StoreError> {
        let Some(bounds) = bounds(start, end) else { return Ok(Vec::new()) };
        self.rows.with(table, |rows| {
            let mut range = rows.range::<&[u8]>(bounds).map_err(failed)?;
            let mut pairs = Vec::new();
            while pairs.len() < limit {
                let row = match order {
                    Order::Ascending => range.next(),
                    Order::Descending => range.next_back(),
                };
                let Some(row) = row else { break };
                let (key, value) = row.map_err(failed)?;
                pairs.push((key.value().into(), value.value().into()));
            }
            Ok(pairs)
        })
    }
}

/// Brings a store that was just opened and replayed to the present format, and says who works on it now.
pub(super) fn bring_up(
    disk: &dyn Disk,
    settings: &StoreSettings,
    instance: &Instance,
    journal: &Journal,
    found: &Stamp,
) -> Result<(), OpenError> {
    let upgrade = &settings.upgrade;
    let ours = Stamp::ours(upgrade.newest());
    if *found == ours {
        return Ok(());
    }
    if found.format == ours.format {
        // A full disk is no reason not to start: the next start says it.
        let room = disk.free_space().is_ok_and(|free| free >= 2 * LEAST);
        return if room { Ok(ours.write(instance)?) } else { Ok(()) };
    }
    let (from, to) = (found.format, ours.format);
    tracing::info!(from, to, written_by = found.version, "the store is upgraded");
    // What was replayed must be in the file before it is copied.
    found.write(instance)?;
    let copy = kept::keep(disk, instance.file(), journal, upgrade, found, settings.disk_reserve)?;
    run(instance, disk, upgrade, from)?;
    tracing::info!(from, to, copy, "the store is upgraded; the copy is as it was before");
    Ok(())
}

/// Carries out every step from `from` on, and stamps the store.
fn run(
    instance: &Instance,
    disk: &dyn Disk,
    upgrade: &Upgrade,
    from: u32,
) -> Result<(), OpenError> {
    let seal = keyfile::read(disk)?;
    let mut transaction = begin(instance, Durability::Immediate).map_err(OpenError::Store)?;
    transaction.set_quick_repair(true);
    for (to, step) in (2..).zip(upgrade.migrations).filter(|(to, _)| *to > from) {
        let mut teller = Teller::new(upgrade.progress);
        teller.now(&Progress { what: step.name, done: 0, total: 0, unit: "rows" });
        let rows = Opened::of(&transaction);
        let mut migrating = Migrating { rows, seal: &seal, name: step.name, teller };
        let done = catch_unwind(AssertUnwindSafe(|| (step.run)(&mut migrating)));
        let why = match done {
            Ok(Ok(())) => continue,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it panicked".to_owned(),
        };
        return Err(OpenError::Migration { from, to, name: step.name, why });
    }
    let committed = guarded(|| {
        Stamp::ours(upgrade.newest()).put(&transaction)?;
        transaction.commit().map_err(failed)
    });
    committed.map_err(OpenError::Store)
}
