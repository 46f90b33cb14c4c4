//! Timers that fell due while the power was off: each is dealt with once, in order, soon, while intake goes on.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{Desk, QUIET};

/// How many tickets there are: 100,000 in the long form (`FRONTDESK_BACKLOG=100000`).
fn many() -> u32 {
    let asked = std::env::var("FRONTDESK_BACKLOG").ok().and_then(|many| many.parse().ok());
    asked.unwrap_or(2_000)
}

#[test]
fn what_fell_due_without_power_is_dealt_with_once_in_order_while_intake_goes_on() {
    let on = QUIET.replace("\"pending_alert\", ", "");
    let Some((daemon, clock)) = crate::faketime::daemon(&on) else { return };
    let mut desk = Desk::open(daemon);
    let many = many();
    let next = AtomicU32::new(0);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= many {
                        return;
                    }
                    desk.customer(n, 1, "Halo");
                }
            });
        }
    });
    // All have their timers when the rules have seen the last of them.
    let probe = desk.made("the last", &json!({}));
    let path = "/api/rules";
    let tagged = json!({"name": "seen", "trigger": {"events": ["ticket.updated"]}, "actions": [{"tag": ["seen"]}]});
    desk.done("POST", path, &tagged, 201);
    desk.done("POST", &format!("/api/tickets/{probe}/tags"), &json!({"tags": ["now"]}), 200);
    desk.until("the rules have seen them", || {
        desk.ticket(probe)["tags"].to_string().contains("seen")
    });
    let (_, before) = desk.told_after(0, "");
    desk.daemon.kill9();
    fs::write(&clock, "+6h").expect("a file");
    desk.daemon.restart();
    let began = Instant::now();
    let (stop, taken) = (AtomicBool::new(false), AtomicU32::new(0));
    let (mut told, mut slowest) = (Vec::new(), Duration::ZERO);
    // And the probe.
    let wanted = many as usize + 1;
    thread::scope(|scope| {
        let intake = scope.spawn(|| {
            let mut slowest = Duration::ZERO;
            while !stop.load(Ordering::Relaxed) {
                let at = Instant::now();
                desk.customer(900_000 + taken.fetch_add(1, Ordering::Relaxed), 1, "Halo");
                slowest = slowest.max(at.elapsed());
            }
            slowest
        });
        let limit = Duration::from_secs(60 + u64::from(many) / 500);
        let mut after = before;
        while told.len() < wanted && began.elapsed() < limit {
            let (more, upto) = desk.told_after(after, "ticket.alert");
            told.extend(more);
            after = upto;
        }
        stop.store(true, Ordering::Relaxed);
        slowest = intake.join().expect("the intake");
    });
    eprintln!(
        "{many} timers in {:?}; meanwhile {taken:?} messages, the slowest {slowest:?}",
        began.elapsed()
    );
    let mut once = told.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!((told.len(), once.len()), (wanted, wanted), "each once");
    let first = once.first().copied().expect("a ticket");
    assert!(once.iter().zip(first..).all(|(number, wanted)| *number == wanted), "all of them");
    assert!(taken.load(Ordering::Relaxed) > 0);
    assert!(told.is_sorted(), "in the order in which they fell due");
    assert_eq!(desk.rule("pending_alert")["paused"], json!(null));
}
