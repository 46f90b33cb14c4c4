//! The WebSocket of live events: the same as the stream, filtered, resumed, and of what one may see alone.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::Desk;
use crate::client::{Client, PATIENCE, dial};

fn names(told: &[Value]) -> Vec<&str> {
    told.iter().map(|told| told["event"].as_str().expect("a name")).collect()
}

/// S0.64
#[test]
fn a_socket_tells_what_the_stream_tells_and_goes_on_behind_the_last_event() {
    let desk = Desk::open("");
    let token = desk.daemon.token("admin");
    let mut client = Client::open(desk.daemon.address(), &token, "?events=ticket");
    let ticket = desk.writes("628111222333", "ONE", "A secret word");
    let first = client.up_to("ticket.message.added");
    assert_eq!(names(&first), ["ticket.created", "ticket.message.added"]);
    assert_eq!(first[1]["number"], ticket);
    assert!(!first[1].to_string().contains("secret"), "no word of what was said: {}", first[1]);
    let last = first[1]["seq"].as_u64().expect("a number");
    drop(client);
    for at in 0..300 {
        desk.writes("628111222333", &format!("M{at}"), "More");
    }
    desk.done(&token, "POST", &format!("/api/tickets/{ticket}/escalate"), &json!({"reason": "x"}));
    let query = format!("?events=ticket&after={last}");
    let mut again = Client::open(desk.daemon.address(), &token, &query);
    let missed = again.up_to("ticket.escalated");
    assert_eq!(names(&missed).iter().filter(|n| **n == "ticket.message.added").count(), 300);
    let numbers: Vec<_> = missed.iter().map(|told| told["seq"].as_u64().expect("it")).collect();
    assert!(numbers.is_sorted_by(|a, b| a < b) && numbers[0] > last, "{numbers:?}");
}

#[test]
fn a_filter_can_be_changed_while_connected() {
    let desk = Desk::open("");
    let ana = desk.daemon.token_named("Ana", "agent");
    let address = desk.daemon.address();
    let mut client = Client::open(address, &ana, "");
    let (mine, other) =
        (desk.writes("628111222333", "ONE", "Halo"), desk.writes("628111222444", "TWO", "Halo"));
    desk.done(&ana, "POST", &format!("/api/tickets/{mine}/claim"), &Value::Null);
    client.up_to("ticket.assigned");
    client.says(&json!({"filter": {"events": ["ticket.message"], "assigned_to_me": true}}));
    client.up_to("filtered");
    desk.writes("628111222444", "THREE", "Not mine");
    desk.writes("628111222333", "FOUR", "Mine");
    let told = client.hears();
    assert_eq!((&told["event"], &told["number"]), (&json!("ticket.message.added"), &json!(mine)));
    client.says(&json!({"filter": {"queue": "unassigned"}}));
    client.up_to("filtered");
    desk.writes("628111222333", "FIVE", "Not in the queue");
    desk.writes("628111222444", "SIX", "In the queue");
    assert_eq!(client.hears()["number"], other);
    // It leaves the queue, and that is told too.
    let beni = desk.daemon.token_named("Beni", "agent");
    desk.done(&beni, "POST", &format!("/api/tickets/{other}/claim"), &Value::Null);
    assert_eq!(client.up_to("ticket.left").last().expect("it")["number"], other);
    client.says(&json!({"ping": 7}));
    assert_eq!(client.hears(), json!({"event": "pong", "ping": 7}));
    for (wrong, field) in [
        (json!({"filter": {"events": ["ticket.exploded"]}}), "ticket.exploded"),
        (json!({"filter": {"queue": "mine"}}), "unassigned"),
        (json!({"filter": {"ticket": "99999"}}), "no such ticket"),
        (json!({"explode": 1}), "filter, viewing and ping"),
        (json!(["ping"]), "must be one of"),
    ] {
        client.says(&wrong);
        let refused = client.hears();
        assert_eq!(refused["event"], "refused", "{wrong}");
        assert!(
            refused["problem"]["detail"].to_string().contains(field)
                || refused["problem"].to_string().contains(field),
            "{wrong}: {refused}"
        );
    }
}

#[test]
fn a_token_comes_in_a_header_a_subprotocol_or_the_first_message_and_no_other_way() {
    let desk = Desk::open("");
    let (token, address) = (desk.daemon.token_named("Ana", "agent"), desk.daemon.address());
    let offered = format!("frontdesk, frontdesk.token.{token}");
    let mut by_protocol = Client {
        socket: dial(address, "/api/live", &[("sec-websocket-protocol", &offered)]).expect("in"),
    };
    assert_eq!(by_protocol.hears()["event"], "hello");
    let mut by_message = Client { socket: dial(address, "/api/live", &[]).expect("open") };
    by_message.says(&json!({ "token": token }));
    assert_eq!(by_message.hears()["event"], "hello");
    let wrong = format!("Bearer {}", token.replace("fd_", "fd_0"));
    assert_eq!(dial(address, "/api/live", &[("authorization", &wrong)]).err(), Some(401));
    let bridge = format!("Bearer {}", desk.bridge);
    assert_eq!(dial(address, "/api/live", &[("authorization", &bridge)]).err(), Some(403));
    // A page elsewhere, whatever it shows.
    let right = format!("Bearer {token}");
    let elsewhere = [("authorization", right.as_str()), ("origin", "https://evil.example")];
    assert_eq!(dial(address, "/api/live", &elsewhere).err(), Some(403));
    for first in [json!({"token": "fd_wrong"}), json!({"token": desk.bridge}), json!({"ping": 1})] {
        let mut stranger = Client { socket: dial(address, "/api/live", &[]).expect("open") };
        stranger.says(&first);
        let told = stranger.hears();
        assert_eq!(told["event"], "refused", "{first}: {told}");
        let frame = stranger.next().expect_err("the end").expect("a reason");
        assert_eq!(u16::from(frame.code), 1008);
    }
}

#[test]
fn a_socket_ends_within_a_second_of_its_token_and_says_why() {
    let mut desk = Desk::open("");
    let token = desk.daemon.token_named("Ana", "agent");
    let other = desk.daemon.token_named("Beni", "agent");
    let mut client = Client::open(desk.daemon.address(), &token, "");
    let mut stays = Client::open(desk.daemon.address(), &other, "");
    desk.revoke("Ana");
    let asked = Instant::now();
    let frame = client.next().expect_err("the end").expect("a reason");
    assert_eq!(u16::from(frame.code), 1008, "{frame:?}");
    assert!(asked.elapsed() < Duration::from_millis(1500), "{:?}", asked.elapsed());
    desk.daemon.terminate();
    let frame = stays.next().expect_err("the end").expect("a reason");
    assert_eq!(u16::from(frame.code), 1012, "{frame:?}");
}

#[test]
fn who_is_too_far_behind_is_told_to_read_anew_and_who_says_too_much_is_closed() {
    let desk = Desk::open("[live]\nmax_behind = 100\nmax_streams_per_person = 2\n");
    let token = desk.daemon.token("admin");
    for at in 0..120 {
        desk.writes("628111222333", &format!("M{at}"), "More");
    }
    let mut behind = Client::open(desk.daemon.address(), &token, "?after=1");
    let told = behind.hears();
    assert_eq!(told["event"], "resync");
    desk.writes("628111222333", "NEW", "More");
    assert!(behind.hears()["seq"].as_u64() > told["seq"].as_u64());
    let mut second = Client::open(desk.daemon.address(), &token, "");
    let bearer = format!("Bearer {token}");
    let third = dial(desk.daemon.address(), "/api/live", &[("authorization", &bearer)]);
    assert_eq!(third.err(), Some(429), "live.max_streams_per_person");
    for _ in 0..50 {
        second.says(&json!({"ping": 1}));
    }
    let began = Instant::now();
    let end = loop {
        match second.next() {
            Ok(_) => assert!(began.elapsed() < PATIENCE),
            Err(frame) => break frame,
        }
    };
    assert_eq!(
        end.map(|end| u16::from(end.code)),
        Some(1008),
        "the reason comes, whatever was said"
    );
}

#[test]
fn who_talks_on_while_their_session_ends_hears_why() {
    let desk = Desk::open("");
    for at in 0..5 {
        let name = format!("Ana {at}");
        let token = desk.daemon.token_named(&name, "agent");
        let mut client = Client::open(desk.daemon.address(), &token, "");
        desk.revoke(&name);
        // The daemon's end comes while these are on their way, unread.
        for _ in 0..15 {
            if client.socket.send(Message::text(json!({"ping": 1}).to_string())).is_err() {
                break;
            }
        }
        let end = loop {
            if let Err(end) = client.next() {
                break end;
            }
        };
        assert_eq!(end.map(|end| u16::from(end.code)), Some(1008));
    }
}
