//! The store: is it there, whose format is it, would it start.

use super::{Finding, Patient};
use crate::admin::StoreStatus;
use crate::app;
use crate::cli::size::bytes;
use crate::config::Config;
use crate::store::{Inspection, OpenError, RealDisk, inspect};

const CHECK: &str = "store";

pub fn check(patient: &Patient<'_>, config: &Config) -> Vec<Finding> {
    if patient.is_running() {
        let store = patient.status().and_then(|status| status.store.as_ref());
        return store.map(running).into_iter().collect();
    }
    if !app::has_store(config) {
        return vec![Finding::ok(CHECK, "none yet; the daemon makes it at its first start")];
    }
    let settings = app::settings(config);
    match inspect(&RealDisk::read_only(&config.data_dir), &settings) {
        Ok(found) => stopped(&found, settings.upgrade.newest()),
        Err(OpenError::InUse(_)) => {
            let advice = "if it is the daemon, it was starting or stopping: run this again";
            vec![Finding::warning(CHECK, "another process has the data directory", advice)]
        }
        Err(error) => {
            let advice = "run `frontdesk verify` to see where the damage is; restore a backup";
            vec![Finding::error(CHECK, format!("it does not open: {error}"), advice)]
        }
    }
}

fn running(store: &StoreStatus) -> Finding {
    let seen =
        format!("format {}, {}, event {}", store.format, bytes(store.size), store.journal.event);
    if store.reopened > 0 {
        let seen = format!("{seen}; reopened {} times after errors of the disk", store.reopened);
        let advice =
            "look into the kernel's log for errors of the disk (dmesg), and have a spare at hand";
        return Finding::warning(CHECK, seen, advice);
    }
    Finding::ok(CHECK, seen)
}

fn stopped(found: &Inspection, newest: u32) -> Vec<Finding> {
    let stamp = &found.stamp;
    let tickets = found.rows.get("Tickets").copied().unwrap_or(0);
    let seen = format!("format {}, {}, {tickets} tickets", stamp.format, bytes(found.size));
    let mut findings = Vec::new();
    if stamp.format > newest {
        findings.push(Finding::error(
            CHECK,
            format!("{seen}; written by frontdesk {}, too new for this one", stamp.version),
            format!("install frontdesk {} or a later one", stamp.version),
        ));
    } else if stamp.format < newest {
        findings.push(Finding::warning(
            CHECK,
            format!("{seen}; the next start upgrades it to format {newest}"),
            format!("see that {} are free: a copy is kept", bytes(2 * found.size)),
        ));
    }
    if let Some(damage) = &found.damage {
        let advice = "run `frontdesk verify`; restore a backup";
        findings.push(Finding::error(CHECK, damage.clone(), advice));
    }
    if found.to_replay > 0 {
        findings.push(Finding::warning(
            CHECK,
            format!(
                "the daemon did not stop in order: the next start replays {} batches of the journal",
                found.to_replay
            ),
            "nothing is lost; if it happens without a power cut, look into journalctl -u frontdesk",
        ));
    }
    if findings.is_empty() {
        findings.push(Finding::ok(CHECK, format!("{seen}; stopped in order")));
    }
    findings
}
