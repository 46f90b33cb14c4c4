//! The box itself: its clock and its memory.

use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use super::{Finding, Patient};
use crate::cli::size::bytes;

const CLOCK: &str = "clock";
const MEMORY: &str = "memory";

/// What the daemon takes beside its budget, with some 100,000 tickets.
const BESIDE_BUDGET: u64 = 32 << 20;

pub fn check(patient: &Patient<'_>) -> Vec<Finding> {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let budget = patient.config.as_ref().map_or(0, |config| config.memory);
    let wanted = if patient.is_running() { 0 } else { budget + BESIDE_BUDGET };
    let mut findings = vec![clock()];
    findings.extend(memory(&text, wanted));
    findings
}

/// A clock that is before the making of this very program is wrong; whether it is right only a time server knows.
fn clock() -> Finding {
    let now = SystemTime::now();
    let made = std::env::current_exe().and_then(std::fs::metadata).and_then(|m| m.modified());
    let shown = |time: SystemTime| {
        let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let time = i64::try_from(seconds).ok().and_then(|s| jiff::Timestamp::from_second(s).ok());
        time.map_or_else(|| "no time".to_owned(), |time| time.to_string())
    };
    if let Ok(made) = made
        && now < made
    {
        let seen = format!("it says {}, but this program was made {}", shown(now), shown(made));
        return Finding::error(CLOCK, seen, "set it, or see that this box reaches a time server");
    }
    match synchronised() {
        Some(true) => Finding::ok(CLOCK, format!("{}, synchronised", shown(now))),
        Some(false) => Finding::warning(
            CLOCK,
            format!("{}, not synchronised", shown(now)),
            "see that this box reaches a time server: timedatectl timesync-status",
        ),
        None => Finding::warning(
            CLOCK,
            format!("{}; nobody here says whether it is synchronised", shown(now)),
            "run systemd-timesyncd or chrony: a box without a battery forgets the time",
        ),
    }
}

/// What systemd knows, of itself or of the kernel; None without it.
fn synchronised() -> Option<bool> {
    if Path::new("/run/systemd/timesync/synchronized").exists() {
        return Some(true);
    }
    let shown = Command::new("timedatectl")
        .args(["show", "--property=NTPSynchronized", "--value"])
        .env("LC_ALL", "C")
        .output()
        .ok()?;
    match String::from_utf8_lossy(&shown.stdout).trim() {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

fn memory(meminfo: &str, wanted: u64) -> Option<Finding> {
    let of = |name: &str| {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kilobytes * 1024)
    };
    let (total, available) = (of("MemTotal")?, of("MemAvailable")?);
    let seen = format!("{} of {} available", bytes(available), bytes(total));
    Some(if available < wanted {
        let seen = format!("{seen}; the daemon may take {}", bytes(wanted));
        Finding::warning(MEMORY, seen, "lower memory, or stop what takes the memory")
    } else if available < total / 20 {
        Finding::warning(MEMORY, seen, "see what takes it: ps aux --sort=-rss | head")
    } else {
        Finding::ok(MEMORY, seen)
    })
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn a_box_with_too_little_memory_is_told_apart() {
        let meminfo = "MemTotal:         512000 kB\nMemFree: 1 kB\nMemAvailable:     100000 kB\n";
        let verdict = |wanted| memory(meminfo, wanted).expect("a finding").verdict;
        assert_eq!(verdict(64 << 20), Verdict::Ok);
        assert_eq!(verdict(128 << 20), Verdict::Warning);
        assert!(memory("nothing of use", 1).is_none());
    }
}
