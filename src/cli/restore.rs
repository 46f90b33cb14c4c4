//! `frontdesk restore`: a backup made into a store, in an empty directory.

use std::fs::{self, DirBuilder};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, chown};
use std::path::Path;
use std::sync::Arc;

use clap::Args;

use super::backup::{Flags, KeyFlags, Place, Unlocked, described, find, refused};
use super::progress::{Meter, Unit};
use super::serve::runtime;
use super::{Failure, Shared};
use crate::app::{self, root_key};
use crate::config::Config;
use crate::store::backup::{RestoreError, Restored, Ring, Secret, UNFINISHED, restore};
use crate::store::files::FILES;
use crate::store::{Disk, RealDisk};
use crate::telemetry::{self, progress::Progress};

#[derive(Args)]
pub struct Command {
    /// File or s3://bucket/key.fdb; of a directory or a prefix the newest dated backup
    #[arg(value_name = "BACKUP")]
    backup: String,
    #[command(flatten)]
    secret: Flags,
    #[command(flatten)]
    keys: KeyFlags,
}

pub fn run(command: &Command, shared: &Shared, out: &mut dyn Write) -> Result<(), Failure> {
    let config = Config::load(&shared.sources())?;
    crate::net::resolver::ask(config.network.servers());
    telemetry::init(&config.log).map_err(Failure::failed)?;
    let place = Place::parse(&command.backup)?;
    let dir = config.data_dir.clone();
    let restored = into(&dir, place, (&command.secret, &command.keys), &config)?;
    hand_over(&dir).map_err(|e| Failure::failed(format!("{}: {e}", dir.display())))?;
    writeln!(out, "restored into {}: {}", dir.display(), described(&restored.whole))?;
    if restored.erased > 0 {
        let erased = restored.erased;
        writeln!(
            out,
            "{erased} values of tickets and customers that were erased since stayed behind"
        )?;
    }
    let epoch = &restored.feed_epoch;
    writeln!(out, "its feed is a new one, {epoch}: consumers read the state and go on from there")?;
    writeln!(out, "`frontdesk verify` checks it, `frontdesk serve` goes on with it")?;
    Ok(())
}

/// Restores into `dir`, which is empty or not there.
pub fn into(
    dir: &Path,
    place: Place,
    (secret, keys): (&Flags, &KeyFlags),
    config: &Config,
) -> Result<Restored, Failure> {
    let at = |e| Failure::failed(format!("{}: {e}", dir.display()));
    let source = find(place, &config.backup)?;
    let place = source.place.clone();
    let progress = Progress::default();
    // The beginning is read first: what is no backup, or has another key, touches nothing.
    let backup = source.open(secret, config, &progress)?;
    let unlocked = keys.unlock(&place, backup.about(), config)?;
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(at)?;
    is_free(dir)?;
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::new(dir).map_err(at)?);
    let _meter = Meter::show("restore", Unit::Bytes, &progress);
    let cache = app::settings(config).cache_bytes;
    let keyring = unlocked.as_ref().map(|u| Ring { bytes: &u.bytes, keys: &u.keys });
    let restored = restore(backup, keyring, &disk, cache).map_err(|error| match error {
        RestoreError::Backup(error) => refused(&place, &error),
        other => Failure::failed(format!("{}: {other}", dir.display())),
    })?;
    if let Some(Unlocked { root: Secret::Key(key), .. }) = &unlocked
        && keys.names_root_key()
    {
        // Where the daemon looks for it; one that is there already is the one.
        root_key::install(&root_key::path(config), key).map_err(Failure::failed)?;
    }
    if restored.erased > 0 {
        carry_erasures_over(dir, config)?;
    }
    Ok(restored)
}

/// Persons who were erased since the backup are not to come back: what is left of them goes too.
fn carry_erasures_over(dir: &Path, config: &Config) -> Result<(), Failure> {
    let config = Config { data_dir: dir.to_owned(), ..config.clone() };
    runtime()?.block_on(async {
        let (engine, writer) = app::open_restored(&config).map_err(Failure::failed)?;
        let done = engine.carry_erasures_over().await.map_err(Failure::failed);
        drop(engine);
        writer.stop().map_err(Failure::failed)?;
        done
    })
}

/// What only looks like content: an earlier command's lock, the root of a file system of its own.
const NOTHING: [&str; 3] = ["lock", "journal", "lost+found"];

fn is_free(dir: &Path) -> Result<(), Failure> {
    let refuse = |error: RestoreError| Failure::failed(format!("{}: {error}", dir.display()));
    if dir.join(UNFINISHED).exists() {
        return Err(refuse(RestoreError::Interrupted));
    }
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let no_files = name == FILES && fs::read_dir(dir.join(FILES))?.next().is_none();
        if !NOTHING.contains(&name.as_str()) && !no_files {
            return Err(refuse(RestoreError::NotEmpty(name)));
        }
    }
    Ok(())
}

/// Files that root restored belong to whom their directory belongs to: the daemon's own user.
fn hand_over(dir: &Path) -> std::io::Result<()> {
    let owner = fs::metadata(dir)?;
    let (journal, files) = (dir.join("journal"), dir.join(FILES));
    let files = if files.is_dir() { Some(fs::read_dir(&files)?) } else { None };
    let entries =
        fs::read_dir(dir)?.chain(fs::read_dir(&journal)?).chain(files.into_iter().flatten());
    for path in entries.map(|entry| entry.map(|entry| entry.path())) {
        let path = path?;
        let now = fs::metadata(&path)?;
        if (now.uid(), now.gid()) != (owner.uid(), owner.gid()) {
            chown(&path, Some(owner.uid()), Some(owner.gid()))?;
        }
    }
    Ok(())
}
