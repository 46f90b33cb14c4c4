//! The writer thread: drains the queue into a batch while the last sync ran, decides, journals, answers.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::command::{Actor, Command, Refusal, Reply, Submission};
use super::compaction::Step;
use super::decide::{Decision, decide};
use super::draft::{Context, Notice};
use super::rows::Rows;
use super::rules::Rules;
use super::shared::{ClockReport, Health, Shared};
use super::window::{WINDOWED, Window};
use super::{Carried, Error, Job, Limits, blocks, clock};
use crate::domain::clock::{Clock, Jump, Time};
use crate::domain::time::Micros;
use crate::store::owner::Owner;
use crate::store::records::Doomed;
use crate::store::seal::Seal;
use crate::store::{
    self, Batch, Committed, Order, PlanRecord, Row, Store, Table, WriteError, Written,
};

/// How often a store that failed is tried again.
const RETRY: Duration = Duration::from_millis(250);
/// How often a full disk is looked at.
const RETRY_FULL: Duration = Duration::from_secs(1);

/// Keys of deleted tickets are destroyed together, once the first of them waits for so long.
const DOOMED_TOGETHER: i64 = Micros::DAY;
/// Keys destroyed in one go.
const MOST_DOOMED: usize = 10_000;

type Answer = oneshot::Sender<Result<Carried, Error>>;

/// A command and who waits for its outcome.
type Pending = (Box<Submission>, Answer);

pub struct Loop {
    store: Store,
    rules: Rules,
    limits: Limits,
    shared: Arc<Shared>,
    seen: Window,
    clock: Clock,
    jobs: Receiver<Job>,
    /// A daemon's, not a tool's: it looks after the store, and keeps blocks of the index in it.
    tends: bool,
    failing: bool,
    /// The disk is full: it is looked at until there is room.
    full: bool,
    /// What was asked at start and could not be written goes before anything else.
    owes_orphans: bool,
}

/// What a command came to, told once its batch is on disk.
struct Outcome {
    answer: Answer,
    result: Result<Reply, Error>,
    notices: Vec<Notice>,
}

impl Loop {
    pub fn new(
        store: Store,
        rules: Rules,
        limits: Limits,
        shared: Arc<Shared>,
        clock: Clock,
        jobs: Receiver<Job>,
    ) -> Loop {
        Loop {
            store,
            rules,
            seen: Window::new(limits.seen_window),
            limits,
            shared,
            clock,
            jobs,
            tends: false,
            failing: false,
            full: false,
            owes_orphans: false,
        }
    }

    /// Runs until it is told to stop, then checkpoints.
    pub fn run(mut self) -> Result<(), WriteError> {
        let mut stop = false;
        self.destroy_keys();
        while !stop {
            self.seen.fill(&self.shared.reader);
            let mut batch = VecDeque::new();
            match self.wait() {
                Ok(Some(job)) => stop = self.sort(job, &mut batch),
                Ok(None) => {}
                Err(()) => stop = true,
            }
            while !stop && batch.len() < self.limits.batch_commands {
                match self.jobs.try_recv() {
                    Ok(job) => stop = self.sort(job, &mut batch),
                    Err(_) => break,
                }
            }
            if self.failing {
                self.try_again();
            } else if self.full && batch.is_empty() {
                let _ = self.probe();
            }
            if self.owes_orphans && !batch.is_empty() {
                let orphans = Submission::new(Actor::System, Command::OrphanCalls);
                batch.push_front((Box::new(orphans), oneshot::channel().0));
            }
            while !batch.is_empty() {
                self.carry_out(&mut batch);
            }
        }
        let time = self.read_clock();
        let Loop { store, clock, shared, .. } = &mut self;
        if clock.was_written() {
            // The steady clock goes on exactly where it ended; after a power cut it is some minutes behind.
            let _ = store.write(|open| {
                open.count_by(time.steady);
                open.apply(clock::plan(clock.state(), &shared.seal))
            });
        }
        if self.tends {
            let unstored = self.shared.index().unstored(blocks::BEHIND_AT_END);
            self.keep_blocks(unstored);
        }
        self.store.close()
    }

    fn keep_blocks(&mut self, numbers: Vec<u64>) {
        let at = self.read_clock().steady;
        if self.shared.health() == Health::Writable {
            blocks::keep(&mut self.store, &self.shared, numbers, at, self.limits.batch_bytes);
        }
    }

    /// The next job; nothing for a while only when there is something else to do, or a store that does not write wants to
    /// be tried again.
    fn wait(&self) -> Result<Option<Job>, ()> {
        let nap = match (self.failing, self.full) {
            _ if self.seen.is_filling() => Duration::ZERO,
            (true, _) => RETRY,
            (false, true) => RETRY_FULL,
            (false, false) => return self.jobs.recv().map(Some).map_err(|_| ()),
        };
        match self.jobs.recv_timeout(nap) {
            Ok(job) => Ok(Some(job)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(()),
        }
    }

    /// Puts a command into the batch, does anything else at once. True when it is time to stop.
    fn sort(&mut self, job: Job, batch: &mut VecDeque<Pending>) -> bool {
        match job {
            Job::Submit(submission, answer) => {
                self.shared.metrics.queue_length.dec();
                batch.push_back((submission, answer));
            }
            Job::Probe(answer) => {
                self.shared.probes.fetch_sub(1, Ordering::Relaxed);
                if self.failing {
                    self.try_again();
                }
                let _ = answer.send(self.probe().map_err(|e| e.to_string()));
            }
            // Who asked may have lost patience.
            Job::Describe(answer) => drop(answer.send(self.store.describe())),
            Job::Trim => self.trim(),
            Job::Compact(step) => self.compact(step),
            Job::Stop => return true,
        }
        false
    }

    fn probe(&mut self) -> Result<(), WriteError> {
        let result = self.store.probe();
        match &result {
            Ok(()) => self.note_success(),
            Err(e) => self.note_failure(e),
        }
        self.tend_space();
        result
    }

    fn compact(&mut self, step: Step) {
        match step {
            Step::Begin { pace, anew, answer } => {
                let anew = anew.then(|| self.shared.seal.clone());
                let _ = answer.send(self.store.begin_compaction(pace, anew));
            }
            Step::Finish { copied, answer } => {
                let result = self.store.finish_compaction(*copied);
                if result.is_err() {
                    // Whatever it left behind, the database is reopened before anybody else needs it.
                    let _ = self.probe();
                }
                self.report_figures();
                let _ = answer.send(result);
            }
        }
    }

    /// Carries out as many commands from the front as fit into one batch.
    fn carry_out(&mut self, waiting: &mut VecDeque<Pending>) {
        let started = Instant::now();
        let is_orphans = |(s, _): &Pending| matches!(s.command, Command::OrphanCalls);
        let orphans = waiting.iter().any(is_orphans);
        let frees_space =
            waiting.iter().all(|p| is_orphans(p) || matches!(p.0.command, Command::Sweep));
        let mut outcomes = Vec::with_capacity(waiting.len());
        let time = self.read_clock();
        let Loop { store, rules, limits, shared, seen, clock, .. } = self;
        let mut keeps_clock = false;
        let written = store.write(|open| {
            open.count_by(time.steady);
            keeps_clock = keep_clock(open, clock, &shared.seal);
            if frees_space {
                open.use_reserve();
            }
            while let Some((submission, answer)) = waiting.pop_front() {
                let (result, notices, dooms) =
                    match one(open, rules, shared, (seen, time), &submission) {
                        Ok((decision, dooms)) => (Ok(decision.reply), decision.notices, dooms),
                        Err(e) => (Err(e), Vec::new(), false),
                    };
                outcomes.push(Outcome { answer, result, notices });
                // What comes after must not be sealed under a key that is given up here.
                if dooms || open.bytes() >= limits.batch_bytes {
                    break;
                }
            }
        });
        match written {
            Ok(Written { committed, .. }) => {
                self.owes_orphans &= !orphans;
                if keeps_clock {
                    self.clock.written();
                }
                if let Some(committed) = committed {
                    self.committed(&committed, started, outcomes.len());
                }
                outcomes.into_iter().for_each(Outcome::tell);
            }
            Err(e) => {
                self.owes_orphans |= orphans;
                self.note_failure(&e);
                let error = match &e {
                    WriteError::Refused(full @ store::Refusal::NoSpace { .. }) => {
                        Error::NoSpace(full.to_string())
                    }
                    _ => Error::Unavailable(e.to_string()),
                };
                // A refusal may rest on what a command before it in this batch wanted: nobody is told more.
                // Where the transaction could not even begin, nobody was taken from the queue.
                let untried = waiting.drain(..).map(|(_, answer)| answer);
                for answer in outcomes.into_iter().map(|o| o.answer).chain(untried) {
                    let _ = answer.send(Err(error.clone()));
                }
            }
        }
    }

    fn committed(&mut self, committed: &Committed, started: Instant, size: usize) {
        self.note_success();
        self.shared.take(&committed.plans);
        self.shared.publish(committed.last_seq);
        if committed.plans.iter().any(|plan| plan.rows.iter().any(dooms)) {
            self.destroy_keys();
        }
        let metrics = &self.shared.metrics;
        metrics.commit_seconds.observe(started.elapsed().as_secs_f64());
        metrics.batch_commands.observe(size as f64);
        self.report_figures();
    }

    /// Destroys the keys that were given up, if any of that is due; what fails now is tried again with the feed's
    /// trimming.
    fn destroy_keys(&mut self) {
        let Some(keys) = self.shared.seal.keys() else { return };
        let seal = &self.shared.seal;
        let found = self.shared.reader.read(|view| {
            Ok(Rows { view, seal }.scan::<Doomed>(&[], None, Order::Ascending, MOST_DOOMED))
        });
        let Ok(Ok(found)) = found else { return };
        let steady = self.shared.steady();
        let is_due = |doomed: &Doomed| {
            doomed.at_once || steady >= doomed.since.plus(DOOMED_TOGETHER) || steady < doomed.since
        };
        if !found.iter().any(|(_, doomed)| is_due(doomed)) {
            return;
        }
        let owners: Vec<Owner> =
            found.iter().filter_map(|(row_key, _)| Owner::of_key(row_key)).collect();
        self.store.forget_plain();
        self.shared.tickets.forget_all();
        if let Err(error) = keys.destroy(&owners) {
            tracing::error!(%error, "keys of what was erased could not be destroyed yet");
            return;
        }
        let row = |(key, _)| Row { table: Table::Doomed, key, value: None };
        let rows = found.into_iter().map(row).collect();
        let at = self.shared.steady();
        let done = self.store.write(|open| {
            open.count_by(at);
            open.apply(PlanRecord { at, rows, events: Vec::new() })
        });
        // Destroying them again does nothing.
        if let Err(error) = done {
            self.note_failure(&error);
        }
    }

    fn report_figures(&self) {
        self.shared.set_mixed(self.store.is_mixed());
        self.shared.set_figures(self.store.figures());
    }

    /// Reads the clocks, and tells of a jump.
    fn read_clock(&mut self) -> Time {
        let reading = self.shared.reading();
        let time = self.clock.read(reading);
        if let Some(Jump { from, to, synchronized, .. }) = self.clock.news() {
            tracing::warn!(%from, %to, synchronized, trusted = time.trusted, "the wall clock jumped");
        }
        if self.clock.due().is_some() {
            self.report_clock();
        }
        time
    }

    fn report_clock(&self) {
        self.shared.set_clock(ClockReport {
            state: self.clock.state().clone(),
            trusted: self.clock.is_trusted(),
            synchronized: self.clock.is_synchronized(),
        });
    }

    fn note_success(&mut self) {
        self.full = false;
        if self.shared.health() != Health::Writable {
            tracing::info!("the store can be written again");
            self.shared.set_health(Health::Writable);
        }
    }

    fn note_failure(&mut self, e: &WriteError) {
        if self.shared.health() == Health::Writable {
            tracing::error!(error = %e, "the store cannot be written; reads go on, writing is tried again");
        }
        // A full disk refuses and breaks nothing; everything else wants the store to recover first.
        let full = matches!(e, WriteError::Refused(store::Refusal::NoSpace { .. }));
        self.full |= full;
        self.failing |= !full;
        self.shared.set_health(Health::Failing(e.to_string()));
    }

    fn try_again(&mut self) {
        match self.store.recover() {
            Ok(()) => self.failing = false,
            Err(e) => self.shared.set_health(Health::Failing(e.to_string())),
        }
    }

    /// Looks at the disk, and makes the ballast again where there is room.
    fn tend_space(&mut self) {
        match self.store.tend_space() {
            Ok(space) => {
                self.full |= space.is_full();
                self.shared.set_space(space);
            }
            Err(error) => tracing::debug!(%error, "the disk's space is not known"),
        }
    }

    fn trim(&mut self) {
        self.tends = true;
        self.tend_space();
        self.destroy_keys();
        self.read_clock();
        self.report_clock();
        let mut at_rest =
            self.shared.index_to_change().at_rest(blocks::ROUNDS_AT_REST, blocks::MUCH_BEHIND);
        at_rest.truncate(blocks::BLOCKS_A_ROUND);
        self.keep_blocks(at_rest);
        let seal = &self.shared.seal;
        let cursors = self.shared.reader.read(|view| Ok(Rows { view, seal }.cursors()));
        let Ok(Ok(cursors)) = cursors else { return };
        let steady = self.shared.steady();
        self.seen.forget_before(
            u32::try_from(steady.0 / Micros::DAY)
                .unwrap_or(0)
                .saturating_sub(self.rules.dedup_days),
        );
        match self.store.trim_feed(&cursors, steady) {
            Ok(trimmed) => {
                for name in trimmed.cut_off {
                    tracing::warn!(consumer = %name, "fell too far behind; the feed it has not read was dropped, it must resync");
                }
            }
            Err(e) => tracing::warn!(error = %e, "the feed could not be trimmed"),
        }
    }
}

impl Outcome {
    fn tell(self) {
        // The lines are written by whoever waited: a slow log must not hold up the writer.
        let notices = self.notices;
        let _ = self.answer.send(self.result.map(|reply| Carried { reply, notices }));
    }
}

/// Decides one command and puts its plan into the batch. A panic while deciding costs that command alone.
fn one(
    open: &mut Batch,
    rules: &Rules,
    shared: &Shared,
    (seen, time): (&mut Window, Time),
    submission: &Submission,
) -> Result<(Decision, bool), Error> {
    let mut random = [0; 32];
    if let Err(e) = getrandom::fill(&mut random) {
        return Err(Error::Unavailable(format!("the system gives no random bytes: {e}")));
    }
    let categories = shared.categories();
    let ctx = Context {
        now: time.now,
        steady: time.steady,
        trusted: time.trusted,
        random,
        rules,
        seal: &shared.seal,
        actor: &submission.actor,
        seen: seen.whole(),
        categories: Some(&categories),
    };
    let decided = catch_unwind(AssertUnwindSafe(|| decide(open, submission, &ctx)));
    let mut decision = match decided {
        Ok(decided) => decided?,
        Err(_) => {
            tracing::error!("deciding a command panicked; nothing was written for it");
            return Err(Error::Panicked);
        }
    };
    let mut doomed = false;
    if let Some(mut plan) = decision.plan.take() {
        shared.index().note_behind(&mut plan, &shared.seal);
        doomed = plan.rows.iter().any(dooms);
        let noted: Vec<Row> =
            plan.rows.iter().filter(|row| WINDOWED.contains(&row.table)).cloned().collect();
        open.apply(plan).map_err(|e| Error::Refused(Refusal::Store(e.to_string())))?;
        noted.iter().for_each(|row| seen.note(row));
    }
    Ok((decision, doomed))
}

/// Whether a row gives up somebody's key.
fn dooms(row: &Row) -> bool {
    row.table == Table::Doomed && row.value.is_some()
}

/// Puts the clock's state into the batch when it is due: a jump is on the disk before whatever came after it.
fn keep_clock(open: &mut Batch, clock: &Clock, seal: &Seal) -> bool {
    clock.due().is_some_and(|state| open.apply(clock::plan(state, seal)).is_ok())
}
