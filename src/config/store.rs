//! `[store]`: memory and disk of the journal and the database.

use std::path::PathBuf;

use serde::Deserialize;

use super::backup::MIN_PASSPHRASE;
use super::masked::Masked;
use super::problem::Limits;
use super::units::{self, GIB, MIB};

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreConfig {
    /// Bytes of memory for cached database pages; 0 takes a share of `memory`.
    #[serde(deserialize_with = "units::size")]
    pub cache: u64,
    /// Bytes of one journal file.
    #[serde(deserialize_with = "units::size")]
    pub segment: u64,
    /// Bytes of journal after which a checkpoint is due; 0 takes a share of `memory`.
    #[serde(deserialize_with = "units::size")]
    pub checkpoint_bytes: u64,
    /// Events after which a checkpoint is due.
    pub checkpoint_events: u32,
    /// Bytes of disk that only clearing up may use.
    #[serde(deserialize_with = "units::size")]
    pub disk_reserve: u64,
    /// Bytes of the file that is given up when the disk is full; 0 goes without.
    #[serde(deserialize_with = "units::size")]
    pub ballast: u64,
    pub encryption: Encryption,
    /// The file of the root key; empty for `root.key` in the data directory.
    pub key_file: PathBuf,
    /// The root key itself, as a credential may bring it: 64 hex digits; empty for `key_file`.
    pub key: Masked,
    /// What the root key is derived from; at most one of the two is set.
    pub passphrase: Masked,
    pub passphrase_file: PathBuf,
}

/// How transcripts and whatever else is personal lie on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encryption {
    Off,
    /// Under a key in a file, which is made on the first start.
    Keyfile,
    /// Under a key that is derived from a passphrase.
    Passphrase,
}

impl StoreConfig {
    pub(super) fn check(&self, limits: &mut Limits) {
        if self.cache != 0 {
            limits.size("store.cache", self.cache, MIB..=16 * GIB);
        }
        limits.size("store.segment", self.segment, 16 * MIB..=GIB);
        if self.checkpoint_bytes != 0 {
            limits.size("store.checkpoint_bytes", self.checkpoint_bytes, MIB..=128 * MIB);
        }
        limits.count("store.checkpoint_events", self.checkpoint_events, 100..=200_000);
        limits.size("store.disk_reserve", self.disk_reserve, MIB..=16 * GIB);
        if self.ballast != 0 {
            limits.size("store.ballast", self.ballast, MIB..=GIB);
        }
        let digits = self.key.0.len() == 64 && self.key.0.bytes().all(|b| b.is_ascii_hexdigit());
        if self.key.given().is_some() && !digits {
            limits.broken("store.key", "expected 64 hex digits, as `openssl rand -hex 32` makes");
        }
        if self.passphrase.given().is_some() && !self.passphrase_file.as_os_str().is_empty() {
            limits.broken("store.passphrase_file", "store.passphrase is set too; one of them");
        }
        let length = self.passphrase.0.chars().count();
        if (1..MIN_PASSPHRASE).contains(&length) {
            limits.broken(
                "store.passphrase",
                format!("{length} characters are too few, at least {MIN_PASSPHRASE}"),
            );
        }
        let told =
            self.passphrase.given().is_some() || !self.passphrase_file.as_os_str().is_empty();
        if self.encryption == Encryption::Passphrase && !told {
            limits.broken(
                "store.encryption",
                "\"passphrase\" wants store.passphrase_file (or store.passphrase) as well",
            );
        }
    }
}
