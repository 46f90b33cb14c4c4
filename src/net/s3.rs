//! One bucket of an S3-compatible server: put, get, list, delete, and large objects in parts.
//!
//! Requests carry their signature (SigV4) in the address. What fails for a reason that may pass (no
//! connection, 5xx, 429) is tried again a few times; everything asked here may be done twice.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use reqwest::{Client, Method, Response, StatusCode, Url};
use rusty_s3::actions::{
    AbortMultipartUpload, CompleteMultipartUpload, CreateMultipartUpload, DeleteObject, GetObject,
    ListObjectsV2, PutObject, UploadPart,
};
use rusty_s3::{Credentials, S3Action, UrlStyle};

use super::ClientError;

/// How long a signed address is good for: beyond the longest request, short of being worth stealing.
const VALID: Duration = Duration::from_secs(15 * 60);
const TRIES: u32 = 5;
/// Before the second try; doubles with each.
const PAUSE: Duration = Duration::from_millis(500);
/// Bytes of an answer that is not an object.
const MAX_ANSWER: usize = 8 << 20;
/// Objects listed at most.
const MAX_OBJECTS: usize = 100_000;

#[derive(Debug, thiserror::Error)]
pub enum S3Error {
    #[error(
        "backup.s3.endpoint: {0:?} is no address of an S3 server, expected one as \"https://s3.example.org\""
    )]
    Endpoint(String),
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("{what}: {error}")]
    Unreachable { what: String, error: String },
    #[error("{what}: the server answered {status}{why}")]
    Refused { what: String, status: u16, why: String },
    #[error("{what}: the server's answer is not understood: {why}")]
    Answer { what: String, why: String },
}

impl S3Error {
    /// Whether it is worth trying again.
    fn may_pass(&self) -> bool {
        match self {
            S3Error::Unreachable { .. } => true,
            S3Error::Refused { status, .. } => *status >= 500 || matches!(status, 408 | 429),
            _ => false,
        }
    }
}

/// Who asks, and whom.
pub struct Access<'a> {
    pub endpoint: &'a str,
    pub region: &'a str,
    pub access_key: &'a str,
    pub secret_key: &'a str,
    /// Certificates trusted besides the public ones; empty is none.
    pub ca_file: &'a Path,
}

pub struct Bucket {
    http: Client,
    bucket: rusty_s3::Bucket,
    credentials: Credentials,
}

/// An object in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    pub key: String,
    pub size: u64,
}

impl Bucket {
    /// The bucket `name`; nothing is asked yet. Addresses are in path style, which every server knows.
    pub fn new(name: &str, access: &Access<'_>) -> Result<Bucket, S3Error> {
        let no_server = || S3Error::Endpoint(access.endpoint.to_owned());
        let endpoint = Url::parse(access.endpoint).map_err(|_| no_server())?;
        let (name, region) = (name.to_owned(), access.region.to_owned());
        let bucket = rusty_s3::Bucket::new(endpoint, UrlStyle::Path, name, region);
        Ok(Bucket {
            http: super::client(access.ca_file)?,
            bucket: bucket.map_err(|_| no_server())?,
            credentials: Credentials::new(access.access_key, access.secret_key),
        })
    }

    fn who(&self) -> Option<&Credentials> {
        Some(&self.credentials)
    }

    /// Asks until it is answered well or it is hopeless; `sign` gives a fresh address for each try.
    async fn ask(
        &self,
        (method, what): (Method, &str),
        body: Bytes,
        from: Option<u64>,
        sign: impl Fn() -> Url,
    ) -> Result<Response, S3Error> {
        let mut pause = PAUSE;
        for _ in 1..TRIES {
            match self.once((&method, what), &body, from, sign()).await {
                Err(error) if error.may_pass() => {
                    tracing::warn!(%error, "tried again in {pause:?}");
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                other => return other,
            }
        }
        self.once((&method, what), &body, from, sign()).await
    }

    async fn once(
        &self,
        (method, what): (&Method, &str),
        body: &Bytes,
        from: Option<u64>,
        url: Url,
    ) -> Result<Response, S3Error> {
        let mut request = self.http.request(method.clone(), url);
        if matches!(*method, Method::PUT | Method::POST) {
            request = request.body(body.clone());
        }
        if let Some(from) = from {
            request = request.header("range", format!("bytes={from}-"));
        }
        let sent = request.send().await;
        let response = sent.map_err(|error| unreachable(what, error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let told = text(response, what).await.unwrap_or_default();
        Err(S3Error::Refused { what: what.to_owned(), status: status.as_u16(), why: reason(&told) })
    }

    pub async fn put(&self, key: &str, body: Bytes) -> Result<(), S3Error> {
        let action = PutObject::new(&self.bucket, self.who(), key);
        self.ask((Method::PUT, key), body, None, || action.sign(VALID)).await.map(drop)
    }

    /// Begins a large object; gives the id of its upload.
    pub async fn begin(&self, key: &str) -> Result<String, S3Error> {
        let action = CreateMultipartUpload::new(&self.bucket, self.who(), key);
        let asked =
            self.ask((Method::POST, key), Bytes::new(), None, || action.sign(VALID)).await?;
        let told = text(asked, key).await?;
        let parsed = CreateMultipartUpload::parse_response(&told);
        let parsed = parsed.map_err(|error| not_understood(key, &error))?;
        Ok(parsed.upload_id().to_owned())
    }

    /// Puts one part, from 1; gives its tag, which [`Bucket::complete`] wants.
    pub async fn part(
        &self,
        key: &str,
        upload: &str,
        number: u16,
        body: Bytes,
    ) -> Result<String, S3Error> {
        let action = UploadPart::new(&self.bucket, self.who(), key, number, upload);
        let answer = self.ask((Method::PUT, key), body, None, || action.sign(VALID)).await?;
        let tag = answer.headers().get("etag").and_then(|tag| tag.to_str().ok());
        tag.map(str::to_owned).ok_or_else(|| not_understood(key, &"a part without an ETag"))
    }

    /// Makes the parts one object.
    pub async fn complete(&self, key: &str, upload: &str, tags: &[String]) -> Result<(), S3Error> {
        let action = || {
            let tags = tags.iter().map(String::as_str);
            CompleteMultipartUpload::new(&self.bucket, self.who(), key, upload, tags)
        };
        let body = Bytes::from(action().body());
        let asked = self.ask((Method::POST, key), body, None, || action().sign(VALID)).await?;
        let told = text(asked, key).await?;
        // A server may begin its answer with 200 and find out later that it cannot.
        if told.contains("<Error>") {
            let why = reason(&told);
            return Err(S3Error::Refused { what: key.to_owned(), status: 200, why });
        }
        Ok(())
    }

    /// Gives up the parts of a large object.
    pub async fn abort(&self, key: &str, upload: &str) -> Result<(), S3Error> {
        let action = AbortMultipartUpload::new(&self.bucket, self.who(), key, upload);
        let asked = self.ask((Method::DELETE, key), Bytes::new(), None, || action.sign(VALID));
        asked.await.map(drop)
    }

    /// The object from this byte on.
    pub async fn get(&self, key: &str, from: u64) -> Result<Response, S3Error> {
        let action = GetObject::new(&self.bucket, self.who(), key);
        let range = (from > 0).then_some(from);
        let answer =
            self.ask((Method::GET, key), Bytes::new(), range, || action.sign(VALID)).await?;
        if from > 0 && answer.status() != StatusCode::PARTIAL_CONTENT {
            return Err(not_understood(key, &"the whole object came instead of its rest"));
        }
        Ok(answer)
    }

    pub async fn delete(&self, key: &str) -> Result<(), S3Error> {
        let action = DeleteObject::new(&self.bucket, self.who(), key);
        let asked = self.ask((Method::DELETE, key), Bytes::new(), None, || action.sign(VALID));
        asked.await.map(drop)
    }

    /// The objects whose keys begin so, in the order of their keys.
    pub async fn list(&self, prefix: &str) -> Result<Vec<Object>, S3Error> {
        let mut found = Vec::new();
        let mut more = None;
        loop {
            let mut action = ListObjectsV2::new(&self.bucket, self.who());
            action.with_prefix(prefix);
            if let Some(token) = more.take() {
                action.with_continuation_token(token);
            }
            let what = format!("the list of {}/{prefix}", self.bucket.name());
            let asked = self.ask((Method::GET, &what), Bytes::new(), None, || action.sign(VALID));
            let told = text(asked.await?, &what).await?;
            let page = ListObjectsV2::parse_response(&told);
            let page = page.map_err(|error| not_understood(&what, &error))?;
            found.extend(
                page.contents.into_iter().map(|o| Object { key: o.key, size: o.size.unwrap_or(0) }),
            );
            match page.next_continuation_token {
                Some(token) if found.len() < MAX_OBJECTS => more = Some(token),
                _ => break,
            }
        }
        found.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(found)
    }
}

/// The cause at the bottom says most: a name that is not known, a certificate that is not trusted.
pub fn unreachable(what: &str, error: reqwest::Error) -> S3Error {
    // The address would tell the signature.
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(deeper) = cause {
        text = format!("{text}: {deeper}");
        cause = deeper.source();
    }
    S3Error::Unreachable { what: what.to_owned(), error: text }
}

fn not_understood(what: &str, why: &dyn std::fmt::Display) -> S3Error {
    S3Error::Answer { what: what.to_owned(), why: why.to_string() }
}

async fn text(mut response: Response, what: &str) -> Result<String, S3Error> {
    let mut bytes = Vec::new();
    while let Some(more) = response.chunk().await.map_err(|error| unreachable(what, error))? {
        bytes.extend_from_slice(&more);
        if bytes.len() > MAX_ANSWER {
            return Err(not_understood(what, &"it is too long"));
        }
    }
    String::from_utf8(bytes).map_err(|error| not_understood(what, &error))
}

/// Code and message of an error document, as `: Code, message`.
fn reason(document: &str) -> String {
    let field = |name: &str| {
        let (_, rest) = document.split_once(&format!("<{name}>"))?;
        rest.split_once('<').map(|(text, _)| text.to_owned())
    };
    let told = [field("Code"), field("Message")].into_iter().flatten().collect::<Vec<_>>();
    if told.is_empty() { String::new() } else { format!(": {}", told.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_of_a_refusal_is_told() {
        let document = "<?xml?><Error><Code>SignatureDoesNotMatch</Code><Message>Check your key</Message></Error>";
        assert_eq!(reason(document), ": SignatureDoesNotMatch, Check your key");
        assert_eq!(reason("Bad Gateway"), "");
    }

    #[test]
    fn an_endpoint_that_is_no_address_is_named() {
        let access = Access {
            endpoint: "s3.example.org",
            region: "us-east-1",
            access_key: "a",
            secret_key: "b",
            ca_file: Path::new(""),
        };
        let error = Bucket::new("box", &access).err().map(|error| error.to_string());
        assert!(error.is_some_and(|text| text.contains("\"s3.example.org\" is no address")));
    }
}
