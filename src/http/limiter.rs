//! How often somebody may do a thing: a token bucket for each key, in bounded memory.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Keys that have a bucket of their own at once; further ones share one.
const MAX_KEYS: usize = 10_000;
/// The key of those who share.
const SHARED: u64 = 0;
/// In which a bucket fills.
pub const WINDOW: Duration = Duration::from_secs(60);

/// So many times in a minute, as a burst or evenly; 0 is as often as they like.
pub struct Limiter {
    per_minute: u32,
    buckets: Mutex<HashMap<u64, Bucket>>,
}

#[derive(Clone, Copy)]
struct Bucket {
    left: f64,
    at: Instant,
}

/// What is left after something was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    pub times: u32,
    /// Seconds until the bucket is full again.
    pub full_in: u32,
}

/// The key of an address. Whoever has one address of IPv6 has 2^64 of them, so a network of that size is one.
pub fn place(address: Option<IpAddr>) -> u64 {
    let place = match address.map(|address| address.to_canonical()) {
        None => 0,
        Some(IpAddr::V4(address)) => u128::from(address.to_bits()),
        Some(IpAddr::V6(address)) => address.to_bits() >> 64 << 64 | 1,
    };
    xxhash_rust::xxh3::xxh3_64(&place.to_be_bytes())
}

impl Limiter {
    pub fn new(per_minute: u32) -> Limiter {
        Limiter { per_minute, buckets: Mutex::default() }
    }

    pub fn per_minute(&self) -> u32 {
        self.per_minute
    }

    /// Takes once from every key's bucket, or from none: then in how many seconds it would do. None is left to
    /// tell where there is no limit.
    pub fn take(&self, keys: &[u64], now: Instant) -> Result<Option<Left>, u32> {
        if self.per_minute == 0 {
            return Ok(None);
        }
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
        let left = least - 1.0;
        Ok(Some(Left { times: left as u32, full_in: ((full - left) / rate).ceil() as u32 }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_taken_and_then_one_at_a_time() {
        let (limiter, now) = (Limiter::new(6), Instant::now());
        let left = |times, full_in| Ok(Some(Left { times, full_in }));
        assert_eq!(limiter.take(&[1], now), left(5, 10));
        assert!((0..4).all(|_| limiter.take(&[1], now).is_ok()));
        assert_eq!(limiter.take(&[1], now), left(0, 60));
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

    #[test]
    fn none_is_no_limit() {
        let (limiter, now) = (Limiter::new(0), Instant::now());
        assert!((0..100_000).all(|_| limiter.take(&[1], now) == Ok(None)));
        assert!(limiter.buckets.lock().expect("no panic").is_empty());
    }

    #[test]
    fn a_network_of_ipv6_is_one_place() {
        let of = |text: &str| place(Some(text.parse().unwrap()));
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
    }
}
