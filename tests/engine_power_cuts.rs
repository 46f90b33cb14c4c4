//! A contact centre on a disk that fails and a box that loses its power: commands are decided and written in
//! batches on a simulated disk with random faults and power cuts, and every sender sends again what was not
//! acknowledged.
//!
//! Whatever happens: what was acknowledged is there, in one timeline and once; nothing sent again is doubled
//! and it is answered as the first time; the rows contradict nothing; the feed is gapless and holds every
//! acknowledged plan; the index that follows the commits is what a scan gives.
//!
//! `FRONTDESK_POWER_CUTS=10000` sets the number of power cuts, `FRONTDESK_SEED=…` reproduces a run.

#[path = "engine_power_cuts/measure.rs"]
mod measure;
#[path = "engine_power_cuts/post.rs"]
mod post;
#[path = "engine_power_cuts/recovers.rs"]
mod recovers;
#[path = "engine_power_cuts/scan.rs"]
mod scan;
#[path = "engine_power_cuts/search.rs"]
mod search;
#[path = "engine_power_cuts/senders.rs"]
mod senders;

use std::collections::HashMap;
use std::sync::Arc;

use frontdesk::domain::categorise::Categoriser;
use frontdesk::domain::priority::Priority;
use frontdesk::domain::ticket::Ticket;
use frontdesk::domain::time::Micros;
use frontdesk::engine::command::{Actor, Command, Refusal, Reply, Submission};
use frontdesk::engine::decide::decide;
use frontdesk::engine::draft::Context;
use frontdesk::engine::event::{Event, EventKind};
use frontdesk::engine::index::Index;
use frontdesk::engine::rows::Rows;
use frontdesk::engine::rules::{AutomationRules, BotReturns, Rules, WebhookRules};
use frontdesk::engine::verify;
use frontdesk::store::keyring::Keyring;
use frontdesk::store::keys::Keys;
use frontdesk::store::records::IndexRow;
use frontdesk::store::seal::{Place, Seal};
use frontdesk::store::sim::{Op, Random, SimDisk};
use frontdesk::store::{
    Batch, Health, Order, PlanRecord, Refusal as StoreRefusal, RowKey, Store, StoreSettings, Table,
    WriteError, codec,
};
use frontdesk::telemetry::progress::Progress;
use senders::Senders;

const CUTS_A_WORLD: u64 = 10;

#[test]
fn no_power_cut_loses_or_doubles_what_a_sender_was_told() {
    let number = |name, default| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let cuts: u64 = number("FRONTDESK_POWER_CUTS", 200);
    let mut world: u64 = number("FRONTDESK_SEED", 1);
    let mut tally = Tally::default();
    while tally.cuts < cuts {
        match std::panic::catch_unwind(|| World::new(world).live()) {
            Ok(lived) => tally.add(&lived),
            Err(_) => panic!("reproduce with FRONTDESK_SEED={world} FRONTDESK_POWER_CUTS=1"),
        }
        world += 1;
    }
    println!("{tally:#?}");
    assert!(tally.acknowledged > tally.cuts, "the run did next to nothing: {tally:?}");
    assert!(tally.sent_again > 0 && tally.unknown > 0 && tally.refused > 0, "{tally:?}");
    assert!(tally.posted > 0, "no reply went out: {tally:?}");
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Tally {
    worlds: u64,
    cuts: u64,
    kills: u64,
    cuts_in_open: u64,
    failed_opens: u64,
    batches: u64,
    acknowledged: u64,
    refused: u64,
    no_space: u64,
    unknown: u64,
    recovered: u64,
    /// Commands that came again after their outcome was unknown.
    sent_again: u64,
    /// Replies that the worker was done with.
    posted: u64,
    tickets: u64,
    entries: u64,
}

impl Tally {
    fn add(&mut self, other: &Tally) {
        self.worlds += 1;
        self.cuts += other.cuts;
        self.kills += other.kills;
        self.cuts_in_open += other.cuts_in_open;
        self.failed_opens += other.failed_opens;
        self.batches += other.batches;
        self.acknowledged += other.acknowledged;
        self.refused += other.refused;
        self.no_space += other.no_space;
        self.unknown += other.unknown;
        self.recovered += other.recovered;
        self.sent_again += other.sent_again;
        self.posted += other.posted;
        self.tickets += other.tickets;
        self.entries += other.entries;
    }
}

/// A seal that encrypts, under keys that outlive every power cut.
fn sealing() -> Seal {
    let keys = Keys::in_memory(Keyring::new(&[9; 112]));
    Seal::new([7; 32]).with_keys(Arc::new(keys), true)
}

pub fn rules() -> Rules {
    let table = [("card_inquiry".to_owned(), vec!["card".to_owned()])];
    Rules {
        zone: jiff::tz::TimeZone::UTC,
        call_prefix: "GXS".into(),
        default_priority: Priority::Medium,
        reopen_window: 7 * Micros::DAY,
        resume_grace: 10 * Micros::SECOND,
        idle_end: Micros::HOUR,
        max_open_calls: 500,
        dedup_days: 8,
        idempotency_hours: 24,
        categoriser: Categoriser::new(table, "general_inquiry".into()),
        intake: Categoriser::new([("shipping".into(), vec!["shipped".into()])], String::new()),
        portal_life: 90 * Micros::DAY,
        customer_daily: 1 << 20,
        outbound: [("bridge 0".to_owned(), 65_536)].into(),
        max_outbox: 10_000,
        retention: Vec::new(),
        bot_returns: BotReturns::AtClose,
        crm: Default::default(),
        automation: AutomationRules { capacity: 20, urgent_words: Vec::new() },
        webhooks: WebhookRules {
            retry_for: Micros::DAY,
            pause_after: 3 * Micros::DAY,
            max_waiting: 100,
            keep_log: 10,
        },
        audit_keep: 400 * Micros::DAY,
        redactor: std::sync::Arc::default(),
        mail: Default::default(),
    }
}

/// Small, so that a world sees many segments and checkpoints; nothing is trimmed, so that the feed can be read
/// from its beginning.
pub fn settings(random: &mut Random) -> StoreSettings {
    StoreSettings {
        cache_bytes: [64 * 1024, 256 * 1024, 4 * 1024 * 1024][random.below(3) as usize],
        segment_bytes: [64, 128][random.below(2) as usize] * 1024,
        checkpoint_bytes: 16 * 1024 + random.below(256 * 1024),
        checkpoint_events: 5 + random.below(200),
        disk_reserve: 16 * 1024,
        ballast: 64 * 1024,
        feed_keep: Micros::DAY,
        feed_max_bytes: u64::MAX,
        inline: true,
        ..StoreSettings::default()
    }
}

/// One disk over many lives of the box.
struct World {
    disk: SimDisk,
    random: Random,
    settings: StoreSettings,
    rules: Rules,
    seal: Seal,
    clock: Micros,
    senders: Senders,
    /// Acknowledged plans with events, by the number of the first.
    published: Vec<(u64, PlanRecord)>,
    index: Index,
    tally: Tally,
}

impl World {
    fn new(seed: u64) -> World {
        let mut random = Random::new(seed ^ 0xce47);
        World {
            disk: SimDisk::new(seed),
            settings: settings(&mut random),
            random,
            rules: rules(),
            seal: sealing(),
            clock: Micros::parse_rfc3339("2025-11-28T09:00:00Z").expect("a time"),
            senders: Senders::default(),
            published: Vec::new(),
            index: Index::default(),
            tally: Tally::default(),
        }
    }

    fn live(mut self) -> Tally {
        while self.tally.cuts < CUTS_A_WORLD {
            if let Some(store) = self.start() {
                self.work(store);
            }
            if self.random.chance(10) && self.disk.powered() {
                self.disk.kill();
                self.tally.kills += 1;
            } else {
                self.disk.power_cut();
                self.tally.cuts += 1;
            }
            self.disk.mend();
        }
        self.finish()
    }

    /// Opens the store, perhaps through faults; none when the power went.
    fn start(&mut self) -> Option<Store> {
        let disk = self.disk.boot();
        match self.random.below(10) {
            0..3 => self.disk.crash_at(1 + self.random.below(60)),
            3 => self.fault(),
            _ => {}
        }
        let store = match Store::open(disk, self.settings.clone()) {
            // It may open and lose the power over what it can do without, as the ballast.
            _ if !self.disk.powered() => {
                self.tally.cuts_in_open += 1;
                return None;
            }
            Ok(store) => store,
            Err(error) => {
                self.tally.failed_opens += 1;
                self.disk.mend();
                Store::open(self.disk.boot(), self.settings.clone()).unwrap_or_else(|again| {
                    panic!("does not open without faults: {again}; before: {error}")
                })
            }
        };
        self.disk.mend();
        self.senders.reconnect();
        self.index = self.scanned_index(&store);
        self.check(&store);
        Some(store)
    }

    fn fault(&mut self) {
        let ops = [Op::Read, Op::Write, Op::Write, Op::Sync, Op::Sync, Op::SetLen, Op::Directory];
        let op = ops[self.random.below(ops.len() as u64) as usize];
        let file = ["", "journal/", "store.redb"][self.random.below(3) as usize];
        self.disk.fail(op, file, 1 + self.random.below(5));
    }

    /// Until the power goes or the process dies.
    fn work(&mut self, mut store: Store) {
        self.send(&mut store, vec![Submission::new(Actor::System, Command::OrphanCalls)]);
        while self.disk.powered() {
            match self.random.below(100) {
                0..60 => self.serve(&mut store),
                60..66 => self.post(&mut store),
                66..78 => self.fault(),
                78..90 => self.disk.crash_at(1 + self.random.below(30)),
                90..92 => self.disk.leave_free(self.random.below(2 * 1024 * 1024)),
                92..93 => drop(store.checkpoint()),
                93..94 => self.check_now(&mut store),
                94..96 => return,
                _ => self.disk.mend(),
            }
        }
    }

    /// Some senders' next commands in one batch, first of them what is to be sent again.
    fn serve(&mut self, store: &mut Store) {
        self.clock = self.clock.plus(self.random.below(3 * Micros::SECOND as u64) as i64);
        for _ in 0..self.random.below(6) {
            self.senders.think(&mut self.random);
        }
        let batch = self.senders.due(1 + self.random.below(8) as usize);
        self.tally.sent_again += batch.iter().filter(|b| b.sent_before).count() as u64;
        let submissions = batch.iter().map(|b| b.submission.clone()).collect();
        match self.send(store, submissions) {
            Some(replies) => {
                self.tally.acknowledged += replies.len() as u64;
                self.senders.told(replies);
            }
            None => self.senders.not_told(batch.len()),
        }
    }

    /// Writes one batch as the writer does. The replies of the commands that went in, or none if nobody is told.
    fn send(
        &mut self,
        store: &mut Store,
        submissions: Vec<Submission>,
    ) -> Option<Vec<Result<Reply, Refusal>>> {
        let limit = self.settings.segment_bytes as usize / 2;
        let World { random, rules, seal, clock, .. } = self;
        let written = store.write(|open| {
            let mut replies = Vec::new();
            for submission in &submissions {
                replies.push(one(open, submission, (rules, seal, *clock), random));
                if open.bytes() >= limit {
                    break;
                }
            }
            replies
        });
        self.tally.batches += 1;
        match written {
            Ok(written) => {
                if let Some(committed) = written.committed {
                    let mut seq = committed.first_seq;
                    for plan in committed.plans {
                        follow(&mut self.index, &self.seal, &plan);
                        let events = plan.events.len() as u64;
                        if events > 0 {
                            self.published.push((seq, plan));
                        }
                        seq += events;
                    }
                }
                Some(written.result)
            }
            Err(error) => {
                match &error {
                    WriteError::Refused(refusal) => {
                        self.tally.refused += 1;
                        let full = matches!(refusal, StoreRefusal::NoSpace { .. });
                        self.tally.no_space += u64::from(full);
                    }
                    WriteError::Unknown { .. } => self.tally.unknown += 1,
                }
                if *store.health() != Health::Healthy && store.recover().is_ok() {
                    self.tally.recovered += 1;
                    self.disk.mend();
                    self.index = self.scanned_index(store);
                }
                None
            }
        }
    }

    /// A check in the middle of a life, on a disk that works for the moment.
    fn check_now(&mut self, store: &mut Store) {
        self.disk.mend();
        store.recover().expect("the store recovers on a disk that works");
        store.probe().expect("the store writes on a disk that works");
        self.check(store);
    }

    /// The disk works; everybody sends what they have left. Then everything is there once.
    fn finish(mut self) -> Tally {
        self.disk.mend();
        let mut store = Store::open(self.disk.boot(), self.settings.clone()).expect("it opens");
        self.senders.reconnect();
        self.index = self.scanned_index(&store);
        loop {
            let batch = self.senders.due(8);
            if batch.is_empty() {
                break;
            }
            let submissions = batch.into_iter().map(|b| b.submission).collect();
            let replies =
                self.send(&mut store, submissions).expect("a disk that works takes everything");
            self.senders.told(replies);
        }
        // Whatever was answered is answered so again, and adds nothing.
        let (submissions, expected) = self.senders.answered();
        for (submission, reply) in submissions.into_iter().zip(expected) {
            let before = store.last_seq();
            let again = self.send(&mut store, vec![submission.clone()]).expect("it is taken");
            assert_eq!(again, [Ok(reply)], "{submission:?}");
            assert_eq!(store.last_seq(), before, "{submission:?} came again and did something");
        }
        self.check(&store);
        let said = self.said(&store);
        assert!(said.values().all(|times| *times == 1));
        assert_eq!(said.len(), self.senders.words().count(), "nothing is there that nobody said");
        self.tally.entries = said.len() as u64;
        self.tally.tickets = self.index.len();
        self.tally
    }

    fn check(&self, store: &Store) {
        let report = verify::verify(&store.reader(), &self.seal, None, &Progress::default())
            .expect("the rows can be read");
        assert!(report.findings.is_empty(), "{:#?}", report.findings);
        let said = self.said(store);
        for (words, acknowledged) in self.senders.words() {
            let times = said.get(words).copied().unwrap_or(0);
            let fits = times == 1 || (times == 0 && !acknowledged);
            assert!(fits, "{words:?} is there {times} times, acknowledged: {acknowledged}");
        }
        self.feed_holds_what_was_acknowledged(store, report.entries);
        let scanned = self.index_rows(store);
        assert_eq!(self.index.len(), scanned.len() as u64);
        for (number, row) in scanned {
            assert!(self.index.agrees(number, &row), "the index says otherwise of #{number}");
        }
    }

    fn feed_holds_what_was_acknowledged(&self, store: &Store, entries: u64) {
        let plans =
            store.feed().read(0, u64::MAX, (usize::MAX, usize::MAX)).expect("the feed reads");
        let mut acknowledged = self.published.iter().peekable();
        let (mut next_seq, mut added) = (1, 0);
        for found in plans {
            assert_eq!(found.first_seq, next_seq, "gapless");
            next_seq += found.plan.events.len() as u64;
            for event in &found.plan.events {
                let event = Event::decode(event, &self.seal).expect("an event");
                added += u64::from(event.kind == EventKind::MessageAdded);
            }
            if let Some((_, plan)) = acknowledged.next_if(|(seq, _)| *seq == found.first_seq) {
                assert_eq!(
                    *plan, found.plan,
                    "what was acknowledged as {} is another plan",
                    found.first_seq
                );
            }
        }
        assert_eq!(acknowledged.next(), None, "an acknowledged plan is not in the feed");
        assert_eq!(next_seq - 1, store.last_seq());
        assert_eq!(added, entries, "as many entries as events say");
    }

    /// How often each text stands in any timeline.
    fn said(&self, store: &Store) -> HashMap<String, usize> {
        let read = store.reader().read(|view| {
            let rows = Rows { view, seal: &self.seal };
            let mut said = HashMap::new();
            for (_, ticket) in
                rows.scan::<Ticket>(&[], None, Order::Ascending, usize::MAX).expect("tickets")
            {
                let timeline =
                    rows.timeline(&ticket, 0, usize::MAX, usize::MAX).expect("a timeline");
                for entry in timeline.expect("from its beginning").0 {
                    *said.entry(entry.body).or_default() += 1;
                }
            }
            Ok(said)
        });
        read.expect("reads work without faults")
    }

    fn index_rows(&self, store: &Store) -> Vec<(u64, IndexRow)> {
        let read = store.reader().read(|view| {
            let rows = Rows { view, seal: &self.seal };
            Ok(rows.scan::<IndexRow>(&[], None, Order::Ascending, usize::MAX).expect("index rows"))
        });
        let number = |key: RowKey| u64::from_be_bytes(key[..].try_into().expect("a number"));
        read.expect("reads work without faults")
            .into_iter()
            .map(|(key, row)| (number(key), row))
            .collect()
    }

    fn scanned_index(&self, store: &Store) -> Index {
        let mut index = Index::default();
        for (number, row) in self.index_rows(store) {
            index.put(number, &row);
        }
        index
    }
}

/// Decides one command and puts its plan into the batch.
fn one(
    open: &mut Batch,
    submission: &Submission,
    (rules, seal, now): (&Rules, &Seal, Micros),
    random: &mut Random,
) -> Result<Reply, Refusal> {
    let bits: [u8; 32] = random.bytes(32).try_into().expect("32 bytes");
    let (steady, actor) = (now, &submission.actor);
    let (seen, categories) = (None, None);
    let ctx =
        Context { now, steady, trusted: true, random: bits, rules, seal, actor, seen, categories };
    let decision = decide(&*open, submission, &ctx)?;
    if let Some(plan) = decision.plan {
        open.apply(plan).map_err(|error| Refusal::Store(error.to_string()))?;
    }
    Ok(decision.reply)
}

/// The index takes over what a plan changed.
fn follow(index: &mut Index, seal: &Seal, plan: &PlanRecord) {
    for row in plan.rows.iter().filter(|row| row.table == Table::Index) {
        let value = row.value.as_ref().expect("tickets stay");
        let place = Place::row(row.table, &row.key);
        let line = codec::decode::<IndexRow>(&seal.open(place, value).expect("it opens"))
            .expect("an index row");
        let number = u64::from_be_bytes(row.key[..].try_into().expect("a number"));
        index.put(number, &line);
    }
}
