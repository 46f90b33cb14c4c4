//! A contact centre, those who deliver to it, and who looks at what came of it.

use serde_json::Value;

use crate::harness::{Daemon, Response};

pub struct Desk {
    pub daemon: Daemon,
    pub deliverer: String,
    pub admin: String,
}

/// A delivery as it was recorded: headers and the very bytes.
pub struct Recorded {
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

fn fixture(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The request `X.req.json` of a folder.
pub fn recorded(name: &str) -> Recorded {
    let told: Value = serde_json::from_slice(&fixture(&format!("{name}.req.json"))).expect(name);
    let folder = name.split('/').next().expect("a folder");
    let headers = told["headers"].as_object().expect("headers").iter();
    Recorded {
        headers: headers.map(|(n, v)| (n.clone(), word(v))).collect(),
        body: fixture(&format!("{folder}/{}", word(&told["body"]))),
    }
}

/// A seed's example, byte for byte.
pub fn example(name: &str) -> Vec<u8> {
    fixture(&format!("seeds_exact/{name}.json"))
}

pub fn sample(name: &str) -> Vec<u8> {
    fixture(name)
}

pub fn word(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a string, not {value}")).to_owned()
}

impl Desk {
    pub fn open(config: &str) -> Desk {
        let daemon = Daemon::with_config(config);
        let (deliverer, admin) = (daemon.token("ingest"), daemon.token("admin"));
        Desk { daemon, deliverer, admin }
    }

    /// One request as the bearer of a token.
    pub fn call(&self, token: &str, method: &str, path: &str, body: &[u8]) -> Response {
        let bearer = format!("Bearer {token}");
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        self.daemon.request(method, path, &headers, body)
    }

    /// JSON that a deliverer with a token posts, accepted.
    pub fn deliver(&self, path: &str, body: &[u8]) -> Value {
        let answer = self.call(&self.deliverer, "POST", path, body);
        assert!(matches!(answer.status, 200 | 201), "{path}: {} {}", answer.status, answer.text());
        answer.json()
    }

    /// Sends a recorded delivery, with a token beside its own headers if there is one.
    pub fn send(&self, path: &str, request: &Recorded, token: Option<&str>) -> Response {
        let bearer = token.map(|token| ("X-Api-Key".to_owned(), token.to_owned()));
        let all: Vec<_> = request.headers.iter().chain(&bearer).collect();
        let headers: Vec<_> = all.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        self.daemon.request("POST", path, &headers, &request.body)
    }

    /// A recorded delivery, accepted by its token.
    pub fn replay(&self, path: &str, name: &str) -> Value {
        let answer = self.send(path, &recorded(name), Some(&self.deliverer));
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
        answer.json()
    }

    pub fn read(&self, path: &str) -> Value {
        let answer = self.call(&self.admin, "GET", path, b"");
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    pub fn ticket(&self, reference: &str) -> Value {
        self.read(&format!("/api/tickets/{reference}"))
    }

    /// Speaker, kind and words of a ticket's timeline.
    pub fn said(&self, reference: &str) -> Vec<(String, String, String)> {
        let page = self.read(&format!("/api/tickets/{reference}/timeline?limit=100"));
        let entries = page["entries"].as_array().expect("entries").clone();
        let told = |e: &Value| (word(&e["speaker"]), word(&e["kind"]), word(&e["body"]));
        entries.iter().map(told).collect()
    }

    /// How many tickets there are.
    pub fn tickets(&self) -> usize {
        self.read("/api/tickets/all?limit=100")["tickets"].as_array().expect("tickets").len()
    }

    /// The number of the newest event: whatever is stored and seen by anybody moves it.
    pub fn newest_event(&self) -> u64 {
        let page = self.read("/api/feed?limit=100&after=0");
        let events = page["events"].as_array().expect("events");
        assert!(events.len() < 100, "a longer feed than this test reads");
        events.last().map_or(0, |event| event["seq"].as_u64().expect("seq"))
    }

    /// The whole of what is shown of a ticket.
    pub fn shown(&self, reference: &str) -> (Value, Vec<(String, String, String)>) {
        (self.ticket(reference), self.said(reference))
    }
}

/// What stands in a timeline, written shorter.
pub fn turns(told: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    told.iter()
        .map(|(who, kind, words)| (who.to_string(), kind.to_string(), words.to_string()))
        .collect()
}

/// An error as RFC 9457 has it; gives the fields that it names.
#[track_caller]
pub fn problem(answer: &Response, status: u16) -> Vec<String> {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    let fields = answer.json()["errors"].as_array().cloned().unwrap_or_default();
    fields.iter().map(|error| word(&error["field"])).collect()
}

/// Every order of these.
pub fn orders<T: Clone>(of: &[T]) -> Vec<Vec<T>> {
    if of.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (at, first) in of.iter().enumerate() {
        let rest: Vec<T> = [&of[..at], &of[at + 1..]].concat();
        all.extend(orders(&rest).into_iter().map(|tail| [vec![first.clone()], tail].concat()));
    }
    all
}
