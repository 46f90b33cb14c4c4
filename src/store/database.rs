//! redb over the disk seam, and the reopening of it.
//!
//! redb refuses everything after its first I/O error, so the database is dropped and opened again. Before
//! that the old instance is revoked: neither its closing nor a reader that still holds it touches the file
//! any more. Panics of redb on damaged bytes become errors.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use redb::{ReadableDatabase, StorageBackend, TableDefinition};

use super::disk::{Disk, DiskFile};
use super::error::{OpenError, StoreError};
use super::stamp::Stamp;
use super::tables::Table;

/// The file redb lives in.
pub const FILE: &str = "store.redb";
/// Its name until it is whole.
pub const UNFINISHED: &str = "store.redb.new";
/// Row of [`Table::Meta`]: a version byte, then the last applied batch and sequence number, big endian.
pub const APPLIED: &[u8] = b"journal.applied";

pub type Raw = &'static [u8];

pub fn definition(table: Table) -> TableDefinition<'static, Raw, Raw> {
    TableDefinition::new(table.name())
}

/// What redb said, as an error of the store.
pub fn failed(error: impl Into<redb::Error>) -> StoreError {
    match error.into() {
        redb::Error::Corrupted(what) => StoreError::Damaged(what),
        other => StoreError::Database(other.to_string()),
    }
}

/// Runs `work` on redb; a panic in it (redb does not expect damaged bytes everywhere) is an error.
pub fn guarded<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic_text(&*panic);
        Err(StoreError::Damaged(format!("redb stopped with \"{text}\"")))
    })
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (None, Some(text)) => text,
        (None, None) => "an unknown panic",
    }
}

/// Decides whether an instance may still touch its file, and notes when redb has seen an error.
#[derive(Debug, Default)]
struct Gate {
    revoked: RwLock<bool>,
    tripped: AtomicBool,
    /// Another file has taken the instance's place: closing it writes nothing.
    outlived: AtomicBool,
}

impl Gate {
    /// Waits for what is under way; after it nothing reaches the file.
    fn revoke(&self) {
        *self.revoked.write().unwrap_or_else(PoisonError::into_inner) = true;
    }
}

/// The file as redb sees it.
#[derive(Debug)]
pub struct Backend {
    file: Arc<dyn DiskFile>,
    gate: Arc<Gate>,
    written: Arc<AtomicU64>,
}

impl Backend {
    /// For reading a database that no writer has.
    pub fn new(file: Arc<dyn DiskFile>) -> Backend {
        Backend { file, gate: Arc::default(), written: Arc::default() }
    }

    fn through<T>(&self, work: impl FnOnce(&dyn DiskFile) -> io::Result<T>) -> io::Result<T> {
        let revoked = self.gate.revoked.read().unwrap_or_else(PoisonError::into_inner);
        if *revoked {
            return Err(io::Error::other("the store is being reopened after an error"));
        }
        let result = work(&*self.file);
        if result.is_err() {
            self.gate.tripped.store(true, Ordering::Release);
        }
        result
    }
}

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.through(|file| file.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.through(|file| file.read_at(offset, out))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.through(|file| file.set_len(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.through(|file| file.sync_data())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.written.fetch_add(data.len() as u64, Ordering::Relaxed);
        self.through(|file| file.write_at(offset, data))
    }
}

/// One opened instance of the database.
#[derive(Debug)]
pub struct Instance {
    /// Empty only while it is dropped.
    database: Option<redb::Database>,
    file: Arc<dyn DiskFile>,
    gate: Arc<Gate>,
}

impl Instance {
    pub fn redb(&self) -> Result<&redb::Database, StoreError> {
        self.database.as_ref().ok_or_else(|| StoreError::Closed("it is being dropped".to_owned()))
    }

    /// The last batch and sequence number this database has applied; (0, 0) when it is new.
    pub fn applied(&self) -> Result<(u64, u64), StoreError> {
        guarded(|| applied(self.redb()?))
    }

    pub fn stamp(&self) -> Result<Stamp, StoreError> {
        guarded(|| Stamp::read(self.redb()?))
    }

    /// The file beneath; what is not checkpointed may be missing in it.
    pub fn file(&self) -> &dyn DiskFile {
        &*self.file
    }

    /// redb has seen an I/O error and will refuse from now on.
    fn is_tripped(&self) -> bool {
        self.gate.tripped.load(Ordering::Acquire)
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        if self.gate.outlived.load(Ordering::Acquire) {
            self.gate.revoke();
        }
        let database = self.database.take();
        if catch_unwind(AssertUnwindSafe(|| drop(database))).is_err() {
            tracing::warn!("redb panicked while it was closed; it is repaired when opened again");
        }
    }
}

/// The last batch and sequence number a database has applied.
pub fn applied(database: &redb::Database) -> Result<(u64, u64), StoreError> {
    let transaction = database.begin_read().map_err(failed)?;
    let table = match transaction.open_table(definition(Table::Meta)) {
        Ok(table) => table,
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok((0, 0)),
        Err(error) => return Err(failed(error)),
    };
    let Some(value) = table.get(APPLIED).map_err(failed)? else { return Ok((0, 0)) };
    decode_applied(value.value())
}

pub fn encode_applied((batch, seq): (u64, u64)) -> [u8; 17] {
    let mut value = [1; 17];
    value[1..9].copy_from_slice(&batch.to_be_bytes());
    value[9..].copy_from_slice(&seq.to_be_bytes());
    value
}

pub fn decode_applied(value: &[u8]) -> Result<(u64, u64), StoreError> {
    match value.split_first_chunk::<9>() {
        Some(([1, batch @ ..], seq)) if seq.len() == 8 => {
            let seq = seq.iter().fold(0, |seq, byte| seq << 8 | u64::from(*byte));
            Ok((u64::from_be_bytes(*batch), seq))
        }
        _ => Err(StoreError::Damaged(format!("the journal position is {value:?}"))),
    }
}

/// Opens a database file, which may be empty; what redb writes to it is counted.
pub fn open_instance(
    disk: &Arc<dyn Disk>,
    name: &str,
    cache_bytes: usize,
    written: &Arc<AtomicU64>,
) -> Result<Arc<Instance>, StoreError> {
    let io = |error: io::Error| StoreError::Database(error.to_string());
    let file = disk.open(name).map_err(io)?;
    // What a failed sync left in the cache is not on the disk.
    file.forget_cache().map_err(io)?;
    let gate = Arc::<Gate>::default();
    let written = Arc::clone(written);
    let backend = Backend { file: Arc::clone(&file), gate: Arc::clone(&gate), written };
    let database = guarded(|| {
        let mut builder = redb::Builder::new();
        builder.set_cache_size(cache_bytes);
        builder.create_with_backend(backend).map_err(failed)
    })?;
    Ok(Arc::new(Instance { database: Some(database), file, gate }))
}

/// The database file, and whichever instance of it is open.
#[derive(Debug)]
pub struct Database {
    disk: Arc<dyn Disk>,
    cache_bytes: usize,
    /// The instance in use, or why there is none.
    current: Result<Arc<Instance>, StoreError>,
    written: Arc<AtomicU64>,
}

impl Database {
    /// Opens the file, creating it in this format if there is none.
    pub fn open(
        disk: &Arc<dyn Disk>,
        cache_bytes: usize,
        format: u32,
    ) -> Result<Database, OpenError> {
        let mut database = Database {
            disk: Arc::clone(disk),
            cache_bytes,
            current: Err(StoreError::Closed("it is being opened".to_owned())),
            written: Arc::default(),
        };
        database.create(format).map_err(|error| match error {
            CreateError::Io(error) => {
                OpenError::Io { file: FILE.to_owned(), error: error.to_string() }
            }
            CreateError::Store(error) => OpenError::Store(error),
        })?;
        database.current = Ok(database.instance(FILE)?);
        Ok(database)
    }

    /// A new database gets its name only once it is whole.
    fn create(&self, format: u32) -> Result<(), CreateError> {
        let files = self.disk.list("")?;
        if files.iter().any(|name| name == UNFINISHED) {
            self.disk.remove(UNFINISHED)?;
        }
        if files.iter().any(|name| name == FILE) {
            return Ok(());
        }
        self.disk.create(UNFINISHED)?;
        Stamp::ours(format).write(&*self.instance(UNFINISHED)?)?;
        self.disk.open(UNFINISHED)?.sync_data()?;
        self.disk.rename(UNFINISHED, FILE)?;
        Ok(self.disk.sync_dir("")?)
    }

    fn instance(&self, name: &str) -> Result<Arc<Instance>, StoreError> {
        open_instance(&self.disk, name, self.cache_bytes, &self.written)
    }

    /// The instance in use.
    pub fn current(&self) -> Result<Arc<Instance>, StoreError> {
        self.current.clone()
    }

    /// Whether it must be reopened before it is of use.
    pub fn needs_reopening(&self) -> bool {
        self.current.as_ref().map_or(true, |instance| instance.is_tripped())
    }

    /// Drops the instance in use and opens another.
    pub fn reopen(&mut self) -> Result<Arc<Instance>, StoreError> {
        let closed = Err(StoreError::Closed("it is being reopened".to_owned()));
        if let Ok(old) = std::mem::replace(&mut self.current, closed) {
            old.gate.revoke();
        }
        self.current = self.instance(FILE).map_err(|e| StoreError::Closed(e.to_string()));
        self.current.clone()
    }

    /// Takes another file under the same name into use. Readers that are under way finish with the old one, which
    /// is never written again.
    pub fn replace(&mut self) -> Result<Arc<Instance>, StoreError> {
        if let Ok(old) = &self.current {
            old.gate.outlived.store(true, Ordering::Release);
        }
        self.current = self.instance(FILE).map_err(|e| StoreError::Closed(e.to_string()));
        self.current.clone()
    }

    /// What redb writes, over all instances.
    pub fn counter(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.written)
    }

    /// Closes the instance. One that a reader still holds is revoked: the lock on the directory does not wait for it.
    pub fn close(&mut self) {
        let closed = Err(StoreError::Closed("the daemon is stopping".to_owned()));
        if let Ok(instance) = std::mem::replace(&mut self.current, closed) {
            let gate = Arc::clone(&instance.gate);
            if Arc::into_inner(instance).is_none() {
                gate.revoke();
            }
        }
    }

    /// Bytes of the file.
    pub fn size(&self) -> u64 {
        self.current.as_ref().ok().and_then(|instance| instance.file.len().ok()).unwrap_or(0)
    }

    /// Bytes redb has written since the start.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.close();
    }
}

enum CreateError {
    Io(io::Error),
    Store(StoreError),
}

impl From<io::Error> for CreateError {
    fn from(error: io::Error) -> CreateError {
        CreateError::Io(error)
    }
}

impl From<StoreError> for CreateError {
    fn from(error: StoreError) -> CreateError {
        CreateError::Store(error)
    }
}

#[cfg(test)]
mod tests {
    use redb::Durability;

    use super::super::checkpoint::begin;
    use super::super::sim::SimDisk;
    use super::*;

    #[test]
    fn a_revoked_instance_never_writes_again_however_late_it_is_dropped() {
        let disk = SimDisk::new(7);
        let mut database = Database::open(&disk.boot(), 1024 * 1024, 1).expect("opens");
        let old = database.current().expect("open");
        let pending = begin(&old, Durability::None).expect("begun");
        let mut table = pending.open_table(definition(Table::Meta)).expect("table");
        table.insert(&b"key"[..], &b"value"[..]).expect("inserted");
        drop(table);
        pending.commit().expect("committed, not synced: closing would write it");
        database.reopen().expect("reopened");
        let steps = disk.steps();
        let late = begin(&old, Durability::Immediate).and_then(|transaction| {
            drop(transaction.open_table(definition(Table::Meta)).map_err(failed)?);
            transaction.commit().map_err(failed)
        });
        assert!(late.is_err());
        drop(old);
        assert_eq!(disk.steps(), steps);
    }
}
