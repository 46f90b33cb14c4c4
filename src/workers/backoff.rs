//! How long to wait before the next attempt.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What a bridge may ask for at most.
const LONGEST_ASKED: Duration = Duration::from_secs(3600);

/// After so many attempts before this one: doubling from `first` to `longest`, of which a random half or more, so
/// that many messages do not all come back at the same moment.
pub fn delay(attempts: u32, first: Duration, longest: Duration) -> Duration {
    let doubled = first.saturating_mul(1_u32.checked_shl(attempts).unwrap_or(u32::MAX));
    let random = getrandom::u32().unwrap_or(u32::MAX);
    doubled.min(longest).mul_f64(0.5 + 0.5 * f64::from(random) / f64::from(u32::MAX))
}

/// `Retry-After`: seconds, or a date (RFC 9110, 10.2.3).
pub fn asked(header: &str) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse::<u64>() {
        return Some(Duration::from_secs(seconds).min(LONGEST_ASKED));
    }
    let date = jiff::fmt::rfc2822::parse(header).ok()?.timestamp().as_microsecond();
    let micros = u64::try_from(date.saturating_sub(now())).unwrap_or(0);
    Some(Duration::from_micros(micros).min(LONGEST_ASKED))
}

/// Microseconds since 1970 by the wall clock.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_never_all_end_at_once() {
        let (first, longest) = (Duration::from_secs(1), Duration::from_secs(60));
        for (attempts, most) in [(0, 1), (1, 2), (3, 8), (6, 60), (40, 60), (u32::MAX, 60)] {
            let wait = delay(attempts, first, longest);
            let most = Duration::from_secs(most);
            assert!(wait >= most / 2 && wait <= most, "{attempts}: {wait:?}");
        }
        let waits: std::collections::BTreeSet<_> =
            (0..20).map(|_| delay(3, first, longest)).collect();
        assert!(waits.len() > 10, "{waits:?}");
    }

    #[test]
    fn what_a_bridge_asks_for_is_seconds_or_a_date() {
        assert_eq!(asked(" 7 "), Some(Duration::from_secs(7)));
        assert_eq!(asked("999999999"), Some(LONGEST_ASKED));
        assert_eq!(asked("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        assert_eq!(asked("Fri, 21 Oct 2089 07:28:00 GMT"), Some(LONGEST_ASKED));
        assert_eq!(asked("soon"), None);
    }
}
