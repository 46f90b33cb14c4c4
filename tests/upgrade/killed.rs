//! An upgrade that is killed at any moment: the store is whole in its old format, or whole in the new one.
//! `FRONTDESK_UPGRADE_ROUNDS=50` for the long form.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;
use std::{fs, thread};

use frontdesk::domain::time::Micros;
use frontdesk::store::{
    MigrateError, Migrating, Migration, OpenError, Order, PlanRecord, RealDisk, Row, Store,
    StoreSettings, Table, Upgrade, View,
};

/// Names the directory to the process that is killed.
const DIRECTORY: &str = "UPGRADE_IN";
const ROWS: u64 = 15_000;

/// Every text gets a mark: one migrated twice or not at all is seen.
fn mark(rows: &mut Migrating<'_>) -> Result<(), MigrateError> {
    rows.each(Table::Entries, |_, _, (key, value)| {
        let value = Some([&*value, b"+"].concat().into());
        Ok(vec![Row { table: Table::Entries, key, value }])
    })
}

const STEPS: &[Migration] = &[Migration { name: "a mark", run: mark }];

fn open(dir: &Path, migrations: &'static [Migration]) -> Result<Store, OpenError> {
    let upgrade = Upgrade { migrations, allowed: true, ..Upgrade::default() };
    let settings = StoreSettings { upgrade, checkpoint_events: 2_000, ..StoreSettings::default() };
    Store::open(Arc::new(RealDisk::new(dir).expect("a directory")), settings)
}

/// Makes the store in a directory one of a format that nobody knows yet.
pub fn newer(dir: &Path) {
    const NOTHING: Migration = Migration { name: "nothing", run: |_| Ok(()) };
    drop(open(dir, &[NOTHING; 99]).expect("upgraded"));
}

/// The present store in a directory, of so many rows, with its last rows only in the journal.
fn fill(dir: &Path) {
    fs::create_dir_all(dir).expect("a directory");
    let keys = format!("frontdesk keys 1\n{}\n", "0a".repeat(32));
    fs::write(dir.join("keys"), keys).expect("keys");
    let mut store = open(dir, &[]).expect("opens");
    for first in (0..ROWS).step_by(500) {
        let row = |key: u64| Row {
            table: Table::Entries,
            key: key.to_be_bytes().into(),
            value: Some(format!("{key} {}", "x".repeat(200)).into_bytes().into()),
        };
        let rows = (first..first + 500).map(row).collect();
        let plan = PlanRecord { at: Micros(1), rows, events: vec![b"filled".to_vec()] };
        store.write(|batch| batch.apply(plan)).expect("written").result.expect("applied");
    }
    // Dropped without a last checkpoint, as if it had been killed.
}

/// Every row is there and ends as it should.
fn assert_whole(store: &Store, mark: &str, when: &str) {
    for first in (0..ROWS).step_by(1_000) {
        let start = first.to_be_bytes();
        let rows = store
            .reader()
            .read(|view| view.scan(Table::Entries, &start, None, Order::Ascending, 1_000));
        let rows = rows.expect("reads");
        assert_eq!(rows.len(), 1_000, "{when}: rows from {first} on");
        for (nth, (key, value)) in (first..).zip(&rows) {
            assert_eq!(**key, nth.to_be_bytes(), "{when}");
            let text = format!("{nth} {}{mark}", "x".repeat(200));
            assert_eq!(String::from_utf8_lossy(value), text, "{when}");
        }
    }
    assert_eq!(store.last_seq(), ROWS / 500, "{when}");
}

fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to.join("journal")).expect("a directory");
    for below in ["", "journal"] {
        for file in fs::read_dir(from.join(below)).expect("a directory") {
            let path = file.expect("a file").path();
            if path.is_file() {
                let name = path.file_name().expect("a name");
                fs::copy(&path, to.join(below).join(name)).expect("copied");
            }
        }
    }
}

#[test]
fn the_process_that_is_killed() {
    if let Some(dir) = std::env::var_os(DIRECTORY) {
        open(Path::new(&dir), STEPS).expect("upgraded");
    }
}

fn upgrading(dir: &Path) -> std::process::Child {
    Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "killed::the_process_that_is_killed"])
        .env(DIRECTORY, dir)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts")
}

#[test]
fn an_upgrade_killed_at_any_moment_leaves_the_old_store_or_the_new_one() {
    let rounds =
        std::env::var("FRONTDESK_UPGRADE_ROUNDS").map_or(4, |n| n.parse().expect("a number"));
    let base: PathBuf =
        std::env::temp_dir().join(format!("frontdesk-upgrade-{}", std::process::id()));
    let (before, dir) = (base.join("before"), base.join("store"));
    fill(&before);
    copy(&before, &dir);
    let began = Instant::now();
    assert!(upgrading(&dir).wait().expect("it ends").success());
    let whole = began.elapsed();
    let (mut old, mut new) = (0, 0);
    for round in 0..rounds {
        let when = format!("round {round}");
        copy(&before, &dir);
        let mut child = upgrading(&dir);
        thread::sleep(whole.mul_f64((f64::from(round) + 0.5) / f64::from(rounds)));
        child.kill().and_then(|()| child.wait()).expect("it dies");
        match open(&dir, &[]) {
            Ok(store) => {
                assert_whole(&store, "", &when);
                old += 1;
            }
            Err(OpenError::NewerStore { found: 2, .. }) => new += 1,
            Err(other) => panic!("{when}: {other}"),
        }
        assert_whole(&open(&dir, STEPS).expect("upgraded"), "+", &when);
        assert_whole(&open(&dir.join("before-format-2"), &[]).expect("a copy"), "", &when);
    }
    assert!(old > 0, "of {rounds} rounds none was cut off in time: {whole:?}");
    println!("{rounds} rounds over {whole:?}: {old} old, {new} new, none half");
    let _ = fs::remove_dir_all(&base);
}
