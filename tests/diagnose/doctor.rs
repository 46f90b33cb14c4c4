//! What is wrong, whether it runs or not, and that nothing is changed by asking.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use serde_json::Value;

use super::{cli, json_of, message};
use crate::harness::Daemon;

/// The findings of one check.
fn findings(daemon: &Daemon, check: &str) -> Vec<Value> {
    let (_, told, err) = cli(daemon, &["doctor", "--json"]);
    assert!(!told.is_empty(), "{err}");
    let mut all = json_of(&told);
    let all = all["findings"].as_array_mut().expect("findings");
    all.iter_mut().map(Value::take).filter(|finding| finding["check"] == check).collect()
}

/// The one finding of a check with this verdict.
#[track_caller]
fn finding(daemon: &Daemon, check: &str, verdict: &str) -> String {
    let all = findings(daemon, check);
    let found: Vec<&Value> = all.iter().filter(|f| f["verdict"] == verdict).collect();
    assert_eq!(found.len(), 1, "one {verdict} of {check}: {all:?}");
    assert!(verdict == "ok" || found[0]["advice"].is_string(), "advice: {all:?}");
    found[0]["seen"].as_str().expect("what was seen").to_owned()
}

/// A private data directory, as the daemon makes it when it makes it.
fn private(daemon: &Daemon) {
    fs::set_permissions(daemon.data_dir(), fs::Permissions::from_mode(0o700)).expect("chmod");
}

/// A configuration that listens on a port of our own choosing when nothing else is said.
fn listening(address: &str) -> String {
    format!("[http]\nlisten = \"{address}\"\n")
}

#[test]
fn a_sound_box_has_nothing_wrong_with_it_running_or_stopped() {
    let mut daemon = Daemon::with_config(&listening("127.0.0.1:0"));
    private(&daemon);
    let token = daemon.token("ingest");
    daemon.token("agent");
    message(&daemon, &token, "Budi", "628123456789", "Halo");
    let (code, told, err) = cli(&daemon, &["doctor"]);
    assert_eq!(code, 0, "{told}{err}");
    for part in ["running, and ready", "baileys: 1 events", "takes any free port", "private"] {
        assert!(told.contains(part), "{part} in\n{told}");
    }
    daemon.terminate();
    let (code, told, err) = cli(&daemon, &["doctor"]);
    assert_eq!(code, 0, "{told}{err}");
    for part in ["not running", "1 tickets; stopped in order"] {
        assert!(told.contains(part), "{part} in\n{told}");
    }
}

#[test]
fn a_port_that_another_program_has_is_an_error() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let mut daemon = Daemon::with_config(&listening(&address));
    daemon.terminate();
    assert!(finding(&daemon, "ports", "error").contains(&address));
    let (code, _, err) = cli(&daemon, &["doctor"]);
    assert_eq!(code, 1, "{err}");
    drop(taken);
    assert!(finding(&daemon, "ports", "ok").contains("is free"));
}

#[test]
fn what_is_risky_in_the_configuration_is_a_warning() {
    let risky =
        "[http]\nlisten = \"0.0.0.0:0\"\nallow_plaintext = true\n[log]\nlevel = \"debug\"\n";
    let mut daemon = Daemon::with_config(risky);
    daemon.terminate();
    let seen: Vec<Value> = findings(&daemon, "config");
    let all = format!("{seen:?}");
    assert!(all.contains("without TLS") && all.contains("log.level"), "{all}");
    assert!(seen.iter().all(|finding| finding["verdict"] == "warning"), "{all}");
}

#[test]
fn a_key_that_nobody_knows_is_an_error_and_the_rest_is_looked_at_all_the_same() {
    let mut daemon = Daemon::with_config("");
    daemon.terminate();
    fs::write(daemon.config_file(), "[http]\nlissten = \"127.0.0.1:1\"\n").expect("written");
    let seen = findings(&daemon, "config");
    assert_eq!(seen[0]["verdict"], "error");
    assert!(seen[0]["details"][0].as_str().expect("which").contains("http.listen"), "{seen:?}");
    assert_eq!(findings(&daemon, "memory").len(), 1);
}

#[test]
fn files_that_others_may_read_or_that_are_somebody_elses_are_found() {
    let mut daemon = Daemon::with_config("");
    daemon.terminate();
    private(&daemon);
    assert!(finding(&daemon, "directory", "ok").contains("private"));
    let keys = daemon.data_dir().join("keys");
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o644)).expect("chmod");
    assert!(finding(&daemon, "directory", "warning").contains("mode 644"));
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o600)).expect("chmod");
    if std::os::unix::fs::chown(&keys, Some(4242), None).is_ok() {
        assert!(finding(&daemon, "directory", "error").contains("1 files belong to another user"));
    }
}

#[test]
fn a_stop_that_was_none_is_told_and_a_damaged_store_is_an_error() {
    let mut daemon = Daemon::with_config("");
    let token = daemon.token("ingest");
    message(&daemon, &token, "Budi", "628123456789", "Halo");
    daemon.kill9();
    assert!(finding(&daemon, "store", "warning").contains("did not stop in order"));
    let store = daemon.data_dir().join("store.redb");
    let bytes = fs::read(&store).expect("the store");
    fs::write(&store, &bytes[..1000]).expect("cut");
    assert!(finding(&daemon, "store", "error").contains("does not open"));
    fs::write(&store, &bytes).expect("whole again");
}

/// Content, mode, owner and time of change of everything below a directory.
fn picture(dir: &Path) -> BTreeMap<String, (Vec<u8>, u32, u32, i64, i64)> {
    let mut picture = BTreeMap::new();
    for entry in fs::read_dir(dir).expect("a directory") {
        let path = entry.expect("an entry").path();
        let metadata = fs::symlink_metadata(&path).expect("metadata");
        let content = if metadata.is_file() { fs::read(&path).expect("read") } else { Vec::new() };
        let of = |m: &fs::Metadata| (m.mode(), m.uid(), m.mtime(), m.mtime_nsec());
        let (mode, uid, mtime, nanos) = of(&metadata);
        picture.insert(path.display().to_string(), (content, mode, uid, mtime, nanos));
        if metadata.is_dir() {
            picture.extend(self::picture(&path));
        }
    }
    picture
}

#[test]
fn asking_changes_nothing() {
    let mut daemon = Daemon::with_config("");
    let token = daemon.token("ingest");
    message(&daemon, &token, "Budi", "628123456789", "Halo");
    daemon.kill9();
    let dir = daemon.data_dir();
    let before = picture(&dir);
    cli(&daemon, &["doctor"]);
    cli(&daemon, &["status"]);
    assert!(picture(&dir) == before, "the store of a daemon that was killed");
    fs::remove_dir_all(&dir).expect("removed");
    cli(&daemon, &["doctor"]);
    assert!(!dir.exists(), "no directory is made");
}
