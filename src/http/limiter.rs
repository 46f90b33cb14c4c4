//! How often somebody may do a thing: a token bucket for each key, in bounded memory.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Keys that have a bucket of their own at once; further ones share one.
const MAX_KEYS: usize = 10_000;
/// The key of those who share.
const SHARED: u64 = 0;
const WINDOW: Duration = Duration::from_secs(60);

/// So many times in a minute, as a burst or evenly.
pub struct Limiter {
    per_minute: u32,
    buckets: Mutex<HashMap<u64, Bucket>>,
}

#[derive(Clone, Copy)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl Limiter {
    pub fn new(per_minute: u32) -> Limiter {
        Limiter { per_minute, buckets: Mutex::default() }
    }

    /// Takes once from every key's bucket, or from none: then in how many seconds it would do.
    pub fn take(&self, keys: &[u64], now: Instant) -> Result<(), u32> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() + keys.len() > MAX_KEYS {
            // A bucket that is full again says nothing.
            buckets.retain(|_, bucket| now.saturating_duration_since(bucket.at) < WINDOW);
        }
        let full = f64::from(self.per_minute);
        let rate = full / WINDOW.as_secs_f64();
        let mut filled = Vec::with_capacity(keys.len());
        for key in keys {
            let key = if buckets.contains_key(key) || buckets.len() + keys.len() <= MAX_KEYS {
                *key
            } else {
                SHARED
            };
            let bucket = buckets.get(&key).copied().unwrap_or(Bucket { left: full, at: now });
            let since = now.saturating_duration_since(bucket.at).as_secs_f64();
            filled.push((key, (bucket.left + since * rate).min(full)));
        }
        let least = filled.iter().map(|(_, left)| *left).fold(full, f64::min);
        if least < 1.0 {
            return Err(((1.0 - least) / rate).ceil() as u32);
        }
        for (key, left) in filled {
            buckets.insert(key, Bucket { left: left - 1.0, at: now });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_taken_and_then_one_at_a_time() {
        let (limiter, now) = (Limiter::new(6), Instant::now());
        assert!((0..6).all(|_| limiter.take(&[1], now).is_ok()));
        assert_eq!(limiter.take(&[1], now), Err(10));
        assert!(limiter.take(&[2], now).is_ok(), "another key is another bucket");
        assert_eq!(limiter.take(&[1], now + Duration::from_secs(4)), Err(6));
        assert!(limiter.take(&[1], now + Duration::from_secs(11)).is_ok());
    }

    #[test]
    fn what_one_key_refuses_costs_the_other_nothing() {
        let (limiter, now) = (Limiter::new(1), Instant::now());
        assert!(limiter.take(&[1], now).is_ok());
        assert!(limiter.take(&[2, 1], now).is_err());
        assert!(limiter.take(&[2], now).is_ok());
    }

    #[test]
    fn a_flood_of_keys_takes_no_more_memory_and_shares_one_bucket() {
        let (limiter, now) = (Limiter::new(3), Instant::now());
        let taken = (1..=50_000).filter(|key| limiter.take(&[*key], now).is_ok()).count();
        assert!(taken <= MAX_KEYS + 3, "{taken}");
        assert!(limiter.buckets.lock().expect("no panic").len() <= MAX_KEYS + 1);
        assert!(limiter.take(&[60_000], now + WINDOW).is_ok());
    }
}
