//! What `bench` tells, as a table and as JSON.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::sample::{Collected, Line, Spread};
use super::workload::COMPARED;
use super::{Plan, processors};

#[derive(Debug, Serialize)]
pub struct Report {
    version: &'static str,
    cores: usize,
    /// How many cores other programs kept busy meanwhile
    cores_taken_by_others: f64,
    /// In the store before the first event was measured
    tickets: u64,
    rounds: usize,
    daemon: Vec<Line>,
    limits: Vec<Line>,
    ratios: Vec<Ratio>,
    memory: Memory,
    start: Start,
    written_per_event: PerEvent,
}

/// A load on the daemon held against a limit.
#[derive(Debug, Serialize)]
struct Ratio {
    daemon: String,
    limit: String,
    ratio: f64,
}

/// Resident memory of the daemon, bytes.
#[derive(Debug, Serialize)]
pub struct Memory {
    pub idle: u64,
    /// After the tickets were made
    pub filled: u64,
    /// After all loads
    pub loaded: u64,
}

/// From the start of the process to its `ready`, milliseconds.
#[derive(Debug, Serialize)]
pub struct Start {
    after_clean_stop_ms: Spread,
    after_kill_ms: Spread,
    /// Messages since the last checkpoint when it was killed
    messages_to_replay: u64,
}

impl Start {
    pub fn of(clean: &[Duration], killed: &[Duration], messages_to_replay: u64) -> Start {
        let millis = |all: &[Duration]| Spread::of(all.iter().map(|d| d.as_secs_f64() * 1e3));
        Start {
            after_clean_stop_ms: millis(clean),
            after_kill_ms: millis(killed),
            messages_to_replay,
        }
    }
}

/// Bytes written an event, over all loads.
#[derive(Debug, Serialize)]
struct PerEvent {
    journal: f64,
    store: f64,
    /// What reached the disk, from anybody; null where the kernel does not tell
    disk: Option<f64>,
}

impl Report {
    pub fn new(
        plan: &Plan,
        cores_taken_by_others: f64,
        collected: Collected,
        memory: Memory,
        start: Start,
    ) -> Report {
        let events = collected.events().max(1) as f64;
        let written = collected.written().unwrap_or_default();
        let lines = collected.lines();
        let rate = |wanted| {
            let line = lines.iter().find(|line| line.workload == wanted)?;
            Some((line.name.clone(), line.events_per_second.median))
        };
        let ratio = |(ours, limit)| {
            let ((daemon, ours), (limit, bound)) = (rate(ours)?, rate(limit)?);
            Some(Ratio { daemon, limit, ratio: ours / bound.max(f64::MIN_POSITIVE) })
        };
        let ratios = COMPARED.into_iter().filter_map(ratio).collect();
        let (daemon, limits) = lines.into_iter().partition(|line| line.workload.is_ours());
        Report {
            version: env!("CARGO_PKG_VERSION"),
            cores: processors(),
            cores_taken_by_others,
            tickets: plan.tickets,
            rounds: plan.rounds,
            daemon,
            limits,
            ratios,
            memory,
            start,
            written_per_event: PerEvent {
                journal: written.journal as f64 / events,
                store: written.store as f64 / events,
                disk: written.disk.map(|bytes| bytes as f64 / events),
            },
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { version, cores, cores_taken_by_others: others, tickets, rounds, .. } = self;
        let many = whole(*tickets as f64);
        writeln!(f, "frontdesk {version}, {many} tickets, medians of {rounds} rounds")?;
        writeln!(f, "{cores} cores, of which other programs kept {others:.2} busy meanwhile")?;
        table(f, "The daemon: durable events", &self.daemon)?;
        table(f, "The limits, in the same run", &self.limits)?;
        writeln!(f, "\nThe daemon against the limits")?;
        for Ratio { daemon, limit, ratio } in &self.ratios {
            writeln!(f, "  {ratio:>7.2}  {daemon} / {limit}")?;
        }
        let Memory { idle, filled, loaded } = &self.memory;
        let mib = |bytes: &u64| *bytes as f64 / f64::from(1 << 20);
        writeln!(f, "\nMemory (resident)")?;
        writeln!(f, "  {:>7.1} MiB  idle, empty store", mib(idle))?;
        writeln!(
            f,
            "  {:>7.1} MiB  after {} tickets were made",
            mib(filled),
            whole(*tickets as f64)
        )?;
        writeln!(f, "  {:>7.1} MiB  after all of the above", mib(loaded))?;
        let Start { after_clean_stop_ms, after_kill_ms, messages_to_replay } = &self.start;
        writeln!(f, "\nStart with {} tickets", whole(*tickets as f64))?;
        writeln!(f, "  {:>7.0} ms   after a clean stop", after_clean_stop_ms.median)?;
        let replay = whole(*messages_to_replay as f64);
        writeln!(
            f,
            "  {:>7.0} ms   after SIGKILL, {replay} messages to replay",
            after_kill_ms.median
        )?;
        let PerEvent { journal, store, disk } = &self.written_per_event;
        writeln!(f, "\nWritten an event, over all loads")?;
        writeln!(f, "  {:>7} B    journal", whole(*journal))?;
        writeln!(f, "  {:>7} B    store, in checkpoints", whole(*store))?;
        let Some(disk) = disk else { return Ok(()) };
        writeln!(f, "  {:>7} B    that reached the disk, other programs' included", whole(*disk))
    }
}

fn table(f: &mut fmt::Formatter<'_>, title: &str, lines: &[Line]) -> fmt::Result {
    let heads = ["events/s", "lowest", "highest", "p50 us", "p99 us", "journal B"];
    write!(f, "\n{title:<40}")?;
    for head in heads {
        write!(f, "{head:>11}")?;
    }
    writeln!(f)?;
    for line in lines {
        let Spread { median, low, high } = line.events_per_second;
        let journal = line.journal_bytes_per_event.map_or_else(String::new, whole);
        let cells = [median, low, high, line.p50_us, line.p99_us].map(whole);
        write!(f, "  {:<38}", line.name)?;
        for cell in cells.iter().chain([&journal]) {
            write!(f, "{cell:>11}")?;
        }
        writeln!(f)?;
    }
    Ok(())
}

/// A whole number with its thousands apart.
fn whole(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut told = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            told.push(',');
        }
        told.push(digit);
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::daemon::Written;
    use crate::bench::sample::{Run, Window};
    use crate::bench::workload::{Layout, Workload};

    fn report() -> Report {
        let mut collected = Collected::default();
        let mut add = |workload, events, written| {
            let mut run = Run::new(Window::begin(Duration::ZERO));
            run.all = events;
            collected.add(workload, run, written);
        };
        let written = Written { journal: 600, store: 200, disk: Some(4096) };
        add(Workload::Messages(128), 2, Some(written));
        add(Workload::Redb(64, Layout::ByTicket), 64, None);
        let memory = Memory { idle: 1 << 20, filled: 2 << 20, loaded: 3 << 20 };
        let millis = |ms| [Duration::from_millis(ms)];
        let start = Start::of(&millis(20), &millis(90), 9000);
        Report::new(&crate::bench::THOROUGH, 0.25, collected, memory, start)
    }

    #[test]
    fn thousands_are_apart() {
        assert_eq!(
            ["0", "999", "1,000", "1,234,567"],
            [0.0, 999.0, 1000.0, 1_234_567.2].map(whole)
        );
    }

    #[test]
    fn limits_stand_apart_from_the_daemon_and_beside_it() {
        let json = serde_json::to_value(report()).unwrap();
        assert_eq!(json["daemon"][0]["name"], "HTTP, 128 clients");
        assert_eq!(json["limits"][0]["name"], "redb commit of 64 events");
        assert_eq!(json["ratios"].as_array().unwrap().len(), 1);
        assert_eq!(json["written_per_event"]["journal"], 300.0);
        assert_eq!(json["start"]["after_kill_ms"]["median"], 90.0);
    }

    #[test]
    fn the_table_is_readable() {
        let table = report().to_string();
        for line in [
            ", 100,000 tickets, medians of 5 rounds",
            "of which other programs kept 0.25 busy meanwhile",
            "  HTTP, 128 clients  ",
            "HTTP, 128 clients / redb commit of 64 events",
            "      3.0 MiB  after all of the above",
            "       90 ms   after SIGKILL, 9,000 messages to replay",
            "      300 B    journal",
            "    2,048 B    that reached the disk",
        ] {
            assert!(table.contains(line), "{line:?} not in\n{table}");
        }
    }
}
