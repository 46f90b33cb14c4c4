//! Stores of an older format under a newer program: upgraded whole, or as they were, whatever happens meanwhile.

use super::*;
use crate::store::database::Database;
use crate::store::migrate::{MigrateError, Migrating, Migration};
use crate::store::sim::Op;
use crate::store::stamp::Stamp;
use crate::store::{Blob, Order, keyfile};

/// Moves every ticket's text and marks it, so that a row that is migrated twice or not at all is seen.
fn mark(rows: &mut Migrating<'_>) -> Result<(), MigrateError> {
    rows.each(Table::Tickets, |view, seal, (key, value)| {
        assert!(view.get(Table::Contacts, &key)?.is_none(), "put behind what is visited");
        let value = Some(Blob::from([&*value, b"+"].concat()));
        let row = |table| Row { table, key: key.clone(), value: value.clone() };
        let hashed = seal.hash("address", &[&key]).into();
        Ok(vec![
            row(Table::Tickets),
            row(Table::Contacts),
            Row { table: Table::Addresses, key: hashed, value: Some(Blob::from([])) },
        ])
    })
}

/// Goes on from what the step before left.
fn star(rows: &mut Migrating<'_>) -> Result<(), MigrateError> {
    rows.each(Table::Contacts, |_, _, (key, value)| {
        let value = Some(Blob::from([&*value, b"*"].concat()));
        Ok(vec![
            Row { table: Table::Tickets, key: key.clone(), value },
            Row { table: Table::Contacts, key, value: None },
        ])
    })
}

const MARK: Migration = Migration { name: "a mark", run: mark };
const STEPS: &[Migration] = &[MARK, Migration { name: "a star", run: star }];

fn program(migrations: &'static [Migration]) -> StoreSettings {
    StoreSettings {
        upgrade: Upgrade { migrations, allowed: true, ..Upgrade::default() },
        ..small()
    }
}

fn start(disk: &SimDisk, migrations: &'static [Migration]) -> Result<Store, OpenError> {
    Store::open(disk.boot(), program(migrations))
}

/// A store of format 1 with five acknowledged events, the last two of them only in the journal.
fn older() -> SimDisk {
    let disk = disk();
    let boot = disk.boot();
    let keys = boot.create(keyfile::NAME).expect("created");
    let text = format!("frontdesk keys 1\n{}\n", "0a".repeat(32));
    keys.write_at(0, text.as_bytes()).and_then(|()| keys.sync_data()).expect("written");
    boot.sync_dir("").expect("durable");
    let mut store = Store::open(boot, small()).expect("opens");
    for key in 1..=5 {
        write(&mut store, plan(key, &format!("event {key}"))).expect("written");
        if key == 3 {
            store.checkpoint().expect("checkpoint");
        }
    }
    disk.power_cut();
    disk
}

/// Every row of the store says what it said, with `mark` behind it; the feed is what it was.
#[track_caller]
fn shows(store: &Store, mark: &str) {
    assert_eq!(events(store), [1, 2, 3, 4, 5].map(|key| format!("event {key}")));
    for key in 1..=5 {
        assert_eq!(read(store, key), Some(format!("event {key}{mark}")));
    }
    let left = |table| {
        let rows = store.reader().read(|view| view.scan(table, &[], None, Order::Ascending, 9));
        rows.expect("reads").len()
    };
    let expected = match mark {
        "" => (0, 0),
        "+" => (5, 5),
        _ => (0, 5),
    };
    assert_eq!((left(Table::Contacts), left(Table::Addresses)), expected, "{mark:?}");
}

/// The copy as a disk of its own.
fn copy(disk: &SimDisk, dir: &str) -> SimDisk {
    let (from, copy) = (disk.boot(), SimDisk::new(1));
    let to = copy.boot();
    for (name, len) in disk.files() {
        let Some(inside) = name.strip_prefix(&format!("{dir}/")) else { continue };
        let mut bytes = vec![0; len as usize];
        from.open(&name).and_then(|file| file.read_at(0, &mut bytes)).expect("read");
        let file = to.create(inside).expect("created");
        file.write_at(0, &bytes).and_then(|()| file.sync_data()).expect("written");
    }
    for dir in ["", "journal"] {
        to.sync_dir(dir).expect("durable");
    }
    copy
}

#[test]
fn an_older_store_is_upgraded_once_with_what_was_only_in_the_journal() {
    let disk = older();
    shows(&start(&disk, &STEPS[..1]).expect("upgraded"), "+");
    disk.power_cut();
    let mut store = start(&disk, &STEPS[..1]).expect("opens");
    shows(&store, "+");
    write(&mut store, plan(6, "after")).expect("written");
    disk.power_cut();
    assert_eq!(read(&start(&disk, &STEPS[..1]).expect("opens"), 6).as_deref(), Some("after"));
}

#[test]
fn several_steps_are_taken_in_order_from_wherever_a_store_stands() {
    let disk = older();
    shows(&start(&disk, STEPS).expect("upgraded"), "+*");
    let disk = older();
    drop(start(&disk, &STEPS[..1]).expect("upgraded"));
    shows(&start(&disk, STEPS).expect("upgraded"), "+*");
}

#[test]
fn a_new_store_has_the_present_format() {
    let disk = disk();
    let mut store = start(&disk, STEPS).expect("opens");
    write(&mut store, plan(1, "one")).expect("written");
    disk.power_cut();
    assert_eq!(read(&start(&disk, STEPS).expect("opens"), 1).as_deref(), Some("one"));
    assert!(!disk.files().iter().any(|(name, _)| name.starts_with("before-")));
}

#[test]
fn the_copy_is_a_store_on_which_the_older_program_starts() {
    let disk = older();
    let store = start(&disk, STEPS).expect("upgraded");
    drop(store);
    let mut before = start(&copy(&disk, "before-format-3"), &[]).expect("the older one opens it");
    for key in 1..=5 {
        assert_eq!(read(&before, key), Some(format!("event {key}")));
    }
    assert_eq!(before.last_seq(), 5);
    write(&mut before, plan(6, "six")).expect("and goes on with it");
}

#[test]
fn a_power_cut_at_any_step_of_an_upgrade_leaves_the_old_store_or_the_new_one() {
    for older_looks in [true, false] {
        for step in 1.. {
            let disk = older();
            let boot = disk.boot();
            disk.crash_at(step);
            let opened = Store::open(boot, program(STEPS)).is_ok() && disk.powered();
            disk.power_cut();
            if disk.files().iter().any(|(name, _)| name == "before-format-3/store.redb") {
                let before = start(&copy(&disk, "before-format-3"), &[]).expect("a whole copy");
                assert_eq!(read(&before, 5).as_deref(), Some("event 5"));
            }
            if older_looks {
                match start(&disk, &[]) {
                    Ok(store) => shows(&store, ""),
                    Err(OpenError::NewerStore { found: 3, known: 1, .. }) => {}
                    Err(other) => panic!("step {step}: {other}"),
                }
            }
            shows(&start(&disk, STEPS).expect("upgraded"), "+*");
            if opened {
                assert!(step > 20, "an upgrade of {step} steps");
                break;
            }
        }
    }
}

#[test]
fn a_newer_store_is_refused_with_the_version_that_wrote_it() {
    let disk = older();
    let database = Database::open(&disk.boot(), 1024 * 1024, 1).expect("opens");
    let instance = database.current().expect("open");
    Stamp { format: 4, version: "9.8.7".to_owned() }.write(&instance).expect("stamped");
    drop((instance, database));
    let refused = start(&disk, STEPS).expect_err("newer").to_string();
    assert!(refused.contains("format 4") && refused.contains("frontdesk 9.8.7"), "{refused}");
    assert!(refused.contains("up to 3"), "{refused}");
}

#[test]
fn whoever_may_not_upgrade_says_what_to_do_and_leaves_an_older_store_alone() {
    let disk = older();
    let mut settings = program(STEPS);
    settings.upgrade.allowed = false;
    let refused = Store::open(disk.boot(), settings).expect_err("older").to_string();
    assert!(refused.contains("format 1") && refused.contains("frontdesk serve"), "{refused}");
    shows(&start(&disk, &[]).expect("as it was"), "");
}

#[test]
fn a_step_that_fails_or_panics_changes_nothing() {
    fn fails(rows: &mut Migrating<'_>) -> Result<(), MigrateError> {
        star(rows)?;
        Err("ticket 3 makes no sense".into())
    }
    fn panics(rows: &mut Migrating<'_>) -> Result<(), MigrateError> {
        star(rows)?;
        panic!("out of range")
    }
    const FAILS: &[Migration] = &[MARK, Migration { name: "a failure", run: fails }];
    const PANICS: &[Migration] = &[MARK, Migration { name: "a panic", run: panics }];
    for (migrations, why) in [(FAILS, "ticket 3 makes no sense"), (PANICS, "it panicked")] {
        let disk = older();
        let refused = start(&disk, migrations).expect_err("refused").to_string();
        assert!(refused.contains(why) && refused.contains("to 3"), "{refused}");
        shows(&start(&disk, &[]).expect("as it was"), "");
    }
}

#[test]
fn without_room_for_a_copy_the_upgrade_is_refused_and_goes_on_when_there_is() {
    let disk = older();
    // What recovery needs is there, a copy does not fit beside it.
    disk.leave_free(100 * 1024);
    match start(&disk, STEPS) {
        Err(OpenError::NoRoomToUpgrade { to: 3, free, needed, .. }) => assert!(free < needed),
        other => panic!("{other:?}"),
    }
    shows(&start(&disk, &[]).expect("as it was"), "");
    disk.mend();
    shows(&start(&disk, STEPS).expect("upgraded"), "+*");
}

#[test]
fn an_error_of_the_disk_during_an_upgrade_is_no_upgrade() {
    for op in [Op::Write, Op::Sync, Op::SetLen] {
        for nth in (1..40).step_by(4) {
            let disk = older();
            disk.fail(op, "store.redb", nth);
            if let Ok(store) = start(&disk, STEPS) {
                shows(&store, "+*");
            }
            disk.mend();
            shows(&start(&disk, STEPS).expect("upgraded"), "+*");
        }
    }
}
