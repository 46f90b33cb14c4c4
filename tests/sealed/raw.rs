//! The files themselves, with encryption and without, and on the way from one to the other.

use std::fs;

use serde_json::json;

use crate::desk::{ANA, BUDI, Desk, OFF, Scratch, files_with};

#[test]
fn with_encryption_no_word_name_or_number_stands_in_any_file_or_backup() {
    let mut desk = Desk::open("[log]\nlevel = \"trace\"\n");
    let scratch = Scratch::new("raw");
    let ticket = desk.message(ANA);
    let call = desk.call(BUDI);
    let comment = json!({"body": "an internal ochre-wombat", "is_internal": true});
    desk.done("POST", &format!("/api/tickets/{ticket}/comments"), comment);
    // Stays in clear: a category is nobody's words, and shows that a search finds what is there.
    desk.done("PUT", &format!("/api/calls/{call}"), json!({"category": "terracotta_armadillo"}));
    let personal =
        [ANA.words, ANA.name, ANA.phone, BUDI.words, BUDI.name, BUDI.phone, "ochre-wombat"];
    let backup = scratch.text("share/");
    fs::create_dir(&backup).expect("a directory");
    desk.cli(&["backup", &backup]);
    let files = |desk: &Desk, words: &str| {
        let mut found = desk.files_with(words);
        found.extend(files_with(&scratch.0, words));
        found
    };
    for round in ["beside the daemon", "after a clean stop", "after a compaction"] {
        for words in personal {
            assert_eq!(files(&desk, words), Vec::<std::path::PathBuf>::new(), "{words} {round}");
            assert!(!desk.daemon.log().contains(words), "{words} in the log");
        }
        match round {
            "beside the daemon" => desk.daemon.terminate(),
            _ => drop(desk.cli(&["compact"])),
        }
    }
    let key = fs::read_to_string(desk.daemon.data_dir().join("root.key")).expect("a key");
    assert!(!files(&desk, key.trim()).is_empty(), "a search finds what is there");
    desk.daemon.restart();
    assert_eq!(desk.timeline_with(ANA.words), Some(ticket), "and all of it is served");
}

#[test]
fn a_store_in_clear_is_encrypted_later_and_the_other_way_round() {
    let mut desk = Desk::open(OFF);
    let ticket = desk.message(ANA);
    desk.call(BUDI);
    desk.daemon.terminate();
    assert!(!desk.files_with(ANA.words).is_empty(), "it lies in clear");
    fs::write(desk.daemon.config_file(), "").expect("written");
    desk.daemon.restart();
    assert_eq!(desk.timeline_with(ANA.words), Some(ticket), "both are read");
    desk.message(BUDI);
    assert!(desk.cli(&["encrypt"]).contains("everything is encrypted now"));
    for words in [ANA.words, ANA.name, ANA.phone, BUDI.words, BUDI.phone] {
        assert!(desk.files_with(words).is_empty(), "{words}: {:?}", desk.files_with(words));
    }
    assert!(desk.cli(&["verify"]).contains("sound"));
    desk.daemon.restart();
    assert_eq!(desk.timeline_with(ANA.words), Some(ticket));
    fs::write(desk.daemon.config_file(), OFF).expect("written");
    desk.daemon.restart();
    assert_eq!(desk.timeline_with(ANA.words), Some(ticket), "what is encrypted still opens");
    assert!(desk.cli(&["encrypt"]).contains("everything is not encrypted now"));
    desk.daemon.terminate();
    assert!(!desk.files_with(ANA.words).is_empty());
    // From here on neither the keyring nor its key is needed.
    for name in ["keyring", "root.key"] {
        fs::remove_file(desk.daemon.data_dir().join(name)).expect("removed");
    }
    desk.daemon.restart();
    assert_eq!(desk.timeline_with(ANA.words), Some(ticket));
}
