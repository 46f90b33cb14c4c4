//! Addresses and methods that do not exist, and bytes that are no HTTP.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use super::Desk;

#[test]
fn an_address_that_does_not_exist_is_404() {
    let desk = Desk::shared();
    for path in [
        "/api",
        "/api/",
        "/api/nothing",
        "/api/calls/a/b/c",
        "/API/CALLS",
        "//api/calls",
        "/ingest",
        "/%00",
        "/docs/nothing",
        "/.env",
    ] {
        let answer = desk.ask("GET", path, Some(&desk.admin), &[], b"");
        assert_eq!(answer.status, 404, "{path}: {}", answer.text());
    }
}

#[test]
fn a_method_that_an_address_does_not_take_is_405_and_names_those_it_does() {
    let desk = Desk::shared();
    let mut methods: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for operation in &desk.operations {
        let path = operation.about("GXS-20200101-00000000");
        methods.entry(path).or_default().insert(&operation.method);
    }
    for (path, taken) in methods {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"] {
            // Whapi may tell with the method what its body tells too.
            let whapi = path.starts_with("/webhook/whapi");
            if taken.contains(method) || whapi && ["PUT", "PATCH", "DELETE"].contains(&method) {
                continue;
            }
            let answer = desk.ask(method, &path, Some(&desk.admin), &[], b"{}");
            assert_eq!(answer.status, 405, "{method} {path}: {}", answer.text());
            let allow = answer.header("allow").unwrap_or_default();
            assert!(
                taken.iter().all(|method| allow.contains(method)),
                "{path} takes {taken:?}, not {allow:?}"
            );
        }
        if taken.contains("GET") {
            let head = desk.daemon.request("HEAD", &path, &[], b"");
            assert!(head.status < 500, "HEAD {path}: {}", head.status);
        }
    }
}

/// The status that raw bytes are answered with, if they are answered.
fn status_of(address: &str, bytes: &[u8]) -> Option<u16> {
    let mut stream = TcpStream::connect(address).expect("the daemon listens");
    stream.set_read_timeout(Some(Duration::from_secs(5))).expect("a time-out");
    // Who answers early need not read all.
    let _ = stream.write_all(bytes).and_then(|()| stream.shutdown(Shutdown::Write));
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer);
    answer.split(' ').nth(1).and_then(|status| status.parse().ok())
}

#[test]
fn bytes_that_are_no_http_break_nothing() {
    let desk = Desk::shared();
    let token = &desk.admin;
    let post = |more: &str| {
        format!("POST /api/calls HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n{more}")
    };
    let long_header =
        format!("GET /health HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "x".repeat(1 << 20));
    let many_headers =
        format!("GET /health HTTP/1.1\r\nHost: x\r\n{}\r\n", "X-Many: 1\r\n".repeat(10_000));
    let requests = [
        "\r\n\r\n".to_owned(),
        "GET\r\n\r\n".to_owned(),
        "GET /health\r\n\r\n".to_owned(),
        "GET /health HTTP/9.9\r\n\r\n".to_owned(),
        "GET /health HTTP/1.1\r\nno colon\r\n\r\n".to_owned(),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
        "\u{16}\u{3}\u{1}\u{2}\0".to_owned(),
        long_header,
        many_headers,
        post("Content-Length: -1\r\n\r\n{}"),
        post("Content-Length: 99999999999999999999\r\n\r\n{}"),
        post("Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
        post("Content-Length: 50\r\n\r\n{\"session_id\":"),
        post("Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}"),
        post("Transfer-Encoding: chunked\r\n\r\nno size\r\n"),
        post("Transfer-Encoding: chunked\r\n\r\n5\r\n{\"ses"),
        post("Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
    ];
    for request in requests {
        let status = status_of(desk.daemon.address(), request.as_bytes());
        assert!(status.is_none_or(|status| status < 500), "{request:.60}: {status:?}");
    }
    for bytes in [
        &b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n"[..],
        b"GET /health HTTP/1.1\r\nHost: \xff\r\nAuthorization: Bearer \xff\r\n\r\n",
        &[0; 4096],
        b"",
    ] {
        let status = status_of(desk.daemon.address(), bytes);
        assert!(status.is_none_or(|status| status < 500), "{bytes:?}: {status:?}");
    }
    desk.must_be_well();
}

/// A handshake of WebSocket that is none.
#[test]
fn a_wrong_upgrade_is_refused() {
    let desk = Desk::shared();
    let right = [
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    for (name, wrong) in
        [("Upgrade", "h2c"), ("Sec-WebSocket-Version", "8"), ("Sec-WebSocket-Version", "")]
    {
        let headers = right.map(|(n, value)| (n, if n == name { wrong } else { value }));
        let answer = desk.ask("GET", "/ingest/calls/s-1", Some(&desk.ingest), &headers, b"");
        assert!((400..500).contains(&answer.status), "{name}: {wrong}: {}", answer.status);
    }
    let answer = desk.ask("GET", "/ingest/calls/s-1", Some(&desk.ingest), &[], b"");
    assert!(matches!(answer.status, 400 | 426), "{}", answer.text());
    desk.must_be_well();
}
