//! One-time codes of authenticator apps: RFC 6238 with SHA-1, six digits and steps of 30 seconds, as all apps know it.

use ring::hmac;
use sha2::{Digest, Sha256};

use super::time::Micros;

const STEP: i64 = 30 * Micros::SECOND;
const DIGITS: u32 = 1_000_000;
/// Steps that an app's clock, or ours, may be off.
const DRIFT: u64 = 1;

/// The code of a time step.
pub fn code(secret: &[u8], step: u64) -> u32 {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let digest = hmac::sign(&key, &step.to_be_bytes());
    let digest = digest.as_ref();
    let at = usize::from(digest[digest.len() - 1] & 0xf);
    let word = [digest[at] & 0x7f, digest[at + 1], digest[at + 2], digest[at + 3]];
    u32::from_be_bytes(word) % DIGITS
}

pub fn step(now: Micros) -> u64 {
    u64::try_from(now.0 / STEP).unwrap_or(0)
}

/// The step whose code this is, if it is a code of about now and of a step after `used`.
pub fn accepted(secret: &[u8], text: &str, now: Micros, used: u64) -> Option<u64> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let shown: u32 = digits.parse().ok()?;
    let now = step(now);
    let steps = now.saturating_sub(DRIFT)..=now.saturating_add(DRIFT);
    steps.filter(|step| *step > used).find(|step| code(secret, *step) == shown)
}

/// By which a recovery code is kept and found again; however it is typed.
pub fn recovery_hash(code: &str) -> [u8; 32] {
    let typed = code.chars().filter(|c| c.is_alphanumeric());
    let plain: String = typed.map(|c| c.to_ascii_uppercase()).collect();
    Sha256::digest(plain.as_bytes()).into()
}

/// The secret as it is typed into an app (RFC 4648, base 32).
pub fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bit = |at: usize| bytes.get(at / 8).map_or(0, |byte| byte >> (7 - at % 8) & 1);
    let digit = |nth: usize| (0..5).fold(0, |sum, at| sum << 1 | usize::from(bit(5 * nth + at)));
    (0..(bytes.len() * 8).div_ceil(5)).map(|nth| char::from(ALPHABET[digit(nth)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    #[test]
    fn the_codes_are_those_of_the_rfc() {
        for (seconds, wanted) in [
            (59, 287_082),
            (1_111_111_109, 81_804),
            (2_000_000_000, 279_037),
            (20_000_000_000, 353_130),
        ] {
            assert_eq!(code(SECRET, step(Micros(seconds * Micros::SECOND))), wanted, "{seconds}");
        }
        assert_eq!(base32(b"foobar"), "MZXW6YTBOI");
    }

    #[test]
    fn a_code_is_good_for_a_step_around_its_own_and_only_once() {
        let at = |seconds: i64| Micros(seconds * Micros::SECOND);
        let text = "287 082";
        for seconds in [30, 59, 89] {
            assert_eq!(accepted(SECRET, text, at(seconds), 0), Some(1), "{seconds}");
        }
        assert_eq!(accepted(SECRET, text, at(90), 0), None);
        assert_eq!(accepted(SECRET, text, at(59), 1), None, "it was used");
        for wrong in ["", "28708", "2870822", "28708a", "-87082", "287083"] {
            assert_eq!(accepted(SECRET, wrong, at(59), 0), None, "{wrong}");
        }
    }
}
