//! How values are written in the configuration: sizes, durations, addresses, time zones.
//!
//! Each reader takes what a file, a variable or a flag may hold and, when it cannot, says what would be
//! right. The showers give back a form that the readers take.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use jiff::tz::TimeZone;
use serde::de::{Deserializer, Error, Visitor};

pub const KIB: u64 = 1 << 10;
pub const MIB: u64 = 1 << 20;
pub const GIB: u64 = 1 << 30;

const SIZE_UNITS: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("GiB", GIB),
    ("MiB", MIB),
    ("KiB", KIB),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];

const DURATION_UNITS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

const SIZE_FORM: &str = "a size: bytes as a whole number, or with a unit as \"16 MiB\" (KiB, MiB, GiB, TiB, kB, MB, GB, TB)";
const DURATION_FORM: &str =
    "a duration: seconds as a whole number, or with a unit as \"10s\" (ms, s, m, h, d)";

/// Reads bytes: `4096`, `"4096"`, `"4 KiB"`, `"4MB"`; units in any case.
pub fn size<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    from.deserialize_any(Amount { form: SIZE_FORM, bare: 1, units: &SIZE_UNITS })
}

/// Reads a span of time: `10`, `"10"` (seconds), `"500ms"`, `"10s"`, `"90m"`, `"24h"`, `"7d"`.
pub fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    from.deserialize_any(Amount { form: DURATION_FORM, bare: 1_000, units: &DURATION_UNITS })
        .map(Duration::from_millis)
}

/// Reads a span of time as it is written in the configuration, for flags.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let amount = Amount { form: DURATION_FORM, bare: 1_000, units: &DURATION_UNITS };
    let millis = amount.read(text).ok_or_else(|| format!("expected {DURATION_FORM}"))?;
    Ok(Duration::from_millis(millis))
}

/// Reads bytes as they are written in the configuration.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let amount = Amount { form: SIZE_FORM, bare: 1, units: &SIZE_UNITS };
    amount.read(text).ok_or_else(|| format!("expected {SIZE_FORM}"))
}

/// Reads `IP:port`.
pub fn address<'de, D: Deserializer<'de>>(from: D) -> Result<SocketAddr, D::Error> {
    from.deserialize_str(Text { form: ADDRESS_FORM, read: |text| text.parse().ok() })
}

/// Reads `IP:port`; the empty string is none.
pub fn optional_address<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<SocketAddr>, D::Error> {
    from.deserialize_str(Text {
        form: ADDRESS_FORM,
        read: |text| if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) },
    })
}

/// Reads the IANA name of a time zone.
pub fn zone<'de, D: Deserializer<'de>>(from: D) -> Result<TimeZone, D::Error> {
    from.deserialize_str(Text {
        form: "the IANA name of a time zone, as \"UTC\" or \"Asia/Singapore\"",
        read: |text| TimeZone::get(text).ok(),
    })
}

const ADDRESS_FORM: &str = "an address: IP and port, as \"127.0.0.1:8080\" or \"[::1]:8080\"";

/// Bytes in the largest unit that leaves no remainder.
pub fn show_size(bytes: u64) -> String {
    match SIZE_UNITS.iter().take(4).find(|(_, unit)| bytes > 0 && bytes.is_multiple_of(*unit)) {
        Some((name, unit)) => format!("{} {name}", bytes / unit),
        None => bytes.to_string(),
    }
}

/// A span of time in the largest unit that leaves no remainder.
pub fn show_duration(span: Duration) -> String {
    let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    match DURATION_UNITS.iter().find(|(_, unit)| millis > 0 && millis.is_multiple_of(*unit)) {
        Some((name, unit)) => format!("{}{name}", millis / unit),
        None => "0s".to_owned(),
    }
}

/// A whole number, bare or with a unit; gives it in the smallest unit.
struct Amount {
    form: &'static str,
    /// What a bare number counts.
    bare: u64,
    units: &'static [(&'static str, u64)],
}

impl Amount {
    fn read(&self, text: &str) -> Option<u64> {
        let text = text.trim();
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let unit = match unit.trim_start() {
            "" => self.bare,
            unit => self.units.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit))?.1,
        };
        number.parse::<u64>().ok()?.checked_mul(unit)
    }
}

impl Visitor<'_> for Amount {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.form)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<u64, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<u64, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<u64, E> {
        self.read(text).ok_or_else(|| not_read(text, self.form))
    }
}

/// A string of a certain form.
struct Text<T> {
    form: &'static str,
    read: fn(&str) -> Option<T>,
}

impl<T> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.form)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.read)(text).ok_or_else(|| not_read(text, self.form))
    }
}

fn not_read<E: Error>(text: &str, form: &str) -> E {
    E::custom(format_args!("found {text:?}, expected {form}"))
}

#[cfg(test)]
mod tests {
    use serde::de::IntoDeserializer;
    use serde::de::value::{Error, I64Deserializer, StrDeserializer};

    use super::*;

    fn size_of(text: &str) -> Result<u64, Error> {
        let from: StrDeserializer<'_, Error> = text.into_deserializer();
        size(from)
    }

    fn duration_of(text: &str) -> Result<Duration, Error> {
        let from: StrDeserializer<'_, Error> = text.into_deserializer();
        duration(from)
    }

    #[test]
    fn sizes_are_bytes_or_carry_a_unit() {
        for (text, bytes) in [
            ("0", 0),
            ("4096", 4096),
            ("512 KiB", 512 * KIB),
            ("16MiB", 16 * MIB),
            (" 1 gib ", GIB),
            ("4 MB", 4_000_000),
            ("500 kB", 500_000),
            ("7 B", 7),
        ] {
            assert_eq!(size_of(text), Ok(bytes), "{text}");
        }
        let bare: I64Deserializer<Error> = 4096_i64.into_deserializer();
        assert_eq!(size(bare), Ok(4096));
    }

    #[test]
    fn what_is_no_size_is_told_the_form() {
        for text in ["", "MiB", "16 M", "1.5 MiB", "-1", "8 bananas", "99999999999 TiB", "١ MiB"] {
            let error = size_of(text).unwrap_err().to_string();
            assert!(
                error.contains(&format!("{text:?}")) && error.contains("\"16 MiB\""),
                "{error}"
            );
        }
        let negative: I64Deserializer<Error> = (-1_i64).into_deserializer();
        assert!(size(negative).is_err());
    }

    #[test]
    fn durations_are_seconds_or_carry_a_unit() {
        for (text, seconds) in
            [("10", 10), ("10s", 10), ("90m", 5_400), ("24 h", 86_400), ("7d", 604_800)]
        {
            assert_eq!(duration_of(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(duration_of("500ms"), Ok(Duration::from_millis(500)));
        for text in ["", "s", "1w", "1h30m", "-5s"] {
            let error = duration_of(text).unwrap_err().to_string();
            assert!(error.contains("\"10s\""), "{error}");
        }
    }

    #[test]
    fn what_is_shown_can_be_read_again() {
        for bytes in [0, 1, 1000, 4096, 16 * MIB, GIB, 1 << 40, u64::MAX] {
            assert_eq!(size_of(&show_size(bytes)), Ok(bytes));
        }
        for millis in [0, 1, 1_000, 90_000, 604_800_000] {
            let span = Duration::from_millis(millis);
            assert_eq!(duration_of(&show_duration(span)), Ok(span));
        }
        assert_eq!(show_size(16 * MIB), "16 MiB");
        assert_eq!(show_duration(Duration::from_secs(604_800)), "7d");
    }
}
