//! The two ends of a connection as they are watched: bytes that show that a head begins, answers that nobody
//! reads, bodies that come too slowly.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::connections::{Activity, Doing, Place};

/// How long a client may leave an answer unread before its connection is closed.
const UNREAD: Duration = Duration::from_secs(30);

/// The socket of a connection, which holds its place.
pub struct Watched<S> {
    socket: S,
    activity: Arc<Activity>,
    _place: Place,
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<S> Watched<S> {
    pub fn new(socket: S, place: Place) -> Watched<S> {
        Watched { socket, activity: place.activity(), _place: place, stalled: None }
    }

    /// Fails what has waited for the peer for too long.
    fn unless_stalled<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let waits = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(UNREAD)));
        ready!(waits.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.socket).poll_read(context, buffer))?;
        if buffer.filled().len() > before && self.activity.get().0 == Doing::Idle {
            self.activity.set(Doing::Head);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(context, bytes);
        self.unless_stalled(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write_vectored(context, slices);
        self.unless_stalled(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.socket).poll_flush(context);
        self.unless_stalled(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.socket).poll_shutdown(context);
        self.unless_stalled(context, shut)
    }
}

/// Bytes by which a body shows that it comes.
const WORTH_NOTING: u64 = 16 << 10;

/// How slowly a body may come.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Bytes a second …
    pub rate: u64,
    /// … after so long.
    pub grace: Duration,
}

/// A request's body. One that is waited for longer than its bytes are worth fails with
/// [`io::ErrorKind::TimedOut`] and words for the client. Only waiting counts: what the daemon takes itself does not.
pub struct Paced {
    body: Incoming,
    activity: Arc<Activity>,
    pace: Pace,
    received: u64,
    /// What of that was worth noting.
    noted: u64,
    waited: Duration,
    waits: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl Paced {
    pub fn new(body: Incoming, activity: Arc<Activity>, pace: Pace) -> Paced {
        let waited = Duration::ZERO;
        Paced { body, activity, pace, received: 0, noted: 0, waited, waits: None }
    }

    /// What it may be waited for, with the bytes that have come.
    fn patience(&self) -> Duration {
        let earned = Duration::from_secs(self.received / self.pace.rate.max(1));
        (self.pace.grace + earned).saturating_sub(self.waited)
    }

    fn too_slow(&self) -> io::Error {
        let Pace { rate, grace } = self.pace;
        let why = format!(
            "the body came too slowly: at least {rate} bytes a second after {grace:?} (http.min_body_rate)"
        );
        io::Error::new(io::ErrorKind::TimedOut, why)
    }
}

impl Body for Paced {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        match Pin::new(&mut this.body).poll_frame(context) {
            Poll::Ready(frame) => {
                if let Some((since, _)) = this.waits.take() {
                    this.waited += since.elapsed();
                }
                let bytes = match &frame {
                    Some(Ok(frame)) => frame.data_ref().map_or(0, Bytes::len),
                    Some(Err(_)) | None => 0,
                };
                this.received += bytes as u64;
                if frame.is_none() || this.body.is_end_stream() {
                    this.activity.set(Doing::Answer);
                } else if this.received - this.noted >= WORTH_NOTING {
                    this.noted = this.received;
                    this.activity.set(Doing::Body);
                }
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
            Poll::Pending => {
                if this.activity.get().0 != Doing::Body {
                    this.activity.set(Doing::Body);
                }
                let patience = this.patience();
                let (_, until) = this.waits.get_or_insert_with(|| {
                    (Instant::now(), Box::pin(tokio::time::sleep(patience)))
                });
                ready!(until.as_mut().poll(context));
                Poll::Ready(Some(Err(this.too_slow().into())))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Paced {
    fn drop(&mut self) {
        if self.activity.get().0 == Doing::Body {
            self.activity.set(Doing::Answer);
        }
    }
}

/// An answer's body. When it is gone, told or not, the connection has nothing to do.
pub struct Told {
    body: axum::body::Body,
    activity: Arc<Activity>,
}

impl Told {
    pub fn new(body: axum::body::Body, activity: Arc<Activity>) -> Told {
        Told { body, activity }
    }
}

impl Body for Told {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        self.activity.set(Doing::Idle);
    }
}
