//! `frontdesk status`, `doctor` and `support-bundle` on the real binary, with the daemon running and stopped.

#[path = "diagnose/bundle.rs"]
mod bundle;
#[path = "diagnose/doctor.rs"]
mod doctor;
mod harness;
#[path = "diagnose/status.rs"]
mod status;

use harness::Daemon;
use serde_json::{Value, json};

/// Exit code, stdout and stderr of a subcommand.
fn cli(daemon: &Daemon, args: &[&str]) -> (i32, String, String) {
    let done = daemon.cli(args);
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (done.status.code().expect("an exit code"), text(done.stdout), text(done.stderr))
}

/// A customer's message, stored.
fn message(daemon: &Daemon, token: &str, name: &str, phone: &str, text: &str) {
    let body = json!({
        "key": {"remoteJid": format!("{phone}@s.whatsapp.net"), "fromMe": false, "id": "A1"},
        "messageTimestamp": 1_769_596_200,
        "pushName": name,
        "message": {"conversation": text},
    });
    let bearer = format!("Bearer {token}");
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let answer = daemon.request("POST", "/webhook/baileys", &headers, body.to_string().as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text());
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}
