//! One attempt: a signed request to a receiver (Standard Webhooks), and what its answer means.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use ring::hmac;

use super::super::backoff;
use crate::domain::time::Micros;
use crate::domain::webhook::{Secret, Webhook};
use crate::net::guard::GuardedClient;

/// How an attempt ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    Arrived {
        status: u16,
    },
    /// 410: nothing more is wanted.
    Gone,
    /// Another time it may work.
    Passing {
        status: Option<u16>,
        /// Names no address, but the receiver's own.
        error: String,
        retry_after: Option<Duration>,
    },
}

/// What is sent.
pub struct Message<'a> {
    pub id: &'a str,
    pub body: &'a str,
}

/// Sends it once. The status alone counts: what the receiver says more is not read.
pub async fn attempt(
    client: &GuardedClient,
    webhook: &Webhook,
    message: &Message<'_>,
    steady: Micros,
    timeout: Duration,
) -> Verdict {
    let passing = |error: String| Verdict::Passing { status: None, error, retry_after: None };
    let (http, url) = match client.to(&webhook.url) {
        Ok(to) => to,
        Err(why) => return passing(why.to_string()),
    };
    let timestamp = backoff::now() / Micros::SECOND;
    let old = webhook.old_secret.as_ref().filter(|(_, until)| *until > steady);
    let secrets = [Some(&webhook.secret), old.map(|(secret, _)| secret)];
    let signatures = secrets.into_iter().flatten().map(|secret| sign(secret, message, timestamp));
    let request = http
        .post(url)
        .timeout(timeout)
        .header(CONTENT_TYPE, "application/json")
        .header("webhook-id", message.id)
        .header("webhook-timestamp", timestamp)
        .header("webhook-signature", signatures.collect::<Vec<_>>().join(" "))
        .body(message.body.to_owned());
    let response = match request.send().await {
        Ok(response) => response,
        Err(error) if error.is_timeout() => {
            return passing(format!("it did not answer within {timeout:?}"));
        }
        Err(error) => return passing(format!("it cannot be reached: {}", root(&error))),
    };
    let code = response.status().as_u16();
    if response.status().is_success() {
        return Verdict::Arrived { status: code };
    }
    if code == 410 {
        return Verdict::Gone;
    }
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|h| h.to_str().ok());
    let error = match response.status().is_redirection() {
        true => format!("it answered {code}, a redirection, which is not followed"),
        false => format!("it answered {code}"),
    };
    let retry_after = retry_after.and_then(backoff::asked);
    Verdict::Passing { status: Some(code), error, retry_after }
}

/// `v1,` and the base64 of the HMAC-SHA256 over id, time and body.
fn sign(secret: &Secret, message: &Message<'_>, timestamp: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &secret.0);
    let signed = format!("{}.{timestamp}.{}", message.id, message.body);
    format!("v1,{}", STANDARD.encode(hmac::sign(&key, signed.as_bytes())))
}

/// What is at the bottom of an error.
fn root(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example that libraries of the scheme test themselves with.
    #[test]
    fn the_signature_is_that_of_the_scheme() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let message =
            Message { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", body: r#"{"test": 2432232314}"# };
        assert_eq!(
            sign(&Secret(secret), &message, 1_614_265_330),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }
}
