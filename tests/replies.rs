//! The way back to the customer (S3.32, S4.18): agents' comments, the outbox, the six bridges, echoes, receipts, and
//! who answers, bot or human.

#[path = "replies/answering.rs"]
mod answering;
mod bridge;
#[path = "replies/comments.rs"]
mod comments;
#[path = "replies/drivers.rs"]
mod drivers;
#[path = "replies/echo.rs"]
mod echo;
#[path = "replies/fake.rs"]
mod fake;
mod harness;
#[path = "replies/kills.rs"]
mod kills;
#[path = "replies/receipts.rs"]
mod receipts;
#[path = "replies/retries.rs"]
mod retries;

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use bridge::{Desk, message, phone, rows};
use fake::{Does, Fake, Seen};
use harness::Response;

/// A contact centre with an agent, Ana, and a bridge for her replies.
pub struct Centre {
    pub desk: Desk,
    pub fake: Fake,
    ana: String,
}

/// What a bridge built on Baileys answers.
fn taken(seen: &Seen, before: usize) -> Does {
    let to = seen.body["jid"].clone();
    Does::Answers(
        200,
        json!({"key": {"remoteJid": to, "fromMe": true, "id": format!("WA{before}")}}),
    )
}

impl Centre {
    /// With a bridge for the chats of session `default` that takes everything, and this more of a configuration.
    pub fn open(more: &str) -> Centre {
        Centre::with(taken, more)
    }

    pub fn with(does: impl Fn(&Seen, usize) -> Does + Send + Sync + 'static, more: &str) -> Centre {
        let fake = Fake::start(does);
        let bridge = format!(
            "[[whatsapp.bridges]]\ninstance = \"default\"\nkind = \"baileys\"\nurl = \"{}/send\"\ntoken = \"t0ken\"\ntimeout = \"400ms\"\n",
            fake.url
        );
        let retries = "[whatsapp]\nretry_first = \"50ms\"\nretry_longest = \"200ms\"\n";
        let more =
            if more.contains("[whatsapp]") { more.to_owned() } else { format!("{retries}{more}") };
        let desk = Desk::open(&format!("{more}\n{bridge}"));
        let ana = desk.daemon.token_named("Ana", "agent");
        Centre { desk, fake, ana }
    }

    /// A customer who has written; gives the ticket.
    pub fn customer(&self, number: &str) -> u64 {
        let id = format!("IN-{number}");
        self.desk.ticket_of(&message(&phone(number), &id, 0, "Halo, ada orang?"))
    }

    /// One call of the API by Ana.
    pub fn ana(&self, method: &str, path: &str, body: &Value) -> Response {
        self.ana_with(method, path, &[], body)
    }

    pub fn ana_with(
        &self,
        method: &str,
        path: &str,
        more: &[(&str, &str)],
        body: &Value,
    ) -> Response {
        let bearer = format!("Bearer {}", self.ana);
        let mut headers = vec![("Authorization", bearer.as_str())];
        headers.extend(more);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        if !body.is_empty() {
            headers.push(("Content-Type", "application/json"));
        }
        self.desk.daemon.request(method, path, &headers, body.as_bytes())
    }

    /// Ana answers in public; gives the comment's id.
    #[track_caller]
    pub fn reply(&self, ticket: u64, text: &str) -> u64 {
        let path = format!("/api/tickets/{ticket}/comments");
        let answer = self.ana("POST", &path, &json!({"body": text, "is_internal": false}));
        assert_eq!(answer.status, 201, "{}", answer.text());
        let comment = answer.json();
        assert_eq!(comment["delivery"]["state"], "queued", "{comment}");
        comment["id"].as_u64().expect("an id")
    }

    pub fn comment(&self, ticket: u64, id: u64) -> Value {
        let page = self.desk.read(&format!("/api/tickets/{ticket}/comments?limit=100"));
        let found = rows(&page, "comments").into_iter().find(|comment| comment["id"] == id);
        found.unwrap_or_else(|| panic!("no comment {id} in {page}"))
    }

    /// Waits until a comment's delivery is in this state; gives the delivery.
    #[track_caller]
    pub fn until(&self, ticket: u64, id: u64, state: &str) -> Value {
        let began = Instant::now();
        loop {
            let delivery = self.comment(ticket, id)["delivery"].take();
            if delivery["state"] == state {
                return delivery;
            }
            assert!(began.elapsed() < Duration::from_secs(20), "not {state}: {delivery}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// The bridge delivers our own message, as it does with all that it sends.
    pub fn echo(&self, number: &str, id: &str, text: &str) -> Value {
        let mut ours = message(&phone(number), id, 60, text);
        ours["key"]["fromMe"] = json!(true);
        ours["pushName"] = json!("Toko Makmur");
        self.desk.deliver(&ours).remove(0)
    }

    /// Speaker and words of a ticket's messages.
    pub fn said(&self, ticket: u64) -> Vec<(String, String)> {
        let page = self.desk.read(&format!("/api/tickets/{ticket}/timeline?limit=100"));
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let entries = rows(&page, "entries").into_iter();
        entries.map(|entry| (text(&entry["speaker"]), text(&entry["body"]))).collect()
    }

    pub fn metrics(&self) -> String {
        let bearer = format!("Bearer {}", self.desk.daemon.token("read"));
        let headers = [("Authorization", bearer.as_str())];
        self.desk.daemon.request("GET", "/metrics", &headers, b"").text()
    }
}

pub fn turn(speaker: &str, words: &str) -> (String, String) {
    (speaker.to_owned(), words.to_owned())
}
