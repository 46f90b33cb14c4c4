//! `frontdesk verify`: is everything there, and if not, where is the damage.
//!
//! Beside a running daemon the rows are checked in short snapshots; without one the files are checked first,
//! every batch of the journal and every page of the store, read-only. A backup is read as a restore would read
//! it, or really restored where it is thrown away.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::ask::ask;
use super::backup::{Flags, KeyFlags, Place, described, find, refused};
use super::progress::{Meter, Unit};
use super::scratch::Scratch;
use super::{Failure, Shared, restore};
use crate::admin::{self, Answer, AuditMark, Request};
use crate::app::{self, root_key};
use crate::config::Config;
use crate::store::backup::{Backup, BackupError, Content, Whole};
use crate::store::seal::{self, Seal, SealError};
use crate::store::{self, Disk, RealDisk, Table};
use crate::telemetry::progress::Progress;

#[derive(Args)]
pub struct Command {
    /// Check a backup instead: file, directory (its newest), s3://bucket/key.fdb or s3://bucket/prefix
    #[arg(long, value_name = "BACKUP")]
    backup: Option<String>,
    /// Also restore it into a throw-away directory below DIR, and check its rows
    #[arg(long, value_name = "DIR", requires = "backup")]
    scratch: Option<PathBuf>,
    /// A head of the audit that was kept elsewhere, as `status` tells it: it must be in the chain
    #[arg(long, value_name = "SEQ:HASH", value_parser = audit_head)]
    audit_head: Option<AuditMark>,
    #[command(flatten)]
    secret: Flags,
    #[command(flatten)]
    keys: KeyFlags,
}

fn audit_head(text: &str) -> Result<AuditMark, String> {
    let wanted = "expected SEQ:HASH with 64 hexadecimal digits, as `frontdesk status` tells it";
    AuditMark::parse(text).ok_or_else(|| wanted.to_owned())
}

pub fn run(command: &Command, shared: &Shared, out: &mut dyn Write) -> Result<(), Failure> {
    let config = Config::load(&shared.sources())?;
    crate::net::resolver::ask(config.network.servers());
    if let Some(backup) = &command.backup {
        let place = Place::parse(backup)?;
        return match &command.scratch {
            Some(dir) => restored(dir, place, command, config, out),
            None => read(place, command, &config, out),
        };
    }
    store(&config, command.audit_head, out)
}

/// Reads a backup to its end, as a restore would.
fn read(
    place: Place,
    command: &Command,
    config: &Config,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let source = find(place, &config.backup)?;
    let place = source.place.clone();
    let progress = Progress::default();
    let backup = source.open(&command.secret, config, &progress)?;
    let meter = Meter::show("verify", Unit::Bytes, &progress);
    let seal = Seal::new([0; 32]);
    let (seal, why) = match command.keys.unlock(&place, backup.about(), config) {
        Ok(None) => (Some(seal), None),
        Ok(Some(unlocked)) => (Some(seal.with_keys(Arc::new(unlocked.keys), true)), None),
        Err(failure) => (None, Some(failure.text)),
    };
    let checked = opened(backup, seal.as_ref());
    drop(meter);
    let (whole, values) = checked.map_err(|error| refused(&place, &error))?;
    writeln!(out, "{place}: {}", described(&whole))?;
    if let Some(why) = why {
        writeln!(out, "its checksums hold; whether its values open was not tried: {why}")?;
    }
    if values.erased > 0 {
        writeln!(out, "{} values were erased since: their keys are destroyed", values.erased)?;
    }
    if values.damaged > 0 {
        return Err(Failure::failed(format!("{place}: {} values do not open", values.damaged)));
    }
    writeln!(out, "sound")?;
    Ok(())
}

/// Values that do not open.
#[derive(Default)]
struct Closed {
    erased: u64,
    damaged: u64,
}

/// Reads a backup to its end and opens its values, with a seal that can.
fn opened<R: Read>(
    mut backup: Backup<R>,
    seal: Option<&Seal>,
) -> Result<(Whole, Closed), BackupError> {
    let mut closed = Closed::default();
    let mut open = |table: Table, key: &[u8], value: &[u8]| {
        let Some(seal) = seal.filter(|_| table != Table::Meta) else { return };
        match seal.open(seal::Place::row(table, key), value) {
            Ok(_) => {}
            Err(SealError::Erased) => closed.erased += 1,
            Err(_) => closed.damaged += 1,
        }
    };
    loop {
        match backup.content()? {
            Content::Rows { table, rows } => {
                rows.iter().for_each(|(key, value)| open(table, key, value));
            }
            Content::Plans(plans) => {
                for row in plans.iter().flat_map(|plan| &plan.rows) {
                    row.value.iter().for_each(|value| open(row.table, &row.key, value));
                }
            }
            // Its bytes lie as they are, and their block's checksum was right.
            Content::File { .. } => {}
            Content::End(whole) => return Ok((whole, closed)),
        }
    }
}

/// Restores a backup where it is thrown away, and checks what came of it.
fn restored(
    dir: &Path,
    place: Place,
    command: &Command,
    mut config: Config,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let scratch = Scratch::new(dir, "verify")?;
    // The root key stays where it is, unless it is named apart.
    if !command.keys.names_root_key() {
        config.store.key_file = root_key::path(&config);
    }
    config.data_dir = scratch.path().join("store");
    let secrets = (&command.secret, &command.keys);
    let restored = restore::into(&config.data_dir, place.clone(), secrets, &config)?;
    writeln!(out, "{place}: {}", described(&restored.whole))?;
    store(&config, command.audit_head, out)
}

fn store(
    config: &Config,
    audit_head: Option<AuditMark>,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    if app::has_store(config) && !admin::is_running(&config.data_dir) {
        files(config, out)?;
    }
    let mut sound = true;
    ask(config, Request::Verify { audit_head }, |answer| {
        if let Answer::Verified { tickets, entries, audited, findings, more } = answer {
            writeln!(out, "rows: {tickets} tickets, {entries} timeline entries")?;
            writeln!(out, "audit: {audited} rows")?;
            for finding in &findings {
                writeln!(out, "  {finding}")?;
            }
            if more > 0 {
                writeln!(out, "  and {more} more")?;
            }
            sound = findings.is_empty();
        }
        Ok(())
    })?;
    if !sound {
        return Err(Failure::failed("the rows contradict each other; see above"));
    }
    writeln!(out, "sound")?;
    Ok(())
}

fn files(config: &Config, out: &mut dyn Write) -> Result<(), Failure> {
    let disk = RealDisk::new(&config.data_dir).map_err(Failure::failed)?;
    let disk: Arc<dyn Disk> = Arc::new(disk);
    let progress = Progress::default();
    let meter = Meter::show("verify files", Unit::Bytes, &progress);
    let report = store::verify(&disk, &app::settings(config), &progress);
    drop(meter);
    let report = report.map_err(Failure::failed)?;
    let (segments, batches) = (report.segments.len(), report.batches);
    writeln!(out, "journal: {segments} segments, {batches} batches, {} events", report.events)?;
    if let Some(finding) = &report.database {
        writeln!(out, "  store.redb: {finding}")?;
    }
    for damage in &report.damage {
        writeln!(out, "  {damage}")?;
    }
    if report.is_sound() {
        return Ok(());
    }
    Err(Failure::failed("the files are damaged; see above. Restore a backup"))
}
