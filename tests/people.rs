//! People: how they begin, log in, prove themselves twice, lose what they had; and who may what.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test --test people` writes the matrix of callers and routes anew.

#[path = "people/authenticator.rs"]
mod authenticator;
#[path = "people/beginning.rs"]
mod beginning;
#[path = "people/browser.rs"]
mod browser;
#[path = "people/ending.rs"]
mod ending;
mod harness;
#[path = "people/login.rs"]
mod login;
#[path = "people/matrix.rs"]
mod matrix;
mod persons;
#[path = "people/privacy.rs"]
mod privacy;
#[path = "people/second_factor.rs"]
mod second_factor;
#[path = "people/sight.rs"]
mod sight;

use harness::{Daemon, Response};
use persons::{PASSWORD, access, cli, person, post};
use serde_json::{Value, json};

/// A request with this token and, if any, a body.
fn ask(daemon: &Daemon, token: &str, method: &str, path: &str, body: Option<&Value>) -> Response {
    let bearer = format!("Bearer {token}");
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let body = body.map(Value::to_string).unwrap_or_default();
    daemon.request(method, path, &headers, body.as_bytes())
}

fn get(daemon: &Daemon, token: &str, path: &str) -> Response {
    ask(daemon, token, "GET", path, None)
}

/// Tries to log in.
fn try_login(daemon: &Daemon, body: &Value) -> Response {
    post(daemon, "/api/auth/login", &[], body)
}

fn member(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}")).to_owned()
}

/// The answer's status, whatever it was about.
#[track_caller]
fn expect(status: u16, answer: &Response) -> Value {
    assert_eq!(answer.status, status, "{}", answer.text());
    if answer.body.is_empty() { json!(null) } else { answer.json() }
}
