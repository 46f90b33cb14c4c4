//! Which time to believe, on a box without a battery-backed clock.
//!
//! There are two times. The *wall clock* is for people; anybody may set it, and after a power cut it may be years
//! off until the network tells the time. The *steady clock* is for whatever is kept or waited for a while: it
//! begins with the wall clock's time when the store is made, goes on only while the daemon runs, over all its
//! starts, and is never set. So nothing is deleted early, or ended, because a clock jumped.
//!
//! The wall clock is *trusted* once a time server has set it, or when it goes on from the last time that was
//! trusted and is not before this program was built. One that jumped back, or further ahead than a box is ever
//! off, is trusted again when it was synchronised or has gone evenly for a day.

use serde::{Deserialize, Serialize};

use super::time::Micros;

/// A difference between the two clocks that is no jump: what slewing and a leap second come to.
const TOLERANCE: i64 = Micros::MINUTE;
/// A box that comes back after longer than this has a wrong clock rather than a long rest.
const LONGEST_REST: i64 = 365 * Micros::DAY;
/// A wall clock that went evenly for so long is believed, whatever it was before.
const SETTLED: i64 = Micros::DAY;
/// How often the state is written while nothing happens to it; so much of the steady clock a power cut costs.
const WRITTEN_EVERY: i64 = 10 * Micros::MINUTE;
/// Jumps remembered; more are counted.
pub const MAX_JUMPS: usize = 32;

/// What the machine's clocks show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    pub wall: Micros,
    /// A clock that nobody sets; only its differences count.
    pub machine: Micros,
    /// Whether a time server has set the wall clock since the machine started.
    pub synchronized: bool,
}

/// The time, as deciding is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time {
    /// The wall clock: what is shown and published.
    pub now: Micros,
    /// The steady clock: what is kept or waited for is measured by it.
    pub steady: Micros,
    /// Whether to believe `now`.
    pub trusted: bool,
}

/// What is kept of the clocks over restarts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockState {
    /// Both clocks when this was written.
    pub steady: Micros,
    pub wall: Micros,
    /// The latest wall time that was trusted.
    pub believed: Option<Micros>,
    /// Since when, by the steady clock, the wall clock has gone evenly.
    pub even_since: Micros,
    /// How often the wall clock has jumped since the store was made.
    pub jumped: u64,
    /// The last of these jumps, oldest first; at most [`MAX_JUMPS`].
    pub jumps: Vec<Jump>,
}

/// The wall clock was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jump {
    /// When, by the steady clock.
    pub steady: Micros,
    /// What it would have shown; over a restart the last that was written.
    pub from: Micros,
    pub to: Micros,
    pub synchronized: bool,
}

/// The clocks while the daemon runs.
#[derive(Clone, Debug)]
pub struct Clock {
    state: ClockState,
    /// From the machine's clock to the steady one; never changes.
    offset: i64,
    /// The last reading.
    last: Reading,
    built: Micros,
    trusted: bool,
    /// The steady time of the state that is on disk; none when it must be written.
    written: Option<Micros>,
    /// A jump that nobody was told of yet.
    news: Option<Jump>,
}

impl Clock {
    /// `stored` is what was kept; in a store that kept nothing the steady clock begins with the newest time it is
    /// known to have counted by (`newest`), else with the wall clock. `built` is when this program was made.
    pub fn start(
        stored: Option<ClockState>,
        newest: Option<Micros>,
        reading: Reading,
        built: Micros,
    ) -> Clock {
        let before = stored.as_ref().map(|stored| stored.wall);
        let state = stored.unwrap_or_else(|| {
            let steady = newest.unwrap_or(reading.wall);
            ClockState {
                steady,
                wall: reading.wall,
                believed: None,
                even_since: steady,
                jumped: 0,
                jumps: Vec::new(),
            }
        });
        let offset = state.steady.0.saturating_sub(reading.machine.0);
        let mut clock = Clock {
            state,
            offset,
            last: reading,
            built,
            trusted: false,
            written: None,
            news: None,
        };
        if let Some(before) = before {
            let rest = reading.wall.0.saturating_sub(before.0);
            if !(-TOLERANCE..=LONGEST_REST).contains(&rest) {
                clock.jump(before, reading);
            }
        }
        clock.read(reading);
        clock
    }

    /// Takes a reading; gives the time.
    pub fn read(&mut self, reading: Reading) -> Time {
        let passed = reading.machine.0.saturating_sub(self.last.machine.0).max(0);
        let expected = self.last.wall.plus(passed);
        if reading.wall.0.abs_diff(expected.0) > TOLERANCE.unsigned_abs() {
            self.jump(expected, reading);
        }
        self.last = reading;
        let steady = reading.machine.plus(self.offset).max(self.state.steady);
        self.state.steady = steady;
        self.state.wall = reading.wall;
        let trusted = self.believe(reading);
        if trusted != self.trusted {
            self.trusted = trusted;
            self.written = None;
        }
        Time { now: reading.wall, steady, trusted }
    }

    fn believe(&mut self, Reading { wall, synchronized, .. }: Reading) -> bool {
        let goes_on = self.state.believed.is_none_or(|believed| {
            wall >= believed.plus(-TOLERANCE) && wall <= believed.plus(LONGEST_REST)
        });
        let even = self.state.steady.0.saturating_sub(self.state.even_since.0);
        let settled = synchronized || even >= SETTLED;
        let trusted = synchronized || (wall >= self.built && (goes_on || settled));
        if trusted {
            let latest = self.state.believed.filter(|_| !settled).map_or(wall, |b| b.max(wall));
            self.state.believed = Some(latest);
        }
        trusted
    }

    fn jump(&mut self, from: Micros, to: Reading) {
        let steady = to.machine.plus(self.offset).max(self.state.steady);
        let jump = Jump { steady, from, to: to.wall, synchronized: to.synchronized };
        self.state.even_since = steady;
        self.state.jumped += 1;
        if self.state.jumps.len() == MAX_JUMPS {
            self.state.jumps.remove(0);
        }
        self.state.jumps.push(jump);
        self.news = Some(jump);
        self.written = None;
    }

    /// The jump since this was last asked.
    pub fn news(&mut self) -> Option<Jump> {
        self.news.take()
    }

    /// The state, if it is time to write it.
    pub fn due(&self) -> Option<&ClockState> {
        let fresh = |written: Micros| self.state.steady < written.plus(WRITTEN_EVERY);
        if self.written.is_some_and(fresh) { None } else { Some(&self.state) }
    }

    /// The state as it is now was written.
    pub fn written(&mut self) {
        self.written = Some(self.state.steady);
    }

    pub fn state(&self) -> &ClockState {
        &self.state
    }

    /// From the machine's clock to the steady one, for as long as the daemon runs.
    pub fn offset(&self) -> i64 {
        self.offset
    }

    /// Whether any of it was written since the start.
    pub fn was_written(&self) -> bool {
        self.written.is_some()
    }

    pub fn is_synchronized(&self) -> bool {
        self.last.synchronized
    }

    pub fn is_trusted(&self) -> bool {
        self.trusted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUILT: Micros = Micros(1_700_000_000 * Micros::SECOND);
    const YEARS: i64 = 10 * 365 * Micros::DAY;

    /// A box: its clocks, and a daemon that reads them.
    struct Machine {
        reading: Reading,
        clock: Clock,
    }

    impl Machine {
        fn new() -> Machine {
            let wall = BUILT.plus(30 * Micros::DAY);
            let reading = Reading { wall, machine: Micros(7), synchronized: false };
            Machine { reading, clock: Clock::start(None, None, reading, BUILT) }
        }

        fn wait(&mut self, micros: i64) -> Time {
            self.reading.wall = self.reading.wall.plus(micros);
            self.reading.machine = self.reading.machine.plus(micros);
            self.clock.read(self.reading)
        }

        fn set(&mut self, by: i64) -> Time {
            self.reading.wall = self.reading.wall.plus(by);
            self.clock.read(self.reading)
        }

        /// Off for a time that the wall clock shows as `by`, and on again.
        fn restart(&mut self, by: i64) -> Time {
            let kept = self.clock.state().clone();
            self.reading.wall = self.reading.wall.plus(by);
            self.reading.machine = Micros(3);
            self.reading.synchronized = false;
            self.clock = Clock::start(Some(kept), None, self.reading, BUILT);
            self.clock.read(self.reading)
        }
    }

    #[test]
    fn the_steady_clock_counts_what_the_daemon_has_run_whatever_the_wall_clock_shows() {
        let mut machine = Machine::new();
        let began = machine.clock.state().steady;
        machine.wait(Micros::HOUR);
        machine.set(YEARS);
        machine.wait(Micros::HOUR);
        machine.restart(-2 * YEARS);
        machine.wait(Micros::HOUR);
        let time = machine.restart(YEARS);
        assert_eq!(time.steady, began.plus(3 * Micros::HOUR));
        assert_eq!(machine.clock.state().jumped, 3);
    }

    #[test]
    fn a_clock_that_goes_on_is_trusted_over_nights_and_long_rests() {
        let mut machine = Machine::new();
        for rest in [Micros::SECOND, 12 * Micros::HOUR, 30 * Micros::DAY, -30 * Micros::SECOND] {
            assert!(machine.wait(Micros::HOUR).trusted);
            assert!(machine.restart(rest).trusted);
        }
        assert_eq!(machine.clock.state().jumped, 0);
    }

    #[test]
    fn a_clock_that_jumped_years_is_not_trusted_until_it_was_synchronised() {
        for by in [-YEARS, YEARS, -Micros::HOUR] {
            for over_a_restart in [false, true] {
                let mut machine = Machine::new();
                let time = if over_a_restart { machine.restart(by) } else { machine.set(by) };
                assert!(!time.trusted, "{by} {over_a_restart}");
                assert_eq!(machine.clock.news().map(|jump| jump.to), Some(machine.reading.wall));
                assert!(!machine.wait(Micros::MINUTE).trusted);
                machine.reading.synchronized = true;
                assert!(machine.wait(Micros::SECOND).trusted);
                let later = machine.restart(Micros::MINUTE);
                assert_eq!(later.trusted, later.now >= BUILT, "it goes on from there");
            }
        }
    }

    #[test]
    fn a_clock_that_is_set_right_again_is_trusted_at_once() {
        let mut machine = Machine::new();
        assert!(!machine.set(-YEARS).trusted);
        assert!(machine.set(YEARS).trusted);
        assert!(!machine.set(YEARS).trusted);
        assert!(machine.set(-YEARS).trusted);
    }

    #[test]
    fn without_a_time_server_a_clock_that_goes_evenly_for_a_day_is_believed() {
        let mut machine = Machine::new();
        machine.set(YEARS);
        for _ in 0..23 {
            assert!(!machine.wait(Micros::HOUR).trusted);
        }
        assert!(machine.wait(Micros::HOUR).trusted);
        let mut machine = Machine::new();
        machine.set(-YEARS);
        assert!(!machine.wait(10 * Micros::DAY).trusted, "never before this program was made");
    }

    #[test]
    fn the_state_is_written_when_something_happened_and_every_few_minutes() {
        let mut machine = Machine::new();
        assert!(machine.clock.due().is_some());
        machine.clock.written();
        machine.wait(9 * Micros::MINUTE);
        assert!(machine.clock.due().is_none());
        machine.wait(Micros::MINUTE);
        assert!(machine.clock.due().is_some());
        machine.clock.written();
        machine.set(YEARS);
        assert!(machine.clock.due().is_some());
    }

    #[test]
    fn jumps_are_counted_for_ever_and_the_last_ones_remembered() {
        let mut machine = Machine::new();
        for n in 0..100 {
            machine.set(if n % 2 == 0 { YEARS } else { -YEARS });
        }
        assert_eq!(machine.clock.state().jumped, 100);
        assert_eq!(machine.clock.state().jumps.len(), MAX_JUMPS);
        machine.reading.wall = Micros(i64::MAX);
        machine.wait(Micros::HOUR);
        machine.reading.wall = Micros(i64::MIN);
        machine.wait(Micros::HOUR);
    }
}
