//! Webhooks that go out: [`feeder`] queues what the feed tells, this sends what waits.
//!
//! What always holds: of a subscription one delivery is under way at a time, the oldest that waits; a delivery leaves the
//! waiting ones by a command alone, so it is sent at least once however often the daemon dies, under one id; every
//! subscription has a task of its own, so a receiver that hangs keeps nobody else waiting.

mod attempt;
pub mod feeder;
mod payload;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::backoff;
use crate::config::WebhooksConfig;
use crate::domain::time::Micros;
use crate::domain::webhook::{Delivery, Payload, Webhook};
use crate::engine::command::{Actor, Command, Submission};
use crate::engine::hooks::{Failing, Reported, WebhookCommand};
use crate::engine::rows::key;
use crate::engine::{self, Engine};
use crate::net::ClientError;
use crate::net::guard::{Guard, GuardedClient};
use attempt::{Message, Verdict};

/// Before a report that the engine could not take is made again.
const PAUSE: Duration = Duration::from_millis(500);
/// How long a stop waits for attempts under way: what is cut off is sent a second time after the next start.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// When nothing is to be tried again, this long is slept; news wakes before.
const LONG: Duration = Duration::from_secs(3600);

/// How deliveries are sent.
#[derive(Clone)]
pub struct Sender {
    client: GuardedClient,
    timeout: Duration,
    first: Duration,
    longest: Duration,
    give_up: Duration,
}

impl Sender {
    /// Fails where the certificates cannot be used.
    pub fn of(config: &WebhooksConfig) -> Result<Sender, ClientError> {
        Ok(Sender {
            client: GuardedClient::new(Guard::new(config.ranges()), &config.ca_file)?,
            timeout: config.timeout,
            first: config.retry_first,
            longest: config.retry_longest,
            give_up: config.retry_for,
        })
    }
}

/// What is remembered of a subscription between two attempts.
#[derive(Clone, Copy)]
struct Tried {
    /// Of this delivery.
    number: u64,
    attempts: u32,
    /// Of all deliveries since something arrived: a dead receiver is not asked more often for having more to get.
    failures: u32,
    not_before: Instant,
}

/// How a task ended.
struct Ended {
    webhook: u64,
    number: u64,
    /// Before which nothing more is tried.
    again: Option<Duration>,
    /// What was to be sent is no reason to wait any more.
    arrived: bool,
}

/// Sends until `stopping` turns true; then begins nothing more and ends with what is under way, within a limit.
pub async fn run(engine: Engine, sender: Sender, mut stopping: watch::Receiver<bool>) {
    let mut news = engine.shared().hooks().news();
    let mut tried: HashMap<u64, Tried> = HashMap::new();
    let mut busy: HashSet<u64> = HashSet::new();
    let mut tasks: JoinSet<Ended> = JoinSet::new();
    loop {
        let mut wake = Instant::now() + LONG;
        news.mark_unchanged();
        let active = engine.shared().hooks().active();
        tried.retain(|id, _| active.iter().any(|webhook| webhook.id == *id) || busy.contains(id));
        for webhook in active {
            let before = tried.get(&webhook.id).copied();
            if busy.contains(&webhook.id) {
                continue;
            }
            if let Some(tried) = before
                && tried.not_before > Instant::now()
            {
                wake = wake.min(tried.not_before);
                continue;
            }
            let head = match head(&engine, webhook.id) {
                Ok(Some(head)) => head,
                Ok(None) => continue,
                Err(error) => {
                    tracing::warn!(%error, "what a webhook waits for could not be read yet");
                    wake = wake.min(Instant::now() + PAUSE);
                    continue;
                }
            };
            busy.insert(webhook.id);
            let attempts = before.filter(|t| t.number == head.0).map_or(0, |t| t.attempts);
            let failures = before.map_or(0, |t| t.failures);
            tasks.spawn(
                once(engine.clone(), sender.clone(), webhook, head, (attempts, failures)).boxed(),
            );
        }
        tokio::select! {
            changed = news.changed() => if changed.is_err() { return },
            Some(ended) = tasks.join_next() => {
                let Ok(ended) = ended else {
                    // Whose task panicked is not known: all begin anew.
                    tracing::error!("a webhook's delivery panicked; what was under way is begun anew");
                    tasks.shutdown().await;
                    busy.clear();
                    continue;
                };
                note(&mut tried, &ended);
                busy.remove(&ended.webhook);
            }
            () = tokio::time::sleep_until(wake) => {}
            () = stopped(&mut stopping) => {
                let finish = async { while tasks.join_next().await.is_some() {} };
                let _ = tokio::time::timeout(LAST_WORDS, finish).await;
                return;
            }
        }
    }
}

fn note(tried: &mut HashMap<u64, Tried>, ended: &Ended) {
    let before = tried.get(&ended.webhook).copied();
    if ended.arrived {
        tried.remove(&ended.webhook);
        return;
    }
    let failures = before.map_or(0, |t| t.failures).saturating_add(1);
    let attempts = before.filter(|t| t.number == ended.number).map_or(0, |t| t.attempts) + 1;
    let not_before = Instant::now() + ended.again.unwrap_or_default();
    tried.insert(ended.webhook, Tried { number: ended.number, attempts, failures, not_before });
}

async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // Whoever would tell has gone: that is a stop too.
    let _ = stopping.wait_for(|stop| *stop).await;
}

/// The oldest delivery that waits, with its number and what it sends.
type Head = (u64, Delivery, Option<String>);

fn head(engine: &Engine, webhook: u64) -> Result<Option<Head>, engine::Error> {
    engine.read(|rows| {
        let Some((number, delivery)) = rows.next_delivery(webhook)? else { return Ok(None) };
        let row = key::pair(delivery.ticket, delivery.payload);
        let body = rows.get::<Payload>(&row)?.map(|payload| payload.body);
        Ok(Some((number, delivery, body)))
    })
}

/// One attempt at a delivery, and the report of how it ended.
async fn once(
    engine: Engine,
    sender: Sender,
    webhook: Arc<Webhook>,
    (number, delivery, body): Head,
    (attempts, failures): (u32, u32),
) -> Ended {
    let shared = engine.shared();
    let id = webhook.id;
    let attempts = attempts + 1;
    let verdict = match &body {
        None => None,
        Some(body) => {
            let message = Message { id: &delivery.message_id, body };
            let timeout = sender.timeout;
            Some(
                attempt::attempt(&sender.client, &webhook, &message, shared.steady(), timeout)
                    .await,
            )
        }
    };
    let (outcome, arrived) = match verdict {
        None => (Reported::Void, true),
        Some(Verdict::Arrived { status }) => (Reported::Arrived { status }, true),
        Some(Verdict::Gone) => (Reported::Gone, true),
        Some(Verdict::Passing { status, error, retry_after }) => {
            let waited = shared.steady().0.saturating_sub(delivery.queued_at.0);
            let give_up = i64::try_from(sender.give_up.as_micros()).unwrap_or(i64::MAX);
            let after = backoff::delay(failures, sender.first, sender.longest);
            let after = retry_after.map_or(after, |asked| after.max(asked));
            if waited < give_up {
                tracing::info!(
                    webhook = id,
                    error,
                    "a webhook was not taken; the next attempt is in {after:?}"
                );
                let micros = i64::try_from(after.as_micros()).unwrap_or(i64::MAX);
                let next_at = Micros(backoff::now().saturating_add(micros));
                shared.hooks().set_failing(id, Some(Failing { attempts, error, next_at }));
                return Ended { webhook: id, number, again: Some(after), arrived: false };
            }
            tracing::warn!(
                webhook = id,
                delivery = number,
                error,
                "a webhook's delivery was given up"
            );
            let gave_up = Reported::GivenUp { status, error };
            report(&engine, (id, number), attempts, gave_up).await;
            shared.hooks().set_failing(id, None);
            return Ended { webhook: id, number, again: Some(after), arrived: false };
        }
    };
    report(&engine, (id, number), attempts, outcome).await;
    shared.hooks().set_failing(id, None);
    Ended { webhook: id, number, again: None, arrived }
}

/// Tells the engine until it is on disk: sending again what was sent is the last resort, after a crash.
async fn report(engine: &Engine, (id, number): (u64, u64), attempts: u32, outcome: Reported) {
    let command = Command::Webhook(WebhookCommand::Report { id, number, attempts, outcome });
    loop {
        let submission = Submission::new(Actor::System, command.clone());
        match engine.submit(submission).await {
            Ok(_) | Err(engine::Error::Stopping) => return,
            Err(error) => {
                tracing::warn!(webhook = id, %error, "what became of a webhook could not be kept yet");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
