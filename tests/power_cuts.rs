//! Random work on a simulated disk with random faults and power cuts, checked against a model.
//!
//! Whatever happens: a batch that was acknowledged is there exactly once, one of unknown outcome wholly or
//! not at all, a refused one never; the feed is gapless; rows are what the feed's plans make them.
//!
//! `FRONTDESK_POWER_CUTS=10000` sets the number of power cuts, `FRONTDESK_SEED=…` reproduces a run.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use frontdesk::domain::time::Micros;
use frontdesk::store::sim::{Op, Random, SimDisk};
use frontdesk::store::{
    Blob, FeedError, Health, Order, PlanRecord, Refusal, Row, RowKey, Store, StoreSettings, Table,
    View, WriteError, verify,
};
use frontdesk::telemetry::progress::Progress;

const TABLES: [Table; 3] = [Table::Meta, Table::Tickets, Table::Entries];
const CUTS_A_WORLD: u64 = 12;

#[test]
fn no_power_cut_loses_or_doubles_what_was_acknowledged() {
    let number = |name, default| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let cuts: u64 = number("FRONTDESK_POWER_CUTS", 400);
    let seed: u64 = number("FRONTDESK_SEED", 1);
    let mut tally = Tally::default();
    let mut world = seed;
    while tally.cuts < cuts {
        match std::panic::catch_unwind(|| World::new(world).live()) {
            Ok(lived) => tally.add(&lived),
            Err(_) => panic!("reproduce with FRONTDESK_SEED={world} FRONTDESK_POWER_CUTS=1"),
        }
        world += 1;
    }
    println!("{tally:#?}");
    assert!(tally.acknowledged > tally.cuts, "the run did next to nothing: {tally:?}");
}

#[test]
fn the_same_seed_gives_the_same_run() {
    assert_eq!(World::new(99).live(), World::new(99).live());
}

#[derive(Debug, Default, PartialEq)]
struct Tally {
    worlds: u64,
    cuts: u64,
    cuts_in_open: u64,
    kills: u64,
    stops: u64,
    acknowledged: u64,
    events: u64,
    refused: u64,
    no_space: u64,
    unknown: u64,
    unknown_happened: u64,
    recovered: u64,
    failed_opens: u64,
    segments_dropped: u64,
    compactions: u64,
    verified: u64,
    steps: u64,
}

impl Tally {
    fn add(&mut self, other: &Tally) {
        self.worlds += 1;
        self.cuts += other.cuts;
        self.cuts_in_open += other.cuts_in_open;
        self.kills += other.kills;
        self.stops += other.stops;
        self.acknowledged += other.acknowledged;
        self.events += other.events;
        self.refused += other.refused;
        self.no_space += other.no_space;
        self.unknown += other.unknown;
        self.unknown_happened += other.unknown_happened;
        self.recovered += other.recovered;
        self.failed_opens += other.failed_opens;
        self.segments_dropped += other.segments_dropped;
        self.compactions += other.compactions;
        self.verified += other.verified;
        self.steps += other.steps;
    }
}

type Rows = BTreeMap<(Table, RowKey), Blob>;

/// What must be there.
#[derive(Default)]
struct Model {
    rows: Rows,
    /// Every plan with events, and the number of its first one.
    feed: Vec<(u64, PlanRecord)>,
    last_seq: u64,
}

impl Model {
    fn apply(&mut self, plans: Vec<PlanRecord>) {
        for plan in plans {
            for row in &plan.rows {
                let key = (row.table, row.key.clone());
                match &row.value {
                    Some(value) => self.rows.insert(key, value.clone()),
                    None => self.rows.remove(&key),
                };
            }
            let first_seq = self.last_seq + 1;
            self.last_seq += plan.events.len() as u64;
            if !plan.events.is_empty() {
                self.feed.push((first_seq, plan));
            }
        }
    }
}

/// One disk over many lives of the machine.
struct World {
    disk: SimDisk,
    random: Random,
    settings: StoreSettings,
    model: Model,
    /// A batch whose outcome nobody knows.
    unknown: Option<Vec<PlanRecord>>,
    clock: i64,
    /// How long values are in this world.
    bulk: u64,
    tally: Tally,
}

enum End {
    PowerCut,
    Killed,
    Stopped,
}

impl World {
    fn new(seed: u64) -> World {
        let mut random = Random::new(seed ^ 0x5eed);
        let segment_bytes = [16, 32, 64][random.below(3) as usize] * 1024;
        let settings = StoreSettings {
            cache_bytes: [16 * 1024, 256 * 1024, 4 * 1024 * 1024][random.below(3) as usize],
            segment_bytes,
            checkpoint_bytes: 8 * 1024 + random.below(128 * 1024),
            checkpoint_events: 5 + random.below(200),
            disk_reserve: 16 * 1024,
            ballast: 64 * 1024,
            feed_keep: 20,
            feed_max_bytes: segment_bytes * (2 + random.below(30)),
            inline: true,
            ..StoreSettings::default()
        };
        World {
            disk: SimDisk::new(seed),
            bulk: 1 + random.below(4),
            random,
            settings,
            model: Model::default(),
            unknown: None,
            clock: 0,
            tally: Tally::default(),
        }
    }

    fn live(mut self) -> Tally {
        while self.tally.cuts < CUTS_A_WORLD {
            let end = match self.open() {
                Some(store) => self.work(store),
                None => End::PowerCut,
            };
            match end {
                End::PowerCut => {
                    self.disk.power_cut();
                    self.tally.cuts += 1;
                }
                End::Killed => {
                    self.disk.kill();
                    self.tally.kills += 1;
                }
                End::Stopped => self.tally.stops += 1,
            }
            self.disk.mend();
        }
        self.tally.steps = self.disk.steps();
        self.tally
    }

    /// Opens the store, perhaps through faults; none when the power went.
    fn open(&mut self) -> Option<Store> {
        if self.random.chance(10) {
            let report = verify(&self.disk.boot(), &self.settings, &Progress::default());
            let sound = report.as_ref().is_ok_and(|report| report.is_sound());
            // Before the first start there is nothing to verify.
            assert!(sound || self.model.last_seq == 0, "{report:#?}");
            self.tally.verified += 1;
        }
        let disk = self.disk.boot();
        match self.random.below(10) {
            0..3 => self.disk.crash_at(1 + self.random.below(60)),
            3 => self.fault(),
            4 => self.disk.leave_free(self.random.below(2) * self.random.below(400 * 1024)),
            _ => {}
        }
        match Store::open(disk, self.settings.clone()) {
            Ok(mut store) => {
                self.check(&mut store);
                Some(store)
            }
            Err(_) if !self.disk.powered() => {
                self.tally.cuts_in_open += 1;
                None
            }
            Err(error) => {
                self.tally.failed_opens += 1;
                self.disk.mend();
                if self.random.chance(30) {
                    self.disk.power_cut();
                }
                let again = Store::open(self.disk.boot(), self.settings.clone());
                let mut store = again.unwrap_or_else(|again| {
                    panic!("the store does not open without faults: {again}; before: {error}")
                });
                self.check(&mut store);
                Some(store)
            }
        }
    }

    fn fault(&mut self) {
        let ops = [Op::Read, Op::Write, Op::Write, Op::Sync, Op::Sync, Op::SetLen, Op::Directory];
        let op = ops[self.random.below(ops.len() as u64) as usize];
        let file = ["", "journal/", "store.redb"][self.random.below(3) as usize];
        if self.random.chance(10) {
            self.disk.break_down(op, file);
        } else {
            self.disk.fail(op, file, 1 + self.random.below(10));
        }
    }

    fn work(&mut self, mut store: Store) -> End {
        loop {
            if !self.disk.powered() {
                return End::PowerCut;
            }
            match self.random.below(100) {
                0..66 => self.write(&mut store),
                66..70 => drop(store.checkpoint()),
                70..73 => {
                    // The first batch behind a checkpoint is torn: the same segment goes on.
                    drop(store.checkpoint());
                    self.disk.crash_at(1 + self.random.below(3));
                    self.write(&mut store);
                }
                73..76 => self.trim(&mut store),
                76 | 77 => self.compact(&mut store),
                78 => drop(store.probe()),
                79 => drop(store.tend_space()),
                80..85 => self.fault(),
                85..90 => self.disk.crash_at(1 + self.random.below(40)),
                90..92 => self.disk.leave_free(self.random.below(3 * 1024 * 1024)),
                92 => self.check(&mut store),
                93 | 94 => self.disk.mend(),
                95 => return End::PowerCut,
                96 | 97 => {
                    self.disk.kill();
                    return End::Killed;
                }
                98 => {
                    drop(store.close());
                    return if self.disk.powered() { End::Stopped } else { End::PowerCut };
                }
                99 => {
                    // The process ends without a last checkpoint.
                    drop(store);
                    return if self.disk.powered() { End::Stopped } else { End::PowerCut };
                }
                _ => unreachable!("below 100"),
            }
        }
    }

    fn write(&mut self, store: &mut Store) {
        let mut plans: Vec<PlanRecord> =
            (0..1 + self.random.below(4)).map(|_| self.plan()).collect();
        let reserve = self.random.chance(10);
        let written = store.write(|batch| {
            if reserve {
                batch.use_reserve();
            }
            // What does not fit into the batch stays out of it.
            plans.retain(|plan| batch.fits(plan) && batch.apply(plan.clone()).is_ok());
        });
        match written {
            Ok(written) => {
                let Some(committed) = written.committed else {
                    return assert!(plans.is_empty(), "plans were applied");
                };
                assert_eq!(committed.first_seq, self.model.last_seq + 1);
                assert_eq!(committed.plans, plans);
                self.model.apply(plans);
                assert_eq!(committed.last_seq, self.model.last_seq);
                self.tally.acknowledged += 1;
                self.tally.events += committed.last_seq + 1 - committed.first_seq;
                if self.random.chance(20) {
                    self.read_own_write(store, &committed.plans);
                }
            }
            Err(WriteError::Refused(refusal)) => {
                self.tally.refused += 1;
                if matches!(refusal, Refusal::NoSpace { .. }) {
                    self.tally.no_space += 1;
                }
                if *store.health() != Health::Healthy && self.random.chance(50) {
                    self.recover(store);
                }
            }
            Err(WriteError::Unknown { .. }) => {
                self.tally.unknown += 1;
                self.unknown = Some(plans);
                if self.random.chance(60) {
                    self.recover(store);
                }
            }
        }
    }

    /// Tries to go on without a restart.
    fn recover(&mut self, store: &mut Store) {
        if self.random.chance(30) {
            self.disk.mend();
        }
        if store.recover().is_ok() {
            self.tally.recovered += 1;
            self.check(store);
        }
    }

    /// A read may hit an injected error, but never a wrong row.
    fn read_own_write(&mut self, store: &Store, plans: &[PlanRecord]) {
        let read = store.reader().read(|view| {
            for row in plans.iter().flat_map(|plan| &plan.rows) {
                let expected = self.model.rows.get(&(row.table, row.key.clone()));
                assert_eq!(view.get(row.table, &row.key)?.as_ref(), expected);
            }
            Ok(())
        });
        drop(read);
    }

    /// The store is written anew, with work in between.
    fn compact(&mut self, store: &mut Store) {
        let Ok(copy) = store.begin_compaction(false, None) else { return };
        self.write(store);
        let copied = copy.measure().ok().and_then(|packed| copy.run(packed).ok());
        self.write(store);
        if self.random.chance(50) {
            self.trim(store);
        }
        let done = copied.is_some_and(|copied| store.finish_compaction(copied).is_ok());
        self.tally.compactions += u64::from(done);
    }

    fn trim(&mut self, store: &mut Store) {
        self.clock += 10;
        let seen = self.random.below(self.model.last_seq + 1);
        let cursors = [("live".to_owned(), self.model.last_seq), ("webhooks".to_owned(), seen)];
        if let Ok(trimmed) = store.trim_feed(&cursors, Micros(self.clock)) {
            self.tally.segments_dropped += trimmed.segments as u64;
            let cut_off = trimmed.cut_off.contains(&"webhooks".to_owned());
            assert_eq!(cut_off, seen + 1 < trimmed.oldest);
        }
    }

    fn plan(&mut self) -> PlanRecord {
        self.clock += 1;
        let random = &mut self.random;
        let rows = (0..random.below(5))
            .map(|_| {
                let table = TABLES[random.below(3) as usize];
                let key = random.below(60).to_be_bytes().into();
                let length = match random.below(20) {
                    0 => random.below(2_500 * self.bulk),
                    1..5 => random.below(800 * self.bulk),
                    _ => random.below(80),
                };
                let value = (!random.chance(25)).then(|| random.bytes(length as usize).into());
                Row { table, key, value }
            })
            .collect();
        let events = (0..random.below(4))
            .map(|_| {
                let length = random.below(200) as usize;
                random.bytes(length)
            })
            .collect();
        PlanRecord { at: Micros(self.clock), rows, events }
    }

    /// Compares the store with the model, on a disk that works for the moment. A batch of unknown outcome may
    /// have happened or not, but rows and feed must agree on it.
    fn check(&mut self, store: &mut Store) {
        if !self.disk.powered() {
            return;
        }
        self.disk.mend();
        store.recover().expect("the store recovers on a disk that works");
        store.probe().expect("the store writes on a disk that works");
        if let Some(plans) = self.unknown.take() {
            let happened = if plans.iter().any(|plan| !plan.events.is_empty()) {
                store.last_seq() != self.model.last_seq
            } else {
                rows(store) != self.model.rows
            };
            if happened {
                self.tally.unknown_happened += 1;
                self.model.apply(plans);
            }
        }
        assert_eq!(store.last_seq(), self.model.last_seq, "the last sequence number");
        let found = rows(store);
        let different = difference(&found, &self.model.rows);
        assert!(different.is_empty(), "rows differ: {different}");
        self.check_feed(store);
    }

    fn check_feed(&mut self, store: &Store) {
        let feed = store.feed();
        let oldest = feed.oldest();
        if oldest > 1 {
            let gone = feed.read(0, u64::MAX, (usize::MAX, 1)).expect_err("dropped");
            assert_eq!(gone, FeedError::Gone { oldest });
        }
        let mut expected = self.model.feed.iter().filter(|(first_seq, _)| *first_seq >= oldest);
        let mut after = oldest - 1;
        while after < self.model.last_seq {
            let budget = self.random.below(4_000) as usize;
            let plans = feed
                .read(after, self.model.last_seq, (usize::MAX, budget))
                .expect("the feed reads");
            assert!(!plans.is_empty(), "the feed stops at {after} of {}", self.model.last_seq);
            for found in plans {
                assert_eq!(found.first_seq, after + 1, "gapless");
                after += found.plan.events.len() as u64;
                let (first_seq, plan) = expected.next().expect("no plan too many");
                assert_eq!((*first_seq, plan), (found.first_seq, &found.plan));
            }
        }
        assert!(expected.next().is_none(), "every plan is in the feed");
    }
}

fn rows(store: &Store) -> Rows {
    let read = store.reader().read(|view| {
        let mut rows = Rows::new();
        for table in TABLES {
            for (key, value) in view.scan(table, &[], None, Order::Ascending, usize::MAX)? {
                rows.insert((table, key), value);
            }
        }
        // The store's own rows.
        rows.retain(|(table, key), _| {
            let own = [&b"journal."[..], b"store.", b"feed.epoch"];
            *table != Table::Meta || !own.iter().any(|own| key.starts_with(own))
        });
        Ok(rows)
    });
    read.expect("reads work without faults")
}

fn difference(found: &Rows, expected: &Rows) -> String {
    let mut text = String::new();
    for (key, value) in expected {
        let what = match found.get(key) {
            None => "is missing",
            Some(other) if other != value => "has another value",
            Some(_) => continue,
        };
        write!(text, "{key:?} {what}; ").expect("writing to a string");
    }
    for key in found.keys().filter(|key| !expected.contains_key(*key)) {
        write!(text, "{key:?} is too much; ").expect("writing to a string");
    }
    text
}
