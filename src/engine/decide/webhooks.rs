//! Subscriptions to events (S3.37, S3.38): made, changed, switched off; the deliveries are [`super::deliveries`]'s.

use super::deliveries;
use crate::domain::webhook::{
    ALL_EVENTS, COMMENT_ADDED, MAX_EVENTS, MAX_URL, MAX_WEBHOOK_DESCRIPTION, MAX_WEBHOOKS,
    OLD_SECRET_GOOD_FOR, Secret, Since, Stopped, Webhook,
};
use crate::engine::command::{Refusal, Reply};
use crate::engine::draft::Draft;
use crate::engine::event::EventKind;
use crate::engine::hooks::{CURSOR, NewWebhook, WebhookChanges, WebhookCommand};
use crate::engine::rows::key;
use crate::store::{Order, Table};

pub fn decide(draft: &mut Draft<'_>, command: &WebhookCommand) -> Result<Reply, Refusal> {
    match command {
        WebhookCommand::Create(new) => create(draft, new),
        WebhookCommand::Update { id, changes, now } => update(draft, *id, changes, now),
        WebhookCommand::Rotate { id, secret } => rotate(draft, *id, secret),
        WebhookCommand::Delete { id } => delete(draft, *id),
        WebhookCommand::Test { id, message_id, body } => {
            deliveries::test(draft, *id, message_id, body)
        }
        WebhookCommand::Redeliver { id, number } => deliveries::again(draft, *id, *number),
        WebhookCommand::RedeliverParked { id } => deliveries::all_again(draft, *id),
        WebhookCommand::Queue { upto, deliveries } => deliveries::queue(draft, *upto, deliveries),
        WebhookCommand::Report { id, number, attempts, outcome } => {
            deliveries::report(draft, (*id, *number), *attempts, outcome)
        }
    }
}

pub fn named(draft: &Draft<'_>, id: u64) -> Result<Webhook, Refusal> {
    draft.get(&key::number(id))?.ok_or_else(|| Refusal::NotFound("such webhook".into()))
}

fn all(draft: &Draft<'_>) -> Result<Vec<Webhook>, Refusal> {
    let rows = draft.rows().scan::<Webhook>(&[], None, Order::Ascending, MAX_WEBHOOKS)?;
    Ok(rows.into_iter().map(|(_, webhook)| webhook).collect())
}

fn create(draft: &mut Draft<'_>, new: &NewWebhook) -> Result<Reply, Refusal> {
    if all(draft)?.len() >= MAX_WEBHOOKS {
        return Err(Refusal::Conflict(format!("there are {MAX_WEBHOOKS} webhooks already")));
    }
    let now = draft.ctx.now;
    let webhook = Webhook {
        id: draft.next("webhook", 1)?,
        url: new.url.clone(),
        events: new.events.clone(),
        description: new.description.clone(),
        secret: new.secret.clone(),
        old_secret: None,
        active: new.active,
        stopped: None,
        since: new.since.clone(),
        failing_since: None,
        created_by: draft.ctx.actor.name().to_owned(),
        created_at: now,
        updated_at: now,
    };
    put(draft, webhook)
}

fn put(draft: &mut Draft<'_>, webhook: Webhook) -> Result<Reply, Refusal> {
    let invalid = |field, why: String| Err(Refusal::Invalid { field, why });
    if webhook.url.len() > MAX_URL {
        return invalid("url", format!("must be at most {MAX_URL} bytes"));
    }
    if webhook.events.is_empty() || webhook.events.len() > MAX_EVENTS {
        return invalid("events", format!("must be 1 to {MAX_EVENTS} names of events"));
    }
    if let Some(unknown) = webhook.events.iter().find(|name| !is_event(name)) {
        let known = names().collect::<Vec<_>>().join(", ");
        return invalid("events", format!("{unknown:?} is no event; there are {known}"));
    }
    let description = webhook.description.as_deref().unwrap_or_default();
    if description.chars().count() > MAX_WEBHOOK_DESCRIPTION {
        let why = format!("must be at most {MAX_WEBHOOK_DESCRIPTION} characters");
        return invalid("description", why);
    }
    draft.put(&key::number(webhook.id), &webhook);
    release_feed(draft)?;
    Ok(Reply::Webhook(Box::new(webhook)))
}

/// Every event that may be subscribed to.
pub fn names() -> impl Iterator<Item = &'static str> {
    let all = EventKind::ALL;
    let first = |at: usize| !all[..at].iter().any(|kind| kind.name() == all[at].name());
    let own = (0..all.len()).filter(move |at| first(*at)).map(|at| all[at].name());
    own.chain([COMMENT_ADDED, ALL_EVENTS])
}

fn is_event(name: &str) -> bool {
    names().any(|known| known == name)
}

fn update(
    draft: &mut Draft<'_>,
    id: u64,
    changes: &WebhookChanges,
    now: &Since,
) -> Result<Reply, Refusal> {
    let mut webhook = named(draft, id)?;
    let WebhookChanges { url, events, description, active } = changes;
    if let Some(url) = url {
        webhook.url = url.clone();
    }
    if let Some(events) = events {
        webhook.events = events.clone();
    }
    if let Some(description) = description {
        webhook.description = description.clone();
    }
    match active {
        Some(true) if !webhook.active => {
            webhook.active = true;
            webhook.since = now.clone();
            (webhook.stopped, webhook.failing_since) = (None, None);
        }
        Some(false) if webhook.active => {
            webhook.active = false;
            deliveries::park_all(draft, id, "the webhook was switched off")?;
        }
        _ => {}
    }
    webhook.updated_at = draft.ctx.now;
    put(draft, webhook)
}

/// The daemon switches a subscription off, and says why; what waits is parked.
pub fn stop(draft: &mut Draft<'_>, webhook: &mut Webhook, why: &str) -> Result<(), Refusal> {
    webhook.active = false;
    webhook.stopped = Some(Stopped { why: why.to_owned(), at: draft.ctx.now });
    webhook.updated_at = draft.ctx.now;
    draft.put(&key::number(webhook.id), webhook);
    deliveries::park_all(draft, webhook.id, why)?;
    draft.notice(format!("[WEBHOOK] ⏸ Webhook {} was switched off: {why}", webhook.id).into());
    release_feed(draft)
}

fn rotate(draft: &mut Draft<'_>, id: u64, secret: &Secret) -> Result<Reply, Refusal> {
    let mut webhook = named(draft, id)?;
    let until = draft.ctx.steady.plus(OLD_SECRET_GOOD_FOR);
    let old = std::mem::replace(&mut webhook.secret, secret.clone());
    webhook.old_secret = Some((old, until));
    webhook.updated_at = draft.ctx.now;
    put(draft, webhook)
}

fn delete(draft: &mut Draft<'_>, id: u64) -> Result<Reply, Refusal> {
    named(draft, id)?;
    deliveries::forget(draft, id)?;
    draft.delete(Table::Webhooks, &key::number(id));
    release_feed(draft)?;
    Ok(Reply::Done)
}

/// Where nobody is subscribed the feed need not be kept for anybody.
fn release_feed(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    if !all(draft)?.iter().any(|webhook| webhook.active) {
        draft.delete(Table::Cursors, CURSOR.as_bytes());
    }
    Ok(())
}
