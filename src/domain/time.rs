//! Points in time: integer microseconds since the Unix epoch, UTC; RFC 3339 with `Z` on the wire.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Micros(pub i64);

impl Micros {
    pub const SECOND: i64 = 1_000_000;
    pub const MINUTE: i64 = 60 * Self::SECOND;
    pub const HOUR: i64 = 60 * Self::MINUTE;
    pub const DAY: i64 = 24 * Self::HOUR;

    /// What lies `micros` later; stays at the ends of the range.
    pub fn plus(self, micros: i64) -> Micros {
        Micros(self.0.saturating_add(micros))
    }

    /// Reads RFC 3339; any offset, any number of decimals.
    pub fn parse_rfc3339(text: &str) -> Option<Micros> {
        // Years before 1 have no RFC 3339 form to be shown in again.
        let plain = text.as_bytes().first().is_some_and(u8::is_ascii_digit);
        text.parse::<jiff::Timestamp>().ok().filter(|_| plain).map(|t| Micros(t.as_microsecond()))
    }

    fn timestamp(self) -> jiff::Timestamp {
        let end = if self.0 < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(end)
    }

    /// The calendar date in `zone`.
    pub fn date_in(self, zone: &jiff::tz::TimeZone) -> jiff::civil::Date {
        zone.to_datetime(self.timestamp()).date()
    }

    /// How long ago, in microseconds, the clock on a wall in `zone` began its hour.
    pub fn past_the_hour(self, zone: &jiff::tz::TimeZone) -> i64 {
        let time = zone.to_datetime(self.timestamp()).time();
        let seconds = i64::from(time.minute()) * 60 + i64::from(time.second());
        seconds * Self::SECOND + self.0.rem_euclid(Self::SECOND)
    }

    /// The day of the week (Monday 0) and the hour that a clock on a wall in `zone` shows.
    pub fn hour_of_week(self, zone: &jiff::tz::TimeZone) -> (usize, usize) {
        let shown = zone.to_datetime(self.timestamp());
        let day = shown.weekday().to_monday_zero_offset();
        (usize::try_from(day).unwrap_or(0), usize::try_from(shown.hour()).unwrap_or(0))
    }

    /// `YYYY-MM-DD HH:00`, UTC: the hour bucket of seed 000's report (S0.47).
    pub fn hour_bucket(self) -> String {
        self.timestamp().strftime("%Y-%m-%d %H:00").to_string()
    }
}

impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.timestamp())
    }
}

/// On the wire (human-readable formats) RFC 3339; in the store the integer.
impl Serialize for Micros {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        if s.is_human_readable() { s.collect_str(self) } else { s.serialize_i64(self.0) }
    }
}

impl<'de> Deserialize<'de> for Micros {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        if d.is_human_readable() {
            let text = String::deserialize(d)?;
            Micros::parse_rfc3339(&text)
                .ok_or_else(|| de::Error::custom("expected a time like 2025-11-28T01:00:00Z"))
        } else {
            i64::deserialize(d).map(Micros)
        }
    }
}
