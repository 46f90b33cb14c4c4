//! The copy of a store that is kept before it is upgraded: `before-format-N/` in the data directory.
//!
//! It is a data directory of its own, on which the older frontdesk starts: the database, the end of the
//! journal that belongs to it, and the keys. (The feed begins anew there, so consumers that were behind
//! resync.) `store.redb` gets its name last: a directory without it is no copy. The operator removes it, or an upgrade
//! to the same format that was cut off and is done again.
//!
//! What always holds: whoever is erased from the store is erased from its copies. Where values are sealed, a key that
//! is destroyed is destroyed in their keyrings first ([`super::keys`]). What lay in clear when it was copied goes with
//! the copy, when the store is written anew ([`super::compaction`]).

use std::io;

use super::database::FILE;
use super::disk::{Disk, DiskFile};
use super::error::OpenError;
use super::journal::Journal;
use super::migrate::{Progress, Teller, Upgrade};
use super::space::LEAST;
use super::stamp::Stamp;
use super::{keyfile, keyring_file};

/// What the directories are called, before the number of the format.
pub const PREFIX: &str = "before-format-";
const CHUNK: u64 = 1 << 20;

/// Copies a store that is checkpointed and at rest, if there is room for that and for the upgrade. Gives the
/// directory's name.
pub fn keep(
    disk: &dyn Disk,
    store: &dyn DiskFile,
    journal: &Journal,
    upgrade: &Upgrade,
    found: &Stamp,
    reserve: u64,
) -> Result<String, OpenError> {
    let dir = format!("{PREFIX}{}", upgrade.newest());
    let failed = |error: io::Error| OpenError::Io { file: dir.clone(), error: error.to_string() };
    clear(disk, &dir).map_err(failed)?;
    let end = journal.active().map_or(0, |(_, end)| end);
    let allocated = store.allocated().map_err(failed)?;
    // The copy, and at worst every row written anew beside the old ones.
    let needed = 2 * allocated + end + reserve + LEAST;
    let free = disk.free_space().map_err(failed)?;
    if free < needed {
        let (to, version) = (upgrade.newest(), found.version.clone());
        return Err(OpenError::NoRoomToUpgrade { to, free, needed, version });
    }
    let mut teller = Teller::new(upgrade.progress);
    let mut copy = || -> io::Result<()> {
        if let Some((segment, end)) = journal.active() {
            let name = format!("{dir}/{}", segment.name());
            duplicate(disk, &*segment.file, end, &name, &mut teller)?;
            disk.sync_dir(&format!("{dir}/journal"))?;
        }
        for name in [keyfile::NAME, keyring_file::NAME] {
            match disk.open(name) {
                Ok(keys) => {
                    let name = format!("{dir}/{name}");
                    duplicate(disk, &*keys, keys.len()?, &name, &mut teller)?;
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        let unfinished = format!("{dir}/{FILE}.new");
        duplicate(disk, store, store.len()?, &unfinished, &mut teller)?;
        disk.rename(&unfinished, &format!("{dir}/{FILE}"))?;
        disk.sync_dir(&dir)?;
        disk.sync_dir("")
    };
    copy().map_err(failed)?;
    Ok(dir)
}

/// The copies that there are, of upgrades up to this format.
pub fn copies(disk: &dyn Disk, newest: u32) -> Vec<String> {
    let dirs = (2..=newest).map(|format| format!("{PREFIX}{format}"));
    dirs.filter(|dir| disk.open(&format!("{dir}/{FILE}")).is_ok()).collect()
}

/// Gives up a copy; the directory stays, empty.
pub fn remove(disk: &dyn Disk, dir: &str) -> io::Result<()> {
    clear(disk, dir)?;
    tracing::info!(
        dir,
        "the copy from before an upgrade was removed: it held in clear what was erased"
    );
    disk.sync_dir(dir)
}

/// Makes the directory, and empties it of what an earlier attempt left; its store goes first.
fn clear(disk: &dyn Disk, dir: &str) -> io::Result<()> {
    let journal = format!("{dir}/journal");
    disk.make_dir(dir)?;
    disk.make_dir(&journal)?;
    let mut files = disk.list(dir)?;
    if files.iter().any(|name| name == FILE) {
        disk.remove(&format!("{dir}/{FILE}"))?;
        disk.sync_dir(dir)?;
        files.retain(|name| name != FILE);
    }
    for name in files {
        disk.remove(&format!("{dir}/{name}"))?;
    }
    for name in disk.list(&journal)? {
        disk.remove(&format!("{journal}/{name}"))?;
    }
    Ok(())
}

/// Copies the first `len` bytes of a file, durably; what is zero becomes a hole.
fn duplicate(
    disk: &dyn Disk,
    from: &dyn DiskFile,
    len: u64,
    name: &str,
    teller: &mut Teller,
) -> io::Result<()> {
    let to = disk.create(name)?;
    to.set_len(len)?;
    let mut bytes = Vec::new();
    let mut done = 0;
    while done < len {
        bytes.resize(CHUNK.min(len - done) as usize, 0);
        from.read_at(done, &mut bytes)?;
        if bytes.iter().any(|byte| *byte != 0) {
            to.write_at(done, &bytes)?;
        }
        done += bytes.len() as u64;
        teller.tell(&Progress { what: "copying the store", done, total: len, unit: "bytes" });
    }
    to.sync_data()
}
