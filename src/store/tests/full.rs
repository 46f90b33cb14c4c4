//! A disk that is full: what is refused, what goes on, what the ballast is for.

use super::*;
use crate::store::sim::Op;
use crate::store::{Health, Refusal};

fn refusal(result: Result<Committed, WriteError>) -> Refusal {
    match result {
        Err(WriteError::Refused(refusal)) => refusal,
        other => panic!("expected a refusal: {other:?}"),
    }
}

/// Bytes that must be free for the next plan to be taken.
fn needed(disk: &SimDisk, store: &mut Store) -> u64 {
    disk.leave_free(0);
    match refusal(write(store, plan(2, "no"))) {
        Refusal::NoSpace { free: 0, needed } => needed,
        other => panic!("{other}"),
    }
}

#[test]
fn a_full_disk_refuses_writes_but_not_those_that_free_space() {
    let disk = disk();
    let mut store = open(&disk);
    write(&mut store, plan(1, "one")).expect("written");
    store.checkpoint().expect("checkpoint");
    // Short of the reserve by a little.
    let needed = needed(&disk, &mut store);
    disk.leave_free(needed - 32 * 1024);
    assert!(matches!(refusal(write(&mut store, plan(2, "no"))), Refusal::NoSpace { .. }));
    assert_eq!(*store.health(), Health::Healthy, "a full disk is no failure");
    assert_eq!(read(&store, 1).as_deref(), Some("one"), "reads go on");
    let freeing = store.write(|batch| {
        batch.use_reserve();
        batch.apply(plan(3, "an erasure"))
    });
    assert!(freeing.is_ok_and(|written| written.committed.is_some()));
    disk.mend();
    write(&mut store, plan(4, "space again")).expect("written");
    assert_eq!(events(&store), ["one", "an erasure", "space again"]);
}

#[test]
fn a_disk_that_others_filled_to_the_last_byte_loses_nothing() {
    let disk = disk();
    let mut store = open(&disk);
    for key in 1..=30 {
        write(&mut store, plan(key, &"x".repeat(2_000))).expect("written");
    }
    disk.leave_free(0);
    store.checkpoint().expect_err("no space for it");
    assert_eq!(events(&store).len(), 30);
    disk.mend();
    store.recover().expect("recovers");
    write(&mut store, plan(31, "space again")).expect("written");
    store.checkpoint().expect("checkpoint");
    disk.power_cut();
    assert_eq!(events(&open(&disk)).len(), 31);
}

#[test]
fn near_the_end_of_the_space_a_checkpoint_settles_the_estimate() {
    let settings =
        StoreSettings { checkpoint_bytes: u64::MAX, checkpoint_events: u64::MAX, ..small() };
    let disk = disk();
    let mut store = Store::open(disk.boot(), settings).expect("opens");
    write(&mut store, plan(0, "first")).expect("written");
    store.checkpoint().expect("checkpoint");
    let needed = needed(&disk, &mut store);
    disk.leave_free(needed + 768 * 1024);
    for key in 1..80 {
        write(&mut store, plan(key % 5, "each row may copy three pages")).expect("written");
    }
    assert!(store.figures().checkpoints > 1);
}

fn has_ballast(disk: &SimDisk) -> bool {
    disk.files().iter().any(|(name, len)| name == "ballast" && *len == small().ballast)
}

#[test]
fn a_full_disk_stops_no_start_and_nothing_acknowledged_is_lost() {
    for (seed, ballast) in (0..40).flat_map(|seed| [(seed, 0), (seed, 64 * 1024)]) {
        let settings = StoreSettings { ballast, ..small() };
        let disk = SimDisk::new(seed);
        let open = || Store::open(disk.boot(), settings.clone());
        let mut store = open().expect("opens");
        store.tend_space().expect("space");
        for key in 0..seed {
            write(&mut store, plan(key, "acknowledged")).expect("written");
        }
        drop(store);
        if seed % 2 == 0 {
            disk.power_cut();
        } else {
            disk.kill();
        }
        disk.leave_free(0);
        let mut store = open().expect("opens on a full disk");
        assert_eq!(events(&store).len() as u64, seed);
        assert_eq!(read(&store, 0).is_some(), seed > 0, "reads work");
        assert!(matches!(refusal(write(&mut store, plan(99, "no"))), Refusal::NoSpace { .. }));
        assert!(store.probe().is_err());
        drop(store);
        disk.power_cut();
        let mut store = open().expect("opens once more");
        assert_eq!(events(&store).len() as u64, seed, "what was seen stays");
        disk.mend();
        write(&mut store, plan(99, "space again")).expect("written");
        drop(store);
        disk.power_cut();
        assert_eq!(events(&open().expect("opens")).len() as u64, seed + 1);
    }
}

#[test]
fn on_a_full_disk_a_tail_that_never_reached_it_is_not_shown() {
    let mut lost = 0;
    for seed in 0..60 {
        let disk = SimDisk::new(seed);
        let mut store = open(&disk);
        write(&mut store, plan(1, "one")).expect("written");
        disk.fail(Op::Sync, "journal/", 1);
        write(&mut store, plan(2, "perhaps")).expect_err("failed");
        drop(store);
        disk.kill();
        disk.leave_free(0);
        match try_open(&disk) {
            Ok(store) => {
                let seen = events(&store);
                drop(store);
                disk.power_cut();
                assert_eq!(events(&open(&disk)), seen, "seed {seed}: what was seen stays");
            }
            Err(_) => lost += 1,
        }
        disk.mend();
        assert!(!events(&open(&disk)).is_empty());
    }
    assert!((1..60).contains(&lost), "{lost} of 60");
}

#[test]
fn the_ballast_settles_a_full_disk_and_is_made_again_once_there_is_room() {
    let disk = disk();
    let mut store = open(&disk);
    assert_eq!(store.tend_space().expect("space").ballast, small().ballast);
    assert!(has_ballast(&disk));
    for key in 1..=20 {
        write(&mut store, plan(key, "event")).expect("written");
    }
    let before = store.figures().checkpoints;
    disk.leave_free(0);
    assert!(matches!(refusal(write(&mut store, plan(21, "no"))), Refusal::NoSpace { .. }));
    assert!(!has_ballast(&disk), "it was given up");
    assert_eq!(store.figures().checkpoints, before + 1, "what was acknowledged is settled");
    assert_eq!(*store.health(), Health::Healthy);
    store.tend_space().expect("space");
    assert!(!has_ballast(&disk), "there is no room for it");
    disk.mend();
    store.tend_space().expect("space");
    assert!(has_ballast(&disk));
    write(&mut store, plan(21, "space again")).expect("written");
    disk.power_cut();
    assert_eq!(events(&open(&disk)).len(), 21);
}

#[test]
fn a_ballast_of_another_size_or_half_made_is_made_anew() {
    let disk = disk();
    open(&disk).tend_space().expect("space");
    let other = StoreSettings { ballast: 128 * 1024, ..small() };
    let mut store = Store::open(disk.boot(), other).expect("opens");
    assert_eq!(store.tend_space().expect("space").ballast, 128 * 1024);
    drop(store);
    let none = StoreSettings { ballast: 0, ..small() };
    let mut store = Store::open(disk.boot(), none).expect("opens");
    assert_eq!(store.tend_space().expect("space").ballast, 0);
    assert!(disk.files().iter().all(|(name, _)| name != "ballast"));
}
