//! `frontdesk doctor`: what is wrong with this box, or soon will be, and what to do about it.
//!
//! It works with the daemon running or not, and changes nothing, ever: no file is written or made, no setting
//! tried out. A check is a function from the [`Patient`] to findings, in a file of its own.

mod backup;
mod certificates;
mod channels;
mod directory;
mod finding;
mod machine;
mod ports;
mod service;
mod settings;
mod store;

use std::io::Write;

use clap::Args;
use serde_json::json;

use super::{Failure, Shared};
use crate::admin::{self, Status};
use crate::config::{Config, ConfigError};
pub use finding::{Finding, Verdict};

#[derive(Args)]
pub struct Command {
    /// As JSON, for programs
    #[arg(long)]
    json: bool,
}

/// Everything that checks look at.
pub struct Patient<'a> {
    pub shared: &'a Shared,
    pub config: Result<Config, ConfigError>,
    /// Of the daemon that runs on the data directory: how it is, or why it does not say. None when none runs.
    pub daemon: Option<Result<Status, String>>,
}

impl Patient<'_> {
    pub fn of(shared: &Shared) -> Patient<'_> {
        let config = Config::load(&shared.sources());
        let daemon = config.as_ref().ok().and_then(|config| {
            admin::status(&config.data_dir).map_err(|error| error.to_string()).transpose()
        });
        Patient { shared, config, daemon }
    }

    fn is_running(&self) -> bool {
        self.daemon.is_some()
    }

    /// How the daemon is, if it runs and says so.
    fn status(&self) -> Option<&Status> {
        self.daemon.as_ref()?.as_ref().ok()
    }
}

/// Looks at everything. Without a configuration that can be used only the machine is left to look at.
pub fn examine(patient: &Patient<'_>) -> Vec<Finding> {
    let mut findings = settings::check(patient);
    findings.push(daemon(patient));
    if let Ok(config) = &patient.config {
        findings.extend(directory::check(config));
        findings.extend(store::check(patient, config));
        findings.extend(ports::check(patient, config));
        findings.extend(channels::check(patient));
        findings.push(certificates::check(config));
        findings.push(backup::check(config));
    }
    findings.extend(machine::check(patient));
    findings.extend(service::check(patient));
    findings
}

fn daemon(patient: &Patient<'_>) -> Finding {
    match &patient.daemon {
        None => Finding::ok("daemon", "not running; what only it knows was not looked at"),
        Some(Ok(Status { ready: true, version, .. })) if version == env!("CARGO_PKG_VERSION") => {
            Finding::ok("daemon", "running, and ready")
        }
        Some(Ok(Status { ready: true, version, .. })) => Finding::warning(
            "daemon",
            format!("version {version} runs, {} is installed", env!("CARGO_PKG_VERSION")),
            "restart it: systemctl restart frontdesk",
        ),
        Some(Ok(Status { reason, .. })) => Finding::error(
            "daemon",
            format!(
                "running, but not ready: {}",
                reason.as_deref().unwrap_or("it does not say why")
            ),
            "it tries again by itself; see what the disk and the store say here, and journalctl -u frontdesk",
        ),
        Some(Err(why)) => Finding::error(
            "daemon",
            format!("something listens on the admin socket, but {why}"),
            "run this as root or as the daemon's user; if it hangs: systemctl restart frontdesk",
        ),
    }
}

pub fn run(command: &Command, shared: &Shared, out: &mut dyn Write) -> Result<(), Failure> {
    let findings = examine(&Patient::of(shared));
    if command.json {
        writeln!(out, "{:#}", json!({"findings": findings}))?;
    } else {
        tell(&findings, out)?;
    }
    match findings.iter().filter(|finding| finding.verdict == Verdict::Error).count() {
        0 => Ok(()),
        errors => Err(Failure::failed(format!("{errors} of {} checks failed", findings.len()))),
    }
}

fn tell(findings: &[Finding], out: &mut dyn Write) -> std::io::Result<()> {
    for Finding { check, verdict, seen, advice, details } in findings {
        writeln!(out, "{:<8} {check:<10} {seen}", verdict.as_str())?;
        for line in details.iter().chain(advice) {
            writeln!(out, "{:<19} {line}", "")?;
        }
    }
    Ok(())
}
