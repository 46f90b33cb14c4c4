//! A person is erased: their words and addresses are gone, counts stay right, nobody else is touched.

use std::fs;

use serde_json::{Value, json};

use crate::desk::{ANA, BUDI, Desk, OFF, Scratch, fails, files_with, run, works};

/// Ana writes and calls, Budi too; gives Ana's tickets.
fn two_customers(desk: &mut Desk) -> (u64, String) {
    let ticket = desk.message(ANA);
    desk.message(ANA);
    let call = desk.call(ANA);
    desk.done("POST", &format!("/api/calls/{call}/close"), json!({}));
    desk.message(BUDI);
    desk.call(BUDI);
    (ticket, call)
}

/// What is told of all tickets, without names and words.
fn counts(desk: &Desk) -> Value {
    let stats = desk.done("GET", "/api/calls/stats", Value::Null);
    let all = desk.done("GET", "/api/tickets/all", Value::Null);
    let mut tickets: Vec<(u64, String, String)> = all["tickets"]
        .as_array()
        .expect("tickets")
        .iter()
        .map(|t| {
            (t["id"].as_u64().unwrap_or(0), t["status"].to_string(), t["created_at"].to_string())
        })
        .collect();
    tickets.sort();
    json!({"tickets": tickets, "total": stats["data"]["total_tickets"]})
}

#[track_caller]
fn knows_nothing_of_ana(desk: &Desk, (ticket, call): &(u64, String)) {
    let feed = "/api/feed?limit=1000".to_owned();
    let paths = [
        format!("/api/tickets/{ticket}"),
        format!("/api/tickets/{ticket}/timeline"),
        format!("/api/calls/{call}"),
        format!("/api/calls/{call}/export"),
        "/api/tickets/all".into(),
        "/api/tickets".into(),
        "/api/calls".into(),
    ];
    for path in paths.iter().chain([&feed]) {
        let answer = desk.send("GET", path, &Value::Null);
        assert!(answer.status < 500, "{path}: {} {}", answer.status, answer.text());
        for words in [ANA.words, ANA.name, ANA.phone] {
            assert!(!answer.text().contains(words), "{words} in {path}: {}", answer.text());
        }
    }
}

#[test]
fn erased_with_encryption_the_keys_are_gone_and_old_backups_stay_sealed() {
    let mut desk = Desk::open("");
    let scratch = Scratch::new("erase");
    let anas = two_customers(&mut desk);
    let share = scratch.text("share/");
    fs::create_dir(&share).expect("a directory");
    desk.cli(&["backup", &share]);
    let (before, ring) = (counts(&desk), fs::read(desk.daemon.data_dir().join("keyring")).unwrap());
    let said = desk.cli(&["privacy", "erase", "--contact", ANA.phone]);
    assert!(said.contains("erased; 2 tickets stay"), "{said}");
    assert!(said.contains("their keys are destroyed"), "{said}");
    knows_nothing_of_ana(&desk, &anas);
    assert_eq!(counts(&desk), before, "counts stay right");
    assert!(desk.timeline_with(BUDI.words).is_some(), "nobody else is touched");
    assert_ne!(fs::read(desk.daemon.data_dir().join("keyring")).unwrap(), ring);
    assert!(desk.cli(&["verify"]).contains("sound"));
    // Who writes again is somebody new.
    let again = desk.message(ANA);
    assert_ne!(again, anas.0);
    desk.daemon.restart();
    let hollow = desk.send("GET", &format!("/api/tickets/{}/timeline", anas.0), &Value::Null);
    assert!(!hollow.text().contains(ANA.words), "{}", hollow.text());
    // The next backup replaces the keyring in its place: the backup from before opens but for Ana.
    let old = newest(&share);
    desk.cli(&["backup", &share]);
    let key = scratch.text("root.key");
    fs::copy(desk.daemon.data_dir().join("root.key"), &key).expect("copied");
    let elsewhere = scratch.0.join("elsewhere");
    let said = works(run(&elsewhere, &["verify", "--backup", &old, "--root-key", &key]));
    assert!(said.contains("values were erased since"), "{said}");
    let config = scratch.text("config.toml");
    fs::write(&config, format!("[store]\nkey_file = {key:?}\n")).expect("written");
    let there = scratch.0.join("there");
    let said = works(run(&there, &["restore", &old, "--config", &config]));
    assert!(said.contains("erased since"), "{said}");
    assert!(files_with(&there, ANA.words).is_empty());
    assert!(works(run(&there, &["verify", "--config", &config])).contains("sound"));
    let restored =
        works(run(&there, &["export", "--config", &config, "--out", &scratch.text("out")]));
    assert!(files_with(&scratch.0.join("out"), ANA.words).is_empty(), "{restored}");
    assert!(!files_with(&scratch.0.join("out"), BUDI.words).is_empty(), "{restored}");
}

/// Attachments lie sealed beside the store with encryption and without it, and go with the person.
#[test]
fn an_attachment_of_somebody_who_is_erased_is_gone_from_the_files_and_from_old_backups() {
    for config in ["", OFF] {
        let mut desk = Desk::open(config);
        let scratch = Scratch::new("erase-files");
        let (anas, budis) = (desk.message(ANA), desk.message(BUDI));
        let attach = |ticket: u64, words: &str| {
            let bytes = format!("{words} on paper, {}", words.repeat(10_000));
            let bearer = format!("Bearer {}", desk.token);
            let headers = [("Authorization", bearer.as_str()), ("Content-Type", "text/plain")];
            let path = format!("/api/tickets/{ticket}/attachments?name=letter.txt");
            let answer = desk.daemon.request("POST", &path, &headers, bytes.as_bytes());
            assert_eq!(answer.status, 201, "{}", answer.text());
            let file = answer.json()["attachments"][0]["id"].clone();
            let comment =
                json!({"body": "see the letter", "is_internal": true, "attachments": [file]});
            desk.done("POST", &format!("/api/tickets/{ticket}/comments"), comment);
            (format!("/api/tickets/{ticket}/attachments/{file}"), bytes)
        };
        let (hers, _) = attach(anas, "indigo-salamander");
        let (his, his_bytes) = attach(budis, "saffron-ibex");
        let lying = || fs::read_dir(desk.daemon.data_dir().join("files")).expect("files").count();
        assert_eq!(lying(), 2);
        for words in ["indigo-salamander", "saffron-ibex"] {
            assert!(desk.files_with(words).is_empty(), "{words}: {:?}", desk.files_with(words));
        }
        let backup = scratch.text("before.fdb");
        desk.cli(&["backup", &backup]);
        desk.cli(&["privacy", "erase", "--contact", ANA.phone, "--now"]);
        assert_eq!(lying(), 1, "its file is removed at once");
        assert_eq!(desk.send("GET", &hers, &Value::Null).status, 404);
        assert_eq!(desk.send("GET", &his, &Value::Null).text(), his_bytes);
        assert!(files_with(&scratch.0, "indigo-salamander").is_empty());
        assert!(desk.cli(&["verify"]).contains("sound"));
        if !config.is_empty() {
            continue;
        }
        // What an old backup brings back of it is noise: its key lay in a row that nobody opens any more.
        fs::copy(desk.daemon.data_dir().join("keyring"), scratch.text("keyring")).expect("copied");
        let key = scratch.text("root.key");
        fs::copy(desk.daemon.data_dir().join("root.key"), &key).expect("copied");
        let config = scratch.text("config.toml");
        fs::write(&config, format!("[store]\nkey_file = {key:?}\n")).expect("written");
        let there = scratch.0.join("there");
        works(run(&there, &["restore", &backup, "--config", &config]));
        assert!(files_with(&there, "indigo-salamander").is_empty());
        assert!(files_with(&there, "saffron-ibex").is_empty());
    }
}

fn newest(dir: &str) -> String {
    let names = fs::read_dir(dir).expect("a directory").map(|e| e.expect("an entry").path());
    let newest = names.filter(|path| path.extension().is_some_and(|end| end == "fdb")).max();
    newest.expect("a backup").to_str().expect("UTF-8").to_owned()
}

#[test]
fn erased_without_encryption_no_byte_is_left_once_the_store_is_written_anew() {
    let mut desk = Desk::open(OFF);
    let anas = two_customers(&mut desk);
    let scratch = Scratch::new("erase-off");
    let said = desk.cli(&["privacy", "erase", "--contact", "1"]);
    assert!(
        said.contains("in the next maintenance window") || said.contains("no maintenance window"),
        "{said}"
    );
    knows_nothing_of_ana(&desk, &anas);
    assert!(!desk.files_with(ANA.words).is_empty(), "the files hold it until then, as was said");
    desk.cli(&["compact"]);
    let backup = scratch.text("after.fdb");
    desk.cli(&["backup", &backup]);
    for words in [ANA.words, ANA.name, ANA.phone] {
        let found = desk.files_with(words);
        assert!(found.is_empty(), "{words}: {found:?}");
        assert!(files_with(&scratch.0, words).is_empty(), "{words} in a new backup");
    }
    assert!(!desk.files_with(BUDI.words).is_empty(), "a search finds what is there");
    assert!(desk.cli(&["verify"]).contains("sound"));
    desk.daemon.restart();
    knows_nothing_of_ana(&desk, &anas);
    assert!(desk.timeline_with(BUDI.words).is_some());
}

#[test]
fn erased_now_the_store_is_written_anew_at_once() {
    let mut desk = Desk::open(OFF);
    let anas = two_customers(&mut desk);
    let said = desk.cli(&["privacy", "erase", "--contact", ANA.phone, "--now"]);
    assert!(said.contains("2 tickets") && !said.contains("maintenance"), "{said}");
    assert!(desk.files_with(ANA.words).is_empty(), "{:?}", desk.files_with(ANA.words));
    knows_nothing_of_ana(&desk, &anas);
    fails(
        desk.daemon.cli(&["privacy", "erase", "--contact", ANA.phone]),
        "nobody is known by this",
    );
}

#[test]
fn an_admin_erases_over_http_and_nobody_else_does() {
    let mut desk = Desk::open("");
    let ticket = desk.message(ANA);
    let agent = desk.daemon.token("agent");
    let bearer = format!("Bearer {agent}");
    let asked = desk.daemon.request(
        "DELETE",
        "/api/contacts/1?erase=true",
        &[("Authorization", &bearer)],
        b"",
    );
    assert_eq!(asked.status, 403, "{}", asked.text());
    let plain = desk.send("DELETE", "/api/contacts/1", &Value::Null);
    assert_eq!(plain.status, 400);
    assert!(plain.text().contains("?erase=true"), "{}", plain.text());
    for none in ["/api/contacts/99?erase=true", "/api/contacts/x?erase=true"] {
        assert_eq!(desk.send("DELETE", none, &Value::Null).status, 404);
    }
    let done = desk.done("DELETE", "/api/contacts/1?erase=true", Value::Null);
    assert_eq!(done["tickets"], 1);
    assert_eq!(desk.send("DELETE", "/api/contacts/1?erase=true", &Value::Null).status, 404);
    let timeline = desk.send("GET", &format!("/api/tickets/{ticket}/timeline"), &Value::Null);
    assert!(timeline.status == 200 && !timeline.text().contains(ANA.words));
}

#[test]
fn a_running_call_and_replies_that_wait_end_with_their_customer() {
    let mut desk = Desk::open(
        "[[whatsapp.bridges]]\ninstance = \"default\"\nkind = \"baileys\"\nurl = \"http://127.0.0.1:9\"\n",
    );
    let ticket = desk.message(ANA);
    let call = desk.call(ANA);
    let comment = json!({"body": format!("{} is answered", ANA.words), "is_internal": false});
    desk.done("POST", &format!("/api/tickets/{ticket}/comments"), comment);
    desk.cli(&["privacy", "erase", "--contact", ANA.phone]);
    let ended = desk.done("GET", &format!("/api/calls/{call}"), Value::Null);
    assert_eq!(ended["data"]["ticket"]["status"], "closed", "{ended}");
    let said = json!({"speaker": "user", "message": "more"});
    let late = desk.send("POST", &format!("/api/calls/{call}/interactions"), &said);
    assert!(late.status < 500, "{}", late.text());
    let metrics = desk.send("GET", "/metrics", &Value::Null).text();
    let waiting = metrics.lines().find(|line| line.starts_with("frontdesk_outbox_waiting"));
    assert!(waiting.is_none_or(|line| line.ends_with(" 0")), "{waiting:?}");
    assert!(desk.cli(&["verify"]).contains("sound"));
    desk.daemon.restart();
    assert!(desk.cli(&["verify"]).contains("sound"));
}
