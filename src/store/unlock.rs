//! From a store that is open to the seal under which its values lie.
//!
//! The store names its keyring in a row of its own, so that a keyring that is missing, or another's, is a refusal to
//! start and never a new one: what is sealed would be lost. The row says too whether all values lie as the
//! configuration wants them; if not, writing the store anew ([`super::compaction`]) brings them there.

use std::sync::Arc;

use redb::{Durability, ReadableDatabase, TableError, WriteTransaction};

use super::backup::Secret;
use super::checkpoint::begin;
use super::database::{Instance, definition, failed, guarded};
use super::error::StoreError;
use super::kept;
use super::keyring::Keyring;
use super::keyring_file::{self, KeyringError, Root};
use super::keys::Keys;
use super::reader::Base;
use super::seal::Seal;
use super::tables::Table;
use super::writer::Store;

/// Row of [`Table::Meta`]: a version byte, the keyring's id, whether values are encrypted, whether all are as that says.
pub const MARK: &[u8] = b"store.keyring";

/// What a store says of its encryption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub keyring: [u8; 16],
    pub encrypts: bool,
    /// Some values lie otherwise: they were written before that was changed.
    pub mixed: bool,
}

/// Which root key is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// For a keyring that is made now.
    New,
    /// The one that a keyring is locked with.
    Existing { passphrase: bool },
}

/// Why a store cannot be unlocked.
#[derive(Debug, thiserror::Error)]
pub enum UnlockError {
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(
        "the store is encrypted and its keyring is missing: put the file `keyring` back into the data directory, from beside the backups"
    )]
    Missing,
    #[error(
        "the file `keyring` belongs to another store: put back the one of this store, from beside its backups"
    )]
    Another,
}

impl Mark {
    fn encode(self) -> [u8; 19] {
        let mut value = [1; 19];
        value[1..17].copy_from_slice(&self.keyring);
        value[17] = self.encrypts.into();
        value[18] = self.mixed.into();
        value
    }

    /// The keyring without which not everything opens, as hex digits.
    pub(super) fn wanted(self) -> Option<String> {
        (self.encrypts || self.mixed).then(|| show(&self.keyring))
    }

    pub(super) fn decode(value: &[u8]) -> Option<Mark> {
        match value {
            [1, keyring @ .., encrypts @ (0 | 1), mixed @ (0 | 1)] => Some(Mark {
                keyring: keyring.try_into().ok()?,
                encrypts: *encrypts == 1,
                mixed: *mixed == 1,
            }),
            _ => None,
        }
    }

    fn read(instance: &Instance) -> Result<Option<Mark>, StoreError> {
        guarded(|| {
            let transaction = instance.redb()?.begin_read().map_err(failed)?;
            let table = match transaction.open_table(definition(Table::Meta)) {
                Ok(table) => table,
                Err(TableError::TableDoesNotExist(_)) => return Ok(None),
                Err(error) => return Err(failed(error)),
            };
            let Some(row) = table.get(MARK).map_err(failed)? else { return Ok(None) };
            let mark = Mark::decode(row.value());
            let unknown =
                || StoreError::Damaged("the name of its keyring cannot be read".to_owned());
            mark.map(Some).ok_or_else(unknown)
        })
    }

    /// Puts it, durably.
    fn write(self, instance: &Instance) -> Result<(), StoreError> {
        guarded(|| {
            let transaction = begin(instance, Durability::Immediate)?;
            self.put(&transaction)?;
            transaction.commit().map_err(failed)
        })
    }

    /// Puts it with the rows of a transaction.
    pub(super) fn put(self, transaction: &WriteTransaction) -> Result<(), StoreError> {
        let mut meta = transaction.open_table(definition(Table::Meta)).map_err(failed)?;
        drop(meta.insert(MARK, self.encode().as_slice()).map_err(failed)?);
        Ok(())
    }
}

/// The id of a keyring as it is told.
fn show(id: &[u8; 16]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether the bytes of a keyring's file open with this root key, and are the keyring of this id.
pub fn check(bytes: &[u8], root: &Secret, id: Option<&str>) -> Result<Keys, UnlockError> {
    let (ring, _) = keyring_file::unlock(bytes, root)?;
    if id.is_some_and(|id| id != show(&ring.id)) {
        return Err(UnlockError::Another);
    }
    Ok(Keys::in_memory(ring))
}

impl Store {
    /// The seal of this store's values, for whoever opened it and has written nothing yet. `hashes` is the one of its
    /// row keys alone; `root` is asked for the root key if one is needed.
    pub fn unlock<E: From<UnlockError>>(
        &mut self,
        hashes: Seal,
        encrypts: bool,
        root: impl FnOnce(Wanted) -> Result<Secret, E>,
    ) -> Result<Seal, E> {
        let store = |error: StoreError| E::from(UnlockError::Store(error));
        let ring = |error: KeyringError| E::from(UnlockError::Keyring(error));
        let instance = self.database.current().map_err(store)?;
        let mark = Mark::read(&instance).map_err(store)?;
        if !encrypts && mark.is_none_or(|mark| !mark.encrypts && !mark.mixed) {
            return Ok(hashes);
        }
        let file = keyring_file::read(&*self.disk).map_err(|error| ring(error.into()))?;
        let (keyring, root) = match file {
            Some(bytes) => {
                let passphrase = keyring_file::wants_passphrase(&bytes).map_err(ring)?;
                let root = root(Wanted::Existing { passphrase })?;
                keyring_file::unlock(&bytes, &root).map_err(ring)?
            }
            None if mark.is_some() => return Err(UnlockError::Missing.into()),
            None => {
                let root = Root::new(&root(Wanted::New)?).map_err(ring)?;
                let mut random = [0; 112];
                getrandom::fill(&mut random).map_err(|e| ring(KeyringError::Random(e)))?;
                let keyring = Keyring::new(&random);
                let bytes = keyring_file::lock(&keyring, &root).map_err(ring)?;
                keyring_file::write(&*self.disk, &bytes).map_err(|error| ring(error.into()))?;
                (keyring, root)
            }
        };
        if mark.is_some_and(|mark| mark.keyring != keyring.id) {
            return Err(UnlockError::Another.into());
        }
        let mixed = match mark {
            None => self.journal.last_batch() > 0,
            Some(mark) => mark.mixed || mark.encrypts != encrypts,
        };
        let now = Mark { keyring: keyring.id, encrypts, mixed };
        if mark != Some(now) {
            // Before the first value is sealed: what is sealed is never without the name of its keyring.
            now.write(&instance).map_err(store)?;
            let base = Base::of(&instance).map_err(store)?;
            self.current.write().base = Ok(Arc::new(base));
        }
        self.mark = Some(now);
        let copies = kept::copies(&*self.disk, self.settings.upgrade.newest());
        let keys = Keys::of_file(keyring, Arc::clone(&self.disk), root, copies);
        Ok(hashes.with_keys(Arc::new(keys), encrypts))
    }

    /// Whether values lie otherwise than the configuration wants: writing the store anew brings them there.
    pub fn is_mixed(&self) -> bool {
        self.mark.is_some_and(|mark| mark.mixed)
    }
}
