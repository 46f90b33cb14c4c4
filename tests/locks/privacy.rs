//! What must not be kept is not kept (S0.51): card numbers and security codes that come in at any door are in no
//! answer, no file of the data directory, no log and no backup.

use std::fs;
use std::path::{Path, PathBuf};

use frontdesk::domain::redact::Redactor;
use frontdesk::store::sim::Random;
use serde_json::{Value, json};

use crate::corpus;
use crate::harness::{self, Daemon, Response};

/// A word that is kept, so that a search that finds nothing was a search.
const CONTROL: &str = "terracotta-armadillo";

/// At least 99.5 % of the lines with a card number lose it, fewer than 0.5 % of the others lose anything.
#[test]
fn card_numbers_are_found_and_other_numbers_left_alone() {
    let redactor = Redactor::new(true, &[]).expect("no patterns");
    let mut random = Random::new(20_251_128);
    let (mut missed, mut hurt) = (Vec::new(), Vec::new());
    const LINES: usize = 3_000;
    for _ in 0..LINES {
        let (line, digits) = corpus::with_card(&mut random);
        let kept = redactor.redact(&line);
        let masked = format!("{}{}", &digits[..6], "*".repeat(digits.len() - 10));
        if !kept.contains(&masked) {
            missed.push(format!("{line} -> {kept}"));
        }
        let line = corpus::without_card(&mut random);
        let kept = redactor.redact(&line);
        if kept != line {
            hurt.push(format!("{line} -> {kept}"));
        }
    }
    println!("{} of {LINES} missed, {} of {LINES} hurt", missed.len(), hurt.len());
    assert!(missed.len() * 1000 <= LINES * 5, "{missed:#?}");
    assert!(hurt.len() * 1000 < LINES * 5, "{hurt:#?}");
}

/// Every file below, and whether it holds the words.
fn files_with(dir: &Path, words: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files_with(&path, words));
        } else if let Ok(bytes) = fs::read(&path)
            && bytes.windows(words.len()).any(|window| window == words.as_bytes())
        {
            found.push(path);
        }
    }
    found
}

struct Desk(Daemon, String);

impl Desk {
    fn send(&self, method: &str, path: &str, body: &Value) -> Response {
        let bearer = format!("Bearer {}", self.1);
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.0.request(method, path, &headers, body.as_bytes())
    }

    fn done(&self, method: &str, path: &str, body: Value) -> Value {
        let answer = self.send(method, path, &body);
        assert!((200..300).contains(&answer.status), "{path}: {}", answer.text());
        answer.json()
    }
}

#[test]
fn no_card_number_reaches_the_disk_an_answer_the_log_or_a_backup() {
    const PAN: &str = "4111 1111 1111 1111";
    const BARE: &str = "5555555555554444";
    let daemon = Daemon::with_config("[log]\nlevel = \"trace\"\n[store]\nencryption = \"off\"\n");
    let token = daemon.token("admin");
    let desk = Desk(daemon, token);
    desk.done(
        "POST",
        "/webhook/baileys",
        json!({
            "key": {"remoteJid": "628123456789@s.whatsapp.net", "fromMe": false, "id": "A1"},
            "pushName": format!("Budi {BARE}"),
            "message": {"conversation": format!("{CONTROL}: kartu saya {PAN}, cvv 987")},
        }),
    );
    let call = desk.done("POST", "/api/calls", json!({"session_id": "s-1", "customer_name": BARE}));
    let id = call["data"]["ticket_id"]
        .as_str()
        .or(call["ticket_id"].as_str())
        .expect("a call")
        .to_owned();
    desk.done(
        "POST",
        &format!("/api/calls/{id}/interactions"),
        json!({"speaker": "user", "message": format!("{CONTROL} it is {PAN}"),
            "tool_calls": [{"name": "pay", "arguments": format!("{{\"card\":{BARE},\"cvv\":\"987\"}}")}]}),
    );
    desk.done("POST", &format!("/api/calls/{id}/metadata"), json!({"key": "card", "value": BARE}));
    desk.done("PUT", &format!("/api/calls/{id}"), json!({"summary": format!("lost {BARE}")}));
    for path in [
        "/api/tickets/1001".to_owned(),
        "/api/tickets/1001/timeline".into(),
        format!("/api/calls/{id}"),
        format!("/api/calls/{id}/export"),
        "/api/feed?limit=100".into(),
        "/api/tickets/queue".into(),
    ] {
        let shown = desk.send("GET", &path, &Value::Null).text();
        assert!(
            !shown.contains(PAN)
                && !shown.contains(BARE)
                && !shown.contains("cvv 987")
                && !shown.contains("\"987"),
            "{shown}"
        );
    }
    let shown = desk.send("GET", "/api/tickets/1001/timeline", &Value::Null).text();
    assert!(shown.contains("kartu saya 411111******1111, cvv ***"), "{shown}");
    let Desk(mut daemon, _) = desk;
    let dir = daemon.data_dir();
    let backup = dir.join("one.fdb");
    let made = daemon.cli(&["backup", backup.to_str().expect("UTF-8")]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let restored = dir.with_extension("restored");
    let restore = harness::frontdesk()
        .args(["restore", backup.to_str().expect("UTF-8"), "--data-dir"])
        .arg(&restored)
        .output()
        .expect("it runs");
    assert!(restore.status.success(), "{}", String::from_utf8_lossy(&restore.stderr));
    daemon.terminate();
    for words in [PAN, BARE, "4111 1111", "cvv 987"] {
        for dir in [&dir, &restored] {
            let found = files_with(dir, words);
            assert!(found.is_empty(), "{words}: {found:?}");
        }
        assert!(!daemon.log().contains(words), "{words}");
    }
    for dir in [&dir, &restored] {
        assert!(!files_with(dir, CONTROL).is_empty(), "a search finds what is there");
    }
    let _ = fs::remove_dir_all(restored);
}

#[test]
fn patterns_of_the_desks_own_are_taken_out_and_bad_ones_are_told() {
    let daemon =
        Daemon::with_config("[privacy]\nredact = false\npatterns = ['\\bNIK ?\\d{16}\\b']\n");
    let token = daemon.token("admin");
    let desk = Desk(daemon, token);
    desk.done(
        "POST",
        "/webhook/baileys",
        json!({
            "key": {"remoteJid": "628123456789@s.whatsapp.net", "fromMe": false, "id": "A1"},
            "message": {"conversation": "NIK 3174012345678901, kartu 4111111111111111"},
        }),
    );
    let shown = desk.send("GET", "/api/tickets/1001/timeline", &Value::Null).text();
    assert!(shown.contains("[redacted], kartu 4111111111111111"), "{shown}");
    let checked = harness::frontdesk()
        .args(["config", "check"])
        .env("FRONTDESK_PRIVACY__PATTERNS", "['(']")
        .output()
        .expect("it runs");
    let told = String::from_utf8_lossy(&checked.stderr).into_owned();
    assert!(checked.status.code() == Some(2) && told.contains("privacy.patterns"), "{told}");
}
