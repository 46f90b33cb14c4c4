//! The calendar against working time that another program counted minute by minute
//! (`tests/fixtures/calendar/make.py`), and at its edges.

use serde::Deserialize;
use std::collections::BTreeMap;

use super::*;

const COUNTED: &str = include_str!("../../tests/fixtures/calendar/cases.json");

#[derive(Deserialize)]
struct Counted {
    weeks: BTreeMap<String, Vec<Vec<String>>>,
    cases: Vec<Case>,
}

#[derive(Debug, Deserialize)]
struct Case {
    zone: String,
    week: String,
    holidays: Vec<String>,
    from: Micros,
    to: Micros,
    minutes: i64,
    amount: i64,
    due: Option<Micros>,
}

fn week(days: &[Vec<String>]) -> Week {
    let span = |text: &String| {
        let (start, end) = text.split_once('-').unwrap();
        Span::parse(start, end).unwrap()
    };
    std::array::from_fn(|day| days[day].iter().map(span).collect())
}

fn office(zone: &str, holidays: &[&str]) -> Calendar {
    let hours = |end| vec![Span::parse("09:00", end).unwrap()];
    let week = std::array::from_fn(|day| match day {
        0..=3 => hours("18:00"),
        4 => hours("17:00"),
        _ => Vec::new(),
    });
    let holidays = holidays.iter().map(|day| day.parse().unwrap());
    Calendar::new(TimeZone::get(zone).unwrap(), week, holidays).unwrap()
}

fn at(text: &str) -> Micros {
    Micros::parse_rfc3339(text).unwrap()
}

#[test]
fn working_time_is_what_a_minute_counter_of_another_language_counts() {
    let counted: Counted = serde_json::from_str(COUNTED).unwrap();
    assert!(counted.cases.len() >= 200);
    for case in counted.cases {
        let zone = TimeZone::get(&case.zone).unwrap();
        let holidays = case.holidays.iter().map(|day| day.parse().unwrap());
        let calendar = Calendar::new(zone, week(&counted.weeks[&case.week]), holidays).unwrap();
        let between = calendar.between(case.from, case.to);
        assert_eq!(between, case.minutes * Micros::MINUTE, "{case:?}");
        let due = calendar.after(case.from, case.amount * Micros::MINUTE);
        assert_eq!(due, case.due, "{case:?}");
    }
}

#[test]
fn a_response_due_in_four_hours_on_friday_evening_is_due_on_monday() {
    let jakarta = office("Asia/Jakarta", &[]);
    // Friday 15:30 to 17:00 are an hour and a half, Monday brings the rest.
    let due = jakarta.after(at("2025-11-28T08:30:00Z"), 4 * Micros::HOUR).unwrap();
    assert_eq!(due, at("2025-12-01T04:30:00Z"));
    let holiday = office("Asia/Jakarta", &["2025-12-01"]);
    let due = holiday.after(at("2025-11-28T08:30:00Z"), 4 * Micros::HOUR).unwrap();
    assert_eq!(due, at("2025-12-02T04:30:00Z"));
    assert!(jakarta.is_open(at("2025-12-01T02:00:00Z")));
    assert!(!jakarta.is_open(at("2025-12-01T01:59:59Z")));
    assert!(!holiday.is_open(at("2025-12-01T02:00:00Z")));
}

#[test]
fn every_hour_counts_without_a_calendar() {
    let always = Calendar::always();
    let (from, to) = (at("2025-11-28T08:30:00.25Z"), at("2026-02-28T08:30:00Z"));
    assert_eq!(always.between(from, to), to.0 - from.0);
    assert_eq!(always.after(from, to.0 - from.0), Some(to));
    assert_eq!(always.between(to, from), 0);
}

#[test]
fn a_calendar_without_hours_never_comes_to_an_end() {
    let closed = Calendar::new(TimeZone::UTC, Week::default(), []).unwrap();
    assert_eq!(closed.after(at("2025-11-28T08:30:00Z"), 1), None);
    assert_eq!(closed.after(at("2025-11-28T08:30:00Z"), 0), Some(at("2025-11-28T08:30:00Z")));
    assert_eq!(closed.between(Micros(i64::MIN), Micros(i64::MAX)), 0);
}

#[test]
fn spans_that_overlap_are_refused_with_their_day() {
    let span = |start, end| Span::parse(start, end).unwrap();
    let new = |week| Calendar::new(TimeZone::UTC, week, []).map(|_| ()).map_err(|bad| bad.day);
    let mut week = Week::default();
    week[2] = vec![span("13:00", "17:00"), span("09:00", "13:00")];
    assert_eq!(new(week.clone()), Ok(()));
    week[2].push(span("12:59", "14:00"));
    assert_eq!(new(week), Err(2));
    let mut nights = Week::default();
    nights[6] = vec![span("22:00", "06:00")];
    nights[0] = vec![span("06:00", "14:00")];
    assert_eq!(new(nights.clone()), Ok(()));
    nights[0][0].start -= 1;
    assert_eq!(new(nights), Err(6));
}

#[test]
fn times_of_day_are_read_and_shown() {
    for (text, minutes) in [("09:00", 540), ("9:05", 545), ("24:00", 1440), ("00:00", 0)] {
        assert_eq!(super::minutes(text), Some(minutes));
    }
    for bad in ["24:01", "9", "09:60", "-1:00", "09:00:00", "+9:00", ""] {
        assert_eq!(super::minutes(bad), None, "{bad}");
    }
    assert_eq!(
        (clock(540), clock(1440), clock(1800)),
        ("09:00".into(), "24:00".into(), "06:00".into())
    );
}
