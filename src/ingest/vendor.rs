//! How vendors sign what they send: over the very bytes, with the time where they tell one.

use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::signature::{Coding, Digest, same, verify};
use crate::domain::time::Micros;
use crate::wire::{form, twilio};

/// How old a signed delivery may be, or how far ahead: what is older was kept by somebody to be sent again.
const WINDOW: i64 = 5 * Micros::MINUTE;
/// How far the clocks of two machines may be apart, in seconds.
const LEEWAY: i64 = 60;

/// What the time is; none while the box does not know, when nothing is too old.
pub type Now = Option<Micros>;

fn header<'p>(head: &'p Parts, name: &str) -> Result<&'p str, String> {
    let value = head.headers.get(name).and_then(|value| value.to_str().ok());
    value.ok_or_else(|| format!("the header {name} is missing"))
}

fn signed(good: bool, header: &str) -> Result<(), String> {
    good.then_some(())
        .ok_or_else(|| format!("the signature in {header} does not fit body and secret"))
}

fn recent(at: Option<Micros>, now: Now, header: &str) -> Result<(), String> {
    let at = at.ok_or_else(|| format!("{header} is no time"))?;
    match now {
        Some(now) if (now.0 - at.0).abs() > WINDOW => {
            Err(format!("{header} is more than five minutes off: delivered too late, or again"))
        }
        _ => Ok(()),
    }
}

/// Zendesk: base64 HMAC-SHA256 of timestamp and body under the webhook's signing secret.
pub fn zendesk(secret: &str, now: Now, head: &Parts, body: &[u8]) -> Result<(), String> {
    const SIGNATURE: &str = "x-zendesk-webhook-signature";
    const TIME: &str = "x-zendesk-webhook-signature-timestamp";
    let (given, time) = (header(head, SIGNATURE)?, header(head, TIME)?);
    let parts = [time.as_bytes(), body];
    signed(verify(Digest::Sha256, Coding::Base64, secret.as_bytes(), &parts, given), SIGNATURE)?;
    recent(Micros::parse_rfc3339(time.trim()), now, TIME)
}

/// Intercom: hex HMAC-SHA1 of the body under the app's client secret.
pub fn intercom(secret: &str, head: &Parts, body: &[u8]) -> Result<(), String> {
    const SIGNATURE: &str = "x-hub-signature";
    let given = header(head, SIGNATURE)?;
    let given = given.strip_prefix("sha1=").ok_or("X-Hub-Signature must begin with sha1=")?;
    signed(verify(Digest::Sha1, Coding::Hex, secret.as_bytes(), &[body], given), SIGNATURE)
}

/// Twilio: base64 HMAC-SHA1 of the address that it calls and of the form's sorted fields under the auth token.
pub fn twilio(token: &str, public_url: &str, head: &Parts, body: &[u8]) -> Result<(), String> {
    const SIGNATURE: &str = "x-twilio-signature";
    let given = header(head, SIGNATURE)?;
    let fields = twilio::signed(&form::pairs(body));
    let fits = |address: &String| {
        let parts = [address.as_bytes(), fields.as_bytes()];
        verify(Digest::Sha1, Coding::Base64, token.as_bytes(), &parts, given)
    };
    signed(called(public_url, head).iter().any(fits), SIGNATURE)
}

/// The address that Twilio was told to call. A configured one with a path is the whole of it: a proxy may show the
/// box another path. Without any, what the request says, over whichever scheme.
fn called(public_url: &str, head: &Parts) -> Vec<String> {
    let asked = head.uri.path_and_query().map_or("/", |asked| asked.as_str());
    let base = public_url.trim_end_matches('/');
    if base.is_empty() {
        let host = header(head, "host").unwrap_or_default();
        return ["https", "http"].map(|scheme| format!("{scheme}://{host}{asked}")).to_vec();
    }
    let behind_scheme = base.split_once("://").map_or(base, |(_, rest)| rest);
    if !behind_scheme.contains('/') {
        return vec![format!("{base}{asked}")];
    }
    match head.uri.query().filter(|_| !base.contains('?')) {
        Some(query) => vec![format!("{public_url}?{query}")],
        None => vec![public_url.to_owned()],
    }
}

/// Vapi: the secret itself.
pub fn vapi(secret: &str, head: &Parts) -> Result<(), String> {
    let given = header(head, "x-vapi-secret")?;
    same(secret, given).then_some(()).ok_or_else(|| "X-Vapi-Secret is not the secret".into())
}

/// OpenAI: base64 HMAC-SHA256 of id, time and body under the decoded secret; one of several signatures suffices.
pub fn openai(secret: &str, now: Now, head: &Parts, body: &[u8]) -> Result<(), String> {
    const SIGNATURE: &str = "webhook-signature";
    const TIME: &str = "webhook-timestamp";
    let (id, time) = (header(head, "webhook-id")?, header(head, TIME)?);
    let key = STANDARD.decode(secret.trim_start_matches("whsec_"));
    let key = key.unwrap_or_else(|_| secret.as_bytes().to_vec());
    let parts = [id.as_bytes(), b".", time.as_bytes(), b".", body];
    let given = header(head, SIGNATURE)?.split(' ').filter_map(|one| one.strip_prefix("v1,"));
    let good = { given }.any(|given| verify(Digest::Sha256, Coding::Base64, &key, &parts, given));
    signed(good, SIGNATURE)?;
    let seconds = time.trim().parse::<i64>().ok();
    recent(seconds.and_then(|s| s.checked_mul(Micros::SECOND)).map(Micros), now, TIME)
}

#[derive(Deserialize)]
struct JwtHead {
    alg: String,
}

#[derive(Deserialize)]
struct JwtClaims {
    iss: Option<String>,
    exp: Option<i64>,
    nbf: Option<i64>,
    sha256: Option<String>,
}

/// LiveKit: a JWT (HS256) under the API secret, issued by the API key, that holds the body's SHA-256.
pub fn livekit(key: &str, secret: &str, now: Now, head: &Parts, body: &[u8]) -> Result<(), String> {
    let token = header(head, "authorization")?.trim();
    let token = token.strip_prefix("Bearer ").unwrap_or(token);
    let mut parts = token.rsplitn(2, '.');
    let (Some(signature), Some(signing)) = (parts.next(), parts.next()) else {
        return Err("the Authorization header is no JWT".into());
    };
    let (coded_head, claims) =
        signing.split_once('.').ok_or("the Authorization header is no JWT")?;
    let algorithm: JwtHead = coded(coded_head)?;
    if algorithm.alg != "HS256" {
        return Err("the JWT must be signed by HS256".into());
    }
    let padded = format!(
        "{}{}",
        signature.replace('-', "+").replace('_', "/"),
        &"==="[..padding(signature)]
    );
    let parts = [signing.as_bytes()];
    signed(
        verify(Digest::Sha256, Coding::Base64, secret.as_bytes(), &parts, &padded),
        "authorization",
    )?;
    let claims: JwtClaims = coded(claims)?;
    if claims.iss.as_deref() != Some(key) {
        return Err("the JWT is not issued by doors.livekit.api_key".into());
    }
    if let Some(now) = now {
        let now = now.0 / Micros::SECOND;
        if claims.exp.is_none_or(|exp| exp + LEEWAY < now)
            || claims.nbf.is_some_and(|nbf| nbf - LEEWAY > now)
        {
            return Err("the JWT has expired, or is not valid yet".into());
        }
    }
    let told = claims.sha256.unwrap_or_default();
    let fits = same(&STANDARD.encode(Sha256::digest(body)), &told);
    fits.then_some(()).ok_or_else(|| "the body is not the one that the JWT was made for".into())
}

fn padding(coded: &str) -> usize {
    (4 - coded.len() % 4) % 4
}

fn coded<T: for<'de> Deserialize<'de>>(part: &str) -> Result<T, String> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| "the JWT is not base64url".to_owned())?;
    serde_json::from_slice(&bytes).map_err(|_| "the JWT holds no claims that can be read".into())
}

#[cfg(test)]
#[path = "vendor_tests.rs"]
mod tests;
