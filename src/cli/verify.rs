//! `frontdesk verify`: is everything there, and if not, where is the damage.
//!
//! Beside a running daemon the rows are checked in short snapshots; without one the files are checked first,
//! every batch of the journal and every page of the store, read-only.

use std::io::Write;
use std::sync::Arc;

use super::ask::ask;
use super::{Failure, Shared};
use crate::admin::{self, Answer, Request};
use crate::app;
use crate::config::Config;
use crate::store::{self, Disk, RealDisk};

pub fn run(shared: &Shared, out: &mut dyn Write) -> Result<(), Failure> {
    let config = Config::load(&shared.sources())?;
    if app::has_store(&config) && !admin::is_running(&config.data_dir) {
        files(&config, out)?;
    }
    let mut sound = true;
    ask(&config, Request::Verify, |answer| {
        if let Answer::Verified { tickets, entries, findings, more } = answer {
            writeln!(out, "rows: {tickets} tickets, {entries} timeline entries")?;
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
    let report = store::verify(&disk, &app::settings(config)).map_err(Failure::failed)?;
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
