//! Business hours (S3.15, S3.16): when people work, and how much of their time lies between two instants.
//!
//! A span of work begins at the first instant at which the clock on the wall shows its start or something later,
//! and ends alike. So a shift over a change of the clocks is as long as it really is, an hour that is skipped
//! belongs to nobody, and one that comes twice counts to the end of whoever works through it. What is asked of a
//! calendar never fails: one without hours has no working time.

use std::collections::BTreeSet;

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use super::time::Micros;

pub const MAX_SPANS: usize = 8;
pub const MAX_HOLIDAYS: usize = 1000;
/// How far ahead working time is looked for: longer than the longest target with many holidays between.
const MAX_DAYS: i32 = 3660;
const DAY: u16 = 24 * 60;

/// One stretch of work, in minutes since the midnight that its day begins with; an end beyond 1440 lies on the
/// next day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    pub start: u16,
    pub end: u16,
}

/// The hours of a week, Monday first; a day without spans is closed (S3.16).
pub type Week = [Vec<Span>; 7];

#[derive(Clone, Debug)]
pub struct Calendar {
    zone: TimeZone,
    week: Week,
    /// Days on which no work begins.
    holidays: BTreeSet<Date>,
}

/// What is wrong with a week: the day, counted from Monday, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadWeek {
    pub day: usize,
    pub why: String,
}

impl Calendar {
    /// Sorts the spans. Refuses those that overlap, the ones of neighbouring days included.
    pub fn new(
        zone: TimeZone,
        mut week: Week,
        holidays: impl IntoIterator<Item = Date>,
    ) -> Result<Calendar, BadWeek> {
        for (day, spans) in week.iter_mut().enumerate() {
            let bad = |why: String| Err(BadWeek { day, why });
            if spans.len() > MAX_SPANS {
                return bad(format!("at most {MAX_SPANS} intervals a day"));
            }
            for span in spans.iter() {
                if span.start >= DAY || span.end <= span.start || span.end - span.start > DAY {
                    return bad("an interval begins before 24:00 and lasts up to 24 hours".into());
                }
            }
            spans.sort_unstable_by_key(|span| span.start);
            if spans.windows(2).any(|two| two[1].start < two[0].end) {
                return bad("intervals overlap".into());
            }
        }
        for day in 0..7 {
            let ends = week[day].last().map_or(0, |span| span.end);
            let next = week[(day + 1) % 7].first().map_or(u16::MAX, |span| span.start);
            if ends > DAY && ends - DAY > next {
                let why = "an interval runs into the next day's first".into();
                return Err(BadWeek { day, why });
            }
        }
        Ok(Calendar { zone, week, holidays: holidays.into_iter().collect() })
    }

    /// Every hour of every day.
    pub fn always() -> Calendar {
        let whole = || vec![Span { start: 0, end: DAY }];
        let week = std::array::from_fn(|_| whole());
        Calendar { zone: TimeZone::UTC, week, holidays: BTreeSet::new() }
    }

    /// Whether somebody works at this instant.
    pub fn is_open(&self, at: Micros) -> bool {
        self.spans(at).take_while(|(start, _)| *start <= at).any(|(_, end)| at < end)
    }

    /// Working time between two instants, in microseconds; 0 if the second is not later.
    pub fn between(&self, from: Micros, to: Micros) -> i64 {
        self.spans(from)
            .take_while(|(start, _)| *start < to)
            .map(|(start, end)| (end.min(to).0 - start.max(from).0).max(0))
            .sum()
    }

    /// When `amount` microseconds of working time have passed since `from`; none if there is not as much work
    /// within ten years. Nothing takes no time: `from` itself.
    pub fn after(&self, from: Micros, amount: i64) -> Option<Micros> {
        if amount <= 0 {
            return Some(from);
        }
        let mut left = amount;
        for (start, end) in self.spans(from) {
            let start = start.max(from);
            let length = (end.0 - start.0).max(0);
            if left <= length {
                return Some(start.plus(left));
            }
            left -= length;
        }
        None
    }

    /// The spans of work that end after `from`, in their order, as instants.
    fn spans(&self, from: Micros) -> impl Iterator<Item = (Micros, Micros)> + '_ {
        // What began the day before may last until now.
        let first = from.date_in(&self.zone).checked_sub(1.day()).unwrap_or(Date::MIN);
        let days = (0..MAX_DAYS).map_while(move |n| first.checked_add(n.days()).ok());
        let working = days.filter(|date| !self.holidays.contains(date));
        working
            .flat_map(move |date| {
                let of_day = &self.week[weekday(date)];
                of_day.iter().map(move |span| (self.at(date, span.start), self.at(date, span.end)))
            })
            .filter(move |(start, end)| *end > from && end > start)
    }

    /// The first instant at which the wall clock shows so many minutes of this day, or later.
    fn at(&self, date: Date, minutes: u16) -> Micros {
        let date = if minutes < DAY { date } else { date.tomorrow().unwrap_or(date) };
        let minutes = minutes % DAY;
        let civil = date.at((minutes / 60) as i8, (minutes % 60) as i8, 0, 0);
        Micros(self.first(civil).as_microsecond())
    }

    fn first(&self, civil: DateTime) -> Timestamp {
        let ambiguous = self.zone.to_ambiguous_timestamp(civil);
        let end = if civil.year() < 1970 { Timestamp::MIN } else { Timestamp::MAX };
        match ambiguous.offset() {
            AmbiguousOffset::Gap { after, .. } => {
                // With the offset of afterwards it is an instant shortly before the jump.
                let before = after.to_timestamp(civil).unwrap_or(end);
                self.zone.following(before).next().map_or(before, |jump| jump.timestamp())
            }
            AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => {
                ambiguous.earlier().unwrap_or(end)
            }
        }
    }
}

fn weekday(date: Date) -> usize {
    match date.weekday() {
        Weekday::Monday => 0,
        Weekday::Tuesday => 1,
        Weekday::Wednesday => 2,
        Weekday::Thursday => 3,
        Weekday::Friday => 4,
        Weekday::Saturday => 5,
        Weekday::Sunday => 6,
    }
}

/// Minutes of a day from `09:00`; `24:00` is the end of it.
pub fn minutes(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let two = |part: &str| {
        let digits = matches!(part.len(), 1 | 2) && part.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| part.parse::<u16>().ok()).flatten()
    };
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    let of_day = hours * 60 + minutes;
    (minutes < 60 && of_day <= DAY).then_some(of_day)
}

/// `09:00` of minutes, whatever the day that they end in.
pub fn clock(minutes: u16) -> String {
    let shown = if minutes > DAY { minutes - DAY } else { minutes };
    format!("{:02}:{:02}", shown / 60, shown % 60)
}

impl Span {
    /// From two clock times; an end that is not later lies on the next day.
    pub fn parse(start: &str, end: &str) -> Option<Span> {
        let (start, end) = (minutes(start)?, minutes(end)?);
        let end = if end <= start { end + DAY } else { end };
        (start < DAY).then_some(Span { start, end })
    }
}

#[cfg(test)]
#[path = "calendar_tests.rs"]
mod tests;
