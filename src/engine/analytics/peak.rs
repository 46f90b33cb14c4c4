//! When customers come: the hours of a week.

use jiff::tz::TimeZone;
use serde::Serialize;
use utoipa::ToSchema;

use super::Period;
use crate::engine::index::Fact;

/// Tickets made in the period, by the clock on the wall.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PeakHours {
    pub total: u64,
    /// Seven days from Monday, of 24 hours each: tickets made in that hour
    pub hours: [[u64; 24]; 7],
    /// By hour of the day
    pub by_hour: [u64; 24],
    /// By day of the week, Monday first
    pub by_weekday: [u64; 7],
    /// The hour with the most; none while there are no tickets
    pub busiest: Option<Hour>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Hour {
    /// Monday is 0
    #[schema(example = 0)]
    pub weekday: usize,
    #[schema(example = 10)]
    pub hour: usize,
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
        let count = peak.hours[weekday][hour];
        if peak.busiest.is_none_or(|busiest| count > busiest.count) {
            peak.busiest = Some(Hour { weekday, hour, count });
        }
    }
    peak
}
