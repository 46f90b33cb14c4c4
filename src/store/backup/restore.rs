//! A backup made into a store, in an empty directory.
//!
//! A marker lies in the directory from before the first byte until everything is durable: a directory that
//! has it is no store and does not open. The store's file gets its name only then, too. What does not verify
//! is found on the way or at the end, and what was written until then is removed again.

use std::io::{self, Read};
use std::sync::Arc;

use redb::{Durability, WriteTransaction};

use super::super::checkpoint::put_applied;
use super::super::database::{Backend, FILE, UNFINISHED as FRESH, failed, guarded};
use super::super::disk::{Disk, DiskFile};
use super::super::epoch::{self, FEED_EPOCH, is_own};
use super::super::error::StoreError;
use super::super::files::{FILES, hex};
use super::super::journal::Journal;
use super::super::keys::Keys;
use super::super::opened::Opened;
use super::super::plan::Row;
use super::super::seal::owner_of;
use super::super::tables::Table;
use super::super::{keyfile, keyring_file};
use super::BackupError;
use super::read::{Backup, Content, Whole};

/// Lies in a directory while a restore is under way in it.
pub const UNFINISHED: &str = "restore.unfinished";
const SAYS: &[u8] = b"A restore into this directory has not come to its end. It is no store: empty the directory and \
restore again.\n";

/// Rows are put in transactions of about this many bytes, and made durable after this many.
const TRANSACTION: usize = 8 * 1024 * 1024;
const DURABLE: usize = 128 * 1024 * 1024;

/// Why nothing was restored. The directory is as empty as before, unless its disk failed.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    #[error(transparent)]
    Backup(#[from] BackupError),
    #[error(
        "the directory is not empty: it holds {0}; a backup is restored into an empty directory only"
    )]
    NotEmpty(String),
    #[error("an earlier restore into this directory did not come to its end; empty it first")]
    Interrupted,
    #[error("the directory is in use ({0})")]
    InUse(String),
    #[error("{file}: {error}")]
    Io { file: String, error: io::Error },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What was restored.
#[derive(Clone, Debug)]
pub struct Restored {
    pub whole: Whole,
    /// The feed that begins with it.
    pub feed_epoch: String,
    /// Values that stayed behind, as their keys were destroyed since.
    pub erased: u64,
}

/// A keyring that the store is to have.
#[derive(Clone, Copy)]
pub struct Ring<'a> {
    /// The bytes of its file.
    pub bytes: &'a [u8],
    pub keys: &'a Keys,
}

/// Makes `backup` into a store on `disk`, with this keyring if it has one: what was erased since stays behind.
pub fn restore<R: Read>(
    backup: Backup<R>,
    keyring: Option<Ring<'_>>,
    disk: &Arc<dyn Disk>,
    cache_bytes: usize,
) -> Result<Restored, RestoreError> {
    let _lock = disk.lock().map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => RestoreError::InUse(error.to_string()),
        _ => RestoreError::Io { file: "lock".to_owned(), error },
    })?;
    let place = Place { disk: Arc::clone(disk) };
    place.is_empty()?;
    place.write(UNFINISHED, SAYS)?;
    place.sync("")?;
    let restored = place.fill(backup, keyring, cache_bytes).and_then(|restored| {
        place.uncover()?;
        Ok(restored)
    });
    if restored.is_err()
        && let Err(error) = place.clear()
    {
        tracing::warn!(%error, "what was restored in part could not be removed; empty the directory");
    }
    restored
}

struct Place {
    disk: Arc<dyn Disk>,
}

fn io(file: &str) -> impl FnOnce(io::Error) -> RestoreError {
    let file = if file.is_empty() { "the data directory" } else { file }.to_owned();
    move |error| RestoreError::Io { file, error }
}

impl Place {
    fn is_empty(&self) -> Result<(), RestoreError> {
        let mut names = self.disk.list("").map_err(io(""))?;
        names.retain(|name| name != "lock");
        if names.iter().any(|name| name == UNFINISHED) {
            return Err(RestoreError::Interrupted);
        }
        names.extend(self.disk.list("journal").map_err(io("journal"))?);
        names.into_iter().next().map_or(Ok(()), |name| Err(RestoreError::NotEmpty(name)))
    }

    fn sync(&self, dir: &str) -> Result<(), RestoreError> {
        self.disk.sync_dir(dir).map_err(io(dir))
    }

    /// A small file, durable but for its name.
    fn write(&self, name: &str, content: &[u8]) -> Result<(), RestoreError> {
        let write = || {
            let file = self.disk.create(name)?;
            file.write_at(0, content)?;
            file.sync_data()
        };
        write().map_err(io(name))
    }

    /// Writes everything, durable, while the directory is still marked.
    fn fill<R: Read>(
        &self,
        mut backup: Backup<R>,
        keyring: Option<Ring<'_>>,
        cache_bytes: usize,
    ) -> Result<Restored, RestoreError> {
        let keys = backup.keys().to_owned();
        let mut rows = Filling::begin(&*self.disk, cache_bytes)?;
        let mut files = Refiling::default();
        let mut erased = 0;
        let opens = keyring.map(|ring| ring.keys);
        let mut stays_behind = |value: &[u8]| {
            let gone =
                opens.zip(owner_of(value)).is_some_and(|(keys, owner)| keys.key(owner).is_none());
            erased += u64::from(gone);
            gone
        };
        let whole = loop {
            match backup.content()? {
                Content::Rows { table, rows: found } => {
                    let row = |(key, value)| Row { table, key, value: Some(value) };
                    let stay = found.into_iter().filter(|(_, value)| !stays_behind(value));
                    rows.take(stay.map(row))?;
                }
                Content::Plans(plans) => {
                    let mut all: Vec<Row> = plans.into_iter().flat_map(|plan| plan.rows).collect();
                    for row in &mut all {
                        row.value.take_if(|value| stays_behind(value));
                    }
                    rows.take(all.into_iter())?;
                }
                Content::File { sha256, offset, bytes } => {
                    files.take(&*self.disk, &sha256, offset, &bytes)?;
                }
                Content::End(whole) => break whole,
            }
        };
        files.finish(&*self.disk)?;
        let fresh = self.disk.random().map_err(io("the system's random numbers"))?;
        let feed_epoch = rows.finish(fresh, (whole.end.batch, whole.end.seq))?;
        self.write(keyfile::NAME, keys.as_bytes())?;
        if let Some(keyring) = keyring {
            self.write(keyring_file::NAME, keyring.bytes)?;
        }
        let position = (whole.end.batch, whole.end.seq);
        Journal::begin_at(&*self.disk, position, whole.about.made_at).map_err(io("journal"))?;
        Ok(Restored { whole, feed_epoch, erased })
    }

    /// Gives the store its name and takes the mark away.
    fn uncover(&self) -> Result<(), RestoreError> {
        self.disk.rename(FRESH, FILE).map_err(io(FILE))?;
        self.sync("")?;
        self.disk.remove(UNFINISHED).map_err(io(UNFINISHED))?;
        self.sync("")
    }

    /// Removes what was written; the mark last, so that it outlives whatever is left.
    fn clear(&self) -> io::Result<()> {
        for name in self.disk.list("journal")? {
            self.disk.remove(&format!("journal/{name}"))?;
        }
        self.disk.sync_dir("journal")?;
        match self.disk.list(FILES) {
            Ok(names) => {
                for name in names {
                    self.disk.remove(&format!("{FILES}/{name}"))?;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let (marks, others): (Vec<_>, Vec<_>) =
            self.disk.list("")?.into_iter().partition(|name| name == UNFINISHED);
        for name in others.iter().filter(|name| *name != "lock").chain(&marks) {
            self.disk.remove(name)?;
            self.disk.sync_dir("")?;
        }
        Ok(())
    }
}

/// The files beside the store while they come back, one after the other.
#[derive(Default)]
struct Refiling {
    open: Option<(String, Arc<dyn DiskFile>)>,
    any: bool,
}

impl Refiling {
    fn take(
        &mut self,
        disk: &dyn Disk,
        sha256: &[u8; 32],
        offset: u64,
        bytes: &[u8],
    ) -> Result<(), RestoreError> {
        let name = format!("{FILES}/{}", hex(sha256));
        if self.open.as_ref().is_none_or(|(open, _)| *open != name) {
            self.settle()?;
            if !std::mem::replace(&mut self.any, true) {
                disk.make_dir(FILES).map_err(io(FILES))?;
            }
            let file = disk.create(&name).map_err(io(&name))?;
            self.open = Some((name, file));
        }
        match &self.open {
            Some((name, file)) => file.write_at(offset, bytes).map_err(io(name)),
            None => Ok(()),
        }
    }

    fn settle(&mut self) -> Result<(), RestoreError> {
        match self.open.take() {
            Some((name, file)) => file.sync_data().map_err(io(&name)),
            None => Ok(()),
        }
    }

    fn finish(mut self, disk: &dyn Disk) -> Result<(), RestoreError> {
        self.settle()?;
        if !self.any {
            return Ok(());
        }
        disk.sync_dir(FILES).map_err(io(FILES))?;
        disk.sync_dir("").map_err(io(""))
    }
}

/// The store's file while rows go in.
struct Filling {
    database: redb::Database,
    pending: Vec<Row>,
    bytes: usize,
    since_durable: usize,
}

impl Filling {
    fn begin(disk: &dyn Disk, cache_bytes: usize) -> Result<Filling, RestoreError> {
        let file = disk.create(FRESH).map_err(io(FRESH))?;
        let database = guarded(|| {
            let mut builder = redb::Builder::new();
            builder.set_cache_size(cache_bytes);
            builder.create_with_backend(Backend::new(file)).map_err(failed)
        })?;
        Ok(Filling { database, pending: Vec::new(), bytes: 0, since_durable: 0 })
    }

    /// Puts rows, but for the store's own and the places of the old feed's consumers.
    fn take(&mut self, rows: impl Iterator<Item = Row>) -> Result<(), StoreError> {
        for row in rows {
            if is_own(row.table, &row.key) || row.table == Table::Cursors {
                continue;
            }
            self.bytes += row.key.len() + row.value.as_ref().map_or(0, |value| value.len());
            self.pending.push(row);
        }
        if self.bytes < TRANSACTION {
            return Ok(());
        }
        self.since_durable += self.bytes;
        let durable = self.since_durable >= DURABLE;
        if durable {
            self.since_durable = 0;
        }
        self.commit(if durable { Durability::Immediate } else { Durability::None }, |_| Ok(()))
    }

    fn commit(
        &mut self,
        durability: Durability,
        last: impl FnOnce(&WriteTransaction) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.bytes = 0;
        let pending = std::mem::take(&mut self.pending);
        guarded(|| {
            let mut transaction = self.database.begin_write().map_err(failed)?;
            transaction.set_durability(durability).map_err(failed)?;
            Opened::of(&transaction).put(&pending)?;
            last(&transaction)?;
            transaction.commit().map_err(failed)
        })
    }

    /// Puts the position and the new feed's epoch, and makes all durable; gives the epoch.
    fn finish(mut self, epoch: u64, position: (u64, u64)) -> Result<String, StoreError> {
        self.commit(Durability::Immediate, |transaction| {
            Opened::of(transaction).put(&[Row {
                table: Table::Meta,
                key: FEED_EPOCH.into(),
                value: Some(epoch::encode(epoch).into()),
            }])?;
            put_applied(transaction, position)
        })?;
        guarded(|| {
            drop(self.database);
            Ok(epoch::show(epoch))
        })
    }
}
