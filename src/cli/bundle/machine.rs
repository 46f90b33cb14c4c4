//! The box: versions, kernel, processor, memory, disks. No host name, no addresses, no serial numbers.

use std::fmt::Write;
use std::path::Path;

use crate::cli::size::bytes;
use crate::config::Config;

pub fn facts(config: Option<&Config>) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "{name}: {}", value.trim_matches(['\n', ' ', '\t', '\0']));
    };
    line("frontdesk", env!("CARGO_PKG_VERSION"));
    line("built for", &format!("{} {}", std::env::consts::ARCH, std::env::consts::OS));
    if let Some(system) = value_of("/etc/os-release", "PRETTY_NAME=") {
        line("system", system.trim_matches('"'));
    }
    for (name, path) in [
        ("kernel", "/proc/sys/kernel/osrelease"),
        ("board", "/proc/device-tree/model"),
        ("uptime", "/proc/uptime"),
        ("load", "/proc/loadavg"),
        ("pressure of the disk", "/proc/pressure/io"),
        ("pressure of memory", "/proc/pressure/memory"),
    ] {
        if let Ok(value) = std::fs::read_to_string(path) {
            line(name, &value.trim().replace('\n', "; "));
        }
    }
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    line("processors", &processors.to_string());
    for name in ["MemTotal", "MemAvailable", "SwapTotal", "SwapFree"] {
        if let Some(value) = value_of("/proc/meminfo", &format!("{name}:")) {
            line(name, &value);
        }
    }
    for (name, disk) in disks() {
        line(&format!("disk {name}"), &disk);
    }
    if let Some(mount) = config.and_then(|config| mount(&config.data_dir)) {
        line("data directory", &mount);
    }
    text
}

/// The rest of the first line of a file that begins so.
fn value_of(path: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    text.lines().find_map(|line| line.strip_prefix(name)).map(|rest| rest.trim().to_owned())
}

/// Block devices that are there: size, whether they turn, model.
fn disks() -> Vec<(String, String)> {
    let devices = std::fs::read_dir("/sys/block").into_iter().flatten().flatten();
    let mut disks: Vec<_> = devices
        .filter_map(|device| {
            let read = |file: &str| {
                let text = std::fs::read_to_string(device.path().join(file)).ok()?;
                Some(text.trim().to_owned())
            };
            let sectors: u64 = read("size")?.parse().ok().filter(|sectors| *sectors > 0)?;
            let model = read("device/model").or_else(|| read("device/name"));
            let model = model.unwrap_or_else(|| "no model".to_owned());
            let turns = if read("queue/rotational")? == "1" { "rotational" } else { "solid state" };
            let told = format!("{}, {turns}, {model}", bytes(sectors * 512));
            Some((device.file_name().into_string().ok()?, told))
        })
        .collect();
    disks.sort();
    disks
}

/// The file system of a directory and how it is mounted; not where, and not from whom.
fn mount(dir: &Path) -> Option<String> {
    let dir = dir.canonicalize().ok()?;
    let text = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    let mounts = text.lines().filter_map(|line| {
        let (place, kind) = line.split_once(" - ")?;
        let mut place = place.split(' ').skip(4);
        let (point, options) = (Path::new(place.next()?), place.next()?);
        let kind = kind.split(' ').next()?;
        dir.starts_with(point).then(|| (point.components().count(), format!("{kind} {options}")))
    });
    mounts.max_by_key(|(depth, _)| *depth).map(|(_, told)| told)
}
