//! A store's keys at work: the keyring in memory, the keys that are in use made ready, and the file that holds them.
//!
//! What always holds: a key is gone from the file, durably, before it is gone from memory; from the moment an owner is
//! doomed nothing new is sealed under the key.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use foldhash::HashMap;

use super::backup::Secret;
use super::disk::Disk;
use super::keyring::{Key, Keyring, Near};
use super::keyring_file::{self, KeyringError, Root};
use super::owner::Owner;

/// Keys held ready for use; making one of them costs eight hashes.
const MOST_READY: usize = 8192;

pub struct Keys {
    ring: RwLock<Keyring>,
    ready: RwLock<Ready>,
    doomed: RwLock<HashSet<Owner>>,
    /// Whoever changes the keyring holds this; none where it lies in memory alone.
    file: Option<Mutex<File>>,
}

/// Keys made ready, of the keyring as it is.
#[derive(Default)]
struct Ready {
    keys: HashMap<Owner, Key>,
    near: Near,
}

/// Where the keyring lies, and what opens it.
struct File {
    disk: Arc<dyn Disk>,
    root: Root,
    /// Directories of copies that this keyring opens, too.
    copies: Vec<String>,
}

impl File {
    /// What is gone in the store's own file is gone in the copies'.
    fn write(&self, bytes: &[u8]) -> Result<(), KeyringError> {
        for dir in &self.copies {
            keyring_file::write_beside(&*self.disk, dir, bytes)?;
        }
        Ok(keyring_file::write(&*self.disk, bytes)?)
    }
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

impl Keys {
    /// Keys that no file holds: to read a backup, and for tests.
    pub fn in_memory(ring: Keyring) -> Keys {
        Keys {
            ring: RwLock::new(ring),
            ready: RwLock::default(),
            doomed: RwLock::default(),
            file: None,
        }
    }

    /// The keys of the keyring that lies on this disk under this root key.
    pub(super) fn of_file(
        ring: Keyring,
        disk: Arc<dyn Disk>,
        root: Root,
        copies: Vec<String>,
    ) -> Keys {
        Keys { file: Some(Mutex::new(File { disk, root, copies })), ..Keys::in_memory(ring) }
    }

    /// The key of an owner; none when it was destroyed.
    pub fn key(&self, owner: Owner) -> Option<Key> {
        if let Some(key) = read(&self.ready).keys.get(&owner) {
            return Some(*key);
        }
        // Held while the key is made ready, so that one that is destroyed meanwhile does not come back.
        let ring = read(&self.ring);
        let mut ready = write(&self.ready);
        let key = ring.key_near(owner, &mut ready.near)?;
        if ready.keys.len() >= MOST_READY {
            ready.keys.clear();
        }
        ready.keys.insert(owner, key);
        Some(key)
    }

    /// From now on nothing is sealed under this owner's key.
    pub fn doom(&self, owner: Owner) {
        write(&self.doomed).insert(owner);
    }

    pub fn is_doomed(&self, owner: Owner) -> bool {
        read(&self.doomed).contains(&owner)
    }

    /// Destroys keys, durably; of owners that have none any more nothing is to be done.
    pub fn destroy(&self, owners: &[Owner]) -> Result<(), KeyringError> {
        let file =
            self.file.as_ref().map(|file| file.lock().unwrap_or_else(PoisonError::into_inner));
        let mut ring = read(&self.ring).clone();
        let destroyed = owners.iter().filter(|owner| ring.destroy(**owner)).count();
        if destroyed > 0 {
            if let Some(file) = &file {
                let bytes = keyring_file::lock(&ring, &file.root)?;
                file.write(&bytes)?;
            }
            let mut held = write(&self.ring);
            *held = ring;
            *write(&self.ready) = Ready::default();
        }
        let mut doomed = write(&self.doomed);
        owners.iter().for_each(|owner| _ = doomed.remove(owner));
        Ok(())
    }

    /// Puts the keyring under another root key, durably. Takes a second if that is a passphrase.
    pub fn rotate(&self, root: &Secret) -> Result<(), KeyringError> {
        let Some(file) = &self.file else { return Ok(()) };
        // Nobody waits for the file meanwhile.
        let root = Root::new(root)?;
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = keyring_file::lock(&read(&self.ring), &root)?;
        file.write(&bytes)?;
        file.root = root;
        Ok(())
    }
}
