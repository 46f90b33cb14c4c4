//! Long work on stderr: a bar on a terminal, else a line now and then, as for the journal.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use super::size;
use crate::telemetry::progress::{Progress, Watch};

/// How often a bar is drawn.
const DRAW: Duration = Duration::from_millis(200);
/// How often a line is written; what is over before the first one writes none.
const LINE: Duration = Duration::from_secs(10);
/// Characters of a bar.
const WIDTH: u64 = 30;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Bytes,
    /// Anything else, by its name.
    Count(&'static str),
}

/// Shows how far a work has come, until it is dropped.
pub struct Meter {
    watch: Option<Watch>,
    bar: bool,
}

impl Meter {
    pub fn show(what: &'static str, unit: Unit, progress: &Progress) -> Meter {
        let began = Instant::now();
        let bar = io::stderr().is_terminal();
        let watch = if bar {
            progress.watch(DRAW, move |done, total| {
                let bar = bar_of(done, total);
                let text = words(unit, (done, total), began.elapsed());
                // Nobody is left to see a bar on a terminal that is gone.
                let _ = write!(io::stderr(), "\r{what} {bar}{text}\x1b[K");
            })
        } else {
            progress.watch(LINE, move |done, total| {
                let text = words(unit, (done, total), began.elapsed());
                let _ = writeln!(io::stderr(), "{what}: {text}");
            })
        };
        Meter { watch: Some(watch), bar }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        drop(self.watch.take());
        if self.bar {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

fn bar_of(done: u64, total: u64) -> String {
    if total == 0 {
        return String::new();
    }
    let full = u64::min(WIDTH, done.saturating_mul(WIDTH) / total);
    format!("[{}{}] ", "#".repeat(full as usize), "-".repeat((WIDTH - full) as usize))
}

/// How far, and how long it may still take: `52 %, 520000 of 1000000 rows, 12 s left`.
fn words(unit: Unit, (done, total): (u64, u64), elapsed: Duration) -> String {
    let amount = |n: u64| match unit {
        Unit::Bytes => size::bytes(n),
        Unit::Count(_) => n.to_string(),
    };
    let name = match unit {
        Unit::Bytes => String::new(),
        Unit::Count(name) => format!(" {name}"),
    };
    if total == 0 {
        return format!("{}{name}", amount(done));
    }
    let done = done.min(total);
    let percent = done.saturating_mul(100) / total;
    let mut text = format!("{percent} %, {} of {}{name}", amount(done), amount(total));
    if percent >= 2 && done < total {
        let left = elapsed.mul_f64((total - done) as f64 / done as f64);
        text += &format!(", {} left", size::span(left.as_secs()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_how_far_and_how_long_still() {
        let after = Duration::from_secs(13);
        let rows = Unit::Count("rows");
        assert_eq!(words(rows, (52, 100), after), "52 %, 52 of 100 rows, 12 s left");
        assert_eq!(words(rows, (120, 100), after), "100 %, 100 of 100 rows");
        assert_eq!(words(rows, (7, 0), after), "7 rows");
        assert_eq!(words(Unit::Bytes, (0, 3 << 30), after), "0 %, 0 B of 3 GiB");
        assert_eq!(words(Unit::Bytes, (3 << 20, 300 << 20), after), "1 %, 3 MiB of 300 MiB");
        let long = words(Unit::Bytes, (30 << 20, 300 << 20), after);
        assert_eq!(long, "10 %, 30 MiB of 300 MiB, 1 min 57 s left");
    }

    #[test]
    fn a_bar_is_as_full_as_the_work() {
        assert_eq!(bar_of(0, 4), format!("[{}] ", "-".repeat(30)));
        assert_eq!(bar_of(2, 4), format!("[{}{}] ", "#".repeat(15), "-".repeat(15)));
        assert_eq!(bar_of(9, 4), format!("[{}] ", "#".repeat(30)));
    }
}
