//! Reading a backup back, from wherever it lies.

use std::fs::File;
use std::io::{BufReader, Read};

use super::file;
use super::object::{OldObject, Remote};
use super::place::Place;
use super::secret::Flags;
use crate::app;
use crate::cli::Failure;
use crate::config::{BackupConfig, Config};
use crate::store::backup::{Backup, BackupError};
use crate::telemetry::progress::Progress;

/// A backup that was found.
pub struct Source {
    /// Where it lies.
    pub place: Place,
    input: Box<dyn Read>,
    size: u64,
}

/// Finds a backup; in a directory or below a prefix the newest one.
pub fn find(place: Place, config: &BackupConfig) -> Result<Source, Failure> {
    let none = |place: &Place| Failure::failed(format!("{place}: there is no backup"));
    match place {
        Place::Directory(path) => {
            let newest = file::newest(&path)?.ok_or_else(|| none(&Place::Directory(path)))?;
            find(Place::File(newest), config)
        }
        Place::File(path) => {
            let at = |error| Failure::failed(format!("{}: {error}", path.display()));
            let file = File::open(&path).map_err(at)?;
            let size = file.metadata().map_err(at)?.len();
            let input = Box::new(BufReader::with_capacity(1 << 18, file));
            Ok(Source { place: Place::File(path), input, size })
        }
        Place::Prefix { bucket, prefix } => {
            let newest = Remote::new(&bucket, config)?.newest(&prefix)?;
            let key = newest.ok_or_else(|| {
                none(&Place::Prefix { bucket: bucket.clone(), prefix: prefix.clone() })
            })?;
            find(Place::Object { bucket, key }, config)
        }
        Place::Object { bucket, key } => {
            let remote = Remote::new(&bucket, config)?;
            let place = Place::Object { bucket, key: key.clone() };
            let size = remote.size(&key)?.ok_or_else(|| none(&place))?;
            Ok(Source { place, input: Box::new(OldObject::open(remote, &key, size)), size })
        }
    }
}

impl Source {
    /// Reads the beginning; the secret is looked for only if there is a lock. Bytes are counted in `progress`.
    pub fn open(
        self,
        flags: &Flags,
        config: &Config,
        progress: &Progress,
    ) -> Result<Backup<Box<dyn Read>>, Failure> {
        progress.set_total(self.size);
        let mut missing = None;
        let opened = Backup::open(self.input, newest(config), progress, |lock| {
            flags.for_reading(&config.backup, lock).map_err(|failure| missing = Some(failure)).ok()
        });
        opened.map_err(|error| missing.unwrap_or_else(|| refused(&self.place, &error)))
    }
}

/// A small object as a whole.
pub fn content(remote: Remote, key: &str) -> Result<Vec<u8>, Failure> {
    let size = remote.size(key)?.unwrap_or(0);
    let mut bytes = Vec::new();
    OldObject::open(remote, key, size).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The newest format of rows that this program works with.
pub fn newest(config: &Config) -> u32 {
    app::settings(config).upgrade.newest()
}

/// A backup that does not verify.
pub fn refused(place: &Place, error: &BackupError) -> Failure {
    Failure::failed(format!("{place}: {error}"))
}
