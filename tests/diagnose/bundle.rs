//! What a support bundle holds, and what it must never hold.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::json;

use super::{cli, message};
use crate::harness::Daemon;

/// Planted in the store, the configuration and the data directory.
const PLANTED: [&str; 14] = [
    "Budiarto",
    "628123456789",
    "8123456789",
    "tagihan saya salah",
    "Tan Mei Ling",
    "4111222233334444",
    "kartu hilang",
    "Siti Rahayu",
    "siti.rahayu@example.org",
    "pelanggan_emas",
    "rahasia besar",
    "SITI",
    "surat-untuk-budiarto",
    "/srv/rahayu",
];

const CONFIG: &str = "
[http]
max_connections = 4321
[tickets]
call_prefix = \"SITI\"
[calls.categories]
pelanggan_emas = [\"rahasia besar\", \"siti.rahayu@example.org\"]
";

/// The names in an archive, and all its text.
fn unpacked(file: &str) -> (String, String) {
    let tar = |args: &[&str]| {
        let done = Command::new("tar").args(args).arg(file).output().expect("tar");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).expect("UTF-8")
    };
    (tar(&["-tzf"]), tar(&["-xzOf"]))
}

/// A daemon that has seen people, and what else must not be told: its tokens.
fn busy() -> (Daemon, Vec<String>) {
    let daemon = Daemon::with_config(CONFIG);
    let tokens = vec![daemon.token("ingest"), daemon.token_named("Siti Rahayu", "agent")];
    message(&daemon, &tokens[0], "Budiarto", "628123456789", "tagihan saya salah");
    let bearer = format!("Bearer {}", tokens[0]);
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let post = |path: &str, body: serde_json::Value| {
        let answer = daemon.request("POST", path, &headers, body.to_string().as_bytes());
        assert!((200..300).contains(&answer.status), "{}", answer.text());
        answer.json()
    };
    let call = post("/api/calls", json!({"session_id": "s-1", "customer_name": "Tan Mei Ling"}));
    let id = call["data"]["ticket_id"].as_str().expect("ticket_id");
    let said = json!({"speaker": "user", "message": "kartu hilang 4111222233334444"});
    post(&format!("/api/calls/{id}/interactions"), said);
    // Paths that callers invent, and files that somebody left, hold names too.
    daemon.request("GET", "/api/tickets/628123456789", &headers, b"");
    daemon.request("GET", "/tagihan%20saya/Budiarto", &headers, b"");
    fs::write(daemon.data_dir().join("surat-untuk-budiarto.txt"), "Budiarto").expect("written");
    (daemon, tokens)
}

#[track_caller]
fn assert_tells_of_nobody(text: &str, daemon: &Daemon, tokens: &[String]) {
    let dir = daemon.data_dir().display().to_string();
    let keys = fs::read_to_string(daemon.data_dir().join("keys")).expect("keys");
    let key = keys.lines().nth(1).expect("a key").to_owned();
    let secrets = tokens.iter().map(String::as_str).chain([dir.as_str(), key.as_str(), "fd_"]);
    for planted in PLANTED.into_iter().chain(secrets) {
        let found = text.lines().find(|l| l.to_lowercase().contains(&planted.to_lowercase()));
        assert_eq!(found, None, "{planted}");
    }
}

#[test]
fn a_bundle_tells_of_the_box_and_of_nobody() {
    let (mut daemon, tokens) = busy();
    for running in [true, false] {
        if !running {
            daemon.kill9();
        }
        let file = daemon.config_file().with_file_name(format!("support-{running}.tar.gz"));
        let name = file.to_str().expect("a path").to_owned();
        let (code, told, err) = cli(&daemon, &["support-bundle", &name]);
        assert_eq!(code, 0, "{told}{err}");
        assert_eq!(fs::metadata(&file).expect("the file").permissions().mode() & 0o777, 0o600);
        let (names, text) = unpacked(&name);
        for part in
            ["README.txt", "config.txt", "status.json", "doctor.json", "store.json", "system.txt"]
        {
            assert!(names.contains(&format!("frontdesk-support/{part}\n")), "{part} in {names}");
        }
        assert_eq!(names.contains("metrics.txt"), running);
        // It would find what is there.
        for control in
            ["http.max_connections = 4321", "(a text of 4 characters)", "MemTotal", "store.redb"]
        {
            assert!(text.contains(control), "{control} in\n{text}");
        }
        let only = if running { "frontdesk_events_in_total" } else { "\"to_replay\"" };
        assert!(text.contains(only), "{only} in\n{text}");
        assert_tells_of_nobody(&text, &daemon, &tokens);
        assert_tells_of_nobody(&names, &daemon, &tokens);
        let (code, _, err) = cli(&daemon, &["support-bundle", &name]);
        assert_eq!(code, 1, "never over another file: {err}");
    }
}

#[test]
fn a_bundle_can_be_made_when_the_configuration_cannot_be_used() {
    let (mut daemon, tokens) = busy();
    daemon.terminate();
    let broken = "siti_rahayu = \"Siti Rahayu\"\n[http]\nlisten = \"siti.rahayu@example.org\"\n";
    fs::write(daemon.config_file(), broken).expect("written");
    let file = daemon.config_file().with_file_name("support.tar.gz");
    let name = file.to_str().expect("a path").to_owned();
    let (code, told, err) = cli(&daemon, &["support-bundle", &name]);
    assert_eq!(code, 0, "{told}{err}");
    let (_, text) = unpacked(&name);
    assert!(text.contains("the configuration cannot be used"), "{text}");
    assert!(!text.contains("siti_rahayu"), "{text}");
    assert_tells_of_nobody(&text, &daemon, &tokens);
}
