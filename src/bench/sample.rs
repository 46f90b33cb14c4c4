//! One run of one workload, and the medians over its runs.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::BenchError;
use super::daemon::Written;
use super::workload::Workload;

/// The part of a run before it is counted, in which connections open and caches fill.
const WARM_UP: f64 = 0.2;

/// When a run counts: a while after its beginning, until its end.
#[derive(Clone, Copy)]
pub struct Window {
    from: Instant,
    to: Instant,
}

impl Window {
    /// Counts for `span`, after a warm-up.
    pub fn begin(span: Duration) -> Window {
        let from = Instant::now() + span.mul_f64(WARM_UP);
        Window { from, to: from + span }
    }

    pub fn is_over(self) -> bool {
        Instant::now() >= self.to
    }

    fn seconds(self) -> f64 {
        (self.to - self.from).as_secs_f64()
    }
}

/// What happened in one run.
pub struct Run {
    window: Window,
    /// Of every acknowledgement within the window, microseconds.
    latencies: Vec<u32>,
    /// Events within the window.
    counted: u64,
    /// Events with those of the warm-up.
    pub all: u64,
}

impl Run {
    pub fn new(window: Window) -> Run {
        Run { window, latencies: Vec::new(), counted: 0, all: 0 }
    }

    /// Notes that `events` were acknowledged together just now, having been sent at `sent`.
    pub fn note(&mut self, sent: Instant, events: u64) {
        let now = Instant::now();
        self.all += events;
        if now >= self.window.from && now < self.window.to {
            self.counted += events;
            let micros = now.duration_since(sent).as_micros();
            self.latencies.push(u32::try_from(micros).unwrap_or(u32::MAX));
        }
    }

    /// Takes in what another client saw in the same run.
    pub fn join(&mut self, other: Run) {
        self.latencies.extend(other.latencies);
        self.counted += other.counted;
        self.all += other.all;
    }

    fn percentile(&mut self, hundredths: usize) -> u32 {
        self.latencies.sort_unstable();
        let last = self.latencies.len().saturating_sub(1);
        self.latencies.get(last * hundredths / 100).copied().unwrap_or(0)
    }
}

/// Repeats `step`, which says how many events it made durable, for as long as `span` says.
pub fn repeat(
    span: Duration,
    mut step: impl FnMut() -> Result<u64, BenchError>,
) -> Result<Run, BenchError> {
    let window = Window::begin(span);
    let mut run = Run::new(window);
    while !window.is_over() {
        let sent = Instant::now();
        let events = step()?;
        run.note(sent, events);
    }
    Ok(run)
}

/// Median, lowest and highest of the rounds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    pub median: f64,
    pub low: f64,
    pub high: f64,
}

impl Spread {
    /// Zeroes when nothing was measured.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Spread {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_unstable_by(f64::total_cmp);
        let at = |place: usize| values.get(place).copied().unwrap_or(0.0);
        let last = values.len().saturating_sub(1);
        Spread { median: (at(last / 2) + at(last.div_ceil(2))) / 2.0, low: at(0), high: at(last) }
    }
}

/// A workload over all rounds.
#[derive(Default)]
struct Rounds {
    per_second: Vec<f64>,
    p50_us: Vec<f64>,
    p99_us: Vec<f64>,
    events: u64,
    written: Option<Written>,
}

/// Everything measured so far.
#[derive(Default)]
pub struct Collected {
    rounds: Vec<(Workload, Rounds)>,
}

/// A line of the table.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    #[serde(skip)]
    pub workload: Workload,
    pub name: String,
    pub events_per_second: Spread,
    pub p50_us: f64,
    pub p99_us: f64,
    /// Of the daemon alone: journal bytes, padding included.
    pub journal_bytes_per_event: Option<f64>,
}

impl Collected {
    /// Adds a round; `written` while it ran, by the daemon.
    pub fn add(&mut self, workload: Workload, mut run: Run, written: Option<Written>) {
        let place = self.rounds.iter().position(|(known, _)| *known == workload);
        let place = place.unwrap_or_else(|| {
            self.rounds.push((workload, Rounds::default()));
            self.rounds.len() - 1
        });
        let rounds = &mut self.rounds[place].1;
        rounds.per_second.push(run.counted as f64 / run.window.seconds());
        rounds.p50_us.push(f64::from(run.percentile(50)));
        rounds.p99_us.push(f64::from(run.percentile(99)));
        rounds.events += run.all;
        rounds.written = match (rounds.written, written) {
            (Some(before), Some(now)) => Some(before.and(now)),
            (before, now) => now.or(before),
        };
    }

    /// Events that the daemon acknowledged.
    pub fn events(&self) -> u64 {
        let ours = self.rounds.iter().filter(|(workload, _)| workload.is_ours());
        ours.map(|(_, rounds)| rounds.events).sum()
    }

    /// What was written meanwhile, all loads together.
    pub fn written(&self) -> Option<Written> {
        self.rounds.iter().filter_map(|(_, rounds)| rounds.written).reduce(Written::and)
    }

    pub fn lines(self) -> Vec<Line> {
        let line = |(workload, rounds): (Workload, Rounds)| Line {
            workload,
            name: workload.label(),
            events_per_second: Spread::of(rounds.per_second),
            p50_us: Spread::of(rounds.p50_us).median,
            p99_us: Spread::of(rounds.p99_us).median,
            journal_bytes_per_event: rounds
                .written
                .map(|w| w.journal as f64 / rounds.events.max(1) as f64),
        };
        self.rounds.into_iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        assert_eq!(Spread::of([4.0, 1.0, 2.0]), Spread { median: 2.0, low: 1.0, high: 4.0 });
        assert_eq!(Spread::of([4.0, 1.0, 2.0, 3.0]).median, 2.5);
        assert_eq!(Spread::of([]).median, 0.0);
    }

    #[test]
    fn what_happens_outside_the_window_is_not_counted() {
        let now = Instant::now();
        let hour = Duration::from_secs(3600);
        let mut early = Run::new(Window { from: now + hour, to: now + 2 * hour });
        early.note(now, 3);
        assert_eq!((early.counted, early.all, early.percentile(50)), (0, 3, 0));
        let mut within = Run::new(Window { from: now, to: now + hour });
        within.note(now, 3);
        assert_eq!((within.counted, within.all, within.latencies.len()), (3, 3, 1));
    }

    #[test]
    fn percentiles_are_of_all_clients_together() {
        let window = Window::begin(Duration::ZERO);
        let of = |latencies: Vec<u32>| Run { latencies, ..Run::new(window) };
        let mut run = of((1..=50).collect());
        run.join(of((51..=101).collect()));
        assert_eq!((run.percentile(50), run.percentile(99)), (51, 100));
    }
}
