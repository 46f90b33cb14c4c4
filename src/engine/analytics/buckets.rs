//! A period cut into hours, days, weeks or months as the clock on the wall has them.

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Period;
use crate::domain::time::Micros;

/// Pieces that one answer may have.
pub const MAX_BUCKETS: usize = 2000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granularity {
    Hour,
    Day,
    /// From Monday.
    Week,
    Month,
}

impl Granularity {
    pub const ALL: [Granularity; 4] =
        [Granularity::Hour, Granularity::Day, Granularity::Week, Granularity::Month];

    pub fn as_str(self) -> &'static str {
        match self {
            Granularity::Hour => "hour",
            Granularity::Day => "day",
            Granularity::Week => "week",
            Granularity::Month => "month",
        }
    }

    /// What shows a period in some dozen pieces.
    pub fn fitting(period: &Period) -> Granularity {
        match (period.to.0.saturating_sub(period.from.0)) / Micros::DAY {
            0..=2 => Granularity::Hour,
            3..=92 => Granularity::Day,
            93..=730 => Granularity::Week,
            _ => Granularity::Month,
        }
    }

    fn after(self, start: Micros, zone: &TimeZone) -> Micros {
        let date = start.date_in(zone);
        let next = match self {
            Granularity::Hour => return start.plus(Micros::HOUR - start.past_the_hour(zone)),
            Granularity::Day => date.tomorrow(),
            Granularity::Week => {
                let left = 7 - date.weekday().to_monday_zero_offset();
                date.checked_add(i64::from(left).days())
            }
            Granularity::Month => date.first_of_month().checked_add(1.month()),
        };
        Period::midnight(next.unwrap_or(Date::MAX), zone)
    }
}

/// The pieces: the first and the last may be cut short by the period.
#[derive(Clone, Debug)]
pub struct Buckets {
    pub starts: Vec<Micros>,
    period: Period,
}

impl Buckets {
    /// None if there would be more than [`MAX_BUCKETS`].
    pub fn new(period: Period, granularity: Granularity, zone: &TimeZone) -> Option<Buckets> {
        let (mut starts, mut at) = (Vec::new(), period.from);
        while at < period.to {
            if starts.len() == MAX_BUCKETS {
                return None;
            }
            starts.push(at);
            at = granularity.after(at, zone).max(at.plus(1));
        }
        Some(Buckets { starts, period })
    }

    /// In which piece a time lies.
    pub fn of(&self, at: Micros) -> Option<usize> {
        self.period.holds(at).then(|| self.starts.partition_point(|start| *start <= at) - 1)
    }

    pub fn len(&self) -> usize {
        self.starts.len()
    }

    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(from: &str, to: &str, granularity: Granularity, zone: &str) -> Vec<String> {
        let zone = TimeZone::get(zone).unwrap();
        let time = |text: &str| Micros::parse_rfc3339(text).unwrap();
        let period = Period { from: time(from), to: time(to) };
        let buckets = Buckets::new(period, granularity, &zone).unwrap();
        buckets.starts.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn days_are_as_long_as_the_clocks_make_them() {
        let days = starts(
            "2025-03-28T23:00:00Z",
            "2025-03-31T22:00:00Z",
            Granularity::Day,
            "Europe/Berlin",
        );
        assert_eq!(days, ["2025-03-28T23:00:00Z", "2025-03-29T23:00:00Z", "2025-03-30T22:00:00Z"]);
    }

    #[test]
    fn an_hour_begins_where_the_zone_has_it_and_pieces_are_cut_at_the_ends() {
        let hours = starts(
            "2025-01-01T00:10:00Z",
            "2025-01-01T02:00:00Z",
            Granularity::Hour,
            "Asia/Kolkata",
        );
        assert_eq!(hours, ["2025-01-01T00:10:00Z", "2025-01-01T00:30:00Z", "2025-01-01T01:30:00Z"]);
        let weeks =
            starts("2025-01-01T00:00:00Z", "2025-01-14T00:00:00Z", Granularity::Week, "UTC");
        assert_eq!(weeks, ["2025-01-01T00:00:00Z", "2025-01-06T00:00:00Z", "2025-01-13T00:00:00Z"]);
        let months =
            starts("2025-01-31T00:00:00Z", "2025-03-02T00:00:00Z", Granularity::Month, "UTC");
        assert_eq!(
            months,
            ["2025-01-31T00:00:00Z", "2025-02-01T00:00:00Z", "2025-03-01T00:00:00Z"]
        );
    }
}
