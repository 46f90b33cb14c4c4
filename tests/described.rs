//! An independent client judges the daemon by its own description: schemathesis (PyPI) makes requests from
//! `/openapi.json`, right and wrong ones, one by one and as sequences that use what earlier ones made. No answer may
//! be a 5xx, and none may be another than the description says.

mod harness;
mod python;

use std::path::Path;
use std::process::Command;

use harness::Daemon;
use serde_json::{Value, json};

/// It asks more often than anybody else does, and what it asks for must not be refused for that.
const GENEROUS: &str = "[public]\nrequests_per_minute = 10000\n\
                        [limits]\napi = 0\ndoors = 0\npublic = 0\nlogin = 0\nrefused = 0\n\
                        [calls]\nmax_open = 100000\n";
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_schema_conformance,response_headers_conformance";

/// Lets it ask as `options` say, as often for each operation as `FRONTDESK_DESCRIBED_EXAMPLES` does, or so often.
fn judge(programs: &Path, daemon: &Daemon, token: &str, often: u32, options: &[&str]) {
    let (often, seed) = match std::env::var("FRONTDESK_DESCRIBED_EXAMPLES") {
        Ok(often) => (often, None),
        Err(_) => (often.to_string(), Some("--seed=20251128")),
    };
    let mut command = Command::new(programs.join("schemathesis"));
    if options.contains(&"--mode=positive") {
        command.arg("--config-file").arg(python::sources("schemathesis").join("desk.toml"));
    }
    let ended = command
        .arg("run")
        .arg(format!("http://{}/openapi.json", daemon.address()))
        .arg(format!("--header=Authorization: Bearer {token}"))
        .arg(format!("--checks={CHECKS}"))
        .arg(format!("--max-examples={often}"))
        .args(seed)
        // It takes a mail as it is, which the client cannot make.
        .arg("--exclude-path=/webhook/email")
        .args(["--continue-on-failure", "--no-shrink", "--no-color", "--warnings=off"])
        .arg("--generation-database=none")
        .args(options)
        .current_dir(std::env::temp_dir())
        .output()
        .expect("it runs");
    let told = String::from_utf8_lossy(&ended.stdout);
    println!("{told}");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    assert!(told.contains("Tested: "), "nothing was tried");
}

#[test]
fn whatever_is_asked_the_answer_is_as_described() {
    let Some(programs) = python::programs("schemathesis") else { return };
    let daemon = Daemon::with_config(GENEROUS);
    let token = daemon.token("admin,ingest,read,agent");
    judge(&programs, &daemon, &token, 2, &["--phases=examples,coverage,fuzzing,stateful"]);
}

#[test]
fn so_are_the_answers_about_what_is_there() {
    let Some(programs) = python::programs("schemathesis") else { return };
    let daemon = Daemon::with_config(GENEROUS);
    let token = daemon.token("admin,ingest,read,agent");
    let make = |path: &str, body: Value| {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let made = daemon.request("POST", path, &headers, body.to_string().as_bytes());
        assert!(made.json()["errors"].is_null() && made.status < 300, "{path}: {}", made.text());
    };
    for subject in ["Card lost", "Card found"] {
        let of = json!({"subject": subject, "description": "In Jakarta", "requester_email": "a@example.org"});
        make("/api/tickets", of);
    }
    make("/api/tickets/1001/comments", json!({"body": "It was the blue one", "is_public": false}));
    make("/api/calls", json!({"session_id": "s-1"}));
    make(
        "/api/tickets/canned-responses",
        json!({"title": "Thanks", "content": "Thank you, {{customer_name}}"}),
    );
    make("/api/webhooks", json!({"url": "https://example.org/hook", "events": ["ticket.created"]}));
    let options = [
        "--phases=fuzzing,stateful",
        "--mode=positive",
        "--exclude-method=DELETE",
        // These take what other programs send, and nearly all of it.
        "--exclude-path-regex=^/(webhook|ingest)",
    ];
    judge(&programs, &daemon, &token, 8, &options);
}
