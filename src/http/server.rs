//! The accept loop: limits on connections and on how long a head may take, and an orderly end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::STRICT_TRANSPORT_SECURITY;
use axum::http::{HeaderValue, StatusCode};
use axum::response::IntoResponse;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower::ServiceExt;

use crate::telemetry::metrics::Metrics;

#[derive(Clone, Debug)]
pub struct Limits {
    pub connections: usize,
    pub header_timeout: Duration,
    pub request_timeout: Duration,
}

/// Tells browsers to come by TLS from now on (RFC 6797): for a year.
const STRICT: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Serves until `stop` says so, then lets every connection finish the request it is in. With `tls` it speaks that
/// and nothing else.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    router: Router,
    limits: Limits,
    metrics: Arc<Metrics>,
    mut stop: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let acceptor = tls.map(TlsAcceptor::from);
    loop {
        let place = tokio::select! {
            place = Arc::clone(&places).acquire_owned() => place,
            () = stopped(&mut stop) => break,
        };
        let Ok(place) = place else { break };
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
        let (router, limits, stop) = (router.clone(), limits.clone(), stop.clone());
        let (metrics, acceptor) = (Arc::clone(&metrics), acceptor.clone());
        tokio::spawn(async move {
            metrics.connections.inc();
            // Answers are small and one write each: waiting to fill a packet only delays them.
            let _ = stream.set_nodelay(true);
            match acceptor {
                None => connection(stream, peer, false, router, limits, stop).await,
                Some(acceptor) => match shake_hands(acceptor, stream, &limits).await {
                    Ok(stream) => connection(stream, peer, true, router, limits, stop).await,
                    Err(error) => tracing::debug!(%peer, %error, "no TLS came about"),
                },
            }
            metrics.connections.dec();
            drop(place);
        });
    }
    drop(listener);
    let all = u32::try_from(limits.connections).unwrap_or(u32::MAX);
    // All places free: every connection has ended. The caller bounds how long that may take.
    let _ = places.acquire_many(all).await;
}

/// Returns when the daemon stops.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error says that nobody can say stop any more: then it is time too.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Within the time that a head may take.
async fn shake_hands(
    acceptor: TlsAcceptor,
    stream: TcpStream,
    limits: &Limits,
) -> io::Result<TlsStream<TcpStream>> {
    let shaken = tokio::time::timeout(limits.header_timeout, acceptor.accept(stream)).await;
    shaken.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

async fn connection<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    peer: SocketAddr,
    strict: bool,
    router: Router,
    limits: Limits,
    mut stop: watch::Receiver<bool>,
) {
    let service = service_fn(move |request: Request<Incoming>| {
        let router = router.clone();
        async move {
            let request = request.map(Body::new);
            let answer = router.oneshot(request);
            let mut answer = match tokio::time::timeout(limits.request_timeout, answer).await {
                Ok(answer) => answer,
                Err(_) => Ok(StatusCode::GATEWAY_TIMEOUT.into_response()),
            };
            if let (true, Ok(answer)) = (strict, &mut answer) {
                answer.headers_mut().insert(STRICT_TRANSPORT_SECURITY, STRICT);
            }
            answer
        }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_headers(64)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::pin!(served);
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = stopped(&mut stop) => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "a connection ended early");
    }
}
