//! Whether the machine was ours while we measured: the processor time that everybody else took.

use std::fs;

/// Processor time until now, in clock ticks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ticks {
    all: u64,
    busy: u64,
    /// This process and the daemon.
    ours: u64,
}

impl Ticks {
    /// Zeroes where `/proc` does not tell.
    pub fn now(daemon: u32) -> Ticks {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let (all, busy) = of_machine(&read("/proc/stat"));
        let daemon = of_process(&read(&format!("/proc/{daemon}/stat")));
        Ticks { all, busy, ours: of_process(&read("/proc/self/stat")) + daemon }
    }

    /// How many processors others kept busy since `before`, on average.
    pub fn taken_by_others(self, before: Ticks, processors: usize) -> f64 {
        let others = (self.busy - before.busy).saturating_sub(self.ours - before.ours);
        others as f64 / (self.all - before.all).max(1) as f64 * processors as f64
    }
}

/// All and busy ticks: the first line holds user, nice, system, idle, iowait, irq, softirq, steal.
fn of_machine(stat: &str) -> (u64, u64) {
    let line = stat.lines().next().unwrap_or_default();
    let ticks: Vec<u64> =
        line.split_whitespace().skip(1).take(8).filter_map(|word| word.parse().ok()).collect();
    let idle: u64 = ticks.iter().skip(3).take(2).sum();
    let all: u64 = ticks.iter().sum();
    (all, all - idle)
}

/// User and system time: the 14th and 15th field. The 2nd is a name in brackets that may hold blanks.
fn of_process(stat: &str) -> u64 {
    let behind_the_name = stat.rsplit(") ").next().unwrap_or_default();
    let fields = behind_the_name.split_whitespace().skip(11).take(2);
    fields.filter_map(|word| word.parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_busy_and_not_ours_was_taken_by_others() {
        assert_eq!(of_machine("cpu  100 0 50 800 40 0 10 0 0 0\ncpu0 1 2"), (1000, 160));
        assert_eq!(of_process("7 (a ) b) S 1 7 7 0 -1 4194304 9 0 0 0 30 12 0 0 20"), 42);
        let before = Ticks { all: 1000, busy: 160, ours: 42 };
        let after = Ticks { all: 1200, busy: 320, ours: 102 };
        assert_eq!(after.taken_by_others(before, 2), 1.0);
    }
}
