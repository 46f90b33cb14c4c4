//! `frontdesk key`: the root key of the store's encryption.

use std::io::Write;
use std::path::PathBuf;

use clap::Subcommand;

use super::ask::ask;
use super::backup::{key_of, passphrase_of};
use super::{Failure, Shared};
use crate::admin::Request;
use crate::admin::privacy::Request as Privacy;
use crate::app::root_key;
use crate::config::{Config, Encryption};
use crate::store::backup::Secret;

#[derive(Subcommand)]
pub enum Command {
    /// Put the keyring under another root key; the old one opens nothing but old copies of the keyring from then on
    Rotate {
        /// Take the key in this file, and not a new one in the place of the old file
        #[arg(long, value_name = "FILE", conflicts_with = "to_passphrase_file")]
        to_key_file: Option<PathBuf>,
        /// Derive it from the passphrase in the first line of this file
        #[arg(long, value_name = "FILE")]
        to_passphrase_file: Option<PathBuf>,
    },
}

pub fn run(command: &Command, shared: &Shared, out: &mut dyn Write) -> Result<(), Failure> {
    let config = Config::load(&shared.sources())?;
    let Command::Rotate { to_key_file, to_passphrase_file } = command;
    let ask = |secret: Secret| {
        let request = match secret {
            Secret::Key(key) => {
                let key = key.iter().map(|byte| format!("{byte:02x}")).collect();
                Privacy::Rotate { key: Some(key), passphrase: None }
            }
            Secret::Passphrase(words) => Privacy::Rotate { key: None, passphrase: Some(words) },
        };
        ask(&config, Request::Privacy(request), |_| Ok(()))
    };
    match (to_key_file, to_passphrase_file) {
        (Some(file), _) => {
            ask(key_of(file)?)?;
            writeln!(
                out,
                "rotated; before the next start: store.encryption = \"keyfile\" and store.key_file = {:?}",
                file.display().to_string()
            )?;
        }
        (_, Some(file)) => {
            ask(passphrase_of(file)?)?;
            writeln!(
                out,
                "rotated; before the next start: store.encryption = \"passphrase\" and store.passphrase_file = {:?}",
                file.display().to_string()
            )?;
        }
        (None, None) => {
            if config.store.encryption != Encryption::Keyfile || config.store.key.given().is_some()
            {
                return Err(Failure::usage(
                    "the root key does not come from a file that could be written anew: name the new one with --to-key-file or --to-passphrase-file",
                ));
            }
            let path = root_key::path(&config);
            let secret = root_key::write_fresh(&path).map_err(Failure::failed)?;
            ask(secret)?;
            root_key::adopt(&path).map_err(Failure::failed)?;
            writeln!(
                out,
                "rotated; keep a copy of {} elsewhere, in place of the old one",
                path.display()
            )?;
        }
    }
    writeln!(out, "make a backup now: the keyring beside the older ones wants the old key")?;
    Ok(())
}
