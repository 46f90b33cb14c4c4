//! The stream of live events: in order, resumed without a gap or a repeat, and of what one may see alone.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{Desk, problem};

const PATIENCE: Duration = Duration::from_secs(20);

/// One frame of `text/event-stream`.
#[derive(Debug)]
struct Frame {
    /// Empty for an event of the feed.
    name: String,
    id: String,
    data: Value,
}

/// An open stream.
struct Stream {
    lines: BufReader<TcpStream>,
    heartbeats: usize,
}

impl Stream {
    /// Opens one, and takes its greeting.
    fn open(desk: &Desk, token: &str, query: &str) -> Stream {
        let mut stream = Stream::ask(desk, token, query);
        assert_eq!(stream.next().expect("a greeting").name, "hello");
        stream
    }

    fn ask(desk: &Desk, token: &str, query: &str) -> Stream {
        let mut stream = TcpStream::connect(desk.daemon.address()).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        let head = format!(
            "GET /api/live/events{query} HTTP/1.1\r\nHost: desk\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).expect("asked");
        let mut lines = BufReader::new(stream);
        let mut line = String::new();
        lines.read_line(&mut line).expect("a status");
        assert!(line.starts_with("HTTP/1.1 200"), "{line}");
        while line.trim() != "" {
            line.clear();
            lines.read_line(&mut line).expect("a header");
        }
        Stream { lines, heartbeats: 0 }
    }

    /// The next frame; none at the end of the stream.
    fn next(&mut self) -> Option<Frame> {
        let mut frame = Frame { name: String::new(), id: String::new(), data: Value::Null };
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line).expect("a line in time") == 0 {
                return None;
            }
            let line = line.trim_end();
            if let Some(name) = line.strip_prefix("event: ") {
                frame.name = name.to_owned();
            } else if let Some(id) = line.strip_prefix("id: ") {
                frame.id = id.to_owned();
            } else if let Some(data) = line.strip_prefix("data: ") {
                frame.data = serde_json::from_str(data).expect("JSON");
            } else if line == ":" {
                self.heartbeats += 1;
            } else if line.is_empty() && !frame.data.is_null() {
                return Some(frame);
            } else if line == "0" {
                // The last chunk of the answer.
                return None;
            }
        }
    }

    /// Frames up to the first of this event; gives them all.
    fn up_to(&mut self, event: &str) -> Vec<Frame> {
        let mut frames = Vec::new();
        loop {
            let frame = self.next().unwrap_or_else(|| panic!("{event} in {frames:?}"));
            let is_it = frame.data["event"] == event;
            frames.push(frame);
            if is_it {
                return frames;
            }
        }
    }
}

fn names(frames: &[Frame]) -> Vec<&str> {
    frames.iter().map(|frame| frame.data["event"].as_str().expect("a name")).collect()
}

#[test]
fn events_come_in_order_and_go_on_behind_the_last_one_without_gap_or_repeat() {
    let desk = Desk::open("");
    let token = desk.daemon.token("admin");
    let mut stream = Stream::open(&desk, &token, "?events=ticket");
    let ticket = desk.writes("628111222333", "ONE", "A secret word");
    let first = stream.up_to("ticket.message.added");
    assert_eq!(names(&first), ["ticket.created", "ticket.message.added"]);
    let told = &first[1].data;
    assert_eq!(
        (&told["number"], &told["ticket_number"]),
        (&json!(ticket), &json!(format!("#{ticket}")))
    );
    assert_eq!((&told["status"], &told["entry"]["speaker"]), (&json!("new"), &json!("user")));
    assert!(!told.to_string().contains("secret"), "no word of what was said: {told}");
    let last = first[1].id.clone();
    drop(stream);
    for at in 0..300 {
        desk.writes("628111222333", &format!("M{at}"), "More");
    }
    desk.done(&desk.daemon.token("agent"), "POST", &format!("/api/tickets/{ticket}/resolve"));
    let mut again = Stream::open(&desk, &token, &format!("?events=ticket&after={last}"));
    let missed = again.up_to("ticket.resolved");
    let added = names(&missed).iter().filter(|name| **name == "ticket.message.added").count();
    assert_eq!(added, 300);
    let numbers: Vec<_> =
        missed.iter().map(|frame| frame.data["seq"].as_u64().expect("a number")).collect();
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
    assert!(numbers[0] > first[1].data["seq"].as_u64().expect("a number"));
}

/// DESIGN C9: what somebody may not see is as if absent, in the stream too.
#[test]
fn an_agent_hears_of_a_colleagues_ticket_that_it_left_and_then_nothing_more() {
    let desk = Desk::open("");
    let (ana, beni) =
        (desk.daemon.token_named("Ana", "agent"), desk.daemon.token_named("Beni", "agent"));
    let mut stream = Stream::open(&desk, &ana, "");
    let ticket = desk.writes("628111222333", "ONE", "Halo?");
    desk.done(&beni, "POST", &format!("/api/tickets/{ticket}/claim"));
    desk.writes("628111222333", "TWO", "Halo lagi");
    let other = desk.writes("628111222444", "THREE", "Another customer");
    let mut frames = stream.up_to("ticket.left");
    let left = frames.pop().expect("the last one");
    assert_eq!(left.data["number"], ticket);
    assert!(left.data.get("assignee_name").is_none(), "not to whom: {}", left.data);
    let later = stream.up_to("ticket.message.added");
    assert!(later.iter().all(|frame| frame.data["number"] == other), "{later:?}");
    let secret = frames.iter().chain(&later).find(|frame| {
        let event = frame.data["event"].as_str().unwrap_or_default();
        event.starts_with("token.") || event.starts_with("contact.")
    });
    assert!(secret.is_none(), "{secret:?}");
}

#[test]
fn one_ticket_or_some_kinds_can_be_asked_for_and_nonsense_is_refused() {
    let desk = Desk::open("");
    let token = desk.daemon.token("admin");
    let ticket = desk.writes("628111222333", "ONE", "Halo?");
    let query = format!("?ticket={ticket}&events=ticket.message,ticket.closed");
    let mut stream = Stream::open(&desk, &token, &query);
    desk.writes("628111222444", "TWO", "Somebody else");
    desk.writes("628111222333", "THREE", "Halo?");
    desk.done(&desk.daemon.token("agent"), "POST", &format!("/api/tickets/{ticket}/close"));
    let frames = stream.up_to("ticket.closed");
    assert_eq!(names(&frames), ["ticket.message.added", "ticket.closed"]);
    let refused = |query: &str, status| {
        problem(
            &desk.call(&token, "GET", &format!("/api/live/events{query}"), &Value::Null),
            status,
        )
    };
    assert!(refused("?events=ticket.exploded", 400).contains("ticket.exploded"));
    assert!(refused("?after=yesterday", 400).contains("whole number"));
    refused("?ticket=99999", 404);
    assert_eq!(desk.daemon.request("GET", "/api/live/events", &[], b"").status, 401);
}

#[test]
fn who_was_away_too_long_or_comes_from_another_store_is_told_to_read_anew() {
    let desk = Desk::open("[live]\nmax_behind = 100\n");
    let token = desk.daemon.token("admin");
    for after in ["0123456789abcdef:3", "999999", "1"] {
        for at in 0..60 {
            desk.writes("628111222333", &format!("{after}-{at}"), "More");
        }
        for at in 0..60 {
            desk.writes("628111222333", &format!("{after}+{at}"), "More");
        }
        let mut stream = Stream::open(&desk, &token, &format!("?after={after}"));
        let told = stream.next().expect("a frame");
        assert_eq!(told.name, "resync", "{after}: {told:?}");
        desk.writes("628111222333", &format!("last-{after}"), "New");
        let next = stream.up_to("ticket.message.added");
        let at = |frame: &Frame| frame.data["seq"].as_u64().expect("a number");
        assert!(at(&next[0]) > at(&told), "it goes on from there");
    }
}

#[test]
fn a_stream_ends_within_a_second_of_its_token_and_shows_that_it_lives_until_then() {
    let desk = Desk::open("[live]\nheartbeat = \"1s\"\n");
    let token = desk.daemon.token_named("Ana", "agent");
    let mut stream = Stream::open(&desk, &token, "");
    sleep(Duration::from_millis(2500));
    let listed = String::from_utf8(desk.daemon.cli(&["token", "list"]).stdout).expect("text");
    let line = listed.lines().find(|line| line.contains("Ana")).expect("Ana's token");
    let id = line.split_whitespace().next().expect("an id");
    let revoked = desk.daemon.cli(&["token", "revoke", id]);
    assert!(revoked.status.success(), "{}", String::from_utf8_lossy(&revoked.stderr));
    let asked = Instant::now();
    assert!(stream.next().is_none());
    assert!(asked.elapsed() < Duration::from_millis(1500), "{:?}", asked.elapsed());
    assert!(stream.heartbeats >= 2, "{}", stream.heartbeats);
}

#[test]
fn one_person_has_so_many_streams_and_who_does_not_read_keeps_nobody_waiting() {
    let mut desk = Desk::open("[live]\nmax_streams_per_person = 2\n");
    let (ana, beni) =
        (desk.daemon.token_named("Ana", "admin"), desk.daemon.token_named("Beni", "admin"));
    let stuck = Stream::open(&desk, &ana, "");
    let second = Stream::open(&desk, &ana, "");
    let refused = desk.call(&ana, "GET", "/api/live/events", &Value::Null);
    assert!(problem(&refused, 429).contains("live.max_streams_per_person"));
    assert!(refused.header("retry-after").is_some());
    let mut read = Stream::open(&desk, &beni, "?events=ticket.message");
    drop(second);
    let began = Instant::now();
    for at in 0..400 {
        desk.writes("628111222333", &format!("M{at}"), &"long ".repeat(200));
    }
    for _ in 0..400 {
        read.up_to("ticket.message.added");
    }
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
    // The place of the one that was closed is free again.
    let again = Stream::open(&desk, &ana, "");
    // Streams do not keep the daemon from stopping.
    desk.daemon.terminate();
    drop((stuck, again));
}
