//! The stretch of time that figures are of, in the days of a time zone.

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::domain::time::Micros;

/// Days that one answer may be about.
pub const MAX_DAYS: i64 = 3660;

/// From a time on, up to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    pub from: Micros,
    /// The first time that is no longer in it.
    pub to: Micros,
}

impl Period {
    pub fn holds(&self, at: Micros) -> bool {
        self.from <= at && at < self.to
    }

    pub fn has(&self, at: Option<Micros>) -> bool {
        at.is_some_and(|at| self.holds(at))
    }

    /// The first instant of a day.
    pub fn midnight(date: Date, zone: &TimeZone) -> Micros {
        let start = date.to_zoned(zone.clone()).map(|z| z.timestamp().as_microsecond());
        Micros(start.unwrap_or(i64::MAX))
    }

    /// The day of `now` and those before it, so many in all.
    pub fn last_days(days: i32, now: Micros, zone: &TimeZone) -> Period {
        let today = now.date_in(zone);
        let first = today.checked_sub((days - 1).days()).unwrap_or(Date::MIN);
        let tomorrow = today.tomorrow().unwrap_or(Date::MAX);
        Period { from: Period::midnight(first, zone), to: Period::midnight(tomorrow, zone) }
    }

    /// The period of the same length before this one: as many days where it is whole days, be they 23 or 25 hours long.
    pub fn before(&self, zone: &TimeZone) -> Period {
        let (first, last) = (self.from.date_in(zone), self.to.date_in(zone));
        let whole = Period::midnight(first, zone) == self.from
            && Period::midnight(last, zone) == self.to
            && first < last;
        let days = (last - first).get_days();
        let from = match first.checked_sub(days.days()) {
            Ok(date) if whole => Period::midnight(date, zone),
            _ => self.from.plus(self.from.0.saturating_sub(self.to.0)),
        };
        Period { from, to: self.from }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_period_before_has_as_many_days_though_the_clocks_changed() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let day = |text: &str| Period::midnight(text.parse().unwrap(), &zone);
        // The clocks go forward on the 30th.
        let april = Period { from: day("2025-04-01"), to: day("2025-04-08") };
        let before = Period { from: day("2025-03-25"), to: day("2025-04-01") };
        assert_eq!(april.before(&zone), before);
        assert_eq!(before.to.0 - before.from.0, 7 * Micros::DAY - Micros::HOUR);
        let hours = Period { from: april.from.plus(5), to: april.from.plus(15) };
        assert_eq!(hours.before(&zone), Period { from: april.from.plus(-5), to: hours.from });
    }
}
