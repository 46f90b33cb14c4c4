//! Closed tickets go when their time is over, and their customers with the last of them.

use serde_json::{Value, json};

use crate::desk::{ANA, BUDI, Desk};

/// The clock is believed: a time server has left its mark.
fn config(rules: &str) -> String {
    format!("[clock]\nsynchronized_files = [\"/proc/self/status\"]\n{rules}")
}

#[test]
fn nothing_goes_without_a_rule_and_only_what_fits_one_with() {
    let mut desk = Desk::open(&config(""));
    let ticket = desk.message(ANA);
    let call = desk.call(BUDI);
    desk.done("PUT", &format!("/api/tickets/{ticket}/status"), json!({"status": "closed"}));
    desk.done("POST", &format!("/api/calls/{call}/close"), json!({}));
    assert!(desk.cli(&["privacy", "retention"]).contains("nothing is due"));
    std::fs::write(
        desk.daemon.config_file(),
        config("[[privacy.retention]]\nchannel = \"call\"\ndays = 1\n"),
    )
    .expect("written");
    desk.daemon.restart();
    assert!(
        desk.cli(&["privacy", "retention", "--dry-run"]).contains("nothing is due"),
        "too young"
    );
    assert!(desk.timeline_with(BUDI.words).is_some());
    let answer = desk.send("GET", &format!("/api/tickets/{ticket}"), &Value::Null);
    assert_eq!(answer.status, 200);
}
