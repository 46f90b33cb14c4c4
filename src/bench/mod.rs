//! `frontdesk bench`: what the daemon does on this machine and this disk, beside what the disk, redb and the
//! HTTP library can do at most, in one run.
//!
//! The daemon is a child process of the same program with its own store, reached over TCP. The load is a
//! closed loop: every client has one event under way, which counts when its acknowledgement is there, so
//! when it is on disk. Everything is measured in several short rounds, the limits and the daemon by turns, so
//! that a busy neighbour hits them alike; what is told is the median.

mod bare_http;
mod daemon;
mod disk;
mod load;
mod neighbours;
mod payload;
mod raw_store;
mod report;
mod sample;
mod workload;

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::client::ClientError;
use bare_http::BareHttp;
use daemon::{Daemon, Program};
use neighbours::Ticks;
use payload::Source;
use raw_store::RawStore;
pub use report::Report;
use report::{Memory, Start};
use sample::{Collected, repeat};
use workload::{Layout, Workload};

#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("{0}: {1}")]
    Io(String, io::Error),
    #[error("redb: {0}")]
    Redb(#[from] redb::Error),
    #[error("{0}")]
    Daemon(String),
    #[error("a part of the measurement ended early: {0}")]
    Task(#[from] tokio::task::JoinError),
}

pub struct Options {
    /// The program whose `serve` is measured.
    pub program: PathBuf,
    /// Its configuration; the defaults that ship if not given.
    pub config: Option<PathBuf>,
    /// An empty directory on the disk that is measured.
    pub dir: PathBuf,
    pub plan: Plan,
}

/// How much of everything.
#[derive(Clone, Debug)]
pub struct Plan {
    pub rounds: usize,
    /// Tickets in the store before anything is measured.
    pub tickets: u64,
    /// How long each load on the daemon runs in a round.
    pub load: Duration,
    /// How long each limit runs in a round.
    pub limit: Duration,
    /// Starts after each kind of end.
    pub starts: usize,
    /// Messages between a start and its SIGKILL, fewer than make a checkpoint.
    pub unsaved: u64,
}

/// About two minutes.
pub const THOROUGH: Plan = Plan {
    rounds: 5,
    tickets: 100_000,
    load: Duration::from_millis(2000),
    limit: Duration::from_millis(800),
    starts: 3,
    unsaved: 9_000,
};
/// Under 20 s.
pub const QUICK: Plan = Plan {
    rounds: 3,
    tickets: 10_000,
    load: Duration::from_millis(500),
    limit: Duration::from_millis(200),
    ..THOROUGH
};

/// Clients of the WhatsApp door.
const CLIENTS: [usize; 3] = [1, 16, 128];
const BARE_CLIENTS: [usize; 2] = [16, 128];
const CALLS: usize = 16;
/// Events in one sync or commit of the limits.
const BATCHES: [usize; 3] = [1, 8, 64];
/// How long the idle daemon is left alone before its memory is read.
const IDLE: Duration = Duration::from_millis(500);

/// Runs it all; `tell` hears what is being done.
pub async fn measure(options: &Options, tell: impl Fn(&str)) -> Result<Report, BenchError> {
    let plan = &options.plan;
    let source = Arc::new(Mutex::new(Source::new()));
    let program = Program {
        path: options.program.clone(),
        config: options.config.clone(),
        store: options.dir.join("daemon"),
    };

    let mut daemon = program.start().await?;
    tokio::time::sleep(IDLE).await;
    let idle = daemon.resident()?;
    tell(&format!("making {} tickets", plan.tickets));
    load::deliver(daemon.target(), plan.tickets, &source, Source::new_conversation).await?;
    let filled = daemon.resident()?;

    tell("starting after clean stops and after SIGKILL");
    let (mut clean, mut killed) = (Vec::new(), Vec::new());
    for _ in 0..plan.starts {
        daemon.stop().await?;
        daemon = program.start().await?;
        clean.push(daemon.started_in());
    }
    for _ in 0..plan.starts {
        load::deliver(daemon.target(), plan.unsaved, &source, Source::message).await?;
        daemon.kill()?;
        daemon = program.start().await?;
        killed.push(daemon.started_in());
    }

    tell("making the rows of the limits");
    let mut limits = Limits::prepare(options.dir.clone(), plan.tickets).await?;
    let mut collected = Collected::default();
    let before = Ticks::now(daemon.id());
    for round in 1..=plan.rounds {
        tell(&format!("round {round} of {}", plan.rounds));
        limits = limits.measure(plan.limit, &source, &mut collected).await?;
        loaded(&daemon, plan.load, &source, &mut collected).await?;
    }
    let others = Ticks::now(daemon.id()).taken_by_others(before, processors());
    let memory = Memory { idle, filled, loaded: daemon.resident()? };
    daemon.stop().await?;

    let start = Start::of(&clean, &killed, plan.unsaved);
    Ok(Report::new(plan, others, collected, memory, start))
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// One round of every load on the daemon.
async fn loaded(
    daemon: &Daemon,
    span: Duration,
    source: &Arc<Mutex<Source>>,
    collected: &mut Collected,
) -> Result<(), BenchError> {
    for workload in CLIENTS.map(Workload::Messages).into_iter().chain([Workload::Calls(CALLS)]) {
        let before = daemon.written().await?;
        let run = match workload {
            Workload::Calls(calls) => load::call(daemon.target(), calls, span, source).await?,
            _ => load::post(daemon.target(), workload.at_once(), span, source).await?,
        };
        collected.add(workload, run, Some(daemon.written().await?.since(before)));
    }
    Ok(())
}

/// The limits, each made ready once.
struct Limits {
    log: disk::Log,
    store: RawStore,
    http: BareHttp,
}

impl Limits {
    async fn prepare(dir: PathBuf, tickets: u64) -> Result<Limits, BenchError> {
        let made = tokio::task::spawn_blocking(move || {
            Ok(Limits {
                log: disk::Log::preallocate(&dir.join("append"))?,
                store: RawStore::fill(&dir.join("raw.redb"), tickets)?,
                http: BareHttp::start()?,
            })
        });
        made.await?
    }

    /// One round of every limit.
    async fn measure(
        mut self,
        span: Duration,
        source: &Arc<Mutex<Source>>,
        collected: &mut Collected,
    ) -> Result<Limits, BenchError> {
        let alone = tokio::task::spawn_blocking(move || {
            let mut runs = Vec::new();
            for batch in BATCHES {
                let run = repeat(span, || self.log.append(batch))?;
                runs.push((Workload::Append(batch), run));
            }
            let by_ticket = BATCHES.map(|batch| (batch, Layout::ByTicket));
            for (batch, layout) in by_ticket.into_iter().chain([(64, Layout::Appended)]) {
                let run = repeat(span, || self.store.commit(batch, layout))?;
                runs.push((Workload::Redb(batch, layout), run));
            }
            Ok::<_, BenchError>((self, runs))
        });
        let (limits, runs) = alone.await??;
        for (workload, run) in runs {
            collected.add(workload, run, None);
        }
        for clients in BARE_CLIENTS {
            let run = load::post(&limits.http.target, clients, span, source).await?;
            collected.add(Workload::BareHttp(clients), run, None);
        }
        Ok(limits)
    }
}

/// What the tasks of a run draw their events from.
fn draw<R>(source: &Mutex<Source>, make: impl FnOnce(&mut Source) -> R) -> R {
    make(&mut source.lock().unwrap_or_else(PoisonError::into_inner))
}
