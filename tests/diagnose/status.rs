//! How the daemon is.

use std::os::unix::net::UnixListener;

use serde_json::json;

use super::{cli, json_of, message};
use crate::harness::Daemon;

#[test]
fn a_daemon_at_work_says_so_in_words_and_as_json() {
    let daemon = Daemon::with_config("");
    let token = daemon.token("ingest");
    message(&daemon, &token, "Budi", "628123456789", "Halo");
    let (code, told, _) = cli(&daemon, &["status"]);
    assert_eq!(code, 0, "ready: {told}");
    for part in [
        "ready       yes",
        "store       format ",
        "tickets     1: 1 new",
        "baileys: 1 stored",
        "backup      none was ever made",
    ] {
        assert!(told.contains(part), "{part} in\n{told}");
    }
    let (code, told, _) = cli(&daemon, &["status", "--json"]);
    let status = json_of(&told);
    assert_eq!(code, 0);
    assert_eq!((&status["running"], &status["ready"]), (&json!(true), &json!(true)));
    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(status["tickets"]["new"], 1);
    assert_eq!(status["doors"]["baileys"]["outcomes"]["stored"], 1);
    assert_eq!(status["tokens"]["ingest"], 1);
    let store = &status["store"];
    assert!(store["journal"]["event"].as_u64() >= Some(3), "{store}");
    assert!(store["free_space"].as_u64() > Some(0), "{store}");
    assert!(store["written"]["journal"].as_u64() > Some(0), "{store}");
    assert_eq!(store["replayed"], 0, "{store}");
}

#[test]
fn after_a_crash_it_says_that_there_was_one() {
    let mut daemon = Daemon::with_config("");
    let token = daemon.token("ingest");
    message(&daemon, &token, "Budi", "628123456789", "Halo");
    daemon.kill9();
    daemon.restart();
    let (_, told, _) = cli(&daemon, &["status"]);
    assert!(told.contains("the last stop was none"), "{told}");
    daemon.restart();
    let (_, told, _) = cli(&daemon, &["status"]);
    assert!(!told.contains("the last stop was none"), "{told}");
}

#[test]
fn a_daemon_that_does_not_run_is_exit_code_2() {
    let mut daemon = Daemon::with_config("");
    daemon.terminate();
    let (code, out, err) = cli(&daemon, &["status"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("no daemon runs on"), "{err}");
    let (code, out, _) = cli(&daemon, &["status", "--json"]);
    assert_eq!((code, json_of(&out)), (2, json!({"running": false, "last_backup": null})));
}

#[test]
fn a_daemon_that_gives_no_sense_is_not_ready() {
    let mut daemon = Daemon::with_config("");
    daemon.terminate();
    let listener = UnixListener::bind(daemon.data_dir().join("admin.sock")).expect("a socket");
    let silent = std::thread::spawn(move || drop(listener.accept()));
    let (code, _, err) = cli(&daemon, &["status"]);
    assert_eq!(code, 1, "{err}");
    silent.join().expect("asked");
}
