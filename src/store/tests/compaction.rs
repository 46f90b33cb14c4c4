//! Writing the database anew beside everything else.

use super::*;
use crate::store::sim::Op;
use crate::store::{Compacted, Refusal, RowKey};

/// Much that was written and is gone, and some that stays.
fn half_empty(disk: &SimDisk) -> Store {
    let mut store = open(disk);
    for keys in (0..240).collect::<Vec<_>>().chunks(3) {
        let mut plans = keys.iter().map(|key| plan(*key, &"x".repeat(4_000)));
        let written = store.write(|batch| plans.try_for_each(|p| batch.apply(p)));
        written.expect("written").result.expect("the plans fit");
    }
    let gone = |key| Row { table: Table::Tickets, key: key_of(key), value: None };
    let rows = (20..240).map(gone).collect();
    write(&mut store, PlanRecord { at: Micros(240), rows, events: vec![] }).expect("deleted");
    store
}

fn key_of(key: u64) -> RowKey {
    key.to_be_bytes().as_slice().into()
}

fn compact(store: &mut Store) -> Result<Compacted, WriteError> {
    let copy = store.begin_compaction(false, None)?;
    let packed = copy.measure().expect("measured");
    store.finish_compaction(copy.run(packed)?)
}

fn rows(store: &Store) -> usize {
    (0..300).filter(|key| read(store, *key).is_some()).count()
}

#[test]
fn a_half_empty_database_becomes_smaller_and_holds_the_same() {
    let disk = disk();
    let mut store = half_empty(&disk);
    let measured = store.begin_compaction(false, None).expect("begun").measure().expect("measured");
    let done = compact(&mut store).expect("compacted");
    assert!(done.after < done.before * 3 / 5, "{done:?}");
    assert!(measured.size == done.before && measured.unused() > 0, "{measured:?} {done:?}");
    assert_eq!((rows(&store), events(&store).len()), (20, 240));
    write(&mut store, plan(241, "more")).expect("written");
    disk.power_cut();
    let store = open(&disk);
    assert_eq!((rows(&store), events(&store).len()), (21, 241));
    assert!(disk.files().iter().all(|(name, _)| name != "store.redb.new"));
}

#[test]
fn what_is_written_meanwhile_is_there_and_what_is_deleted_is_gone() {
    let disk = disk();
    let mut store = half_empty(&disk);
    let copy = store.begin_compaction(false, None).expect("begun");
    let packed = copy.measure().expect("measured");
    let first = store.reader();
    write(&mut store, plan(250, "while it was measured")).expect("written");
    let copied = copy.run(packed).expect("copied");
    for key in 251..299 {
        write(&mut store, plan(key, &"y".repeat(3_000))).expect("written");
    }
    let row = Row { table: Table::Tickets, key: key_of(3), value: None };
    write(&mut store, PlanRecord { at: Micros(300), rows: vec![row], events: vec![] })
        .expect("deleted");
    store.checkpoint().expect("checkpoint");
    store.trim_feed(&[], Micros(i64::MAX / 2)).expect("what the copy needs is not trimmed");
    first
        .read(|before| {
            store.finish_compaction(copied).expect("compacted");
            // A reader from before goes on with what it saw.
            assert!(before.get(Table::Tickets, &key_of(260))?.is_some());
            Ok(())
        })
        .expect("read");
    assert_eq!((rows(&store), read(&store, 3)), (19 + 49, None));
    disk.power_cut();
    assert_eq!(rows(&open(&disk)), 19 + 49);
}

#[test]
fn a_power_cut_or_an_error_at_any_step_leaves_a_whole_store() {
    let mut finished = 0;
    for step in (1..70).step_by(3) {
        let disk = SimDisk::new(step);
        let mut store = half_empty(&disk);
        if step % 2 == 0 {
            disk.crash_at(step);
        } else {
            let op = [Op::Write, Op::Sync, Op::Directory, Op::SetLen, Op::Read][step as usize % 5];
            disk.fail(op, "store.redb", 1 + step / 4);
        }
        let copied = store.begin_compaction(false, None).and_then(|copy| {
            let packed = copy.measure().unwrap_or_default();
            copy.run(packed)
        });
        let more = write(&mut store, plan(250, "meanwhile"));
        finished += usize::from(copied.is_ok_and(|c| store.finish_compaction(c).is_ok()));
        if disk.powered() {
            disk.mend();
            store.recover().expect("recovers");
            assert_eq!(rows(&store), 20 + usize::from(more.is_ok()), "step {step}");
            compact(&mut store).expect("the next one works");
        }
        disk.power_cut();
        let mut store = open(&disk);
        assert_eq!(rows(&store) - usize::from(read(&store, 250).is_some()), 20, "step {step}");
        assert!(more.is_err() || read(&store, 250).is_some(), "step {step}: acknowledged");
        assert!(disk.files().iter().all(|(name, _)| name != "store.redb.new"));
        compact(&mut store).expect("the next one works");
    }
    assert!((1..23).contains(&finished), "{finished}");
}

#[test]
fn without_room_for_a_copy_everything_stays_as_it_is() {
    let disk = disk();
    let mut store = half_empty(&disk);
    let copy = store.begin_compaction(false, None).expect("begun");
    let packed = copy.measure().expect("measured");
    disk.leave_free(packed.packed);
    let refused = copy.run(packed).err().expect("refused");
    assert!(matches!(refused, WriteError::Refused(Refusal::NoSpace { .. })), "{refused}");
    assert_eq!(rows(&store), 20);
    disk.mend();
    compact(&mut store).expect("there is room");
}

#[test]
fn one_compaction_at_a_time() {
    let disk = disk();
    let mut store = half_empty(&disk);
    let copy = store.begin_compaction(false, None).expect("begun");
    store.begin_compaction(false, None).err().expect("the first one is under way");
    drop(copy);
    compact(&mut store).expect("the first one was given up");
}
