//! A disk that is full and has space again, through the real binary: writes are answered 507 and nothing of
//! them is kept, reads go on, writing works again by itself, and what was acknowledged is there once.
//!
//! Needs a small file system of its own: as root on Linux it mounts one; elsewhere the test says that it is
//! skipped.

mod harness;

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use harness::{Daemon, Response};
use serde_json::{Value, json};

/// How soon writing must work again.
const PATIENCE: Duration = Duration::from_secs(5);
const CONFIG: &str =
    "[store]\ndisk_reserve = \"1 MiB\"\ncheckpoint_events = 200\n[log]\nlevel = \"warn\"\n";

/// A file system of 80 MiB at the daemon's directory, gone with the test.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path) -> Option<SmallDisk> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=80m,mode=0700", "tmpfs"]).arg(at);
        match mount.output() {
            Ok(done) if done.status.success() => Some(SmallDisk(at.to_owned())),
            Ok(done) => {
                let why = String::from_utf8_lossy(&done.stderr).trim().to_owned();
                eprintln!("skipped: a small file system cannot be mounted here: {why}");
                None
            }
            Err(why) => {
                eprintln!("skipped: there is no `mount`: {why}");
                None
            }
        }
    }

    fn ballast(&self) -> PathBuf {
        self.0.join("ballast")
    }

    /// Leaves not a byte.
    fn fill(&self) {
        let mut ballast = File::create(self.ballast()).expect("a file");
        let zeros = vec![0; 64 * 1024];
        while ballast.write(&zeros).is_ok_and(|written| written > 0) {}
    }

    fn free(&self) {
        std::fs::remove_file(self.ballast()).expect("the ballast goes");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

struct Desk {
    daemon: Daemon,
    token: String,
    acknowledged: Vec<(String, u64)>,
}

impl Desk {
    fn get(&self, path: &str) -> Response {
        let bearer = format!("Bearer {}", self.token);
        self.daemon.request("GET", path, &[("Authorization", &bearer)], b"")
    }

    fn post(&self, n: usize) -> Response {
        let message = json!({
            "key": {"remoteJid": format!("62812{:07}@s.whatsapp.net", n % 7), "fromMe": false, "id": format!("id-{n}")},
            "messageTimestamp": 1_769_596_200 + n,
            "message": {"conversation": format!("message {n}")},
        });
        let bearer = format!("Bearer {}", self.token);
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        self.daemon.request("POST", "/webhook/baileys", &headers, message.to_string().as_bytes())
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

#[test]
fn a_full_disk_refuses_writes_and_goes_on_by_itself_once_there_is_space() {
    let mut daemon = Daemon::with_config(CONFIG);
    daemon.terminate();
    let Some(disk) = SmallDisk::mount(&daemon.data_dir()) else { return };
    daemon.restart();
    let token = daemon.token("admin");
    let mut desk = Desk { daemon, token, acknowledged: Vec::new() };
    let mut next = 0;
    for round in 0..4 {
        for _ in 0..40 {
            let answer = desk.post(next);
            desk.acknowledge(next, &answer);
            next += 1;
        }
        disk.fill();
        for n in next..next + 3 {
            let refused = desk.post(n);
            assert_eq!(refused.status, 507, "{}", refused.text());
            assert_eq!(refused.header("content-type"), Some("application/problem+json"));
            assert!(refused.text().contains("the disk is full"), "{}", refused.text());
        }
        let ready = desk.daemon.request("GET", "/ready", &[], b"");
        assert_eq!(ready.status, 503, "{}", ready.text());
        assert_eq!(desk.daemon.request("GET", "/health", &[], b"").status, 200);
        assert_eq!(desk.get("/api/tickets/queue").status, 200, "reads go on");
        desk.check();
        let dies = round == 2;
        if dies {
            desk.daemon.kill9();
        }
        disk.free();
        if dies {
            desk.daemon.restart();
            desk.check();
        }
        let freed = Instant::now();
        let answer = loop {
            let answer = desk.post(next);
            if answer.status == 200 {
                break answer;
            }
            assert!(freed.elapsed() < PATIENCE, "there is space, and yet: {}", answer.text());
            std::thread::sleep(Duration::from_millis(50));
        };
        println!("writing works again after {:.0?}", freed.elapsed());
        desk.acknowledge(next, &answer);
        next += 1;
        assert_eq!(desk.daemon.request("GET", "/ready", &[], b"").status, 200);
    }
    desk.check();
    desk.daemon.kill9();
    desk.daemon.restart();
    desk.check();
    let verified = desk.daemon.cli(&["verify"]);
    assert!(String::from_utf8_lossy(&verified.stdout).contains("sound"));
    desk.daemon.terminate();
}
