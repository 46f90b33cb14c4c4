//! The key of the store's hashed row keys: `keys` in the data directory, mode 0600, made on first start.
//! Without it addresses and dedup keys cannot be found again, so a store without its key is refused.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::disk::Disk;
use super::error::OpenError;
use super::seal::Seal;

/// The file's name in the data directory.
pub const NAME: &str = "keys";
/// Far more than a key takes.
const MAX_FILE: u64 = 4096;
/// What the first line of the file says.
const HEAD: &str = "frontdesk keys 1";

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("{0}: {1}")]
    Io(String, io::Error),
    #[error(
        "{0} does not hold the keys of a store; restore it from the backup that the store belongs to"
    )]
    Malformed(String),
    #[error("the system gives no random bytes: {0}")]
    Random(getrandom::Error),
}

/// Reads the key, or makes it when there is none yet.
pub fn load(data_dir: &Path) -> Result<Seal, KeyError> {
    let path = data_dir.join(NAME);
    let name = path.display().to_string();
    match fs::read_to_string(&path) {
        Ok(text) => parse(&text).map(Seal::new).ok_or(KeyError::Malformed(name)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            let mut key = [0; 32];
            getrandom::fill(&mut key).map_err(KeyError::Random)?;
            create(data_dir, &path, &key).map_err(|e| KeyError::Io(name, e))?;
            Ok(Seal::new(key))
        }
        Err(e) => Err(KeyError::Io(name, e)),
    }
}

/// Reads the key of a store that has one, for work on its rows.
pub(super) fn read(disk: &dyn Disk) -> Result<Seal, OpenError> {
    let text = disk.open(NAME).and_then(|file| {
        let mut text = vec![0; usize::try_from(file.len()?.min(MAX_FILE)).unwrap_or_default()];
        file.read_at(0, &mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    });
    let failed = |error: String| OpenError::Io { file: NAME.to_owned(), error };
    let text = text.map_err(|error| failed(error.to_string()))?;
    let key = parse(&text).ok_or_else(|| failed("does not hold the keys of a store".to_owned()))?;
    Ok(Seal::new(key))
}

/// The text of the file, which a backup takes along; refused if it holds no key.
pub fn text(data_dir: &Path) -> Result<String, KeyError> {
    let path = data_dir.join(NAME);
    let name = path.display().to_string();
    let text = fs::read_to_string(&path).map_err(|e| KeyError::Io(name.clone(), e))?;
    if parse(&text).is_some() { Ok(text) } else { Err(KeyError::Malformed(name)) }
}

/// The key in the text of the file.
pub(super) fn parse(text: &str) -> Option<[u8; 32]> {
    let hex = text.strip_prefix(HEAD)?.trim();
    let mut key = [0; 32];
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    for (at, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(key)
}

/// Written whole and synced under another name first, so that a power cut leaves the key or none.
fn create(data_dir: &Path, path: &Path, key: &[u8; 32]) -> io::Result<()> {
    let hex: String = key.iter().map(|b| format!("{b:02x}")).collect();
    let fresh = path.with_extension("new");
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    file.write_all(format!("{HEAD}\n{hex}\n").as_bytes())?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    File::open(data_dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_read_again() {
        let dir = std::env::temp_dir().join(format!("frontdesk-keys-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let first = load(&dir).unwrap().hash("address", &[b"1"]);
        assert_eq!(load(&dir).unwrap().hash("address", &[b"1"]), first);
        fs::write(dir.join(NAME), "something else").unwrap();
        assert!(matches!(load(&dir), Err(KeyError::Malformed(_))));
        fs::remove_dir_all(&dir).unwrap();
    }
}
