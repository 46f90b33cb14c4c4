//! Connections to servers of mail: TLS from the first byte, or after STARTTLS.
//!
//! What always holds: where TLS is asked for nothing but the words that ask for it goes in the clear, and what a
//! server sends behind them in the clear is a reason to hang up; the whole way has a limit in time.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::websocket::{DialError, connect};

/// Bytes of one line before TLS.
const MAX_LINE: usize = 2048;
/// Lines of one answer before TLS.
const MAX_LINES: usize = 64;

/// What is spoken, which decides how TLS is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Smtp,
    Imap,
}

/// Where TLS begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    AtOnce,
    Asked,
    Never,
}

pub struct Target<'a> {
    pub host: &'a str,
    pub port: u16,
    pub begin: Begin,
    pub protocol: Protocol,
    pub tls: &'a Arc<ClientConfig>,
    pub timeout: Duration,
}

/// A connection on which the server's greeting can be read, also if it was read already to ask for TLS.
#[derive(Debug)]
pub struct Stream {
    inner: Inner,
    greeting: &'static [u8],
    peer: SocketAddr,
}

#[derive(Debug)]
enum Inner {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }
}

pub async fn dial(target: &Target<'_>) -> Result<Stream, DialError> {
    let late = DialError::Late { host: target.host.to_owned(), after: target.timeout };
    tokio::time::timeout(target.timeout, open(target)).await.unwrap_or(Err(late))
}

async fn open(target: &Target<'_>) -> Result<Stream, DialError> {
    let host = target.host;
    let unreachable =
        |error: io::Error| DialError::Unreachable { host: host.to_owned(), why: error.to_string() };
    let mut tcp = connect(host, target.port).await?;
    let peer = tcp.peer_addr().map_err(unreachable)?;
    let mut greeting: &'static [u8] = b"";
    match target.begin {
        Begin::Never => return Ok(Stream { inner: Inner::Plain(tcp), greeting, peer }),
        Begin::AtOnce => {}
        Begin::Asked => {
            let refused = |error: io::Error| DialError::Tls {
                host: host.to_owned(),
                why: format!("STARTTLS: {error}"),
            };
            match target.protocol {
                Protocol::Smtp => smtp(&mut tcp).await.map_err(refused)?,
                Protocol::Imap => imap(&mut tcp).await.map_err(refused)?,
            }
            // Behind STARTTLS a server greets nobody again.
            greeting = match target.protocol {
                Protocol::Smtp => b"220 ready\r\n",
                Protocol::Imap => b"* OK ready\r\n",
            };
        }
    }
    let fail = |why: String| DialError::Tls { host: host.to_owned(), why };
    let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned());
    let name = name.map_err(|error| fail(error.to_string()))?;
    let connector = TlsConnector::from(Arc::clone(target.tls));
    let stream = connector.connect(name, tcp).await.map_err(|error| fail(error.to_string()))?;
    Ok(Stream { inner: Inner::Tls(Box::new(stream)), greeting, peer })
}

async fn smtp(tcp: &mut TcpStream) -> io::Result<()> {
    answer(tcp, "220").await?;
    tcp.write_all(b"EHLO localhost\r\n").await?;
    answer(tcp, "250").await?;
    tcp.write_all(b"STARTTLS\r\n").await?;
    answer(tcp, "220").await
}

/// Reads an answer of one or more lines.
async fn answer(tcp: &mut TcpStream, code: &str) -> io::Result<()> {
    for _ in 0..MAX_LINES {
        let line = line(tcp).await?;
        if !line.starts_with(code) {
            return Err(io::Error::other(format!("the server says {}", shown(&line))));
        }
        if line.as_bytes().get(3) != Some(&b'-') {
            return Ok(());
        }
    }
    Err(io::Error::other("the server does not come to an end"))
}

async fn imap(tcp: &mut TcpStream) -> io::Result<()> {
    let greeting = line(tcp).await?;
    if !greeting.starts_with("* OK") {
        return Err(io::Error::other(format!("the server says {}", shown(&greeting))));
    }
    tcp.write_all(b"T1 STARTTLS\r\n").await?;
    for _ in 0..MAX_LINES {
        let line = line(tcp).await?;
        if line.starts_with("* ") {
            continue;
        }
        if line.starts_with("T1 OK") {
            return Ok(());
        }
        return Err(io::Error::other(format!("the server says {}", shown(&line))));
    }
    Err(io::Error::other("the server does not come to an end"))
}

fn shown(line: &str) -> String {
    line.chars().filter(|c| !c.is_control()).take(120).collect()
}

/// One line, byte by byte: what comes behind it is not ours to read.
async fn line(tcp: &mut TcpStream) -> io::Result<String> {
    let mut line = Vec::new();
    loop {
        let byte = tcp.read_u8().await?;
        if byte == b'\n' {
            return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
        }
        line.push(byte);
        if line.len() > MAX_LINE {
            return Err(ErrorKind::InvalidData.into());
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.greeting.is_empty() {
            let taken = self.greeting.len().min(into.remaining());
            into.put_slice(&self.greeting[..taken]);
            self.greeting = &self.greeting[taken..];
            return Poll::Ready(Ok(()));
        }
        match &mut self.inner {
            Inner::Plain(stream) => Pin::new(stream).poll_read(cx, into),
            Inner::Tls(stream) => Pin::new(stream).poll_read(cx, into),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.inner {
            Inner::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Inner::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.inner {
            Inner::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Inner::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.inner {
            Inner::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Inner::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
