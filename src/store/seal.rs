//! The one place through which values and events pass on their way into a plan, and addresses on their way
//! into a row key.
//!
//! Row keys never hold personal data: an address becomes a keyed hash under a key that is made on first
//! start and lies beside the store (`keys`, mode 0600). Values lie in an envelope:
//!
//! ```text
//! 0x00: what follows is plain, as versions before encryption wrote it
//! 0x2d: owner, XXH3-64 of place, owner and value (u64 LE), the value
//! 0xd2: owner, nonce 24 bytes, the value under XChaCha20-Poly1305, tag 16 bytes; place and owner are associated data
//! ```
//!
//! The owner ([`Owner`]) says under which key a value lies. The place is table number and row key, so a value that was
//! moved to another row does not open. What always holds:
//! - a value that was changed on the disk is an error and never served, encrypted or not;
//! - values are sealed once, before the journal: journal, redb, feed and backups hold the same bytes;
//! - no value is sealed under a key that is destroyed or about to be: such go under the desk's own.

use std::borrow::Cow;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use xxhash_rust::xxh3::Xxh3;

use super::aead::{self, NONCE, TAG};
use super::keyring::Key;
use super::keys::Keys;
use super::owner::Owner;
use super::records;
use super::tables::Table;

/// The length of a hashed row key.
pub const HASHED: usize = 16;

// No flipped bit makes one of the other.
const PLAIN: u8 = 0;
const CHECKED: u8 = 0x2d;
const SEALED: u8 = 0xd2;
const SUM: usize = 8;

/// Where a value stands.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    table: u8,
    key: &'a [u8],
}

impl<'a> Place<'a> {
    /// An event of the feed: it stands in no table.
    pub const EVENT: Place<'static> = Place { table: u8::MAX, key: &[] };

    pub fn row(table: Table, key: &'a [u8]) -> Place<'a> {
        Place { table: table as u8, key }
    }
}

/// Nonces that never come twice: random bytes and a count.
#[derive(Clone, Debug)]
pub struct Nonces {
    base: [u8; 16],
    taken: u64,
}

impl Nonces {
    /// `random` is told to everybody; it must not come twice.
    pub fn new(random: [u8; 16]) -> Nonces {
        Nonces { base: random, taken: 0 }
    }

    fn take(&mut self) -> [u8; NONCE] {
        let mut nonce = [0; NONCE];
        nonce[..16].copy_from_slice(&self.base);
        nonce[16..].copy_from_slice(&self.taken.to_le_bytes());
        self.taken += 1;
        nonce
    }
}

#[derive(Clone)]
pub struct Seal {
    /// Keyed once; every hash begins from a copy.
    mac: Hmac<Sha256>,
    keys: Option<Arc<Keys>>,
    /// Whether what is put now is encrypted.
    encrypts: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum SealError {
    #[error("a stored value has envelope {0}, which this program cannot open")]
    Envelope(u8),
    #[error("a stored value is empty")]
    Empty,
    #[error("a stored value was changed or damaged on the disk; run `frontdesk verify`")]
    Damaged,
    #[error("a stored value is encrypted, and the keyring is not here")]
    Locked,
    #[error("a stored value was erased: its key is destroyed")]
    Erased,
}

impl Seal {
    /// A seal that encrypts nothing.
    pub fn new(key: [u8; 32]) -> Seal {
        let mac = Hmac::new_from_slice(&key).expect("HMAC takes a key of any length");
        Seal { mac, keys: None, encrypts: false }
    }

    /// The same with keys: what is encrypted opens, and what is put is encrypted if `encrypts`.
    pub fn with_keys(self, keys: Arc<Keys>, encrypts: bool) -> Seal {
        Seal { keys: Some(keys), encrypts, ..self }
    }

    pub fn keys(&self) -> Option<&Arc<Keys>> {
        self.keys.as_ref()
    }

    pub fn encrypts(&self) -> bool {
        self.encrypts
    }

    /// The row key of an address. `purpose` keeps the spaces of different tables apart.
    pub fn hash(&self, purpose: &str, parts: &[&[u8]]) -> [u8; HASHED] {
        let mut mac = self.mac.clone();
        for part in std::iter::once(&purpose.as_bytes()).chain(parts) {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        let digest = mac.finalize().into_bytes();
        let mut out = [0; HASHED];
        out.copy_from_slice(&digest[..HASHED]);
        out
    }

    /// Under whose key a value of this owner goes now, and the key; none if it is not encrypted.
    fn sealing_key(&self, owner: Owner) -> (Owner, Option<Key>) {
        let Some(keys) = self.keys.as_ref().filter(|_| self.encrypts && owner != Owner::Nobody)
        else {
            return (owner, None);
        };
        if keys.is_doomed(owner) {
            return (Owner::Desk, keys.key(Owner::Desk));
        }
        match keys.key(owner) {
            Some(key) => (owner, Some(key)),
            None => (Owner::Desk, keys.key(Owner::Desk)),
        }
    }

    /// Leaves in `out` what `write` appends, sealed for its place, and nothing else.
    pub fn seal(
        &self,
        place: Place<'_>,
        owner: Owner,
        nonces: &mut Nonces,
        out: &mut Vec<u8>,
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        let (owner, key) = self.sealing_key(owner);
        out.clear();
        let Some(key) = key else {
            out.push(CHECKED);
            owner.encode(out);
            let sum_at = out.len();
            out.extend_from_slice(&[0; SUM]);
            write(out);
            let sum = checksum(place, &out[..sum_at], &out[sum_at + SUM..]);
            out[sum_at..sum_at + SUM].copy_from_slice(&sum);
            return;
        };
        out.push(SEALED);
        owner.encode(out);
        let aad = associated(place, out);
        let nonce = nonces.take();
        out.extend_from_slice(&nonce);
        let from = out.len();
        write(out);
        // It fails only beyond 256 GiB; a plan has 8 MiB at most.
        let tag = aead::seal(&key, &nonce, &aad, &mut out[from..])
            .expect("a value is shorter than the cipher's limit");
        out.extend_from_slice(&tag);
    }

    /// The value that was sealed for this place.
    pub fn open<'a>(&self, place: Place<'_>, sealed: &'a [u8]) -> Result<Cow<'a, [u8]>, SealError> {
        let (&envelope, mut rest) = sealed.split_first().ok_or(SealError::Empty)?;
        if envelope == PLAIN {
            return Ok(Cow::Borrowed(rest));
        }
        if ![CHECKED, SEALED].contains(&envelope) {
            return Err(SealError::Envelope(envelope));
        }
        let owner = Owner::decode(&mut rest).ok_or(SealError::Damaged)?;
        let head = &sealed[..sealed.len() - rest.len()];
        if envelope == CHECKED {
            let (sum, value) = rest.split_first_chunk::<SUM>().ok_or(SealError::Damaged)?;
            let holds = checksum(place, head, value) == *sum;
            return if holds { Ok(Cow::Borrowed(value)) } else { Err(SealError::Damaged) };
        }
        let keys = self.keys.as_ref().ok_or(SealError::Locked)?;
        let (nonce, rest) = rest.split_first_chunk::<NONCE>().ok_or(SealError::Damaged)?;
        let (value, tag) = rest.split_last_chunk::<TAG>().ok_or(SealError::Damaged)?;
        let key = keys.key(owner).ok_or(SealError::Erased)?;
        let mut value = value.to_vec();
        aead::open(&key, nonce, &associated(place, head), &mut value, *tag)
            .ok_or(SealError::Damaged)?;
        Ok(Cow::Owned(value))
    }

    /// A stored value as it would be put now; none if it lies so, or does not open: then it stays as it is.
    pub(super) fn again(
        &self,
        table: Table,
        key: &[u8],
        sealed: &[u8],
        nonces: &mut Nonces,
    ) -> Option<Vec<u8>> {
        // A row of the audit stays as it was written: the next one holds the hash of its bytes.
        if table == Table::Audit || self.is_current(sealed) {
            return None;
        }
        let place = Place::row(table, key);
        let plain = self.open(place, sealed).ok()?;
        let owner = owner_of(sealed).unwrap_or_else(|| records::owner_of(table, key, &plain));
        let mut out = Vec::with_capacity(plain.len() + 64);
        self.seal(place, owner, nonces, &mut out, |out| out.extend_from_slice(&plain));
        Some(out)
    }

    /// Whether a stored value lies as it would if it were put now.
    fn is_current(&self, sealed: &[u8]) -> bool {
        match sealed.first() {
            Some(&PLAIN) => !self.encrypts,
            Some(&CHECKED) => !self.encrypts || owner_of(sealed) == Some(Owner::Nobody),
            Some(&SEALED) => self.encrypts,
            _ => true,
        }
    }
}

/// Whose data a stored value is; none for values of versions that did not say it.
pub fn owner_of(sealed: &[u8]) -> Option<Owner> {
    match sealed.split_first() {
        Some((&(CHECKED | SEALED), mut rest)) => Owner::decode(&mut rest),
        _ => None,
    }
}

/// What is authenticated beside the value.
fn associated(place: Place<'_>, head: &[u8]) -> Vec<u8> {
    let mut data = Vec::with_capacity(1 + head.len() + place.key.len());
    data.push(place.table);
    data.extend_from_slice(head);
    data.extend_from_slice(place.key);
    data
}

fn checksum(place: Place<'_>, head: &[u8], value: &[u8]) -> [u8; SUM] {
    let mut hasher = Xxh3::new();
    hasher.update(&[place.table]);
    hasher.update(&(place.key.len() as u64).to_le_bytes());
    hasher.update(place.key);
    hasher.update(head);
    hasher.update(value);
    hasher.digest().to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::super::keyring::Keyring;
    use super::*;

    const PLACE: Place<'static> = Place { table: 4, key: b"row" };

    fn sealed(seal: &Seal, owner: Owner, words: &[u8]) -> Vec<u8> {
        let mut out = b"left from before".to_vec();
        let mut nonces = Nonces::new([3; 16]);
        seal.seal(PLACE, owner, &mut nonces, &mut out, |out| out.extend_from_slice(words));
        out
    }

    fn encrypting() -> Seal {
        let keys = Keys::in_memory(Keyring::new(&[9; 112]));
        Seal::new([7; 32]).with_keys(Arc::new(keys), true)
    }

    #[test]
    fn a_hash_depends_on_key_purpose_and_the_borders_of_its_parts() {
        let seal = Seal::new([7; 32]);
        let base = seal.hash("address", &[b"ab", b"c"]);
        assert_eq!(base, seal.hash("address", &[b"ab", b"c"]));
        assert_ne!(base, seal.hash("address", &[b"a", b"bc"]));
        assert_ne!(base, seal.hash("seen", &[b"ab", b"c"]));
        assert_ne!(base, Seal::new([8; 32]).hash("address", &[b"ab", b"c"]));
    }

    #[test]
    fn a_value_comes_back_as_it_was_and_an_unknown_envelope_is_refused() {
        for seal in [Seal::new([7; 32]), encrypting()] {
            for owner in [Owner::Nobody, Owner::Desk, Owner::Ticket(1001), Owner::Contact(1)] {
                let value = sealed(&seal, owner, b"words");
                assert_eq!(&*seal.open(PLACE, &value).unwrap(), b"words");
                assert_eq!(owner_of(&value), Some(owner));
                assert!(seal.is_current(&value));
            }
            assert!(matches!(seal.open(PLACE, &[9, 1]), Err(SealError::Envelope(9))));
            assert_eq!(&*seal.open(PLACE, b"\0old words").unwrap(), b"old words");
        }
    }

    #[test]
    fn what_is_somebodys_is_unreadable_and_what_is_nobodys_is_not() {
        let seal = encrypting();
        let is_plain = |value: &[u8]| value.windows(5).any(|window| window == b"words");
        assert!(!is_plain(&sealed(&seal, Owner::Ticket(1001), b"words")));
        assert!(!is_plain(&sealed(&seal, Owner::Desk, b"words")));
        assert!(is_plain(&sealed(&seal, Owner::Nobody, b"words")));
    }

    #[test]
    fn a_flipped_bit_is_found_wherever_it_is_and_so_is_a_value_in_anothers_row() {
        for seal in [Seal::new([7; 32]), encrypting()] {
            let value = sealed(&seal, Owner::Ticket(1001), b"words");
            for at in 0..value.len() {
                for bit in 0..8 {
                    let mut damaged = value.clone();
                    damaged[at] ^= 1 << bit;
                    assert!(seal.open(PLACE, &damaged).is_err(), "byte {at}, bit {bit}");
                }
            }
            for at in 0..value.len() {
                assert!(seal.open(PLACE, &value[..at]).is_err(), "cut at {at}");
            }
            let elsewhere = Place { table: 4, key: b"another" };
            assert!(matches!(seal.open(elsewhere, &value), Err(SealError::Damaged)));
        }
    }

    #[test]
    fn what_was_sealed_under_a_destroyed_key_is_gone_and_later_values_go_under_the_desks() {
        let seal = encrypting();
        let owner = Owner::Ticket(1001);
        let value = sealed(&seal, owner, b"words");
        let keys = seal.keys().expect("there are keys");
        keys.doom(owner);
        assert_eq!(owner_of(&sealed(&seal, owner, b"later")), Some(Owner::Desk));
        assert_eq!(&*seal.open(PLACE, &value).unwrap(), b"words");
        keys.destroy(&[owner]).expect("destroyed");
        assert!(matches!(seal.open(PLACE, &value), Err(SealError::Erased)));
        assert_eq!(owner_of(&sealed(&seal, owner, b"later")), Some(Owner::Desk));
        assert!(seal.open(PLACE, &sealed(&seal, Owner::Ticket(1002), b"others")).is_ok());
    }

    #[test]
    fn without_the_keys_nothing_opens_that_is_encrypted() {
        let value = sealed(&encrypting(), Owner::Desk, b"words");
        assert!(matches!(Seal::new([7; 32]).open(PLACE, &value), Err(SealError::Locked)));
    }
}
