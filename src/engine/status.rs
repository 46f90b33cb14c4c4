//! How the daemon is: what `frontdesk status` shows, and what a support bundle holds. It says nothing of
//! anybody: counts, sizes and times only.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::audit::read::Extent;
use super::outbox::BridgeState;
use super::{ClockReport, Engine, Job, Shared};
use crate::describe::ToSchema;
use crate::domain::contact::Scope;
use crate::domain::status::Status as TicketStatus;
use crate::domain::time::Micros;
use crate::store::Description;

/// A writer that takes longer than this is as good as hung.
const PATIENCE: Duration = Duration::from_secs(5);

/// The daemon; sizes in bytes, spans in seconds.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Status {
    pub version: String,
    pub uptime: u64,
    pub ready: bool,
    /// Why not, when not.
    pub reason: Option<String>,
    /// None when the writer does not answer.
    pub store: Option<StoreStatus>,
    /// Commands waiting for the writer.
    pub queue: u64,
    pub tickets: BTreeMap<String, u64>,
    pub open_calls: u64,
    pub connections: u64,
    pub doors: BTreeMap<String, DoorStatus>,
    /// The bridges by which replies go out, by instance.
    pub bridges: BTreeMap<String, BridgeStatus>,
    /// What the daemon fetches from by itself: dial-out sources, the mailbox; by name.
    #[serde(default)]
    pub sources: BTreeMap<String, SourceStatus>,
    /// Tokens that are valid, by scope.
    pub tokens: BTreeMap<String, u64>,
    /// None before the first batch.
    pub clock: Option<ClockStatus>,
    /// None while nothing was ever audited.
    pub audit: Option<Extent>,
    pub wear: Wear,
    /// What the process holds in memory.
    pub memory: Option<u64>,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct StoreStatus {
    pub format: u32,
    /// Of `store.redb`.
    pub size: u64,
    pub free_space: Option<u64>,
    /// What of that only clearing up may use.
    pub reserve: u64,
    /// What must be free for new events to be taken, the reserve included.
    pub needed: Option<u64>,
    /// Room kept by the ballast file; 0 when it was given up.
    pub ballast: u64,
    pub journal: JournalStatus,
    pub written: Written,
    /// How long ago the last checkpoint was; none before the first since the start.
    pub last_checkpoint: Option<u64>,
    pub checkpoints: u64,
    pub compactions: u64,
    /// Batches replayed at the start: not 0 after a power cut or a crash.
    pub replayed: u64,
    /// How often the database was reopened after an error.
    pub reopened: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct JournalStatus {
    pub batch: u64,
    /// The newest event.
    pub event: u64,
    /// The oldest event of the feed.
    pub oldest_event: u64,
    pub segments: u64,
    pub size: u64,
    /// Events since the last checkpoint.
    pub to_replay: u64,
    /// How long the last sync took, in microseconds.
    pub last_sync_micros: u64,
}

/// Bytes written since the start.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Written {
    /// With the zeros that prepare segments.
    pub journal: u64,
    /// These zeros.
    pub zeros: u64,
    pub store: u64,
}

/// What the kernel says of writing; none where it does not.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Wear {
    /// Bytes that this process has written since its start.
    pub process: Option<u64>,
    /// Bytes that reached the data directory's device since boot, from everybody.
    pub device: Option<u64>,
}

/// The wall clock; times as RFC 3339.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ClockStatus {
    /// Whether it is believed.
    pub trusted: bool,
    /// Whether a time server has set it since the machine started.
    pub synchronized: bool,
    /// How often it has jumped since the store was made.
    pub jumps: u64,
    pub last_jump: Option<JumpStatus>,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct JumpStatus {
    /// What it would have shown; over a restart the last that was kept.
    #[schema(value_type = String, format = DateTime)]
    pub from: Micros,
    #[schema(value_type = String, format = DateTime)]
    pub to: Micros,
}

impl From<ClockReport> for ClockStatus {
    fn from(clock: ClockReport) -> ClockStatus {
        let last = clock.state.jumps.last();
        ClockStatus {
            trusted: clock.trusted,
            synchronized: clock.synchronized,
            jumps: clock.state.jumped,
            last_jump: last.map(|jump| JumpStatus { from: jump.from, to: jump.to }),
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct DoorStatus {
    pub outcomes: BTreeMap<String, u64>,
    /// How long ago the last event came.
    pub last_event: u64,
}

/// One way out; counts since the start.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct BridgeStatus {
    /// Replies that wait to be sent.
    pub waiting: u64,
    /// How long the oldest of them has waited.
    pub oldest: Option<u64>,
    pub sent: u64,
    pub failed: u64,
    /// Attempts that will be made again.
    pub retried: u64,
    /// What its last attempt met, while none succeeds.
    pub failing: Option<String>,
    pub failing_for: Option<u64>,
}

/// One source; counts since the start.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct SourceStatus {
    pub kind: String,
    pub connected: bool,
    pub events: u64,
    /// How long ago the last event came.
    pub last_event: Option<u64>,
    /// Why the last connection, or the last try of one, ended.
    pub error: Option<String>,
}

fn sources(shared: &Shared) -> BTreeMap<String, SourceStatus> {
    let all = shared.metrics.sources.all().into_iter();
    let ago = |at: SystemTime| at.elapsed().unwrap_or_default().as_secs();
    all.map(|source| {
        let status = SourceStatus {
            kind: source.kind.to_owned(),
            connected: source.connected_since.is_some(),
            events: source.events,
            last_event: source.last_event.map(ago),
            error: source.last_error,
        };
        (source.name, status)
    })
    .collect()
}

impl From<Description> for StoreStatus {
    fn from(store: Description) -> StoreStatus {
        let micros = store.figures.last_sync.as_micros();
        StoreStatus {
            format: store.format,
            size: store.bytes,
            free_space: store.free,
            reserve: store.reserve,
            needed: store.needed,
            ballast: store.ballast,
            journal: JournalStatus {
                batch: store.last_batch,
                event: store.last_seq,
                oldest_event: store.oldest_seq,
                segments: store.segments as u64,
                size: store.journal_bytes,
                to_replay: store.to_replay,
                last_sync_micros: u64::try_from(micros).unwrap_or(u64::MAX),
            },
            written: Written {
                journal: store.figures.journal_bytes,
                zeros: store.figures.journal_zeroed,
                store: store.figures.database_bytes,
            },
            last_checkpoint: store.checkpointed.map(seconds_since),
            checkpoints: store.figures.checkpoints,
            compactions: store.figures.compactions,
            replayed: store.replayed,
            reopened: store.figures.reopened,
        }
    }
}

impl Engine {
    /// How the daemon is, asked of the writer too: a hung one is not ready.
    pub async fn status(&self) -> Status {
        let probe = tokio::time::timeout(PATIENCE, self.probe()).await;
        let tried = probe.unwrap_or_else(|_| Err(format!("no probe was written in {PATIENCE:?}")));
        let store = tokio::time::timeout(PATIENCE, self.describe()).await.ok().flatten();
        let shared = self.shared();
        let tickets = TicketStatus::ALL.into_iter().zip(shared.index().by_status());
        let doors = shared.metrics.doors.all().into_iter().map(|(name, door)| {
            let outcomes = door.outcomes.into_iter().map(|(name, n)| (name.to_owned(), n));
            let last_event = seconds_since(door.last);
            (name.to_owned(), DoorStatus { outcomes: outcomes.collect(), last_event })
        });
        let valid: Vec<_> =
            shared.tokens().into_iter().filter(|t| t.revoked_at.is_none()).collect();
        let bearing = |scope: Scope| {
            let count = valid.iter().filter(|token| token.scopes.contains(&scope)).count();
            (scope.as_str().to_owned(), count as u64)
        };
        let wear = shared.metrics.written();
        let gauge = |value: i64| u64::try_from(value).unwrap_or(0);
        Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            uptime: seconds_since(shared.started),
            ready: tried.is_ok(),
            reason: tried.err(),
            store: store.map(StoreStatus::from),
            queue: gauge(shared.metrics.queue_length.get()),
            tickets: tickets.map(|(status, count)| (status.as_str().to_owned(), count)).collect(),
            open_calls: shared.open_calls().len() as u64,
            connections: gauge(shared.metrics.connections.get()),
            doors: doors.collect(),
            bridges: bridges(shared),
            sources: sources(shared),
            tokens: Scope::ALL.into_iter().map(bearing).collect(),
            clock: shared.clock().map(ClockStatus::from),
            audit: self.audit_extent().ok().flatten(),
            wear: Wear { process: wear.process, device: wear.device },
            memory: resident(),
        }
    }

    async fn describe(&self) -> Option<Description> {
        let (answer, receiver) = oneshot::channel();
        self.queue.try_send(Job::Describe(answer)).ok()?;
        receiver.await.ok()
    }
}

fn bridges(shared: &Shared) -> BTreeMap<String, BridgeStatus> {
    let mut bridges: BTreeMap<String, BridgeStatus> = BTreeMap::new();
    for (instance, state) in shared.outbox().bridges() {
        let BridgeState { sent, failed, retried, failing } = state;
        let (since, failing) = failing.unzip();
        let failing_for = since.map(seconds_since);
        let status =
            BridgeStatus { sent, failed, retried, failing, failing_for, ..BridgeStatus::default() };
        bridges.insert(instance, status);
    }
    for (instance, (waiting, oldest)) in shared.outbox().by_instance() {
        let status = bridges.entry(instance).or_default();
        status.waiting = waiting;
        let age = shared.steady().0.saturating_sub(oldest.0) / Micros::SECOND;
        status.oldest = Some(u64::try_from(age).unwrap_or(0));
    }
    bridges
}

fn seconds_since(then: Instant) -> u64 {
    then.elapsed().as_secs()
}

/// `VmRSS` of this process.
fn resident() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}
