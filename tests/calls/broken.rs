//! Connections that break, relays that come back or do not, and a daemon that stops or is killed in the
//! middle of a call.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::harness::Response;
use super::relay::{Relay, agent_turn, answered, eventually, heard, user_turn};
use super::{Desk, lines, said, session};

const SHORT_GRACE: &str = "[calls]\nresume_grace = \"2s\"\n";

fn greeting() -> Vec<Value> {
    agent_turn("item_1", None, "Hello, how can I help?")
}

fn question() -> Vec<Value> {
    user_turn("item_2", Some("item_1"), "I have lost my card.")
}

fn answer() -> Vec<Value> {
    agent_turn("item_3", Some("item_2"), "I have frozen it.")
}

fn whole() -> Vec<(String, String)> {
    said([
        ("agent", "Hello, how can I help?"),
        ("user", "I have lost my card."),
        ("agent", "I have frozen it."),
    ])
}

/// S0.2: one connection, one ticket.
#[test]
fn after_a_normal_close_the_same_session_makes_a_new_ticket() {
    let desk = Desk::shared();
    let session = session();
    let mut first = desk.relay(&session);
    first.tell(&greeting());
    let first_ticket = first.ticket_id.clone();
    first.hang_up();
    let mut second = desk.relay(&session);
    second.tell(&question());
    let second_ticket = second.ticket_id.clone();
    second.hang_up();

    assert_ne!(first_ticket, second_ticket);
    assert_eq!(lines(&desk.closed_call(&first_ticket)), whole()[..1]);
    assert_eq!(lines(&desk.closed_call(&second_ticket)), whole()[1..2]);
}

#[test]
fn a_broken_connection_is_continued_by_the_next_in_order() {
    let desk = Desk::shared();
    let session = session();
    let mut relay = desk.relay(&session);
    let ticket_id = relay.ticket_id.clone();
    relay.tell(&greeting());
    relay.tell(&question()[..1]);
    relay.break_off();

    let mut relay = desk.relay(&session);
    assert_eq!(relay.ticket_id, ticket_id);
    assert_eq!(desk.call(&ticket_id)["ticket"]["status"], "open");
    // The relay does not know what arrived, and tells its last events again.
    relay.tell(&[greeting(), answer(), question()].concat());
    relay.break_off();

    let relay = desk.relay(&session);
    assert_eq!(relay.ticket_id, ticket_id);
    relay.hang_up();
    let call = desk.closed_call(&ticket_id);
    assert_eq!(lines(&call), whole());
    assert_eq!(call["ticket"]["category"], "card_inquiry");
}

#[test]
fn a_call_whose_relay_does_not_come_back_is_closed_after_the_grace() {
    let desk = Desk::with_config(SHORT_GRACE);
    let mut relay = desk.relay("gone");
    let ticket_id = relay.ticket_id.clone();
    relay.tell(&[greeting(), question()].concat());
    relay.break_off();
    let broken = Instant::now();

    // Words that are transcribed while the relay is away come in by the ledger.
    let late = json!({"speaker": "agent", "message": "I have frozen it."});
    assert_eq!(post(&desk, &format!("/api/calls/{ticket_id}/interactions"), &late).status, 201);
    assert_eq!(desk.call(&ticket_id)["ticket"]["status"], "open", "it waits for its relay");

    let call = desk.closed_call(&ticket_id);
    assert!(broken.elapsed() >= Duration::from_millis(1800), "closed after {:?}", broken.elapsed());
    assert_eq!(lines(&call), whole());
    assert_eq!(call["ticket"]["category"], "card_inquiry");
    assert_ne!(call["ticket"]["resolved_at"], Value::Null);
    let summary = call["ticket"]["summary"].as_str().expect("a summary");
    assert!(summary.contains("card"), "{summary}");

    // Too late: another call.
    let relay = desk.relay("gone");
    assert_ne!(relay.ticket_id, ticket_id);
}

fn post(desk: &Desk, path: &str, body: &Value) -> Response {
    let bearer = format!("Bearer {}", desk.ingest);
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    desk.daemon.request("POST", path, &headers, body.to_string().as_bytes())
}

#[test]
fn words_that_come_with_the_next_connection_are_in_the_transcript() {
    let desk = Desk::shared();
    let session = session();
    let mut relay = desk.relay(&session);
    let ticket_id = relay.ticket_id.clone();
    relay.tell(&[greeting(), question()[..1].to_vec(), answer()].concat());
    relay.break_off();
    let mut relay = desk.relay(&session);
    relay.tell([&heard("item_2", "I have lost my card.")]);
    relay.hang_up();
    assert_eq!(lines(&desk.closed_call(&ticket_id)), whole());
}

/// The issue: a crash or power cut loses nothing that was acknowledged, and doubles nothing.
#[test]
fn a_call_goes_on_after_the_daemon_was_killed() {
    let mut desk = Desk::with_config("");
    let mut relay = desk.relay("killed");
    let ticket_id = relay.ticket_id.clone();
    let (greeting, question) = (greeting(), question());
    relay.tell(&greeting);
    relay.tell(&question);
    // On their way when it happens: acknowledged or not, the relay sends them again.
    let answer = answer();
    answer.iter().for_each(|event| relay.say(&event.to_string()));
    desk.daemon.kill9();
    desk.daemon.restart();

    let before = lines(&desk.call(&ticket_id));
    assert_eq!(before[..2], whole()[..2], "what was acknowledged is there");
    let mut relay = desk.relay("killed");
    assert_eq!(relay.ticket_id, ticket_id);
    relay.tell(&[greeting, question, answer].concat());
    relay.hang_up();
    assert_eq!(lines(&desk.closed_call(&ticket_id)), whole());
}

#[test]
fn a_call_open_at_a_crash_is_closed_after_the_grace() {
    let mut desk = Desk::with_config(SHORT_GRACE);
    let mut relay = desk.relay("killed");
    let ticket_id = relay.ticket_id.clone();
    relay.tell(&[greeting(), question(), answer()].concat());
    desk.daemon.kill9();
    desk.daemon.restart();
    let call = desk.closed_call(&ticket_id);
    assert_eq!(lines(&call), whole());
    assert_eq!(call["ticket"]["category"], "card_inquiry");
    assert_ne!(desk.relay("killed").ticket_id, ticket_id);
}

/// Must be seen 3, in small: killed while relays stream as fast as they are acknowledged.
#[test]
fn every_acknowledged_line_is_there_once_after_a_kill_under_load() {
    const LINES: usize = 100;
    let mut desk = Desk::with_config("");
    let words = |call: usize, n: usize| format!("Line {n} of call {call}.");
    let calls: Vec<Vec<Value>> = (0..4)
        .map(|call| (0..LINES).map(|n| answered(&format!("item_{n}"), &words(call, n))).collect())
        .collect();
    let mut relays: Vec<_> = (0..4).map(|call| desk.relay(&format!("loaded-{call}"))).collect();
    let tickets: Vec<_> = relays.iter().map(|relay| relay.ticket_id.clone()).collect();
    let acknowledged = AtomicUsize::new(0);
    let of_each = std::thread::scope(|scope| {
        let streaming: Vec<_> = relays
            .iter_mut()
            .zip(&calls)
            .map(|(relay, events)| scope.spawn(|| relay.tell_while_it_lasts(events, &acknowledged)))
            .collect();
        eventually("the load", || (acknowledged.load(Ordering::Acquire) >= 120).then_some(()));
        desk.daemon.kill9();
        streaming.into_iter().map(|s| s.join().expect("a relay")).collect::<Vec<_>>()
    });
    assert!(of_each.iter().all(|lines| *lines < LINES), "killed too late: {of_each:?}");
    desk.daemon.restart();

    for (call, ticket_id) in tickets.iter().enumerate() {
        let spoken: Vec<_> = (0..LINES).map(|n| ("agent".to_owned(), words(call, n))).collect();
        let found = lines(&desk.call(ticket_id));
        assert!(found.len() >= of_each[call], "{} of {} acknowledged", found.len(), of_each[call]);
        assert_eq!(found, spoken[..found.len()], "each once, in order");
        let mut relay = desk.relay(&format!("loaded-{call}"));
        assert_eq!(relay.ticket_id, *ticket_id);
        relay.tell(&calls[call]);
        relay.hang_up();
        assert_eq!(lines(&desk.closed_call(ticket_id)), spoken);
    }
}

/// A call that was closed stays closed over a crash: nothing of it is done again.
#[test]
fn a_closed_call_is_the_same_after_a_crash() {
    let mut desk = Desk::with_config(SHORT_GRACE);
    let closed = desk.whole_call(&[greeting(), question(), answer()].concat());
    desk.daemon.kill9();
    desk.daemon.restart();
    let ticket_id = closed["ticket"]["ticket_id"].as_str().unwrap();
    assert_eq!(desk.call(ticket_id), closed);
}

/// S0.2: only a broken connection is continued by the next one.
#[test]
fn a_second_connection_beside_a_living_one_is_another_call() {
    let desk = Desk::shared();
    let session = session();
    let mut first = desk.relay(&session);
    first.tell(&greeting());
    let connected = AtomicBool::new(false);
    let mut second = std::thread::scope(|scope| {
        scope.spawn(|| first.stay_alive_until(|| connected.load(Ordering::Acquire)));
        let second = desk.relay(&session);
        connected.store(true, Ordering::Release);
        second
    });
    assert_ne!(second.ticket_id, first.ticket_id);

    first.tell(&question());
    second.tell(&[greeting(), question(), answer()].concat());
    let tickets = [first.ticket_id.clone(), second.ticket_id.clone()];
    first.hang_up();
    second.hang_up();
    let [first, second] = tickets.map(|ticket_id| lines(&desk.closed_call(&ticket_id)));
    assert_eq!((&first[..], &second[..]), (&whole()[..2], &whole()[..]));
}

/// Closed by hand while its relay still streams: whatever is acknowledged is in the transcript.
#[test]
fn a_call_closed_by_hand_keeps_what_its_relay_still_tells() {
    let desk = Desk::shared();
    let session = session();
    let mut relay = desk.relay(&session);
    let ticket_id = relay.ticket_id.clone();
    relay.tell(&[greeting(), question()].concat());
    let closed = post(&desk, &format!("/api/calls/{ticket_id}/close"), &json!({}));
    assert_eq!(closed.status, 200, "{}", closed.text());
    relay.tell(&answer());
    relay.hang_up();
    let call = desk.closed_call(&ticket_id);
    assert_eq!(lines(&call), whole());
    assert_eq!(call["ticket"]["category"], "card_inquiry");

    let next = desk.relay(&session);
    assert_ne!(next.ticket_id, ticket_id);
    next.hang_up();
}

/// The relay lost power, so its connection still stands here: it answers no ping, and its successor goes on.
#[test]
fn a_connection_that_answers_nothing_is_taken_over() {
    let desk = Desk::with_config("[calls]\ntakeover_probe = \"200ms\"\n");
    let mut silent = desk.relay("half-dead");
    silent.tell(&greeting());
    let mut next = desk.relay("half-dead");
    assert_eq!(next.ticket_id, silent.ticket_id);
    next.tell(&question());
    // The end of the old connection is not the end of the call.
    silent.break_off();
    next.tell(&answer());
    let ticket_id = next.ticket_id.clone();
    assert_eq!(desk.call(&ticket_id)["ticket"]["status"], "open");
    next.hang_up();
    assert_eq!(lines(&desk.closed_call(&ticket_id)), whole());
}

/// The issue: SIGTERM drains and exits 0 within 10 s; the relays are told to come back.
#[test]
fn a_stop_tells_the_relays_to_come_back_and_they_go_on() {
    let mut desk = Desk::with_config("");
    let mut relays: Vec<_> = (0..3).map(|n| desk.relay(&format!("running-{n}"))).collect();
    for relay in &mut relays {
        relay.tell(&[greeting(), question()].concat());
    }
    let codes = std::thread::scope(|scope| {
        let closing: Vec<_> =
            relays.iter_mut().map(|relay| scope.spawn(|| relay.closed_with())).collect();
        desk.daemon.terminate();
        closing.into_iter().map(|c| c.join().expect("a relay")).collect::<Vec<_>>()
    });
    assert_eq!(codes, [Some(1012); 3]);

    desk.daemon.restart();
    for (n, old) in relays.iter().enumerate() {
        let mut relay = desk.relay(&format!("running-{n}"));
        assert_eq!(relay.ticket_id, old.ticket_id);
        relay.tell(&answer());
        relay.hang_up();
        assert_eq!(lines(&desk.closed_call(&old.ticket_id)), whole());
    }
}

/// S0.37: whoever closes a call over the ledger does not make the relay's repeated lines new ones.
#[test]
fn a_call_closed_over_the_ledger_while_it_streams_keeps_each_line_once() {
    let desk = Desk::shared();
    let session = session();
    let mut relay = desk.relay(&session);
    let ticket_id = relay.ticket_id.clone();
    relay.tell(&greeting());
    relay.tell(&question());
    let bearer = format!("Bearer {}", desk.ingest);
    let path = format!("/api/calls/{ticket_id}/close");
    let closed = desk.daemon.request("POST", &path, &[("Authorization", &bearer)], b"{}");
    assert_eq!(closed.status, 200, "{}", closed.text());
    assert_eq!(desk.call(&ticket_id)["ticket"]["status"], "closed");

    relay.tell(&question());
    assert_eq!(lines(&desk.call(&ticket_id)), whole()[..2]);
    relay.break_off();
    let mut again = desk.relay(&session);
    assert_eq!(again.ticket_id, ticket_id, "a broken connection goes on with its call");
    again.tell(&greeting());
    again.tell(&answer());
    again.hang_up();

    let call = desk.call(&ticket_id);
    assert_eq!(lines(&call), whole());
    assert_eq!(call["ticket"]["status"], "closed");
    assert_eq!(call["ticket"]["category"], "card_inquiry");
    let mut other = desk.relay(&session);
    other.tell(&greeting());
    assert_ne!(other.ticket_id, ticket_id, "after a normal close it is another call");
    other.hang_up();
}

/// A machine token that is revoked lets nobody stay, and what was said until then is kept.
#[test]
fn a_relay_whose_token_is_revoked_is_cut_off_within_a_second() {
    let desk = Desk::with_config("");
    let (theirs, admin) = (desk.daemon.token_named("stolen", "ingest"), desk.daemon.token("admin"));
    let mut relay = Relay::connect(desk.daemon.address(), &theirs, &session());
    let mut other = desk.relay(&session());
    relay.tell(&greeting());
    let bearer = format!("Bearer {admin}");
    let headers = [("Authorization", bearer.as_str())];
    let listed = desk.daemon.request("GET", "/api/tokens", &headers, b"").json();
    let tokens = listed["tokens"].as_array().expect("tokens").iter();
    let mut stolen = tokens.filter(|token| token["name"] == "stolen").map(|token| &token["id"]);
    let path = format!("/api/tokens/{}", stolen.next_back().expect("the token"));
    let answer = desk.daemon.request("DELETE", &path, &headers, b"");
    assert!(answer.status < 300, "{}", answer.text());
    let revoked = Instant::now();
    assert_eq!(relay.closed_with(), Some(1008));
    // A busy machine may be late, but nowhere near the next look by itself.
    assert!(revoked.elapsed() < Duration::from_secs(5), "{:?}", revoked.elapsed());
    let path = "/ingest/calls/again";
    assert_eq!(
        Relay::dial(desk.daemon.address(), path, Some(&theirs)).err().map(|e| e.0),
        Some(401)
    );
    assert_eq!(lines(&desk.call(&relay.ticket_id)), whole()[..1]);
    other.tell(&question());
}
