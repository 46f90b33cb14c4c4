//! The other end of the doors: a client that speaks HTTP and WebSocket with a daemon over TCP.
//!
//! It knows nothing of ours but the wire, so that `demo` and `bench` see what a bridge, a relay or an agent
//! sees. Every answer is awaited for [`PATIENCE`] at most and is [`MAX_ANSWER`] bytes at most.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::{SinkExt, StreamExt};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::ClientRequestBuilder;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes of an answer.
const MAX_ANSWER: usize = 16 << 20;
const READ_BUFFER: usize = 4 << 10;

#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("{0} does not answer: {1}")]
    Unreachable(SocketAddr, std::io::Error),
    #[error("the connection failed: {0}")]
    Http(#[from] hyper::Error),
    #[error("the WebSocket failed: {0}")]
    WebSocket(Box<tungstenite::Error>),
    #[error("no answer within {} s", PATIENCE.as_secs())]
    Late,
    /// Any status but 2xx, with the `detail` of its problem document.
    #[error("{request} was answered {status}: {detail}")]
    Refused { request: String, status: u16, detail: String },
    #[error("{0}")]
    Unexpected(String),
}

impl From<tungstenite::Error> for ClientError {
    fn from(error: tungstenite::Error) -> ClientError {
        ClientError::WebSocket(Box::new(error))
    }
}

/// One kept connection, with the token of whoever uses it.
pub struct Client {
    address: SocketAddr,
    bearer: String,
    connection: SendRequest<Full<Bytes>>,
}

impl Client {
    pub async fn connect(address: SocketAddr, token: &str) -> Result<Client, ClientError> {
        let (connection, driver) = handshake(TokioIo::new(dial(address).await?)).await?;
        // Ends with the connection; a failure shows at the next request.
        tokio::spawn(async move { driver.await.ok() }.boxed());
        Ok(Client { address, bearer: bearer(token), connection })
    }

    pub async fn get(&mut self, path: &str) -> Result<Bytes, ClientError> {
        self.call("GET", path, Bytes::new()).await
    }

    /// `get`, read as JSON.
    pub async fn get_json(&mut self, path: &str) -> Result<Value, ClientError> {
        let body = self.get(path).await?;
        serde_json::from_slice(&body).map_err(|e| {
            ClientError::Unexpected(format!("GET {path}: the answer is not JSON: {e}"))
        })
    }

    /// Posts JSON.
    pub async fn post(&mut self, path: &str, body: Bytes) -> Result<Bytes, ClientError> {
        self.call("POST", path, body).await
    }

    async fn call(&mut self, method: &str, path: &str, body: Bytes) -> Result<Bytes, ClientError> {
        let request = hyper::Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, self.address.to_string())
            .header(AUTHORIZATION, &self.bearer)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(body))
            .map_err(|e| ClientError::Unexpected(format!("{method} {path}: {e}")))?;
        let (status, body) = in_time(async {
            self.connection.ready().await?;
            let response = self.connection.send_request(request).await?;
            let status = response.status().as_u16();
            let body = Limited::new(response.into_body(), MAX_ANSWER).collect().await;
            let body =
                body.map_err(|e| ClientError::Unexpected(format!("{method} {path}: {e}")))?;
            Ok((status, body.to_bytes()))
        })
        .await?;
        if (200..300).contains(&status) {
            return Ok(body);
        }
        Err(ClientError::Refused {
            request: format!("{method} {path}"),
            status,
            detail: detail(&body),
        })
    }
}

/// What a problem document says, or else the beginning of the body.
fn detail(body: &[u8]) -> String {
    let problem: Option<Value> = serde_json::from_slice(body).ok();
    let told = problem.as_ref().and_then(|p| p.get("detail").or(p.get("title"))?.as_str());
    told.map_or_else(|| String::from_utf8_lossy(&body[..body.len().min(200)]).into(), str::to_owned)
}

/// A call as its relay holds it: events out, acknowledgements in.
pub struct Call {
    socket: WebSocketStream<TcpStream>,
}

impl Call {
    /// Opens `/ingest/calls/{session}`, `session` with its query if it has one; gives the call and the
    /// daemon's greeting, which names the ticket.
    pub async fn open(
        address: SocketAddr,
        token: &str,
        session: &str,
    ) -> Result<(Call, Value), ClientError> {
        let uri = format!("ws://{address}/ingest/calls/{session}")
            .parse()
            .map_err(|e| ClientError::Unexpected(format!("session {session}: {e}")))?;
        let request = ClientRequestBuilder::new(uri).with_header("Authorization", bearer(token));
        let tcp = dial(address).await?;
        // The buffer is filled with zeroes before every read, and acknowledgements are short.
        let settings = Some(WebSocketConfig::default().read_buffer_size(READ_BUFFER));
        let opened = tokio_tungstenite::client_async_with_config(request, tcp, settings);
        let (socket, _) = in_time(async { Ok(opened.await?) }).await?;
        let mut call = Call { socket };
        let greeting = call.hear().await?;
        if greeting["type"] == "ticket" {
            return Ok((call, greeting));
        }
        Err(ClientError::Unexpected(format!("the call was not opened: {greeting}")))
    }

    /// Sends one event; its acknowledgement comes with [`Call::acknowledged`].
    pub async fn send(&mut self, event: &str) -> Result<(), ClientError> {
        in_time(async { Ok(self.socket.send(Message::text(event)).await?) }).await
    }

    /// Waits until the next event, in the order they were sent, is on disk.
    pub async fn acknowledged(&mut self) -> Result<(), ClientError> {
        let told = self.hear().await?;
        if told["type"] == "ack" {
            return Ok(());
        }
        Err(ClientError::Unexpected(format!("an event was not acknowledged: {told}")))
    }

    /// Ends the call in the normal way; when this returns, the daemon has ended it too.
    pub async fn hang_up(mut self) -> Result<(), ClientError> {
        let normal = CloseFrame { code: CloseCode::Normal, reason: "".into() };
        in_time(async {
            self.socket.close(Some(normal)).await?;
            while let Some(Ok(_)) = self.socket.next().await {}
            Ok(())
        })
        .await
    }

    async fn hear(&mut self) -> Result<Value, ClientError> {
        loop {
            let message = in_time(async { Ok(self.socket.next().await) }).await?;
            match message.transpose()? {
                Some(Message::Text(text)) => {
                    return serde_json::from_str(&text).map_err(|e| {
                        ClientError::Unexpected(format!("the daemon sent no JSON ({e}): {text}"))
                    });
                }
                Some(Message::Close(frame)) => {
                    let why =
                        frame.map_or_else(String::new, |f| format!(": {} {}", f.code, f.reason));
                    return Err(ClientError::Unexpected(format!(
                        "the daemon closed the call{why}"
                    )));
                }
                Some(_) => {}
                None => return Err(ClientError::Unexpected("the daemon hung up".into())),
            }
        }
    }
}

async fn dial(address: SocketAddr) -> Result<TcpStream, ClientError> {
    let connected = in_time(async { Ok(TcpStream::connect(address).await) }).await?;
    let tcp = connected.map_err(|e| ClientError::Unreachable(address, e))?;
    // Requests are small and one write each: waiting to fill a packet only delays them.
    tcp.set_nodelay(true).map_err(|e| ClientError::Unreachable(address, e))?;
    Ok(tcp)
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

async fn in_time<T>(work: impl Future<Output = Result<T, ClientError>>) -> Result<T, ClientError> {
    tokio::time::timeout(PATIENCE, work).await.unwrap_or(Err(ClientError::Late))
}
