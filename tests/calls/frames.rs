//! Frames that carry nothing, frames that are wrong, frames that are too large: none of them ends a call that
//! could go on.

use std::io::Write;

use serde_json::{Value, json};

use super::mutated::mutated;
use super::relay::{Relay, agent_turn, event, fixture, heard};
use super::{Desk, lines, said, session};

fn audio_delta() -> Value {
    let fields = json!({"response_id": "resp_1", "item_id": "item_1", "output_index": 0, "content_index": 0, "delta": "AAAA".repeat(8000)});
    event("response.audio.delta", fields)
}

#[test]
fn audio_and_events_that_nobody_knows_are_acknowledged_and_leave_no_trace() {
    let desk = Desk::shared();
    let mut relay = desk.relay(&session());
    relay.tell(&[
        audio_delta(),
        event("response.output_audio.delta", json!({"delta": "AAAA"})),
        event("response.telepathy.done", json!({"thought": "I want to borrow money"})),
        event("rate_limits.updated", json!({"rate_limits": [{"name": "tokens"}]})),
        json!({}),
        json!({"type": null}),
        json!({"type": 7, "event_id": {}}),
        // Known types with members of other kinds than the service has.
        event("response.done", json!({"response": "none"})),
        event("conversation.item.created", json!({"item": [], "previous_item_id": 7})),
        event(
            "conversation.item.input_audio_transcription.completed",
            json!({"item_id": 5, "transcript": ["words"]}),
        ),
    ]);
    // JSON, of no type, and deeper than a stack is high.
    relay.say(&format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000)));
    relay.expect_ack(11);
    relay.tell(&agent_turn("item_1", None, "Hello."));
    let ticket_id = relay.ticket_id.clone();
    relay.hang_up();
    assert_eq!(lines(&desk.closed_call(&ticket_id)), said([("agent", "Hello.")]));
}

/// FORMATS 1.2: single events of both generations, errors of the service among them.
#[test]
fn every_kind_of_event_is_acknowledged() {
    let desk = Desk::shared();
    let rows = fixture("single_events.jsonl");
    let rows = rows.lines().map(|row| serde_json::from_str::<Value>(row).expect("a row"));
    let events: Vec<_> = rows.map(|mut row| row["event"].take()).collect();
    let call = desk.whole_call(&events);
    let spoken = said([("agent", "Typed reply, no audio."), ("agent", "Typed reply, beta name.")]);
    assert_eq!(lines(&call), spoken);
}

/// Every member of every event of a whole call replaced by what it should not be, and left out.
#[test]
fn no_member_of_an_event_can_break_a_call_whatever_stands_in_it() {
    let desk = Desk::with_config("");
    let recorded = fixture("call_ga_lost_card.jsonl");
    let rows = recorded.lines().map(|row| serde_json::from_str::<Value>(row).expect("a row"));
    let events: Vec<Value> = rows.map(|mut row| row["event"].take()).collect();
    let mut relay = desk.relay(&session());
    let mut told = 0;
    for event in &events {
        let odd: Vec<Value> = mutated(event).map(|(_, changed)| changed).collect();
        relay.tell(&odd);
        told += odd.len();
    }
    assert!(told > 1000, "{told}");
    relay.hang_up();
    // The call that nothing happened to is whole behind it.
    let expected = Desk::shared().whole_call(&events);
    assert_eq!(lines(&desk.whole_call(&events)), lines(&expected));
    assert!(!desk.daemon.log().contains("panicked"), "{}", desk.daemon.log());
}

#[test]
fn a_frame_that_is_no_event_gets_an_error_and_the_call_goes_on() {
    let desk = Desk::shared();
    let mut relay = desk.relay(&session());
    let deep = "[".repeat(1_000_000);
    for frame in [
        "this is no JSON",
        "",
        "{",
        "[]",
        "\"text\"",
        "null",
        "{\"seq\": 5}",
        "{\"seq\": 6, \"event\": []}",
        &deep,
    ] {
        relay.say(frame);
        let answer = relay.receive();
        assert_eq!(answer["type"], "error", "{frame:.40}: {answer}");
    }
    relay.say_bytes(b"\x00\x01\xff");
    assert_eq!(relay.receive()["type"], "error", "a binary frame");

    // Frames are counted, good or not.
    let words = heard("item_1", "Are you there?");
    relay.tell([&words]);
    let ticket_id = relay.ticket_id.clone();
    relay.hang_up();
    assert_eq!(lines(&desk.closed_call(&ticket_id)), said([("user", "Are you there?")]));
}

/// The opcodes of WebSocket: a whole text message, its first part, one more part.
const TEXT: u8 = 0x81;
const FIRST_PART: u8 = 0x01;
const NEXT_PART: u8 = 0x00;
/// A continuation, the final one.
const LAST_PART: u8 = 0x80;

/// A frame of WebSocket as it lies on the wire, masked with zeros.
fn raw_frame(opcode: u8, length: usize) -> Vec<u8> {
    let mut frame = vec![opcode, 0x80 | 127];
    frame.extend_from_slice(&(length as u64).to_be_bytes());
    frame.extend_from_slice(&[0; 4]);
    frame.resize(frame.len() + length, b' ');
    frame
}

/// Sends raw bytes, all of them before anything is read: whoever reads answers pings, in the midst of a frame.
fn flood(relay: &mut Relay, bytes: Vec<u8>) {
    // The daemon may be hanging up already.
    let _ = relay.stream().write_all(&bytes);
    assert_eq!(relay.closed_with(), Some(1009));
}

/// The issue: frames over `calls.max_frame` (4 MiB) close with 1009.
#[test]
fn a_frame_over_the_limit_closes_with_1009() {
    let desk = Desk::shared();
    let session = session();
    let mut relay = desk.relay(&session);
    relay.tell(&agent_turn("item_1", None, "Hello."));

    flood(&mut relay, raw_frame(TEXT, (4 << 20) + 1));

    // What was said before is there, and the call may go on with smaller frames.
    let ticket_id = relay.ticket_id.clone();
    assert_eq!(lines(&desk.call(&ticket_id)), said([("agent", "Hello.")]));
    let again = desk.relay(&session);
    assert_eq!(again.ticket_id, ticket_id);
    again.hang_up();
    desk.closed_call(&ticket_id);
}

#[test]
fn parts_that_add_up_to_more_than_the_limit_close_with_1009() {
    let desk = Desk::shared();
    let mut relay = desk.relay(&session());
    relay.tell(&agent_turn("item_1", None, "Hello."));
    let mut parts = raw_frame(FIRST_PART, 1 << 20);
    (0..3).for_each(|_| parts.extend(raw_frame(NEXT_PART, 1 << 20)));
    parts.extend(raw_frame(LAST_PART, 1 << 20));
    flood(&mut relay, parts);
}

#[test]
fn a_frame_just_under_the_limit_is_taken() {
    let desk = Desk::shared();
    let mut relay = desk.relay(&session());
    let empty = heard("item_1", "").to_string().len();
    let words = "x".repeat((4 << 20) - empty);
    relay.tell([&heard("item_1", &words)]);
    let ticket_id = relay.ticket_id.clone();
    relay.hang_up();
    let call = desk.closed_call(&ticket_id);
    assert_eq!(call["interactions"][0]["message"].as_str().map(str::len), Some(words.len()));
}

/// Nobody waits for acknowledgements when hanging up.
#[test]
fn what_was_sent_before_hanging_up_is_in_the_transcript() {
    let desk = Desk::shared();
    let mut relay = desk.relay(&session());
    let spoken: Vec<_> = (0..500).map(|n| ("user".to_owned(), format!("Line {n}."))).collect();
    let events: Vec<_> =
        (0..).zip(&spoken).map(|(n, (_, words))| heard(&format!("item_{n}"), words)).collect();
    events.iter().for_each(|event| relay.say(&event.to_string()));
    let ticket_id = relay.ticket_id.clone();
    relay.hang_up();
    assert_eq!(lines(&desk.closed_call(&ticket_id)), spoken);
}

/// The issue: passed over, but counted; calls that run are counted too.
#[test]
fn what_comes_in_is_counted() {
    let desk = Desk::with_config("");
    let mut relay = desk.relay(&session());
    relay.tell(&[audio_delta(), audio_delta(), audio_delta()]);
    relay.tell(&[heard("item_1", "Hello?"), heard("item_2", "Is anybody there?")]);
    let metrics = desk.get("/metrics").text();
    let count = |part: &str| -> Vec<&str> {
        let lines = metrics.lines().filter(|line| !line.starts_with('#') && line.contains(part));
        lines.filter_map(|line| line.rsplit(' ').next()).collect()
    };
    let mut by_outcome = count("door=\"call\"");
    by_outcome.sort_unstable();
    assert_eq!(by_outcome, ["2", "3"], "{metrics}");
    assert_eq!(count("frontdesk_open_calls"), ["1"], "{metrics}");
    relay.hang_up();
}

/// S0.51: the door asks for a token that may bring calls in.
#[test]
fn the_call_door_opens_to_a_token_of_scope_ingest_only() {
    let desk = Desk::shared();
    let dial = |token| Relay::dial(desk.daemon.address(), "/ingest/calls/s-1", token).map(|_| ());
    for (token, status) in
        [(None, 401), (Some("no-such-token"), 401), (Some(desk.read.as_str()), 403)]
    {
        let (answered, body) = dial(token).expect_err("no entry");
        assert_eq!(answered, status, "{body}");
        let problem: Value = serde_json::from_str(&body).expect("a problem document");
        assert_eq!(problem["status"], status, "{problem}");
    }
}

#[test]
fn a_session_id_that_cannot_be_one_is_refused_by_name() {
    let desk = Desk::shared();
    for id in ["x".repeat(129), "%00".to_owned(), "%20".to_owned(), "a%0Ab".to_owned()] {
        let path = format!("/ingest/calls/{id}");
        let refused = Relay::dial(desk.daemon.address(), &path, Some(&desk.ingest)).map(|_| ());
        let (status, body) = refused.expect_err("no entry");
        assert_eq!(status, 400, "{id}: {body}");
        let problem: Value = serde_json::from_str(&body).expect("a problem document");
        assert_eq!(problem["errors"][0]["field"], "session_id", "{problem}");
    }
}

#[test]
fn a_session_id_may_be_any_text() {
    let desk = Desk::shared();
    let relay = desk.relay("r%C3%A9lais%2F7%20%23a%3Fb");
    let ticket_id = relay.ticket_id.clone();
    relay.hang_up();
    assert_eq!(desk.closed_call(&ticket_id)["ticket"]["session_id"], "rélais/7 #a?b");
}
