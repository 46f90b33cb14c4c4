//! Errors while the store runs: nothing acknowledged is lost, reads go on, writing comes back by itself.

use super::*;
use crate::store::sim::Op;
use crate::store::{Health, Refusal, StoreError};

fn refusal(result: Result<Committed, WriteError>) -> Refusal {
    match result {
        Err(WriteError::Refused(refusal)) => refusal,
        other => panic!("expected a refusal: {other:?}"),
    }
}

#[test]
fn after_a_failed_sync_nothing_is_acknowledged_before_a_new_epoch() {
    for op in [Op::Sync, Op::Write] {
        let disk = disk();
        let mut store = open(&disk);
        write(&mut store, plan(1, "one")).expect("written");
        disk.fail(op, "journal/", 1);
        let error = write(&mut store, plan(2, "unknown")).expect_err("failed");
        assert!(
            matches!(&error, WriteError::Unknown { why } if why.contains("0000000001.seg at byte 8192")),
            "{error}"
        );
        assert!(matches!(store.health(), Health::Failed { .. }));
        assert_eq!(read(&store, 1).as_deref(), Some("one"), "reads go on");
        assert_eq!(read(&store, 2), None);
        assert!(matches!(refusal(write(&mut store, plan(3, "no"))), Refusal::Failed { .. }));
        assert!(store.probe().is_err(), "readiness tells the truth");
        store.recover().expect("recovers");
        store.recover().expect("again is harmless");
        assert_eq!(*store.health(), Health::Healthy);
        write(&mut store, plan(3, "three")).expect("written");
        assert_eq!(events(&store), ["one", "three"]);
        disk.power_cut();
        let store = open(&disk);
        assert_eq!(events(&store), ["one", "three"], "what the old file holds is void");
        assert_eq!(read(&store, 2), None);
    }
}

#[test]
fn a_recovery_that_fails_is_tried_again() {
    let disk = disk();
    let mut store = open(&disk);
    write(&mut store, plan(1, "one")).expect("written");
    disk.break_down(Op::Sync, "journal/");
    write(&mut store, plan(2, "unknown")).expect_err("failed");
    for _ in 0..3 {
        store.recover().expect_err("the disk is still broken");
    }
    disk.mend();
    disk.break_down(Op::Directory, "journal");
    store.recover().expect_err("the directory is broken");
    disk.mend();
    store.recover().expect("recovers");
    write(&mut store, plan(3, "three")).expect("written");
    assert_eq!(events(&store), ["one", "three"]);
    disk.power_cut();
    assert_eq!(events(&open(&disk)), ["one", "three"]);
}

#[test]
fn an_unsynced_batch_found_after_a_restart_is_durable_before_anybody_sees_it() {
    // The sync failed and the process died: the cache shows a batch the disk may not have.
    let mut kept = 0;
    for seed in 0..60 {
        let disk = SimDisk::new(seed);
        let mut store = open(&disk);
        write(&mut store, plan(1, "one")).expect("written");
        disk.fail(Op::Sync, "journal/", 1);
        write(&mut store, plan(2, "perhaps")).expect_err("failed");
        disk.kill();
        let seen = events(&open(&disk));
        disk.power_cut();
        assert_eq!(events(&open(&disk)), seen, "seed {seed}: what was seen stays");
        kept += seen.len() - 1;
    }
    assert!(kept > 0);
}

#[test]
fn a_failed_checkpoint_loses_nothing_and_is_done_again() {
    for op in [Op::Sync, Op::Write] {
        for nth in 1..6 {
            let disk = disk();
            let mut store = open(&disk);
            for key in 1..=5 {
                write(&mut store, plan(key, "event")).expect("written");
            }
            disk.fail(op, "store.redb", nth);
            if store.checkpoint().is_err() {
                assert_eq!(*store.health(), Health::Healthy, "redb was reopened");
                assert_eq!(store.figures().reopened, 1);
            }
            disk.mend();
            assert_eq!(read(&store, 5).as_deref(), Some("event"));
            write(&mut store, plan(6, "more")).expect("written");
            store.checkpoint().expect("the second one works");
            disk.power_cut();
            let store = open(&disk);
            assert_eq!(events(&store).len(), 6);
            assert_eq!(read(&store, 6).as_deref(), Some("more"));
        }
    }
}

#[test]
fn what_a_failed_sync_of_redb_left_in_the_cache_is_not_believed() {
    let mut opened = 0;
    for seed in 0..40 {
        let disk = SimDisk::new(seed);
        let mut store = open(&disk);
        write(&mut store, plan(1, "one")).expect("written");
        store.close().expect("clean stop");
        let file = disk.boot().open("store.redb").expect("open");
        disk.fail(Op::Sync, "store.redb", 1);
        file.write_at(0, &[0xff; 9]).expect("written to the cache");
        file.sync_data().expect_err("failed");
        let mut magic = [0; 9];
        file.read_at(0, &mut magic).expect("read");
        assert_eq!(magic, [0xff; 9], "the cache shows what the disk may not have");
        // On some of the disks the sector arrived all the same.
        opened += usize::from(try_open(&disk).is_ok_and(|store| read(&store, 1).is_some()));
    }
    assert!(opened > 15, "{opened} of 40");
}

#[test]
fn a_redb_that_failed_is_reopened_by_the_next_write() {
    for op in [Op::SetLen, Op::Sync, Op::Write, Op::Read] {
        let settings = StoreSettings { cache_bytes: 64 * 1024, ..small() };
        let disk = disk();
        let mut store = Store::open(disk.boot(), settings).expect("opens");
        let mut acknowledged = Vec::new();
        for key in 0..300 {
            if key % 50 == 20 {
                disk.fail(op, "store.redb", 1);
            }
            let text = format!("{key} {}", "x".repeat(3_000));
            match write(&mut store, plan(key, &text)) {
                Ok(_) => acknowledged.push(key),
                Err(WriteError::Refused(_)) => {}
                Err(error) => panic!("the journal was never touched: {error}"),
            }
        }
        disk.mend();
        assert!(acknowledged.len() > 270, "{op:?}: {} of 300", acknowledged.len());
        store.probe().expect("healthy again");
        for key in 0..300 {
            let expected = acknowledged.contains(&key);
            assert_eq!(read(&store, key).is_some(), expected, "{op:?}: key {key}");
        }
        assert_eq!(events(&store).len(), acknowledged.len());
    }
}

#[test]
fn a_snapshot_from_before_a_reopening_fails_and_a_new_one_sees_everything() {
    let settings = StoreSettings { cache_bytes: 0, ..small() };
    let disk = disk();
    let mut store = Store::open(disk.boot(), settings).expect("opens");
    for key in 0..200 {
        write(&mut store, plan(key, &"x".repeat(2_000))).expect("written");
    }
    store.checkpoint().expect("checkpoint");
    let reader = store.reader();
    let outcome = reader.read(|view| {
        disk.fail(Op::Sync, "store.redb", 1);
        store.checkpoint().expect_err("redb fails and is reopened");
        write(&mut store, plan(7, "changed")).expect("written");
        (0..200u64).try_for_each(|key| view.get(Table::Tickets, &key.to_be_bytes()).map(drop))
    });
    assert!(matches!(outcome, Err(StoreError::Database(_))), "{outcome:?}");
    assert_eq!(read(&store, 7).as_deref(), Some("changed"));
}
