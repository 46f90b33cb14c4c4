//! What happened to a ticket while the wall clock was not believed, so that its moments can be set right.
//!
//! A moment is told anew by the steady clock, which goes on evenly whatever the wall clock is set to: what lay an hour
//! back by it lies an hour back by the clock that is believed now. How long the box was off in between nobody knows; such a
//! moment comes out too late, never too early, and a promise is kept longer rather than broken.

use serde::{Deserialize, Serialize};

use super::time::Micros;

/// Stretches remembered; moments of later ones stay as they are.
const MAX_SPANS: usize = 16;
/// Differences between the clocks that are none: slewing.
const TOLERANCE: i64 = Micros::MINUTE;

/// Of a ticket: when something happened to it by a clock that was not believed, and what of it is older.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undated {
    spans: Vec<Span>,
    /// Moments that the ticket had before.
    known: Vec<Micros>,
    /// Status changes, the last entry id and the last activity number that it had before.
    pub history: u32,
    pub entries: u32,
    pub activity: u64,
}

/// A stretch in which both clocks went evenly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Span {
    first: Micros,
    last: Micros,
    /// The steady clock at `first`.
    steady: Micros,
}

impl Undated {
    /// Of a ticket that has these moments already.
    pub fn of(known: Vec<Micros>) -> Undated {
        Undated { known, ..Undated::default() }
    }

    /// Something happens at this time of the wall clock, and this of the steady one.
    pub fn note(&mut self, now: Micros, steady: Micros) {
        let goes_on = |span: &&mut Span| {
            let (by_wall, by_steady) = (now.0 - span.first.0, steady.0 - span.steady.0);
            by_wall >= 0 && by_wall.abs_diff(by_steady) <= TOLERANCE.unsigned_abs()
        };
        if let Some(span) = self.spans.last_mut().filter(goes_on) {
            span.last = span.last.max(now);
        } else if self.spans.len() < MAX_SPANS {
            self.spans.push(Span { first: now, last: now, steady });
        }
    }

    /// When something happened last.
    pub fn last(&self) -> Option<Micros> {
        self.spans.last().map(|span| span.last)
    }

    /// Whether the clock has only gone on since: then every moment is right.
    pub fn is_right(&self, now: Micros, steady: Micros) -> bool {
        let is_even = |span: &Span| {
            let (by_wall, by_steady) = (now.0 - span.first.0, steady.0 - span.steady.0);
            by_wall.abs_diff(by_steady) <= TOLERANCE.unsigned_abs()
        };
        self.spans.iter().all(is_even)
    }

    /// What a moment is by today's clocks: another one if it was told by the clock that was not believed.
    pub fn dated(&self, moment: Micros, now: Micros, steady: Micros) -> Micros {
        let holds = |span: &&Span| span.first <= moment && moment <= span.last;
        let Some(span) = self.spans.iter().rev().find(holds) else { return moment };
        let since = steady.0 - (span.steady.0 + moment.0 - span.first.0);
        let dated = now.plus(-since.max(0));
        if dated.0.abs_diff(moment.0) <= TOLERANCE.unsigned_abs() { moment } else { dated }
    }

    /// The same of a moment of the ticket itself, some of which are older.
    pub fn dated_own(&self, moment: Micros, now: Micros, steady: Micros) -> Micros {
        if self.known.contains(&moment) { moment } else { self.dated(moment, now, steady) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YEARS: i64 = 50 * 365 * Micros::DAY;
    const STEADY: Micros = Micros(7 * Micros::DAY);

    #[test]
    fn what_happened_by_a_wrong_clock_lies_as_far_back_by_the_right_one() {
        let mut undated = Undated::default();
        for after in [0, 5, 90] {
            let after = after * Micros::MINUTE;
            undated.note(Micros(after), STEADY.plus(after));
        }
        let (now, steady) = (Micros(YEARS), STEADY.plus(2 * Micros::HOUR));
        for (moment, back) in [(0, 120), (5, 115), (90, 30)] {
            let moment = Micros(moment * Micros::MINUTE);
            assert_eq!(undated.dated(moment, now, steady), now.plus(-back * Micros::MINUTE));
        }
        for other in [Micros(-1), Micros(91 * Micros::MINUTE), now] {
            assert_eq!(undated.dated(other, now, steady), other, "told by another clock");
        }
    }

    #[test]
    fn two_starts_at_the_same_wrong_time_are_told_apart_by_the_later() {
        let mut undated = Undated::default();
        undated.note(Micros(Micros::MINUTE), STEADY);
        undated.note(Micros(2 * Micros::MINUTE), STEADY.plus(Micros::HOUR));
        let now = Micros(YEARS);
        let dated = |moment: i64| {
            undated.dated(Micros(moment * Micros::MINUTE), now, STEADY.plus(2 * Micros::HOUR))
        };
        assert_eq!(dated(1), now.plus(-2 * Micros::HOUR));
        assert_eq!(dated(2), now.plus(-Micros::HOUR));
    }

    #[test]
    fn a_clock_that_was_right_all_the_while_moves_nothing_and_neither_do_older_moments() {
        let mut undated = Undated::of(vec![Micros(40)]);
        undated.note(Micros(30), STEADY);
        undated.note(Micros(50), STEADY.plus(20));
        assert_eq!(undated.dated(Micros(40), Micros(90), STEADY.plus(60)), Micros(40));
        assert!(undated.is_right(Micros(90), STEADY.plus(60)));
        assert!(!undated.is_right(Micros(YEARS), STEADY.plus(60)));
        let (now, steady) = (Micros(YEARS), STEADY.plus(60));
        assert_eq!(undated.dated_own(Micros(40), now, steady), Micros(40));
        assert_eq!(undated.dated_own(Micros(41), now, steady), now.plus(-49));
    }

    #[test]
    fn there_is_a_limit_to_what_is_remembered() {
        let mut undated = Undated::default();
        for n in 0..1000 {
            undated.note(Micros(n), Micros(n * Micros::HOUR));
        }
        assert_eq!(undated.spans.len(), MAX_SPANS);
    }
}
