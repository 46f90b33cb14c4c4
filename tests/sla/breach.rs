//! Promises that are broken while somebody looks, and while the power is off.

use std::fs;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::Desk;
use crate::faketime;

/// What is promised stays what it is: no rule makes a ticket urgent meanwhile.
const CONFIG: &str =
    "[clock]\nsynchronized_files = [\"/dev/null\"]\n[automation]\noff = [\"unanswered_urgent\"]\n";

/// A desk whose wall clock a file says, and is believed: what tells of a time server is always there.
fn desk() -> Option<(Desk, PathBuf)> {
    let (daemon, clock) = faketime::daemon(CONFIG)?;
    Some((Desk::open(daemon), clock))
}

/// The SLA events of the feed so far: kind and target, ticket.
fn told(desk: &Desk) -> Vec<(String, u64)> {
    let mut found = Vec::new();
    let mut after = 0;
    loop {
        let page = desk.read(&format!("/api/feed?after={after}&limit=100"));
        let events = page["events"].as_array().expect("events").clone();
        let Some(last) = events.last() else { return found };
        after = last["seq"].as_u64().expect("a number");
        for event in events {
            let kind = event["event"].as_str().expect("a name");
            if kind.starts_with("ticket.sla.") {
                let target = event["sla_target"].as_str().expect("a target");
                let ticket = event["ticket"]["number"].as_u64().expect("a ticket");
                found.push((format!("{kind} {target}"), ticket));
            }
        }
    }
}

fn wait_for(desk: &Desk, many: usize) -> Vec<(String, u64)> {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let told = told(desk);
        if told.len() >= many || Instant::now() > until {
            return told;
        }
        sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_promise_is_warned_of_and_then_broken_once_and_a_restart_tells_nothing_twice() {
    let Some((mut desk, clock)) = desk() else { return };
    let ticket = desk.customer(1);
    fs::write(&clock, "+7h").expect("a file");
    assert_eq!(
        wait_for(&desk, 1),
        [("ticket.sla.warning first_response".to_owned(), ticket)],
        "S2.28"
    );
    let sla = desk.read(&format!("/api/tickets/{ticket}/sla"));
    assert_eq!(sla["status"], "at_risk");
    fs::write(&clock, "+9h").expect("a file");
    let both = [
        ("ticket.sla.warning first_response".to_owned(), ticket),
        ("ticket.sla.breached first_response".to_owned(), ticket),
    ];
    assert_eq!(wait_for(&desk, 2), both, "S3.38");
    let sla = desk.read(&format!("/api/tickets/{ticket}/sla"));
    assert_eq!(sla["first_response"]["status"], "breached");
    assert!(sla["first_response"]["remaining_seconds"].as_i64().is_some_and(|left| left < 0));
    desk.daemon.kill9();
    desk.daemon.restart();
    sleep(Duration::from_secs(2));
    assert_eq!(told(&desk), both);
}

#[test]
fn what_fell_due_while_the_power_was_off_is_told_once_at_the_next_start() {
    let Some((mut desk, clock)) = desk() else { return };
    let tickets: Vec<u64> = (0..30).map(|n| desk.customer(n)).collect();
    desk.daemon.kill9();
    fs::write(&clock, "+3d").expect("a file");
    desk.daemon.restart();
    let broken: Vec<_> = wait_for(&desk, 60);
    let of = |ticket: u64| broken.iter().filter(|(_, of)| *of == ticket).count();
    assert!(tickets.iter().all(|n| of(*n) == 2), "both targets of each: {broken:?}");
    assert!(
        broken.iter().all(|(kind, _)| kind.starts_with("ticket.sla.breached")),
        "too late to warn"
    );
}

/// A box without a battery for its clock: it starts in a year of its own, until a time server has spoken.
#[test]
fn a_clock_that_nobody_believes_breaks_no_promise_and_closes_nothing_until_it_is_set_right() {
    let synchronized =
        std::env::temp_dir().join(format!("frontdesk-synchronized-{}", std::process::id()));
    fs::write(&synchronized, "").expect("a file");
    let config = CONFIG.replace("/dev/null", synchronized.to_str().expect("a path"));
    let Some((daemon, clock)) = faketime::daemon(&config) else { return };
    let mut desk = Desk::open(daemon);
    let (waits, resolved) = (desk.customer(1), desk.customer(2));
    desk.done("POST", &format!("/api/tickets/{resolved}/resolve"), &serde_json::json!({}), 200);
    let status = |desk: &Desk| desk.read(&format!("/api/tickets/{resolved}"))["status"].clone();
    let before = told(&desk);
    desk.daemon.kill9();
    fs::remove_file(&synchronized).expect("it was there");
    fs::write(&clock, "+3650d").expect("a file");
    desk.daemon.restart();
    let early = desk.customer(3);
    sleep(Duration::from_secs(3));
    assert_eq!(told(&desk), before, "ten years on, by a clock that is not believed");
    assert_eq!(status(&desk), "resolved");
    fs::write(&clock, "+8d").expect("a file");
    fs::write(&synchronized, "").expect("a file");
    let broken = wait_for(&desk, before.len() + 2);
    sleep(Duration::from_secs(2));
    assert_eq!(told(&desk), broken, "each once");
    let of = |ticket: u64| broken[before.len()..].iter().filter(|(_, of)| *of == ticket).count();
    assert_eq!((of(waits), of(early)), (2, 0), "{broken:?}");
    let until = Instant::now() + Duration::from_secs(30);
    while status(&desk) != "closed" {
        assert!(Instant::now() < until, "S2.14");
        sleep(Duration::from_millis(100));
    }
    fs::remove_file(&synchronized).expect("it was there");
}
