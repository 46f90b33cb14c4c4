//! Webhooks that go out: what may be asked of them, and the subscriptions as everybody reads them, held in memory and
//! following the rows commit by commit.
//!
//! What is known of attempts is kept here alone, as for the outbox: after a restart a delivery is simply tried anew.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::rows::{ReadError, Rows, key};
use crate::domain::time::Micros;
use crate::domain::webhook::{Delivery, Secret, Since, Webhook, deliveries};
use crate::store::codec::Record;
use crate::store::{Order, RowKey};

/// The consumer of the feed that queues deliveries.
pub const CURSOR: &str = "webhooks";

#[derive(Clone, Debug)]
pub enum WebhookCommand {
    Create(Box<NewWebhook>),
    Update {
        id: u64,
        changes: Box<WebhookChanges>,
        /// Where the feed is now, for one that is switched on.
        now: Since,
    },
    /// A new secret; the old one signs for a day more.
    Rotate {
        id: u64,
        secret: Secret,
    },
    Delete {
        id: u64,
    },
    /// Queues a delivery that only tries the way.
    Test {
        id: u64,
        message_id: String,
        body: String,
    },
    /// Sends a delivery anew that has ended.
    Redeliver {
        id: u64,
        number: u64,
    },
    /// Sends everything anew that was given up, in its order; a bounded number at once.
    RedeliverParked {
        id: u64,
    },
    /// The feed was dealt with up to `upto`, and this is to be delivered.
    Queue {
        upto: u64,
        deliveries: Vec<NewDelivery>,
    },
    /// How a delivery ended.
    Report {
        id: u64,
        number: u64,
        attempts: u32,
        outcome: Reported,
    },
}

#[derive(Clone, Debug)]
pub struct NewWebhook {
    pub url: String,
    pub events: Vec<String>,
    pub description: Option<String>,
    pub active: bool,
    pub secret: Secret,
    pub since: Since,
}

/// Fields that are absent stay as they are.
#[derive(Clone, Debug, Default)]
pub struct WebhookChanges {
    pub url: Option<String>,
    pub events: Option<Vec<String>>,
    pub description: Option<Option<String>>,
    pub active: Option<bool>,
}

/// One event for those who subscribed to it.
#[derive(Clone, Debug)]
pub struct NewDelivery {
    pub webhooks: Vec<u64>,
    pub message_id: String,
    pub event: String,
    pub ticket: Option<u64>,
    pub body: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reported {
    Arrived {
        status: u16,
    },
    /// It has waited long enough.
    GivenUp {
        status: Option<u16>,
        error: String,
    },
    /// The receiver wants nothing any more (410).
    Gone,
    /// What it was to send is there no more.
    Void,
}

/// The latest attempts of a subscription, all of which failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    pub attempts: u32,
    pub error: String,
    /// By the wall clock, for people.
    pub next_at: Micros,
}

#[derive(Debug)]
pub struct Hooks {
    rows: Mutex<BTreeMap<u64, Arc<Webhook>>>,
    failing: Mutex<BTreeMap<u64, Failing>>,
    news: watch::Sender<u64>,
}

impl Default for Hooks {
    fn default() -> Hooks {
        Hooks { rows: Mutex::default(), failing: Mutex::default(), news: watch::Sender::new(0) }
    }
}

/// What is behind these locks is replaced whole: a panic elsewhere has left it as it was.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hooks {
    pub fn all(&self) -> Vec<Arc<Webhook>> {
        lock(&self.rows).values().cloned().collect()
    }

    pub fn active(&self) -> Vec<Arc<Webhook>> {
        lock(&self.rows).values().filter(|hook| hook.active).cloned().collect()
    }

    pub fn get(&self, id: u64) -> Option<Arc<Webhook>> {
        lock(&self.rows).get(&id).cloned()
    }

    /// Wakes when a subscription or a waiting delivery changed; carries no data.
    pub fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    pub fn failing(&self, id: u64) -> Option<Failing> {
        lock(&self.failing).get(&id).cloned()
    }

    /// An attempt failed and another will follow; none: it arrived, or was given up.
    pub fn set_failing(&self, id: u64, failing: Option<Failing>) {
        match failing {
            Some(failing) => drop(lock(&self.failing).insert(id, failing)),
            None => drop(lock(&self.failing).remove(&id)),
        }
    }

    /// Follows a committed row.
    pub(super) fn put(&self, id: u64, webhook: Option<Webhook>) {
        match webhook {
            Some(webhook) => drop(lock(&self.rows).insert(id, Arc::new(webhook))),
            None => {
                lock(&self.rows).remove(&id);
                lock(&self.failing).remove(&id);
            }
        }
        self.wake();
    }

    /// A delivery came or went.
    pub(super) fn wake(&self) {
        self.news.send_modify(|changes| *changes += 1);
    }

    /// Takes over what was read from the rows, in place of all that is held.
    pub(super) fn replace(&self, all: Vec<(u64, Webhook)>) {
        *lock(&self.rows) = all.into_iter().map(|(id, hook)| (id, Arc::new(hook))).collect();
        self.wake();
    }
}

impl Rows<'_> {
    /// The oldest delivery of a webhook that waits, with its number.
    pub fn next_delivery(&self, webhook: u64) -> Result<Option<(u64, Delivery)>, ReadError> {
        let (start, end) = (key::pair(webhook, 0), key::pair(webhook + 1, 0));
        let rows = self.scan::<Delivery>(&start, Some(&end), Order::Ascending, 1)?;
        let found = rows.into_iter().next();
        Ok(found.and_then(|(row, delivery)| Some((key::numbers(&row)?.1, delivery))))
    }

    /// How many deliveries of a webhook wait: those that do are the last ones.
    pub fn waiting_deliveries(&self, webhook: u64) -> Result<u64, ReadError> {
        let Some((first, _)) = self.next_delivery(webhook)? else { return Ok(0) };
        Ok((self.count(&deliveries(webhook))? + 1).saturating_sub(first))
    }

    /// Deliveries of a webhook before a number, of one table, newest first.
    pub fn deliveries_before<R: Record>(
        &self,
        webhook: u64,
        before: u64,
        limit: usize,
    ) -> Result<Vec<(u64, R)>, ReadError> {
        let (start, end) = (key::pair(webhook, 0), key::pair(webhook, before));
        let rows = self.scan::<R>(&start, Some(&end), Order::Descending, limit)?;
        let number = |(row, record): (RowKey, R)| Some((key::numbers(&row)?.1, record));
        Ok(rows.into_iter().filter_map(number).collect())
    }
}
