//! The one place through which values and events pass on their way into a plan, and addresses on their way
//! into a row key.
//!
//! Row keys never hold personal data: an address becomes a keyed hash under a key that is made on first
//! start and lies beside the store (`keys`, mode 0600). Values are wrapped in an envelope of one byte;
//! `0` says that what follows is plain. Sealing under per-person keys takes another envelope byte here and
//! nothing elsewhere.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The length of a hashed row key.
pub const HASHED: usize = 16;

const PLAIN: u8 = 0;

#[derive(Clone)]
pub struct Seal {
    /// Keyed once; every hash begins from a copy.
    mac: Hmac<Sha256>,
}

#[derive(Debug, thiserror::Error)]
pub enum SealError {
    #[error("a stored value has envelope {0}, which this program cannot open")]
    Envelope(u8),
    #[error("a stored value is empty")]
    Empty,
}

impl Seal {
    pub fn new(key: [u8; 32]) -> Seal {
        Seal { mac: Hmac::new_from_slice(&key).expect("HMAC takes a key of any length") }
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

    /// Leaves in `out` what `write` appends, sealed, and nothing else.
    pub fn seal(&self, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
        out.clear();
        out.push(PLAIN);
        write(out);
    }

    pub fn open<'a>(&self, sealed: &'a [u8]) -> Result<&'a [u8], SealError> {
        match sealed.split_first() {
            Some((&PLAIN, plain)) => Ok(plain),
            Some((&other, _)) => Err(SealError::Envelope(other)),
            None => Err(SealError::Empty),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let seal = Seal::new([7; 32]);
        let mut sealed = b"left from before".to_vec();
        seal.seal(&mut sealed, |out| out.extend_from_slice(b"words"));
        assert_eq!(seal.open(&sealed).unwrap(), b"words");
        assert!(matches!(seal.open(&[9, 1]), Err(SealError::Envelope(9))));
    }
}
