//! What a backup is encrypted to: from a flag's file, the configuration (and so a systemd credential), or
//! asked for on the terminal. Never from the command line itself, which everybody on the box can read.

use std::fs;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::Failure;
use crate::cli::terminal::ask_hidden;
use crate::config::{BackupConfig, MIN_PASSPHRASE};
use crate::store::backup::{Lock, Secret};

/// Bytes of a file that holds a secret.
const MAX_FILE: u64 = 4096;

#[derive(Args)]
#[group(multiple = false)]
pub struct Flags {
    /// Encrypted to a passphrase that is asked for
    #[arg(long)]
    passphrase: bool,
    /// Encrypted to the passphrase in the first line of a file
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Encrypted to the key in a file: 32 random bytes, or 64 hex digits
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

impl Flags {
    /// What a new backup is encrypted to; none if nothing says so.
    pub fn for_writing(&self, config: &BackupConfig) -> Result<Option<Secret>, Failure> {
        if !self.passphrase {
            return self.told(config);
        }
        if !io::stdin().is_terminal() {
            return Err(Failure::usage("there is no terminal to ask on: use --passphrase-file"));
        }
        let words = strong(ask_hidden("Passphrase for the backup: ")?, "the passphrase")?;
        if ask_hidden("The same again: ")? != words {
            return Err(Failure::usage("the two are not the same; nothing was written"));
        }
        Ok(Some(Secret::Passphrase(words)))
    }

    /// What opens a backup that is locked so. The terminal is asked when nothing else was told.
    pub fn for_reading(&self, config: &BackupConfig, lock: Lock) -> Result<Secret, Failure> {
        if !self.passphrase
            && let Some(secret) = self.told(config)?
        {
            return Ok(secret);
        }
        match lock {
            Lock::Passphrase if io::stdin().is_terminal() => {
                ask_hidden("Passphrase of the backup: ").map(Secret::Passphrase)
            }
            Lock::Passphrase => Err(Failure::usage(
                "the backup is encrypted to a passphrase: name a file that holds it with --passphrase-file",
            )),
            _ => Err(Failure::usage(
                "the backup is encrypted to a key file: name it with --key-file",
            )),
        }
    }

    fn told(&self, config: &BackupConfig) -> Result<Option<Secret>, Failure> {
        match (&self.passphrase_file, &self.key_file) {
            (Some(file), _) => return passphrase(file).map(Some),
            (_, Some(file)) => return key(file).map(Some),
            (None, None) => {}
        }
        if !config.passphrase.0.is_empty() {
            return Ok(Some(Secret::Passphrase(config.passphrase.0.clone())));
        }
        if !config.passphrase_file.as_os_str().is_empty() {
            return passphrase(&config.passphrase_file).map(Some);
        }
        if !config.key_file.as_os_str().is_empty() {
            return key(&config.key_file).map(Some);
        }
        Ok(None)
    }
}

/// The secret key of `[backup.s3]`.
pub fn s3_secret_key(config: &BackupConfig) -> Result<String, Failure> {
    let s3 = &config.s3;
    if !s3.secret_key.0.is_empty() {
        return Ok(s3.secret_key.0.clone());
    }
    if !s3.secret_key_file.as_os_str().is_empty() {
        return first_line(&s3.secret_key_file);
    }
    Err(Failure::usage("an s3:// address needs backup.s3.secret_key or backup.s3.secret_key_file"))
}

/// The passphrase in the first line of a file.
pub fn passphrase(file: &Path) -> Result<Secret, Failure> {
    strong(first_line(file)?, &file.display().to_string()).map(Secret::Passphrase)
}

fn strong(words: String, from: &str) -> Result<String, Failure> {
    let length = words.chars().count();
    if length >= MIN_PASSPHRASE {
        return Ok(words);
    }
    Err(Failure::usage(format!(
        "{from}: a passphrase of {length} characters is too short, at least {MIN_PASSPHRASE}"
    )))
}

/// The key in a file of 32 bytes or 64 hex digits.
pub fn key(file: &Path) -> Result<Secret, Failure> {
    Secret::of_key_file(&content(file)?).ok_or_else(|| {
        Failure::usage(format!(
            "{}: is no key: expected 32 bytes or 64 hex digits, as `openssl rand -hex 32` makes",
            file.display()
        ))
    })
}

fn first_line(file: &Path) -> Result<String, Failure> {
    let text = String::from_utf8(content(file)?);
    let text = text.map_err(|_| Failure::usage(format!("{}: is no text", file.display())))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

fn content(file: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = fs::File::open(file).and_then(|f| f.take(MAX_FILE + 1).read_to_end(&mut bytes));
    read.map_err(|e| Failure::usage(format!("{}: {e}", file.display())))?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(Failure::usage(format!("{}: is too long for a secret", file.display())));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::scratch::Scratch;

    #[test]
    fn a_key_file_holds_32_bytes_or_64_hex_digits() {
        let dir = Scratch::new(&std::env::temp_dir(), "secret").unwrap();
        let file = dir.path().join("key");
        let hex = "aB".repeat(32);
        for content in [vec![0xab; 32], hex.clone().into_bytes(), format!("{hex}\n").into_bytes()] {
            fs::write(&file, content).unwrap();
            assert!(matches!(key(&file), Ok(Secret::Key(key)) if key == [0xab; 32]));
        }
        for content in [&b"secret"[..], &[0; 33], "zz".repeat(32).as_bytes()] {
            fs::write(&file, content).unwrap();
            let refused = key(&file).err().unwrap();
            assert!(refused.text.contains("64 hex digits"), "{}", refused.text);
        }
    }

    #[test]
    fn a_passphrase_is_the_first_line_of_its_file_and_no_short_one() {
        let dir = Scratch::new(&std::env::temp_dir(), "secret").unwrap();
        let file = dir.path().join("words");
        fs::write(&file, "correct horse \nbattery\n").unwrap();
        assert!(matches!(passphrase(&file), Ok(Secret::Passphrase(w)) if w == "correct horse "));
        fs::write(&file, "short\n").unwrap();
        let refused = passphrase(&file).err().unwrap();
        assert!(refused.text.contains("at least 8"), "{}", refused.text);
        assert!(passphrase(&dir.path().join("none")).is_err());
    }
}
