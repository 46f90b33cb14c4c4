//! A box without a battery-backed clock: its wall clock jumps ten years forth and back while the daemon runs and over
//! restarts. Nothing that was acknowledged is lost, doubled or deleted early; order stays the order of arrival; every
//! jump is told.
//!
//! Needs libfaketime (Debian: `faketime`); where it is missing the test says that it is skipped.

mod faketime;
mod harness;

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use harness::{Daemon, Response};
use serde_json::{Value, json};

/// Housekeeping begins with the daemon; so long it has had to delete what it takes for old.
const HOUSEKEEPING: Duration = Duration::from_millis(700);

struct Desk {
    daemon: Daemon,
    clock: PathBuf,
    token: String,
    /// What was sent, and what was answered.
    messages: Vec<Vec<u8>>,
    call: Option<Vec<u8>>,
}

impl Desk {
    fn open() -> Option<Desk> {
        let (daemon, clock) = faketime::daemon("[clock]\nsynchronized_files = []\n")?;
        let token = daemon.token("admin");
        Some(Desk { daemon, clock, token, messages: Vec::new(), call: None })
    }

    fn set_clock(&self, to: &str) {
        fs::write(&self.clock, to).expect("a file");
    }

    fn ask(&self, method: &str, path: &str, key: Option<&str>, body: &Value) -> Response {
        let bearer = format!("Bearer {}", self.token);
        let mut headers = vec![("Authorization", bearer.as_str())];
        headers.extend(key.map(|key| ("Idempotency-Key", key)));
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.daemon.request(method, path, &headers, body.as_bytes())
    }

    fn post(&self, n: usize) -> Vec<u8> {
        let message = json!({
            "key": {"remoteJid": "6281200000001@s.whatsapp.net", "fromMe": false, "id": format!("id-{n}")},
            "messageTimestamp": 1_794_000_000 + n,
            "message": {"conversation": format!("message {n}")},
        });
        let answer = self.ask("POST", "/webhook/baileys", None, &message);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.body
    }

    /// Everything comes again and is answered as the first time; a new message joins the open ticket.
    fn goes_on(&mut self) {
        for (n, told) in self.messages.iter().enumerate() {
            assert_eq!(self.post(n), *told, "message {n} is known");
        }
        let call = json!({"session_id": "550e8400-e29b-41d4-a716-446655440000"});
        let opened = self.ask("POST", "/api/calls", Some("one-call"), &call);
        assert!(opened.status < 300, "{}", opened.text());
        assert_eq!(*self.call.get_or_insert_with(|| opened.body.clone()), opened.body);
        let next = self.messages.len();
        self.messages.push(self.post(next));
        let page =
            self.ask("GET", "/api/tickets/1002/timeline?limit=100", None, &Value::Null).json();
        let said: Vec<_> = page["entries"].as_array().expect("entries").iter().collect();
        let expected = (0..=next).map(|n| format!("message {n}"));
        assert!(said.iter().map(|e| e["body"].as_str().unwrap_or_default()).eq(expected), "{page}");
        let feed = self.ask("GET", "/api/feed?after=0&limit=1", None, &Value::Null);
        assert_eq!(feed.status, 200, "the feed is kept: {}", feed.text());
        let ready = self.daemon.request("GET", "/ready", &[], b"");
        assert_eq!(ready.status, 200, "{}", ready.text());
    }

    fn figure(&self, name: &str) -> u64 {
        let figures = self.ask("GET", "/metrics", None, &Value::Null).text();
        let line = figures.lines().find_map(|line| line.strip_prefix(name)).expect(name);
        line.trim().parse().expect("a figure")
    }

    /// The jumps that were told so far, and whether the clock is believed.
    fn is_told(&self, jumps: u64, trusted: bool) {
        assert_eq!(self.figure("frontdesk_clock_jumps "), jumps);
        assert_eq!(self.figure("frontdesk_clock_trusted "), u64::from(trusted));
        let status = self.daemon.cli(&["status", "--json"]).stdout;
        let clock = &serde_json::from_slice::<Value>(&status).expect("JSON")["clock"];
        assert_eq!(
            (&clock["jumps"], &clock["trusted"]),
            (&json!(jumps), &json!(trusted)),
            "{clock}"
        );
        let told = self.daemon.log().matches("the wall clock jumped").count() as u64;
        assert_eq!(told, jumps, "{}", self.daemon.log());
    }
}

#[test]
fn ten_years_forth_and_back_while_it_runs_lose_nothing_and_are_told() {
    let Some(mut desk) = Desk::open() else { return };
    desk.goes_on();
    desk.is_told(0, true);
    for (jumps, (to, trusted)) in (1..).zip([("+10y", false), ("-10y", false), ("+0", true)]) {
        desk.set_clock(to);
        desk.goes_on();
        desk.is_told(jumps, trusted);
    }
    desk.daemon.terminate();
}

#[test]
fn ten_years_forth_and_back_over_restarts_lose_nothing_and_are_told() {
    let Some(mut desk) = Desk::open() else { return };
    desk.goes_on();
    for (jumps, (to, trusted)) in (1..).zip([("+10y", false), ("-10y", false), ("+0", true)]) {
        if jumps == 2 {
            desk.daemon.kill9();
        } else {
            desk.daemon.terminate();
        }
        desk.set_clock(to);
        desk.daemon.restart();
        thread::sleep(HOUSEKEEPING);
        desk.goes_on();
        desk.is_told(jumps, trusted);
    }
    desk.daemon.terminate();
    desk.daemon.restart();
    desk.is_told(3, true);
    let verified = desk.daemon.cli(&["verify"]);
    assert!(String::from_utf8_lossy(&verified.stdout).contains("sound"));
}

/// What a page shows of a ticket's times, and of its promises.
fn times(ticket: &Value) -> Vec<(String, String)> {
    let mut times = Vec::new();
    let mut open = vec![(String::new(), ticket)];
    while let Some((name, value)) = open.pop() {
        match value {
            Value::Object(fields) => open.extend(fields.iter().map(|(k, v)| (k.clone(), v))),
            Value::Array(items) => open.extend(items.iter().map(|v| (name.clone(), v))),
            Value::String(text) if text.parse::<jiff::Timestamp>().is_ok() => {
                times.push((name, text.clone()));
            }
            _ => {}
        }
    }
    times
}

impl Desk {
    /// Waits until a page is as it should be.
    #[track_caller]
    fn until(&self, path: &str, good: impl Fn(&Value) -> bool) -> Value {
        let began = std::time::Instant::now();
        loop {
            let page = self.ask("GET", path, None, &Value::Null).json();
            if good(&page) {
                return page;
            }
            assert!(began.elapsed() < Duration::from_secs(30), "{path}: {page}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn ticket(&self, subject: &str) -> String {
        let body = json!({"subject": subject, "description": "Tolong", "priority": "urgent",
            "customer_email": "customer@example.com"});
        let made = self.ask("POST", "/api/tickets/create", None, &body);
        assert!(made.status < 300, "{}", made.text());
        let ticket = &made.json()["ticket"];
        ticket["ticket_id"].as_str().unwrap_or_else(|| panic!("{}", made.text())).to_owned()
    }

    fn comments(&self, ticket: &str, text: &str) {
        let path = format!("/api/tickets/{ticket}/comments");
        let body = json!({"body": text, "is_internal": true});
        assert_eq!(self.ask("POST", &path, None, &body).status, 201);
    }
}

/// S3.10 to S3.12 on a box without a battery for its clock: it begins fifty years ago, and the time is told later. What
/// was made meanwhile has the right dates then, and nothing of it was too late.
#[test]
fn tickets_made_by_a_clock_of_long_ago_have_their_right_dates_once_it_is_set() {
    for over_a_power_cut in [false, true] {
        let Some(mut desk) = Desk::open() else { return };
        let known = desk.ticket("Made in time");
        let known = format!("/api/tickets/{known}");
        let created = desk.ask("GET", &known, None, &Value::Null).json()["created_at"].clone();
        desk.daemon.terminate();
        desk.set_clock("-50y");
        desk.daemon.restart();
        let number = desk.ticket("Made by a wrong clock");
        desk.comments(&number, "seen");
        let made = format!("/api/tickets/{number}");
        let year = |moment: &Value| moment.as_str().expect("a time")[..4].parse::<i16>().unwrap();
        let by_wrong = desk.ask("GET", &made, None, &Value::Null).json();
        assert!(year(&by_wrong["created_at"]) < 2000, "{by_wrong}");
        desk.comments(&known[13..], "looked at meanwhile");

        if over_a_power_cut {
            desk.daemon.kill9();
            desk.set_clock("+0");
            desk.daemon.restart();
        } else {
            desk.set_clock("+0");
        }
        let right = desk.until(&made, |ticket| year(&ticket["created_at"]) > 2000);
        let of_known = desk.until(&known, |ticket| year(&ticket["updated_at"]) > 2000);
        assert_eq!(of_known["created_at"], created, "what was right stays");
        let now = jiff::Timestamp::now();
        let at: jiff::Timestamp = right["created_at"].as_str().unwrap().parse().expect("a time");
        let ago = now.duration_since(at).as_secs();
        assert!((0..300).contains(&ago), "it was made {ago} s ago: {right}");
        for page in [&made, &known] {
            for part in ["", "/sla", "/timeline?limit=100", "/activity"] {
                let answer = desk.ask("GET", &format!("{page}{part}"), None, &Value::Null);
                for (name, moment) in times(&answer.json()) {
                    assert!(moment[..4].parse::<i16>().unwrap() > 2000, "{part} {name}: {moment}");
                }
            }
            let ticket = desk.ask("GET", page, None, &Value::Null).json();
            assert!(!ticket.to_string().contains("breached_at\":\""), "{ticket}");
        }
        let feed = desk.ask("GET", "/api/feed?after=0&limit=100", None, &Value::Null).text();
        for never in ["ticket.sla.breached", "ticket.sla.warning", "ticket.alert"] {
            assert!(!feed.contains(never), "{never}: {feed}");
        }
        desk.daemon.terminate();
        let verified = desk.daemon.cli(&["verify"]);
        assert!(String::from_utf8_lossy(&verified.stdout).contains("sound"));
    }
}
