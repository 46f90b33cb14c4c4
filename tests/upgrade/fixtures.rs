//! Every store of `fixtures/stores`, opened by this program.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::desk::{CONFIG, Desk, tell};
use crate::harness::Daemon;
use crate::killed::newer;

pub const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/stores");

/// The session of the call that was going on when the power went.
pub const RUNNING: &str = "goes-on";

/// A turn of the caller's.
pub fn heard(item: &str, previous: Option<&str>, words: &str) -> [Value; 2] {
    [
        json!({"type": "input_audio_buffer.committed", "event_id": format!("c_{item}"),
            "item_id": item, "previous_item_id": previous}),
        json!({"type": "conversation.item.input_audio_transcription.completed",
            "event_id": format!("t_{item}"), "item_id": item, "content_index": 0,
            "transcript": words}),
    ]
}

/// The names of the fixtures, oldest format first.
pub fn fixtures() -> Vec<String> {
    let files = fs::read_dir(FOLDER).expect("the folder of the fixtures");
    let names = files.map(|file| file.expect("a file").file_name().into_string().expect("UTF-8"));
    let mut names: Vec<_> =
        names.filter_map(|name| Some(name.strip_suffix(".tar.gz")?.to_owned())).collect();
    names.sort_by_key(|name| name["format-".len()..].parse::<u32>().expect("a number"));
    assert!(!names.is_empty(), "there are stores of earlier formats");
    names
}

fn unpack(name: &str, data: &Path) {
    let packed = format!("{FOLDER}/{name}.tar.gz");
    let done = Command::new("tar").arg("-xzf").arg(packed).arg("-C").arg(data).status();
    assert!(done.expect("tar").success());
}

/// The store of a fixture under this program, and what it must show.
pub fn opened(name: &str) -> (Desk, Value) {
    let text = fs::read_to_string(format!("{FOLDER}/{name}.json")).expect("what it shows");
    let mut expected: Value = serde_json::from_str(&text).expect("JSON");
    let tokens = expected["tokens"].take();
    let daemon = Daemon::on_store(CONFIG, |data| unpack(name, data));
    (Desk { daemon, tokens }, expected)
}

/// Whether everything expected is there: later versions may show more of a thing, never less, and no other things.
fn differences(expected: &Value, shown: &Value, path: &str, found: &mut Vec<String>) {
    match (expected, shown) {
        (Value::Object(members), Value::Object(others)) => {
            for (name, member) in members {
                // Format 1 showed a contact's number under the name that seed 001 has for its code.
                let name =
                    if name == "customer_id" && member.is_number() { "contact_id" } else { name };
                let other = others.get(name).unwrap_or(&Value::Null);
                differences(member, other, &format!("{path}.{name}"), found);
            }
        }
        (Value::Array(elements), Value::Array(others)) if elements.len() == others.len() => {
            for (nth, (element, other)) in elements.iter().zip(others).enumerate() {
                differences(element, other, &format!("{path}[{nth}]"), found);
            }
        }
        _ if expected == shown => {}
        _ => {
            let [was, is] = [expected, shown].map(|v| v.to_string().chars().take(200).collect());
            let (was, is): (String, String) = (was, is);
            found.push(format!("{path}: {was} was, {is} is"));
        }
    }
}

#[track_caller]
fn assert_shows(desk: &Desk, expected: &Value, when: &str) {
    let mut shown = desk.shows();
    // The feed goes on: a start tells of the call that was interrupted.
    let feed = (shown["feed"].as_array_mut(), expected["feed"].as_array());
    let (Some(feed), Some(before)) = feed else { panic!("{when}: no feed") };
    feed.truncate(before.len());
    let mut found = Vec::new();
    for (part, expected) in expected.as_object().expect("parts") {
        if !matches!(part.as_str(), "tokens" | "running") {
            differences(expected, &shown[part], part, &mut found);
        }
    }
    let first: Vec<_> = found.iter().take(20).map(String::as_str).collect();
    assert!(found.is_empty(), "{when}: {} differences\n{}", found.len(), first.join("\n"));
}

fn assert_sound(desk: &Desk, name: &str) {
    let verified = desk.daemon.cli(&["verify"]);
    let told = String::from_utf8_lossy(&verified.stdout).into_owned();
    assert!(verified.status.success() && told.contains("sound"), "{name}: {told}");
}

#[test]
fn every_earlier_store_opens_and_shows_what_it_showed() {
    for name in fixtures() {
        let (mut desk, expected) = opened(&name);
        assert_shows(&desk, &expected, &name);
        assert_sound(&desk, &name);
        desk.daemon.restart();
        assert_shows(&desk, &expected, &format!("{name}, started again"));
    }
}

/// The format that this program works with.
fn present() -> u64 {
    let daemon = Daemon::with_config(CONFIG);
    let told = daemon.cli(&["status", "--json"]).stdout;
    let status: Value = serde_json::from_slice(&told).expect("JSON");
    status["store"]["format"].as_u64().expect("a format")
}

/// Fixtures of formats before the present one.
fn older() -> Vec<String> {
    let present = format!("format-{}", present());
    let names = fixtures();
    let at = names.iter().position(|name| *name == present).unwrap_or(names.len());
    names[..at].to_vec()
}

#[test]
fn an_upgrade_keeps_a_copy_and_is_told_to_systemd() {
    for name in older() {
        let dir =
            std::env::temp_dir().join(format!("frontdesk-told-{}-{name}", std::process::id()));
        let data = dir.join("data");
        fs::create_dir_all(&data).expect("a directory");
        unpack(&name, &data);
        let notify = dir.join("notify");
        let socket = UnixDatagram::bind(&notify).expect("a socket");
        socket.set_read_timeout(Some(Duration::from_secs(30))).expect("a time-out");
        let mut daemon = Command::new(env!("CARGO_BIN_EXE_frontdesk"))
            .env_clear()
            .env("NOTIFY_SOCKET", &notify)
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(&data)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the daemon starts");
        let mut told = String::new();
        let mut bytes = [0; 4096];
        while !told.contains("READY=1") {
            let read = socket.recv(&mut bytes).expect("word of the daemon");
            told += &String::from_utf8_lossy(&bytes[..read]);
        }
        daemon.kill().and_then(|()| daemon.wait()).expect("it dies");
        assert!(told.contains("EXTEND_TIMEOUT_USEC="), "{name}: {told}");
        let copy = data.join(format!("before-format-{}", present()));
        assert!(copy.join("store.redb").exists() && copy.join("keys").exists(), "{name}");
        fs::remove_dir_all(&dir).expect("removed");
    }
}

#[test]
fn only_the_daemon_upgrades_a_store_the_others_say_what_to_do() {
    for name in older() {
        let mut daemon = Daemon::with_config(CONFIG);
        daemon.terminate();
        fs::remove_dir_all(daemon.data_dir()).expect("removed");
        fs::create_dir_all(daemon.data_dir()).expect("a directory");
        unpack(&name, &daemon.data_dir());
        let out = daemon.config_file().with_file_name("out");
        let out = out.to_str().expect("a path");
        for args in [&["verify"][..], &["token", "list"], &["export", "--out", out]] {
            let refused = daemon.cli(args);
            let told = String::from_utf8_lossy(&refused.stderr).into_owned();
            assert!(!refused.status.success(), "{name}: {args:?}");
            assert!(told.contains("frontdesk serve"), "{name}: {args:?}: {told}");
        }
        let told = daemon.cli(&["doctor"]).stdout;
        assert!(String::from_utf8_lossy(&told).contains("the next start upgrades it"), "{name}");
    }
}

#[test]
fn a_store_of_a_newer_frontdesk_is_refused_by_name() {
    let mut daemon = Daemon::with_config(CONFIG);
    daemon.terminate();
    newer(&daemon.data_dir());
    for args in [&["serve", "--listen", "127.0.0.1:0"][..], &["verify"], &["token", "list"]] {
        let refused = daemon.cli(args);
        let told = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(1), "{args:?}: {told}");
        assert!(told.contains("was last written by frontdesk"), "{args:?}: {told}");
    }
    let told = daemon.cli(&["doctor"]).stdout;
    assert!(String::from_utf8_lossy(&told).contains("too new for this one"));
}

#[test]
fn work_goes_on_in_a_store_of_an_earlier_format() {
    for name in fixtures() {
        let (desk, expected) = opened(&name);
        let budi = "628123456789@s.whatsapp.net";
        assert_eq!(desk.message(budi, "AFTER", 1000, "Terima kasih"), 1001, "the open ticket");
        let lid = desk.message("103726491234567@lid", "AFTER-LID", 1001, "dari LID");
        let phone = desk.message("628555000111@s.whatsapp.net", "AFTER-PN", 1002, "dari nomor");
        assert_eq!(lid, phone, "still one person");
        let (mut socket, call) = desk.relay(RUNNING);
        assert_eq!(call, expected["running"], "the call goes on in its ticket");
        // The turn that was stored before the power went is sent again, as a relay does.
        tell(&mut socket, &heard("item_2", Some("item_1"), "Are you there?"));
        tell(&mut socket, &heard("item_3", Some("item_2"), "Good."));
        let told = desk.read(&format!("/api/calls/{call}"));
        let words: Vec<&Value> = told["data"]["interactions"]
            .as_array()
            .expect("interactions")
            .iter()
            .map(|turn| &turn["message"])
            .collect();
        assert_eq!(words, ["Hello, I lost my card.", "Are you there?", "Good."]);
        assert_sound(&desk, &name);
    }
}
