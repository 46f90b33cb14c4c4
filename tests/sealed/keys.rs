//! The root key: wrong, missing, rotated; and what was changed on the disk.

use std::fs;
use std::process::Output;

use crate::desk::{ANA, Desk, Scratch, fails, run, works};
use crate::harness::frontdesk;

/// A start that must fail.
fn serve(desk: &Desk) -> Output {
    let mut command = frontdesk();
    command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]);
    command.arg(desk.daemon.data_dir()).arg("--config").arg(desk.daemon.config_file());
    command.output().expect("it ends")
}

#[test]
fn a_wrong_or_missing_key_is_a_clear_refusal_to_start() {
    let mut desk = Desk::open("");
    let ticket = desk.message(ANA);
    desk.daemon.terminate();
    let (key, ring) =
        (desk.daemon.data_dir().join("root.key"), desk.daemon.data_dir().join("keyring"));
    let (right, keys) = (fs::read(&key).expect("a key"), fs::read(&ring).expect("a keyring"));
    fs::write(&key, "ab".repeat(32)).expect("written");
    fails(serve(&desk), "the root key does not fit the keyring");
    fs::write(&key, "no key").expect("written");
    fails(serve(&desk), "64 hex digits");
    fs::remove_file(&key).expect("removed");
    fails(serve(&desk), "put the file back");
    assert!(!key.exists(), "no other key is made for a store that has one");
    fs::write(&key, &right).expect("written");
    fs::remove_file(&ring).expect("removed");
    fails(serve(&desk), "its keyring is missing");
    assert!(!ring.exists());
    let mut flipped = keys.clone();
    flipped[keys.len() / 2] ^= 4;
    fs::write(&ring, flipped).expect("written");
    fails(serve(&desk), "keyring` is damaged");
    fs::write(&ring, keys).expect("written");
    fs::write(
        desk.daemon.config_file(),
        "[store]\nencryption = \"passphrase\"\npassphrase = \"correct horse\"\n",
    )
    .expect("written");
    desk.daemon.restart();
    assert_eq!(
        desk.timeline_with(ANA.words),
        Some(ticket),
        "the key file is still what it is locked with"
    );
}

#[test]
fn the_root_key_is_rotated_beside_the_daemon_and_the_old_one_opens_nothing() {
    let mut desk = Desk::open("");
    let scratch = Scratch::new("rotate");
    let ticket = desk.message(ANA);
    let data = desk.daemon.data_dir();
    let old = fs::read(data.join("root.key")).expect("a key");
    assert!(desk.cli(&["key", "rotate"]).contains("rotated"));
    assert_ne!(fs::read(data.join("root.key")).expect("a key"), old);
    desk.daemon.restart();
    assert_eq!(desk.timeline_with(ANA.words), Some(ticket));
    // To a passphrase; without a daemon, too.
    let words = scratch.text("words");
    fs::write(&words, "correct horse battery\n").expect("written");
    desk.daemon.terminate();
    desk.cli(&["key", "rotate", "--to-passphrase-file", &words]);
    fails(serve(&desk), "encrypted with a passphrase");
    let config = format!("[store]\nencryption = \"passphrase\"\npassphrase_file = {words:?}\n");
    fs::write(desk.daemon.config_file(), config).expect("written");
    desk.daemon.restart();
    assert_eq!(desk.timeline_with(ANA.words), Some(ticket));
    fails(desk.daemon.cli(&["key", "rotate"]), "--to-passphrase-file");
}

#[test]
fn a_bit_that_flipped_is_never_served_and_verify_names_the_row() {
    let mut desk = Desk::open("");
    let ticket = desk.message(ANA);
    desk.daemon.terminate();
    assert!(desk.cli(&["verify"]).contains("sound"));
    // The entry of the message: sealed for its ticket, under the first number of the table of entries.
    let path = desk.daemon.data_dir().join("store.redb");
    let mut file = fs::read(&path).expect("the store");
    let head = [&[0xd2, 2][..], &[0xe9, 0x07]].concat();
    let at: Vec<usize> = (0..file.len() - 4).filter(|at| file[*at..*at + 4] == head).collect();
    assert!(!at.is_empty(), "values of ticket #1001 are found in the file");
    for at in &at {
        // In the middle of what is encrypted, behind the nonce.
        file[at + 4 + 24 + 3] ^= 0x10;
    }
    fs::write(&path, file).expect("written");
    fails(desk.daemon.cli(&["verify"]), "the files are damaged");
    desk.daemon.restart();
    let answer = desk.send("GET", &format!("/api/tickets/{ticket}"), &serde_json::Value::Null);
    assert!(answer.status >= 500, "{}: {}", answer.status, answer.text());
    let rows = fails(desk.daemon.cli(&["verify"]), "was changed or damaged");
    assert!(rows.contains("table Tickets, row 00000000000003e9"), "{rows}");
}

#[test]
fn a_backup_is_restored_with_keyring_and_root_key_and_says_what_it_lacks() {
    let mut desk = Desk::open("");
    let scratch = Scratch::new("restore");
    desk.message(ANA);
    let (share, file) = (scratch.text("share/"), scratch.text("one.fdb"));
    fs::create_dir(&share).expect("a directory");
    desk.cli(&["backup", &share]);
    desk.cli(&["backup", &file]);
    let key = scratch.text("saved.key");
    fs::copy(desk.daemon.data_dir().join("root.key"), &key).expect("copied");
    desk.daemon.terminate();
    let there = scratch.0.join("there");
    fails(run(&there, &["restore", &share]), "--root-key");
    let other = scratch.text("other.key");
    fs::write(&other, "cd".repeat(32)).expect("written");
    fails(run(&there, &["restore", &share, "--root-key", &other]), "does not fit the keyring");
    fs::rename(scratch.0.join("one.fdb.keyring"), scratch.0.join("kept")).expect("renamed");
    fails(run(&there, &["restore", &file, "--root-key", &key]), "--keyring");
    assert!(!there.exists(), "nothing was begun");
    let kept = scratch.text("kept");
    works(run(&there, &["restore", &file, "--root-key", &key, "--keyring", &kept]));
    assert!(works(run(&there, &["verify"])).contains("sound"));
    let again = scratch.0.join("again");
    works(run(&again, &["restore", &share, "--root-key", &key]));
    assert!(works(run(&again, &["verify"])).contains("rows: 1 tickets"));
    // A backup is checked with the keys entirely, and without them as far as checksums go.
    assert!(works(run(&again, &["verify", "--backup", &share])).contains("sound"));
    let bare = scratch.0.join("bare");
    let said = works(run(&bare, &["verify", "--backup", &share]));
    assert!(said.contains("whether its values open was not tried"), "{said}");
}
