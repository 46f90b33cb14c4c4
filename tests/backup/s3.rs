//! A server that speaks S3, as far as backups need it: it checks every signature (SigV4 in the address) itself,
//! gives lists in pages of two, fails now and then, and breaks the first answer with an object in the middle.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use hmac::{Hmac, KeyInit, Mac};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

pub const REGION: &str = "eu-test-1";
pub const ACCESS_KEY: &str = "AKIDTEST";
pub const SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const XMLNS: &str = "http://s3.amazonaws.com/doc/2006-03-01/";
const PAGE: usize = 2;

type Parts = BTreeMap<u16, Vec<u8>>;

#[derive(Default)]
pub struct Held {
    /// Objects of the bucket `box`.
    pub objects: BTreeMap<String, Vec<u8>>,
    uploads: HashMap<String, (String, Parts)>,
    pub parts: u64,
    pub requests: u64,
    /// Every so many requests one is answered 503; 0 is never.
    pub fail_every: u64,
    /// Objects whose reading was broken off once.
    broken: Vec<String>,
    pub resumed: u64,
}

impl Held {
    pub fn uploads_under_way(&self) -> usize {
        self.uploads.len()
    }
}

pub struct Fake {
    pub endpoint: String,
    held: Arc<Mutex<Held>>,
    _runtime: tokio::runtime::Runtime,
}

impl Fake {
    pub fn start() -> Fake {
        Fake::with(None)
    }

    /// Speaks TLS, with a certificate of the authority in the fixtures for `localhost` and 127.0.0.1.
    pub fn with_tls() -> Fake {
        let pem = include_bytes!("../fixtures/tls/localhost.pem");
        let chain = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().expect("PEM");
        let key = PrivateKeyDer::from_pem_slice(pem).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("a certificate and its key");
        Fake::with(Some(TlsAcceptor::from(Arc::new(config))))
    }

    fn with(tls: Option<TlsAcceptor>) -> Fake {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let held: Arc<Mutex<Held>> = Arc::default();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"));
        let listener = listener.expect("a port");
        let scheme = if tls.is_some() { "https" } else { "http" };
        let endpoint = format!("{scheme}://{}", listener.local_addr().expect("an address"));
        let app = axum::Router::new().fallback(answer).with_state(Arc::clone(&held));
        runtime.spawn(serve(listener, tls, app));
        Fake { endpoint, held, _runtime: runtime }
    }

    pub fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().expect("nobody panicked")
    }

    /// The section of a configuration file.
    pub fn config(&self) -> String {
        let endpoint = &self.endpoint;
        format!(
            "[backup.s3]\nendpoint = \"{endpoint}\"\nregion = \"{REGION}\"\naccess_key = \"{ACCESS_KEY}\"\nsecret_key = \"{SECRET_KEY}\"\n"
        )
    }
}

async fn serve(listener: TcpListener, tls: Option<TlsAcceptor>, app: axum::Router) {
    while let Ok((stream, _)) = listener.accept().await {
        let (tls, app) = (tls.clone(), app.clone());
        tokio::spawn(async move {
            match tls {
                None => connection(stream, app).await,
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        connection(stream, app).await;
                    }
                }
            }
        });
    }
}

async fn connection(stream: impl AsyncRead + AsyncWrite + Unpin, app: axum::Router) {
    let service = TowerToHyperService::new(app);
    // A client that hangs up is no failure of the test.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(State(held): State<Arc<Mutex<Held>>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 64 << 20).await.unwrap_or_default();
    let mut held = held.lock().expect("nobody panicked");
    held.requests += 1;
    if held.fail_every > 0 && held.requests.is_multiple_of(held.fail_every) {
        return error(StatusCode::SERVICE_UNAVAILABLE, "SlowDown");
    }
    let query: Vec<(&str, &str)> = head
        .uri
        .query()
        .unwrap_or_default()
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .collect();
    let host = head.headers.get("host").and_then(|h| h.to_str().ok()).unwrap_or_default();
    if !is_signed(&head.method, head.uri.path(), &query, host) {
        return error(StatusCode::FORBIDDEN, "SignatureDoesNotMatch");
    }
    let path = decoded(head.uri.path());
    let Some(key) = path.strip_prefix("/box").map(|key| key.trim_start_matches('/').to_owned())
    else {
        return error(StatusCode::NOT_FOUND, "NoSuchBucket");
    };
    let get = |name: &str| query.iter().find(|(n, _)| *n == name).map(|(_, v)| decoded(v));
    let range = head.headers.get("range").and_then(|r| r.to_str().ok());
    match (head.method, get("uploadId"), get("list-type").is_some(), get("uploads").is_some()) {
        (Method::GET, None, true, _) => list(&held, &get),
        (Method::GET, None, false, _) => object(&mut held, &key, range),
        (Method::POST, None, _, true) => begin(&mut held, &key),
        (Method::PUT, Some(id), ..) => part(&mut held, &id, get("partNumber"), body),
        (Method::POST, Some(id), ..) => complete(&mut held, &id, &body),
        (Method::DELETE, Some(id), ..) => {
            held.uploads.remove(&id);
            StatusCode::NO_CONTENT.into_response()
        }
        (Method::PUT, None, ..) => {
            held.objects.insert(key, body.to_vec());
            ([("etag", "\"1\"")], "").into_response()
        }
        (Method::DELETE, None, ..) => {
            held.objects.remove(&key);
            StatusCode::NO_CONTENT.into_response()
        }
        _ => error(StatusCode::BAD_REQUEST, "InvalidRequest"),
    }
}

fn error(status: StatusCode, code: &str) -> Response {
    (status, format!("<Error><Code>{code}</Code><Message>told by the fake</Message></Error>"))
        .into_response()
}

fn list(held: &Held, get: &dyn Fn(&str) -> Option<String>) -> Response {
    let prefix = get("prefix").unwrap_or_default();
    let after = get("continuation-token").unwrap_or_default();
    let found = held.objects.iter().filter(|(key, _)| key.starts_with(&prefix) && **key > after);
    let found: Vec<_> = found.collect();
    let mut text = format!("<ListBucketResult xmlns=\"{XMLNS}\">");
    for (key, bytes) in found.iter().take(PAGE) {
        let size = bytes.len();
        text += &format!("<Contents><Key>{key}</Key><Size>{size}</Size></Contents>");
    }
    let more = found.len() > PAGE;
    text += &format!("<IsTruncated>{more}</IsTruncated>");
    if more {
        let token = found[PAGE - 1].0;
        text += &format!("<NextContinuationToken>{token}</NextContinuationToken>");
    }
    (text + "</ListBucketResult>").into_response()
}

fn object(held: &mut Held, key: &str, range: Option<&str>) -> Response {
    let Some(bytes) = held.objects.get(key).cloned() else {
        return error(StatusCode::NOT_FOUND, "NoSuchKey");
    };
    let from = range.and_then(|r| r.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
    let rest = bytes[from.unwrap_or(0)..].to_vec();
    let status = if from.is_some() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    held.resumed += u64::from(from.is_some());
    if held.broken.iter().any(|broken| broken == key) || rest.len() < 2 {
        return (status, rest).into_response();
    }
    held.broken.push(key.to_owned());
    let half = Ok(Bytes::copy_from_slice(&rest[..rest.len() / 2]));
    let broken = Err(std::io::Error::other("the cable was pulled"));
    (status, Body::from_stream(futures_util::stream::iter([half, broken]))).into_response()
}

fn begin(held: &mut Held, key: &str) -> Response {
    let id = format!("upload-{}", held.requests);
    held.uploads.insert(id.clone(), (key.to_owned(), Parts::new()));
    format!(
        "<InitiateMultipartUploadResult xmlns=\"{XMLNS}\"><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"
    )
    .into_response()
}

fn part(held: &mut Held, id: &str, number: Option<String>, body: Bytes) -> Response {
    let number = number.and_then(|number| number.parse().ok());
    let (Some(number), Some((_, parts))) = (number, held.uploads.get_mut(id)) else {
        return error(StatusCode::NOT_FOUND, "NoSuchUpload");
    };
    parts.insert(number, body.to_vec());
    held.parts += 1;
    ([("etag", format!("\"part-{number}\""))], "").into_response()
}

fn complete(held: &mut Held, id: &str, body: &[u8]) -> Response {
    let Some((key, parts)) = held.uploads.remove(id) else {
        return error(StatusCode::NOT_FOUND, "NoSuchUpload");
    };
    let told = String::from_utf8_lossy(body).matches("<PartNumber>").count();
    if told != parts.len() || parts.keys().copied().ne(1..=parts.len() as u16) {
        return error(StatusCode::BAD_REQUEST, "InvalidPart");
    }
    held.objects.insert(key, parts.into_values().flatten().collect());
    format!("<CompleteMultipartUploadResult xmlns=\"{XMLNS}\"><ETag>\"2\"</ETag></CompleteMultipartUploadResult>")
        .into_response()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, others @ ..] = rest {
        let hex = others.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match (first, hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &others[2..];
            }
            _ => {
                bytes.push(*first);
                rest = others;
            }
        }
    }
    String::from_utf8(bytes).expect("UTF-8")
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Computes the signature of the request as AWS describes it, and compares.
fn is_signed(method: &Method, path: &str, query: &[(&str, &str)], host: &str) -> bool {
    let get = |name: &str| query.iter().find(|(n, _)| *n == name).map(|(_, value)| *value);
    let (Some(date), Some(given)) = (get("X-Amz-Date"), get("X-Amz-Signature")) else {
        return false;
    };
    let day = &date[..8];
    let scope = format!("{day}/{REGION}/s3/aws4_request");
    if get("X-Amz-Credential").map(decoded) != Some(format!("{ACCESS_KEY}/{scope}")) {
        return false;
    }
    let mut signed: Vec<String> = query
        .iter()
        .filter(|(name, _)| *name != "X-Amz-Signature")
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    signed.sort();
    let query = signed.join("&");
    let canonical = format!("{method}\n{path}\n{query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD");
    let hash = hex(&Sha256::digest(canonical.as_bytes()));
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{hash}");
    let key = [day, REGION, "s3", "aws4_request"]
        .iter()
        .fold(format!("AWS4{SECRET_KEY}").into_bytes(), |key, text| mac(&key, text));
    hex(&mac(&key, &text)) == given
}
