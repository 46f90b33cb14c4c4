//! `frontdesk compact` through the real binary: work goes on, nothing acknowledged is lost, and a daemon that is killed
//! at any moment of it starts again with everything.
//!
//! `FRONTDESK_COMPACTIONS=50` sets the number of kills, `FRONTDESK_SEED=…` their moments.

mod harness;

use std::io;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use frontdesk::store::sim::Random;
use harness::Daemon;
use serde_json::{Value, json};

const CONFIG: &str = "[store]\ncheckpoint_events = 500\n[log]\nlevel = \"warn\"\n";

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

struct Desk {
    daemon: Daemon,
    token: String,
    acknowledged: Vec<usize>,
    next: usize,
}

impl Desk {
    fn open() -> Desk {
        let daemon = Daemon::with_config(CONFIG);
        let token = daemon.token("admin");
        Desk { daemon, token, acknowledged: Vec::new(), next: 0 }
    }

    fn try_post(&self, n: usize) -> io::Result<bool> {
        let message = json!({
            "key": {"remoteJid": format!("62812{:07}@s.whatsapp.net", n % 50), "fromMe": false, "id": format!("id-{n}")},
            "messageTimestamp": 1_769_596_200 + n,
            "message": {"conversation": format!("message {n} {}", "and so on ".repeat(60))},
        });
        let bearer = format!("Bearer {}", self.token);
        let headers = [("Authorization", bearer.as_str())];
        let body = message.to_string();
        let answer =
            self.daemon.try_request("POST", "/webhook/baileys", &headers, body.as_bytes())?;
        assert!(matches!(answer.status, 200 | 503), "{}", answer.text());
        Ok(answer.status == 200)
    }

    fn post(&mut self, messages: usize) {
        for n in self.next..self.next + messages {
            assert!(self.try_post(n).expect("an answer"));
            self.acknowledged.push(n);
        }
        self.next += messages;
    }

    /// Posts until the daemon is gone or `stop` is set.
    fn post_until(&mut self, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            let n = self.next;
            self.next += 1;
            match self.try_post(n) {
                Ok(true) => self.acknowledged.push(n),
                Ok(false) => {}
                Err(_) => return,
            }
        }
    }

    /// What was acknowledged is there, once.
    fn check(&self) {
        let mut there = Vec::new();
        for ticket in 1001..1051 {
            let mut after = Value::from(0);
            while after.is_u64() {
                let path = format!("/api/tickets/{ticket}/timeline?limit=100&after={after}");
                let bearer = format!("Bearer {}", self.token);
                let page =
                    self.daemon.request("GET", &path, &[("Authorization", &bearer)], b"").json();
                let entries = page["entries"].as_array().cloned().unwrap_or_default();
                let number =
                    |e: &Value| e["body"].as_str()?.split(' ').nth(1)?.parse::<usize>().ok();
                there.extend(entries.iter().filter_map(number));
                after = page["next"].clone();
            }
        }
        there.sort_unstable();
        let mut once = there.clone();
        once.dedup();
        assert_eq!(there, once, "nothing is there twice");
        let lost: Vec<&usize> =
            self.acknowledged.iter().filter(|n| there.binary_search(n).is_err()).collect();
        assert!(lost.is_empty(), "{lost:?}");
    }

    /// The subcommand, on its own.
    fn compact(&self) -> Command {
        let mut command = harness::frontdesk();
        command.arg("compact").arg("--data-dir").arg(self.daemon.data_dir());
        command.arg("--config").arg(self.daemon.config_file());
        command
    }
}

#[test]
fn a_daemon_killed_while_it_compacts_starts_again_with_everything() {
    let rounds = number("FRONTDESK_COMPACTIONS", 6);
    let mut random = Random::new(number("FRONTDESK_SEED", u64::from(std::process::id())));
    let mut desk = Desk::open();
    desk.post(400);
    let (mut unfinished, mut finished) = (0, 0);
    for _ in 0..rounds {
        let stop = AtomicBool::new(false);
        let alive = Duration::from_millis(5 + random.below(250));
        let compact = desk.compact().output_while(|| {
            thread::scope(|scope| {
                let stop = &stop;
                scope.spawn(move || {
                    thread::sleep(alive);
                    stop.store(true, Ordering::Relaxed);
                });
                desk.post_until(stop);
            });
            desk.daemon.kill9();
        });
        unfinished += u64::from(desk.daemon.data_dir().join("store.redb.new").exists());
        finished += u64::from(compact);
        desk.daemon.restart();
        assert!(!desk.daemon.data_dir().join("store.redb.new").exists());
    }
    desk.check();
    println!("{rounds} kills: {unfinished} left a copy behind, {finished} compactions were told");
    assert!(unfinished + finished > 0, "no kill came while it compacted");
    let verified = desk.daemon.cli(&["verify"]);
    assert!(String::from_utf8_lossy(&verified.stdout).contains("sound"));
    desk.daemon.terminate();
    let verified = desk.daemon.cli(&["verify"]);
    assert!(String::from_utf8_lossy(&verified.stdout).contains("sound"));
}

trait OutputWhile {
    /// Runs it beside `work`; whether it succeeded.
    fn output_while(&mut self, work: impl FnOnce()) -> bool;
}

impl OutputWhile for Command {
    fn output_while(&mut self, work: impl FnOnce()) -> bool {
        let child = self.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let child = child.spawn().expect("it starts");
        work();
        child.wait_with_output().expect("it ends").status.success()
    }
}

#[test]
fn work_goes_on_while_the_store_is_compacted() {
    let mut desk = Desk::open();
    desk.post(200);
    for _ in 0..3 {
        let mut compact = desk.compact();
        let stop = AtomicBool::new(false);
        let done = thread::scope(|scope| {
            let stop = &stop;
            let compacted = scope.spawn(move || {
                let done = compact.output().expect("it runs");
                stop.store(true, Ordering::Relaxed);
                done
            });
            desk.post_until(stop);
            compacted.join().expect("it ends")
        });
        let told = String::from_utf8_lossy(&done.stdout).into_owned();
        assert!(done.status.success() && told.contains("MiB after"), "{told} {:?}", done.stderr);
        desk.check();
    }
    let taken = desk.next;
    assert_eq!(desk.acknowledged.len(), taken, "nothing was refused");
    desk.daemon.terminate();
    assert!(desk.compact().output().expect("it runs").status.success(), "without a daemon too");
    desk.daemon.restart();
    desk.check();
}
