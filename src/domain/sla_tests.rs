//! Clocks of a ticket's life, hour by hour.

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::domain::calendar::{Span, Week};

const START: Micros = Micros(1_764_547_200_000_000); // Monday, 2025-12-01T00:00:00Z

fn hour(n: i64) -> Micros {
    START.plus(n * Micros::HOUR)
}

fn at(
    target: Target,
    hours: i64,
    history: &[(Micros, Status)],
    answered: Option<Micros>,
    now: Micros,
) -> Standing {
    let life = Life { created_at: START, history, first_response_at: answered };
    standing(target, hours * Micros::HOUR, &life, &Calendar::always(), now)
}

#[test]
fn the_tables_of_both_seeds_are_theirs() {
    let hours = |targets: Targets| {
        let hours = |micros: Option<i64>| micros.unwrap() as f64 / Micros::HOUR as f64;
        (hours(targets.first_response), hours(targets.resolution))
    };
    let table = |promise: Promise| {
        [Priority::Urgent, Priority::High, Priority::Medium, Priority::Low]
            .map(|priority| hours(promise.of(priority)))
    };
    assert_eq!(table(standard()), [(1.0, 4.0), (4.0, 8.0), (8.0, 24.0), (24.0, 72.0)]);
    assert_eq!(table(fast_response()), [(0.25, 4.0), (1.0, 24.0), (4.0, 72.0), (24.0, 168.0)]);
}

#[test]
fn a_ticket_is_on_track_then_at_risk_then_breached() {
    let made = [(START, Status::New)];
    let states = [0, 2, 3, 4, 5].map(|n| at(Target::FirstResponse, 4, &made, None, hour(n)).state);
    use State::{AtRisk, Breached, OnTrack};
    assert_eq!(states, [OnTrack, OnTrack, AtRisk, Breached, Breached]);
    let standing = at(Target::FirstResponse, 4, &made, None, hour(1));
    assert_eq!((standing.warns_at, standing.due_at), (Some(hour(3)), Some(hour(4))));
    assert_eq!(standing.remaining(), 3 * Micros::HOUR);
    assert!(!standing.stopped);
}

#[test]
fn an_answer_in_time_is_met_and_one_too_late_stays_a_breach() {
    let made = [(START, Status::New), (hour(1), Status::Open)];
    let met = at(Target::FirstResponse, 4, &made, Some(hour(2)), hour(50));
    assert_eq!((met.state, met.elapsed, met.stopped), (State::Met, 2 * Micros::HOUR, true));
    assert_eq!(met.due_at, None);
    let late = at(Target::FirstResponse, 4, &made, Some(hour(5)), hour(50));
    assert_eq!((late.state, late.remaining()), (State::Breached, -Micros::HOUR));
}

#[test]
fn the_time_in_which_the_customer_is_waited_for_is_not_counted() {
    let life = [
        (START, Status::New),
        (hour(1), Status::InProgress),
        (hour(2), Status::PendingCustomer),
        (hour(20), Status::InProgress),
    ];
    let waiting = at(Target::Resolution, 8, &life[..3], None, hour(19));
    assert_eq!((waiting.elapsed, waiting.stopped), (2 * Micros::HOUR, true));
    assert_eq!((waiting.state, waiting.due_at), (State::OnTrack, None));
    let on = at(Target::Resolution, 8, &life, None, hour(21));
    assert_eq!((on.elapsed, on.due_at), (3 * Micros::HOUR, Some(hour(26))));
}

#[test]
fn a_reopened_ticket_goes_on_where_it_stood() {
    let life = [(START, Status::New), (hour(3), Status::Resolved), (hour(100), Status::Open)];
    let resolved = at(Target::Resolution, 4, &life[..2], None, hour(90));
    assert_eq!((resolved.state, resolved.stopped), (State::Met, true));
    let again = at(Target::Resolution, 4, &life, None, hour(100));
    assert_eq!((again.state, again.due_at), (State::AtRisk, Some(hour(101))));
}

#[test]
fn only_the_hours_of_the_calendar_count() {
    let week: Week = std::array::from_fn(|_| vec![Span::parse("09:00", "17:00").unwrap()]);
    let calendar = Calendar::new(TimeZone::UTC, week, []).unwrap();
    let life =
        Life { created_at: START, history: &[(START, Status::New)], first_response_at: None };
    let stands = |now| standing(Target::FirstResponse, 10 * Micros::HOUR, &life, &calendar, now);
    assert_eq!(stands(hour(8)).elapsed, 0);
    // Eight hours of Monday and two of Tuesday.
    assert_eq!(stands(hour(8)).due_at, Some(hour(35)));
    assert_eq!(stands(hour(34)).state, State::AtRisk);
    assert_eq!(stands(hour(35)).state, State::Breached);
}

#[test]
fn a_clock_that_was_set_back_never_makes_time_run_backwards() {
    let life =
        [(hour(10), Status::New), (hour(4), Status::PendingCustomer), (hour(5), Status::Open)];
    let stands = at(Target::Resolution, 8, &life, None, hour(3));
    assert_eq!(stands.elapsed, 0);
    assert_eq!(at(Target::Resolution, 8, &life, None, hour(6)).elapsed, Micros::HOUR);
}

proptest! {
    /// At the moment that is told as due the target is breached, and a microsecond before it is not.
    #[test]
    fn what_is_due_is_breached_then_and_not_before(
        // The wall clock may be set back meanwhile.
        steps in prop::collection::vec((-300_i64..2000, 0_usize..7), 0..8),
        minutes in 1_i64..5000,
        later in 0_i64..5000,
    ) {
        let mut now = START;
        let mut history = vec![(START, Status::New)];
        for (after, status) in steps {
            now = now.plus(after * Micros::MINUTE);
            history.push((now, Status::ALL[status]));
        }
        let now = now.plus(later * Micros::MINUTE);
        let life = Life { created_at: START, history: &history, first_response_at: None };
        let week: Week = std::array::from_fn(|_| vec![Span { start: 480, end: 1020 }]);
        let calendar = Calendar::new(TimeZone::get("Asia/Jakarta").unwrap(), week, []).unwrap();
        let stands =
            |now| standing(Target::Resolution, minutes * Micros::MINUTE, &life, &calendar, now);
        let told = stands(now);
        prop_assert!(told.elapsed >= 0);
        prop_assert_eq!(told.due_at.is_none(), told.stopped);
        if let Some(due) = told.due_at {
            prop_assert_eq!(told.state == State::Breached, due <= now);
            if due > now {
                prop_assert_eq!(stands(due).state, State::Breached);
                prop_assert!(stands(Micros(due.0 - 1)).state != State::Breached);
                let warns = told.warns_at.unwrap();
                prop_assert!(stands(warns).state != State::OnTrack);
            }
        }
    }
}
