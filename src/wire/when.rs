//! Points in time as peers write them. Never an error: a time that cannot be told is `None`, and the caller
//! falls back to the time of receipt.

use serde_json::Value;

use super::long;

/// 2009-01-01T00:00:00Z, in microseconds: WhatsApp is not older than that.
const EARLIEST: i128 = 1_230_768_000_000_000;
/// 2100-01-01T00:00:00Z, in microseconds.
const LATEST: i128 = 4_102_444_800_000_000;

/// Microseconds since 1970 of a number or decimal string of seconds, milli-, micro- or nanoseconds (told apart
/// by their size, the ranges do not touch), of a Long object `{low, high, unsigned}`, or of an RFC 3339 string.
/// `None` for anything else and for times before 2009 or from 2100 on.
pub fn micros(value: &Value) -> Option<i64> {
    if let Some(number) = long::integer(value) {
        return of_integer(number);
    }
    match value {
        Value::Number(number) => of_fraction(number.as_f64()?),
        Value::String(text) => {
            let text = text.trim();
            match text.parse::<f64>() {
                Ok(number) => of_fraction(number),
                Err(_) => {
                    let time = text.parse::<jiff::Timestamp>().ok()?;
                    sane(i128::from(time.as_microsecond()))
                }
            }
        }
        _ => None,
    }
}

fn of_integer(number: i128) -> Option<i64> {
    // A `long::integer` has at most 64 bits: no product leaves an `i128`.
    [number * 1_000_000, number * 1_000, number, number / 1_000].into_iter().find_map(sane)
}

fn of_fraction(number: f64) -> Option<i64> {
    // An `as` cast saturates and makes NaN zero: both are out of range.
    [1e6, 1e3, 1.0, 1e-3].into_iter().find_map(|unit| sane((number * unit).round() as i128))
}

fn sane(micros: i128) -> Option<i64> {
    (EARLIEST..LATEST).contains(&micros).then_some(micros as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOON: i64 = 1_769_596_200_000_000;

    #[test]
    fn seconds_milli_micro_and_nanoseconds_are_told_apart() {
        for value in [
            json!(1_769_596_200),
            json!(1_769_596_200_000_i64),
            json!(1_769_596_200_000_000_i64),
            json!(1_769_596_200_000_000_000_i64),
            json!("1769596200"),
            json!(" 1769596200000 "),
            json!(1_769_596_200.0),
            json!("2026-01-28T10:30:00Z"),
            json!("2026-01-28T17:30:00+07:00"),
            json!({"low": 1_769_596_200, "high": 0, "unsigned": true}),
        ] {
            assert_eq!(micros(&value), Some(NOON), "{value}");
        }
    }

    #[test]
    fn fractions_are_kept() {
        assert_eq!(micros(&json!(1_769_596_200.25)), Some(NOON + 250_000));
        assert_eq!(micros(&json!("1769596200.123456")), Some(NOON + 123_456));
        assert_eq!(micros(&json!(1_769_596_200_000.5)), Some(NOON + 500));
        assert_eq!(micros(&json!("2026-01-28T10:30:00.000001999Z")), Some(NOON + 1));
    }

    #[test]
    fn a_long_with_a_signed_low_word_is_a_time() {
        // 1_769_596_200_000 ms has its low word's top bit set.
        let whole = 1_769_596_200_000_i64;
        let long = json!({"low": whole as i32, "high": (whole >> 32) as i32, "unsigned": true});
        assert!(whole as i32 as i64 != whole);
        assert_eq!(micros(&long), Some(NOON));
        // Seconds after 2038 do not fit into a signed word.
        let late = json!({"low": 4_000_000_000_u32 as i32, "high": 0, "unsigned": true});
        assert_eq!(micros(&late), Some(4_000_000_000_000_000));
    }

    #[test]
    fn absurd_times_are_none() {
        for value in [
            json!(0),
            json!(-1_769_596_200),
            json!(1_230_767_999),
            json!(4_102_444_800_i64),
            json!(i64::MAX),
            json!(u64::MAX),
            json!(1e300),
            json!("1e999"),
            json!("NaN"),
            json!("-inf"),
            json!("soon"),
            json!(""),
            json!("1999-01-01T00:00:00Z"),
            json!("2026-01-28"),
            json!({"low": -1, "high": -1, "unsigned": true}),
            json!({"low": "x"}),
            json!(null),
            json!(true),
            json!([1_769_596_200]),
        ] {
            assert_eq!(micros(&value), None, "{value}");
        }
        assert_eq!(micros(&json!(1_230_768_000)), Some(1_230_768_000_000_000));
    }
}
