//! When customers come: the hours of a week.

use jiff::tz::TimeZone;
use serde::Serialize;

use super::Period;
use crate::describe::ToSchema;
use crate::engine::index::Fact;

/// Tickets made in the period, by the clock on the wall.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PeakHours {
    /// Tickets made in the period
    pub total: u64,
    /// Seven days from Monday, of 24 hours each: tickets made in that hour
    pub hours: [[u64; 24]; 7],
    /// Tickets made in each hour of the day
    pub by_hour: [u64; 24],
    /// Tickets made on each day of the week, Monday first
    pub by_weekday: [u64; 7],
    /// The hour of the week with the most, the first of several; none while there are no tickets
    pub busiest: Option<Hour>,
}

/// An hour of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Hour {
    /// Its day: Monday is 0
    #[schema(example = 0)]
    pub weekday: usize,
    /// The hour of the day that it begins at
    #[schema(example = 10)]
    pub hour: usize,
    /// Tickets made in it
    #[schema(example = 23)]
    pub count: u64,
}

pub fn peak_hours<'a>(
    facts: impl Iterator<Item = Fact<'a>>,
    period: &Period,
    zone: &TimeZone,
) -> PeakHours {
    let mut peak = PeakHours {
        total: 0,
        hours: [[0; 24]; 7],
        by_hour: [0; 24],
        by_weekday: [0; 7],
        busiest: None,
    };
    for fact in facts.filter(|fact| period.holds(fact.created_at)) {
        let (weekday, hour) = fact.created_at.hour_of_week(zone);
        peak.total += 1;
        peak.hours[weekday][hour] += 1;
        peak.by_hour[hour] += 1;
        peak.by_weekday[weekday] += 1;
    }
    let hours = peak.hours.iter().enumerate().flat_map(|(weekday, hours)| {
        hours.iter().enumerate().map(move |(hour, &count)| Hour { weekday, hour, count })
    });
    let first_most = |a: Hour, b: Hour| if b.count > a.count { b } else { a };
    peak.busiest = hours.reduce(first_most).filter(|busiest| busiest.count > 0);
    peak
}
