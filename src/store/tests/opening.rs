//! Opening a store after whatever happened to it.

use super::*;
use crate::store::{Damage, JournalError, RealDisk, StoreError, verify};
use crate::telemetry::progress::Progress;

const FIRST: &str = "journal/0000000001.seg";

/// A store with five acknowledged events and no checkpoint, whose machine lost power.
fn cut_off() -> SimDisk {
    let disk = disk();
    let mut store = open(&disk);
    for key in 1..=5 {
        write(&mut store, plan(key, &format!("event {key}"))).expect("written");
    }
    disk.power_cut();
    disk
}

fn check(store: &Store) {
    assert_eq!(events(store), [1, 2, 3, 4, 5].map(|key| format!("event {key}")));
    for key in 1..=5 {
        assert_eq!(read(store, key), Some(format!("event {key}")));
    }
}

fn damage(error: OpenError) -> Damage {
    match error {
        OpenError::Store(StoreError::Journal(JournalError::Damaged(damage))) => damage,
        other => panic!("expected damage: {other}"),
    }
}

#[test]
fn what_was_acknowledged_is_there_after_a_power_cut() {
    let disk = cut_off();
    check(&open(&disk));
    // And after a second one, and without replay.
    disk.power_cut();
    check(&open(&disk));
}

#[test]
fn a_clean_stop_leaves_nothing_to_replay() {
    let disk = disk();
    let mut store = open(&disk);
    write(&mut store, plan(1, "one")).expect("written");
    store.close().expect("clean stop");
    let before = disk.files();
    let store = open(&disk);
    assert_eq!(store.figures().checkpoints, 0);
    assert_eq!(disk.files().len(), before.len(), "no new segment either");
    assert_eq!(read(&store, 1).as_deref(), Some("one"));
}

#[test]
fn a_second_process_is_refused() {
    let disk = disk();
    let boot = disk.boot();
    let _first = Store::open(boot.clone(), small()).expect("opens");
    let second = Store::open(boot.clone(), small()).expect_err("in use");
    assert!(second.to_string().contains("already in use"), "{second}");
    assert!(matches!(verify(&boot, &small(), &Progress::default()), Err(OpenError::InUse(_))));
}

#[test]
fn a_power_cut_at_any_step_of_a_recovery_is_recovered_from() {
    for step in 1.. {
        let disk = cut_off();
        let boot = disk.boot();
        disk.crash_at(step);
        let opened = Store::open(boot, small()).is_ok() && disk.powered();
        disk.power_cut();
        check(&open(&disk));
        if opened {
            assert!(step > 10, "a recovery of {step} steps");
            return;
        }
    }
}

#[test]
fn a_power_cut_at_any_step_of_a_checkpoint_loses_nothing() {
    let filled = || {
        let disk = disk();
        let mut store = open(&disk);
        for key in 1..=5 {
            write(&mut store, plan(key, &format!("event {key}"))).expect("written");
        }
        (disk, store)
    };
    for step in 1.. {
        let (disk, mut store) = filled();
        disk.crash_at(step);
        let done = store.checkpoint();
        assert_eq!(done.is_ok(), disk.powered());
        disk.power_cut();
        check(&open(&disk));
        if done.is_ok() {
            assert!(step > 3, "a checkpoint of {step} steps");
            return;
        }
    }
}

#[test]
fn a_power_cut_at_any_step_of_the_first_start_leaves_a_store_that_starts() {
    for step in 1.. {
        let disk = disk();
        let boot = disk.boot();
        disk.crash_at(step);
        let opened = Store::open(boot, small()).is_ok() && disk.powered();
        disk.power_cut();
        let mut store = open(&disk);
        write(&mut store, plan(1, "one")).expect("written");
        assert_eq!(events(&store), ["one"]);
        if opened {
            return;
        }
    }
}

#[test]
fn a_torn_tail_is_cut_and_written_over() {
    // A batch of several pages, cut off during its sync: whatever part of it is there, it was not acknowledged.
    let mut unknown = 0;
    for seed in 0..80 {
        let disk = SimDisk::new(seed);
        let mut store = open(&disk);
        write(&mut store, plan(1, "acknowledged")).expect("written");
        // redb may write pages of its own before.
        disk.crash_at(2 + seed % 4);
        let large = "x".repeat(6_000);
        let torn = write(&mut store, plan(2, &large));
        unknown += u32::from(matches!(torn, Err(WriteError::Unknown { .. })));
        disk.power_cut();
        let mut store = open(&disk);
        let found = events(&store);
        let only_first = found == ["acknowledged"] && torn.is_err();
        assert!(only_first || found == ["acknowledged", &large], "seed {seed}");
        write(&mut store, plan(3, "next")).expect("written");
        disk.power_cut();
        let again = events(&open(&disk));
        assert_eq!(again.len(), found.len() + 1, "seed {seed}");
        assert_eq!(again.last().map(String::as_str), Some("next"));
    }
    assert!(unknown >= 20, "{unknown} cuts during the write or the sync");
}

#[test]
fn a_torn_batch_that_the_next_one_did_not_fit_over_is_no_damage() {
    let disk = disk();
    let mut store = open(&disk);
    for key in 1..=4 {
        write(&mut store, plan(key, "event")).expect("written");
    }
    store.checkpoint().expect("checkpoint");
    write(&mut store, plan(5, &"x".repeat(4_000))).expect("two or three pages");
    // Its head arrived, its end did not: as if it had never been acknowledged.
    disk.kill();
    disk.flip_bit(FIRST, 5 * 4096 + 5_000);
    let mut store = open(&disk);
    assert_eq!(store.last_seq(), 4);
    write(&mut store, plan(6, &"y".repeat(9_000))).expect("more than the segment has left");
    disk.power_cut();
    let store = open(&disk);
    assert_eq!((store.last_seq(), events(&store).len()), (5, 5));
    assert_eq!(read(&store, 6).map(|text| text.len()), Some(9_000));
}

#[test]
fn a_reader_that_outlives_the_store_touches_the_files_no_more() {
    let disk = disk();
    let mut store = open(&disk);
    write(&mut store, plan(1, "one")).expect("written");
    let reader = store.reader();
    let steps = reader.read(|_| {
        store.close().expect("clean stop");
        Ok(disk.steps())
    });
    assert_eq!(steps, Ok(disk.steps()), "the lock is gone, another may have the files");
    assert!(matches!(reader.read(|_| Ok(())), Err(StoreError::Closed(_))));
    assert_eq!(read(&open(&disk), 1).as_deref(), Some("one"));
}

#[test]
fn damage_with_something_valid_behind_it_stops_the_start_and_verify_names_it() {
    let disk = cut_off();
    disk.flip_bit(FIRST, 3 * 4096 + 80);
    let found = damage(try_open(&disk).expect_err("damaged"));
    assert_eq!((found.file.as_str(), found.offset, found.batch), (FIRST, 3 * 4096, Some(3)));
    let steps = disk.steps();
    let report = verify(&disk.boot(), &small(), &Progress::default()).expect("verify reads");
    assert_eq!(report.damage, [found]);
    assert_eq!(report.database, None);
    assert_eq!((report.batches, report.events), (2, 2));
    assert_eq!(disk.steps(), steps, "verify writes nothing");
}

#[test]
fn damage_below_what_redb_has_applied_stops_the_start() {
    let disk = cut_off();
    open(&disk).close().expect("clean stop");
    // The last batch, applied long ago, in the segment the recovery made: nothing valid follows it.
    let name = disk.files().into_iter().rfind(|(name, _)| name.ends_with(".seg")).expect("one").0;
    disk.flip_bit(&name, 4096 + 30);
    let found = damage(try_open(&disk).expect_err("damaged"));
    assert_eq!((found.file, found.offset, found.batch), (name, 4096, Some(5)));
    assert!(found.what.contains("has applied batch 5"), "{}", found.what);
}

#[test]
fn a_lost_segment_stops_the_start() {
    let disk = disk();
    let mut store = open(&disk);
    for key in 1..=20 {
        write(&mut store, plan(key, "event")).expect("written");
    }
    disk.power_cut();
    disk.boot().remove("journal/0000000002.seg").expect("removed");
    let found = damage(try_open(&disk).expect_err("damaged"));
    assert!(found.what.contains("journal/0000000002.seg goes before it"), "{}", found.what);
    assert_eq!(found.file, "journal/0000000003.seg");
}

#[test]
fn a_redb_without_its_journal_is_no_new_store() {
    let disk = cut_off();
    open(&disk).close().expect("clean stop");
    let boot = disk.boot();
    for (name, _) in disk.files().iter().filter(|(name, _)| name.ends_with(".seg")) {
        boot.remove(name).expect("removed");
    }
    let error = try_open(&disk).expect_err("no journal");
    assert!(error.to_string().contains("there is no journal"), "{error}");
}

#[test]
fn a_journal_of_a_newer_version_is_left_alone() {
    let disk = cut_off();
    let boot = disk.boot();
    let file = boot.open(FIRST).expect("open");
    let mut page = vec![0; 4096];
    file.read_at(0, &mut page).expect("read");
    page[16] = 2;
    let sum = xxhash_rust::xxh3::xxh3_64_with_seed(&page[16..], 0x6664_7365_676d_6e74);
    page[8..16].copy_from_slice(&sum.to_le_bytes());
    file.write_at(0, &page).expect("written");
    let error = try_open(&disk).expect_err("newer");
    assert!(matches!(error, OpenError::NewerFormat { found: 2, known: 1, .. }), "{error}");
}

#[test]
fn a_damaged_redb_is_an_error_and_never_a_panic() {
    let size = {
        let disk = cut_off();
        open(&disk).close().expect("clean stop");
        disk.files().into_iter().find(|(name, _)| name == "store.redb").expect("there").1
    };
    let mut noticed = 0;
    for part in 0..40 {
        let disk = cut_off();
        open(&disk).close().expect("clean stop");
        let start = size * part / 40;
        for offset in (start..start + 512).step_by(7) {
            disk.flip_bit("store.redb", offset);
        }
        let opened = try_open(&disk).map(|store| {
            let read = store.reader().read(|view| view.get(Table::Tickets, &1u64.to_be_bytes()));
            drop((read, store));
        });
        disk.kill();
        let report = verify(&disk.boot(), &small(), &Progress::default()).expect("verify reads");
        noticed += usize::from(opened.is_err() || !report.is_sound());
    }
    assert!(noticed > 0, "some of the damage hit something");
}

#[test]
fn a_store_on_a_real_file_system_keeps_what_it_was_told() {
    let dir = scratch("real");
    let settings = StoreSettings { inline: false, disk_reserve: 0, ..small() };
    let real = || Arc::new(RealDisk::new(dir.as_ref()).expect("directory"));
    let mut expected = Vec::new();
    for run in 0..3 {
        let mut store = Store::open(real(), settings.clone()).expect("opens");
        for key in 0..30 {
            let text = format!("run {run} event {key}");
            write(&mut store, plan(key, &text)).expect("written");
            expected.push(text);
        }
        store.probe().expect("it writes");
        assert_eq!(events(&store), expected);
        if run == 1 {
            store.close().expect("clean stop");
        }
    }
    let disk: Arc<dyn super::super::Disk> = real();
    let report = verify(&disk, &settings, &Progress::default()).expect("verify reads");
    assert!(report.is_sound(), "{report:#?}");
    assert_eq!(report.events, 90);
}
