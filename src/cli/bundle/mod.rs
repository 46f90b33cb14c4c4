//! `frontdesk support-bundle`: what somebody who helps needs to know of this box, and nothing of anybody.
//!
//! It is made of facts that hold no personal data to begin with: counts, sizes, times, versions, settings that
//! are numbers or words of ours. Nothing is taken out of texts that hold more, so there are no log lines, no
//! rows and no paths in it. Works with the daemon running or not.

mod config;
mod machine;
mod store;
mod tar;

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use clap::Args;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use super::doctor::{self, Finding, Patient};
use super::size::bytes;
use super::status::as_json;
use super::{Failure, Shared};
use crate::admin::{self, Status};

#[derive(Args)]
pub struct Command {
    /// The file to make, as support.tar.gz
    file: PathBuf,
}

const README: &str = "\
A support bundle of frontdesk.

  config.txt   every setting that is not free text; free texts only by their length
  status.json  what the running daemon says of itself: frontdesk status --json
  metrics.txt  its figures, as Prometheus reads them (only if it runs)
  doctor.json  what frontdesk doctor found, without names and paths
  store.json   files, sizes and numbers of rows
  system.txt   versions, kernel, processor, memory, disks

It holds no names, phone numbers, e-mail addresses, messages, transcripts, tokens, keys, paths or log lines;
the addresses in it are those that the daemon listens on.
If log lines are asked for, look through them first: journalctl -u frontdesk --since today
";

pub fn run(command: &Command, shared: &Shared, out: &mut dyn Write) -> Result<(), Failure> {
    let patient = Patient::of(shared);
    let at = |error| Failure::failed(format!("{}: {error}", command.file.display()));
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&command.file);
    let mut archive = tar::Archive::new(GzEncoder::new(file.map_err(at)?, Compression::default()));
    let parts = parts(&patient, shared);
    for (name, text) in &parts {
        archive.file(name, text.as_bytes()).map_err(at)?;
    }
    let file = archive.end().and_then(GzEncoder::finish).map_err(at)?;
    file.sync_all().map_err(at)?;
    let size = bytes(file.metadata().map_err(at)?.len());
    writeln!(out, "{}: {size}, {} files, no personal data", command.file.display(), parts.len())?;
    Ok(())
}

/// Name and text of each file.
fn parts(patient: &Patient<'_>, shared: &Shared) -> Vec<(&'static str, String)> {
    let status = match &patient.daemon {
        Some(Err(why)) => json!({"running": true, "error": why}),
        Some(Ok(status)) => as_json(Some(&without_names(status))),
        None => as_json(None),
    };
    let findings = doctor::examine(patient).into_iter();
    let findings: Vec<_> =
        findings.map(|finding| Finding { details: Vec::new(), ..finding }).collect();
    let mut parts = vec![
        ("README.txt", README.to_owned()),
        ("config.txt", config::shareable(&shared.sources())),
        ("status.json", format!("{status:#}\n")),
        ("doctor.json", format!("{:#}\n", json!({"findings": findings}))),
        ("system.txt", machine::facts(patient.config.as_ref().ok())),
    ];
    if let Ok(config) = &patient.config {
        parts.push(("store.json", format!("{:#}\n", store::counts(config))));
        if let Ok(Some(text)) = admin::metrics(&config.data_dir) {
            let nameless = text.lines().filter(|line| !line.contains("{instance="));
            parts.push(("metrics.txt", nameless.map(|line| format!("{line}\n")).collect()));
        }
    }
    parts
}

/// The bridges by number: what somebody called them, and what they say, is nobody else's affair.
fn without_names(status: &Status) -> Status {
    let numbered = (1..).zip(status.bridges.values().cloned()).map(|(number, mut bridge)| {
        bridge.failing = bridge.failing.map(|_| "(not shown)".to_owned());
        (format!("bridge {number}"), bridge)
    });
    Status { bridges: numbered.collect(), ..status.clone() }
}
