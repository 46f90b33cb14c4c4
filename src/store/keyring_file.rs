//! The file `keyring`: a store's keys, sealed under the root key, which lies elsewhere.
//!
//! ```text
//! file = magic "fdkeyrng", format u32, lock u8, 3 zeros, salt 16, argon2 memory KiB u32, passes u32, lanes u32,
//!        key check 16, nonce 24, checksum of all this u64, the keyring sealed with XChaCha20-Poly1305
//! ```
//!
//! Integers are little endian; `lock` is 1 (passphrase, by argon2id) or 2 (key file, by HMAC-SHA256), both with the
//! salt; what stands before the sealed keyring is its associated data. What always holds: the file is replaced as a
//! whole, under a fresh nonce, and with a key file under a fresh salt and so a fresh key; the old one is overwritten
//! once it has no name any more. (What the cells of a flash card keep of it, nobody can tell: whoever has that and the
//! root key of its time can read it.) A passphrase is stretched when a store is opened or rotated and never later:
//! that takes a second, and the writer destroys keys between two batches.

use std::io;
use std::sync::Arc;

use chacha20poly1305::aead::Aead;
use chacha20poly1305::aead::Payload;
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use subtle::ConstantTimeEq;
use xxhash_rust::xxh3::xxh3_64;

use super::backup::Secret;
use super::backup::head::{COSTS_NOW, mac, stretch};
use super::disk::Disk;
use super::keyring::{Key, Keyring};

/// The file's name in the data directory.
pub const NAME: &str = "keyring";
const UNFINISHED: &str = "keyring.new";
const MAGIC: &[u8; 8] = b"fdkeyrng";
const FORMAT: u32 = 1;
const SALT: std::ops::Range<usize> = 16..32;
const COSTS: std::ops::Range<usize> = 32..44;
const CHECK: std::ops::Range<usize> = 44..60;
const NONCE: std::ops::Range<usize> = 60..84;
const SUM: std::ops::Range<usize> = 84..92;
const HEAD: usize = 92;
/// Far more than keyrings come to.
pub const MAX_FILE: u64 = 1 << 30;

/// Why a keyring does not open.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    #[error("{file}: {error}", file = NAME)]
    Io { error: io::Error },
    #[error(
        "the root key does not fit the keyring: it is another one. Put back the key file (or the passphrase) that this store was made with, or the one it was last rotated to"
    )]
    WrongKey,
    #[error(
        "the keyring is locked with a {wants}, and a {given} was given; set store.encryption accordingly"
    )]
    OtherLock { wants: &'static str, given: &'static str },
    #[error("the file `keyring` is damaged ({0}); put back the copy that lies beside the backups")]
    Damaged(String),
    #[error(
        "the file `keyring` has format {0}, which this program does not know; it is of a newer frontdesk"
    )]
    Newer(u32),
    #[error("the system gives no random bytes: {0}")]
    Random(getrandom::Error),
}

impl From<io::Error> for KeyringError {
    fn from(error: io::Error) -> KeyringError {
        KeyringError::Io { error }
    }
}

fn lock_word(lock: u8) -> &'static str {
    if lock == 1 { "passphrase" } else { "key file" }
}

fn lock_of(secret: &Secret) -> u8 {
    match secret {
        Secret::Passphrase(_) => 1,
        Secret::Key(_) => 2,
    }
}

/// Whether a keyring's file is locked with a passphrase; an error if it is none.
pub fn wants_passphrase(bytes: &[u8]) -> Result<bool, KeyringError> {
    Ok(head(bytes)?[12] == 1)
}

fn head(bytes: &[u8]) -> Result<&[u8; HEAD], KeyringError> {
    let damaged = |what: &str| KeyringError::Damaged(what.to_owned());
    let head = bytes.first_chunk::<HEAD>().ok_or_else(|| damaged("it is cut off"))?;
    if &head[..8] != MAGIC {
        return Err(damaged("it is no keyring"));
    }
    if head[SUM] != xxh3_64(&head[..SUM.start]).to_le_bytes() {
        return Err(damaged("its head does not have the checksum that it says"));
    }
    let format = number(head, 8);
    if format > FORMAT {
        return Err(KeyringError::Newer(format));
    }
    Ok(head)
}

fn number(head: &[u8; HEAD], at: usize) -> u32 {
    head[at..at + 4].iter().rev().fold(0, |n, byte| n << 8 | u32::from(*byte))
}

fn wrapping_key(head: &[u8; HEAD], root: &Secret) -> Result<Key, KeyringError> {
    let salt = &head[SALT];
    match root {
        Secret::Key(file) => Ok(mac(file, &[b"frontdesk keyring", salt])),
        Secret::Passphrase(words) => {
            let costs = [0, 4, 8].map(|at| number(head, COSTS.start + at));
            stretch(words, salt, (costs[0], costs[1], costs[2])).map_err(KeyringError::Damaged)
        }
    }
}

fn check(head: &[u8; HEAD], key: &Key) -> [u8; 16] {
    let mut check = [0; 16];
    check.copy_from_slice(&mac(key, &[b"head", &head[..CHECK.start]])[..16]);
    check
}

/// A root key at hand: what a keyring's file is sealed under, without stretching anything again.
pub enum Root {
    Key(Key),
    /// A passphrase, stretched: the salt and the costs of that as they stand in the head, and the key.
    Stretched {
        head: [u8; COSTS.end - SALT.start],
        key: Key,
    },
}

impl Root {
    /// A root key for a file that is written now. Takes a second if it is a passphrase.
    pub fn new(root: &Secret) -> Result<Root, KeyringError> {
        let mut head = [0; HEAD];
        getrandom::fill(&mut head[SALT]).map_err(KeyringError::Random)?;
        let (memory, passes, lanes) = COSTS_NOW;
        for (cost, at) in [memory, passes, lanes].iter().zip(head[COSTS].chunks_exact_mut(4)) {
            at.copy_from_slice(&cost.to_le_bytes());
        }
        match root {
            Secret::Key(key) => Ok(Root::Key(*key)),
            Secret::Passphrase(_) => Ok(Root::stretched(&head, wrapping_key(&head, root)?)),
        }
    }

    fn stretched(head: &[u8; HEAD], key: Key) -> Root {
        let mut costs = [0; COSTS.end - SALT.start];
        costs.copy_from_slice(&head[SALT.start..COSTS.end]);
        Root::Stretched { head: costs, key }
    }
}

/// A keyring as the bytes of its file.
pub fn lock(ring: &Keyring, root: &Root) -> Result<Vec<u8>, KeyringError> {
    let mut head = [0; HEAD];
    head[..8].copy_from_slice(MAGIC);
    head[8..12].copy_from_slice(&FORMAT.to_le_bytes());
    let key = match root {
        Root::Key(file) => {
            head[12] = 2;
            getrandom::fill(&mut head[SALT]).map_err(KeyringError::Random)?;
            wrapping_key(&head, &Secret::Key(*file))?
        }
        Root::Stretched { head: salted, key } => {
            head[12] = 1;
            head[SALT.start..COSTS.end].copy_from_slice(salted);
            *key
        }
    };
    let checked = check(&head, &key);
    head[CHECK].copy_from_slice(&checked);
    let mut nonce = [0; 24];
    getrandom::fill(&mut nonce).map_err(KeyringError::Random)?;
    head[NONCE].copy_from_slice(&nonce);
    let sum = xxh3_64(&head[..SUM.start]);
    head[SUM].copy_from_slice(&sum.to_le_bytes());
    let plain = ring.encode();
    let payload = Payload { msg: &plain, aad: &head };
    let sealed = XChaCha20Poly1305::new(&key.into())
        .encrypt(&nonce.into(), payload)
        .map_err(|_| KeyringError::Damaged("it is too large to be sealed".to_owned()))?;
    Ok([&head[..], &sealed].concat())
}

/// The keyring in the bytes of its file, and what seals it again. Takes a second if the root key is a passphrase.
pub fn unlock(bytes: &[u8], root: &Secret) -> Result<(Keyring, Root), KeyringError> {
    let head = head(bytes)?;
    let (wants, given) = (lock_word(head[12]), lock_word(lock_of(root)));
    if wants != given {
        return Err(KeyringError::OtherLock { wants, given });
    }
    let key = wrapping_key(head, root)?;
    if !bool::from(check(head, &key)[..].ct_eq(&head[CHECK])) {
        return Err(KeyringError::WrongKey);
    }
    let mut nonce = [0; 24];
    nonce.copy_from_slice(&head[NONCE]);
    let payload = Payload { msg: &bytes[HEAD..], aad: &head[..] };
    let plain = XChaCha20Poly1305::new(&key.into())
        .decrypt(&nonce.into(), payload)
        .map_err(|_| KeyringError::Damaged("it does not open under its key".to_owned()))?;
    let ring = Keyring::decode(&plain).map_err(KeyringError::Damaged)?;
    let root = match root {
        Secret::Key(file) => Root::Key(*file),
        Secret::Passphrase(_) => Root::stretched(head, key),
    };
    Ok((ring, root))
}

/// The bytes of the file; none if there is no keyring.
pub fn read(disk: &dyn Disk) -> io::Result<Option<Vec<u8>>> {
    let file = match disk.open(NAME) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = vec![0; usize::try_from(file.len()?.min(MAX_FILE)).unwrap_or_default()];
    file.read_at(0, &mut bytes)?;
    Ok(Some(bytes))
}

/// Puts a keyring in the place of the one that is there, durably: a power cut leaves the old one, whole, or this.
pub fn write(disk: &dyn Disk, bytes: &[u8]) -> io::Result<()> {
    write_in(disk, "", bytes)
}

/// The same in the copy of a store that has a keyring; one that has none holds nothing sealed.
pub fn write_beside(disk: &dyn Disk, dir: &str, bytes: &[u8]) -> io::Result<()> {
    match disk.open(&format!("{dir}/{NAME}")) {
        Ok(_) => write_in(disk, dir, bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn write_in(disk: &dyn Disk, dir: &str, bytes: &[u8]) -> io::Result<()> {
    let at = |name: &str| if dir.is_empty() { name.to_owned() } else { format!("{dir}/{name}") };
    let old = match disk.open(&at(NAME)) {
        Ok(file) => Some(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let fresh = disk.create(&at(UNFINISHED))?;
    fresh.write_at(0, bytes)?;
    fresh.sync_data()?;
    disk.rename(&at(UNFINISHED), &at(NAME))?;
    disk.sync_dir(dir)?;
    if let Some(old) = old {
        overwrite(&old);
    }
    Ok(())
}

/// Nobody needs what was replaced; that it cannot be overwritten is no reason to fail.
fn overwrite(old: &Arc<dyn super::disk::DiskFile>) {
    let zeros = old.len().map(|len| vec![0; usize::try_from(len).unwrap_or_default()]);
    let done = zeros.and_then(|zeros| old.write_at(0, &zeros)).and_then(|()| old.sync_data());
    if let Err(error) = done {
        tracing::debug!(%error, "the keyring that was replaced could not be overwritten");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::owner::Owner;

    #[test]
    fn a_keyring_opens_with_its_root_key_and_no_other() {
        let ring = Keyring::new(&[5; 112]);
        let file = lock(&ring, &Root::Key([1; 32])).expect("locked");
        assert_eq!(unlock(&file, &Secret::Key([1; 32])).expect("opens").0.id, ring.id);
        assert!(matches!(unlock(&file, &Secret::Key([2; 32])), Err(KeyringError::WrongKey)));
        let words = Secret::Passphrase("correct horse".to_owned());
        assert!(matches!(unlock(&file, &words), Err(KeyringError::OtherLock { .. })));
        assert!(!wants_passphrase(&file).expect("a keyring"));
    }

    #[test]
    fn a_passphrase_that_was_stretched_once_seals_every_later_keyring() {
        let words = Secret::Passphrase("correct horse".to_owned());
        let mut ring = Keyring::new(&[5; 112]);
        let first = lock(&ring, &Root::new(&words).expect("stretched")).expect("locked");
        let (_, root) = unlock(&first, &words).expect("opens");
        ring.destroy(Owner::Ticket(1001));
        let began = std::time::Instant::now();
        let files: Vec<_> = (0..1000).map(|_| lock(&ring, &root).expect("locked")).collect();
        let of_each = began.elapsed() / 1000;
        assert_ne!(files[0][NONCE], files[1][NONCE]);
        assert_ne!(files[0][HEAD..], files[1][HEAD..]);
        let began = std::time::Instant::now();
        let (opened, _) = unlock(&files[999], &words).expect("opens");
        assert!(of_each * 10 < began.elapsed(), "{of_each:?}: stretching is not done again");
        assert_eq!(opened.key(Owner::Ticket(1001)), None);
        assert!(wants_passphrase(&files[0]).expect("a keyring"));
        let other = Secret::Passphrase("another horse".to_owned());
        assert!(matches!(unlock(&files[0], &other), Err(KeyringError::WrongKey)));
    }

    #[test]
    fn the_same_keyring_is_never_sealed_under_the_same_key_twice() {
        let ring = Keyring::new(&[5; 112]);
        let root = Root::Key([1; 32]);
        let (one, two) = (lock(&ring, &root).expect("locked"), lock(&ring, &root).expect("locked"));
        assert_ne!(one[SALT], two[SALT]);
        assert_ne!(one[HEAD..], two[HEAD..]);
    }

    #[test]
    fn any_flipped_bit_is_found() {
        let ring = Keyring::new(&[5; 112]);
        let file = lock(&ring, &Root::Key([1; 32])).expect("locked");
        let root = Secret::Key([1; 32]);
        for at in 0..file.len() {
            let mut damaged = file.clone();
            damaged[at] ^= 1;
            assert!(unlock(&damaged, &root).is_err(), "byte {at}");
        }
        assert!(unlock(&file[..file.len() - 1], &root).is_err());
        let (kept, _) = unlock(&file, &root).expect("opens");
        assert_eq!(kept.key(Owner::Ticket(1001)), ring.key(Owner::Ticket(1001)));
    }
}
