//! From the feed to what waits: a consumer with a durable cursor, which moves in one plan with the deliveries that it
//! stands for.

use std::time::Duration;

use super::payload::{self, Beside};
use crate::domain::webhook::Webhook;
use crate::engine::command::{Actor, Command, Submission};
use crate::engine::event::EventKind;
use crate::engine::feed::{Published, ReadFeedError};
use crate::engine::hooks::{CURSOR, NewDelivery, WebhookCommand};
use crate::engine::rows::key;
use crate::engine::{self, Engine};

/// Events looked at by one command.
const AT_ONCE: usize = 100;
/// Events that nobody subscribed to, after which the cursor is moved all the same: the feed is kept for it.
const PASSED: u64 = 1000;
/// Bytes of payloads in one command, which one plan must hold.
const MAX_BYTES: usize = 4 << 20;
/// Before what failed is tried again.
const PAUSE: Duration = Duration::from_millis(500);

pub async fn run(engine: Engine) {
    let shared = engine.shared();
    let (mut news, mut changes) = (shared.news(), shared.hooks().news());
    let mut place: Option<Place> = None;
    loop {
        news.mark_unchanged();
        changes.mark_unchanged();
        let active = shared.hooks().active();
        if active.is_empty() {
            // The cursor was dropped with the last of them: whoever comes next begins where they came.
            place = None;
            if changes.changed().await.is_err() {
                return;
            }
            continue;
        }
        let begun = match place.take().map_or_else(|| begin(&engine), Ok) {
            Ok(begun) => begun,
            Err(error) => {
                tracing::warn!(%error, "the cursor of webhooks could not be read yet");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let mut now = begun.beyond(&engine);
        let step = step(&engine, &mut now).await;
        place = Some(now);
        match step {
            Ok(true) => {}
            Ok(false) => tokio::select! {
                changed = news.changed() => if changed.is_err() { return },
                changed = changes.changed() => if changed.is_err() { return },
            },
            Err(engine::Error::Stopping) => return,
            Err(error) => {
                tracing::warn!(%error, "deliveries of webhooks could not be queued yet");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// How far the feed was dealt with.
#[derive(Clone, Copy)]
struct Place {
    read: u64,
    /// What the durable cursor says.
    kept: u64,
}

impl Place {
    /// No earlier than what the first subscription wants.
    fn beyond(self, engine: &Engine) -> Place {
        let active = engine.shared().hooks().active();
        let first = active.iter().map(|webhook| since(engine, webhook)).min().unwrap_or(0);
        Place { read: self.read.max(first), kept: self.kept.max(first) }
    }
}

/// Behind which event of this feed a subscription begins. Numbers of a feed that a restore has ended mean nothing.
fn since(engine: &Engine, webhook: &Webhook) -> u64 {
    if webhook.since.epoch == engine.shared().feed_epoch { webhook.since.seq } else { 0 }
}

fn begin(engine: &Engine) -> Result<Place, engine::Error> {
    let cursors = engine.read(|rows| rows.cursors())?;
    let kept = cursors.into_iter().find(|(name, _)| name == CURSOR).map_or(0, |(_, seq)| seq);
    Ok(Place { read: kept, kept })
}

/// Deals with the next events; false when there are none.
async fn step(engine: &Engine, place: &mut Place) -> Result<bool, engine::Error> {
    let events = match engine.events(place.read, AT_ONCE) {
        Ok(events) => events,
        Err(ReadFeedError::Gone { oldest }) => {
            let lost = oldest.saturating_sub(place.read + 1);
            tracing::warn!(lost, "events that webhooks had not seen were dropped (feed.max_bytes)");
            place.read = oldest.saturating_sub(1);
            return Ok(true);
        }
        Err(error) => return Err(engine::Error::Unavailable(error.to_string())),
    };
    if events.is_empty() {
        return Ok(false);
    }
    let (mut deliveries, mut bytes, mut upto) = (Vec::new(), 0, place.read);
    for published in &events {
        for delivery in wanted(engine, published)? {
            bytes += delivery.body.len();
            deliveries.push(delivery);
        }
        upto = published.seq;
        if bytes >= MAX_BYTES {
            break;
        }
    }
    if !deliveries.is_empty() || upto - place.kept >= PASSED {
        let command = WebhookCommand::Queue { upto, deliveries };
        let submission = Submission::new(Actor::System, Command::Webhook(command));
        engine.submit(submission).await?;
        place.kept = upto;
    }
    place.read = upto;
    Ok(true)
}

/// What is delivered of one event.
fn wanted(engine: &Engine, published: &Published) -> Result<Vec<NewDelivery>, engine::Error> {
    let active = engine.shared().hooks().active();
    let mut found = Vec::new();
    for name in payload::names(published) {
        let wants = |webhook: &&std::sync::Arc<Webhook>| {
            webhook.wants(name) && since(engine, webhook) < published.seq
        };
        let webhooks: Vec<u64> = active.iter().filter(wants).map(|webhook| webhook.id).collect();
        if webhooks.is_empty() {
            continue;
        }
        let number = published.event.ticket;
        let ticket = match (&published.ticket, number) {
            (Some(ticket), _) => Some(ticket.clone()),
            // What the event left as it was is as it is.
            (None, Some(number)) => engine.read(|rows| rows.ticket(number))?,
            (None, None) => None,
        };
        let kind = published.event.kind;
        let beside = match number.map(key::number) {
            Some(row) if kind == EventKind::TicketRated => {
                Beside { rating: engine.read(|rows| rows.get(&row))?, ..Beside::default() }
            }
            Some(row) if kind.sla_target().is_some() => {
                Beside { clock: engine.read(|rows| rows.get(&row))?, ..Beside::default() }
            }
            _ => Beside::default(),
        };
        let epoch = &engine.shared().feed_epoch;
        found.push(NewDelivery {
            webhooks,
            message_id: format!("msg_{epoch}_{}_{}", published.seq, name.replace('.', "_")),
            event: name.to_owned(),
            ticket: number,
            body: payload::body(name, published, ticket.as_ref(), &beside),
        });
    }
    Ok(found)
}
