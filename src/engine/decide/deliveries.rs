//! Deliveries of webhooks: from the event to the answer of the receiver, or until they are given up.
//!
//! What always holds: an event is queued in one plan with the cursor that has passed it, so none is lost or queued
//! twice; a delivery leaves the waiting ones by a command alone, into the log; a payload is kept as long as a delivery,
//! waiting or in the log, needs it.

use super::webhooks::{named, stop};
use crate::domain::time::Micros;
use crate::domain::webhook::{
    Delivered, Delivery, DeliveryOutcome, MAX_WEBHOOKS, Payload, TEST, Webhook, deliveries,
};
use crate::engine::command::{Refusal, Reply};
use crate::engine::draft::Draft;
use crate::engine::hooks::{CURSOR, NewDelivery, Reported};
use crate::engine::rows::key;
use crate::store::records::Cursor;
use crate::store::{Order, Table};

/// Rows of ended deliveries that are removed at once.
const TRIMMED: usize = 16;
/// Parked deliveries that are sent anew at once.
const AGAIN_AT_ONCE: usize = 500;

pub fn queue(draft: &mut Draft<'_>, upto: u64, new: &[NewDelivery]) -> Result<Reply, Refusal> {
    if draft.get::<Cursor>(CURSOR.as_bytes())?.is_some_and(|Cursor(seq)| seq >= upto) {
        return Ok(Reply::Done);
    }
    let mut numbers = Vec::new();
    for one in new {
        let mut wanted = Vec::new();
        for id in one.webhooks.iter().take(MAX_WEBHOOKS) {
            let Some(mut webhook) = draft.get::<Webhook>(&key::number(*id))? else { continue };
            if !webhook.active {
                continue;
            }
            if draft.rows().waiting_deliveries(*id)? >= draft.ctx.rules.webhooks.max_waiting {
                let most = draft.ctx.rules.webhooks.max_waiting;
                stop(
                    draft,
                    &mut webhook,
                    &format!("{most} deliveries wait (webhooks.max_waiting)"),
                )?;
                continue;
            }
            wanted.push(*id);
        }
        if wanted.is_empty() {
            continue;
        }
        let (ticket, needed_by) = (one.ticket.unwrap_or(0), wanted.len() as u32);
        let payload = put_payload(draft, ticket, &one.body, needed_by)?;
        let (steady, now) = (draft.ctx.steady, draft.ctx.now);
        for id in wanted {
            let delivery = Delivery {
                message_id: one.message_id.clone(),
                event: one.event.clone(),
                ticket,
                payload,
                queued_at: steady,
                at: now,
            };
            numbers.push(put(draft, id, &delivery)?);
        }
    }
    // Where the last subscription has ended meanwhile nobody needs the feed.
    let active = draft.rows().scan::<Webhook>(&[], None, Order::Ascending, MAX_WEBHOOKS)?;
    if active.iter().any(|(_, webhook)| webhook.active) {
        draft.put(CURSOR.as_bytes(), &Cursor(upto));
    }
    Ok(Reply::Queued(numbers))
}

fn put_payload(
    draft: &mut Draft<'_>,
    ticket: u64,
    body: &str,
    needed_by: u32,
) -> Result<u64, Refusal> {
    let number = draft.next("webhook.payload", 1)?;
    let payload = Payload { body: body.to_owned(), needed_by };
    draft.put(&key::pair(ticket, number), &payload);
    Ok(number)
}

fn put(draft: &mut Draft<'_>, webhook: u64, delivery: &Delivery) -> Result<u64, Refusal> {
    let number = draft.next(&deliveries(webhook), 1)?;
    draft.put(&key::pair(webhook, number), delivery);
    Ok(number)
}

pub fn test(
    draft: &mut Draft<'_>,
    id: u64,
    message_id: &str,
    body: &str,
) -> Result<Reply, Refusal> {
    let webhook = named(draft, id)?;
    if !webhook.active {
        let why = format!("webhook {id} is switched off: switch it on (active) to try it");
        return Err(Refusal::Conflict(why));
    }
    let payload = put_payload(draft, 0, body, 1)?;
    let (queued_at, at) = (draft.ctx.steady, draft.ctx.now);
    let (message_id, event) = (message_id.to_owned(), TEST.to_owned());
    let delivery = Delivery { message_id, event, ticket: 0, payload, queued_at, at };
    Ok(Reply::Queued(vec![put(draft, id, &delivery)?]))
}

/// Sends one anew that has ended: behind what waits, under the id that it had.
pub fn again(draft: &mut Draft<'_>, id: u64, number: u64) -> Result<Reply, Refusal> {
    let webhook = named(draft, id)?;
    if !webhook.active {
        let why = format!("webhook {id} is switched off: switch it on (active) first");
        return Err(Refusal::Conflict(why));
    }
    let row = key::pair(id, number);
    if draft.get::<Delivery>(&row)?.is_some() {
        return Err(Refusal::Conflict(format!("delivery {number} waits already")));
    }
    let ended = draft.get::<Delivered>(&row)?;
    let ended = ended.ok_or_else(|| Refusal::NotFound("such delivery".into()))?;
    match anew(draft, id, number, ended)? {
        Some(number) => Ok(Reply::Queued(vec![number])),
        None => Err(Refusal::Conflict("what it sent is not kept any more".into())),
    }
}

pub fn all_again(draft: &mut Draft<'_>, id: u64) -> Result<Reply, Refusal> {
    let webhook = named(draft, id)?;
    if !webhook.active {
        let why = format!("webhook {id} is switched off: switch it on (active) first");
        return Err(Refusal::Conflict(why));
    }
    let (start, end) = (key::pair(id, 0), key::pair(id + 1, 0));
    let ended = draft.rows().scan::<Delivered>(&start, Some(&end), Order::Ascending, usize::MAX)?;
    let parked = ended
        .into_iter()
        .filter(|(_, ended)| matches!(ended.outcome, DeliveryOutcome::Parked { .. }));
    let mut queued = Vec::new();
    for (row, ended) in parked.take(AGAIN_AT_ONCE) {
        let Some((_, number)) = key::numbers(&row) else { continue };
        queued.extend(anew(draft, id, number, ended)?);
    }
    Ok(Reply::Queued(queued))
}

fn anew(
    draft: &mut Draft<'_>,
    id: u64,
    number: u64,
    ended: Delivered,
) -> Result<Option<u64>, Refusal> {
    let row = key::pair(ended.delivery.ticket, ended.delivery.payload);
    let Some(mut payload) = draft.get::<Payload>(&row)? else { return Ok(None) };
    payload.needed_by += 1;
    draft.put(&row, &payload);
    let delivery =
        Delivery { queued_at: draft.ctx.steady, at: draft.ctx.now, ..ended.delivery.clone() };
    let next = put(draft, id, &delivery)?;
    if matches!(ended.outcome, DeliveryOutcome::Parked { .. }) {
        let outcome = DeliveryOutcome::SentAnew { number: next };
        draft.put(&key::pair(id, number), &Delivered { outcome, ..ended });
    }
    Ok(Some(next))
}

pub fn report(
    draft: &mut Draft<'_>,
    (id, number): (u64, u64),
    attempts: u32,
    outcome: &Reported,
) -> Result<Reply, Refusal> {
    // Deleted, or switched off meanwhile.
    let Some(mut webhook) = draft.get::<Webhook>(&key::number(id))? else { return Ok(Reply::Done) };
    let Some(delivery) = draft.get::<Delivery>(&key::pair(id, number))? else {
        return Ok(Reply::Done);
    };
    let queued_at = delivery.queued_at;
    match outcome {
        Reported::Arrived { status } => {
            let outcome = DeliveryOutcome::Arrived { status: *status };
            end(draft, (id, number), delivery, attempts, outcome)?;
            if webhook.failing_since.take().is_some() {
                draft.put(&key::number(id), &webhook);
            }
        }
        Reported::Void => {
            let error = "what it was to send is not kept any more".to_owned();
            let outcome = DeliveryOutcome::Parked { status: None, error };
            end(draft, (id, number), delivery, attempts, outcome)?;
        }
        Reported::GivenUp { status, error } => {
            let (status, error) = (*status, error.clone());
            let outcome = DeliveryOutcome::Parked { status, error: error.clone() };
            end(draft, (id, number), delivery, attempts, outcome)?;
            park_older(draft, id, &error)?;
            let since = *webhook.failing_since.get_or_insert(queued_at);
            let rules = &draft.ctx.rules.webhooks;
            if draft.ctx.steady.0.saturating_sub(since.0) >= rules.pause_after {
                let days = rules.pause_after / Micros::DAY;
                let why = format!("nothing has arrived for {days} days; the last attempt: {error}");
                stop(draft, &mut webhook, &why)?;
            } else {
                draft.put(&key::number(id), &webhook);
            }
        }
        Reported::Gone => {
            let error = "the receiver answered 410 Gone".to_owned();
            let outcome = DeliveryOutcome::Parked { status: Some(410), error: error.clone() };
            end(draft, (id, number), delivery, attempts, outcome)?;
            stop(draft, &mut webhook, &error)?;
        }
    }
    trim(draft, id)?;
    Ok(Reply::Done)
}

/// Into the log.
fn end(
    draft: &mut Draft<'_>,
    (id, number): (u64, u64),
    delivery: Delivery,
    attempts: u32,
    outcome: DeliveryOutcome,
) -> Result<(), Refusal> {
    let row = key::pair(id, number);
    draft.delete(Table::Deliveries, &row);
    let ended_at = draft.ctx.now;
    draft.put(&row, &Delivered { delivery, outcome, attempts, ended_at });
    Ok(())
}

/// A receiver that did not answer for so long has not answered what waited behind as long either.
fn park_older(draft: &mut Draft<'_>, id: u64, error: &str) -> Result<(), Refusal> {
    let too_old = draft.ctx.steady.plus(-draft.ctx.rules.webhooks.retry_for);
    park(draft, id, error, |delivery| delivery.queued_at <= too_old)
}

pub fn park_all(draft: &mut Draft<'_>, id: u64, why: &str) -> Result<(), Refusal> {
    park(draft, id, why, |_| true)
}

fn park(
    draft: &mut Draft<'_>,
    id: u64,
    why: &str,
    which: impl Fn(&Delivery) -> bool,
) -> Result<(), Refusal> {
    let (start, end_) = (key::pair(id, 0), key::pair(id + 1, 0));
    let rows = draft.rows().scan::<Delivery>(&start, Some(&end_), Order::Ascending, usize::MAX)?;
    for (row, delivery) in rows.into_iter().filter(|(_, delivery)| which(delivery)) {
        let Some(place) = key::numbers(&row) else { continue };
        let outcome = DeliveryOutcome::Parked { status: None, error: why.to_owned() };
        end(draft, place, delivery, 0, outcome)?;
    }
    Ok(())
}

/// Removes the oldest of the log, beyond what is kept of it.
fn trim(draft: &mut Draft<'_>, id: u64) -> Result<(), Refusal> {
    let newest = draft.counted(&deliveries(id))?;
    let kept_from = (newest + 1).saturating_sub(draft.ctx.rules.webhooks.keep_log);
    let (start, end) = (key::pair(id, 0), key::pair(id, kept_from));
    let rows = draft.rows().scan::<Delivered>(&start, Some(&end), Order::Ascending, TRIMMED)?;
    for (row, ended) in rows {
        draft.delete(Table::DeliveryLog, &row);
        let_go(draft, &ended.delivery)?;
    }
    Ok(())
}

fn let_go(draft: &mut Draft<'_>, delivery: &Delivery) -> Result<(), Refusal> {
    let row = key::pair(delivery.ticket, delivery.payload);
    if let Some(mut payload) = draft.get::<Payload>(&row)? {
        payload.needed_by = payload.needed_by.saturating_sub(1);
        if payload.needed_by == 0 {
            draft.delete(Table::Payloads, &row);
        } else {
            draft.put(&row, &payload);
        }
    }
    Ok(())
}

/// All deliveries of a subscription that is deleted.
pub fn forget(draft: &mut Draft<'_>, id: u64) -> Result<(), Refusal> {
    park_all(draft, id, "the webhook was deleted")?;
    let (start, end) = (key::pair(id, 0), key::pair(id + 1, 0));
    let rows = draft.rows().scan::<Delivered>(&start, Some(&end), Order::Ascending, usize::MAX)?;
    for (row, ended) in rows {
        draft.delete(Table::DeliveryLog, &row);
        let_go(draft, &ended.delivery)?;
    }
    draft.delete(Table::Counts, deliveries(id).as_bytes());
    Ok(())
}
