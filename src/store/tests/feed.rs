//! The change feed.

use super::*;
use crate::store::{FeedError, JournalError};

fn with_events(key: u64, events: &[&str]) -> PlanRecord {
    PlanRecord {
        events: events.iter().map(|e| e.as_bytes().to_vec()).collect(),
        ..plan(key, "row")
    }
}

/// First numbers of the plans read.
fn firsts(store: &Store, after: u64, until: u64, bytes: usize) -> Vec<u64> {
    let plans = store.feed().read(after, until, (usize::MAX, bytes)).expect("the feed reads");
    plans.iter().map(|found| found.first_seq).collect()
}

#[test]
fn a_consumer_reads_on_from_its_cursor_up_to_what_is_published() {
    let mut store = open(&disk());
    assert_eq!(firsts(&store, 0, u64::MAX, 100), [0; 0]);
    write(&mut store, with_events(1, &["a", "b"])).expect("written");
    write(&mut store, with_events(2, &[])).expect("written");
    write(&mut store, with_events(3, &["c", "d", "e"])).expect("written");
    write(&mut store, with_events(4, &["f"])).expect("written");
    assert_eq!(store.last_seq(), 6);
    assert_eq!(firsts(&store, 0, 6, usize::MAX), [1, 3, 6], "what has no event is not in the feed");
    assert_eq!(firsts(&store, 2, 6, usize::MAX), [3, 6]);
    assert_eq!(firsts(&store, 3, 6, usize::MAX), [3, 6], "a cursor within a plan gets it again");
    assert_eq!(firsts(&store, 0, 5, usize::MAX), [1, 3], "not published yet");
    assert_eq!(firsts(&store, 0, 4, usize::MAX), [1], "never a part of a plan");
    assert_eq!(firsts(&store, 0, 6, 0), [1], "at least one");
    for (enough, expected) in [(1, vec![1]), (2, vec![1]), (3, vec![1, 3]), (9, vec![1, 3, 6])] {
        let plans = store.feed().read(0, 6, (enough, usize::MAX)).expect("the feed reads");
        let found: Vec<u64> = plans.iter().map(|found| found.first_seq).collect();
        assert_eq!(found, expected, "{enough} events are enough");
    }
    assert_eq!(firsts(&store, 6, u64::MAX, 100), [0; 0]);
    assert_eq!(firsts(&store, 99, u64::MAX, 100), [0; 0]);
}

#[test]
fn the_feed_goes_on_over_segments_and_restarts() {
    let disk = disk();
    let mut expected = Vec::new();
    for run in 0..3 {
        let mut store = open(&disk);
        for key in 0..40 {
            let text = format!("run {run} event {key} {}", "x".repeat(900 * (key as usize % 5)));
            write(&mut store, plan(key, &text)).expect("written");
            expected.push(text);
        }
        assert!(events(&store) == expected);
        let after = 17;
        let one = store.feed().read(after, u64::MAX, (usize::MAX, 1)).expect("read");
        assert_eq!(one[0].first_seq, after + 1);
        match run {
            0 => store.close().expect("clean stop"),
            1 => disk.kill(),
            _ => disk.power_cut(),
        }
    }
    assert!(disk.files().iter().filter(|(name, _)| name.ends_with(".seg")).count() > 5);
    assert!(events(&open(&disk)) == expected);
}

#[test]
fn damage_in_the_feed_is_named_and_never_passed_over() {
    let disk = disk();
    let mut store = open(&disk);
    for key in 1..=3 {
        write(&mut store, plan(key, "an event")).expect("written");
    }
    disk.flip_bit("journal/0000000001.seg", 2 * 4096 + 70);
    let error = store.feed().read(0, u64::MAX, (usize::MAX, usize::MAX)).expect_err("damaged");
    let FeedError::Journal(JournalError::Damaged(damage)) = error else { panic!("{error}") };
    assert_eq!((damage.file.as_str(), damage.offset), ("journal/0000000001.seg", 2 * 4096));
    assert_eq!(firsts(&store, 2, 3, usize::MAX), [3], "what lies behind still reads");
}
