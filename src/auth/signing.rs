//! The keys that access tokens are signed with: `signing-keys` in the data directory, mode 0600, made at the first
//! start and by rotation, or one key of the configuration (a systemd credential). A key that was replaced is good
//! until the last token that it signed has run out.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::token::hex;
use crate::domain::time::Micros;

/// The file's name in the data directory.
pub const NAME: &str = "signing-keys";
const HEAD: &str = "frontdesk signing keys 1";
/// How old a key gets, in time that the daemon runs.
const ROTATED_AFTER: i64 = 30 * Micros::DAY;
/// Replaced keys that are kept while their tokens last.
const MAX_KEYS: usize = 8;

#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    #[error("{0}: {1}")]
    Io(String, io::Error),
    #[error("{0} holds no signing keys; remove it, and new ones are made: people log in again")]
    Malformed(String),
    #[error("the system gives no random bytes")]
    Random,
    #[error("the key is a setting, auth.signing_key: change it there")]
    Configured,
}

#[derive(Clone, PartialEq, Eq)]
struct Key {
    id: String,
    secret: [u8; 32],
    /// By the steady clock.
    made: Micros,
}

pub struct SigningKeys {
    /// None for a key of the configuration.
    path: Option<PathBuf>,
    /// Oldest first, never empty; the last one signs.
    keys: RwLock<Vec<Key>>,
    /// Microseconds that a token lasts, and so a replaced key.
    life: i64,
}

impl SigningKeys {
    /// The keys of a data directory, made when there are none yet; with `configured` that one alone.
    pub fn open(
        data_dir: &Path,
        configured: Option<&str>,
        life: i64,
        now: Micros,
    ) -> Result<SigningKeys, SigningError> {
        if let Some(text) = configured {
            let secret: [u8; 32] = Sha256::digest(text.as_bytes()).into();
            let id = hex(&Sha256::digest(secret)[..8]);
            let keys = RwLock::new(vec![Key { id, secret, made: now }]);
            return Ok(SigningKeys { path: None, keys, life });
        }
        let path = data_dir.join(NAME);
        let name = path.display().to_string();
        let keys = match fs::read_to_string(&path) {
            Ok(text) => parse(&text).ok_or(SigningError::Malformed(name))?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let keys = vec![fresh(now)?];
                // A full disk keeps nobody from reading: people log in again after the next start.
                if let Err(error) = write(&path, &keys) {
                    tracing::warn!(%error, "the signing keys could not be kept");
                }
                keys
            }
            Err(e) => return Err(SigningError::Io(name, e)),
        };
        Ok(SigningKeys { path: Some(path), keys: RwLock::new(keys), life })
    }

    /// Puts a new key in front. The one before goes on being accepted for as long as its tokens last.
    pub fn rotate(&self, now: Micros) -> Result<(), SigningError> {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        self.replace(&mut keys, now)
    }

    /// The same where it is time; of many who find so at once the first one does it.
    pub fn rotate_if_due(&self, now: Micros) -> Result<bool, SigningError> {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        let due = self.path.is_some() && is_old(&keys, now);
        if due {
            self.replace(&mut keys, now)?;
        }
        Ok(due)
    }

    fn replace(&self, keys: &mut Vec<Key>, now: Micros) -> Result<(), SigningError> {
        let path = self.path.as_ref().ok_or(SigningError::Configured)?;
        let mut next = keys.clone();
        // A key is replaced when the next one is made.
        let gone = |pair: &[Key]| now >= pair[1].made.plus(self.life);
        let stale = next.windows(2).take_while(|pair| gone(pair)).count();
        next.drain(..stale.max((next.len() + 1).saturating_sub(MAX_KEYS)));
        next.push(fresh(now)?);
        write(path, &next).map_err(|e| SigningError::Io(path.display().to_string(), e))?;
        *keys = next;
        Ok(())
    }

    /// Whether the key that signs is old enough to be replaced.
    pub fn is_due(&self, now: Micros) -> bool {
        self.path.is_some() && self.read(|keys| is_old(keys, now))
    }

    /// The id of the key that signs.
    pub fn current(&self) -> String {
        self.read(|keys| keys.last().map(|key| key.id.clone()).unwrap_or_default())
    }

    pub fn sign(&self, key: &str, message: &[u8]) -> Option<[u8; 32]> {
        self.read(|keys| {
            let key = keys.iter().find(|known| known.id == key)?;
            Some(mac(key, message).finalize().into_bytes().into())
        })
    }

    /// Whether this key, if it is still accepted, made this signature.
    pub fn verify(&self, id: &str, message: &[u8], signature: &[u8], now: Micros) -> bool {
        self.read(|keys| {
            let Some(place) = keys.iter().position(|key| key.id == id) else { return false };
            let replaced = keys.get(place + 1).map(|next| next.made);
            replaced.is_none_or(|replaced| now < replaced.plus(self.life))
                && mac(&keys[place], message).verify_slice(signature).is_ok()
        })
    }

    fn read<R>(&self, f: impl FnOnce(&[Key]) -> R) -> R {
        f(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn is_old(keys: &[Key], now: Micros) -> bool {
    keys.last().is_some_and(|key| now >= key.made.plus(ROTATED_AFTER))
}

fn mac(key: &Key, message: &[u8]) -> Hmac<Sha256> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(&key.secret).expect("HMAC takes a key of any length");
    mac.update(message);
    mac
}

fn fresh(now: Micros) -> Result<Key, SigningError> {
    let mut bytes = [0; 40];
    getrandom::fill(&mut bytes).map_err(|_| SigningError::Random)?;
    let (id, random) = bytes.split_at(8);
    let mut secret = [0; 32];
    secret.copy_from_slice(random);
    Ok(Key { id: hex(id), secret, made: now })
}

fn parse(text: &str) -> Option<Vec<Key>> {
    let mut lines = text.lines();
    let keys: Option<Vec<Key>> = (lines.next()? == HEAD).then_some(lines)?.map(line).collect();
    keys.filter(|keys| !keys.is_empty() && keys.len() <= MAX_KEYS)
}

fn line(line: &str) -> Option<Key> {
    let [id, made, secret] = line.split(' ').collect::<Vec<_>>()[..] else { return None };
    let made = Micros(made.parse().ok()?);
    (id.len() == 16).then_some(Key {
        id: id.to_owned(),
        secret: super::token::unhex(secret)?,
        made,
    })
}

/// Written whole and synced under another name first, so that a power cut leaves the old keys or the new.
fn write(path: &Path, keys: &[Key]) -> io::Result<()> {
    let next = path.with_extension("new");
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&next)?;
    writeln!(file, "{HEAD}")?;
    for Key { id, secret, made } in keys {
        writeln!(file, "{id} {} {}", made.0, hex(secret))?;
    }
    file.sync_all()?;
    fs::rename(&next, path)?;
    path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFE: i64 = 15 * Micros::MINUTE;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Folder {
            let dir = format!("frontdesk-signing-{}-{name}", std::process::id());
            let dir = std::env::temp_dir().join(dir);
            fs::create_dir_all(&dir).unwrap();
            Folder(dir)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_replaced_key_is_good_until_its_last_token_has_run_out() {
        let folder = Folder::new("rotate");
        let at = |minutes: i64| Micros(minutes * Micros::MINUTE);
        let keys = SigningKeys::open(&folder.0, None, LIFE, at(0)).unwrap();
        let first = keys.current();
        let signature = keys.sign(&first, b"words").unwrap();
        assert!(!keys.is_due(at(60)) && keys.is_due(at(30 * 24 * 60)));
        keys.rotate(at(100)).unwrap();
        assert!(!keys.rotate_if_due(at(101)).unwrap());
        assert_ne!(keys.current(), first);
        // Another start knows the same keys.
        let keys = SigningKeys::open(&folder.0, None, LIFE, at(101)).unwrap();
        assert!(keys.verify(&first, b"words", &signature, at(114)));
        assert!(!keys.verify(&first, b"other", &signature, at(114)));
        assert!(!keys.verify(&keys.current(), b"words", &signature, at(114)));
        assert!(!keys.verify(&first, b"words", &signature, at(115)));
        for _ in 0..20 {
            keys.rotate(at(102)).unwrap();
        }
        assert!(SigningKeys::open(&folder.0, None, LIFE, at(103)).is_ok());
    }

    #[test]
    fn the_file_is_private_and_anything_else_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = Folder::new("file");
        SigningKeys::open(&folder.0, None, LIFE, Micros(0)).unwrap();
        let mode = fs::metadata(folder.0.join(NAME)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        for text in ["", "something else", HEAD, &format!("{HEAD}\nid 0 00")] {
            fs::write(folder.0.join(NAME), text).unwrap();
            let refused = SigningKeys::open(&folder.0, None, LIFE, Micros(0));
            assert!(matches!(refused, Err(SigningError::Malformed(_))), "{text}");
        }
    }

    #[test]
    fn a_key_of_the_configuration_is_the_same_everywhere_and_stays() {
        let folder = Folder::new("configured");
        let open = || SigningKeys::open(&folder.0, Some("a secret"), LIFE, Micros(0)).unwrap();
        assert_eq!(open().current(), open().current());
        assert!(matches!(open().rotate(Micros(0)), Err(SigningError::Configured)));
        assert!(!folder.0.join(NAME).exists());
    }
}
