//! XChaCha20-Poly1305 of one value: the nonce's first part makes a key of its own (HChaCha20), under which ring's
//! ChaCha20-Poly1305 does the rest.
//!
//! Every row that is read or written passes here, and ring's is by far the quickest on the processors a box may have.
//! What lies on disk is the same that the `chacha20poly1305` crate makes, which the tests hold it against.

use chacha20::{R20, hchacha};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, Tag, UnboundKey};

use super::keyring::Key;

pub const NONCE: usize = 24;
pub const TAG: usize = 16;

/// The cipher for one value. `None` only where ring takes no key of 32 bytes, so never.
fn cipher(key: &Key, nonce: &[u8; NONCE]) -> Option<(LessSafeKey, Nonce)> {
    let (first, rest) = nonce.split_first_chunk::<16>()?;
    let key = hchacha::<R20>(key.into(), first.into());
    let mut short = [0; 12];
    short[4..].copy_from_slice(rest);
    let key = UnboundKey::new(&CHACHA20_POLY1305, &key).ok()?;
    Some((LessSafeKey::new(key), Nonce::assume_unique_for_key(short)))
}

/// Encrypts `value` where it stands; the tag. `None` beyond 256 GiB.
pub fn seal(key: &Key, nonce: &[u8; NONCE], aad: &[u8], value: &mut [u8]) -> Option<[u8; TAG]> {
    let (cipher, nonce) = cipher(key, nonce)?;
    let tag = cipher.seal_in_place_separate_tag(nonce, Aad::from(aad), value).ok()?;
    tag.as_ref().try_into().ok()
}

/// Decrypts `value` where it stands. `None` when key, nonce, associated data, value or tag are not those it was
/// sealed with; what then stands there means nothing.
pub fn open(
    key: &Key,
    nonce: &[u8; NONCE],
    aad: &[u8],
    value: &mut [u8],
    tag: [u8; TAG],
) -> Option<()> {
    let (cipher, nonce) = cipher(key, nonce)?;
    let opened =
        cipher.open_in_place_separate_tag(nonce, Aad::from(aad), Tag::from(tag), value, 0..);
    opened.ok().map(drop)
}

#[cfg(test)]
mod tests {
    use chacha20poly1305::aead::AeadInOut;
    use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_lies_on_disk_is_xchacha20_poly1305(
            key in any::<[u8; 32]>(),
            nonce in any::<[u8; NONCE]>(),
            aad in prop::collection::vec(any::<u8>(), 0..40),
            value in prop::collection::vec(any::<u8>(), 0..700),
        ) {
            let (mut ours, mut theirs) = (value.clone(), value.clone());
            let tag = seal(&key, &nonce, &aad, &mut ours).expect("sealed");
            let other = XChaCha20Poly1305::new(&key.into())
                .encrypt_inout_detached(&nonce.into(), &aad, theirs.as_mut_slice().into())
                .expect("sealed");
            prop_assert_eq!(&ours, &theirs);
            prop_assert_eq!(tag.as_slice(), other.as_slice());
            prop_assert!(open(&key, &nonce, &aad, &mut theirs, tag).is_some());
            prop_assert_eq!(theirs, value);
            prop_assert!(open(&key, &nonce, b"of another row", &mut ours, tag).is_none());
        }
    }
}
