//! Webhooks that go out: subscriptions, and what became of what was sent (S3.37 to S3.39).

use axum::Json;
use axum::extract::{FromRequestParts, Path, State as Shared};
use axum::http::StatusCode;
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::State;
use super::calls::unexpected;
use super::categories::told;
use super::error::{Failure, not_found};
use super::extract::{Id, Input, Query, limit};
use super::intake::Findings;
use super::queue::Nothing;
use super::webhooks_view::{Deliveries, WebhookDelivery, WebhookView, page};
use crate::describe::{self, IntoParams, ToSchema};
use crate::domain::time::Micros;
use crate::domain::webhook::{MAX_URL, MAX_WEBHOOK_DESCRIPTION, Secret, Since, TEST, Webhook};
use crate::engine::command::{Command, Reply};
use crate::engine::hooks::{NewWebhook, WebhookChanges, WebhookCommand};
use crate::wire::problem::Problem;

/// Bytes of a secret.
const SECRET: usize = 24;

#[derive(Serialize, ToSchema)]
pub struct Webhooks {
    webhooks: Vec<WebhookView>,
}

/// Every subscription.
#[describe::path(get, path = "/api/webhooks", operation_id = "list_webhooks", tag = "webhooks", responses((status = 200, body = Webhooks)))]
pub async fn list(Shared(state): Shared<State>) -> Result<Json<Webhooks>, Failure> {
    let all = state.engine.shared().hooks().all();
    let views = all.iter().map(|webhook| WebhookView::read(&state, webhook));
    Ok(Json(Webhooks { webhooks: views.collect::<Result<_, _>>()? }))
}

/// One subscription, and how it does.
#[describe::path(get, path = "/api/webhooks/{id}", operation_id = "read_webhook", tag = "webhooks", params(("id" = u64, Path, description = "its id")),
    responses((status = 200, body = WebhookView)))]
pub async fn read(Shared(state): Shared<State>, Id(id): Id) -> Result<Json<WebhookView>, Failure> {
    let webhook = known(&state, id)?;
    Ok(Json(WebhookView::read(&state, &webhook)?))
}

fn known(state: &State, id: u64) -> Result<std::sync::Arc<Webhook>, Failure> {
    state.engine.shared().hooks().get(id).ok_or_else(|| not_found("such webhook"))
}

#[derive(Deserialize, ToSchema)]
pub struct WebhookBody {
    /// https, to a public address; what `webhooks.allow` names may be another's, and plain http
    #[schema(max_length = 2048, example = "https://your-app.com/webhooks")]
    url: String,
    /// Names of events, or `*` for all; an event that is none is told with those that there are
    #[schema(example = json!(["ticket.created", "ticket.resolved"]))]
    events: Vec<String>,
    #[schema(max_length = 256)]
    description: Option<String>,
    /// True if absent
    active: Option<bool>,
}

#[derive(Serialize, ToSchema)]
pub struct WebhookWithSecret {
    #[serde(flatten)]
    webhook: WebhookView,
    /// By which deliveries are signed (Standard Webhooks); it is shown this once
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    secret: String,
}

impl WebhookWithSecret {
    fn of(state: &State, webhook: &Webhook) -> Result<WebhookWithSecret, Failure> {
        let secret = format!("whsec_{}", STANDARD.encode(&webhook.secret.0));
        Ok(WebhookWithSecret { webhook: WebhookView::read(state, webhook)?, secret })
    }
}

fn fresh_secret() -> Result<Secret, Failure> {
    let mut bits = vec![0; SECRET];
    getrandom::fill(&mut bits).map_err(|error| {
        tracing::error!(%error, "the machine gives no random numbers");
        Problem::new(503, "Service Unavailable", "no secret could be made; try again")
    })?;
    Ok(Secret(bits))
}

/// Where the feed is now: what comes next is delivered.
fn now(state: &State) -> Since {
    let shared = state.engine.shared();
    Since { epoch: shared.feed_epoch.clone(), seq: shared.published() }
}

fn judge(state: &State, url: &str) -> Result<(), Failure> {
    (state.desk.judge_url)(&state.desk.allowed, url)
        .map_err(|why| Problem::field("url", why).into())
}

/// Subscribes a receiver to events (S3.37). What happens from now on is delivered to it, at least once and in order.
#[describe::path(post, path = "/api/webhooks", operation_id = "create_webhook", tag = "webhooks", request_body = WebhookBody,
    responses((status = 201, body = WebhookWithSecret)))]
pub async fn create(
    Shared(state): Shared<State>,
    input: Input<WebhookBody>,
) -> Result<(StatusCode, Json<WebhookWithSecret>), Failure> {
    let WebhookBody { url, events, description, active } = &input.value;
    let mut findings = Findings::default();
    findings.longest("url", Some(url), MAX_URL);
    findings.longest("description", description.as_ref(), MAX_WEBHOOK_DESCRIPTION);
    findings.done()?;
    judge(&state, url)?;
    let new = NewWebhook {
        url: url.clone(),
        events: unique(events),
        description: description.clone(),
        active: active.unwrap_or(true),
        secret: fresh_secret()?,
        since: now(&state),
    };
    let webhook = changed(&state, &input, WebhookCommand::Create(Box::new(new))).await?;
    Ok((StatusCode::CREATED, Json(WebhookWithSecret::of(&state, &webhook)?)))
}

fn unique(events: &[String]) -> Vec<String> {
    let mut found = Vec::with_capacity(events.len());
    for event in events {
        if !found.contains(event) {
            found.push(event.clone());
        }
    }
    found
}

async fn changed<T>(
    state: &State,
    input: &Input<T>,
    command: WebhookCommand,
) -> Result<Webhook, Failure> {
    match state.engine.submit(input.submission(Command::Webhook(command))).await? {
        Reply::Webhook(webhook) => Ok(*webhook),
        other => Err(unexpected(&other)),
    }
}

#[derive(Default, Deserialize, ToSchema)]
pub struct WebhookUpdate {
    #[schema(max_length = 2048)]
    url: Option<String>,
    #[schema(example = json!(["ticket.resolved"]))]
    events: Option<Vec<String>>,
    #[serde(default, deserialize_with = "told")]
    #[schema(value_type = Option<String>, max_length = 256)]
    description: Option<Option<String>>,
    /// False parks what waits; true begins with what happens from now on
    active: Option<bool>,
}

/// Changes what is given and leaves the rest.
#[describe::path(put, path = "/api/webhooks/{id}", operation_id = "update_webhook", tag = "webhooks", request_body = WebhookUpdate,
    params(("id" = u64, Path, description = "its id")), responses((status = 200, body = WebhookView)))]
pub async fn update(
    Shared(state): Shared<State>,
    Id(id): Id,
    input: Input<WebhookUpdate>,
) -> Result<Json<WebhookView>, Failure> {
    let WebhookUpdate { url, events, description, active } = &input.value;
    let mut findings = Findings::default();
    findings.longest("url", url.as_ref(), MAX_URL);
    let description_told = description.iter().flatten().next();
    findings.longest("description", description_told, MAX_WEBHOOK_DESCRIPTION);
    findings.done()?;
    if let Some(url) = url {
        judge(&state, url)?;
    }
    let changes = Box::new(WebhookChanges {
        url: url.clone(),
        events: events.as_deref().map(unique),
        description: description.clone(),
        active: *active,
    });
    let command = WebhookCommand::Update { id, changes, now: now(&state) };
    let webhook = changed(&state, &input, command).await?;
    Ok(Json(WebhookView::read(&state, &webhook)?))
}

/// Makes a new secret. For a day deliveries are signed by the old one too, so that the receiver can change over.
#[describe::path(post, path = "/api/webhooks/{id}/secret", operation_id = "rotate_webhook_secret", tag = "webhooks", params(("id" = u64, Path, description = "its id")),
    responses((status = 200, body = WebhookWithSecret)))]
pub async fn rotate(
    Shared(state): Shared<State>,
    Id(id): Id,
    input: Input<Nothing>,
) -> Result<Json<WebhookWithSecret>, Failure> {
    let command = WebhookCommand::Rotate { id, secret: fresh_secret()? };
    let webhook = changed(&state, &input, command).await?;
    Ok(Json(WebhookWithSecret::of(&state, &webhook)?))
}

/// Ends a subscription; its deliveries go with it.
#[describe::path(delete, path = "/api/webhooks/{id}", operation_id = "delete_webhook", tag = "webhooks", params(("id" = u64, Path, description = "its id")),
    responses((status = 204)))]
pub async fn delete(
    Shared(state): Shared<State>,
    Id(id): Id,
    input: Input<Nothing>,
) -> Result<StatusCode, Failure> {
    let command = Command::Webhook(WebhookCommand::Delete { id });
    input.carry_out(&state, command).await
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DeliveriesQuery {
    /// The number of the delivery to go on before; the newest if absent
    #[param(value_type = Option<i64>, minimum = 1)]
    before: Option<String>,
    /// waiting, delivered, parked or sent_anew
    state: Option<String>,
    /// 1 to 100, 50 if absent
    #[param(value_type = Option<i32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
}

/// Deliveries of a subscription, newest first: those that wait, and the last ones that have ended.
#[describe::path(get, path = "/api/webhooks/{id}/deliveries", operation_id = "list_webhook_deliveries", tag = "webhooks",
    params(("id" = u64, Path, description = "the webhook's id"), DeliveriesQuery), responses((status = 200, body = Deliveries)))]
pub async fn deliveries(
    Shared(state): Shared<State>,
    Id(id): Id,
    Query(query): Query<DeliveriesQuery>,
) -> Result<Json<Deliveries>, Failure> {
    let limit = limit(query.limit.as_deref(), 50)?;
    let before = match query.before.as_deref() {
        None => u64::MAX,
        Some(text) => text
            .parse::<u64>()
            .ok()
            .filter(|n| *n >= 1 && *n <= i64::MAX as u64)
            .ok_or_else(|| Problem::field("before", "must be the number of a delivery"))?,
    };
    let known = ["waiting", "delivered", "parked", "sent_anew"];
    let wanted = query.state.filter(|word| !word.is_empty());
    if wanted.as_ref().is_some_and(|word| !known.contains(&word.as_str())) {
        let why = format!("must be one of {}", known.join(", "));
        return Err(Problem::field("state", why).into());
    }
    self::known(&state, id)?;
    Ok(Json(page(&state, id, before, wanted.as_deref(), limit)?))
}

/// A delivery named in the path, by webhook and number.
pub struct NamedDelivery(u64, u64);

impl FromRequestParts<State> for NamedDelivery {
    type Rejection = Failure;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &State,
    ) -> Result<NamedDelivery, Failure> {
        let Path((id, delivery)) = Path::<(String, String)>::from_request_parts(parts, state)
            .await
            .map_err(|e| Problem::bad_request(format!("path: {}", e.body_text())))?;
        let number = |field: &str, text: &str| {
            text.parse::<u64>()
                .ok()
                .filter(|n| *n < i64::MAX as u64)
                .ok_or_else(|| Problem::field(field, "must be a number"))
        };
        Ok(NamedDelivery(number("id", &id)?, number("delivery", &delivery)?))
    }
}

/// One delivery with what it sends.
#[describe::path(get, path = "/api/webhooks/{id}/deliveries/{delivery}", operation_id = "read_webhook_delivery", tag = "webhooks",
    params(("id" = u64, Path, description = "the webhook's id"), ("delivery" = u64, Path, description = "its number")),
    responses((status = 200, body = WebhookDelivery)))]
pub async fn delivery(
    Shared(state): Shared<State>,
    NamedDelivery(id, number): NamedDelivery,
) -> Result<Json<WebhookDelivery>, Failure> {
    known(&state, id)?;
    let found = WebhookDelivery::read(&state, id, number)?;
    Ok(Json(found.ok_or_else(|| not_found("such delivery"))?))
}

#[derive(Serialize, ToSchema)]
pub struct QueuedView {
    /// Numbers of the deliveries that were queued
    deliveries: Vec<u64>,
}

async fn queued(
    state: &State,
    input: &Input<Nothing>,
    command: WebhookCommand,
) -> Result<(StatusCode, Json<QueuedView>), Failure> {
    match state.engine.submit(input.submission(Command::Webhook(command))).await? {
        Reply::Queued(deliveries) => Ok((StatusCode::ACCEPTED, Json(QueuedView { deliveries }))),
        other => Err(unexpected(&other)),
    }
}

/// Sends a delivery anew that has ended, under the id that it had.
#[describe::path(post, path = "/api/webhooks/{id}/deliveries/{delivery}/redeliver", operation_id = "redeliver_webhook_delivery", tag = "webhooks",
    params(("id" = u64, Path, description = "the webhook's id"), ("delivery" = u64, Path, description = "its number")),
    responses((status = 202, body = QueuedView)))]
pub async fn redeliver(
    Shared(state): Shared<State>,
    NamedDelivery(id, number): NamedDelivery,
    input: Input<Nothing>,
) -> Result<(StatusCode, Json<QueuedView>), Failure> {
    queued(&state, &input, WebhookCommand::Redeliver { id, number }).await
}

/// Sends everything anew that was parked, oldest first; at most 500 at once.
#[describe::path(post, path = "/api/webhooks/{id}/redeliver", operation_id = "redeliver_webhook", tag = "webhooks", params(("id" = u64, Path, description = "its id")),
    responses((status = 202, body = QueuedView)))]
pub async fn redeliver_all(
    Shared(state): Shared<State>,
    Id(id): Id,
    input: Input<Nothing>,
) -> Result<(StatusCode, Json<QueuedView>), Failure> {
    queued(&state, &input, WebhookCommand::RedeliverParked { id }).await
}

/// Sends an event `webhook.test`, to try the way.
#[describe::path(post, path = "/api/webhooks/{id}/test", operation_id = "test_webhook", tag = "webhooks", params(("id" = u64, Path, description = "its id")),
    responses((status = 202, body = QueuedView)))]
pub async fn test(
    Shared(state): Shared<State>,
    Id(id): Id,
    input: Input<Nothing>,
) -> Result<(StatusCode, Json<QueuedView>), Failure> {
    let random = getrandom::u64().unwrap_or_default();
    let message_id = format!("msg_test_{random:016x}");
    let at = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let at = Micros(i64::try_from(at.unwrap_or_default().as_micros()).unwrap_or(i64::MAX));
    let data = serde_json::json!({"webhook_id": id, "message": "This is a test."});
    let body = serde_json::json!({"event": TEST, "timestamp": at, "data": data}).to_string();
    queued(&state, &input, WebhookCommand::Test { id, message_id, body }).await
}
