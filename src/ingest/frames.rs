//! The client's socket in the library's own frames: what passes through the proxy is the same on both sides.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::extract::ws::{self, WebSocket};
use bytes::Bytes;
use futures_util::{Sink, Stream};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

/// A socket that a client opened.
pub struct ClientSide(pub WebSocket);

impl ClientSide {
    fn socket(&mut self) -> Pin<&mut WebSocket> {
        Pin::new(&mut self.0)
    }
}

impl Stream for ClientSide {
    type Item = Result<Message, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.socket().poll_next(cx).map(|message| match message? {
            Ok(message) => Some(received(message)),
            Err(error) => Some(Err(inner(error))),
        })
    }
}

impl Sink<Message> for ClientSide {
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.socket().poll_ready(cx).map_err(inner)
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        match sent(message)? {
            Some(message) => self.socket().start_send(message).map_err(inner),
            None => Ok(()),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.socket().poll_flush(cx).map_err(inner)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.socket().poll_close(cx).map_err(inner)
    }
}

fn received(message: ws::Message) -> Result<Message, Error> {
    Ok(match message {
        ws::Message::Text(text) => Message::Text(Utf8Bytes::try_from(Bytes::from(text))?),
        ws::Message::Binary(bytes) => Message::Binary(bytes),
        ws::Message::Ping(bytes) => Message::Ping(bytes),
        ws::Message::Pong(bytes) => Message::Pong(bytes),
        ws::Message::Close(frame) => Message::Close(match frame {
            Some(frame) => {
                let reason = Utf8Bytes::try_from(Bytes::from(frame.reason))?;
                Some(CloseFrame { code: frame.code.into(), reason })
            }
            None => None,
        }),
    })
}

/// None of a piece of a message, which nobody here sends.
fn sent(message: Message) -> Result<Option<ws::Message>, Error> {
    let text = |text: Utf8Bytes| ws::Utf8Bytes::try_from(Bytes::from(text));
    Ok(Some(match message {
        Message::Text(words) => ws::Message::Text(text(words)?),
        Message::Binary(bytes) => ws::Message::Binary(bytes),
        Message::Ping(bytes) => ws::Message::Ping(bytes),
        Message::Pong(bytes) => ws::Message::Pong(bytes),
        Message::Close(frame) => ws::Message::Close(match frame {
            Some(frame) => {
                let reason = text(frame.reason)?;
                Some(ws::CloseFrame { code: frame.code.into(), reason })
            }
            None => None,
        }),
        Message::Frame(_) => return Ok(None),
    }))
}

/// The library's own error in axum's.
fn inner(error: axum::Error) -> Error {
    match error.into_inner().downcast::<Error>() {
        Ok(error) => *error,
        Err(other) => Error::Io(std::io::Error::other(other)),
    }
}
