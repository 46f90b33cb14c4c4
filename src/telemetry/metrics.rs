//! What is counted, in the words of Prometheus.

use std::fmt::Write;
use std::path::PathBuf;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use super::doors::Doors;
use super::sources::Sources;
use super::wear::{self, Written};

/// Events in, by door (`call`, `baileys`, …) and what became of them (`stored`, `ignored_group`, …).
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct EventIn {
    pub door: &'static str,
    pub outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Answered {
    pub method: &'static str,
    pub route: String,
    pub status: u16,
}

/// Attempts to send a reply, by instance of a bridge and what became of them: sent, retried, failed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct SentOut {
    pub instance: String,
    pub outcome: &'static str,
}

pub struct Metrics {
    registry: Registry,
    data_dir: Option<PathBuf>,
    pub events_in: Family<EventIn, Counter>,
    pub doors: Doors,
    pub sources: Sources,
    pub answered: Family<Answered, Counter>,
    sent_out: Family<SentOut, Counter>,
    pub commit_seconds: Histogram,
    pub batch_commands: Histogram,
    journal_bytes: Gauge,
    journal_zeroed: Gauge,
    clock_trusted: Gauge,
    clock_synchronized: Gauge,
    clock_jumps: Gauge,
    store_bytes: Gauge,
    disk_free: Gauge,
    disk_needed: Gauge,
    ballast: Gauge,
    checkpoints: Gauge,
    compactions: Gauge,
    pub queue_length: Gauge,
    pub open_calls: Gauge,
    pub connections: Gauge,
}

impl Default for Metrics {
    fn default() -> Metrics {
        let mut registry = Registry::with_prefix("frontdesk");
        let events_in = Family::default();
        registry.register("events_in", "Events in, by door and outcome", events_in.clone());
        let answered = Family::default();
        registry.register("http_requests", "Requests answered", answered.clone());
        let sent_out = Family::default();
        let told = "Attempts to send a reply, by instance and outcome";
        registry.register("replies", told, sent_out.clone());
        let commit_seconds = Histogram::new(exponential_buckets(50e-6, 2.0, 16));
        registry.register_with_unit(
            "commit",
            "From the first decision of a batch to its commit",
            Unit::Seconds,
            commit_seconds.clone(),
        );
        let batch_commands = Histogram::new(exponential_buckets(1.0, 2.0, 11));
        registry.register("batch_commands", "Commands in a batch", batch_commands.clone());
        let mut gauge = |name: &str, help: &str| {
            let gauge = Gauge::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        Metrics {
            journal_bytes: gauge(
                "journal_written_bytes",
                "Bytes written to the journal since start, zeros of new segments included",
            ),
            journal_zeroed: gauge(
                "journal_zeroed_bytes",
                "Bytes of zeros among them, which prepared segments",
            ),
            clock_trusted: gauge("clock_trusted", "1 when the wall clock is believed"),
            clock_synchronized: gauge(
                "clock_synchronized",
                "1 when a time server has set the wall clock since the machine started",
            ),
            clock_jumps: gauge("clock_jumps", "How often the wall clock has jumped, ever"),
            disk_free: gauge("disk_free_bytes", "Free bytes of the data directory's disk"),
            disk_needed: gauge(
                "disk_needed_bytes",
                "What must be free for new events to be taken; below it they are answered 507",
            ),
            ballast: gauge(
                "ballast_bytes",
                "Room kept by the ballast file; 0 when it was given up",
            ),
            store_bytes: gauge("store_written_bytes", "Bytes written to store.redb since start"),
            checkpoints: gauge("checkpoints", "Checkpoints since start"),
            compactions: gauge("compactions", "Compactions of the store since start"),
            queue_length: gauge("queue_length", "Commands waiting for the writer"),
            open_calls: gauge("open_calls", "Calls that have not ended"),
            connections: gauge("connections", "Open HTTP and WebSocket connections"),
            events_in,
            doors: Doors::default(),
            sources: Sources::default(),
            answered,
            sent_out,
            commit_seconds,
            batch_commands,
            registry,
            data_dir: None,
        }
    }
}

impl Metrics {
    /// With what the kernel counts for the disk of this directory.
    pub fn of(data_dir: PathBuf) -> Metrics {
        Metrics { data_dir: Some(data_dir), ..Metrics::default() }
    }

    /// What was written to the flash, as the kernel counts it.
    pub fn written(&self) -> Written {
        self.data_dir.as_deref().map(wear::written).unwrap_or_default()
    }

    pub fn event(&self, door: &'static str, outcome: &'static str) {
        self.events_in.get_or_create(&EventIn { door, outcome }).inc();
        self.doors.event(door, outcome);
    }

    /// Instances come from the configuration, so the figures do not grow with what others send.
    pub fn sent(&self, instance: &str, outcome: &'static str) {
        let instance = instance.to_owned();
        self.sent_out.get_or_create(&SentOut { instance, outcome }).inc();
    }

    /// The wall clock: believed, set by a time server, and how often it has jumped.
    pub fn clock(&self, trusted: bool, synchronized: bool, jumps: u64) {
        self.clock_trusted.set(i64::from(trusted));
        self.clock_synchronized.set(i64::from(synchronized));
        self.clock_jumps.set(i64::try_from(jumps).unwrap_or(i64::MAX));
    }

    /// What the store has done: bytes to the journal, zeros among them, bytes to the database, checkpoints, compactions.
    pub fn store(&self, figures: &[u64; 5]) {
        let gauges = [
            &self.journal_bytes,
            &self.journal_zeroed,
            &self.store_bytes,
            &self.checkpoints,
            &self.compactions,
        ];
        for (gauge, figure) in gauges.into_iter().zip(figures) {
            gauge.set(i64::try_from(*figure).unwrap_or(i64::MAX));
        }
    }

    /// The disk of the data directory, in bytes.
    pub fn space(&self, free: u64, needed: u64, ballast: u64) {
        for (gauge, bytes) in
            [(&self.disk_free, free), (&self.disk_needed, needed), (&self.ballast, ballast)]
        {
            gauge.set(i64::try_from(bytes).unwrap_or(i64::MAX));
        }
    }

    /// The text format of Prometheus (OpenMetrics), without the closing `# EOF`.
    pub fn encode(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode_registry(&mut text, &self.registry)?;
        let written = self.written();
        let process = "Bytes written by this process since its start, as the kernel counts them";
        let device = "Bytes written to the data directory's device since boot, by everybody";
        for (name, help, bytes) in [
            ("frontdesk_process_written_bytes", process, written.process),
            ("frontdesk_device_written_bytes", device, written.device),
        ] {
            if let Some(bytes) = bytes {
                writeln!(text, "# HELP {name} {help}.\n# TYPE {name} counter")?;
                writeln!(text, "{name}_total {bytes}")?;
            }
        }
        self.sources.encode(&mut text)?;
        Ok(text)
    }
}
