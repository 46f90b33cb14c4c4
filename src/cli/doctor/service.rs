//! The unit of systemd, when there is one: does it watch, restart and make the directory; and what it saw of
//! earlier crashes.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Finding, Patient};

const UNIT: &str = "frontdesk.service";
const SERVICE: &str = "service";
const CRASHES: &str = "crashes";

pub fn check(patient: &Patient<'_>) -> Vec<Finding> {
    let mut findings = vec![unit(patient)];
    findings.extend(crashes(patient));
    findings
}

fn unit(patient: &Patient<'_>) -> Finding {
    let folders = [
        "/etc/systemd/system",
        "/run/systemd/system",
        "/usr/lib/systemd/system",
        "/lib/systemd/system",
    ];
    let found =
        folders.iter().map(|folder| Path::new(folder).join(UNIT)).find(|path| path.exists());
    let Some(path) = found else {
        return Finding::ok(
            SERVICE,
            "systemd has no unit of ours: somebody else must start it again",
        );
    };
    let text: String = parts(&path)
        .iter()
        .map(|part| std::fs::read_to_string(part).unwrap_or_default() + "\n")
        .collect();
    let data_dir = patient.config.as_ref().ok().map(|config| config.data_dir.clone());
    match lacks(&text, data_dir.as_deref()) {
        lacks if lacks.is_empty() => {
            Finding::ok(SERVICE, "the unit notifies, is watched and started again")
        }
        lacks => Finding::warning(
            SERVICE,
            format!("the unit lacks {}", lacks.join(", ")),
            "install the unit that comes with frontdesk, or add it with systemctl edit frontdesk",
        )
        .with([path.display().to_string()]),
    }
}

/// The unit's file and what was added to it.
fn parts(path: &Path) -> Vec<PathBuf> {
    let mut parts = vec![path.to_owned()];
    for folder in ["/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system"] {
        let added = std::fs::read_dir(format!("{folder}/{UNIT}.d")).into_iter().flatten().flatten();
        parts.extend(
            added
                .map(|entry| entry.path())
                .filter(|path| path.extension().is_some_and(|e| e == "conf")),
        );
    }
    parts
}

/// What the text of a unit lacks.
fn lacks(text: &str, data_dir: Option<&Path>) -> Vec<&'static str> {
    let values = |key: &str| {
        let lines = text.lines().filter_map(|line| line.trim().split_once('='));
        let mine: Vec<&str> =
            lines.filter(|(name, _)| name.trim() == key).map(|(_, value)| value.trim()).collect();
        mine
    };
    let mut lacks = Vec::new();
    if !values("Type").iter().any(|kind| kind.starts_with("notify")) {
        lacks.push("Type=notify");
    }
    if values("WatchdogSec").is_empty() {
        lacks.push("WatchdogSec=");
    }
    if !values("Restart")
        .iter()
        .any(|when| matches!(*when, "always" | "on-failure" | "on-abnormal"))
    {
        lacks.push("Restart=always");
    }
    let made = values("StateDirectory");
    let of_systemd = data_dir.is_some_and(|dir| dir.starts_with("/var/lib"));
    if of_systemd && !made.iter().any(|name| data_dir == Some(&Path::new("/var/lib").join(name))) {
        lacks.push("a StateDirectory= that is data_dir");
    }
    lacks
}

/// How often the daemon ended without being asked to.
fn crashes(patient: &Patient<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(store) = patient.status().and_then(|status| status.store.as_ref()) {
        findings.push(if store.replayed > 0 {
            Finding::warning(
                CRASHES,
                format!(
                    "before this start the daemon did not stop in order: {} batches were replayed",
                    store.replayed
                ),
                "nothing is lost; if there was no power cut, look into journalctl -u frontdesk",
            )
        } else {
            Finding::ok(CRASHES, "before this start the daemon stopped in order")
        });
    }
    let restarts = shown("NRestarts").and_then(|text| text.parse::<u64>().ok());
    if let Some(restarts @ 1..) = restarts {
        findings.push(Finding::warning(
            CRASHES,
            format!(
                "systemd has started it again {restarts} times since it was last started by hand"
            ),
            "look into journalctl -u frontdesk for what ended it",
        ));
    }
    findings
}

/// A property of the unit; None where systemd does not run.
fn shown(property: &str) -> Option<String> {
    if !Path::new("/run/systemd/system").exists() {
        return None;
    }
    let shown = Command::new("systemctl")
        .args(["show", UNIT, "--value", "--property", property])
        .env("LC_ALL", "C")
        .output()
        .ok()?;
    shown.status.success().then(|| String::from_utf8_lossy(&shown.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_told_what_it_lacks() {
        let dir = Path::new("/var/lib/frontdesk");
        let good =
            "[Service]\nType=notify\nWatchdogSec=30s\nRestart=always\nStateDirectory=frontdesk\n";
        assert!(lacks(good, Some(dir)).is_empty());
        let bare = "[Service]\nType=simple\nExecStart=/usr/bin/frontdesk serve\n";
        assert_eq!(lacks(bare, Some(dir)).len(), 4);
        assert_eq!(
            lacks(good, Some(Path::new("/var/lib/other"))),
            ["a StateDirectory= that is data_dir"]
        );
        assert!(lacks(good, Some(Path::new("/srv/desk"))).is_empty(), "not systemd's to make");
        let packaged = include_str!("../../../systemd/frontdesk.service");
        assert_eq!(lacks(packaged, Some(dir)), [""; 0], "the one that comes with frontdesk");
    }
}
