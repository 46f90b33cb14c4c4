//! What tells that a request is one that was sent before.

use super::command::Refusal;

/// The `Idempotency-Key` of a request: hashes of caller and key, and of what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Idempotency {
    pub key: [u8; 16],
    pub request: [u8; 16],
}

/// The longest `Idempotency-Key`.
pub const MAX_IDEMPOTENCY_KEY: usize = 255;

impl Idempotency {
    /// `caller` keeps the keys of different callers apart; `request` is all that makes the request what it is.
    pub fn new(caller: u64, key: &[u8], request: &[&[u8]]) -> Result<Idempotency, Refusal> {
        if key.is_empty()
            || key.len() > MAX_IDEMPOTENCY_KEY
            || !key.iter().all(u8::is_ascii_graphic)
        {
            let why = format!("must be 1 to {MAX_IDEMPOTENCY_KEY} visible ASCII characters");
            return Err(Refusal::Invalid { field: "Idempotency-Key", why });
        }
        let caller = caller.to_be_bytes();
        Ok(Idempotency { key: fingerprint(&[&caller, key]), request: fingerprint(request) })
    }

    /// Of a request whose id others may bear, too: it is the same one only if all of it is.
    pub fn of_all(caller: u64, request: &[&[u8]]) -> Idempotency {
        let (caller, request) = (caller.to_be_bytes(), fingerprint(request));
        Idempotency { key: fingerprint(&[&caller, b"all", &request]), request }
    }

    /// The key of one of several commands that a request comes to.
    pub fn part(self, position: usize) -> Idempotency {
        Idempotency { key: fingerprint(&[&self.key, &position.to_be_bytes()]), ..self }
    }
}

fn fingerprint(parts: &[&[u8]]) -> [u8; 16] {
    let mut hasher = xxhash_rust::xxh3::Xxh3::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.digest128().to_be_bytes()
}
