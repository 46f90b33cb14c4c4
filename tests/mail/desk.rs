//! A desk that answers by mail: an agent, a mail server that posts what comes, and a sink for what goes out.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Daemon, Response};
use crate::sink::{Does, Mail, Sink};

pub const SUPPORT: &str = "support@desk.example";

pub struct Desk {
    pub daemon: Daemon,
    pub sink: Sink,
    door: String,
    admin: String,
    ana: String,
}

impl Desk {
    pub fn open(more: &str) -> Desk {
        Desk::with(|_, _| Does::Takes, more)
    }

    pub fn with(does: impl Fn(&Mail, usize) -> Does + Send + Sync + 'static, more: &str) -> Desk {
        let sink = Sink::start(does);
        Desk::on(sink, more)
    }

    /// With `[mail]` and its SMTP server configured, and this more: lines that begin with a key of `[mail]` first.
    pub fn on(sink: Sink, more: &str) -> Desk {
        Desk::over(sink, "tls = \"none\"\n", more)
    }

    /// The same with these lines in `[mail.smtp]`.
    pub fn over(sink: Sink, smtp: &str, more: &str) -> Desk {
        let (of_mail, sections) = more.split_at(more.find('[').unwrap_or(more.len()));
        let config = format!(
            "[mail]\nfrom = \"Toko <{SUPPORT}>\"\nretry_first = \"50ms\"\nretry_longest = \"200ms\"\n{of_mail}\n\
             [mail.smtp]\nhost = \"127.0.0.1\"\nport = {}\n{smtp}timeout = \"5s\"\n{sections}",
            sink.port
        );
        let daemon = Daemon::with_config(&config);
        let (door, admin) = (daemon.token("ingest"), daemon.token("admin"));
        let ana = daemon.token_named("Ana", "agent");
        Desk { daemon, sink, door, admin, ana }
    }

    pub fn call(&self, token: &str, method: &str, path: &str, body: &Value) -> Response {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![("Authorization", bearer.as_str())];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        if !body.is_empty() {
            headers.push(("Content-Type", "application/json"));
        }
        self.daemon.request(method, path, &headers, body.as_bytes())
    }

    pub fn ana(&self, method: &str, path: &str, body: &Value) -> Response {
        self.call(&self.ana, method, path, body)
    }

    #[track_caller]
    pub fn read(&self, path: &str) -> Value {
        let answer = self.call(&self.admin, "GET", path, &Value::Null);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    /// A mail server delivers a mail, with `\n` for ends of lines; gives what became of it, and its ticket.
    #[track_caller]
    pub fn deliver(&self, mail: &str) -> (String, Option<u64>) {
        let answer = self.post(mail);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let answer = answer.json();
        (answer["status"].as_str().expect("a status").to_owned(), answer["ticket"].as_u64())
    }

    pub fn post(&self, mail: &str) -> Response {
        let bearer = format!("Bearer {}", self.door);
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "message/rfc822")];
        let raw = mail.replace("\r\n", "\n").replace('\n', "\r\n");
        self.daemon.request("POST", "/webhook/email", &headers, raw.as_bytes())
    }

    /// The ticket that this mail opens.
    #[track_caller]
    pub fn opens(&self, mail: &str) -> u64 {
        let (became, ticket) = self.deliver(mail);
        assert_eq!(became, "ticket");
        ticket.expect("a ticket")
    }

    /// Ana answers in public; gives the comment's id.
    #[track_caller]
    pub fn reply(&self, ticket: u64, text: &str) -> u64 {
        let body = json!({"body": text, "is_internal": false});
        let answer = self.ana("POST", &format!("/api/tickets/{ticket}/comments"), &body);
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["id"].as_u64().expect("an id")
    }

    pub fn timeline(&self, ticket: u64) -> Vec<Value> {
        let page = self.read(&format!("/api/tickets/{ticket}/timeline?limit=100"));
        page["entries"].as_array().expect("entries").clone()
    }

    /// Speaker, kind and words of what was said.
    pub fn said(&self, ticket: u64) -> Vec<(String, String, String)> {
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let entries = self.timeline(ticket).into_iter();
        entries.map(|e| (word(&e["speaker"]), word(&e["kind"]), word(&e["body"]))).collect()
    }

    /// Words of the customer's messages.
    pub fn heard(&self, ticket: u64) -> Vec<String> {
        let said = self.said(ticket).into_iter();
        said.filter(|(who, kind, _)| who == "user" && kind == "message").map(|s| s.2).collect()
    }

    pub fn status(&self, ticket: u64) -> String {
        let ticket = self.read(&format!("/api/tickets/{ticket}"));
        ticket["status"].as_str().expect("a status").to_owned()
    }

    #[track_caller]
    pub fn moved(&self, ticket: u64, to: &str) {
        let answer = self.ana("POST", &format!("/api/tickets/{ticket}/{to}"), &json!({}));
        assert!(answer.status < 300, "{}", answer.text());
    }

    /// Waits until the delivery of an entry is in this state; gives it.
    #[track_caller]
    pub fn until(&self, ticket: u64, entry: u64, state: &str) -> Value {
        let began = Instant::now();
        loop {
            let found = self.timeline(ticket).into_iter().find(|e| e["id"] == entry);
            let delivery = found.map(|entry| entry["delivery"].clone()).unwrap_or_default();
            if delivery["state"] == state {
                return delivery;
            }
            assert!(began.elapsed() < Duration::from_secs(30), "not {state}: {delivery}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn total(&self) -> u64 {
        self.read("/api/tickets?limit=1")["pagination"]["total"].as_u64().expect("a total")
    }

    /// Checks the store, with the daemon down.
    pub fn verify(&mut self) {
        self.daemon.terminate();
        let checked = self.daemon.cli(&["verify"]);
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
        self.daemon.restart();
    }
}

/// A mail from Budi, with these headers more.
pub fn mail(id: &str, more: &str, subject: &str, text: &str) -> String {
    format!(
        "From: Budi Santoso <budi@example.com>\nTo: {SUPPORT}\nSubject: {subject}\n\
         Date: Fri, 20 Nov 2026 10:00:00 +0700\nMessage-ID: <{id}>\n{more}\
         Content-Type: text/plain; charset=utf-8\n\n{text}\n"
    )
}
