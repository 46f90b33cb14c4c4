//! The keyring where backups lie: one file of its own, which every backup replaces, so that a key that was destroyed
//! is gone from there too and what older backups hold of that person stays sealed. Any keyring of a store opens all of
//! its backups but what was erased; none opens without the root key.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::file::NewFile;
use super::object::{NewObject, Remote};
use super::place::{Place, is_dated};
use super::secret;
use crate::app::root_key;
use crate::cli::Failure;
use crate::config::{BackupConfig, Config};
use crate::store::backup::{About, Secret};
use crate::store::keys::Keys;
use crate::store::{self, KEYRING, Wanted};

/// Its name beside dated backups; beside one of another name it is that name and `.keyring`.
const BESIDE: &str = "frontdesk.keyring";
const AFTER: &str = ".keyring";

/// What opens a store that is encrypted.
#[derive(Args, Default)]
pub struct KeyFlags {
    /// The root key of the store that the backup was made of, if it is not where store.key_file says
    #[arg(long, value_name = "FILE")]
    root_key: Option<PathBuf>,
    /// The keyring, if it does not lie beside the backup
    #[arg(long, value_name = "FILE")]
    keyring: Option<PathBuf>,
}

/// A keyring that opens, and by what.
pub struct Unlocked {
    pub bytes: Vec<u8>,
    pub root: Secret,
    pub keys: Keys,
}

/// Puts the store's keyring to where a backup goes; nothing if there is none.
pub fn keep(place: &Place, config: &Config) -> Result<(), Failure> {
    let path = config.data_dir.join(KEYRING);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Failure::failed(format!("{}: {error}", path.display()))),
    };
    let at = |error: io::Error| Failure::failed(format!("the keyring: {error}"));
    match beside(place) {
        Place::Object { bucket, key } => {
            let remote = Remote::new(&bucket, &config.backup)?;
            let mut object = NewObject::begin(&remote, &key);
            object.write_all(&bytes).map_err(at)?;
            object.keep()
        }
        Place::File(path) => {
            let mut file = NewFile::begin(&path)?;
            file.write_all(&bytes).map_err(at)?;
            file.synced()?;
            file.keep()
        }
        Place::Directory(_) | Place::Prefix { .. } => Ok(()),
    }
}

/// Where the keyring lies for a backup, or for all of a place.
fn beside(place: &Place) -> Place {
    let named = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if is_dated(&name) { BESIDE.to_owned() } else { format!("{name}{AFTER}") }
    };
    match place {
        Place::Directory(path) => Place::File(path.join(BESIDE)),
        Place::File(path) => Place::File(path.with_file_name(named(path))),
        Place::Prefix { bucket, prefix } => {
            Place::Object { bucket: bucket.clone(), key: format!("{prefix}{BESIDE}") }
        }
        Place::Object { bucket, key } => {
            let (prefix, name) = key.rsplit_once('/').map_or(("", key.as_str()), |(p, n)| (p, n));
            let slash = if prefix.is_empty() { "" } else { "/" };
            let name = named(Path::new(name));
            Place::Object { bucket: bucket.clone(), key: format!("{prefix}{slash}{name}") }
        }
    }
}

impl KeyFlags {
    /// The keyring and the root key of a backup; none if nothing in it is encrypted.
    pub fn unlock(
        &self,
        place: &Place,
        about: &About,
        config: &Config,
    ) -> Result<Option<Unlocked>, Failure> {
        if about.keyring.is_none() {
            return Ok(None);
        }
        let beside = beside(place);
        let bytes = match &self.keyring {
            Some(path) => fs::read(path)
                .map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?,
            None => found(&beside, &config.backup)?.ok_or_else(|| {
                Failure::failed(format!(
                    "{place}: what it holds is encrypted, and its keyring is not at {beside}: name it with --keyring"
                ))
            })?,
        };
        let root = self.root(&bytes, config)?;
        let keys = store::check_keyring(&bytes, &root, about.keyring.as_deref());
        Ok(Some(Unlocked { keys: keys.map_err(Failure::failed)?, bytes, root }))
    }

    fn root(&self, keyring: &[u8], config: &Config) -> Result<Secret, Failure> {
        if let Some(file) = &self.root_key {
            return secret::key(file);
        }
        let passphrase = store::keyring_wants_passphrase(keyring).map_err(Failure::failed)?;
        root_key::get(config, Wanted::Existing { passphrase }).map_err(|error| {
            Failure::failed(format!(
                "{error}; or give the root key of the box that made the backup with --root-key"
            ))
        })
    }

    /// Whether the root key was named apart from the configuration.
    pub fn names_root_key(&self) -> bool {
        self.root_key.is_some()
    }
}

fn found(place: &Place, config: &BackupConfig) -> Result<Option<Vec<u8>>, Failure> {
    match place {
        Place::File(path) => match fs::read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure::failed(format!("{}: {error}", path.display()))),
        },
        Place::Object { bucket, key } => {
            let remote = Remote::new(bucket, config)?;
            if remote.size(key)?.is_none() {
                return Ok(None);
            }
            super::source::content(remote, key).map(Some)
        }
        Place::Directory(_) | Place::Prefix { .. } => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dated_backups_share_a_keyring_and_others_have_their_own() {
        let beside = |text: &str| beside(&Place::parse(text).unwrap()).to_string();
        assert_eq!(beside("/mnt/share/"), "/mnt/share/frontdesk.keyring");
        assert_eq!(beside("/mnt/share/desk.fdb"), "/mnt/share/desk.fdb.keyring");
        let dated = "frontdesk-20261121T120438.217Z.fdb";
        assert_eq!(beside(&format!("/mnt/{dated}")), "/mnt/frontdesk.keyring");
        assert_eq!(beside("s3://box/a"), "s3://box/a/frontdesk.keyring");
        assert_eq!(beside(&format!("s3://box/a/{dated}")), "s3://box/a/frontdesk.keyring");
        assert_eq!(beside("s3://box/mine.fdb"), "s3://box/mine.fdb.keyring");
    }
}
