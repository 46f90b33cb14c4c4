//! Keyed signatures of vendors over the raw bytes of a delivery, compared in constant time.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

/// The digest beneath the HMAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digest {
    Sha1,
    Sha256,
    Sha512,
}

/// How the signature is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// Of either case.
    Hex,
    /// With padding.
    Base64,
}

/// Whether `given` is the HMAC of these parts, one after the other, under `key`.
pub fn verify(digest: Digest, coding: Coding, key: &[u8], parts: &[&[u8]], given: &str) -> bool {
    let given = match coding {
        Coding::Hex => from_hex(given.trim()),
        Coding::Base64 => STANDARD.decode(given.trim()).ok(),
    };
    given.is_some_and(|given| hmac::verify(&key_of(digest, key), &parts.concat(), &given).is_ok())
}

/// Whether a secret that is sent as it is, is the right one; takes as long whatever is wrong with it.
pub fn same(secret: &str, given: &str) -> bool {
    use subtle::ConstantTimeEq;
    secret.as_bytes().ct_eq(given.as_bytes()).into()
}

fn key_of(digest: Digest, key: &[u8]) -> hmac::Key {
    let algorithm = match digest {
        Digest::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        Digest::Sha256 => hmac::HMAC_SHA256,
        Digest::Sha512 => hmac::HMAC_SHA512,
    };
    hmac::Key::new(algorithm, key)
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let digit = |b: u8| char::from(b).to_digit(16).map(|d| d as u8);
    digits.len().is_multiple_of(2).then_some(())?;
    digits.chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231 and RFC 2202, case 2: key "Jefe".
    #[test]
    fn signatures_are_the_published_ones() {
        let (key, parts): (&[u8], [&[u8]; 2]) = (b"Jefe", [b"what do ya want ", b"for nothing?"]);
        let hex = |digest, given: &str| verify(digest, Coding::Hex, key, &parts, given);
        assert!(hex(Digest::Sha1, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"));
        let sha256 = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert!(hex(Digest::Sha256, sha256));
        assert!(hex(Digest::Sha256, &sha256.to_uppercase()));
        assert!(hex(
            Digest::Sha512,
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
        ));
        let base64 = "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=";
        assert!(verify(Digest::Sha256, Coding::Base64, key, &parts, base64));
    }

    #[test]
    fn another_key_another_body_or_no_signature_at_all_is_refused() {
        let sha256 = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        let check = |key: &[u8], body: &[u8], given: &str| {
            verify(Digest::Sha256, Coding::Hex, key, &[body], given)
        };
        assert!(check(b"Jefe", b"what do ya want for nothing?", sha256));
        assert!(!check(b"jefe", b"what do ya want for nothing?", sha256));
        assert!(!check(b"Jefe", b"what do ya want for nothing!", sha256));
        for given in ["", "5b", "5", "zz", &sha256[..62], "ü"] {
            assert!(!check(b"Jefe", b"what do ya want for nothing?", given), "{given:?}");
        }
        assert!(same("secret", "secret") && !same("secret", "secre") && !same("secret", ""));
    }
}
