//! Opaque machine tokens: `fd_` and 256 random bits in hexadecimal. Only the SHA-256 is kept, so comparing
//! happens on hashes and needs no constant time.

use sha2::{Digest, Sha256};

const PREFIX: &str = "fd_";

/// A fresh token.
pub fn generate() -> Result<String, getrandom::Error> {
    let mut bits = [0_u8; 32];
    getrandom::fill(&mut bits)?;
    Ok(format!("{PREFIX}{}", hex(&bits)))
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// The bytes that so many lower-case digits stand for.
pub fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let is_digit = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    if text.len() != 2 * N || !text.bytes().all(is_digit) {
        return None;
    }
    let mut bytes = [0; N];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(bytes)
}

pub fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// The token in an `Authorization` header, if it bears one.
pub fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|t| !t.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_256_bits_and_no_two_are_alike() {
        let (a, b) = (generate().unwrap(), generate().unwrap());
        assert_eq!(a.len(), PREFIX.len() + 64);
        assert_ne!(a, b);
        assert_ne!(hash(&a), hash(&b));
    }

    #[test]
    fn only_a_bearer_header_bears_a_token() {
        assert_eq!(bearer("Bearer fd_1"), Some("fd_1"));
        assert_eq!(bearer("bearer  fd_1 "), Some("fd_1"));
        assert_eq!(bearer("Basic abc"), None);
        assert_eq!(bearer("Bearer "), None);
    }
}
