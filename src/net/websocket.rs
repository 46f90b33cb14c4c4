//! WebSockets that we open: to a speech service, to relays and bridges.
//!
//! What always holds: the certificate is checked against the name; the whole way to an open socket has a limit
//! in time; an error says how far it came and never holds a key, a token or an address with one.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Error as Protocol;
use tokio_tungstenite::tungstenite::client::ClientRequestBuilder;
use tokio_tungstenite::tungstenite::http::{self, Uri};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use super::{USER_AGENT, resolver};

/// Bytes read at once.
const READ_BUFFER: usize = 32 << 10;
/// How long one of several addresses of a host is tried.
const ONE_ADDRESS: Duration = Duration::from_secs(5);
/// The longest code of an error document that is told on.
const MAX_CODE: usize = 64;

pub type Socket = WebSocketStream<Box<dyn Stream>>;

pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Where a socket is opened, and with what.
pub struct Target {
    /// `ws`, `wss`, or `http` and `https`, which mean the same here.
    pub url: Url,
    /// Headers of the handshake: names in lower case.
    pub headers: Vec<(&'static str, String)>,
    pub tls: Arc<ClientConfig>,
    pub timeout: Duration,
    /// Bytes of one message at most.
    pub max_message: usize,
}

/// Why no socket was opened, in words for whoever set it up.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    #[error("the address is not understood: {0}")]
    Address(String),
    #[error("the name {host} is not found: {why}")]
    Name { host: String, why: String },
    #[error("{host} cannot be reached: {why}")]
    Unreachable { host: String, why: String },
    #[error("TLS with {host} failed: {why}")]
    Tls { host: String, why: String },
    /// The handshake was answered with another status than 101.
    #[error("{host} answered HTTP {status}{code}")]
    Refused { host: String, status: u16, code: String },
    #[error("{host} speaks no WebSocket there: {why}")]
    Handshake { host: String, why: String },
    #[error("{host} did not answer within {} s", .after.as_secs())]
    Late { host: String, after: Duration },
}

impl DialError {
    /// Whether it is worth trying again without anybody changing anything.
    pub fn may_pass(&self) -> bool {
        match self {
            DialError::Unreachable { .. } | DialError::Late { .. } | DialError::Name { .. } => true,
            DialError::Refused { status, .. } => *status >= 500 || matches!(status, 408 | 429),
            _ => false,
        }
    }
}

/// Opens a socket.
pub async fn dial(target: &Target) -> Result<Socket, DialError> {
    let host = target.url.host_str().unwrap_or_default().to_owned();
    let late = DialError::Late { host: host.clone(), after: target.timeout };
    tokio::time::timeout(target.timeout, open(target, &host)).await.unwrap_or(Err(late))
}

async fn open(target: &Target, host: &str) -> Result<Socket, DialError> {
    let secure = matches!(target.url.scheme(), "wss" | "https");
    let port = target.url.port().unwrap_or(if secure { 443 } else { 80 });
    let stream = connect(host, port).await?;
    let stream: Box<dyn Stream> = if secure {
        let fail = |why: String| DialError::Tls { host: host.to_owned(), why };
        let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned());
        let name = name.map_err(|error| fail(error.to_string()))?;
        let connector = TlsConnector::from(Arc::clone(&target.tls));
        Box::new(connector.connect(name, stream).await.map_err(|error| fail(error.to_string()))?)
    } else {
        Box::new(stream)
    };
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .max_message_size(Some(target.max_message))
        .max_frame_size(Some(target.max_message));
    let opened =
        tokio_tungstenite::client_async_with_config(request(target)?, stream, Some(config));
    opened.await.map(|(socket, _)| socket).map_err(|error| refused(host, error))
}

pub(super) async fn connect(host: &str, port: u16) -> Result<TcpStream, DialError> {
    let addresses = match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(address) => vec![address],
        Err(_) => {
            let fail = |why: String| DialError::Name { host: host.to_owned(), why };
            resolver::addresses(host).await.map_err(|error| fail(error.to_string()))?
        }
    };
    let mut why = "it has no address".to_owned();
    for address in addresses {
        let connecting = TcpStream::connect(SocketAddr::new(address, port));
        let connected = tokio::time::timeout(ONE_ADDRESS, connecting).await;
        match connected.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into())) {
            Ok(stream) => {
                // Frames are one write each: waiting to fill a packet only delays them.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(error) => why = error.to_string(),
        }
    }
    Err(DialError::Unreachable { host: host.to_owned(), why })
}

/// The address as the handshake names it, in WebSocket's own schemes.
fn request(target: &Target) -> Result<ClientRequestBuilder, DialError> {
    let plain = target.url.as_str();
    let address = match plain.strip_prefix("http") {
        Some(rest) => format!("ws{rest}"),
        None => plain.to_owned(),
    };
    let uri: Uri = address
        .parse()
        .map_err(|error: http::uri::InvalidUri| DialError::Address(error.to_string()))?;
    let request = ClientRequestBuilder::new(uri).with_header("user-agent", USER_AGENT);
    Ok(target
        .headers
        .iter()
        .fold(request, |request, (name, value)| request.with_header(*name, value.as_str())))
}

fn refused(host: &str, error: Protocol) -> DialError {
    let host = host.to_owned();
    match error {
        Protocol::Http(answer) => {
            let code = answer.body().as_deref().and_then(code).map(|code| format!(", {code}"));
            let status = answer.status().as_u16();
            DialError::Refused { host, status, code: code.unwrap_or_default() }
        }
        Protocol::Io(error) => DialError::Unreachable { host, why: error.to_string() },
        other => DialError::Handshake { host, why: other.to_string() },
    }
}

/// The code in an error document such as `{"error":{"code":"DeploymentNotFound","message":…}}`. Only a plain
/// word is told on: messages may quote what must stay secret.
fn code(body: &[u8]) -> Option<String> {
    let document: serde_json::Value = serde_json::from_slice(body).ok()?;
    let code = document.pointer("/error/code").or(document.get("code"))?;
    let code = code.as_str().map_or_else(|| code.to_string(), str::to_owned);
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
    ((1..=MAX_CODE).contains(&code.len()) && code.bytes().all(plain)).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_code_of_an_error_document_is_told() {
        let body = br#"{"error":{"code":"DeploymentNotFound","message":"key sk-1"}}"#;
        assert_eq!(code(body), Some("DeploymentNotFound".into()));
        assert_eq!(code(br#"{"error":{"code":401}}"#), Some("401".into()));
        assert_eq!(code(br#"{"error":{"code":"your key sk-1 is wrong"}}"#), None);
        assert_eq!(code(b"Bad Gateway"), None);
    }
}
