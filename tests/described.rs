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

fn settings(file: &str) -> String {
    let file = python::sources("schemathesis").join(file);
    format!("--config-file={}", file.display())
}

/// Lets it ask as `options` say, as often for each operation as `FRONTDESK_DESCRIBED_EXAMPLES` does, or so often.
fn judge(programs: &Path, daemon: &Daemon, token: &str, often: u32, options: &[&str]) {
    let seeded = options.iter().any(|option| option.starts_with("--seed="));
    let (often, seed) = match std::env::var("FRONTDESK_DESCRIBED_EXAMPLES") {
        Ok(often) => (often, None),
        Err(_) => (often.to_string(), (!seeded).then_some("--seed=20251128")),
    };
    let mut command = Command::new(programs.join("schemathesis"));
    // Of the program itself, before what it shall do.
    let (about, options): (Vec<&str>, Vec<&str>) =
        options.iter().partition(|option| option.starts_with("--config-file"));
    command.args(about);
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
    let settings = settings("desk.toml");
    let options = [
        settings.as_str(),
        "--phases=fuzzing,stateful",
        "--mode=positive",
        "--exclude-method=DELETE",
        // These take what other programs send, and nearly all of it.
        "--exclude-path-regex=^/(webhook|ingest)",
    ];
    judge(&programs, &daemon, &token, 8, &options);
}

/// Where something is made, where it stands then, and what of all that can be done with it there must come about.
type Life = (&'static str, &'static str, &'static [&'static str]);

/// Those whose makers may name others in what they send; the client begins with these only where there is nothing else.
const NAMING: [Life; 3] = [
    ("/api/tickets", "/api/tickets/{ref}", &["GET", "PUT", "PATCH", "DELETE"]),
    ("/api/tickets/categories", "/api/tickets/categories/{id}", &["GET", "PUT", "DELETE"]),
    ("/api/tickets/sla-policies", "/api/tickets/sla-policies/{id}", &["DELETE"]),
];

const OTHERS: [Life; 8] = [
    ("/api/tickets/{ref}/comments", "/api/tickets/{ref}/comments/{comment}", &["PUT", "DELETE"]),
    (
        "/api/tickets/canned-responses",
        "/api/tickets/canned-responses/{id}",
        &["GET", "PUT", "DELETE"],
    ),
    ("/api/assignment-rules", "/api/assignment-rules/{id}", &["GET", "PUT", "DELETE"]),
    ("/api/rules", "/api/rules/{id}", &["GET", "PUT", "PATCH", "DELETE"]),
    ("/api/webhooks", "/api/webhooks/{id}", &["GET", "PUT", "DELETE"]),
    ("/api/contacts", "/api/contacts/{id}", &["GET"]),
    ("/api/agents", "/api/agents/{agent}", &["PUT"]),
    ("/api/tokens", "/api/tokens/{token}", &["DELETE"]),
];

/// How often the client may begin anew until everything has come about.
const ROUNDS: u32 = 5;

/// The links of the description lead from what was made to its reading, changing and deleting.
#[test]
fn what_is_made_is_read_changed_and_deleted_under_the_id_that_it_was_given() {
    let Some(programs) = python::programs("schemathesis") else { return };
    std::thread::scope(|scope| {
        scope.spawn(|| live(&programs, "naming.toml", &NAMING));
        live(&programs, "others.toml", &OTHERS);
    });
}

fn live(programs: &Path, file: &str, lives: &[Life]) {
    let daemon = Daemon::with_config(GENEROUS);
    let token = daemon.token("admin,ingest,read,agent");
    // The ticket of the comments.
    let ticket =
        json!({"subject": "Card", "description": "Lost", "requester_email": "a@example.org"});
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let made = daemon.request("POST", "/api/tickets", &headers, ticket.to_string().as_bytes());
    assert_eq!(made.status, 201, "{}", made.text());
    let mut options = vec![settings(file), "--phases=stateful".into(), "--mode=positive".into()];
    for (made, one, _) in lives {
        options.extend([format!("--include-path={made}"), format!("--include-path={one}")]);
    }
    // What is there already is not what was made, and those by whom it asks are among it.
    options.push("--exclude-operation-id-regex=^list_".into());
    // One ticket was not the client's.
    let own = |method: &str, route: &str| u64::from((method, route) == ("POST", "/api/tickets"));
    let asked = lives.iter().flat_map(|(made, one, methods)| {
        [("POST", *made)].into_iter().chain(methods.iter().map(|method| (*method, *one)))
    });
    let mut missing: Vec<_> = asked.collect();
    // What it tries is drawn by lot.
    for round in 1..=ROUNDS {
        let seed = format!("--seed={round}");
        let options = options.iter().chain([&seed]).map(String::as_str).collect::<Vec<_>>();
        judge(programs, &daemon, &token, 40, &options);
        let counted = daemon.request("GET", "/metrics", &headers[..1], b"").text();
        missing.retain(|(method, route)| {
            let what = format!("{{method=\"{method}\",route=\"{route}\",status=\"2");
            let found = counted.lines().filter(|line| line.contains(&what));
            let answers = found.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
            answers.sum::<u64>() <= own(method, route)
        });
        println!("still to come after round {round}: {missing:?}");
        if missing.is_empty() {
            return;
        }
    }
    panic!("never came about: {missing:?}");
}
