//! The writer thread: drains the queue into a batch while the last sync ran, decides, journals, answers.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::oneshot;

use super::command::{Command, Refusal, Reply, Submission};
use super::decide::{Decision, decide};
use super::draft::{Context, Notice};
use super::rows::Rows;
use super::rules::Rules;
use super::seen::SeenWindow;
use super::shared::{Health, Shared};
use super::{Carried, Error, Job, Limits, load};
use crate::domain::time::Micros;
use crate::store::{self, Batch, Committed, Store, Table, WriteError, Written};

/// How often a store that failed is tried again.
const RETRY: Duration = Duration::from_millis(250);

type Answer = oneshot::Sender<Result<Carried, Error>>;

/// A command and who waits for its outcome.
type Pending = (Box<Submission>, Answer);

pub struct Loop {
    store: Store,
    rules: Rules,
    limits: Limits,
    shared: Arc<Shared>,
    seen: SeenWindow,
    jobs: Receiver<Job>,
    failing: bool,
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
        seen: SeenWindow,
        jobs: Receiver<Job>,
    ) -> Loop {
        Loop { store, rules, limits, shared, seen, jobs, failing: false }
    }

    /// Runs until it is told to stop, then checkpoints.
    pub fn run(mut self) -> Result<(), WriteError> {
        let mut stop = false;
        while !stop {
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
            }
            while !batch.is_empty() {
                self.carry_out(&mut batch);
            }
        }
        self.store.close()
    }

    /// The next job; nothing for a while only when a failed store wants to be tried again.
    fn wait(&self) -> Result<Option<Job>, ()> {
        if !self.failing {
            return self.jobs.recv().map(Some).map_err(|_| ());
        }
        match self.jobs.recv_timeout(RETRY) {
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
                if self.failing {
                    self.try_again();
                }
                let result = self.store.probe();
                match &result {
                    Ok(()) => self.shared.set_health(Health::Writable),
                    Err(e) => self.note_failure(e),
                }
                let _ = answer.send(result.map_err(|e| e.to_string()));
            }
            // Who asked may have lost patience.
            Job::Describe(answer) => drop(answer.send(self.store.describe())),
            Job::Trim => self.trim(),
            Job::Stop => return true,
        }
        false
    }

    /// Carries out as many commands from the front as fit into one batch.
    fn carry_out(&mut self, waiting: &mut VecDeque<Pending>) {
        let started = Instant::now();
        let frees_space = waiting.iter().all(|(s, _)| matches!(s.command, Command::Sweep));
        let mut outcomes = Vec::with_capacity(waiting.len());
        let Loop { store, rules, limits, shared, seen, .. } = self;
        let written = store.write(|open| {
            if frees_space {
                open.use_reserve();
            }
            while let Some((submission, answer)) = waiting.pop_front() {
                let (result, notices) = match one(open, rules, shared, seen, &submission) {
                    Ok(decision) => (Ok(decision.reply), decision.notices),
                    Err(e) => (Err(e), Vec::new()),
                };
                outcomes.push(Outcome { answer, result, notices });
                if open.bytes() >= limits.batch_bytes {
                    break;
                }
            }
        });
        match written {
            Ok(Written { committed, .. }) => {
                if let Some(committed) = committed {
                    self.committed(&committed, started, outcomes.len());
                }
                outcomes.into_iter().for_each(Outcome::tell);
            }
            Err(e) => {
                self.note_failure(&e);
                let error = match &e {
                    WriteError::Refused(store::Refusal::NoSpace { .. }) => {
                        Error::NoSpace(e.to_string())
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
        if self.shared.health() != Health::Writable {
            tracing::info!("the store can be written again");
            self.shared.set_health(Health::Writable);
        }
        self.shared.take(&committed.plans);
        self.shared.publish(committed.last_seq);
        let metrics = &self.shared.metrics;
        metrics.commit_seconds.observe(started.elapsed().as_secs_f64());
        metrics.batch_commands.observe(size as f64);
        let figures = self.store.figures();
        metrics.journal_bytes.set(i64::try_from(figures.journal_bytes).unwrap_or(i64::MAX));
        metrics.store_bytes.set(i64::try_from(figures.database_bytes).unwrap_or(i64::MAX));
        metrics.checkpoints.set(i64::try_from(figures.checkpoints).unwrap_or(i64::MAX));
    }

    fn note_failure(&mut self, e: &WriteError) {
        if self.shared.health() == Health::Writable {
            tracing::error!(error = %e, "the store cannot be written; reads go on, writing is tried again");
        }
        // A full disk refuses and breaks nothing; everything else wants the store to recover first.
        self.failing |= !matches!(e, WriteError::Refused(store::Refusal::NoSpace { .. }));
        self.shared.set_health(Health::Failing(e.to_string()));
    }

    fn try_again(&mut self) {
        match self.store.recover() {
            Ok(()) => self.failing = false,
            Err(e) => self.shared.set_health(Health::Failing(e.to_string())),
        }
    }

    fn trim(&mut self) {
        let seal = &self.shared.seal;
        let cursors = self.shared.reader.read(|view| Ok(Rows { view, seal }.cursors()));
        let Ok(Ok(cursors)) = cursors else { return };
        self.seen.forget_before(
            u32::try_from(now().0 / Micros::DAY).unwrap_or(0).saturating_sub(self.rules.dedup_days),
        );
        match self.store.trim_feed(&cursors, now()) {
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
    seen: &mut SeenWindow,
    submission: &Submission,
) -> Result<Decision, Error> {
    let mut random = [0; 32];
    if let Err(e) = getrandom::fill(&mut random) {
        return Err(Error::Unavailable(format!("the system gives no random bytes: {e}")));
    }
    let ctx = Context {
        now: now(),
        random,
        rules,
        seal: &shared.seal,
        actor: &submission.actor,
        seen: Some(seen),
    };
    let decided = catch_unwind(AssertUnwindSafe(|| decide(open, submission, &ctx)));
    let mut decision = match decided {
        Ok(decided) => decided?,
        Err(_) => {
            tracing::error!("deciding a command panicked; nothing was written for it");
            return Err(Error::Panicked);
        }
    };
    if let Some(plan) = decision.plan.take() {
        let keys: Vec<_> = plan
            .rows
            .iter()
            .filter(|r| r.table == Table::Seen && r.value.is_some())
            .map(|r| r.key.clone())
            .collect();
        open.apply(plan).map_err(|e| Error::Refused(Refusal::Store(e.to_string())))?;
        for key in keys {
            load::insert(seen, &key);
        }
    }
    Ok(decision)
}

fn now() -> Micros {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
