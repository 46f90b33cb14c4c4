//! Dropping the oldest part of the feed.

use super::*;
use crate::store::FeedError;
use crate::store::sim::Op;

/// Segments of the journal on disk.
fn segments(disk: &SimDisk) -> usize {
    disk.files().iter().filter(|(name, _)| name.ends_with(".seg")).count()
}

/// Five segments and a bit, checkpointed; one event a page, seven a segment, at 1, 2, 3 … microseconds.
fn filled(disk: &SimDisk) -> Store {
    let mut store = open(disk);
    for key in 1..=38 {
        write(&mut store, plan(key, "event")).expect("written");
    }
    store.checkpoint().expect("checkpoint");
    assert_eq!(segments(disk), 6);
    store
}

fn cursors(live: u64, webhooks: u64) -> [(String, u64); 2] {
    [("live".to_owned(), live), ("webhooks".to_owned(), webhooks)]
}

const LATER: Micros = Micros(2 * Micros::DAY);

#[test]
fn a_segment_stays_until_every_cursor_has_passed_it() {
    let disk = disk();
    let mut store = filled(&disk);
    let trimmed = store.trim_feed(&cursors(38, 13), LATER).expect("trimmed");
    assert_eq!((trimmed.segments, trimmed.oldest, trimmed.cut_off), (1, 8, vec![]));
    let trimmed = store.trim_feed(&cursors(38, 14), LATER).expect("trimmed");
    assert_eq!((trimmed.segments, trimmed.oldest), (1, 15));
    let gone = store.feed().read(13, 38, (usize::MAX, 1)).expect_err("dropped");
    assert_eq!(gone, FeedError::Gone { oldest: 15 });
    assert_eq!(store.feed().read(14, 38, (usize::MAX, 1)).expect("still there")[0].first_seq, 15);
}

#[test]
fn a_segment_stays_for_as_long_as_the_feed_is_kept() {
    let mut store = filled(&disk());
    let now = Micros(14 + Micros::DAY);
    let trimmed = store.trim_feed(&cursors(38, 38), now).expect("trimmed");
    assert_eq!(trimmed.segments, 2, "the third one's last event is from microsecond 21");
}

#[test]
fn a_segment_redb_has_not_durably_applied_stays_whatever_the_cursors_say() {
    let settings = StoreSettings { checkpoint_bytes: u64::MAX, feed_max_bytes: 1, ..small() };
    let disk = disk();
    let mut store = Store::open(disk.boot(), settings).expect("opens");
    for key in 1..=20 {
        write(&mut store, plan(key, "event")).expect("written");
    }
    let trimmed = store.trim_feed(&cursors(20, 20), LATER).expect("trimmed");
    assert_eq!((trimmed.segments, trimmed.oldest), (0, 1));
    store.checkpoint().expect("checkpoint");
    let trimmed = store.trim_feed(&cursors(20, 20), LATER).expect("trimmed");
    assert_eq!((trimmed.segments, trimmed.oldest), (2, 15));
}

#[test]
fn a_laggard_is_cut_off_when_the_feed_grows_too_large() {
    let settings = StoreSettings { feed_max_bytes: 3 * 32 * 1024, ..small() };
    let disk = disk();
    drop(filled(&disk));
    let mut store = Store::open(disk.boot(), settings).expect("opens");
    let trimmed = store.trim_feed(&cursors(38, 5), Micros(0)).expect("trimmed");
    assert_eq!(trimmed.cut_off, ["webhooks"]);
    assert_eq!((trimmed.segments, trimmed.oldest), (3, 22));
    assert_eq!(store.trim_feed(&cursors(38, 38), Micros(0)).expect("trimmed").cut_off, [""; 0]);
}

#[test]
fn a_segment_that_was_never_used_does_not_outlive_those_around_it() {
    // The first start of a segment fails after its file got its name; a second one takes over.
    let disk = disk();
    let mut store = open(&disk);
    for key in 1..=7 {
        write(&mut store, plan(key, "event")).expect("written");
    }
    disk.fail(Op::Directory, "journal", 2);
    write(&mut store, plan(8, "the segment is full")).expect_err("no new one");
    for key in 8..=30 {
        write(&mut store, plan(key, "event")).expect("written");
    }
    store.checkpoint().expect("checkpoint");
    let trimmed = store.trim_feed(&cursors(30, 30), LATER).expect("trimmed");
    assert_eq!(trimmed.segments, 4);
    disk.power_cut();
    let store = open(&disk);
    assert_eq!((store.feed().oldest(), store.last_seq()), (29, 30));
    assert_eq!(segments(&disk), 1);
}

#[test]
fn dropped_segments_are_written_again_instead_of_new_files() {
    let disk = disk();
    let mut store = filled(&disk);
    let zeroed = store.figures().journal_zeroed;
    let trimmed = store.trim_feed(&cursors(38, 38), LATER).expect("trimmed");
    assert_eq!((trimmed.segments, segments(&disk)), (5, 1));
    let mut expected = events_after(&store, 35);
    // Twenty more segments' worth, dropped as they go: the same files serve again and again.
    for key in 100..240 {
        write(&mut store, plan(key, &format!("event {key}"))).expect("written");
        expected.push(format!("event {key}"));
        store.checkpoint().expect("checkpoint");
        let last = store.last_seq();
        store.trim_feed(&cursors(last, last), LATER).expect("trimmed");
        assert!(disk.files().iter().filter(|(name, _)| name.starts_with("journal/")).count() <= 7);
    }
    assert_eq!(store.figures().journal_zeroed, zeroed, "no more zeros were written");
    let oldest = store.feed().oldest();
    disk.power_cut();
    // What the recycled file held before never comes back.
    let store = open(&disk);
    assert_eq!(store.feed().oldest(), oldest);
    let kept = events_after(&store, oldest - 1);
    assert!(expected.ends_with(&kept) && !kept.is_empty());
    assert_eq!(store.last_seq(), 38 + 140);
}

#[test]
fn a_full_disk_gets_the_room_of_all_spare_files_but_one() {
    let disk = disk();
    let mut store = filled(&disk);
    store.trim_feed(&cursors(38, 38), LATER).expect("trimmed");
    let spare = |disk: &SimDisk| {
        let named = |name: &str| name.starts_with("journal/") && !name.ends_with(".seg");
        disk.files().iter().filter(|(name, _)| named(name)).count()
    };
    let before = spare(&disk);
    assert!(before >= 4, "{before}");
    disk.leave_free(0);
    store.tend_space().expect("looked at");
    assert_eq!(spare(&disk), 1);
    // A start takes over what is there.
    disk.mend();
    store.close().expect("closed");
    let zeroed = open(&disk).figures().journal_zeroed;
    assert_eq!((spare(&disk), zeroed), (1, 0));
}

fn events_after(store: &Store, after: u64) -> Vec<String> {
    let plans =
        store.feed().read(after, u64::MAX, (usize::MAX, usize::MAX)).expect("the feed reads");
    let events = plans.into_iter().flat_map(|found| found.plan.events);
    events.map(|event| String::from_utf8(event).expect("text")).collect()
}
