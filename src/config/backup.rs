//! `[backup]`: where backups go, how many are kept, what they are encrypted to.

use std::path::PathBuf;

use serde::Deserialize;

use super::masked::Masked;
use super::problem::Limits;

/// The shortest passphrase, in characters.
pub const MIN_PASSPHRASE: usize = 8;

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupConfig {
    /// A directory, a file or `s3://bucket/prefix`; empty when `frontdesk backup` must be told.
    pub target: String,
    /// Backups kept in a directory or below a prefix.
    pub keep: u32,
    /// What backups are encrypted to; empty is nothing. At most one of the three is set.
    pub passphrase: Masked,
    pub passphrase_file: PathBuf,
    pub key_file: PathBuf,
    pub s3: S3Config,
}

/// `[backup.s3]`: whoever keeps `s3://` targets.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3Config {
    /// `https://host` or `http://host`, with a port if need be.
    pub endpoint: String,
    pub region: String,
    pub access_key: Masked,
    pub secret_key: Masked,
    pub secret_key_file: PathBuf,
    /// PEM certificates that are trusted besides the usual ones; empty is none.
    pub ca_file: PathBuf,
}

impl BackupConfig {
    pub(super) fn check(&self, limits: &mut Limits) {
        limits.count("backup.keep", self.keep, 1..=1000);
        let given = [
            ("backup.passphrase", !self.passphrase.0.is_empty()),
            ("backup.passphrase_file", !self.passphrase_file.as_os_str().is_empty()),
            ("backup.key_file", !self.key_file.as_os_str().is_empty()),
        ];
        let given: Vec<_> = given.iter().filter(|(_, given)| *given).map(|(key, _)| *key).collect();
        if let [first, second, ..] = given[..] {
            limits.broken(
                second,
                format!("{first} is set too; a backup is encrypted to one of them"),
            );
        }
        let length = self.passphrase.0.chars().count();
        if (1..MIN_PASSPHRASE).contains(&length) {
            limits.broken(
                "backup.passphrase",
                format!("{length} characters are too few, at least {MIN_PASSPHRASE}"),
            );
        }
        let s3 = &self.s3;
        let known = ["http://", "https://"].iter().any(|scheme| s3.endpoint.starts_with(scheme));
        if !s3.endpoint.is_empty() && !known {
            limits.broken(
                "backup.s3.endpoint",
                format!(
                    "found {:?}, expected an address as \"https://s3.example.org\"",
                    s3.endpoint
                ),
            );
        }
        if s3.region.is_empty() {
            limits.broken("backup.s3.region", "is empty, expected a region as \"us-east-1\"");
        }
        if !s3.secret_key.0.is_empty() && !s3.secret_key_file.as_os_str().is_empty() {
            limits.broken(
                "backup.s3.secret_key_file",
                "backup.s3.secret_key is set too; one of them",
            );
        }
    }
}
