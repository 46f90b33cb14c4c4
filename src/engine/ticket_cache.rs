//! Tickets that lists have shown lately, decoded, with what a list wrote of them: one page of a list is fifty records to
//! find, decrypt, decode and write, and most lists show what was shown before.
//!
//! A ticket is forgotten when a plan that touches it is committed, before whoever asked for that is answered. A reader
//! whose snapshot may be older than that puts nothing in: it says which changes it knew of.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::{Engine, Error};
use crate::domain::ticket::Ticket;

/// Tickets of neighbouring numbers are in different parts, so that readers seldom wait for one another.
const PARTS: usize = 16;
/// Bytes that a ticket takes with what a list wrote of it.
const ABOUT: usize = 4096;
/// Bytes of long texts; a ticket with more is read each time.
const MAX_TEXT: usize = 4096;

/// A ticket as it was read.
pub struct Cached {
    pub ticket: Ticket,
    written: OnceLock<String>,
    queued: OnceLock<String>,
}

impl Cached {
    /// What a list says of it, written the first time.
    pub fn written(&self, write: impl FnOnce(&Ticket) -> String) -> &str {
        self.written.get_or_init(|| write(&self.ticket))
    }

    /// What a queue says of it, written the first time.
    pub fn queued(&self, write: impl FnOnce(&Ticket) -> String) -> &str {
        self.queued.get_or_init(|| write(&self.ticket))
    }
}

pub struct TicketCache {
    parts: [Part; PARTS],
    /// Tickets held in a part; then it begins anew.
    most: usize,
}

#[derive(Default)]
struct Part {
    changes: AtomicU64,
    tickets: Mutex<HashMap<u64, Arc<Cached>>>,
}

/// How often tickets had changed, by part.
#[derive(Clone, Copy)]
pub struct Moment([u64; PARTS]);

impl Part {
    fn tickets(&self) -> MutexGuard<'_, HashMap<u64, Arc<Cached>>> {
        self.tickets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TicketCache {
    /// One that takes about so many bytes.
    pub fn within(bytes: usize) -> TicketCache {
        TicketCache { parts: Default::default(), most: bytes / ABOUT / PARTS }
    }

    fn part(number: u64) -> usize {
        number as usize % PARTS
    }

    /// To be asked for before the snapshot out of which tickets are put.
    pub fn moment(&self) -> Moment {
        Moment(std::array::from_fn(|at| self.parts[at].changes.load(Ordering::Acquire)))
    }

    pub fn get(&self, number: u64) -> Option<Arc<Cached>> {
        self.parts[TicketCache::part(number)].tickets().get(&number).cloned()
    }

    /// Holds a ticket, unless one of its part has changed since.
    pub fn put(&self, ticket: Ticket, since: Moment) -> Arc<Cached> {
        let (number, at) = (ticket.number, TicketCache::part(ticket.number));
        let cached = Arc::new(Cached { ticket, written: OnceLock::new(), queued: OnceLock::new() });
        let Ticket { description, summary, resolution_notes, .. } = &cached.ticket;
        let texts = [description, summary, resolution_notes];
        if texts.into_iter().flatten().map(String::len).sum::<usize>() > MAX_TEXT {
            return cached;
        }
        let mut tickets = self.parts[at].tickets();
        if self.parts[at].changes.load(Ordering::Acquire) == since.0[at] {
            if tickets.len() >= self.most {
                tickets.clear();
            }
            tickets.insert(number, Arc::clone(&cached));
        }
        cached
    }

    /// A ticket has changed.
    pub fn forget(&self, number: u64) {
        let part = &self.parts[TicketCache::part(number)];
        let mut tickets = part.tickets();
        part.changes.fetch_add(1, Ordering::Release);
        tickets.remove(&number);
    }

    /// Any ticket may have changed.
    pub fn forget_all(&self) {
        for part in &self.parts {
            let mut tickets = part.tickets();
            part.changes.fetch_add(1, Ordering::Release);
            tickets.clear();
        }
    }
}

impl Engine {
    /// The tickets of these numbers that there are, in their order.
    pub fn tickets(&self, numbers: &[u64]) -> Result<Vec<Arc<Cached>>, Error> {
        let cache = &self.shared().tickets;
        let moment = cache.moment();
        let mut found: Vec<_> = numbers.iter().map(|number| cache.get(*number)).collect();
        if found.iter().any(Option::is_none) {
            self.read(|rows| {
                for (number, found) in numbers.iter().zip(&mut found) {
                    if found.is_none() {
                        *found = rows.ticket(*number)?.map(|ticket| cache.put(ticket, moment));
                    }
                }
                Ok(())
            })?;
        }
        Ok(found.into_iter().flatten().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::channel::Channel;
    use crate::domain::status::Status;
    use crate::domain::time::Micros;

    fn ticket(number: u64) -> Ticket {
        let id = (number, uuid::Uuid::nil(), String::new());
        Ticket::new(id, Channel::Web, Status::New, Micros(0))
    }

    #[test]
    fn what_was_read_before_a_change_is_not_held_after_it() {
        let cache = TicketCache::within(1 << 20);
        let before = cache.moment();
        cache.put(ticket(1001), before);
        assert!(cache.get(1001).is_some());
        // Somebody else has read both from a snapshot, when one of them changes.
        cache.forget(1001);
        assert!(cache.get(1001).is_none());
        assert_eq!(cache.put(ticket(1001), before).ticket.number, 1001, "who reads it gets it");
        assert!(cache.get(1001).is_none());
        cache.put(ticket(1002), before);
        assert!(cache.get(1002).is_some(), "another part has not changed");
        cache.put(ticket(1001), cache.moment());
        cache.forget_all();
        assert!(cache.get(1001).is_none() && cache.get(1002).is_none());
    }

    #[test]
    fn it_stays_small() {
        let cache = TicketCache::within(1 << 20);
        for number in 0..20 * (cache.most * PARTS) as u64 {
            cache.put(ticket(number), cache.moment());
        }
        let held: usize = cache.parts.iter().map(|part| part.tickets().len()).sum();
        assert!(held <= (1 << 20) / ABOUT && held > 0, "{held}");
        let long = Ticket { description: Some("x".repeat(MAX_TEXT + 1)), ..ticket(7) };
        cache.forget(7);
        cache.put(long, cache.moment());
        assert!(cache.get(7).is_none());
    }
}
