//! A disk of 64 MB that is filled to the last byte and has space again, through the real binary: writes are answered
//! 507 and nothing of them is kept, reads go on, a start works, writing works again by itself, and what was
//! acknowledged is there once.
//!
//! Needs a small file system of its own: as root on Linux it mounts one; elsewhere the test says that it is
//! skipped.

mod harness;
mod small_disk;

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use harness::{Daemon, Response};
use serde_json::{Value, json};
use small_disk::SmallDisk;

/// How soon writing must work again.
const PATIENCE: Duration = Duration::from_secs(5);
const CONFIG: &str = "[store]\ndisk_reserve = \"1 MiB\"\nballast = \"4 MiB\"\ncheckpoint_events = 200\n[log]\nlevel = \"info\"\n";

fn has_ballast(dir: &Path) -> bool {
    dir.join("ballast").metadata().is_ok_and(|file| file.len() == 4 << 20)
}

struct Desk {
    daemon: Daemon,
    token: String,
    acknowledged: Vec<(String, u64)>,
    /// What was refused and comes again.
    refused: Vec<usize>,
}

impl Desk {
    fn get(&self, path: &str) -> Response {
        let bearer = format!("Bearer {}", self.token);
        self.daemon.request("GET", path, &[("Authorization", &bearer)], b"")
    }

    fn post(&self, n: usize) -> Response {
        self.try_post(n).expect("an answer")
    }

    fn try_post(&self, n: usize) -> io::Result<Response> {
        let message = json!({
            "key": {"remoteJid": format!("62812{:07}@s.whatsapp.net", n % 7), "fromMe": false, "id": format!("id-{n}")},
            "messageTimestamp": 1_769_596_200 + n,
            "message": {"conversation": format!("message {n}")},
        });
        let bearer = format!("Bearer {}", self.token);
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        let body = message.to_string();
        self.daemon.try_request("POST", "/webhook/baileys", &headers, body.as_bytes())
    }

    /// Posts from several bridges at once while `meanwhile` goes on; gives the next free number.
    fn post_while(&mut self, from: usize, meanwhile: impl FnOnce()) -> usize {
        let (next, stop) = (AtomicUsize::new(from), AtomicBool::new(false));
        let desk = &*self;
        let answered: Vec<(usize, Response)> = thread::scope(|scope| {
            let bridges: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        let mut answered = Vec::new();
                        while !stop.load(Ordering::Relaxed) {
                            let n = next.fetch_add(1, Ordering::Relaxed);
                            answered.push((n, desk.post(n)));
                            // So that what is kept stays small beside the disk.
                            thread::sleep(Duration::from_millis(4));
                        }
                        answered
                    })
                })
                .collect();
            meanwhile();
            stop.store(true, Ordering::Relaxed);
            bridges.into_iter().flat_map(|bridge| bridge.join().expect("a bridge")).collect()
        });
        for (n, answer) in answered {
            match answer.status {
                200 => self.acknowledge(n, &answer),
                // What was not taken comes again, as bridges do.
                503 | 507 => self.refused.push(n),
                _ => panic!("{}", answer.text()),
            }
        }
        next.into_inner()
    }

    fn ready(&self) -> Response {
        self.daemon.request("GET", "/ready", &[], b"")
    }

    /// Writing is refused and told why; reading goes on; what was acknowledged is there.
    fn is_read_only(&self, n: usize) {
        for n in n..n + 3 {
            let refused = self.post(n);
            assert_eq!(refused.status, 507, "{}", refused.text());
            assert_eq!(refused.header("content-type"), Some("application/problem+json"));
            let why = refused.text();
            assert!(
                why.contains("the disk is full") && why.contains("MiB of it are free"),
                "{why}"
            );
        }
        let ready = self.ready();
        assert_eq!(ready.status, 503, "{}", ready.text());
        assert!(ready.text().contains("the disk is full"), "{}", ready.text());
        assert_eq!(self.daemon.request("GET", "/health", &[], b"").status, 200);
        assert_eq!(self.get("/api/tickets/queue").status, 200, "reads go on");
        let figures = self.get("/metrics").text();
        let figure = |name: &str| {
            let line = figures.lines().find_map(|line| line.strip_prefix(name)).expect(name);
            line.trim().parse::<u64>().expect("a figure")
        };
        assert!(figure("frontdesk_disk_free_bytes ") < figure("frontdesk_disk_needed_bytes "));
        let status = self.daemon.cli(&["status"]);
        let told = String::from_utf8_lossy(&status.stdout).into_owned();
        assert!(status.status.code() == Some(1) && told.contains("FULL"), "{told}");
        self.check();
    }

    /// Nobody asks for anything, and yet the daemon is ready again.
    fn recovers(&mut self) {
        let freed = Instant::now();
        while !self.log_says_writable() {
            assert!(freed.elapsed() < PATIENCE, "there is space, and yet: {}", self.ready().text());
            thread::sleep(Duration::from_millis(20));
        }
        println!("writing works again after {:.0?}", freed.elapsed());
        assert_eq!(self.ready().status, 200);
        for n in std::mem::take(&mut self.refused) {
            let answer = self.post(n);
            self.acknowledge(n, &answer);
        }
    }

    /// As many times as it was told that the store cannot be written, it was told that it can.
    fn log_says_writable(&self) -> bool {
        let log = self.daemon.log();
        let since = log.rfind("cannot be written").unwrap_or(0);
        log[since..].contains("can be written again")
    }

    fn acknowledge(&mut self, n: usize, answer: &Response) {
        assert_eq!(answer.status, 200, "{}", answer.text());
        let ticket = answer.json()["messages"][0]["ticket"].as_u64().expect("a ticket");
        self.acknowledged.push((format!("message {n}"), ticket));
    }

    /// Everything that was acknowledged is in its ticket, once, and nothing else is.
    fn check(&self) {
        let mut tickets: Vec<u64> = self.acknowledged.iter().map(|(_, ticket)| *ticket).collect();
        tickets.sort_unstable();
        tickets.dedup();
        let mut there: Vec<(String, u64)> =
            tickets.into_iter().flat_map(|ticket| self.said(ticket)).collect();
        there.sort();
        let mut expected = self.acknowledged.clone();
        expected.sort();
        assert_eq!(there, expected);
    }

    fn said(&self, ticket: u64) -> Vec<(String, u64)> {
        let (mut said, mut after) = (Vec::new(), Value::from(0));
        while after.is_u64() {
            let page = self.get(&format!("/api/tickets/{ticket}/timeline?limit=100&after={after}"));
            assert_eq!(page.status, 200, "{}", page.text());
            let page = page.json();
            let entries = page["entries"].as_array().expect("entries").iter();
            said.extend(entries.map(|e| (e["body"].as_str().expect("a text").to_owned(), ticket)));
            after = page["next"].clone();
        }
        said
    }
}

/// A daemon whose directory is a disk of its own; none where that cannot be made.
fn desk() -> Option<(Desk, SmallDisk)> {
    let mut daemon = Daemon::with_config(CONFIG);
    daemon.terminate();
    let disk = SmallDisk::mount(&daemon.data_dir())?;
    daemon.restart();
    let token = daemon.token("admin");
    Some((Desk { daemon, token, acknowledged: Vec::new(), refused: Vec::new() }, disk))
}

#[test]
fn a_disk_filled_under_load_refuses_writes_and_goes_on_by_itself_once_there_is_space() {
    let Some((mut desk, disk)) = desk() else { return };
    let dir = desk.daemon.data_dir();
    let mut next = 0;
    for round in 0..4 {
        next = desk.post_while(next, || {
            thread::sleep(Duration::from_millis(300));
            assert!(has_ballast(&dir));
            disk.fill();
            thread::sleep(Duration::from_millis(300));
            disk.fill();
        });
        assert!(!desk.refused.is_empty(), "the disk is full");
        desk.is_read_only(next);
        if round == 2 {
            desk.daemon.kill9();
            disk.free();
            desk.daemon.restart();
            desk.check();
            assert_eq!(desk.ready().status, 200);
        } else {
            disk.free();
            desk.recovers();
        }
        assert!(has_ballast(&dir), "it is made again");
    }
    desk.check();
    desk.daemon.kill9();
    desk.daemon.restart();
    desk.check();
    let verified = desk.daemon.cli(&["verify"]);
    assert!(String::from_utf8_lossy(&verified.stdout).contains("sound"));
    desk.daemon.terminate();
}

#[test]
fn a_daemon_killed_on_a_full_disk_starts_to_be_read_and_writes_once_there_is_space() {
    let Some((mut desk, disk)) = desk() else { return };
    let dir = desk.daemon.data_dir();
    let mut next = 0;
    for _ in 0..4 {
        next = desk.post_while(next, || {
            thread::sleep(Duration::from_millis(300));
            disk.fill();
        });
        desk.daemon.kill9();
        // Whatever was given up meanwhile somebody else has taken.
        disk.fill();
        desk.daemon.restart();
        desk.is_read_only(next);
        // And again, without a ballast now.
        desk.daemon.kill9();
        disk.fill();
        desk.daemon.restart();
        desk.is_read_only(next);
        let compacted = desk.daemon.cli(&["compact"]);
        let why = String::from_utf8_lossy(&compacted.stderr).into_owned();
        assert!(!compacted.status.success() && why.contains("the disk is full"), "{why}");
        disk.free();
        desk.recovers();
        assert!(has_ballast(&dir), "it is made again");
        assert!(desk.daemon.cli(&["compact"]).status.success());
        desk.check();
    }
    desk.daemon.terminate();
}
