//! The root key of the store's encryption: from the file, the credential or the passphrase that the configuration
//! names; the file is made when a store is.
//!
//! A rotation writes the new key beside the old one, puts the keyring under it, and gives it the name: whatever is cut
//! off between these, one of the two files opens the keyring.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

use crate::config::{Config, Encryption};
use crate::store::backup::Secret;
use crate::store::seal::Seal;
use crate::store::{KeyringError, Store, UnlockError, Wanted};

/// The file's name where the configuration gives none.
pub const NAME: &str = "root.key";
/// Far more than a key or a passphrase takes.
const MAX_FILE: u64 = 4096;

#[derive(Debug, thiserror::Error)]
pub enum RootKeyError {
    #[error(
        "the store is encrypted and its root key is not at {0}: put the file back (or the medium that holds it), or name it with store.key_file"
    )]
    Missing(PathBuf),
    #[error("{0}: {1}")]
    Io(PathBuf, io::Error),
    #[error("{0} is no key: expected 32 bytes or 64 hex digits, as `openssl rand -hex 32` makes")]
    NoKey(PathBuf),
    #[error(
        "the store is encrypted with a passphrase: give it with store.passphrase_file (or store.passphrase)"
    )]
    NoPassphrase,
    #[error("the system gives no random bytes: {0}")]
    Random(getrandom::Error),
    #[error(transparent)]
    Unlock(#[from] UnlockError),
}

impl From<KeyringError> for RootKeyError {
    fn from(error: KeyringError) -> RootKeyError {
        RootKeyError::Unlock(error.into())
    }
}

/// Where the root key's file is, or would be.
pub fn path(config: &Config) -> PathBuf {
    let named = &config.store.key_file;
    if named.as_os_str().is_empty() { config.data_dir.join(NAME) } else { named.clone() }
}

/// The root key that is wanted.
pub fn get(config: &Config, wanted: Wanted) -> Result<Secret, RootKeyError> {
    let passphrase = match wanted {
        Wanted::New => config.store.encryption == Encryption::Passphrase,
        Wanted::Existing { passphrase } => passphrase,
    };
    if passphrase {
        return self::passphrase(config);
    }
    if let Some(digits) = config.store.key.given() {
        let key = Secret::of_key_file(digits.as_bytes());
        return key.ok_or_else(|| RootKeyError::NoKey("store.key".into()));
    }
    let path = path(config);
    match of_file(&path) {
        Err(RootKeyError::Missing(_)) if wanted == Wanted::New => {
            let secret = make(&path)?;
            tracing::warn!(
                path = %path.display(),
                "the root key of the store was made: keep a copy of this file elsewhere, without it neither the store nor its backups can be read"
            );
            Ok(secret)
        }
        found => found,
    }
}

fn passphrase(config: &Config) -> Result<Secret, RootKeyError> {
    let store = &config.store;
    if let Some(words) = store.passphrase.given() {
        return Ok(Secret::Passphrase(words.to_owned()));
    }
    if store.passphrase_file.as_os_str().is_empty() {
        return Err(RootKeyError::NoPassphrase);
    }
    let bytes = content(&store.passphrase_file)?;
    let words = String::from_utf8_lossy(&bytes).lines().next().unwrap_or_default().to_owned();
    if words.is_empty() {
        return Err(RootKeyError::NoPassphrase);
    }
    Ok(Secret::Passphrase(words))
}

fn of_file(path: &Path) -> Result<Secret, RootKeyError> {
    Secret::of_key_file(&content(path)?).ok_or_else(|| RootKeyError::NoKey(path.to_owned()))
}

fn content(path: &Path) -> Result<Vec<u8>, RootKeyError> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAX_FILE).read_to_end(&mut bytes));
    match read {
        Ok(_) => Ok(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(RootKeyError::Missing(path.to_owned()))
        }
        Err(error) => Err(RootKeyError::Io(path.to_owned(), error)),
    }
}

/// The seal of a store that was opened and that nobody has written to; `hashes` is the one of its row keys alone.
pub fn unlock(config: &Config, store: &mut Store, hashes: Seal) -> Result<Seal, RootKeyError> {
    let encrypts = config.store.encryption != Encryption::Off;
    let found = store.unlock(hashes.clone(), encrypts, |wanted| get(config, wanted));
    let path = path(config);
    match found {
        Err(RootKeyError::Unlock(UnlockError::Keyring(KeyringError::WrongKey))) => {
            // A rotation may have been cut off behind the keyring.
            let Some(left) = left_over(&path) else {
                return Err(UnlockError::from(KeyringError::WrongKey).into());
            };
            let seal = store.unlock::<RootKeyError>(hashes, encrypts, |_| Ok(left))?;
            adopt(&path)?;
            Ok(seal)
        }
        found => found,
    }
}

/// The name of a key that is not in use yet.
fn fresh(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

/// Writes a random key, durably.
fn make(path: &Path) -> Result<Secret, RootKeyError> {
    let secret = write_fresh(path)?;
    adopt(path)?;
    Ok(secret)
}

/// Writes a random key under the name of one that is not in use yet, durably, for its owner's eyes only.
pub fn write_fresh(path: &Path) -> Result<Secret, RootKeyError> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(RootKeyError::Random)?;
    write(path, &key)?;
    Ok(Secret::Key(key))
}

/// Puts a key where there is none yet.
pub fn install(path: &Path, key: &[u8; 32]) -> Result<(), RootKeyError> {
    if path.exists() {
        return Ok(());
    }
    write(path, key)?;
    adopt(path)
}

fn write(path: &Path, key: &[u8; 32]) -> Result<(), RootKeyError> {
    let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    let fresh = fresh(path);
    let write = || {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
        file.write_all(format!("{hex}\n").as_bytes())?;
        // Root rotates the key of the daemon's own user.
        if let Ok(old) = fs::metadata(path) {
            fchown(&file, Some(old.uid()), Some(old.gid()))?;
        }
        file.sync_all()?;
        sync_parent(&fresh)
    };
    write().map_err(|error| RootKeyError::Io(fresh.clone(), error))
}

/// Gives such a key its name; the one that had it is overwritten.
pub fn adopt(path: &Path) -> Result<(), RootKeyError> {
    let old = OpenOptions::new().write(true).open(path);
    let adopt = || {
        fs::rename(fresh(path), path)?;
        sync_parent(path)
    };
    adopt().map_err(|error| RootKeyError::Io(path.to_owned(), error))?;
    if let Ok(mut old) = old {
        let zeros = old.metadata().map(|found| vec![0; found.len().min(MAX_FILE) as usize]);
        // It has no name any more: nothing is lost if this fails.
        let _ = zeros.and_then(|zeros| old.write_all(&zeros)).and_then(|()| old.sync_all());
    }
    Ok(())
}

/// The key that a rotation had made when it was cut off; none if there is none.
fn left_over(path: &Path) -> Option<Secret> {
    of_file(&fresh(path)).ok()
}

fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}
