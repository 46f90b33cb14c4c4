//! `calls.legacy_listen`: what was written for seed 000's system works unchanged (S0.21 to S0.27, S0.54).

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use serde_json::Value;

use super::{Ledger, keys, seed};

struct Legacy {
    ledger: Ledger,
    address: String,
}

impl Legacy {
    fn open(more: &str) -> Legacy {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port");
        let address = free.to_string();
        let ledger =
            Ledger::with_config(&format!("[calls]\nlegacy_listen = \"{address}\"\n{more}"));
        Legacy { ledger, address }
    }

    /// Status and body, asked for as simply as the oldest client would.
    fn get(&self, path: &str, token: Option<&str>) -> (u16, Value) {
        let bearer =
            token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        let mut stream = TcpStream::connect(&self.address).expect("the legacy listener");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a time-out");
        write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n{bearer}\r\n")
            .expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("head and body");
        let status =
            head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, serde_json::from_str(body).unwrap_or_else(|e| panic!("{e}: {answer}")))
    }
}

fn paths(id: &str) -> [(String, &'static str); 3] {
    [
        ("/api/tickets/stats".to_owned(), "000_01.json"),
        ("/api/tickets?status=closed&limit=50&offset=0".to_owned(), "000_02.json"),
        (format!("/api/tickets/{id}"), "000_03.json"),
    ]
}

fn without_categories(value: &Value) -> Vec<String> {
    keys(value).into_iter().filter(|key| !key.starts_with(".data.by_category.")).collect()
}

/// S0.55
#[test]
fn the_seeds_own_paths_answer_in_its_form_to_a_token() {
    let legacy = Legacy::open("");
    let id = legacy.ledger.example();
    for (path, example) in paths(&id) {
        assert_eq!(legacy.get(&path, None).0, 401, "{path}");
        assert_eq!(legacy.get(&path, Some("no-such-token")).0, 401, "{path}");
        assert_eq!(legacy.get(&path, Some(&legacy.ledger.ingest)).0, 403, "{path}");
        let (status, answer) = legacy.get(&path, Some(&legacy.ledger.read));
        assert_eq!(status, 200, "{path}: {answer}");
        assert_eq!(without_categories(&answer), without_categories(&seed(example)), "{path}");
    }
    // S0.54: without a token, for whoever looks after the box.
    assert_eq!(legacy.get("/health", None).0, 200);
    // The same path on the main address is the helpdesk's ticket, without the envelope (C8).
    let bare = legacy.ledger.read(&format!("/api/tickets/{id}"));
    assert_eq!((&bare["ticket_id"], bare.get("data")), (&Value::from(id), None));
}

/// C9: open to the box itself, if somebody says so.
#[test]
fn it_may_be_opened_without_a_token_on_loopback() {
    let legacy = Legacy::open("legacy_open = true\n");
    let id = legacy.ledger.example();
    for (path, _) in paths(&id) {
        assert_eq!(legacy.get(&path, None).0, 200, "{path}");
    }
    let (status, problem) = legacy.get("/api/tickets/GXS-20200101-00000000", None);
    assert_eq!((status, &problem["status"]), (404, &Value::from(404)));
    let (status, problem) = legacy.get("/api/tickets?limit=101", None);
    assert_eq!((status, &problem["errors"][0]["field"]), (400, &Value::from("limit")));
}
