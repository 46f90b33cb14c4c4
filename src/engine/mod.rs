//! The engine: one writer thread through which every change goes, and what is read beside it.
//!
//! Invariants: a caller is answered only when its batch is on disk, in redb and in the index; a batch is
//! decided in order, each command seeing the ones before it; `published` moves last, so a consumer of the
//! feed never reads ahead of the state.

pub mod account;
pub mod activity;
pub mod analytics;
pub mod audit;
pub mod automation;
pub mod backup;
mod blocks;
pub mod calls;
pub mod canned;
pub mod categories;
pub mod clock;
pub mod command;
pub mod compaction;
pub mod contacts;
pub mod created;
pub mod crm;
pub mod decide;
pub mod desk;
pub mod draft;
pub mod event;
pub mod export;
pub mod feed;
pub mod files;
pub mod holdings;
pub mod hooks;
pub mod idempotency;
pub mod inbound;
pub mod index;
pub mod intake;
pub mod last_backup;
mod load;
pub mod mail;
pub mod marks;
pub mod migrations;
pub mod moments;
pub mod origin;
pub mod outbox;
mod packed;
mod pages;
pub mod people;
pub mod portal;
pub mod presence;
pub mod privacy;
mod redacted;
pub mod rows;
pub mod rules;
pub mod search;
pub mod seen;
mod shared;
pub mod status;
mod submission;
#[cfg(test)]
mod tests;
pub mod ticket_cache;
pub mod timeline;
pub mod timers;
pub mod verify;
pub mod versions;
mod window;
mod writer;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::task::Poll;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use crate::domain::redact::Redactor;
use crate::store::files::Files;
use crate::store::{Description, Store, StoreError, WriteError};
use crate::telemetry::metrics::Metrics;
use audit::refusals::Refusals;
use clock::Clocks;
use command::{Refusal, Reply, Submission};
use rules::{Retention, Rules};
use shared::Steady;
pub use shared::{ClockReport, Health, Shared};

/// Limits of the writer's queue and batches.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub queue: usize,
    pub batch_commands: usize,
    pub batch_bytes: usize,
    /// Dedup keys held in memory.
    pub seen_window: usize,
    /// Rows of the audit for what is refused to one address.
    pub refusals_per_minute: u32,
    /// Of the search index.
    pub search: search::Settings,
    /// Bytes of tickets that lists showed lately.
    pub shown_tickets: usize,
}

/// Why a submission was not carried out.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("too many requests are waiting; try again in a second")]
    Busy,
    #[error("nothing was written: {0}")]
    NoSpace(String),
    /// The outcome is unknown: what was sent may be on disk. Sending it again is safe where it has a key.
    #[error("the store cannot be written: {0}")]
    Unavailable(String),
    #[error("deciding this request failed")]
    Panicked,
    #[error("the daemon is stopping")]
    Stopping,
}

impl From<StoreError> for Error {
    fn from(e: StoreError) -> Error {
        Error::Unavailable(e.to_string())
    }
}

impl From<rows::ReadError> for Error {
    fn from(e: rows::ReadError) -> Error {
        Error::Refused(Refusal::Store(e.to_string()))
    }
}

/// A command that was carried out: its reply, and what the log should say of it.
pub(crate) struct Carried {
    reply: Reply,
    notices: Vec<draft::Notice>,
}

/// The outcome of a command that was queued.
pub struct Pending(oneshot::Receiver<Result<Carried, Error>>);

impl Future for Pending {
    type Output = Result<Reply, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> Poll<Self::Output> {
        let told = std::task::ready!(Pin::new(&mut self.0).poll(cx));
        Poll::Ready(told.unwrap_or(Err(Error::Stopping)).map(|carried| {
            carried.notices.iter().for_each(|line| tracing::info!("{line}"));
            carried.reply
        }))
    }
}

pub(crate) enum Job {
    Submit(Box<Submission>, oneshot::Sender<Result<Carried, Error>>),
    /// Writes and syncs a probe; the answer is the truth about readiness.
    Probe(oneshot::Sender<Result<(), String>>),
    /// Says how the store stands.
    Describe(oneshot::Sender<Description>),
    /// Trims the feed.
    Trim,
    Compact(compaction::Step),
    Stop,
}

/// The handle by which everybody reaches the engine. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    queue: SyncSender<Job>,
    shared: Arc<Shared>,
    redactor: Arc<Redactor>,
    files: Files,
    retention: Arc<[Retention]>,
}

/// The writer thread, to be joined at the end.
pub struct Writer {
    thread: JoinHandle<Result<(), WriteError>>,
    queue: SyncSender<Job>,
}

impl Writer {
    /// Carries out what is queued, checkpoints, and ends.
    pub fn stop(self) -> Result<(), String> {
        // Blocks until there is room: everything queued before is carried out first.
        let _ = self.queue.send(Job::Stop);
        match self.thread.join() {
            Ok(result) => result.map_err(|e| e.to_string()),
            Err(_) => Err("the writer thread panicked".into()),
        }
    }
}

/// Probes that may wait for the writer: asking a hung one must not fill its queue.
const MAX_PROBES: usize = 16;

/// A writer that panicked outside of deciding has left its batch in an unknown state: better to start again
/// from what is on disk than to go on without a writer.
struct AbortOnPanic;

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        tracing::error!(
            "the writer panicked; the daemon aborts, to start again from what is on disk"
        );
        std::process::abort();
    }
}

impl Engine {
    /// Loads the index from the store and starts the writer.
    pub fn start(
        (store, files): (Store, Files),
        rules: Rules,
        seal: crate::store::seal::Seal,
        limits: Limits,
        clocks: Arc<dyn Clocks>,
        metrics: Arc<Metrics>,
    ) -> Result<(Engine, Writer), rows::ReadError> {
        let redactor = Arc::clone(&rules.redactor);
        let retention = rules.retention.clone().into();
        let clock = clock::start(&store.reader(), &seal, &*clocks)?;
        let steady = Steady { clocks, offset: clock.offset() };
        let refusals = Refusals::new(limits.refusals_per_minute);
        let of_memory = (limits.search, limits.shown_tickets);
        let shared = load::load(&store, seal, of_memory, steady, (metrics, refusals))?;
        let shared = Arc::new(shared);
        let (queue, jobs) = sync_channel(limits.queue);
        let writer = writer::Loop::new(store, rules, limits, Arc::clone(&shared), clock, jobs);
        let thread = std::thread::Builder::new()
            .name("writer".into())
            .spawn(move || {
                let guard = AbortOnPanic;
                let ended = writer.run();
                std::mem::forget(guard);
                ended
            })
            .map_err(|e| rows::ReadError::Inconsistent(format!("cannot start the writer: {e}")))?;
        let engine = Engine { queue: queue.clone(), shared, redactor, retention, files };
        Ok((engine, Writer { thread, queue }))
    }

    /// Queues a command without waiting for it; commands of one caller are carried out in order. What must not
    /// be kept is taken out of it before.
    pub fn enqueue(&self, mut submission: Submission) -> Result<Pending, Error> {
        redacted::redact(&mut submission.command, &self.redactor);
        let (answer, receiver) = oneshot::channel();
        self.shared.metrics.queue_length.inc();
        self.queue.try_send(Job::Submit(Box::new(submission), answer)).map_err(|e| {
            self.shared.metrics.queue_length.dec();
            match e {
                TrySendError::Full(_) => Error::Busy,
                TrySendError::Disconnected(_) => Error::Stopping,
            }
        })?;
        Ok(Pending(receiver))
    }

    /// Carries out a command. `Ok` means that it is on disk, and that whoever reads now sees it.
    pub async fn submit(&self, submission: Submission) -> Result<Reply, Error> {
        self.enqueue(submission)?.await
    }

    /// Whether the store can be written, tried by writing.
    pub async fn probe(&self) -> Result<(), String> {
        let (answer, receiver) = oneshot::channel();
        let hung = || "the writer does not answer".to_owned();
        if self.shared.probes.fetch_add(1, Ordering::Relaxed) >= MAX_PROBES {
            self.shared.probes.fetch_sub(1, Ordering::Relaxed);
            return Err(hung());
        }
        if let Err(e) = self.queue.try_send(Job::Probe(answer)) {
            self.shared.probes.fetch_sub(1, Ordering::Relaxed);
            return Err(match e {
                TrySendError::Full(_) => hung(),
                TrySendError::Disconnected(_) => "the writer has stopped".into(),
            });
        }
        receiver.await.unwrap_or_else(|_| Err("the writer has stopped".into()))
    }

    /// Asks for the feed to be trimmed; skipped when the writer is busy.
    pub fn trim(&self) {
        let _ = self.queue.try_send(Job::Trim);
    }

    /// Reads rows from one snapshot. Keep it short: a reader pins what it reads.
    pub fn read<R>(
        &self,
        f: impl FnOnce(rows::Rows<'_>) -> Result<R, rows::ReadError>,
    ) -> Result<R, Error> {
        let seal = &self.shared.seal;
        let inner = self.shared.reader.read(|view| Ok(f(rows::Rows { view, seal })))?;
        Ok(inner?)
    }

    /// What was attached to tickets.
    pub fn files(&self) -> &Files {
        &self.files
    }

    pub fn shared(&self) -> &Shared {
        &self.shared
    }
}
