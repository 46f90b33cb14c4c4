//! `frontdesk bench`: the daemon under load, beside the limits of this machine.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use rustix::fs::{FsWord, statfs};

use super::scratch::Scratch;
use super::{Failure, Shared};
use crate::app;
use crate::bench::{Options, QUICK, THOROUGH, measure};

/// What `statfs` says of a file system that lives in memory.
const TMPFS: FsWord = 0x0102_1994;

/// Measure durable events a second, latency, memory and start, beside the limits of this machine
///
/// Starts a daemon of this program on an empty store in a directory of its own, and loads it through its
/// doors: WhatsApp messages over HTTP from 1, 16 and 128 clients (one in ten opens a new conversation, the
/// others go to one of the thousand newest) and the events of 16 calls over WebSocket. Every client waits for
/// each acknowledgement, so each event counted is on disk. By turns with it, in the same run: bare fdatasync
/// appends of 300 bytes, bare commits of redb, and an HTTP server that stores nothing. The load runs on the
/// same machine and takes its share of it; for figures that mean something run a release build with nothing
/// else at work.
///
/// Takes about two minutes and up to 1 GiB in the directory, all of which is removed at the end.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Command {
    /// A directory on the disk to measure
    #[arg(long, value_name = "DIR", default_value_os_t = std::env::temp_dir())]
    dir: PathBuf,
    /// Fewer and shorter rounds and a tenth of the tickets: under 20 s, for a first look
    #[arg(long)]
    quick: bool,
    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(command: &Command, shared: &Shared, out: &mut dyn Write) -> Result<(), Failure> {
    if shared.data_dir.is_some() {
        let why = "bench never touches a store of yours: give the disk to measure with --dir";
        return Err(Failure::usage(why));
    }
    warn_of(&command.dir);
    let scratch = Scratch::new(&command.dir, "bench")?;
    let options = Options {
        program: std::env::current_exe()?,
        config: shared.config.clone(),
        dir: scratch.path().to_owned(),
        plan: if command.quick { QUICK } else { THOROUGH },
    };
    // One thread makes the load, so that the daemon keeps as much of the machine as can be.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(async {
        let stop = app::stop_signal().map_err(Failure::failed)?;
        tokio::select! {
            report = measure(&options, |doing| eprintln!("bench: {doing}")) => report.map_err(Failure::failed),
            () = stop => Err(Failure::failed("bench was stopped before it had measured everything")),
        }
    })?;
    if command.json {
        let json = serde_json::to_string_pretty(&report).map_err(Failure::failed)?;
        writeln!(out, "{json}")?;
    } else {
        write!(out, "{report}")?;
    }
    Ok(())
}

/// Figures that would mislead are announced as such.
fn warn_of(dir: &Path) {
    if cfg!(debug_assertions) {
        eprintln!(
            "bench: this is a debug build; build with --release for figures that mean something"
        );
    }
    if statfs(dir).is_ok_and(|fs| fs.f_type == TMPFS) {
        eprintln!("bench: {} is memory, not a disk; choose one with --dir", dir.display());
    }
}
