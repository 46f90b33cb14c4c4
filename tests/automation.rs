//! Presence, assignment, escalation and rules from outside: every trigger of S2.14, S2.33, S3.17 to S3.19 and S4.22 to
//! S4.25 through the API of the real binary, with short times in its configuration.

#[path = "automation/assignment.rs"]
mod assignment;
#[path = "automation/backlog.rs"]
mod backlog;
#[path = "automation/conditions.rs"]
mod conditions;
mod faketime;
mod harness;
#[path = "automation/presence.rs"]
mod presence;
#[path = "automation/rules.rs"]
mod rules;
#[path = "automation/shipped.rs"]
mod shipped;

use std::thread::sleep;
use std::time::{Duration, Instant};

use harness::{Daemon, Response};
use serde_json::{Value, json};

/// The clock is believed, as a time server says so; nothing happens by itself but what a test asks for.
const QUIET: &str = "[clock]\nsynchronized_files = [\"/dev/null\"]\n[automation]\n\
    off = [\"sla_at_risk\", \"customer_repeats\", \"vip\", \"keywords_en\", \"keywords_id\", \"keywords_es\", \"similar\", \
    \"sentiment\", \"pending_alert\", \"unanswered_urgent\", \"unanswered_escalate\", \"auto_close\"]\n";

/// A daemon, and an administrator who asks it.
struct Desk {
    daemon: Daemon,
    admin: String,
}

/// Somebody of the desk.
struct Agent {
    id: u64,
    token: String,
}

impl Desk {
    fn with(config: &str) -> Desk {
        Desk::open(Daemon::with_config(config))
    }

    fn open(daemon: Daemon) -> Desk {
        let admin = daemon.token("admin");
        Desk { daemon, admin }
    }

    fn ask(&self, token: &str, method: &str, path: &str, body: &Value) -> Response {
        let bearer = format!("Bearer {token}");
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        self.daemon.request(method, path, &headers, body.as_bytes())
    }

    /// What an accepted request of the administrator is answered.
    #[track_caller]
    fn done(&self, method: &str, path: &str, body: &Value, status: u16) -> Value {
        let answer = self.ask(&self.admin, method, path, body);
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        if status == 204 { Value::Null } else { answer.json() }
    }

    #[track_caller]
    fn read(&self, path: &str) -> Value {
        self.done("GET", path, &Value::Null, 200)
    }

    fn ticket(&self, number: u64) -> Value {
        self.read(&format!("/api/tickets/{number}"))
    }

    /// A customer of this number writes on WhatsApp: the number of the ticket.
    #[track_caller]
    fn customer(&self, n: u32, message: u32, text: &str) -> u64 {
        let message = json!({
            "key": {"remoteJid": format!("62812{n:06}@s.whatsapp.net"), "fromMe": false,
                "id": format!("id-{n}-{message}")},
            "message": {"conversation": text},
        });
        let answer = self.done("POST", "/webhook/baileys", &message, 200);
        answer["messages"][0]["ticket"].as_u64().expect("a ticket")
    }

    /// A ticket that the desk makes; fields beside subject and requester as given.
    #[track_caller]
    fn made(&self, subject: &str, more: &Value) -> u64 {
        let mut body =
            json!({"subject": subject, "description": "—", "requester_email": "sari@example.com"});
        for (field, value) in more.as_object().into_iter().flatten() {
            body[field] = value.clone();
        }
        self.done("POST", "/api/tickets", &body, 201)["number"].as_u64().expect("a number")
    }

    fn agent(&self, name: &str) -> Agent {
        let token = self.daemon.token_named(name, "agent");
        let all = self.read("/api/presence");
        let one = all["agents"].as_array().unwrap().iter().find(|agent| agent["name"] == name);
        Agent { id: one.expect("the agent")["agent_id"].as_u64().unwrap(), token }
    }

    #[track_caller]
    fn is(&self, agent: &Agent, state: &str) {
        let answer = self.ask(&agent.token, "POST", "/api/presence", &json!({"state": state}));
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    /// Waits until something is so.
    #[track_caller]
    fn until(&self, what: &str, so: impl Fn() -> bool) {
        let end = Instant::now() + Duration::from_secs(30);
        while !so() {
            assert!(Instant::now() < end, "not within half a minute: {what}");
            sleep(Duration::from_millis(50));
        }
    }

    /// Waits until a ticket shows this.
    #[track_caller]
    fn until_ticket(&self, number: u64, field: &str, value: &Value) {
        let what = format!("#{number} has {field} {value}");
        self.until(&what, || self.ticket(number)[field] == *value);
    }

    /// The tickets of which the feed has told this so far.
    fn told(&self, name: &str) -> Vec<u64> {
        self.told_after(0, name).0
    }

    /// The same, behind an event; and the last one there is.
    fn told_after(&self, mut after: u64, name: &str) -> (Vec<u64>, u64) {
        let mut found = Vec::new();
        loop {
            let page = self.read(&format!("/api/feed?after={after}&limit=100"));
            let events = page["events"].as_array().expect("events").clone();
            let Some(last) = events.last() else { return (found, after) };
            after = last["seq"].as_u64().expect("a number");
            let of = events.iter().filter(|event| event["event"] == name);
            found.extend(of.filter_map(|event| event["ticket"]["number"].as_u64()));
        }
    }

    fn rule(&self, key: &str) -> Value {
        let all = self.read("/api/rules");
        let one = all["rules"].as_array().unwrap().iter().find(|rule| rule["key"] == key).cloned();
        one.unwrap_or_else(|| panic!("no rule {key} ships"))
    }
}
