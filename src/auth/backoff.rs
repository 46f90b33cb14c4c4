//! How often somebody failed to log in, by account and by address: after five failures each further attempt has to
//! wait, twice as long each time. Nobody is locked out for good: a minute is the longest wait, and a quarter of an
//! hour without an attempt is forgotten. In memory alone, and bounded.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const FREE: u32 = 5;
const LONGEST: Duration = Duration::from_secs(60);
const FORGOTTEN: Duration = Duration::from_secs(15 * 60);
/// Accounts and addresses remembered.
const MAX_KEYS: usize = 20_000;

#[derive(Default)]
pub struct Backoff {
    failures: Mutex<HashMap<u64, Failures>>,
}

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    last: Instant,
}

impl Failures {
    fn wait(self, now: Instant) -> Duration {
        let wait = match self.count.checked_sub(FREE) {
            None => Duration::ZERO,
            Some(more) => Duration::from_secs(1 << more.min(6)).min(LONGEST),
        };
        (self.last + wait).saturating_duration_since(now)
    }
}

impl Backoff {
    /// Begins an attempt, which counts as failed until it is told otherwise: many at once are many. An error says how
    /// long to wait; then nothing was counted.
    pub fn begin(&self, keys: [u64; 2], now: Instant) -> Result<(), Duration> {
        self.with(|failures| {
            let known = keys.iter().filter_map(|key| failures.get(key));
            let wait = known.map(|known| known.wait(now)).max().unwrap_or_default();
            if wait > Duration::ZERO {
                return Err(wait);
            }
            for key in keys {
                make_room(failures, now);
                let known = failures.entry(key).or_insert(Failures { count: 0, last: now });
                *known = Failures { count: known.count.saturating_add(1), last: now };
            }
            Ok(())
        })
    }

    /// The attempt was no failure: the next one need not wait for it.
    pub fn undo(&self, keys: [u64; 2]) {
        self.with(|failures| {
            for key in keys {
                if let Some(known) = failures.get_mut(&key) {
                    known.count = known.count.saturating_sub(1);
                    known.last = known.last.checked_sub(LONGEST).unwrap_or(known.last);
                }
            }
        });
    }

    /// The attempt succeeded: what was before it is forgotten, for the account. For the address it is not, as whoever
    /// has one account could go on guessing others for ever.
    pub fn succeed(&self, [address, account]: [u64; 2]) {
        self.undo([address, account]);
        self.with(|failures| failures.remove(&account));
    }

    fn with<R>(&self, f: impl FnOnce(&mut HashMap<u64, Failures>) -> R) -> R {
        f(&mut self.failures.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn make_room(failures: &mut HashMap<u64, Failures>, now: Instant) {
    if failures.len() >= MAX_KEYS {
        failures.retain(|_, known| now.duration_since(known.last) < FORGOTTEN);
    }
    if failures.len() >= MAX_KEYS
        && let Some(oldest) =
            failures.iter().min_by_key(|(_, known)| known.last).map(|(key, _)| *key)
    {
        failures.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_five_failures_the_wait_doubles_up_to_a_minute() {
        let backoff = Backoff::default();
        let mut now = Instant::now();
        for _ in 0..5 {
            assert_eq!(backoff.begin([1, 2], now), Ok(()));
        }
        for wait in [1, 2, 4, 8, 16, 32, 60, 60, 60] {
            let wait = Duration::from_secs(wait);
            assert_eq!(backoff.begin([1, 2], now), Err(wait));
            assert_eq!(backoff.begin([7, 2], now), Err(wait), "the account from elsewhere");
            assert_eq!(backoff.begin([1, 8], now), Err(wait), "the address for another account");
            assert_eq!(backoff.begin([7, 8], now), Ok(()), "others");
            backoff.succeed([7, 8]);
            now += wait;
            assert_eq!(backoff.begin([1, 2], now), Ok(()));
        }
    }

    #[test]
    fn success_forgets_the_account_and_not_the_address() {
        let (backoff, now) = (Backoff::default(), Instant::now());
        for _ in 0..4 {
            backoff.begin([1, 2], now).unwrap();
        }
        backoff.begin([1, 2], now).unwrap();
        backoff.succeed([1, 2]);
        assert_eq!(backoff.begin([9, 2], now), Ok(()));
        backoff.begin([1, 3], now).unwrap();
        assert!(backoff.begin([1, 3], now).is_err());
    }

    #[test]
    fn what_is_remembered_is_bounded_and_forgotten() {
        let (backoff, now) = (Backoff::default(), Instant::now());
        for nth in 0..MAX_KEYS as u64 + 100 {
            backoff.begin([1, nth], now + FORGOTTEN * (nth as u32 % 2)).ok();
        }
        assert!(backoff.failures.lock().unwrap().len() <= MAX_KEYS);
    }
}
