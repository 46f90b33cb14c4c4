//! Sends what waits in the outbox: one message at a time of a conversation, many conversations at once.
//!
//! What always holds: a message leaves the outbox by a command alone, so it is sent at least once however often the
//! daemon dies; all its attempts bear one id; the next of its conversation waits until it has left; a bridge that
//! hangs keeps nobody waiting but its own chats.

mod attempt;
mod drivers;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::backoff;
use super::mail::Mailer;
use crate::config::Config;
use crate::domain::entry::Entry;
use crate::domain::mail::MAIL;
use crate::domain::time::Micros;
use crate::engine::command::{Actor, Command, Outcome, Submission};
use crate::engine::outbox::{Attempt, Waiting};
use crate::engine::rows::key;
use crate::engine::{self, Engine};
use attempt::Letter;
pub(super) use attempt::Verdict;
pub use attempt::{Bridge, BridgeError};

/// Attempts under way at once over one bridge.
const AT_ONCE: usize = 8;
/// Before a report that the engine could not take is made again.
const PAUSE: Duration = Duration::from_millis(500);
/// How long a stop waits for attempts under way: what is cut off is sent a second time after the next start.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// When nothing is to be tried again, this long is slept; news wakes before.
const LONG: Duration = Duration::from_secs(3600);

/// The bridges by instance, and when what failed is tried again.
#[derive(Clone)]
pub struct Post {
    bridges: Arc<HashMap<String, Arc<Bridge>>>,
    /// The way out for mails, if there is one.
    mailer: Option<Arc<Mailer>>,
    chats: Pace,
    mails: Pace,
}

/// When what failed is tried again, and until when.
#[derive(Clone, Copy)]
struct Pace {
    first: Duration,
    longest: Duration,
    give_up: Duration,
}

impl Post {
    /// Fails where a bridge's address or certificates cannot be used.
    pub fn of(config: &Config) -> Result<Post, BridgeError> {
        let made =
            config.whatsapp.bridges.iter().map(|bridge| {
                Ok((bridge.instance.clone(), Arc::new(Bridge::new(bridge.clone())?)))
            });
        Ok(Post {
            bridges: Arc::new(made.collect::<Result<_, BridgeError>>()?),
            mailer: Mailer::of(config).map_err(BridgeError::Mail)?.map(Arc::new),
            chats: Pace {
                first: config.whatsapp.retry_first,
                longest: config.whatsapp.retry_longest,
                give_up: config.whatsapp.retry_for,
            },
            mails: Pace {
                first: config.mail.retry_first,
                longest: config.mail.retry_longest,
                give_up: config.mail.retry_for,
            },
        })
    }

    /// The names of the ways out.
    fn instances(&self) -> impl Iterator<Item = &str> {
        let mail = self.mailer.iter().map(|_| MAIL);
        self.bridges.keys().map(String::as_str).chain(mail)
    }
}

/// What is remembered of a message between two attempts.
struct Tried {
    attempts: u32,
    /// It may have arrived, and nobody said so.
    uncertain: bool,
    not_before: Instant,
}

/// How a task ended.
struct Ended {
    waiting: Waiting,
    /// It is tried again after so long; none when it has left the outbox.
    again: Option<(Duration, bool)>,
}

/// Sends until `stopping` turns true; then begins nothing more and ends with what is under way, within a limit.
pub async fn run(engine: Engine, post: Post, mut stopping: watch::Receiver<bool>) {
    let outbox = engine.shared().outbox();
    for instance in post.instances() {
        outbox.count(instance, |_| {});
    }
    let mut news = outbox.news();
    // What waited when the daemon died may have been on its way.
    let uncertain = |w: Waiting| {
        (w.message.entry, Tried { attempts: 0, uncertain: true, not_before: Instant::now() })
    };
    let mut tried: HashMap<u64, Tried> = outbox.heads().into_iter().map(uncertain).collect();
    let mut busy: HashSet<u64> = HashSet::new();
    let mut over: HashMap<String, usize> = HashMap::new();
    let mut tasks: JoinSet<Ended> = JoinSet::new();
    loop {
        let mut wake = Instant::now() + LONG;
        news.mark_unchanged();
        let heads = engine.shared().outbox().heads();
        tried.retain(|entry, _| {
            heads.iter().any(|w| w.message.entry == *entry || busy.contains(&w.conversation))
        });
        for waiting in heads {
            let instance = waiting.message.instance.clone();
            if busy.contains(&waiting.conversation) {
                continue;
            }
            if let Some(tried) = tried.get(&waiting.message.entry)
                && tried.not_before > Instant::now()
            {
                wake = wake.min(tried.not_before);
                continue;
            }
            let under_way = over.entry(instance.clone()).or_default();
            if *under_way >= AT_ONCE {
                continue;
            }
            *under_way += 1;
            busy.insert(waiting.conversation);
            let before = tried.get(&waiting.message.entry);
            let attempts = before.map_or(0, |t| t.attempts);
            let uncertain = before.is_some_and(|t| t.uncertain);
            tasks.spawn(once(engine.clone(), post.clone(), waiting, attempts, uncertain).boxed());
        }
        tokio::select! {
            changed = news.changed() => if changed.is_err() { return },
            Some(ended) = tasks.join_next() => {
                let Ok(ended) = ended else {
                    // Whose task panicked is not known: all begin anew.
                    tracing::error!("sending a reply panicked; what was under way is begun anew");
                    tasks.shutdown().await;
                    (busy, over) = (HashSet::new(), HashMap::new());
                    continue;
                };
                busy.remove(&ended.waiting.conversation);
                if let Some(under_way) = over.get_mut(&ended.waiting.message.instance) {
                    *under_way -= 1;
                }
                let entry = ended.waiting.message.entry;
                match ended.again {
                    Some((after, uncertain)) => {
                        let attempts = tried.get(&entry).map_or(0, |t| t.attempts) + 1;
                        let not_before = Instant::now() + after;
                        tried.insert(entry, Tried { attempts, uncertain, not_before });
                    }
                    None => drop(tried.remove(&entry)),
                }
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

async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // Whoever would tell has gone: that is a stop too.
    let _ = stopping.wait_for(|stop| *stop).await;
}

/// One attempt at a message, and the report of how it ended.
async fn once(
    engine: Engine,
    post: Post,
    waiting: Waiting,
    attempts: u32,
    uncertain: bool,
) -> Ended {
    let is_mail = waiting.message.instance == MAIL;
    let pace = if is_mail { post.mails } else { post.chats };
    let verdict = match &post.mailer {
        Some(mailer) if is_mail => mailer.attempt(&engine, &waiting).await,
        None if is_mail => Verdict::passing("no mail server is configured any more (mail.smtp)"),
        _ => over_bridge(&engine, &post, &waiting).await,
    };
    let shared = engine.shared();
    let instance = waiting.message.instance.as_str();
    let (outcome, counted) = match verdict {
        Verdict::Sent { id } => (Outcome::Sent { id, uncertain }, "sent"),
        Verdict::Refused(error) => (Outcome::Failed { error }, "failed"),
        Verdict::Passing { error, detail, retry_after, uncertain: now } => {
            let waited = shared.steady().0.saturating_sub(waiting.message.queued_at.0);
            let told = if detail.is_empty() { error.clone() } else { format!("{error}: {detail}") };
            shared.outbox().count(instance, |bridge| {
                bridge.retried += 1;
                match &mut bridge.failing {
                    Some((_, last)) => *last = error.clone(),
                    None => bridge.failing = Some((std::time::Instant::now(), error.clone())),
                }
            });
            if waited < i64::try_from(pace.give_up.as_micros()).unwrap_or(i64::MAX) {
                shared.metrics.sent(instance, "retried");
                let after = backoff::delay(attempts, pace.first, pace.longest);
                let after = retry_after.map_or(after, |asked| after.max(asked));
                tracing::info!(
                    instance,
                    ticket = waiting.message.ticket,
                    error,
                    "a reply could not be sent; the next attempt is in {after:?}"
                );
                let micros = i64::try_from(after.as_micros()).unwrap_or(i64::MAX);
                let next_at = Micros(backoff::now().saturating_add(micros));
                let attempt = Attempt { attempts: attempts + 1, error: told, next_at };
                shared.outbox().failed_for_now(&waiting, attempt);
                return Ended { waiting, again: Some((after, uncertain || now)) };
            }
            let error = format!("given up after {:?}; the last attempt: {told}", pace.give_up);
            (Outcome::Failed { error }, "failed")
        }
    };
    if counted == "failed" {
        tracing::warn!(instance, ticket = waiting.message.ticket, "a reply could not be sent");
    }
    shared.metrics.sent(instance, counted);
    shared.outbox().count(instance, |bridge| {
        if counted == "sent" {
            bridge.sent += 1;
            bridge.failing = None;
        } else {
            bridge.failed += 1;
        }
    });
    report(&engine, &waiting, outcome).await;
    Ended { waiting, again: None }
}

async fn over_bridge(engine: &Engine, post: &Post, waiting: &Waiting) -> Verdict {
    let message = &waiting.message;
    match (post.bridges.get(&message.instance), text(engine, message.entry)) {
        (None, _) => Verdict::passing("no bridge is configured for it any more"),
        (_, Err(error)) => Verdict::passing(&error.to_string()),
        (_, Ok(None)) => Verdict::Refused("its text is not there any more".into()),
        (Some(bridge), Ok(Some(text))) => {
            bridge.attempt(&Letter { to: &message.to, text: &text, id: &message.message_id }).await
        }
    }
}

fn text(engine: &Engine, entry: u64) -> Result<Option<String>, engine::Error> {
    engine.read(|rows| Ok(rows.get::<Entry>(&key::number(entry))?.map(|entry| entry.body)))
}

/// Tells the engine until it is on disk: sending again what was sent is the last resort, after a crash.
async fn report(engine: &Engine, waiting: &Waiting, outcome: Outcome) {
    let command = Command::Dispatched {
        conversation: waiting.conversation,
        number: waiting.number,
        entry: waiting.message.entry,
        outcome,
    };
    loop {
        let submission = Submission::new(Actor::System, command.clone());
        match engine.submit(submission).await {
            Ok(_) | Err(engine::Error::Stopping) => return,
            Err(error) => {
                let ticket = waiting.message.ticket;
                tracing::warn!(ticket, %error, "what became of a reply could not be kept yet");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
