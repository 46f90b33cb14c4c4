//! Refusals on their way into the audit. They are many when somebody tries doors: so few of one address get a row of
//! their own in a minute, the others are counted in one row, and of the addresses only so many are told apart.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::domain::audit::{Audited, Who};

/// What "so few in a minute" is counted over.
const WINDOW: Duration = Duration::from_secs(60);
/// Addresses told apart in a minute; of further ones it is only said how many refusals there were.
const MAX_ADDRESSES: usize = 256;
/// Rows that wait to be written.
const MAX_WAITING: usize = 1024;

#[derive(Debug)]
pub struct Refusals {
    per_minute: u32,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// When the minute began.
    began: Option<Instant>,
    /// Rows that each address has had in this minute.
    rows: HashMap<Option<IpAddr>, u32>,
    waiting: Vec<Audited>,
    /// Counted together, until the minute is over.
    folded: HashMap<Option<IpAddr>, Audited>,
    beyond: Option<Audited>,
}

impl Refusals {
    /// `per_minute` rows for one address.
    pub fn new(per_minute: u32) -> Refusals {
        Refusals { per_minute, inner: Mutex::default() }
    }

    pub fn note(&self, refused: Audited) {
        let mut inner = self.inner();
        inner.began.get_or_insert_with(Instant::now);
        let address = refused.address;
        if inner.rows.len() >= MAX_ADDRESSES && !inner.rows.contains_key(&address) {
            let anywhere = Audited { address: None, ..refused };
            return fold(&mut inner.beyond, anywhere);
        }
        let Inner { rows, waiting, folded, .. } = &mut *inner;
        let rows = rows.entry(address).or_default();
        if *rows < self.per_minute && waiting.len() < MAX_WAITING {
            *rows += 1;
            waiting.push(refused);
        } else {
            let mut place = folded.remove(&address);
            fold(&mut place, refused);
            folded.extend(place.map(|count| (address, count)));
        }
    }

    /// What is to be written now.
    pub fn due(&self, now: Instant) -> Vec<Audited> {
        let mut inner = self.inner();
        let mut due = std::mem::take(&mut inner.waiting);
        if inner.began.is_some_and(|began| now.saturating_duration_since(began) >= WINDOW) {
            due.extend(inner.folded.drain().map(|(_, folded)| folded));
            due.extend(inner.beyond.take());
            (inner.began, inner.rows) = (None, HashMap::new());
        }
        due
    }

    /// Everything that there is, whether its minute is over or not: at the end.
    pub fn rest(&self) -> Vec<Audited> {
        let mut inner = self.inner();
        let mut rest = std::mem::take(&mut inner.waiting);
        rest.extend(inner.folded.drain().map(|(_, folded)| folded));
        rest.extend(inner.beyond.take());
        rest
    }

    /// Takes back what could not be written.
    pub fn put_back(&self, refused: Vec<Audited>) {
        let mut inner = self.inner();
        for refused in refused {
            if inner.waiting.len() < MAX_WAITING {
                inner.waiting.push(refused);
            } else {
                fold(&mut inner.beyond, Audited { address: None, ..refused });
            }
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts one more; what differs between them is no longer told.
fn fold(place: &mut Option<Audited>, refused: Audited) {
    match place {
        None => *place = Some(refused),
        Some(folded) => {
            folded.count = folded.count.saturating_add(refused.count);
            if folded.who != refused.who {
                folded.who = Who::Unknown;
            }
            if folded.subject != refused.subject {
                folded.subject = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::audit::{Outcome, Subject};

    fn refused(address: u32, route: &str) -> Audited {
        Audited {
            who: Who::Unknown,
            address: Some(IpAddr::V4(address.into())),
            door: "api".into(),
            action: "access".into(),
            subject: Some(Subject::new("route", route)),
            outcome: Outcome::Failed,
            count: 1,
        }
    }

    #[test]
    fn few_have_a_row_of_their_own_and_the_others_are_counted() {
        let refusals = Refusals::new(3);
        for at in 0..100 {
            refusals.note(refused(7, &format!("GET /{}", at % 5)));
        }
        refusals.note(refused(8, "GET /"));
        let now = Instant::now();
        assert_eq!(refusals.due(now).len(), 4);
        assert!(refusals.due(now).is_empty());
        let later = refusals.due(now + WINDOW);
        let [folded] = &later[..] else { panic!("{later:?}") };
        assert_eq!((folded.count, &folded.subject), (97, &None));
        refusals.note(refused(7, "GET /"));
        assert_eq!(refusals.due(now).len(), 1, "a new minute");
    }

    #[test]
    fn a_flood_of_addresses_comes_to_few_rows_and_none_is_lost_count_of() {
        let refusals = Refusals::new(10);
        (0..100_000).for_each(|address| refusals.note(refused(address, "GET /")));
        let all = refusals.due(Instant::now() + WINDOW);
        assert!(all.len() <= MAX_ADDRESSES + 1, "{}", all.len());
        assert_eq!(all.iter().map(|row| row.count).sum::<u32>(), 100_000);
    }

    #[test]
    fn what_could_not_be_written_comes_again() {
        let refusals = Refusals::new(10);
        refusals.note(refused(7, "GET /"));
        let due = refusals.due(Instant::now());
        refusals.put_back(due.clone());
        assert_eq!(refusals.rest(), due);
    }
}
