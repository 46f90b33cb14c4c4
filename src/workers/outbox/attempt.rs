//! One attempt: a request to a bridge, and what its answer means.

use std::time::Duration;

use bytes::BytesMut;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Response, Url};
use serde_json::Value;

use super::super::backoff;
use super::drivers;
use crate::config::BridgeConfig;
use crate::net::{self, ClientError};

/// Bytes of an answer that are read.
const MAX_ANSWER: usize = 64 << 10;
/// Characters of a bridge's own words that are told to the agent.
const MAX_WORDS: usize = 300;

#[derive(Debug, thiserror::Error)]
pub enum BridgeError {
    #[error("whatsapp.bridges: url of {instance:?}: {why}")]
    Address { instance: String, why: String },
    #[error("whatsapp.bridges: ca_file of {instance:?}: {error}")]
    Client { instance: String, error: ClientError },
    #[error("mail.smtp: ca_file: {0}")]
    Mail(ClientError),
}

/// A bridge that messages can be given to.
pub struct Bridge {
    pub config: BridgeConfig,
    pub url: Url,
    /// What is posted, of kind `baileys`.
    pub template: Value,
    http: Client,
}

/// A message as the bridge is to have it.
pub struct Letter<'a> {
    /// The chat's address, as `628…@s.whatsapp.net`.
    pub to: &'a str,
    pub text: &'a str,
    /// The same in every attempt.
    pub id: &'a str,
}

impl Letter<'_> {
    /// The digits of the customer's number; none where only another kind of address is known.
    pub fn phone(&self) -> Option<&str> {
        let digits = self.to.strip_suffix("@s.whatsapp.net")?;
        (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())).then_some(digits)
    }
}

/// What a driver asks for.
pub struct Asked {
    /// Behind the bridge's address; a segment each.
    pub path: Vec<String>,
    pub header: Option<(String, String)>,
    pub body: Value,
}

/// How an attempt ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    Sent {
        /// What the bridge calls the message.
        id: Option<String>,
    },
    /// Trying again would not help; why, in words for the agent.
    Refused(String),
    /// Another time it may work.
    Passing {
        /// Says nothing of anybody.
        error: String,
        /// What the bridge says, for the agent.
        detail: String,
        retry_after: Option<Duration>,
        /// Whether it may have been sent all the same.
        uncertain: bool,
    },
}

impl Verdict {
    pub fn passing(error: &str) -> Verdict {
        let (error, detail) = (error.to_owned(), String::new());
        Verdict::Passing { error, detail, retry_after: None, uncertain: false }
    }
}

impl Bridge {
    pub fn new(config: BridgeConfig) -> Result<Bridge, BridgeError> {
        let instance = || config.instance.clone();
        let wrong = |why: String| BridgeError::Address { instance: instance(), why };
        let url = Url::parse(&config.url).map_err(|error| wrong(error.to_string()))?;
        let template = serde_json::from_str(&config.body).unwrap_or_default();
        let http = net::single_use_client(&config.ca_file)
            .map_err(|error| BridgeError::Client { instance: instance(), error })?;
        Ok(Bridge { config, url, template, http })
    }

    pub async fn attempt(&self, letter: &Letter<'_>) -> Verdict {
        let asked = match drivers::request(self, letter) {
            Ok(asked) => asked,
            Err(why) => return Verdict::Refused(why),
        };
        let mut url = self.url.clone();
        if !asked.path.is_empty()
            && let Ok(mut segments) = url.path_segments_mut()
        {
            segments.pop_if_empty().extend(&asked.path);
        }
        let mut request = self
            .http
            .post(url)
            .timeout(self.config.timeout)
            .header(CONTENT_TYPE, "application/json")
            .header("Idempotency-Key", letter.id)
            .body(asked.body.to_string());
        if let Some((name, value)) = asked.header {
            request = request.header(name, value);
        }
        match request.send().await {
            Ok(response) => self.judge(response).await,
            Err(error) => self.broken(&error),
        }
    }

    async fn judge(&self, response: Response) -> Verdict {
        let status = response.status();
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|h| h.to_str().ok());
        let retry_after = retry_after.and_then(backoff::asked);
        let body = match body(response).await {
            Ok(body) => body,
            // What was refused is refused, whatever the rest of the words.
            Err(_) if status.is_client_error() => Value::Null,
            Err(error) => return self.broken(&error),
        };
        let detail: String = drivers::words(&body).chars().take(MAX_WORDS).collect();
        let code = status.as_u16();
        if status.is_success() {
            return match drivers::sent(self.config.kind, &body) {
                Ok(id) => Verdict::Sent { id },
                Err(why) => Verdict::Refused(why),
            };
        }
        let may_pass = status.is_server_error()
            || matches!(code, 408 | 425 | 429)
            || drivers::may_pass(self.config.kind, code, &body);
        if may_pass {
            let error = format!("the bridge answered {code}");
            let uncertain = status.is_server_error();
            return Verdict::Passing { error, detail, retry_after, uncertain };
        }
        Verdict::Refused(match drivers::explained(self.config.kind, &body) {
            Some(words) => words.to_owned(),
            None if detail.is_empty() => format!("the bridge answered {code}"),
            None => format!("the bridge answered {code}: {detail}"),
        })
    }

    fn broken(&self, error: &reqwest::Error) -> Verdict {
        let (error, uncertain) = if error.is_timeout() {
            (format!("the bridge did not answer within {:?}", self.config.timeout), true)
        } else if error.is_connect() {
            (format!("the bridge cannot be reached: {}", root(error)), false)
        } else {
            (format!("the connection to the bridge broke: {}", root(error)), true)
        };
        Verdict::Passing { error, detail: String::new(), retry_after: None, uncertain }
    }
}

/// What is at the bottom of an error, which names no address.
fn root(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

/// The JSON of an answer; null if it is none, or more than anybody has to say.
async fn body(mut response: Response) -> Result<Value, reqwest::Error> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = response.chunk().await? {
        if bytes.len() + chunk.len() > MAX_ANSWER {
            return Ok(Value::Null);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(serde_json::from_slice(&bytes).unwrap_or_default())
}
