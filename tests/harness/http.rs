//! A small blocking HTTP/1.1 client: one connection a request, no pool, no redirects, nothing lenient. An answer
//! that was cut short is an error, never a success.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// How long an answer may be silent.
const SILENCE: Duration = Duration::from_secs(30);

/// The answer that never ends by itself: its beginning is taken for the whole.
const EVENTS: &str = "text/event-stream";

pub struct Response {
    pub status: u16,
    /// Names in lower case, in the order of the answer.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// Sends one request. While the body is still on its way the answer may come already (413).
pub fn request(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<Response> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(SILENCE))?;
    stream.set_write_timeout(Some(SILENCE))?;
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    if !body.is_empty() || !matches!(method, "GET" | "HEAD") {
        head += &format!("Content-Length: {}\r\n", body.len());
    }
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += "\r\n";
    let mut writer = stream.try_clone()?;
    let mut received = Vec::new();
    thread::scope(|scope| {
        // Who refuses a body stops reading it: that is told by the answer, not by this error.
        scope
            .spawn(move || writer.write_all(head.as_bytes()).and_then(|()| writer.write_all(body)));
        // Closing with unread data resets the connection; what came before that is the answer.
        let mut bytes = [0; 16 << 10];
        while let Ok(read @ 1..) = stream.read(&mut bytes) {
            received.extend_from_slice(&bytes[..read]);
            if has_begun_to_stream(&received) {
                break;
            }
        }
        let _ = stream.shutdown(std::net::Shutdown::Both);
    });
    Response::parse(&received, method == "HEAD").ok_or_else(|| {
        let start = String::from_utf8_lossy(&received[..received.len().min(200)]).into_owned();
        io::Error::new(ErrorKind::UnexpectedEof, format!("no whole answer: {start:?}"))
    })
}

fn has_begun_to_stream(received: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&received[..received.len().min(4 << 10)]).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    head.contains(&format!("content-type: {EVENTS}")) && body.contains("\n\n")
}

impl Response {
    fn parse(received: &[u8], bodiless: bool) -> Option<Response> {
        let end = received.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&received[..end]).ok()?;
        let mut lines = head.split("\r\n");
        let status = lines.next()?.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
        let headers = lines
            .map(|line| line.split_once(':'))
            .map(|line| line.map(|(name, v)| (name.to_ascii_lowercase(), v.trim().to_owned())))
            .collect::<Option<Vec<_>>>()?;
        let mut response = Response { status, headers, body: Vec::new() };
        let rest = &received[end + 4..];
        response.body = if response.header("content-type") == Some(EVENTS) {
            rest.to_vec()
        } else if bodiless || matches!(status, 204 | 304) {
            Vec::new()
        } else if response.header("transfer-encoding") == Some("chunked") {
            unchunk(rest)?
        } else {
            let length = response.header("content-length")?.parse::<usize>().ok()?;
            rest.get(..length)?.to_vec()
        };
        Some(response)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }
}

fn unchunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|bytes| bytes == b"\r\n")?;
        let size = std::str::from_utf8(&rest[..line]).ok()?.split(';').next()?;
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        rest = &rest[line + 2..];
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size + 2..)?;
    }
}
