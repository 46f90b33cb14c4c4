//! The doors of WhatsApp: one for each bridge and platform, as their vendors call them and sign.

use axum::Json;
use axum::extract::{Path, Query, Request, State};
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::chat::{Answer, Door, take};
use super::door::{self, Delivery, Vendor, admit, admit_signed};
use super::signature::{self, Coding, Digest};
use super::{Doors, Refused};
use crate::config::SourceKind;
use crate::describe::{self, IntoParams};
use crate::wire::problem::Problem;
use crate::wire::{baileys, chat, evolution, json, meta, waha, whapi, wuzapi};

const BAILEYS: Door = Door { name: "baileys", prefix: None };
const EVOLUTION: Door = Door { name: "evolution", prefix: Some("evolution") };
const WAHA: Door = Door { name: "waha", prefix: Some("waha") };
const WUZAPI: Door = Door { name: "wuzapi", prefix: Some("wuzapi") };
const WHAPI: Door = Door { name: "whapi", prefix: Some("whapi") };
const META: Door = Door { name: "whatsapp", prefix: Some("meta") };

/// Reads what a source sends as what it would post to its door; none if it is no bridge.
pub(super) fn from_source(kind: SourceKind, body: &Value) -> Option<(Door, Vec<chat::Delivery>)> {
    Some(match kind {
        SourceKind::Calls => return None,
        SourceKind::Baileys => (BAILEYS, vec![baileys::parse(body)]),
        SourceKind::Evolution => (EVOLUTION, vec![evolution::parse(body, None)]),
        SourceKind::Waha => (WAHA, vec![waha::parse(body)]),
        SourceKind::Wuzapi => (WUZAPI, vec![wuzapi::parse(body)]),
        SourceKind::Whapi => (WHAPI, vec![whapi::parse(body)]),
        SourceKind::Whatsapp => (META, meta::parse(body)),
    })
}

/// A body of JSON. Bridges that say nothing of its type mean that.
fn body(delivery: &Delivery) -> Result<Value, Problem> {
    let kind = delivery.header(CONTENT_TYPE.as_str()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if !matches!(essence.as_str(), "" | "application/json") && !essence.ends_with("+json") {
        return Err(unsupported("application/json", &essence));
    }
    parse(&delivery.body)
}

fn unsupported(wanted: &str, told: &str) -> Problem {
    let why =
        format!("the body must be {wanted}, not {}", told.chars().take(64).collect::<String>());
    Problem::new(415, "Unsupported Media Type", why)
}

fn parse(bytes: &[u8]) -> Result<Value, Problem> {
    json::from_bytes(bytes).map_err(|e| Problem::bad_request(format!("the body is not JSON: {e}")))
}

/// A Baileys bridge delivers messages (seed 004).
///
/// Takes `messages.upsert` and the events about messages in any usual envelope, and the flat body of seed 004.
/// Every customer message is on disk, with its ticket, before this is answered. A message id that comes again
/// adds nothing.
#[describe::path(post, path = "/webhook/baileys", operation_id = "receive", tag = "doors", request_body(content = serde_json::Value, description = "what the bridge has, in any usual envelope"),
    responses((status = 200, body = Answer)))]
pub async fn from_baileys(
    State(doors): State<Doors>,
    request: Request,
) -> Result<Json<Answer>, Refused> {
    let delivery = admit(&doors, request).await?;
    let parsed = baileys::parse(&body(&delivery)?);
    take(&doors, BAILEYS, &delivery, vec![parsed]).await
}

/// Evolution API delivers an event.
#[describe::path(post, path = "/webhook/evolution", tag = "doors", request_body(content = serde_json::Value, description = "`{event, instance, data, …}`"),
    responses((status = 200, body = Answer)))]
pub async fn from_evolution(
    State(doors): State<Doors>,
    request: Request,
) -> Result<Json<Answer>, Refused> {
    let delivery = admit(&doors, request).await?;
    let parsed = evolution::parse(&body(&delivery)?, None);
    take(&doors, EVOLUTION, &delivery, vec![parsed]).await
}

/// Evolution API delivers an event that the address names (`webhook_by_events`).
#[describe::path(post, path = "/webhook/evolution/{event}", tag = "doors", params(("event" = String, Path, description = "as `messages-upsert`")), request_body(content = serde_json::Value, description = "`{event, instance, data, …}`"),
    responses((status = 200, body = Answer)))]
pub async fn from_evolution_event(
    State(doors): State<Doors>,
    Path(event): Path<String>,
    request: Request,
) -> Result<Json<Answer>, Refused> {
    let delivery = admit(&doors, request).await?;
    let parsed = evolution::parse(&body(&delivery)?, Some(&event));
    take(&doors, EVOLUTION, &delivery, vec![parsed]).await
}

/// Checks a signature over the body in a header of this name.
fn signed<'a>(
    (digest, key): (Digest, &'a str),
    (header, prefix): (&'static str, &'static str),
) -> impl Fn(&Parts, &[u8]) -> Result<(), String> + Sync + 'a {
    move |head, body| {
        let given = head.headers.get(header).map(HeaderValue::to_str);
        let Some(given) = given else { return Err(format!("the header {header} is missing")) };
        let given = given.ok().and_then(|given| given.trim().strip_prefix(prefix));
        let good = given.is_some_and(|given| {
            signature::verify(digest, Coding::Hex, key.as_bytes(), &[body], given)
        });
        let wrong =
            || format!("the signature in {header} is not that of this body under the secret");
        good.then_some(()).ok_or_else(wrong)
    }
}

/// Lets in what the vendor signed, or whoever shows a token where no secret is set.
async fn admit_from(
    doors: &Doors,
    door: Door,
    secret: Option<(Digest, &str)>,
    header: (&'static str, &'static str),
    request: Request,
) -> Result<Delivery, Problem> {
    let check = secret.map(|secret| signed(secret, header));
    let check = check.as_ref().map(|check| check as &door::Check<'_>);
    admit_signed(
        doors,
        Vendor { door: door.name, sends_tokens: true, check, max_body: None },
        request,
    )
    .await
}

/// WAHA delivers an event.
///
/// Signed with `X-Webhook-Hmac` (SHA-512) once `doors.waha.hmac_key` is set.
#[describe::path(post, path = "/webhook/waha", tag = "doors", request_body(content = serde_json::Value, description = "`{event, session, payload, …}`"),
    responses((status = 200, body = Answer)))]
pub async fn from_waha(
    State(doors): State<Doors>,
    request: Request,
) -> Result<Json<Answer>, Refused> {
    let secret = doors.settings.doors.waha.hmac_key.given().map(|key| (Digest::Sha512, key));
    let delivery = admit_from(&doors, WAHA, secret, ("x-webhook-hmac", ""), request).await?;
    let parsed = waha::parse(&body(&delivery)?);
    take(&doors, WAHA, &delivery, vec![parsed]).await
}

/// wuzapi delivers an event, as JSON or as a form.
///
/// Signed with `x-hmac-signature` (SHA-256) once `doors.wuzapi.hmac_key` is set.
#[describe::path(post, path = "/webhook/wuzapi", tag = "doors", request_body(content = serde_json::Value, description = "`{type, event, …}`, or a form with that in `jsonData`"),
    responses((status = 200, body = Answer)))]
pub async fn from_wuzapi(
    State(doors): State<Doors>,
    request: Request,
) -> Result<Json<Answer>, Refused> {
    let secret = doors.settings.doors.wuzapi.hmac_key.given().map(|key| (Digest::Sha256, key));
    let delivery = admit_from(&doors, WUZAPI, secret, ("x-hmac-signature", ""), request).await?;
    let kind = delivery.header(CONTENT_TYPE.as_str()).unwrap_or_default();
    let (json, named) = wuzapi::unwrap(kind, &delivery.body)
        .ok_or_else(|| unsupported("application/json, or a form with a field jsonData", kind))?;
    let mut parsed = wuzapi::parse(&parse(&json)?);
    parsed.instance = parsed.instance.or(named);
    take(&doors, WUZAPI, &delivery, vec![parsed]).await
}

/// Whapi.Cloud delivers events.
#[describe::path(post, path = "/webhook/whapi", tag = "doors", request_body(content = serde_json::Value, description = "`{messages, statuses, …, event, channel_id}`"),
    responses((status = 200, body = Answer)))]
pub async fn from_whapi(
    State(doors): State<Doors>,
    request: Request,
) -> Result<Json<Answer>, Refused> {
    let delivery = admit(&doors, request).await?;
    let parsed = whapi::parse(&body(&delivery)?);
    take(&doors, WHAPI, &delivery, vec![parsed]).await
}

/// The same with the event's kind in the address (mode `path`).
#[describe::path(post, path = "/webhook/whapi/{kind}", tag = "doors", params(("kind" = String, Path, description = "as `messages`; the body tells it too")), request_body(content = serde_json::Value, description = "`{messages, statuses, …, event, channel_id}`"),
    responses((status = 200, body = Answer)))]
pub async fn from_whapi_path(
    State(doors): State<Doors>,
    request: Request,
) -> Result<Json<Answer>, Refused> {
    from_whapi(State(doors), request).await
}

/// Whapi in mode `method`: what it tells with the method stands in the body too.
pub fn whapi_methods() -> axum::routing::MethodRouter<Doors> {
    use axum::routing::put;
    put(from_whapi).patch(from_whapi).delete(from_whapi)
}

/// Meta's WhatsApp Cloud API delivers messages and statuses.
///
/// Signed with `X-Hub-Signature-256` once `doors.whatsapp.app_secret` is set.
#[describe::path(post, path = "/webhook/whatsapp", tag = "doors", request_body(content = serde_json::Value, description = "`{object, entry}`"),
    responses((status = 200, body = Answer)))]
pub async fn from_meta(
    State(doors): State<Doors>,
    request: Request,
) -> Result<Json<Answer>, Refused> {
    let secret = doors.settings.doors.whatsapp.app_secret.given().map(|key| (Digest::Sha256, key));
    let header = ("x-hub-signature-256", "sha256=");
    let delivery = admit_from(&doors, META, secret, header, request).await?;
    let parsed = meta::parse(&body(&delivery)?);
    take(&doors, META, &delivery, parsed).await
}

/// The longest challenge that is given back, in bytes; Meta's have some ten.
const MAX_CHALLENGE: usize = 1024;

/// What Meta asks when a webhook is registered.
#[derive(serde::Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Challenge {
    /// `subscribe`
    #[serde(rename = "hub.mode", default)]
    #[param(rename = "hub.mode")]
    mode: String,
    /// That of `doors.whatsapp.verify_token`
    #[serde(rename = "hub.verify_token", default)]
    #[param(rename = "hub.verify_token")]
    verify_token: String,
    /// Given back as it is
    #[serde(rename = "hub.challenge", default)]
    #[param(rename = "hub.challenge")]
    challenge: String,
}

/// Meta registers the webhook: whoever knows `doors.whatsapp.verify_token` gets the challenge back.
#[describe::path(get, path = "/webhook/whatsapp", operation_id = "verify_meta", tag = "doors", params(Challenge),
    responses((status = 200, content_type = "text/plain", body = String)))]
pub async fn verify_meta(
    State(doors): State<Doors>,
    Query(asked): Query<Challenge>,
) -> Result<Response, Refused> {
    let count = |outcome| doors.engine.shared().metrics.event(META.name, outcome);
    let Some(token) = doors.settings.doors.whatsapp.verify_token.given() else {
        tracing::warn!(door = META.name, "disabled: no doors.whatsapp.verify_token configured");
        count("disabled");
        return Err(Problem::new(404, "Not Found", "there is nothing at this address").into());
    };
    if asked.mode != "subscribe" || !signature::same(token, &asked.verify_token) {
        count("unauthorized");
        let why = "hub.mode must be subscribe, hub.verify_token the one of the configuration";
        return Err(Problem::new(403, "Forbidden", why).into());
    }
    if asked.challenge.len() > MAX_CHALLENGE {
        let why = format!("must be at most {MAX_CHALLENGE} bytes");
        return Err(Problem::field("hub.challenge", why).into());
    }
    let plain = (CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    Ok(([plain], asked.challenge).into_response())
}
