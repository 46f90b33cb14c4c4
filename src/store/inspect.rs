//! A quick look at a store that no daemon has, which changes nothing: does it open, what is its format, how
//! much is in it, how much would be replayed. Whether every byte is right is for [`super::verify`].

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use redb::{ReadableDatabase, ReadableTableMetadata, TableError};

use super::StoreSettings;
use super::database::{Backend, FILE, applied, definition, failed, guarded};
use super::disk::Disk;
use super::error::{OpenError, StoreError};
use super::journal::scan;
use super::journal::segment::Segment;
use super::stamp::Stamp;
use super::tables::Table;
use super::verify::Overlay;
use crate::telemetry::progress::Progress;

/// What a look at a store found.
#[derive(Clone, Debug)]
pub struct Inspection {
    pub stamp: Stamp,
    /// Rows that were checkpointed, by table.
    pub rows: BTreeMap<&'static str, u64>,
    /// Bytes of `store.redb`.
    pub size: u64,
    /// Segments of the journal, and their bytes.
    pub segments: (u64, u64),
    /// Batches that the next start replays; 0 after a clean stop.
    pub to_replay: u64,
    /// What keeps the journal from being replayed.
    pub damage: Option<String>,
}

/// Looks at a store that nobody has. The lock is only tried, before and after: a daemon that starts meanwhile
/// must not be kept from it, what was seen then is worth nothing, and the answer is [`OpenError::InUse`].
pub fn inspect(disk: &dyn Disk, settings: &StoreSettings) -> Result<Inspection, OpenError> {
    is_free(disk)?;
    let found = look(disk, settings);
    is_free(disk)?;
    found
}

fn is_free(disk: &dyn Disk) -> Result<(), OpenError> {
    disk.lock().map(drop).map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => OpenError::InUse(error.to_string()),
        _ => OpenError::Io { file: "lock".to_owned(), error: error.to_string() },
    })
}

fn look(disk: &dyn Disk, settings: &StoreSettings) -> Result<Inspection, OpenError> {
    let io = |error: io::Error| OpenError::Io { file: FILE.to_owned(), error: error.to_string() };
    let file = disk.open(FILE).map_err(io)?;
    let size = file.len().map_err(io)?;
    let overlay = Overlay::new(file, &Progress::default()).map_err(io)?;
    let (stamp, rows, position) = guarded(|| {
        let mut builder = redb::Builder::new();
        builder.set_cache_size(settings.cache_bytes);
        let backend = Backend::new(Arc::new(overlay));
        let database = builder.create_with_backend(backend).map_err(failed)?;
        Ok((Stamp::read(&database)?, rows(&database)?, applied(&database)?))
    })?;
    let segments = segments(disk)?;
    let bytes = segments.iter().map(|segment| segment.size).sum();
    let mut found = Inspection {
        stamp,
        rows,
        size,
        segments: (segments.len() as u64, bytes),
        to_replay: 0,
        damage: None,
    };
    match replay(segments, position.0) {
        Ok(batches) => found.to_replay = batches,
        Err(error) => found.damage = Some(error.to_string()),
    }
    Ok(found)
}

fn rows(database: &redb::Database) -> Result<BTreeMap<&'static str, u64>, StoreError> {
    let transaction = database.begin_read().map_err(failed)?;
    let mut rows = BTreeMap::new();
    for table in Table::ALL {
        let count = match transaction.open_table(definition(*table)) {
            Ok(opened) => opened.len().map_err(failed)?,
            Err(TableError::TableDoesNotExist(_)) => 0,
            Err(error) => return Err(failed(error)),
        };
        rows.insert(table.name(), count);
    }
    Ok(rows)
}

fn segments(disk: &dyn Disk) -> Result<Vec<Segment>, OpenError> {
    let names = disk
        .list("journal")
        .map_err(|error| OpenError::Io { file: "journal".to_owned(), error: error.to_string() })?;
    let numbers = names.iter().filter_map(|name| Segment::number_of(name));
    let mut segments = numbers.map(|n| Segment::open(disk, n)).collect::<Result<Vec<_>, _>>()?;
    segments.sort_by_key(|segment| segment.header.number);
    Ok(segments)
}

/// The batches behind the applied one.
fn replay(segments: Vec<Segment>, applied: u64) -> Result<u64, StoreError> {
    let (kept, _) = scan::chain(segments);
    scan::check_chain(&kept)?;
    if kept.is_empty() {
        return Ok(0);
    }
    let end = scan::walk_from::<StoreError>(&kept, applied, |_| Ok(()))?;
    Ok(end.next_batch - 1 - applied)
}
