//! Many clients at once: every one sees every event that it may see, in order, once, over a broken connection too, and
//! one that does not read costs the others nothing. Short here; `FRONTDESK_LIVE_CLIENTS=500 FRONTDESK_LIVE_EVENTS=6000`
//! is the long form, and `FRONTDESK_LIVE_P99_MS=100` makes it fail when it is slow, on a quiet machine.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use serde::Deserialize;
use serde_json::Value;
use tokio_tungstenite::client_async_with_config;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::Desk;
use crate::client::dial;

/// Events a second that the writer makes.
const RATE: u64 = 200;

fn wanted(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |value| value.parse().expect("a number"))
}

/// What one client saw: numbers of events in their order, and when each of them came.
type Seen = Vec<(u64, Instant)>;

/// What this test reads of an event. The clients share the machine with the daemon, so they do no more than they must.
#[derive(Deserialize)]
struct Told<'a> {
    event: &'a str,
    seq: u64,
}

/// Reads so many events, with a broken connection on the way.
async fn client(address: String, token: String, after: u64, breaks_at: u64, events: u64) -> Seen {
    let mut seen: Seen = Vec::new();
    let mut broken = false;
    loop {
        let from = seen.last().map_or(after, |(seq, _)| *seq);
        let url = format!("ws://{address}/api/live?events=ticket.message&after={from}");
        let mut request = url.into_client_request().expect("an address");
        let bearer = format!("Bearer {token}").parse().expect("a token");
        request.headers_mut().insert("authorization", bearer);
        let stream = tokio::net::TcpStream::connect(&address).await.expect("it listens");
        stream.set_nodelay(true).expect("a socket");
        // The library clears all of its buffer for each read.
        let small = WebSocketConfig::default().read_buffer_size(4 << 10);
        let opened = client_async_with_config(request, stream, Some(small)).await;
        let (mut socket, _) = opened.expect("let in");
        while let Some(told) = socket.next().await {
            let Ok(Message::Text(text)) = told else { continue };
            let at = Instant::now();
            let told: Told = serde_json::from_str(&text).expect("an event");
            if told.event == "hello" {
                continue;
            }
            assert_eq!(told.event, "ticket.message.added", "{text}");
            seen.push((told.seq, at));
            if seen.len() as u64 == events {
                return seen;
            }
            if !broken && seen.len() as u64 >= breaks_at {
                broken = true;
                break;
            }
        }
    }
}

/// The events behind `after` as the feed has them: numbers and kinds.
fn feed(desk: &Desk, token: &str, mut after: u64) -> Vec<(u64, String)> {
    let mut all = Vec::new();
    loop {
        let path = format!("/api/feed?after={after}&limit=100");
        let page = desk.done(token, "GET", &path, &Value::Null);
        let events = page["events"].as_array().expect("events");
        let of = |event: &Value| {
            let kind = event["event"].as_str().expect("a kind").to_owned();
            (event["seq"].as_u64().expect("a number"), kind)
        };
        all.extend(events.iter().map(of));
        match events.last() {
            Some(last) => after = of(last).0,
            None => return all,
        }
    }
}

#[test]
fn every_client_sees_every_event_in_order_and_once_over_a_broken_connection() {
    let (clients, events) =
        (wanted("FRONTDESK_LIVE_CLIENTS", 50), wanted("FRONTDESK_LIVE_EVENTS", 400));
    let desk = Desk::open(
        "[live]\nmax_streams = 1000\nmax_streams_per_person = 1000\n[http]\nmax_connections = 2000\nmax_connections_per_address = 2000\n",
    );
    let token = desk.daemon.token("admin");
    let address = desk.daemon.address().to_owned();
    let ticket = desk.writes("628111222333", "FIRST", "Halo");
    let bearer = format!("Bearer {token}");
    // One who never reads.
    let stuck = dial(&address, "/api/live", &[("authorization", bearer.as_str())]).expect("let in");
    let after = feed(&desk, &token, 0).last().expect("an event").0;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let running: Vec<_> = (0..clients)
        .map(|at| {
            let breaks_at = 1 + events / 4 + at % (events / 2);
            runtime.spawn(client(address.clone(), token.clone(), after, breaks_at, events))
        })
        .collect();
    std::thread::sleep(Duration::from_millis(500));
    // When each event was acknowledged, in their order: one writer, one event a message.
    let mut written = Vec::new();
    let began = Instant::now();
    for at in 0..events {
        let due = began + Duration::from_micros(at * 1_000_000 / RATE);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        assert_eq!(desk.writes("628111222333", &format!("M{at}"), "More"), ticket);
        written.push(Instant::now());
    }
    let took = began.elapsed();
    let told = feed(&desk, &token, after).into_iter();
    let expected: Vec<u64> =
        told.filter(|(_, kind)| kind == "ticket.message.added").map(|(seq, _)| seq).collect();
    assert_eq!(expected.len() as u64, events);
    let mut waits = Vec::new();
    for client in running {
        let seen = runtime.block_on(async {
            tokio::time::timeout(Duration::from_secs(120), client)
                .await
                .expect("in time")
                .expect("well")
        });
        let numbers: Vec<u64> = seen.iter().map(|(seq, _)| *seq).collect();
        assert_eq!(numbers, expected, "every event, in order, once");
        waits.extend(
            seen.iter()
                .zip(&written)
                .map(|((_, at), written)| at.checked_duration_since(*written).unwrap_or_default()),
        );
    }
    waits.sort_unstable();
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize];
    eprintln!(
        "{clients} clients, {events} events in {took:.1?}: median {:.1?}, p99 {:.1?}, worst {:.1?}",
        at(0.5),
        at(0.99),
        at(1.0)
    );
    if let Ok(limit) = std::env::var("FRONTDESK_LIVE_P99_MS") {
        let limit = Duration::from_millis(limit.parse().expect("milliseconds"));
        assert!(at(0.99) < limit, "{:?}", at(0.99));
    }
    drop(stuck);
}
