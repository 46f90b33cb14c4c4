//! People of a desk: made as its owner makes them, logged in as they log in.

use std::io::Write;
use std::process::{Output, Stdio};

use serde_json::{Value, json};

use crate::harness::{Daemon, Response, frontdesk};

/// Everybody's in these tests.
pub const PASSWORD: &str = "a quiet morning";

/// Runs a subcommand on the daemon's directory with this on its stdin.
pub fn cli(daemon: &Daemon, args: &[&str], input: &str) -> Output {
    let mut command = frontdesk();
    command.args(args).arg("--data-dir").arg(daemon.data_dir());
    command.arg("--config").arg(daemon.config_file());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the subcommand starts");
    let mut stdin = child.stdin.take().expect("its stdin");
    // Who refuses its arguments does not read.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    child.wait_with_output().expect("the subcommand runs")
}

/// A new person of this role, who logs in with [`PASSWORD`]; gives their e-mail.
pub fn person(daemon: &Daemon, name: &str, role: &str) -> String {
    let email = format!("{}@desk.example", name.to_lowercase());
    let add = ["user", "add", "--name", name, "--email", &email, "--role", role];
    let made = cli(daemon, &[&add[..], &["--password-stdin"]].concat(), PASSWORD);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    email
}

/// A request with a body of JSON.
pub fn post(daemon: &Daemon, path: &str, headers: &[(&str, &str)], body: &Value) -> Response {
    let headers = [headers, &[("Content-Type", "application/json")]].concat();
    daemon.request("POST", path, &headers, body.to_string().as_bytes())
}

/// An access token of a person who logs in now.
pub fn access(daemon: &Daemon, email: &str) -> String {
    let body = json!({"email": email, "password": PASSWORD});
    let answer = post(daemon, "/api/auth/login", &[], &body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["access_token"].as_str().expect("an access token").to_owned()
}
