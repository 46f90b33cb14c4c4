//! Both ends of a call that goes through the daemon: the speech service, which a test plays, and the caller's
//! client. Nothing waits for longer than [`PATIENCE`].

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, mpsc};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::ClientRequestBuilder;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::{HeaderMap, StatusCode, Uri};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};

/// How long a test waits for what the daemon owes it.
pub const PATIENCE: Duration = Duration::from_secs(15);

pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// One end of a socket.
pub struct End(pub WebSocketStream<Box<dyn Stream>>);

impl End {
    pub async fn send(&mut self, message: Message) {
        let sent = timeout(PATIENCE, self.0.send(message)).await.expect("the daemon reads");
        sent.expect("the daemon is there");
    }

    pub async fn say(&mut self, event: &Value) {
        self.send(Message::text(event.to_string())).await;
    }

    /// The next message that is neither ping nor pong.
    pub async fn hear(&mut self) -> Message {
        loop {
            let heard = timeout(PATIENCE, self.0.next()).await.expect("something comes");
            match heard.expect("the connection stands").expect("a message") {
                Message::Ping(_) | Message::Pong(_) => {}
                message => return message,
            }
        }
    }

    pub async fn hear_json(&mut self) -> Value {
        let heard = self.hear().await;
        serde_json::from_str(heard.to_text().expect("text")).expect("JSON")
    }

    pub async fn close(&mut self, code: u16, reason: &str) {
        self.send(Message::Close(Some(CloseFrame { code: code.into(), reason: reason.into() })))
            .await;
    }

    /// Takes what still comes until the other side closes; gives code and reason, and waits for the end.
    pub async fn closed_with(&mut self) -> Option<(u16, String)> {
        let mut told = None;
        let ended = async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Close(frame))) => {
                        told = frame.map(|frame| (frame.code.into(), frame.reason.to_string()));
                    }
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => break,
                }
            }
        };
        timeout(PATIENCE, ended).await.expect("the daemon closes");
        told
    }
}

/// A speech service that accepts sessions and leaves the talking to the test.
pub struct Service {
    pub url: String,
    sessions: Mutex<mpsc::UnboundedReceiver<Session>>,
}

/// A session that the daemon opened.
pub struct Session {
    /// Path and query.
    pub address: String,
    pub headers: HeaderMap,
    pub end: End,
}

impl Service {
    pub async fn start() -> Service {
        Service::with("ws", None, None).await
    }

    /// With a certificate of the authority in the fixtures for `localhost` and 127.0.0.1.
    pub async fn with_tls() -> Service {
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
        Service::with("wss", Some(TlsAcceptor::from(Arc::new(config))), None).await
    }

    /// Answers every handshake with this status and an error document.
    pub async fn refusing(status: u16) -> Service {
        Service::with("ws", None, Some(status)).await
    }

    async fn with(scheme: &str, tls: Option<TlsAcceptor>, refusal: Option<u16>) -> Service {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let host = if tls.is_some() { "localhost" } else { "127.0.0.1" };
        let (opened, sessions) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, opened) = (tls.clone(), opened.clone());
                tokio::spawn(async move {
                    stream.set_nodelay(true).expect("an option");
                    let stream: Box<dyn Stream> = match tls {
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => Box::new(stream),
                            Err(_) => return,
                        },
                        None => Box::new(stream),
                    };
                    if let Some(session) = accept(stream, refusal).await {
                        let _ = opened.send(session);
                    }
                });
            }
        });
        Service { url: format!("{scheme}://{host}:{port}"), sessions: Mutex::new(sessions) }
    }

    /// The next session that the daemon opens.
    pub async fn session(&self) -> Session {
        let mut sessions = self.sessions.lock().await;
        let session = timeout(PATIENCE, sessions.recv()).await.expect("the daemon dials");
        session.expect("a session")
    }
}

async fn accept(stream: Box<dyn Stream>, refusal: Option<u16>) -> Option<Session> {
    let (mut address, mut headers) = (String::new(), HeaderMap::new());
    #[allow(clippy::result_large_err, reason = "the library's own callback")]
    let look = |request: &Request, answer: Response| {
        address = request.uri().to_string();
        headers = request.headers().clone();
        let Some(status) = refusal else { return Ok(answer) };
        let body = r#"{"error":{"code":"DeploymentNotFound","message":"no such thing"}}"#;
        let mut refused = ErrorResponse::new(Some(body.to_owned()));
        *refused.status_mut() = StatusCode::from_u16(status).expect("a status");
        let length = body.len().to_string().parse().expect("a number");
        refused.headers_mut().insert("content-length", length);
        Err(refused)
    };
    let socket = tokio_tungstenite::accept_hdr_async(stream, look).await.ok()?;
    Some(Session { address, headers, end: End(socket) })
}

/// Connects a caller's client; `Err` is the status and body of the daemon's refusal.
pub async fn connect(
    address: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> Result<(End, HeaderMap), (u16, String)> {
    let uri: Uri = format!("ws://{address}{path}").parse().expect("an address");
    let mut request = ClientRequestBuilder::new(uri);
    for (name, value) in headers {
        request = request.with_header(*name, *value);
    }
    let stream = TcpStream::connect(address).await.expect("the daemon listens");
    stream.set_nodelay(true).expect("an option");
    let stream: Box<dyn Stream> = Box::new(stream);
    let opened = timeout(PATIENCE, tokio_tungstenite::client_async(request, stream)).await;
    match opened.expect("an answer") {
        Ok((socket, answer)) => Ok((End(socket), answer.headers().clone())),
        Err(Error::Http(answer)) => {
            let body = answer.body().as_deref().unwrap_or_default();
            Err((answer.status().as_u16(), String::from_utf8_lossy(body).into_owned()))
        }
        Err(other) => panic!("no handshake: {other}"),
    }
}
