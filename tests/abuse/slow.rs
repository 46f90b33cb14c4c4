//! Those who only occupy places: heads and bodies that come byte by byte, WebSockets that say nothing.
//!
//! `FRONTDESK_ABUSE_SECONDS` asks for a longer siege.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::message;
use crate::harness::{Daemon, Response};

#[derive(Clone, Copy)]
enum Kind {
    Head,
    Body,
    Socket,
}

/// One slow connection, which comes again when it was closed.
struct Slow {
    kind: Kind,
    hello: String,
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Slow {
    fn new(address: &str, kind: Kind, nth: usize, token: &str) -> Slow {
        let bearer = format!("Host: {address}\r\nAuthorization: Bearer {token}\r\n");
        let hello = match kind {
            Kind::Head => format!("GET /api/tickets/queue HTTP/1.1\r\n{bearer}X-Slow: "),
            Kind::Body => format!(
                "POST /api/calls HTTP/1.1\r\n{bearer}Content-Type: application/json\r\n\
                 Content-Length: 1000000\r\n\r\n{{"
            ),
            Kind::Socket => format!(
                "GET /ingest/calls/slow-{nth} HTTP/1.1\r\n{bearer}Connection: Upgrade\r\n\
                 Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                 Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            ),
        };
        let stream = connect(address, &hello);
        Slow { kind, hello, stream, answer: Vec::new() }
    }

    /// One byte more; true if it had been closed, and has come again.
    fn dribble(&mut self, address: &str) -> bool {
        let mut bytes = [0; 4096];
        let closed = loop {
            match self.stream.read(&mut bytes) {
                Ok(0) => break true,
                Ok(read) => self.answer.extend_from_slice(&bytes[..read]),
                Err(error) => break error.kind() != ErrorKind::WouldBlock,
            }
        };
        let silent = matches!(self.kind, Kind::Socket);
        if !closed && (silent || self.stream.write(b" ").is_ok()) {
            return false;
        }
        self.stream = connect(address, &self.hello);
        self.answer.clear();
        true
    }
}

fn connect(address: &str, hello: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let _ = stream.write_all(hello.as_bytes());
    stream.set_nonblocking(true).expect("a socket");
    stream
}

fn seconds(short: u64) -> Duration {
    let asked = std::env::var("FRONTDESK_ABUSE_SECONDS").ok();
    Duration::from_secs(asked.and_then(|n| n.parse().ok()).unwrap_or(short))
}

/// Ends a siege, also when the test fails in the middle of it.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What a normal client met during a siege.
struct Met {
    times: Vec<Duration>,
    refused: usize,
    closed: usize,
    memory: u64,
}

/// A normal client works while so many slow connections stand around.
fn besiege(daemon: &Daemon, slow: usize, time: Duration) -> Met {
    let (admin, relay) = (daemon.token("admin"), daemon.token("ingest"));
    let address = daemon.address().to_owned();
    let over = AtomicBool::new(false);
    let (mut times, mut refused, mut memory) = (Vec::new(), 0, 0);
    let closed = thread::scope(|scope| {
        let siege = scope.spawn(|| {
            let kinds = [Kind::Head, Kind::Body, Kind::Socket];
            let all = (0..slow).map(|nth| Slow::new(&address, kinds[nth % 3], nth, &relay));
            let mut all: Vec<_> = all.collect();
            let mut closed = 0;
            while !over.load(Ordering::Relaxed) {
                closed +=
                    all.iter_mut().filter_map(|one| one.dribble(&address).then_some(())).count();
                thread::sleep(Duration::from_millis(500));
            }
            closed
        });
        let ends = Over(&over);
        thread::sleep(Duration::from_secs(1));
        let began = Instant::now();
        let mut nth = 0;
        let (queue, bridge) = ("/api/tickets/queue", "/webhook/baileys");
        while began.elapsed() < time {
            nth += 1;
            let asked = Instant::now();
            let answer = if nth % 2 == 0 {
                try_to_ask(daemon, &admin, ("GET", queue), String::new())
            } else {
                try_to_ask(daemon, &relay, ("POST", bridge), message(nth).to_string())
            };
            match answer.map(|answer| answer.status) {
                Ok(200) => {}
                Ok(503) | Err(_) => refused += 1,
                Ok(other) => panic!("request {nth}: {other}"),
            }
            times.push(asked.elapsed());
            if nth % 50 == 0 {
                memory = memory.max(resident(daemon));
            }
            thread::sleep(Duration::from_millis(20));
        }
        drop(ends);
        siege.join().expect("the siege ends")
    });
    times.sort();
    Met { times, refused, closed, memory: memory.max(resident(daemon)) }
}

fn try_to_ask(
    daemon: &Daemon,
    token: &str,
    (method, path): (&str, &str),
    body: String,
) -> std::io::Result<Response> {
    let bearer = format!("Bearer {token}");
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    daemon.try_request(method, path, &headers, body.as_bytes())
}

fn resident(daemon: &Daemon) -> u64 {
    let told = daemon.cli(&["status", "--json"]);
    let status: Value = serde_json::from_slice(&told.stdout).expect("a status");
    status["memory"].as_u64().expect("memory")
}

#[test]
fn a_normal_client_works_while_500_slow_connections_stand_around() {
    let daemon = Daemon::with_config("");
    let met = besiege(&daemon, 500, seconds(14));
    let at = |part: usize| met.times[met.times.len() * part / 100];
    println!(
        "{} requests beside 500 slow connections: p50 {:?}, p99 {:?}, slowest {:?}; {} slow ones were \
         closed; resident at most {} MiB",
        met.times.len(),
        at(50),
        at(99),
        met.times[met.times.len() - 1],
        met.closed,
        met.memory >> 20
    );
    assert_eq!(met.refused, 0, "there is a place for everybody");
    assert!(met.times.len() > 50, "{} requests", met.times.len());
    assert!(met.closed >= 100, "only {} slow ones were closed", met.closed);
    assert!(at(99) < Duration::from_secs(3), "p99 {:?}", at(99));
    assert!(met.memory < 256 << 20, "{} bytes", met.memory);
}

#[test]
fn in_a_full_house_idle_connections_give_way_to_those_that_work() {
    let config = "[http]\nmax_connections = 300\nmax_connections_per_address = 300\n";
    let daemon = Daemon::with_config(config);
    let met = besiege(&daemon, 500, seconds(5));
    let (asked, refused) = (met.times.len(), met.refused);
    println!(
        "{asked} requests in a full house, {refused} refused; {} slow ones were closed",
        met.closed
    );
    assert!(refused * 20 <= asked, "{refused} of {asked} were refused");
    assert!(met.closed >= 100, "only {} slow ones were closed", met.closed);
}

/// The status of the answer, and what came after so long.
fn answered(stream: &mut TcpStream) -> (Option<u16>, String) {
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time-out");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let text = String::from_utf8_lossy(&answer).into_owned();
    (text.split(' ').nth(1).and_then(|status| status.parse().ok()), text)
}

#[test]
fn a_body_that_comes_too_slowly_is_refused_and_one_that_keeps_the_pace_is_taken() {
    let config =
        "[http]\nbody_timeout = \"1s\"\nmin_body_rate = \"1 KiB\"\nrequest_timeout = \"2s\"\n";
    let daemon = Daemon::with_config(config);
    let token = daemon.token("ingest");
    let post = |length: usize| {
        let mut stream = TcpStream::connect(daemon.address()).expect("it listens");
        let head = format!(
            "POST /api/calls HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).expect("a head");
        stream
    };
    let asked = Instant::now();
    let mut slow = post(1_000_000);
    let (status, text) = answered(&mut slow);
    assert_eq!(status, Some(408), "{text}");
    assert!(text.contains("http.min_body_rate"), "{text}");
    assert!(asked.elapsed() < Duration::from_secs(8), "{:?}", asked.elapsed());
    // Six seconds in all: longer than answering may take, and every second twice what it must be.
    let body = format!("{{\"session_id\": \"s-1\"{}}}", " ".repeat(12 << 10));
    let mut steady = post(body.len());
    for piece in body.as_bytes().chunks(1 << 10) {
        steady.write_all(piece).expect("it reads on");
        thread::sleep(Duration::from_millis(500));
    }
    let (status, text) = answered(&mut steady);
    assert_eq!(status, Some(201), "{text}");
}

#[test]
fn a_connection_without_a_request_or_with_half_a_head_is_closed_in_its_time() {
    let daemon = Daemon::with_config("[http]\nheader_timeout = \"1s\"\nidle_timeout = \"3s\"\n");
    let closes_after = |hello: &str| {
        let mut stream = TcpStream::connect(daemon.address()).expect("it listens");
        stream.write_all(hello.as_bytes()).expect("a greeting");
        let (began, text) = (Instant::now(), answered(&mut stream).1);
        (began.elapsed().as_secs_f64(), text)
    };
    for hello in ["", "GET /health HTTP/1.1\r\nHost: x\r\nX-Half: "] {
        let (took, text) = closes_after(hello);
        assert!((0.9..2.9).contains(&took), "{hello:?}: {took} {text}");
    }
    // Whoever has asked may stay longer: the next request needs no new connection.
    let (took, text) = closes_after("GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    assert!((2.5..8.0).contains(&took), "{took}");
}

#[test]
fn a_head_that_is_too_large_is_refused() {
    let daemon = Daemon::with_config("[http]\nmax_head = \"8 KiB\"\n");
    let long = "x".repeat(20 << 10);
    let answer = daemon.request("GET", "/health", &[("X-Long", &long)], b"");
    assert_eq!(answer.status, 431);
}

#[test]
fn an_address_has_its_share_of_the_places_and_others_have_theirs() {
    let config = "[http]\nmax_connections = 20\nmax_connections_per_address = 4\n";
    let daemon = Daemon::with_config(config);
    let token = daemon.token("ingest");
    // Four that work, as far as anybody can tell: WebSockets.
    let sockets: Vec<_> =
        (0..4).map(|nth| Slow::new(daemon.address(), Kind::Socket, nth, &token)).collect();
    thread::sleep(Duration::from_millis(500));
    let refused = daemon.try_request("GET", "/health", &[], b"");
    let refused = refused.map_or(503, |answer| answer.status);
    assert_eq!(refused, 503, "there is no place left for this address");
    for socket in &sockets {
        let _ = socket.stream.shutdown(Shutdown::Both);
    }
    thread::sleep(Duration::from_millis(500));
    assert_eq!(daemon.request("GET", "/health", &[], b"").status, 200);
}
