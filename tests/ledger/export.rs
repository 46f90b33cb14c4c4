//! `frontdesk export`: one file a call (S0.41, S0.44), beside a running daemon and without one.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::Ledger;

/// The files of a folder, by name.
fn files(folder: &Path) -> BTreeMap<String, Value> {
    let read = |entry: std::io::Result<fs::DirEntry>| {
        let entry = entry.expect("an entry");
        let text = fs::read_to_string(entry.path()).expect("a file");
        (
            entry.file_name().to_string_lossy().into_owned(),
            serde_json::from_str(&text).expect("JSON"),
        )
    };
    fs::read_dir(folder).expect("the folder").map(read).collect()
}

fn export(ledger: &Ledger, folder: &str, filters: &[&str]) -> BTreeMap<String, Value> {
    let folder = ledger.daemon.data_dir().join(folder);
    let out = folder.to_str().expect("a path");
    let told = ledger.daemon.cli(&[&["export", "--out", out], filters].concat());
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    files(&folder)
}

#[test]
fn closed_calls_of_the_last_day_become_one_file_each() {
    let mut ledger = Ledger::open();
    let closed = [ledger.example(), ledger.example()];
    let open = ledger.call(json!({}));
    let as_the_api_tells: BTreeMap<_, _> = closed
        .iter()
        .map(|id| (format!("ticket_{id}.json"), ledger.read(&format!("/api/calls/{id}/export"))))
        .collect();

    let filters = ["--status", "closed", "--since", "24h"];
    assert_eq!(export(&ledger, "beside", &filters), as_the_api_tells);

    ledger.daemon.terminate();
    assert_eq!(export(&ledger, "without", &filters), as_the_api_tells, "with no daemon running");

    let all = export(&ledger, "all", &[]);
    assert_eq!(all.len(), 3);
    assert_eq!(all[&format!("ticket_{open}.json")]["ticket"]["status"], "open");
    assert_eq!(export(&ledger, "none", &["--status", "resolved"]).len(), 0);
}

#[test]
fn a_span_of_no_time_holds_no_call() {
    let ledger = Ledger::open();
    ledger.example();
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert_eq!(export(&ledger, "a-second", &["--since", "1s"]).len(), 0);
    assert_eq!(export(&ledger, "a-day", &["--since", "24h"]).len(), 1);
}
