//! What waits to be sent, held in memory for the worker that sends it and for whoever looks at it.
//!
//! The rows of table Outbox are the truth, and this follows them commit by commit. What is known of attempts is
//! kept here alone: after a restart every message is tried anew, so there is nothing to remember on the flash.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::watch;

use crate::domain::outbound::Outbound;
use crate::domain::time::Micros;

/// Conversation, and the number that orders its messages.
pub type Place = (u64, u64);

/// A waiting message and its place.
#[derive(Clone, Debug)]
pub struct Waiting {
    pub conversation: u64,
    /// Orders the messages of a conversation.
    pub number: u64,
    pub message: Outbound,
}

/// The latest attempt at a message that still waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub attempts: u32,
    pub error: String,
    /// By the wall clock, for people.
    pub next_at: Micros,
}

/// How a bridge does, since the start.
#[derive(Clone, Debug, Default)]
pub struct BridgeState {
    pub sent: u64,
    pub failed: u64,
    pub retried: u64,
    /// Since when, and with what, attempts fail for a reason that may pass; says nothing of anybody.
    pub failing: Option<(Instant, String)>,
}

#[derive(Debug)]
pub struct Outbox {
    rows: Mutex<BTreeMap<Place, Outbound>>,
    attempts: Mutex<HashMap<u64, Attempt>>,
    bridges: Mutex<BTreeMap<String, BridgeState>>,
    news: watch::Sender<u64>,
}

impl Default for Outbox {
    fn default() -> Outbox {
        Outbox {
            rows: Mutex::default(),
            attempts: Mutex::default(),
            bridges: Mutex::default(),
            news: watch::Sender::new(0),
        }
    }
}

/// What is behind these locks is replaced whole: a panic elsewhere has left it as it was.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Outbox {
    /// The first waiting message of every conversation, which alone may be sent.
    pub fn heads(&self) -> Vec<Waiting> {
        let rows = lock(&self.rows);
        let mut heads = Vec::new();
        let mut from = (0, 0);
        while let Some((&(conversation, number), message)) = rows.range(from..).next() {
            heads.push(Waiting { conversation, number, message: message.clone() });
            let Some(next) = conversation.checked_add(1) else { break };
            from = (next, 0);
        }
        heads
    }

    /// Whether it still waits: an echo may have shown meanwhile that it went out.
    pub fn holds(&self, conversation: u64, number: u64) -> bool {
        lock(&self.rows).contains_key(&(conversation, number))
    }

    /// How many wait in a conversation.
    pub fn waiting_in(&self, conversation: u64) -> usize {
        lock(&self.rows).range((conversation, 0)..=(conversation, u64::MAX)).count()
    }

    /// By instance: how many wait, and since when, by the steady clock, the oldest does.
    pub fn by_instance(&self) -> BTreeMap<String, (u64, Micros)> {
        let mut found: BTreeMap<String, (u64, Micros)> = BTreeMap::new();
        for row in lock(&self.rows).values() {
            match found.get_mut(&row.instance) {
                Some((count, oldest)) => {
                    *count += 1;
                    *oldest = row.queued_at.min(*oldest);
                }
                None => {
                    found.insert(row.instance.clone(), (1, row.queued_at));
                }
            }
        }
        found
    }

    /// Wakes when something came or went; carries no data.
    pub fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    pub fn attempt(&self, entry: u64) -> Option<Attempt> {
        lock(&self.attempts).get(&entry).cloned()
    }

    /// An attempt failed and another one will follow, unless it has left meanwhile.
    pub fn failed_for_now(&self, waiting: &Waiting, attempt: Attempt) {
        let rows = lock(&self.rows);
        if rows.contains_key(&(waiting.conversation, waiting.number)) {
            lock(&self.attempts).insert(waiting.message.entry, attempt);
        }
    }

    /// Counts what became of an attempt over a bridge.
    pub fn count(&self, instance: &str, note: impl FnOnce(&mut BridgeState)) {
        let mut bridges = lock(&self.bridges);
        match bridges.get_mut(instance) {
            Some(state) => note(state),
            None => note(bridges.entry(instance.to_owned()).or_default()),
        }
    }

    pub fn bridges(&self) -> BTreeMap<String, BridgeState> {
        lock(&self.bridges).clone()
    }

    /// Follows a committed row.
    pub(super) fn put(&self, place: Place, message: Option<Outbound>) {
        let mut rows = lock(&self.rows);
        let before = match message {
            Some(message) => rows.insert(place, message),
            None => rows.remove(&place),
        };
        if let Some(before) = before {
            lock(&self.attempts).remove(&before.entry);
        }
        drop(rows);
        self.news.send_modify(|changes| *changes += 1);
    }

    /// Takes over what was read from the rows, in place of all that is held.
    pub(super) fn replace(&self, all: Vec<(Place, Outbound)>) {
        *lock(&self.rows) = all.into_iter().collect();
        self.news.send_modify(|changes| *changes += 1);
    }
}
