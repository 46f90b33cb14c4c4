//! The configuration: can it be used, and is anything in it risky.

use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;

use super::{Finding, Patient};
use crate::config::{Config, LogLevel, Tls, settings};

const CHECK: &str = "config";

pub fn check(patient: &Patient<'_>) -> Vec<Finding> {
    let config = match &patient.config {
        Ok(config) => config,
        Err(error) => {
            let count = error.problems.len();
            let seen = format!("it cannot be used: {count} things are wrong with it");
            let advice = "correct them; `frontdesk config check` tells when it is right";
            let problems = error.problems.iter().map(ToString::to_string);
            return vec![Finding::error(CHECK, seen, advice).with(problems)];
        }
    };
    let mut findings = risks(config);
    findings.extend(file(patient));
    if findings.is_empty() {
        let own = settings(&patient.shared.sources())
            .map_or(0, |all| all.iter().filter(|setting| setting.origin != "default").count());
        findings.push(Finding::ok(CHECK, format!("good; settings other than the defaults: {own}")));
    }
    findings
}

fn risks(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut exposed = |key: &str, address: SocketAddr| {
        if !address.ip().is_loopback() {
            findings.push(Finding::warning(
                CHECK,
                format!("{key} is {address}, without TLS: tokens and transcripts cross the network in clear"),
                "set http.tls, or listen on 127.0.0.1 behind a proxy that speaks TLS",
            ));
        }
    };
    if config.http.tls == Tls::Off {
        exposed("http.listen", config.http.listen);
    }
    if let Some(address) = config.calls.legacy_listen {
        exposed("calls.legacy_listen", address);
    }
    if config.calls.legacy_open && config.calls.legacy_listen.is_some() {
        findings.push(Finding::warning(
            CHECK,
            "calls.legacy_open is set: every program on this box may read all calls without a token",
            "unset it as soon as what reads there can send a token",
        ));
    }
    if matches!(config.log.level, LogLevel::Debug | LogLevel::Trace) {
        findings.push(Finding::warning(
            CHECK,
            "log.level is below info: the log grows fast and wears the flash out",
            "set it back to info when you have seen what you wanted to see",
        ));
    }
    findings
}

/// Whoever may write the file may redirect everything.
fn file(patient: &Patient<'_>) -> Option<Finding> {
    let path = patient.shared.config_file();
    let metadata = std::fs::metadata(&path).ok()?;
    (metadata.mode() & 0o022 != 0).then(|| {
        let seen =
            format!("others may write the configuration file (mode {:o})", metadata.mode() & 0o777);
        Finding::warning(CHECK, seen, "chmod go-w it").with([path.display().to_string()])
    })
}
