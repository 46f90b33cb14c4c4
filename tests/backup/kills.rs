//! `kill -9` while backups are made and restored: what is there is whole, or it is refused; never silently half.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use frontdesk::store::sim::Random;
use frontdesk::store::{OpenError, RealDisk, Store, StoreSettings};

use crate::desk::{Scratch, fill, keyed, rows};
use crate::harness::{Daemon, frontdesk};
use crate::{run, told, works};

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn rounds() -> u64 {
    number("FRONTDESK_BACKUP_KILLS", 6)
}

/// The files of a directory by name, with their sizes.
fn files(dir: &Path) -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dir).into_iter().flatten() {
        let entry = entry.expect("an entry");
        let length = entry.metadata().expect("its metadata").len();
        found.insert(entry.file_name().into_string().expect("UTF-8"), length);
    }
    found
}

/// Waits until workers have followed what happened, and nothing is written any more.
fn still(daemon: &Daemon) {
    let bearer = format!("Bearer {}", daemon.token("admin"));
    let written = || {
        let figures = daemon.request("GET", "/metrics", &[("Authorization", &bearer)], b"").text();
        let line = figures.lines().find(|line| line.contains("journal_written_bytes"));
        line.expect("the journal's bytes").to_owned()
    };
    let from = Instant::now();
    let mut before = written();
    loop {
        sleep(Duration::from_secs(2));
        let now = written();
        if now == before {
            return;
        }
        assert!(from.elapsed() < Duration::from_secs(60), "it never comes to rest: {now}");
        before = now;
    }
}

#[test]
fn a_backup_that_is_killed_leaves_whole_ones_only_and_a_sound_store() {
    let mut random = Random::new(number("FRONTDESK_SEED", u64::from(std::process::id())));
    let mut daemon = Daemon::with_config("[store]\ncheckpoint_events = 500\n[backup]\nkeep = 3\n");
    daemon.terminate();
    fill(&daemon.data_dir(), 3_000);
    daemon.restart();
    let scratch = Scratch::new("killed-backups");
    let share = scratch.path("share");
    fs::create_dir(&share).expect("a directory");
    let bearer = format!("Bearer {}", daemon.token("ingest"));
    let from = Instant::now();
    works(daemon.cli(&["backup", &scratch.text("share")]));
    let takes = from.elapsed();
    let (sent, mut killed, mut done) = (AtomicU64::new(0), 0, 0);
    for round in 0..rounds() {
        let (stop, address) = (AtomicBool::new(false), daemon.address().to_owned());
        let (the_daemon, after) =
            (random.chance(40), takes.mul_f64(random.below(110) as f64 / 100.0));
        std::thread::scope(|scope| {
            let (sent, stop, address, bearer) = (&sent, &stop, &address, &bearer);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let n = sent.fetch_add(1, Ordering::Relaxed);
                    if crate::try_post(address, bearer, 7, n).is_err() {
                        return;
                    }
                }
            });
            let mut backup = frontdesk();
            backup.arg("backup").arg(&share).arg("--data-dir").arg(daemon.data_dir());
            let mut backup =
                backup.arg("--config").arg(daemon.config_file()).spawn().expect("it starts");
            sleep(after);
            if the_daemon {
                daemon.kill9();
            } else {
                // It may have ended by itself.
                let _ = backup.kill();
            }
            let status = backup.wait().expect("it ends");
            stop.store(true, Ordering::Relaxed);
            killed += u32::from(!status.success());
            done += u32::from(status.success());
        });
        if the_daemon {
            daemon.restart();
        }
        for name in files(&share).into_keys().filter(|name| name.ends_with(".fdb")) {
            let path = share.join(&name);
            let checked = daemon.cli(&["verify", "--backup", path.to_str().expect("UTF-8")]);
            assert!(checked.status.success(), "round {round}: {name}: {}", told(&checked));
        }
    }
    println!("{killed} backups killed, {done} done before it, {takes:.1?} each");
    // One more clears up behind all that were killed, and is restored. Nothing may be written behind it.
    still(&daemon);
    works(daemon.cli(&["backup", &scratch.text("share")]));
    let mut left = files(&share);
    assert!(left.remove("frontdesk.keyring").is_some());
    assert!(left.len() <= 3 && left.keys().all(|name| name.ends_with(".fdb")), "{left:?}");
    assert!(works(daemon.cli(&["verify"])).contains("sound"));
    daemon.terminate();
    fs::write(scratch.path("config.toml"), keyed(&daemon.data_dir())).expect("a file");
    let there = scratch.path("there");
    works(run(&there, &scratch.path("config.toml"), &["restore", &scratch.text("share")]));
    assert!(crate::rows_of(&there) == crate::rows_of(&daemon.data_dir()), "row by row");
}

/// What is in a directory: nothing, no store, or a store.
fn open(dir: &PathBuf) -> Option<Result<Store, OpenError>> {
    let mut names = files(dir);
    let journal = files(&dir.join("journal"));
    names.remove("lock");
    names.remove("journal");
    if names.is_empty() && journal.is_empty() {
        return None;
    }
    let disk = RealDisk::new(dir).expect("a directory");
    Some(Store::open(Arc::new(disk), StoreSettings::default()))
}

#[test]
fn a_restore_that_is_killed_leaves_a_whole_store_or_none() {
    let mut random = Random::new(number("FRONTDESK_SEED", u64::from(std::process::id())));
    let scratch = Scratch::new("killed-restores");
    let (data, config) = (scratch.path("data"), scratch.path("config.toml"));
    fill(&data, 3_000);
    fs::write(&config, keyed(&data)).expect("a file");
    let file = scratch.text("desk.fdb");
    works(run(&data, &config, &["backup", &file]));
    let expected = crate::rows_of(&data);
    let from = Instant::now();
    works(run(&scratch.path("whole"), &config, &["restore", &file]));
    let takes = from.elapsed();
    let (mut nothing, mut refused, mut whole) = (0, 0, 0);
    for round in 0..rounds() {
        let there = scratch.path(&format!("there-{round}"));
        let mut restore = frontdesk();
        restore.args(["restore", &file, "--data-dir"]).arg(&there).arg("--config").arg(&config);
        let mut restore = restore.stdout(std::process::Stdio::null()).spawn().expect("it starts");
        sleep(takes.mul_f64(random.below(120) as f64 / 100.0) + Duration::from_millis(1));
        let _ = restore.kill();
        restore.wait().expect("it ends");
        match open(&there) {
            None => nothing += 1,
            Some(Err(OpenError::Unfinished)) => {
                refused += 1;
                for args in
                    [&["serve", "--listen", "127.0.0.1:0"][..], &["verify"], &["restore", &file]]
                {
                    let output = run(&there, &config, args);
                    assert!(!output.status.success(), "round {round}: {args:?}");
                    let said = told(&output);
                    assert!(
                        said.contains("did not come to its end"),
                        "round {round}: {args:?}: {said}"
                    );
                }
            }
            Some(Err(other)) => panic!("round {round}: {other}"),
            Some(Ok(store)) => {
                whole += 1;
                assert!(rows(&store) == expected, "round {round}: half a store");
            }
        }
        let _ = fs::remove_dir_all(&there);
    }
    println!(
        "killed restores: {nothing} had not begun, {refused} refused, {whole} whole; {takes:.1?} each"
    );
    assert_eq!(nothing + refused + whole, rounds());
}
