//! A daemon whose wall clock a file says, by libfaketime (Debian: `faketime`). Where it is missing whoever asks gets
//! nothing, and the log says that the test was skipped.

use std::fs;
use std::path::PathBuf;

use crate::harness::Daemon;

/// The daemon, and the file: `+7h` makes its clock seven hours fast.
pub fn daemon(config: &str) -> Option<(Daemon, PathBuf)> {
    let library = library()?;
    let mut daemon = Daemon::with_config(config);
    let clock = daemon.config_file().with_file_name("clock");
    fs::write(&clock, "+0").expect("a file");
    for (name, value) in [
        ("LD_PRELOAD", library.to_str().expect("a path")),
        ("FAKETIME_TIMESTAMP_FILE", clock.to_str().expect("a path")),
        ("FAKETIME_NO_CACHE", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ("DONT_FAKE_MONOTONIC", "1"),
    ] {
        daemon.environment.push((name.to_owned(), value.to_owned()));
    }
    daemon.restart();
    Some((daemon, clock))
}

fn library() -> Option<PathBuf> {
    let architectures = fs::read_dir("/usr/lib").ok()?.filter_map(Result::ok);
    let found = architectures
        .map(|dir| dir.path().join("faketime/libfaketimeMT.so.1"))
        .find(|library| library.exists());
    if found.is_none() {
        eprintln!("skipped: libfaketime is not installed here: apt-get install faketime");
    }
    found
}
