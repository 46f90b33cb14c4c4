//! The daemon is killed in the middle of its work, again and again, on the same directory: relays stream calls,
//! bridges post messages, agents claim, a back office writes with `Idempotency-Key` and another reads the feed.
//! Each of them sends again what was not acknowledged, as their makers promise.
//!
//! What always holds: whatever was acknowledged is there once; nothing is there twice; an answer given again is
//! the same to the byte; the feed is read without a gap, and what was read stays so; counters are a recount.
//!
//! `FRONTDESK_CRASH_ROUNDS=100` sets the number of kills, `FRONTDESK_SEED=…` their moments, `FRONTDESK_CRASH_LIFE=5000` how
//! many milliseconds the daemon lives at most between them: an emulated machine does little in a second.

#[path = "crash/agent.rs"]
mod agent;
#[path = "crash/bridge.rs"]
mod bridge;
#[path = "crash/ledger.rs"]
mod ledger;
#[path = "crash/reader.rs"]
mod reader;
#[path = "crash/recount.rs"]
mod recount;
#[path = "crash/relay.rs"]
mod relay;

mod harness;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use frontdesk::store::sim::Random;
use serde_json::Value;

use harness::{Daemon, Response};
use recount::Recount;

const CONFIG: &str = "
[calls]
resume_grace = \"10m\"
[store]
checkpoint_events = 500
checkpoint_bytes = \"1 MiB\"
[log]
level = \"warn\"
# Nobody listens there: replies wait.
[[whatsapp.bridges]]
instance = \"bridge-0\"
kind = \"baileys\"
url = \"http://127.0.0.1:9\"
";

/// The machine at the other end of a connection; it outlives the daemon, and remembers what it was told.
trait Machine: Send {
    /// Works until the daemon is gone or `stop` is set; whatever is under way then is sent again next time.
    fn work(&mut self, address: &str, stop: &AtomicBool) -> io::Result<()>;
    /// Sends what was not acknowledged, and ends what it has begun.
    fn finish(&mut self, address: &str) -> io::Result<()>;
    /// Compares what it was told with what is there; gives how many acknowledgements it has.
    fn check(&self, there: &Recount<'_>) -> u64;
}

/// One request of a machine; an error unless the whole answer came.
fn ask(
    address: &str,
    token: &str,
    (method, path): (&str, &str),
    key: Option<&str>,
    body: &Value,
) -> io::Result<Response> {
    let bearer = format!("Bearer {token}");
    let mut headers = vec![("Authorization", bearer.as_str())];
    headers.extend(key.map(|key| ("Idempotency-Key", key)));
    let body = if body.is_null() { String::new() } else { body.to_string() };
    if !body.is_empty() {
        headers.push(("Content-Type", "application/json"));
    }
    harness::http::request(address, method, path, &headers, body.as_bytes())
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn nothing_acknowledged_is_lost_or_doubled_however_often_the_daemon_is_killed() {
    let rounds = number("FRONTDESK_CRASH_ROUNDS", 8);
    let life = number("FRONTDESK_CRASH_LIFE", 1000);
    let mut random = Random::new(number("FRONTDESK_SEED", u64::from(std::process::id())));
    let mut daemon = Daemon::with_config(CONFIG);
    let mut machines = machines(&daemon, &mut random);
    let supervisor = daemon.token("admin");
    let began = Instant::now();
    let mut starting = Duration::ZERO;
    for round in 1..=rounds {
        let alive = Duration::from_millis(20 + random.below(life));
        let (address, stop) = (daemon.address().to_owned(), AtomicBool::new(false));
        std::thread::scope(|scope| {
            for machine in &mut machines {
                let (address, stop) = (&address, &stop);
                // The daemon dies under them: that is the point.
                scope.spawn(move || drop(machine.work(address, stop)));
            }
            std::thread::sleep(alive);
            daemon.kill9();
            stop.store(true, Ordering::Relaxed);
        });
        let down = Instant::now();
        daemon.restart();
        starting += down.elapsed();
        if round % 20 == 0 {
            check(&daemon, &supervisor, &machines);
        }
    }
    for machine in &mut machines {
        machine.finish(daemon.address()).expect("a daemon that lives answers");
    }
    let acknowledged = check(&daemon, &supervisor, &machines);
    let there = Recount::take(&daemon, &supervisor);
    println!(
        "{rounds} kills in {:.0?}, {:.0?} to start: {acknowledged} acknowledged, {} tickets, {} entries",
        began.elapsed(),
        starting / u32::try_from(rounds).unwrap_or(1),
        there.tickets.len(),
        there.entries(),
    );
    assert!(acknowledged > 10 * rounds, "the machines did next to nothing");
    drop(there);
    sound(&daemon);
    daemon.terminate();
    sound(&daemon);
}

fn machines(daemon: &Daemon, random: &mut Random) -> Vec<Box<dyn Machine>> {
    let ingest = daemon.token("ingest");
    let mut machines: Vec<Box<dyn Machine>> = Vec::new();
    for n in 0..3 {
        machines.push(Box::new(relay::Relay::new(n, &ingest, random.number())));
        machines.push(Box::new(bridge::Bridge::new(n, &ingest, random.number())));
        let name = format!("Agent {n}");
        let token = daemon.token_named(&name, "agent");
        machines.push(Box::new(agent::Agent::new(&name, &token, random.number())));
    }
    let (writes, reads) = (daemon.token_named("ledger", "ingest,read"), daemon.token("read"));
    machines.push(Box::new(ledger::Ledger::new(&writes, random.number())));
    machines.push(Box::new(reader::Reader::new(&reads)));
    machines
}

/// Whether everything is there; gives the number of acknowledgements.
fn check(daemon: &Daemon, supervisor: &str, machines: &[Box<dyn Machine>]) -> u64 {
    let there = Recount::take(daemon, supervisor);
    there.counters_are_a_recount(daemon, supervisor);
    machines.iter().map(|machine| machine.check(&there)).sum()
}

fn sound(daemon: &Daemon) {
    let verified = daemon.cli(&["verify"]);
    let told = String::from_utf8_lossy(&verified.stdout).into_owned();
    assert!(verified.status.success() && told.contains("sound"), "{told}");
}
