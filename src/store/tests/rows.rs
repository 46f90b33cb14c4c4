//! Rows, as the writer and as readers see them.

use super::*;
use crate::store::plan::MAX_PLAN;
use crate::store::{Order, Pair, StoreError};

fn texts(view: &dyn View, range: (u64, Option<u64>), order: Order, limit: usize) -> Vec<String> {
    let end = range.1.map(u64::to_be_bytes);
    let end = end.as_ref().map(<[u8; 8]>::as_slice);
    let rows = view.scan(Table::Tickets, &range.0.to_be_bytes(), end, order, limit);
    let text = |(_, value): Pair| String::from_utf8(value.to_vec()).expect("text");
    rows.expect("scan").into_iter().map(text).collect()
}

#[test]
fn a_later_plan_sees_what_an_earlier_one_of_its_batch_did() {
    let mut store = open(&disk());
    store
        .write(|batch| {
            batch.apply(plan(1, "first")).expect("applied");
            assert_eq!(batch.next_seq(), 2);
            let seen = batch.get(Table::Tickets, &1u64.to_be_bytes()).expect("read");
            assert_eq!(seen.as_deref(), Some(&b"first"[..]));
            batch.apply(plan(2, "second")).expect("applied");
            assert_eq!(texts(batch, (0, None), Order::Ascending, 9), ["first", "second"]);
            // Readers see nothing of it yet.
        })
        .expect("written");
    assert_eq!(read(&store, 2).as_deref(), Some("second"));
}

#[test]
fn scans_respect_bounds_order_and_limit() {
    let mut store = open(&disk());
    for key in 1..=5 {
        write(&mut store, plan(key, &key.to_string())).expect("written");
    }
    let delete = Row { table: Table::Tickets, key: 3u64.to_be_bytes().into(), value: None };
    let plan = PlanRecord { at: Micros(0), rows: vec![delete], events: vec![] };
    write(&mut store, plan).expect("written");
    store
        .reader()
        .read(|view| {
            assert_eq!(texts(view, (0, None), Order::Ascending, 9), ["1", "2", "4", "5"]);
            assert_eq!(texts(view, (0, None), Order::Descending, 2), ["5", "4"]);
            assert_eq!(texts(view, (2, Some(5)), Order::Ascending, 9), ["2", "4"]);
            assert_eq!(texts(view, (2, Some(5)), Order::Descending, 1), ["4"]);
            assert_eq!(texts(view, (5, Some(2)), Order::Ascending, 9), [""; 0]);
            assert_eq!(view.get(Table::Agents, b"nobody wrote here yet")?, None);
            Ok(())
        })
        .expect("read");
}

#[test]
fn a_snapshot_stays_as_it_was_taken() {
    let mut store = open(&disk());
    write(&mut store, plan(1, "before")).expect("written");
    let reader = store.reader();
    reader
        .read(|view| {
            write(&mut store, plan(1, "after")).expect("written");
            assert_eq!(texts(view, (0, None), Order::Ascending, 9), ["before"]);
            Ok(())
        })
        .expect("read");
    assert_eq!(read(&store, 1).as_deref(), Some("after"));
}

#[test]
fn a_batch_without_plans_writes_nothing() {
    let disk = disk();
    let mut store = open(&disk);
    write(&mut store, plan(1, "one")).expect("written");
    let steps = disk.steps();
    let written = store.write(|batch| batch.get(Table::Meta, b"x").expect("read")).expect("fine");
    assert_eq!(written.committed, None);
    assert_eq!(disk.steps(), steps, "no write, no sync");
}

#[test]
fn a_plan_that_is_refused_leaves_its_batch_as_it_was() {
    let settings = StoreSettings { segment_bytes: 16 * 1024 * 1024, ..small() };
    let mut store = Store::open(disk().boot(), settings).expect("opens");
    let written = store.write(|batch| {
        batch.apply(plan(1, "good")).expect("applied");
        let large = PlanRecord { events: vec![vec![0; MAX_PLAN]], ..plan(2, "too large") };
        let error = batch.apply(large).expect_err("8 MiB is the limit");
        assert!(matches!(error, StoreError::PlanTooLarge { limit: MAX_PLAN, .. }), "{error}");
        let mut position = plan(3, "not yours");
        position.rows[0] =
            Row { table: Table::Meta, key: (*b"journal.applied").into(), value: None };
        let error = batch.apply(position).expect_err("the store's own row");
        assert!(matches!(error, StoreError::ReservedKey { .. }), "{error}");
        for key in 4..6 {
            let events = vec![vec![0; MAX_PLAN - 200]];
            let large = PlanRecord { events, ..plan(key, "large") };
            assert_eq!(batch.fits(&large), key == 4);
            match batch.apply(large) {
                Ok(()) => assert_eq!(key, 4),
                Err(StoreError::BatchFull { .. }) => assert_eq!(key, 5),
                Err(other) => panic!("{other}"),
            }
        }
    });
    let committed = written.expect("written").committed.expect("two plans");
    assert_eq!((committed.first_seq, committed.last_seq), (1, 2));
    assert_eq!(read(&store, 1).as_deref(), Some("good"));
    assert_eq!([2, 3, 5].map(|key| read(&store, key)), [None, None, None]);
}

#[test]
fn one_batch_is_one_write_and_one_sync() {
    let disk = disk();
    let mut store = open(&disk);
    write(&mut store, plan(1, "the first makes a segment")).expect("written");
    let before = store.figures();
    store
        .write(|batch| (2..40).try_for_each(|key| batch.apply(plan(key, "group commit"))))
        .expect("written")
        .result
        .expect("applied");
    let after = store.figures();
    assert_eq!(after.journal_syncs - before.journal_syncs, 1);
    assert_eq!(after.journal_bytes - before.journal_bytes, 4096);
    assert_eq!((after.batches, after.plans, after.events), (2, 39, 39));
}

/// What is in memory and what redb has are one table to whoever reads, in both directions, whatever the limit.
#[test]
fn scans_over_memory_and_redb_are_scans_of_one_table() {
    use std::collections::BTreeMap;

    use crate::store::sim::Random;

    let mut random = Random::new(5);
    let mut store = open(&disk());
    let mut model = BTreeMap::new();
    for round in 0..60 {
        for _ in 0..random.below(9) {
            let key = random.below(40);
            let text = format!("{key} in round {round}");
            let mut plan = plan(key, &text);
            if random.chance(30) {
                plan.rows[0].value = None;
                model.remove(&key);
            } else {
                model.insert(key, text);
            }
            write(&mut store, plan).expect("written");
        }
        if random.chance(20) {
            store.checkpoint().expect("checkpoint");
        }
        for _ in 0..8 {
            let (start, length) = (random.below(40), random.below(40));
            let end = random.chance(70).then_some(start + length);
            let limit = random.below(12) as usize;
            let last = end.unwrap_or(u64::MAX);
            let mut expected: Vec<String> =
                model.range(start..last.max(start)).map(|(_, text)| text.clone()).collect();
            let order = if random.chance(50) {
                Order::Ascending
            } else {
                expected.reverse();
                Order::Descending
            };
            expected.truncate(limit);
            let found = store.reader().read(|view| Ok(texts(view, (start, end), order, limit)));
            assert_eq!(found.expect("read"), expected, "from {start} to {end:?}, {order:?}");
        }
    }
}
