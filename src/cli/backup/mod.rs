//! `frontdesk backup`: everything into one file, beside a running daemon or without one.
//!
//! The daemon only scans; packing, encrypting and storing happen here, with the rights and the secrets of
//! whoever runs the command. Nothing older is removed before the new backup is there and was read back.

mod file;
mod keyring;
mod object;
mod place;
mod secret;
mod source;

use std::io::{BufReader, Write};
use std::path::Path;

use clap::Args;

use super::progress::{Meter, Unit};
use super::size;
use super::{Failure, Shared};
use crate::admin::{self, LastBackup};
use crate::app;
use crate::config::Config;
use crate::store::backup::{About, Backup, End, Kind, Part, Secret, Whole, Writer};
use crate::store::keyfile;
use crate::telemetry::{self, progress::Progress};

use file::NewFile;
pub use keyring::{KeyFlags, Unlocked};
use object::{NewObject, Remote};
pub use place::Place;
pub use secret::{Flags, key as key_of, passphrase as passphrase_of};
pub use source::{find, refused};

#[derive(Args)]
pub struct Command {
    /// File, directory or s3://bucket/prefix; a directory and a prefix keep the last `backup.keep` dated ones
    /// [default: backup.target]
    #[arg(value_name = "TARGET")]
    target: Option<String>,
    #[command(flatten)]
    secret: Flags,
}

pub fn run(command: &Command, shared: &Shared, out: &mut dyn Write) -> Result<(), Failure> {
    let config = Config::load(&shared.sources())?;
    crate::net::resolver::ask(config.network.servers());
    telemetry::init(&config.log).map_err(Failure::failed)?;
    let target = match &command.target {
        Some(target) => target,
        None if config.backup.target.is_empty() => {
            return Err(Failure::usage(
                "where to? Name a file, a directory or s3://bucket/prefix, or set backup.target",
            ));
        }
        None => &config.backup.target,
    };
    let place = Place::parse(target)?;
    let secret = command.secret.for_writing(&config.backup)?;
    let made = make(&place, &config, secret.as_ref())?;
    writeln!(
        out,
        "{}: {} rows, {} changes beside them, up to event {}, {}{}",
        made.place,
        made.end.rows,
        made.end.plans,
        made.end.seq,
        size::bytes(made.bytes),
        if secret.is_some() { ", encrypted" } else { "" }
    )?;
    if made.removed > 0 {
        writeln!(out, "older backups removed: {}", made.removed)?;
    }
    let (at, to) = (jiff::Timestamp::now(), made.place.to_string());
    let last = LastBackup { at, to, bytes: made.bytes, seq: made.end.seq };
    if let Err(error) = last.write(&config.data_dir) {
        tracing::warn!(%error, "the time of the backup could not be noted in the data directory");
    }
    Ok(())
}

/// A backup that is where it should be.
struct Made {
    place: Place,
    end: End,
    bytes: u64,
    removed: usize,
}

fn make(place: &Place, config: &Config, secret: Option<&Secret>) -> Result<Made, Failure> {
    let keep = config.backup.keep as usize;
    let name = place::dated();
    // First, so that there is never a backup that nothing opens.
    keyring::keep(place, config)?;
    match place {
        Place::File(path) => {
            let (end, bytes) = to_file(path, config, secret)?;
            Ok(Made { place: place.clone(), end, bytes, removed: 0 })
        }
        Place::Directory(directory) => {
            let path = directory.join(&name);
            let (end, bytes) = to_file(&path, config, secret)?;
            let removed = file::prune(directory, &name, keep)?;
            Ok(Made { place: Place::File(path), end, bytes, removed })
        }
        Place::Object { bucket, key } => {
            let (end, bytes) =
                to_object(&Remote::new(bucket, &config.backup)?, key, config, secret)?;
            Ok(Made { place: place.clone(), end, bytes, removed: 0 })
        }
        Place::Prefix { bucket, prefix } => {
            let remote = Remote::new(bucket, &config.backup)?;
            let key = format!("{prefix}{name}");
            let (end, bytes) = to_object(&remote, &key, config, secret)?;
            let removed = remote.prune(prefix, &name, keep)?;
            Ok(Made { place: Place::Object { bucket: bucket.clone(), key }, end, bytes, removed })
        }
    }
}

fn to_file(path: &Path, config: &Config, secret: Option<&Secret>) -> Result<(End, u64), Failure> {
    let (mut file, end) = write(NewFile::begin(path)?, config, secret)?;
    let written = file.synced()?;
    let progress = Progress::default();
    progress.set_total(written.metadata()?.len());
    let meter = Meter::show("reading back", Unit::Bytes, &progress);
    let checked = Backup::open(BufReader::new(written), source::newest(config), &progress, |_| {
        secret.cloned()
    })
    .and_then(Backup::check);
    drop(meter);
    let whole = checked.map_err(|error| {
        Failure::failed(format!("{}: what was written does not read back: {error}", path.display()))
    })?;
    file.keep()?;
    Ok((end, whole.bytes))
}

fn to_object(
    remote: &Remote,
    key: &str,
    config: &Config,
    secret: Option<&Secret>,
) -> Result<(End, u64), Failure> {
    let (object, end) = write(NewObject::begin(remote, key), config, secret)?;
    object.keep()?;
    Ok((end, remote.size(key)?.unwrap_or(0)))
}

/// Scans the store into `out`; what comes back is whole.
fn write<W: Write>(out: W, config: &Config, secret: Option<&Secret>) -> Result<(W, End), Failure> {
    let path = config.data_dir.join(admin::SOCKET);
    let reach = |e| Failure::failed(format!("{}: {e}", path.display()));
    if let Some(mut parts) = admin::backup::ask(&config.data_dir).map_err(reach)? {
        return pack(out, config, secret, || parts.part().map_err(Failure::failed));
    }
    if !app::has_store(config) {
        let dir = config.data_dir.display();
        let why = "holds no store; give the directory of one with --data-dir";
        return Err(Failure::usage(format!("{dir} {why}")));
    }
    let (engine, writer) = app::open(config).map_err(Failure::failed)?;
    let mut scan = engine.scan(Progress::default());
    let packed = pack(out, config, secret, || scan.part().map_err(Failure::failed));
    drop((scan, engine));
    writer.stop().map_err(Failure::failed)?;
    packed
}

/// Packs parts, with the keys behind the first.
fn pack<W: Write>(
    out: W,
    config: &Config,
    secret: Option<&Secret>,
    mut next: impl FnMut() -> Result<Option<Part>, Failure>,
) -> Result<(W, End), Failure> {
    let progress = Progress::default();
    let _meter = Meter::show("backup", Unit::Count("rows"), &progress);
    let fail = |error| Failure::failed(format!("the backup could not be written: {error}"));
    let mut writer = Writer::new(out, secret).map_err(fail)?;
    while let Some(part) = next()? {
        writer.put(&part).map_err(fail)?;
        progress.set(writer.rows());
        if part.kind == Kind::About {
            let about: About = serde_json::from_slice(&part.bytes).map_err(Failure::failed)?;
            progress.set_total(about.rows);
            let bytes = keyfile::text(&config.data_dir).map_err(Failure::failed)?.into_bytes();
            writer.put(&Part { kind: Kind::Keys, bytes }).map_err(fail)?;
        }
    }
    writer.finish().map_err(fail)
}

/// What a whole backup is, in one line.
pub fn described(whole: &Whole) -> String {
    format!(
        "made {} by frontdesk {}, {} rows and {} changes beside them, up to event {}, {}, encrypted to: {}",
        whole.about.made_at,
        whole.about.frontdesk,
        whole.end.rows,
        whole.end.plans,
        whole.end.seq,
        size::bytes(whole.bytes),
        whole.lock,
    )
}
