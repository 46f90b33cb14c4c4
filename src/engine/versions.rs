//! Which versions of frontdesk have worked on this data directory, and the copies that upgrades left in it: for the page
//! of updates and whoever has to go back. The versions are a note beside the store; the clock of its times is the box's
//! own, and a note that cannot be read or written keeps nobody from starting.

use std::fs;
use std::io;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::describe::ToSchema;
use crate::store::{FILE, KEPT_BEFORE_UPGRADE};

const NOTE: &str = "versions.json";
/// Lines that are kept, the newest.
const MOST: usize = 50;
/// Files of a copy that are added up.
const FILES: usize = 100;

/// A version that was started here, once for each time that it follows upon another one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Ran {
    #[schema(example = "0.1.0")]
    pub version: String,
    /// What its build was told of its source; null if nothing
    pub commit: Option<String>,
    /// Of the store's rows
    pub format: u32,
    /// When it was first started here
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
}

impl Ran {
    /// This program, from now on.
    pub fn now(format: u32) -> Ran {
        let commit = commit().map(str::to_owned);
        Ran {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commit,
            format,
            since: Timestamp::now(),
        }
    }
}

/// A data directory on which the version before an upgrade starts.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UpgradeCopy {
    /// In the data directory
    #[schema(example = "before-format-2")]
    directory: String,
    /// Of its files
    bytes: u64,
    #[schema(value_type = Option<String>, format = DateTime)]
    made_at: Option<Timestamp>,
}

/// The commit that this program was made of, if its build was told.
pub fn commit() -> Option<&'static str> {
    option_env!("BUILD_COMMIT").filter(|commit| !commit.is_empty())
}

/// The oldest first.
pub fn read(data_dir: &Path) -> Vec<Ran> {
    let note = fs::read(data_dir.join(NOTE)).ok();
    note.and_then(|note| serde_json::from_slice(&note).ok()).unwrap_or_default()
}

/// Notes what runs now, unless the last line says so already.
pub fn note(data_dir: &Path, ran: Ran) -> io::Result<()> {
    let mut known = read(data_dir);
    let same = |last: &Ran| {
        (&last.version, &last.commit, last.format) == (&ran.version, &ran.commit, ran.format)
    };
    if known.last().is_some_and(same) {
        return Ok(());
    }
    known.push(ran);
    let known = &known[known.len().saturating_sub(MOST)..];
    let path = data_dir.join(NOTE);
    let fresh = path.with_extension("json.new");
    fs::write(&fresh, format!("{}\n", serde_json::to_string(known)?))?;
    fs::rename(fresh, path)
}

/// The copies that there are, the newest first; what cannot be read is not told.
pub fn copies(data_dir: &Path) -> Vec<UpgradeCopy> {
    let names = fs::read_dir(data_dir).into_iter().flatten().flatten();
    let names = names.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|n| n.starts_with(KEPT_BEFORE_UPGRADE)).collect();
    names.sort_by_key(|name| (name.len(), name.clone()));
    let told = names.into_iter().rev().take(MOST).filter_map(|directory| {
        let dir = data_dir.join(&directory);
        // Its store gets its name last: without it, it is no copy.
        let made_at = fs::metadata(dir.join(FILE)).ok()?.modified().ok();
        let made_at = made_at.and_then(|at| Timestamp::try_from(at).ok());
        let bytes = size(&dir) + size(&dir.join("journal"));
        Some(UpgradeCopy { directory, bytes, made_at })
    });
    told.collect()
}

fn size(dir: &Path) -> u64 {
    let files = fs::read_dir(dir).into_iter().flatten().flatten().take(FILES);
    let files = files.filter_map(|entry| entry.metadata().ok()).filter(|file| file.is_file());
    files.map(|file| file.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_noted_once_until_another_one_ran() {
        let dir = std::env::temp_dir().join(format!("frontdesk-versions-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let ran = |version: &str| Ran { version: version.to_owned(), ..Ran::now(1) };
        for version in ["1.0.0", "1.0.0", "1.1.0", "1.0.0"] {
            note(&dir, ran(version)).unwrap();
        }
        let versions: Vec<_> = read(&dir).into_iter().map(|ran| ran.version).collect();
        assert_eq!(versions, ["1.0.0", "1.1.0", "1.0.0"], "who goes back is told, too");
        for at in 0..60 {
            note(&dir, ran(&format!("2.0.{at}"))).unwrap();
        }
        assert_eq!(read(&dir).len(), MOST);
        fs::write(dir.join(NOTE), "[{").unwrap();
        assert_eq!(read(&dir), []);
        fs::remove_dir_all(dir).unwrap();
    }
}
