//! The first 128 bytes of a backup: format, id, and how it is locked. Says at once whether a key fits.

use std::fmt;
use std::io::Read;

use argon2::{Algorithm, Argon2, Params, Version};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{BackupError, FORMAT};

pub const HEAD: usize = 128;
pub const NONCE: usize = 19;
const MAGIC: &[u8; 8] = b"fdbackup";
const SEED: u64 = 0x6664_6261_636b_7570;
const SALT: std::ops::Range<usize> = 24..40;
const NONCE_AT: std::ops::Range<usize> = 40..59;
const COSTS: std::ops::Range<usize> = 60..72;
const CHECK: std::ops::Range<usize> = 72..88;
const SUM: std::ops::Range<usize> = 120..128;

/// What argon2id takes here: 64 MiB, which a small box has, 3 passes, 1 lane.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
/// What it may take of a backup that comes from elsewhere: 1 GiB, 64 passes and lanes.
const MAX_MEMORY_KIB: u32 = 1024 * 1024;
const MAX_ROUNDS: u32 = 64;

/// How a backup is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    None,
    Passphrase,
    KeyFile,
}

impl Lock {
    const fn word(self) -> &'static str {
        match self {
            Lock::None => "nothing",
            Lock::Passphrase => "passphrase",
            Lock::KeyFile => "key file",
        }
    }
}

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What a backup is encrypted to; never shown.
#[derive(Clone)]
pub enum Secret {
    Passphrase(String),
    /// The content of a key file.
    Key([u8; 32]),
}

impl Secret {
    /// The key in a file of 32 bytes or of 64 hex digits.
    pub fn of_key_file(bytes: &[u8]) -> Option<Secret> {
        if let Ok(key) = <[u8; 32]>::try_from(bytes) {
            return Some(Secret::Key(key));
        }
        let text =
            std::str::from_utf8(bytes).ok().map(str::trim).filter(|text| text.len() == 64)?;
        let digit = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
        let key: Vec<u8> = (0..32).map(|at| digit(2 * at)).collect::<Option<_>>()?;
        key.try_into().ok().map(Secret::Key)
    }

    pub fn lock(&self) -> Lock {
        match self {
            Secret::Passphrase(_) => Lock::Passphrase,
            Secret::Key(_) => Lock::KeyFile,
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({})", self.lock())
    }
}

/// A head, whole and of a format that this version reads.
#[derive(Clone, Debug)]
pub struct Head {
    bytes: [u8; HEAD],
}

impl Head {
    /// A head of random id, salt and nonce, and the key if there is a secret.
    pub fn new(secret: Option<&Secret>) -> Result<(Head, Option<[u8; 32]>), getrandom::Error> {
        let mut bytes = [0; HEAD];
        getrandom::fill(&mut bytes[16..24])?;
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..12].copy_from_slice(&FORMAT.to_le_bytes());
        let mut head = Head { bytes };
        let mut key = None;
        if let Some(secret) = secret {
            getrandom::fill(&mut head.bytes[SALT])?;
            getrandom::fill(&mut head.bytes[NONCE_AT])?;
            head.bytes[12] = match secret.lock() {
                Lock::None => 0,
                Lock::Passphrase => 1,
                Lock::KeyFile => 2,
            };
            let costs = match secret.lock() {
                Lock::Passphrase => [MEMORY_KIB, PASSES, 1],
                _ => [0; 3],
            };
            for (cost, at) in costs.iter().zip(head.bytes[COSTS].chunks_exact_mut(4)) {
                at.copy_from_slice(&cost.to_le_bytes());
            }
            // The costs are within the limits, so this gives a key.
            if let Ok(made) = head.key(secret) {
                let check = head.check(&made);
                head.bytes[CHECK].copy_from_slice(&check);
                key = Some(made);
            }
        }
        let sum = head.sum();
        head.bytes[SUM].copy_from_slice(&sum.to_le_bytes());
        Ok((head, key))
    }

    /// Reads a head off the front of a backup.
    pub fn read(input: &mut impl Read) -> Result<Head, BackupError> {
        let mut bytes = [0; HEAD];
        let mut filled = 0;
        while filled < HEAD {
            match input.read(&mut bytes[filled..]) {
                Ok(0) => break,
                Ok(more) => filled += more,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(BackupError::Io { at: filled as u64, error }),
            }
        }
        let there = filled.min(MAGIC.len());
        if filled == 0 || bytes[..there] != MAGIC[..there] {
            return Err(BackupError::NoBackup);
        }
        if filled < HEAD {
            return Err(BackupError::CutOff { at: filled as u64 });
        }
        let head = Head { bytes };
        let mut sum = [0; 8];
        sum.copy_from_slice(&bytes[SUM]);
        let damaged = |at, what: &str| BackupError::Damaged { at, what: what.to_owned() };
        if u64::from_le_bytes(sum) != head.sum() {
            return Err(damaged(0, "the checksum of the head is wrong"));
        }
        let format = head.format();
        if format > FORMAT {
            return Err(BackupError::Newer { found: format });
        }
        if bytes[12] > 2 {
            return Err(damaged(12, "it is locked in a way that this version does not know"));
        }
        Ok(head)
    }

    /// Which the file is in.
    pub fn format(&self) -> u32 {
        self.u32_at(8)
    }

    pub fn lock(&self) -> Lock {
        match self.bytes[12] {
            0 => Lock::None,
            1 => Lock::Passphrase,
            _ => Lock::KeyFile,
        }
    }

    pub fn bytes(&self) -> &[u8; HEAD] {
        &self.bytes
    }

    /// Seeds the checksums, so that no block of another backup passes for one of this.
    pub fn id(&self) -> u64 {
        let mut id = [0; 8];
        id.copy_from_slice(&self.bytes[16..24]);
        u64::from_le_bytes(id)
    }

    pub fn nonce(&self) -> [u8; NONCE] {
        let mut nonce = [0; NONCE];
        nonce.copy_from_slice(&self.bytes[NONCE_AT]);
        nonce
    }

    /// The key, if this secret is the one.
    pub fn unlock(&self, secret: &Secret) -> Result<[u8; 32], BackupError> {
        let (wants, given) = (self.lock().word(), secret.lock().word());
        if wants != given {
            return Err(BackupError::OtherLock { wants, given });
        }
        let key = self.key(secret)?;
        if bool::from(self.check(&key)[..].ct_eq(&self.bytes[CHECK])) {
            return Ok(key);
        }
        Err(BackupError::WrongKey(wants))
    }

    fn key(&self, secret: &Secret) -> Result<[u8; 32], BackupError> {
        let salt = &self.bytes[SALT];
        match secret {
            Secret::Passphrase(words) => {
                let costs = (self.u32_at(60), self.u32_at(64), self.u32_at(68));
                let damaged = |what: String| BackupError::Damaged { at: 60, what };
                stretch(words, salt, costs).map_err(damaged)
            }
            Secret::Key(file) => Ok(mac(file, &[b"frontdesk backup", salt])),
        }
    }

    /// Shows that a key is the right one, and that nobody changed the head.
    fn check(&self, key: &[u8; 32]) -> [u8; 16] {
        let mut check = [0; 16];
        check.copy_from_slice(&mac(key, &[b"head", &self.bytes[..CHECK.start]])[..16]);
        check
    }

    fn sum(&self) -> u64 {
        xxh3_64_with_seed(&self.bytes[..SUM.start], SEED)
    }

    fn u32_at(&self, at: usize) -> u32 {
        self.bytes[at..at + 4].iter().rev().fold(0, |n, b| n << 8 | u32::from(*b))
    }
}

/// What argon2id takes here for a new lock: KiB of memory, passes, lanes.
pub const COSTS_NOW: (u32, u32, u32) = (MEMORY_KIB, PASSES, 1);

/// The key of a passphrase, by argon2id.
pub fn stretch(
    words: &str,
    salt: &[u8],
    (memory, passes, lanes): (u32, u32, u32),
) -> Result<[u8; 32], String> {
    if memory > MAX_MEMORY_KIB || passes > MAX_ROUNDS || lanes > MAX_ROUNDS {
        return Err(format!(
            "deriving its key would take {memory} KiB, {passes} passes, {lanes} lanes: more than the limit"
        ));
    }
    let mut key = [0; 32];
    let failed = |error: argon2::Error| format!("argon2id: {error}");
    let params = Params::new(memory, passes, lanes, Some(key.len())).map_err(failed)?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(words.as_bytes(), salt, &mut key)
        .map_err(failed)?;
    Ok(key)
}

pub fn mac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}
