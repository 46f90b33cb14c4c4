//! The daemon is killed while a person is erased, the root key rotated, the store encrypted: it starts again, nothing
//! of others is lost, and what was begun comes to its end.

use std::fs;
use std::thread;
use std::time::Duration;

use frontdesk::store::sim::Random;
use serde_json::Value;

use crate::desk::{ANA, BUDI, Customer, Desk, OFF};
use crate::harness;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Runs a subcommand and kills the daemon some moments later.
fn cut_off(desk: &mut Desk, args: &[&str], after: Duration) {
    let mut command = harness::frontdesk();
    command.args(args).arg("--data-dir").arg(desk.daemon.data_dir());
    command.arg("--config").arg(desk.daemon.config_file());
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let mut child = command.spawn().expect("it starts");
    thread::sleep(after);
    desk.daemon.kill9();
    let _ = child.wait();
}

#[test]
fn killed_at_any_moment_it_starts_again_and_others_lose_nothing() {
    let kills = number("FRONTDESK_SEALED_KILLS", 6);
    let mut random = Random::new(number("FRONTDESK_SEED", u64::from(std::process::id())));
    let mut desk = Desk::open(OFF);
    let budis = desk.message(BUDI);
    fs::write(desk.daemon.config_file(), "").expect("written");
    for _ in 0..kills {
        desk.daemon.restart();
        for _ in 0..5 {
            desk.message(Customer { words: "umber-quokka", ..ANA });
        }
        let args: &[&str] = match random.below(3) {
            0 => &["privacy", "erase", "--contact", ANA.phone],
            1 => &["key", "rotate"],
            _ => &["encrypt"],
        };
        cut_off(&mut desk, args, Duration::from_millis(random.below(250)));
        desk.daemon.restart();
        assert_eq!(desk.timeline_with(BUDI.words), Some(budis));
        let verified = desk.cli(&["verify"]);
        assert!(verified.contains("sound"), "{args:?}: {verified}");
    }
    // What is asked again comes to its end.
    desk.message(Customer { words: "umber-quokka", ..ANA });
    desk.cli(&["privacy", "erase", "--contact", ANA.phone]);
    let all = desk.send("GET", "/api/tickets/all", &Value::Null).text();
    assert!(!all.contains(ANA.name), "{all}");
    assert_eq!(desk.timeline_with("umber-quokka"), None);
    desk.cli(&["encrypt"]);
    for words in ["umber-quokka", BUDI.words, BUDI.phone, ANA.phone] {
        assert!(desk.files_with(words).is_empty(), "{words}: {:?}", desk.files_with(words));
    }
    assert_eq!(desk.timeline_with(BUDI.words), Some(budis));
}
