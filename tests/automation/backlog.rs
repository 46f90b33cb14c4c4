//! Timers that fell due while the power was off: each is dealt with once, in order, soon, while intake goes on; a second
//! power cut in the middle of it changes nothing of that.

use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Desk, QUIET};

/// The rules of time that ship are on, as they are for everybody.
const OF_TIME: [&str; 3] = ["pending_alert", "unanswered_urgent", "unanswered_escalate"];

/// How many tickets there are: 100,000 in the long form (`FRONTDESK_BACKLOG=100000`).
fn many() -> u32 {
    let asked = std::env::var("FRONTDESK_BACKLOG").ok().and_then(|many| many.parse().ok());
    asked.unwrap_or(1_000)
}

/// As many customers write, a hundred in one delivery of the bridge.
fn write_all(desk: &Desk, many: u32) {
    const AT_ONCE: u32 = 100;
    let next = AtomicU32::new(0);
    let deliver = || {
        loop {
            let first = next.fetch_add(AT_ONCE, Ordering::Relaxed);
            if first >= many {
                return;
            }
            let message = |n: u32| {
                json!({
                    "key": {"remoteJid": format!("62813{n:06}@s.whatsapp.net"), "fromMe": false,
                        "id": format!("id-{n}")},
                    "message": {"conversation": "Halo"},
                })
            };
            let messages: Vec<Value> = (first..many.min(first + AT_ONCE)).map(message).collect();
            desk.done("POST", "/webhook/baileys", &json!({"messages": messages}), 200);
        }
    };
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(deliver);
        }
    });
}

/// Customers write one after the other until it is time to stop: how long each waited, the shortest first.
fn intake(desk: &Desk, stop: &AtomicBool) -> Vec<Duration> {
    let mut took = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let at = Instant::now();
        desk.customer(900_000 + took.len() as u32, 1, "Halo");
        took.push(at.elapsed());
    }
    took.sort_unstable();
    took
}

/// How far the rules have read the feed.
fn seen(desk: &Desk) -> u64 {
    let cursors = desk.read("/api/feed/cursors");
    let rules = cursors["cursors"].as_array().unwrap().iter().find(|one| one["name"] == "rules");
    rules.map_or(0, |rules| rules["seq"].as_u64().unwrap())
}

/// Whether the last run of a rule of time was on this ticket or a later one.
fn is_done(desk: &Desk, rules: &[Value], last: u64) -> bool {
    let done = |rule: &Value| {
        let runs = desk.read(&format!("/api/rules/{}/runs", rule["id"]));
        let last = format!("#{last}");
        runs["runs"].as_array().unwrap().iter().any(|run| run["ticket_number"] == last)
    };
    rules.iter().all(done)
}

/// What the feed told of each kind behind an event, in its order; of what is told of a promise, of which.
fn told(desk: &Desk, mut after: u64) -> BTreeMap<String, Vec<u64>> {
    let mut told: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    loop {
        let page = desk.read(&format!("/api/feed?after={after}&limit=100"));
        for event in page["events"].as_array().expect("events") {
            let of = event["sla_target"].as_str().map(|target| format!(" {target}"));
            let name = event["event"].as_str().unwrap().to_owned() + &of.unwrap_or_default();
            told.entry(name).or_default().extend(event["ticket"]["number"].as_u64());
        }
        if page["next"] == page["newest"] {
            return told;
        }
        after = page["next"].as_u64().unwrap();
    }
}

#[test]
fn what_fell_due_without_power_is_dealt_with_once_in_order_while_intake_goes_on() {
    let on =
        OF_TIME.iter().fold(QUIET.to_owned(), |all, key| all.replace(&format!("\"{key}\", "), ""));
    let Some((daemon, clock)) = crate::faketime::daemon(&on) else { return };
    let mut desk = Desk::open(daemon);
    let many = many();
    let began = Instant::now();
    write_all(&desk, many);
    let last = desk.customer(900_000 - 1, 1, "The last");
    let before = desk.read("/api/feed?after=0&limit=1")["newest"].as_u64().unwrap();
    let limit = Duration::from_secs(60 + u64::from(many) / 200);
    // All have their timers when the rules have seen the last of them.
    while seen(&desk) < before {
        assert!(began.elapsed() < limit * 2, "the rules have not seen them");
        thread::sleep(Duration::from_millis(100));
    }
    eprintln!("{many} tickets made in {:?}", began.elapsed());
    let rules: Vec<Value> = OF_TIME.iter().map(|key| desk.rule(key)).collect();
    desk.daemon.kill9();
    fs::write(&clock, "+7h").expect("a file");
    desk.daemon.restart();
    let path = format!("/api/rules/{}/runs", rules[0]["id"]);
    desk.until("some are dealt with", || desk.read(&path)["runs"] != json!([]));
    desk.daemon.kill9();
    desk.daemon.restart();

    let began = Instant::now();
    let stop = AtomicBool::new(false);
    let took = thread::scope(|scope| {
        let intake = scope.spawn(|| intake(&desk, &stop));
        while !is_done(&desk, &rules, last) && began.elapsed() < limit {
            thread::sleep(Duration::from_millis(200));
        }
        stop.store(true, Ordering::Relaxed);
        intake.join().expect("the intake")
    });
    let part = |percent: usize| took[(took.len() - 1) * percent / 100];
    eprintln!(
        "{many} tickets due, dealt with in {:?}; beside it {} messages, half of them within {:?}, 99 % within {:?}, all \
         within {:?}",
        began.elapsed(),
        took.len(),
        part(50),
        part(99),
        part(100)
    );
    let all: Vec<u64> = (last - u64::from(many)..=last).collect();
    let mut found = told(&desk, before);
    let end = Instant::now() + limit;
    // Of promises others tell.
    while found.get("ticket.sla.breached resolution").map_or(0, Vec::len) < all.len() {
        assert!(Instant::now() < end, "not every broken promise is told of");
        found = told(&desk, before);
    }
    for name in ["ticket.alert", "ticket.escalated"] {
        assert!(found[name].is_sorted(), "{name}: in the order in which they fell due");
        assert!(found[name] == all, "{name}: each once");
    }
    for name in ["ticket.sla.breached first_response", "ticket.sla.breached resolution"] {
        let of = found.get_mut(name).unwrap();
        of.sort_unstable();
        assert!(*of == all, "{name}: each once");
    }
    for rule in OF_TIME {
        assert_eq!(desk.rule(rule)["paused"], json!(null));
    }
    if many >= 50_000 {
        assert!(desk.daemon.log().contains("what fell due is being dealt with"), "progress");
    }
}
