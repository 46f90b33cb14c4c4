//! Backups of a store on a simulated disk, made under writes, restored and compared row by row.

mod damage;
mod power;

use std::collections::BTreeMap;
use std::io::Cursor;
use std::sync::Arc;

use super::super::sim::{Random, SimDisk};
use super::super::tests::small;
use super::super::{Order, PlanRecord, Row, Store, StoreSettings, Table, View};
use super::*;
use crate::telemetry::progress::Progress;

const KEYS: &str =
    "frontdesk keys 1\n000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";
const CACHE: usize = 1024 * 1024;

type Rows = BTreeMap<(Table, super::super::RowKey), super::super::Blob>;

fn settings() -> StoreSettings {
    StoreSettings { segment_bytes: 256 * 1024, ..small() }
}

fn open(disk: &SimDisk) -> Store {
    Store::open(disk.boot(), settings()).expect("the store opens")
}

/// Every row but the store's own.
fn rows(store: &Store) -> Rows {
    let mut all = Rows::new();
    for table in Table::ALL {
        let found = store
            .reader()
            .read(|view| view.scan(*table, &[], None, Order::Ascending, usize::MAX))
            .expect("reads work");
        all.extend(found.into_iter().map(|(key, value)| ((*table, key), value)));
    }
    all.retain(|(table, key), _| {
        !super::super::epoch::is_own(*table, key) && key[..] != *super::super::stamp::STAMP
    });
    all
}

/// A plan of some random rows, put and deleted, among few keys, with up to two events.
fn some(random: &mut Random) -> PlanRecord {
    const TABLES: [Table; 4] = [Table::Meta, Table::Tickets, Table::Entries, Table::Counts];
    let rows = (0..1 + random.below(5)).map(|_| {
        let table = TABLES[random.below(4) as usize];
        let length = random.below(120) as usize;
        let value = random.chance(75).then(|| random.bytes(length).into());
        Row { table, key: random.below(60).to_be_bytes().into(), value }
    });
    let rows = rows.collect();
    let events = (0..random.below(3)).map(|_| random.bytes(9)).collect();
    PlanRecord { at: Micros(1), rows, events }
}

fn write(store: &mut Store, plan: PlanRecord) {
    store.write(|batch| batch.apply(plan)).expect("written").result.expect("the plan goes in");
}

fn scan(store: &Store) -> Scan {
    let of = (store.reader(), store.feed());
    Scan::new(of, store.feed_epoch().to_owned(), Micros(77), Progress::default()).in_parts_of(700)
}

/// A backup of the store; `between` is called between two parts.
fn back_up(
    store: &mut Store,
    secret: Option<&Secret>,
    mut between: impl FnMut(&mut Store),
) -> Vec<u8> {
    let mut scan = scan(store);
    let mut writer = Writer::new(Vec::new(), secret).expect("memory takes it");
    while let Some(part) = scan.part().expect("scanned") {
        let first = part.kind == Kind::About;
        writer.put(&part).expect("memory takes it");
        if first {
            let keys = Part { kind: Kind::Keys, bytes: KEYS.as_bytes().to_vec() };
            writer.put(&keys).expect("memory takes it");
        }
        between(store);
    }
    writer.finish().expect("whole").0
}

fn read<'a>(
    file: &'a [u8],
    secret: Option<&Secret>,
) -> Result<Backup<Cursor<&'a [u8]>>, BackupError> {
    Backup::open(Cursor::new(file), 1, &Progress::default(), |_| secret.cloned())
}

fn restore_to(
    disk: &SimDisk,
    file: &[u8],
    secret: Option<&Secret>,
) -> Result<Restored, RestoreError> {
    let life = disk.boot();
    restore(read(file, secret)?, None, &life, CACHE)
}

fn passphrase() -> Secret {
    Secret::Passphrase("correct horse battery staple".to_owned())
}

/// A store with something of everything in it, and its backup.
fn example(secret: Option<&Secret>) -> (Rows, Vec<u8>) {
    let disk = SimDisk::new(3);
    let mut store = open(&disk);
    let mut random = Random::new(3);
    for _ in 0..40 {
        write(&mut store, some(&mut random));
    }
    let mut more = 3;
    let file = back_up(&mut store, secret, |store| {
        if more > 0 {
            more -= 1;
            write(store, some(&mut random));
        }
    });
    (rows(&store), file)
}

#[test]
fn a_backup_made_under_writes_is_the_store_as_it_was_at_its_end() {
    for seed in 0..16 {
        let disk = SimDisk::new(seed);
        let mut store = open(&disk);
        let mut random = Random::new(seed);
        for _ in 0..random.below(50) {
            write(&mut store, some(&mut random));
        }
        let mut states = vec![(store.last_seq(), rows(&store))];
        let file = back_up(&mut store, None, |store| {
            for _ in 0..random.below(4) {
                write(store, some(&mut random));
                if random.chance(5) {
                    store.checkpoint().expect("checkpoint");
                }
            }
            states.push((store.last_seq(), rows(store)));
        });
        let other = SimDisk::new(seed + 1000);
        let restored = restore_to(&other, &file, None).expect("restored");
        let end = restored.whole.end;
        let found = open(&other);
        // Plans without events move no sequence number: several states may have it.
        let found_rows = rows(&found);
        assert!(
            states.iter().any(|(seq, rows)| *seq == end.seq && *rows == found_rows),
            "seed {seed}: it was never so"
        );
        assert_eq!(found.last_seq(), end.seq);
        assert_eq!(restored.whole.about.feed_epoch, store.feed_epoch());
        assert_eq!(restored.whole.bytes, file.len() as u64);
    }
}

#[test]
fn a_restored_store_goes_on_with_the_next_number_in_a_feed_of_its_own() {
    let (rows_then, file) = example(None);
    let disk = SimDisk::new(9);
    let restored = restore_to(&disk, &file, None).expect("restored");
    let mut store = open(&disk);
    assert_eq!(rows(&store), rows_then);
    assert_eq!(store.feed_epoch(), restored.feed_epoch);
    assert_ne!(store.feed_epoch(), restored.whole.about.feed_epoch);
    let last = store.last_seq();
    assert!(last > 0);
    let first_of_all = store.feed().read(0, u64::MAX, (usize::MAX, usize::MAX));
    assert!(
        matches!(first_of_all, Err(super::super::FeedError::Gone { oldest }) if oldest == last + 1)
    );
    let row = Row { table: Table::Tickets, key: [1].into(), value: Some([2].into()) };
    write(&mut store, PlanRecord { at: Micros(5), rows: vec![row], events: vec![vec![7]] });
    let news = store.feed().read(last, u64::MAX, (usize::MAX, usize::MAX)).expect("the feed reads");
    assert_eq!((news.len(), news[0].first_seq), (1, last + 1));
    disk.power_cut();
    let store = open(&disk);
    assert_eq!(store.last_seq(), last + 1, "its journal holds too");
    assert_eq!(store.feed_epoch(), restored.feed_epoch);
}

#[test]
fn consumers_of_the_old_feed_have_no_place_in_the_new_one() {
    let disk = SimDisk::new(4);
    let mut store = open(&disk);
    let cursor = Row { table: Table::Cursors, key: (*b"crm").into(), value: Some([1].into()) };
    write(&mut store, PlanRecord { at: Micros(5), rows: vec![cursor], events: vec![vec![7]] });
    let file = back_up(&mut store, None, |_| {});
    let other = SimDisk::new(5);
    restore_to(&other, &file, None).expect("restored");
    assert_eq!(rows(&open(&other)), Rows::new());
    assert_eq!(rows(&store).len(), 1);
}

#[test]
fn an_empty_store_can_be_backed_up_and_restored() {
    let file = back_up(&mut open(&SimDisk::new(1)), None, |_| {});
    let disk = SimDisk::new(2);
    restore_to(&disk, &file, None).expect("restored");
    let mut store = open(&disk);
    assert_eq!((rows(&store), store.last_seq()), (Rows::new(), 0));
    write(&mut store, some(&mut Random::new(1)));
}

#[test]
fn an_encrypted_backup_comes_back_with_its_passphrase_or_key_file() {
    for secret in [passphrase(), Secret::Key([9; 32])] {
        let (rows_then, file) = example(Some(&secret));
        assert!(!file.windows(8).any(|bytes| bytes == b"feed_epo"), "readable");
        let disk = SimDisk::new(9);
        let restored = restore_to(&disk, &file, Some(&secret)).expect("restored");
        assert_eq!(restored.whole.lock, secret.lock());
        assert_eq!(rows(&open(&disk)), rows_then);
    }
}

#[test]
fn rows_and_keys_are_in_it_and_the_rest_of_the_head_too() {
    let (_, file) = example(None);
    let backup = read(&file, None).expect("a backup");
    assert_eq!(backup.keys(), KEYS);
    assert_eq!(backup.about().made_at, Micros(77));
    assert_eq!(backup.about().frontdesk, env!("CARGO_PKG_VERSION"));
    let whole = backup.check().expect("whole");
    assert!(whole.end.rows > 50 && whole.end.plans > 0, "{whole:?}");
}

#[test]
fn only_an_empty_directory_takes_a_backup() {
    let (_, file) = example(None);
    let disk = SimDisk::new(9);
    drop(open(&disk));
    let before = disk.files();
    let refused = restore_to(&disk, &file, None).expect_err("a store is there");
    assert!(matches!(&refused, RestoreError::NotEmpty(_)), "{refused}");
    assert_eq!(disk.files(), before);
    drop(open(&disk));
}

/// Shares one life of a machine between a store and whatever else looks at its disk.
fn files_of(disk: &SimDisk) -> Vec<String> {
    disk.files().into_iter().map(|(name, _)| name).filter(|name| name != "lock").collect()
}

fn boot(disk: &SimDisk) -> Arc<dyn super::super::Disk> {
    disk.boot()
}
