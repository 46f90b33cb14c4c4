//! The engine itself on a disk that fails for a while: it goes on without help, readers see what lies on the
//! disk, and the index in memory is what a scan gives.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use frontdesk::engine::clock::MachineClocks;
use frontdesk::engine::command::Submission;
use frontdesk::engine::files::Files;
use frontdesk::engine::{Engine, Error, Health, Limits, Writer, verify};
use frontdesk::store::backup::Secret;
use frontdesk::store::records::IndexRow;
use frontdesk::store::seal::Seal;
use frontdesk::store::sim::{Op, Random, SimDisk};
use frontdesk::store::{Order, Store, StoreSettings, UnlockError};
use frontdesk::telemetry::metrics::Metrics;
use frontdesk::telemetry::progress::Progress;

use super::senders::Senders;
use super::{rules, settings};

const FAULTS: usize = 30;
/// How long the engine may take to go on once the disk works.
const PATIENCE: Duration = Duration::from_secs(10);

struct Desk {
    disk: SimDisk,
    engine: Engine,
    runtime: tokio::runtime::Runtime,
    senders: Senders,
    random: Random,
}

impl Desk {
    /// Commands go in together; what is not answered with success stays pending. The last failure, if any.
    fn serve(&mut self, most: usize) -> Option<Error> {
        let batch = self.senders.due(most);
        let submissions: Vec<Submission> = batch.into_iter().map(|b| b.submission).collect();
        let waiting: Vec<_> = submissions.iter().map(|s| self.engine.enqueue(s.clone())).collect();
        let mut told = Vec::new();
        let mut failed = None;
        for receiver in waiting {
            let answer = receiver.and_then(|r| self.runtime.block_on(r));
            match answer {
                Ok(reply) if failed.is_none() => told.push(Ok(reply)),
                Err(Error::Refused(refusal)) if failed.is_none() => told.push(Err(refusal)),
                // Whatever it was: it is sent again, and known again.
                Ok(_) | Err(Error::Refused(_)) => {}
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        let answered = told.len();
        self.senders.told(told);
        self.senders.not_told(submissions.len() - answered);
        failed
    }

    fn break_something(&mut self) {
        let ops = [Op::Read, Op::Write, Op::Sync, Op::SetLen];
        let file = ["journal/", "store.redb", "store.redb"][self.random.below(3) as usize];
        let op = ops[self.random.below(4) as usize];
        match self.random.below(8) {
            0 => self.disk.leave_free(self.random.below(64 * 1024)),
            1 => ops.into_iter().for_each(|op| self.disk.break_down(op, file)),
            2..5 => self.disk.break_down(op, file),
            _ => self.disk.fail(op, file, 1 + self.random.below(6)),
        }
    }

    /// The disk works again: everybody is served without anybody's help.
    fn goes_on(&mut self) {
        self.disk.mend();
        let mended = Instant::now();
        while let Some(error) = self.serve(8) {
            assert!(mended.elapsed() < PATIENCE, "the disk works, and yet: {error}");
            std::thread::sleep(Duration::from_millis(5));
        }
        self.runtime.block_on(self.engine.probe()).expect("it can be written");
        assert_eq!(self.engine.shared().health(), Health::Writable);
    }

    fn memory_is_what_lies_on_the_disk(&self) {
        let shared = self.engine.shared();
        let rows =
            self.engine.read(|rows| rows.scan::<IndexRow>(&[], None, Order::Ascending, usize::MAX));
        let rows = rows.expect("reads work");
        assert_eq!(
            shared.index().len(),
            rows.len() as u64,
            "tickets in the index and in the store"
        );
        for (key, row) in rows {
            let number = u64::from_be_bytes(key[..].try_into().expect("a number"));
            assert!(shared.index().agrees(number, &row), "the index says otherwise of #{number}");
        }
        let report = verify::verify(&shared.reader, &shared.seal, None, &Progress::default())
            .expect("the rows can be read");
        assert!(report.findings.is_empty(), "{:#?}", report.findings);
        let events = self.engine.events(0, usize::MAX).expect("the feed reads");
        let gapless = events.iter().zip(1..).all(|(event, seq)| event.seq == seq);
        assert!(gapless && events.len() as u64 == shared.published());
    }
}

impl Desk {
    fn open(seed: u64) -> (Desk, Writer) {
        let mut random = Random::new(seed);
        let disk = SimDisk::new(seed);
        // What does not fit the cache is read and written behind the journal, and may fail there.
        let settings = StoreSettings { cache_bytes: 16 * 1024, ..settings(&mut random) };
        let mut store = Store::open(disk.boot(), settings).expect("it opens");
        let root = |_| Ok::<_, UnlockError>(Secret::Key([1; 32]));
        let seal = store.unlock(Seal::new([7; 32]), true, root).expect("it unlocks");
        let limits = Limits {
            queue: 64,
            batch_commands: 8,
            batch_bytes: 16 * 1024,
            seen_window: 50,
            refusals_per_minute: 10,
            search: Default::default(),
            shown_tickets: 1 << 20,
        };
        let metrics = Arc::new(Metrics::default());
        let clocks = Arc::new(MachineClocks::new(Vec::new()));
        let files = Files::open(Path::new(env!("CARGO_TARGET_TMPDIR"))).expect("a directory");
        let (engine, writer) =
            Engine::start((store, files), rules(), seal, limits, clocks, metrics)
                .expect("it starts");
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        (Desk { disk, engine, runtime, senders: Senders::default(), random }, writer)
    }

    /// New work for everybody, and what they were told when it failed.
    fn work(&mut self) -> Option<Error> {
        for _ in 0..4 {
            self.senders.think(&mut self.random);
        }
        self.serve(6)
    }
}

#[test]
fn the_engine_goes_on_by_itself_and_its_memory_is_what_lies_on_the_disk() {
    let seed = std::env::var("FRONTDESK_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(1);
    let (mut desk, writer) = Desk::open(seed);
    let mut failures = 0;
    for _ in 0..FAULTS {
        desk.break_something();
        failures += (0..4).filter(|_| desk.work().is_some()).count();
        desk.goes_on();
        desk.memory_is_what_lies_on_the_disk();
    }
    assert!(failures > FAULTS / 4, "the faults did next to nothing: {failures}");
    drop(desk);
    writer.stop().expect("it stops in order");
}

/// redb fails and cannot be opened again for a while. What was acknowledged lies in the journal and in memory, and
/// is in the rows, the index and the feed when redb opens again.
#[test]
fn a_database_that_does_not_open_for_a_while_costs_nothing_that_was_acknowledged() {
    let (mut desk, writer) = Desk::open(1);
    let mut refused = 0;
    for first in 1..30 {
        // From its `first` write or read on the database fails, and so does opening it again.
        let op = if first % 2 == 0 { Op::Write } else { Op::Read };
        (0..40).for_each(|_| desk.disk.fail(op, "store.redb", first));
        refused += (0..6).filter(|_| desk.work().is_some()).count();
        desk.goes_on();
        desk.memory_is_what_lies_on_the_disk();
    }
    assert!(refused > 0, "no fault reached anybody");
    drop(desk);
    writer.stop().expect("it stops in order");
}
