//! Passwords: which may be chosen, and how they are hashed and checked, a bounded number at a time, never on the
//! threads that serve.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD as BASE64;
use subtle::ConstantTimeEq;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// In characters. The upper limit keeps a request from being work without end.
pub const LENGTH: std::ops::RangeInclusive<usize> = 10..=256;

/// What is tried first by whoever guesses: of the commonest passwords those that are long enough.
const COMMON: &str = include_str!("common-passwords.txt");

/// Why a password may not be chosen; `who` is what everybody knows of the person. How it is made up is not asked:
/// that only makes people write it down.
pub fn refusal(password: &str, who: &[&str]) -> Option<String> {
    let length = password.chars().count();
    if !LENGTH.contains(&length) {
        let (least, most) = (LENGTH.start(), LENGTH.end());
        return Some(format!("has {length} characters, must have {least} to {most}"));
    }
    let folded = password.to_lowercase();
    let common = |word: &str| COMMON.lines().any(|line| line == word);
    let mut letters: Vec<char> = folded.chars().collect();
    letters.sort_unstable();
    letters.dedup();
    if common(&folded) || letters.len() < 4 {
        return Some("is among the first that are guessed: take another".into());
    }
    let names = who.iter().map(|name| name.to_lowercase());
    let mut names = names.flat_map(|name| {
        let mailbox = name.split('@').next().map(str::to_owned);
        [Some(name), mailbox]
    });
    if names.any(|name| name.is_some_and(|name| name == folded)) {
        return Some("is the person's own name or address: take another".into());
    }
    None
}

/// More wait than there is patience for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being checked; try again in a second")]
pub struct Busy;

/// What a hash costs: kibibytes and passes, one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    memory: u32,
    passes: u32,
}

/// At once: each takes [`Cost::MEMORY`].
const AT_ONCE: usize = 2;
/// And may wait for those.
const WAITING: usize = 32;

pub struct Hasher {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    cost: Arc<OnceLock<Cost>>,
}

impl Hasher {
    /// `cost` is that of the hashes there are; without it it is found out with the first password, as this machine
    /// allows. So all hashes of a desk take equally long.
    pub fn new(cost: Option<Cost>) -> Hasher {
        let held = OnceLock::new();
        if let Some(cost) = cost {
            let _ = held.set(cost);
        }
        let places = Arc::new(Semaphore::new(AT_ONCE));
        Hasher { places, waiting: AtomicUsize::new(0), cost: Arc::new(held) }
    }

    /// The hash of a password, in PHC form.
    pub async fn hash(&self, password: &str) -> Result<String, Busy> {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(|_| Busy)?;
        let (password, cost) = (password.to_owned(), Arc::clone(&self.cost));
        let made = self.work(move || {
            let cost = *cost.get_or_init(Cost::of_this_machine);
            cost.hash(&password, &salt).map(|hash| cost.phc(&salt, &hash))
        });
        made.await?.ok_or(Busy)
    }

    /// Whether this is the password; where there is none to compare with it takes as long to say no.
    pub async fn verify(&self, password: &str, phc: Option<&str>) -> Result<bool, Busy> {
        let parts = phc.and_then(parse);
        let (password, cost) = (password.to_owned(), Arc::clone(&self.cost));
        self.work(move || match parts {
            Some((cost, salt, hash)) => {
                let made = cost.hash(&password, &salt);
                made.is_some_and(|made| bool::from(made[..].ct_eq(&hash)))
            }
            None => {
                let made = cost.get_or_init(Cost::of_this_machine).hash(&password, &[0; 16]);
                made.is_none()
            }
        })
        .await
    }

    /// Runs beside the threads that serve; whoever asked may go, the place is kept until the work is done.
    async fn work<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> Result<R, Busy> {
        let place = self.place().await?;
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(place);
            done
        });
        done.await.map_err(|_| Busy)
    }

    async fn place(&self) -> Result<OwnedSemaphorePermit, Busy> {
        /// Who stops waiting, for whatever reason, makes room.
        struct Waits<'a>(&'a AtomicUsize);
        impl Drop for Waits<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::Relaxed);
            }
        }
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _waits = Waits(&self.waiting);
        if before >= WAITING {
            return Err(Busy);
        }
        Arc::clone(&self.places).acquire_owned().await.map_err(|_| Busy)
    }
}

impl Cost {
    /// 19 MiB, and at least two passes: the least that is advised for argon2id.
    const MEMORY: u32 = 19 * 1024;
    const LEAST_PASSES: u32 = 2;
    const MOST_PASSES: u32 = 64;
    /// What a hash shall take; between 100 and 250 ms is where logging in feels quick and guessing is slow.
    const AIM: Duration = Duration::from_millis(170);

    /// The cost of a hash that there is.
    pub fn of(phc: &str) -> Option<Cost> {
        parse(phc).map(|(cost, ..)| cost)
    }

    fn of_this_machine() -> Cost {
        let trial = |passes| {
            let began = Instant::now();
            let _ = Cost { memory: Cost::MEMORY, passes }.hash("calibration", &[0; 16]);
            began.elapsed()
        };
        // Another program may have been in the way of one of them.
        let least = (0..3).map(|_| trial(Cost::LEAST_PASSES)).min().unwrap_or(Cost::AIM);
        let pass = (least / Cost::LEAST_PASSES).max(Duration::from_micros(1));
        let passes = u32::try_from(Cost::AIM.as_nanos() / pass.as_nanos()).unwrap_or(u32::MAX);
        let passes = passes.clamp(Cost::LEAST_PASSES, Cost::MOST_PASSES);
        Cost { memory: Cost::MEMORY, passes }
    }

    fn hash(self, password: &str, salt: &[u8]) -> Option<[u8; 32]> {
        let params = Params::new(self.memory, self.passes, 1, Some(32)).ok()?;
        let mut hash = [0; 32];
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon.hash_password_into(password.as_bytes(), salt, &mut hash).ok()?;
        Some(hash)
    }

    fn phc(self, salt: &[u8], hash: &[u8]) -> String {
        let Cost { memory, passes } = self;
        let (salt, hash) = (BASE64.encode(salt), BASE64.encode(hash));
        format!("$argon2id$v=19$m={memory},t={passes},p=1${salt}${hash}")
    }
}

/// Cost, salt and hash of the PHC form that [`Cost::phc`] writes.
fn parse(phc: &str) -> Option<(Cost, Vec<u8>, Vec<u8>)> {
    let mut parts = phc.strip_prefix("$argon2id$v=19$m=")?.split('$');
    let (memory, rest) = parts.next()?.split_once(",t=")?;
    let (memory, passes) = (memory.parse().ok()?, rest.strip_suffix(",p=1")?.parse().ok()?);
    let (salt, hash) = (BASE64.decode(parts.next()?).ok()?, BASE64.decode(parts.next()?).ok()?);
    Some((Cost { memory, passes }, salt, hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_guessed_first_may_not_be_chosen() {
        let who = ["dewi.lestari@example.com", "Dewi Lestari"];
        for bad in [
            "short",
            "password123",
            "PASSWORD123",
            "1234567890",
            "aaaaaaaaaaaa",
            "dewi.lestari",
            "Dewi Lestari",
            "Dewi.Lestari@example.com",
            &"x".repeat(257),
        ] {
            assert!(refusal(bad, &who).is_some(), "{bad}");
        }
        for good in
            ["correct horse", "zehn Zeichen", "密码密码是很长的一个密码", &"xyzq".repeat(64)]
        {
            assert_eq!(refusal(good, &who), None, "{good}");
        }
    }

    #[tokio::test]
    async fn a_hash_knows_its_password_and_no_other() {
        let hasher = Hasher::new(Some(Cost { memory: 64, passes: 1 }));
        let phc = hasher.hash("correct horse").await.unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{phc}");
        assert_eq!(Cost::of(&phc), Some(Cost { memory: 64, passes: 1 }));
        assert_eq!(hasher.verify("correct horse", Some(&phc)).await, Ok(true));
        assert_eq!(hasher.verify("correct horsf", Some(&phc)).await, Ok(false));
        assert_eq!(hasher.verify("correct horse", None).await, Ok(false));
        assert_eq!(hasher.verify("correct horse", Some("$2b$10$else")).await, Ok(false));
        assert_ne!(hasher.hash("correct horse").await.unwrap(), phc, "salted");
    }

    #[tokio::test]
    async fn who_cannot_be_served_soon_is_told_so() {
        let hasher = Hasher::new(Some(Cost { memory: 64, passes: 1 }));
        let all = Arc::clone(&hasher.places).acquire_many_owned(AT_ONCE as u32).await.unwrap();
        let waiting: Vec<_> = (0..WAITING + 1).map(|_| hasher.verify("x", None)).collect();
        let mut waiting = futures_util::future::join_all(waiting);
        let waits = tokio::time::timeout(Duration::from_millis(50), &mut waiting).await;
        assert!(waits.is_err(), "they wait");
        drop(all);
        let answers = waiting.await;
        assert_eq!(answers.iter().filter(|answer| **answer == Err(Busy)).count(), 1);
    }
}
