//! The accept loop: a place for each connection, the handshake, one request after the other, and an orderly end.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use super::connections::{Activity, Connections, Doing, Place};
use super::pace::{Pace, Paced, Told, Watched};
use super::{forwarded, headers};
use crate::config::{HttpConfig, Network};

/// Where a request comes from: behind a trusted proxy the client that it names.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// What holds for the connections of all listeners.
#[derive(Clone)]
pub struct Settings {
    pub connections: Arc<Connections>,
    trusted_proxies: Arc<[Network]>,
    max_head: usize,
    header_timeout: Duration,
    request_timeout: Duration,
    pace: Pace,
}

impl Settings {
    pub fn new(http: &HttpConfig, connections: Arc<Connections>) -> Settings {
        Settings {
            connections,
            trusted_proxies: http.trusted_proxies.as_slice().into(),
            max_head: usize::try_from(http.max_head).unwrap_or(usize::MAX),
            header_timeout: http.header_timeout,
            request_timeout: http.request_timeout,
            pace: Pace { rate: http.min_body_rate, grace: http.body_timeout },
        }
    }
}

/// Serves until `stop` says so, then lets every connection finish the request it is in. With `tls` it speaks that
/// and nothing else.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    router: Router,
    settings: Settings,
    mut stop: watch::Receiver<bool>,
) {
    let acceptor = tls.map(TlsAcceptor::from);
    let (running, mut ended) = mpsc::channel::<()>(1);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped(&mut stop) => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, or the peer was gone already: neither must end the loop.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let shared = forwarded::is_trusted(&settings.trusted_proxies, peer.ip());
        let Some(place) = settings.connections.admit(peer.ip(), shared) else {
            refuse(&stream, acceptor.is_none());
            continue;
        };
        let (router, settings, stop) = (router.clone(), settings.clone(), stop.clone());
        let (acceptor, running) = (acceptor.clone(), running.clone());
        tokio::spawn(
            async move {
                // Answers are small and one write each: waiting to fill a packet only delays them.
                let _ = stream.set_nodelay(true);
                match acceptor {
                    None => connection(stream, (peer, false), place, router, settings, stop).await,
                    Some(acceptor) => {
                        let activity = place.activity();
                        let patience = settings.header_timeout;
                        let shaken = tokio::select! {
                            shaken = tokio::time::timeout(patience, acceptor.accept(stream)) => {
                                shaken.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
                            }
                            () = activity.end.notified() => Err(io::ErrorKind::TimedOut.into()),
                        };
                        match shaken {
                            Ok(stream) => {
                                connection(stream, (peer, true), place, router, settings, stop)
                                    .await;
                            }
                            Err(error) => tracing::debug!(%peer, %error, "no TLS came about"),
                        }
                    }
                }
                drop(running);
            }
            .boxed(),
        );
    }
    drop((listener, running));
    // Every connection has ended. The caller bounds how long that may take.
    let _ = ended.recv().await;
}

/// Tells a client for which there is no place, as far as that is possible without waiting for it.
fn refuse(stream: &TcpStream, plain: bool) {
    const BUSY: &[u8] =
        b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n\
        Content-Type: application/problem+json\r\nContent-Length: 129\r\n\r\n\
        {\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,\
        \"detail\":\"too many connections are open (http.max_connections)\"}";
    if plain {
        let _ = stream.try_write(BUSY);
    }
}

/// Returns when the daemon stops.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error says that nobody can say stop any more: then it is time too.
    let _ = stop.wait_for(|stop| *stop).await;
}

async fn connection<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    (peer, strict): (SocketAddr, bool),
    place: Place,
    router: Router,
    settings: Settings,
    mut stop: watch::Receiver<bool>,
) {
    let (activity, max_head) = (place.activity(), settings.max_head);
    let doing = Arc::clone(&activity);
    let service = service_fn(move |request: Request<Incoming>| {
        let (router, settings, doing) = (router.clone(), settings.clone(), Arc::clone(&doing));
        async move {
            let path = request.uri().path().to_owned();
            let client = forwarded::client(&settings.trusted_proxies, peer.ip(), request.headers());
            doing.set(Doing::Answer);
            let body = |body| Body::new(Paced::new(body, Arc::clone(&doing), settings.pace));
            let mut request = request.map(body);
            request.extensions_mut().insert(Peer(client));
            let answer = answer(router, request, &doing, settings.request_timeout).await;
            answer.map(|mut answer| {
                headers::complete(&path, strict, answer.headers_mut());
                if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
                    doing.set(Doing::Upgraded);
                    return answer;
                }
                answer.map(|body| Body::new(Told::new(body, doing)))
            })
        }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        // How long a head may take is watched by the connection's place, idle or not.
        .header_read_timeout(None)
        .max_buf_size(max_head)
        .max_headers(64)
        .serve_connection(TokioIo::new(Watched::new(stream, place)), service)
        .with_upgrades();
    let mut served = pin!(served);
    let mut ends = false;
    let ended = loop {
        tokio::select! {
            ended = served.as_mut() => break ended,
            () = stopped(&mut stop), if !ends => {}
            () = activity.end.notified() => {
                // A head that never ends would keep the connection; a request that came just now is answered.
                if ends || activity.get().0 != Doing::Idle {
                    return;
                }
            }
        }
        ends = true;
        served.as_mut().graceful_shutdown();
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "a connection ended early");
    }
}

/// The router's answer; 504 when it takes longer than `patience` from the end of the body on.
async fn answer(
    router: Router,
    request: Request,
    activity: &Activity,
    patience: Duration,
) -> Result<Response, std::convert::Infallible> {
    /// How often it is looked whether a body is still coming.
    const LOOK: Duration = Duration::from_secs(1);
    let mut answer = pin!(router.oneshot(request));
    loop {
        let (doing, since) = activity.get();
        let wait =
            if doing == Doing::Body { LOOK } else { patience.saturating_sub(since.elapsed()) };
        if let Ok(answer) = tokio::time::timeout(wait, answer.as_mut()).await {
            return answer;
        }
        let (doing, since) = activity.get();
        if doing != Doing::Body && since.elapsed() >= patience {
            return Ok(StatusCode::GATEWAY_TIMEOUT.into_response());
        }
    }
}
