//! What is shown of webhooks and of their deliveries.

use serde::Serialize;

use super::State;
use super::error::Failure;
use crate::describe::ToSchema;
use crate::domain::time::Micros;
use crate::domain::webhook::{Delivered, Delivery, DeliveryOutcome, Payload, Webhook};
use crate::engine::hooks::Failing;
use crate::engine::rows::{ReadError, Rows, key};

#[derive(Serialize, ToSchema)]
pub struct WebhookView {
    id: u64,
    url: String,
    events: Vec<String>,
    description: Option<String>,
    /// Whether events are delivered
    active: bool,
    /// Why it was switched off, if not by you
    stopped: Option<StoppedView>,
    /// Deliveries that wait
    waiting: u64,
    /// The latest attempts, if they failed
    failing: Option<FailingView>,
    created_by: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Micros,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Micros,
}

#[derive(Serialize, ToSchema)]
pub struct StoppedView {
    why: String,
    #[schema(value_type = String, format = DateTime)]
    at: Micros,
}

/// Attempts at the delivery that is the next, since the daemon started.
#[derive(Serialize, ToSchema)]
pub struct FailingView {
    attempts: u32,
    error: String,
    #[schema(value_type = String, format = DateTime)]
    next_attempt_at: Micros,
}

impl From<Failing> for FailingView {
    fn from(failing: Failing) -> FailingView {
        let Failing { attempts, error, next_at } = failing;
        FailingView { attempts, error, next_attempt_at: next_at }
    }
}

impl WebhookView {
    pub fn read(state: &State, webhook: &Webhook) -> Result<WebhookView, Failure> {
        let waiting = state.engine.read(|rows| rows.waiting_deliveries(webhook.id))?;
        let failing = state.engine.shared().hooks().failing(webhook.id);
        let Webhook { id, url, events, description, active, created_by, .. } = webhook.clone();
        Ok(WebhookView {
            id,
            url,
            events,
            description,
            active,
            stopped: webhook
                .stopped
                .as_ref()
                .map(|stopped| StoppedView { why: stopped.why.clone(), at: stopped.at }),
            waiting,
            failing: failing.map(FailingView::from),
            created_by,
            created_at: webhook.created_at,
            updated_at: webhook.updated_at,
        })
    }
}

#[derive(Serialize, ToSchema)]
pub struct WebhookDelivery {
    /// Counts from 1 a webhook, in the order in which they go out
    number: u64,
    /// `webhook-id`: by which a receiver knows what comes again
    message_id: String,
    #[schema(example = "ticket.created")]
    event: String,
    /// waiting, delivered, parked (given up) or sent_anew
    state: &'static str,
    ticket_number: Option<u64>,
    #[schema(value_type = String, format = DateTime)]
    queued_at: Micros,
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Micros>,
    /// Of those that ended, in the last run of the daemon
    attempts: Option<u32>,
    /// The status that the receiver answered last
    response_status: Option<u16>,
    error: Option<String>,
    /// Under which number it was sent anew
    sent_anew_as: Option<u64>,
    /// What it sends; of one delivery only
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    payload: Option<serde_json::Value>,
}

#[derive(Serialize, ToSchema)]
pub struct Deliveries {
    /// Newest first
    deliveries: Vec<WebhookDelivery>,
    /// Give this as `before` for the next page; absent at the end
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<u64>,
}

impl WebhookDelivery {
    fn waiting(number: u64, delivery: Delivery) -> WebhookDelivery {
        WebhookDelivery {
            number,
            message_id: delivery.message_id,
            event: delivery.event,
            state: "waiting",
            ticket_number: Some(delivery.ticket).filter(|ticket| *ticket > 0),
            queued_at: delivery.at,
            ended_at: None,
            attempts: None,
            response_status: None,
            error: None,
            sent_anew_as: None,
            payload: None,
        }
    }

    fn ended(number: u64, ended: Delivered) -> WebhookDelivery {
        let view = WebhookDelivery {
            ended_at: Some(ended.ended_at),
            attempts: Some(ended.attempts),
            ..WebhookDelivery::waiting(number, ended.delivery)
        };
        match ended.outcome {
            DeliveryOutcome::Arrived { status } => {
                WebhookDelivery { state: "delivered", response_status: Some(status), ..view }
            }
            DeliveryOutcome::Parked { status, error } => WebhookDelivery {
                state: "parked",
                response_status: status,
                error: Some(error),
                ..view
            },
            DeliveryOutcome::SentAnew { number } => {
                WebhookDelivery { state: "sent_anew", sent_anew_as: Some(number), ..view }
            }
        }
    }

    pub fn read(state: &State, id: u64, number: u64) -> Result<Option<WebhookDelivery>, Failure> {
        let found = state.engine.read(|rows| {
            let row = key::pair(id, number);
            let (view, at) = match rows.get::<Delivery>(&row)? {
                Some(waiting) => {
                    let at = key::pair(waiting.ticket, waiting.payload);
                    (WebhookDelivery::waiting(number, waiting), at)
                }
                None => match rows.get::<Delivered>(&row)? {
                    Some(ended) => {
                        let at = key::pair(ended.delivery.ticket, ended.delivery.payload);
                        (WebhookDelivery::ended(number, ended), at)
                    }
                    None => return Ok(None),
                },
            };
            let payload = rows.get::<Payload>(&at)?;
            let payload = payload.and_then(|payload| serde_json::from_str(&payload.body).ok());
            Ok(Some(WebhookDelivery { payload, ..view }))
        });
        Ok(found?)
    }
}

/// Deliveries before a number, newest first.
pub fn page(
    state: &State,
    id: u64,
    before: u64,
    wanted: Option<&str>,
    limit: usize,
) -> Result<Deliveries, Failure> {
    let mut found = state.engine.read(|rows| newest(&rows, id, before, wanted, limit + 1))?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|last| last.number);
    Ok(Deliveries { deliveries: found, next })
}

fn newest(
    rows: &Rows<'_>,
    id: u64,
    before: u64,
    wanted: Option<&str>,
    limit: usize,
) -> Result<Vec<WebhookDelivery>, ReadError> {
    let mut found = Vec::new();
    if wanted.is_none_or(|word| word == "waiting") {
        let waiting = rows.deliveries_before::<Delivery>(id, before, limit)?;
        found.extend(waiting.into_iter().map(|(n, row)| WebhookDelivery::waiting(n, row)));
    }
    let mut from = before;
    while wanted != Some("waiting") {
        let ended = rows.deliveries_before::<Delivered>(id, from, limit)?;
        let Some((last, _)) = ended.last() else { break };
        from = *last;
        let views = ended.into_iter().map(|(n, row)| WebhookDelivery::ended(n, row));
        found.extend(views.filter(|view| wanted.is_none_or(|word| word == view.state)));
        if found.len() >= limit {
            break;
        }
    }
    found.sort_by_key(|view| std::cmp::Reverse(view.number));
    found.truncate(limit);
    Ok(found)
}
