//! The audit from outside: who did what, from where, by which door; and that nobody changes it unseen.

use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{ask, message};
use crate::harness::Daemon;
use crate::persons::{PASSWORD, access, person, post};

/// Rows that are selected, the newest first.
fn rows(daemon: &Daemon, admin: &str, query: &str) -> Vec<Value> {
    let answer = ask(daemon, admin, "GET", &format!("/api/audit{query}"), &Value::Null);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["entries"].as_array().expect("entries").clone()
}

/// Refusals are written soon after they happened.
fn rows_once_written(daemon: &Daemon, admin: &str, query: &str, least: usize) -> Vec<Value> {
    let asked = Instant::now();
    loop {
        let found = rows(daemon, admin, query);
        if found.len() >= least || asked.elapsed() > Duration::from_secs(10) {
            return found;
        }
        sleep(Duration::from_millis(200));
    }
}

fn text(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

#[test]
fn every_change_says_who_from_where_and_by_which_door() {
    let daemon = Daemon::with_config("");
    let (admin, bridge) = (daemon.token("admin"), daemon.token_named("bridge", "ingest"));
    let agent = daemon.token_named("alice", "agent");
    for id in 0..4 {
        assert_eq!(ask(&daemon, &bridge, "POST", "/webhook/baileys", &message(id)).status, 200);
    }
    assert_eq!(ask(&daemon, &agent, "POST", "/api/tickets/1001/claim", &json!({})).status, 200);
    let made = rows(&daemon, &admin, "?action=token.create");
    assert_eq!(made.len(), 3);
    assert!(made.iter().all(|row| row["door"] == "command line" && row["address"].is_null()));
    let of_ticket = rows(&daemon, &admin, "?ticket=1001");
    let actions: Vec<_> = of_ticket.iter().map(|row| &row["action"]).collect();
    assert_eq!(actions, ["ticket.claim", "ticket.create"], "a ticket, not its messages");
    let [claim, create] = &of_ticket[..] else { panic!("{of_ticket:?}") };
    assert_eq!(claim["actor"]["kind"], "person");
    assert_eq!(claim["actor"]["name"], "alice");
    assert_eq!((&claim["door"], &claim["address"]), (&json!("api"), &json!("127.0.0.1")));
    assert_eq!(create["actor"], json!({"kind": "token", "id": "bridge", "name": null}));
    assert_eq!(create["door"], "/webhook/baileys");
    assert_eq!(create["subject"], json!({"kind": "ticket", "id": "1001"}));
    assert_eq!(rows(&daemon, &admin, "?actor=token:bridge").len(), 1);
    assert_eq!(rows(&daemon, &admin, "?address=127.0.0.1&action=ticket").len(), 2);
    assert_eq!(rows(&daemon, &admin, "?address=192.0.2.1").len(), 0);
    assert_eq!(rows(&daemon, &admin, "?to=2020-01-01T00:00:00Z").len(), 0);
    let words = daemon.cli(&["audit", "--all", "--json"]);
    assert!(
        !text(&words).contains("6591234567"),
        "numbers are nobody's business: {}",
        text(&words)
    );
}

#[test]
fn pages_of_the_audit_hold_every_row_once() {
    let daemon = Daemon::with_config("");
    let admin = daemon.token("admin");
    for nth in 0..25 {
        let call = json!({"session_id": format!("s-{nth}")});
        assert_eq!(ask(&daemon, &admin, "POST", "/api/calls", &call).status, 201);
    }
    let (mut seen, mut before) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/audit?limit=7{before}");
        let page = ask(&daemon, &admin, "GET", &path, &Value::Null).json();
        seen.extend(
            page["entries"].as_array().expect("entries").iter().map(|row| row["seq"].as_u64()),
        );
        match page["next"].as_u64() {
            Some(next) => before = format!("&before={next}"),
            None => break,
        }
    }
    assert_eq!(seen, (1..=26).rev().map(Some).collect::<Vec<_>>());
    for bad in ["limit=0", "limit=101", "address=home", "from=yesterday", "ticket=%20", "before=x"]
    {
        let answer = ask(&daemon, &admin, "GET", &format!("/api/audit?{bad}"), &Value::Null);
        assert_eq!(answer.status, 400, "{bad}");
    }
}

#[test]
fn only_admins_read_the_audit_and_whoever_tries_is_in_it() {
    let daemon = Daemon::with_config("");
    let (admin, agent) = (daemon.token("admin"), daemon.token_named("alice", "agent"));
    let answer = ask(&daemon, &agent, "GET", "/api/audit", &Value::Null);
    assert_eq!(answer.status, 403, "{}", answer.text());
    assert_eq!(ask(&daemon, "fd_wrong", "GET", "/api/audit", &Value::Null).status, 401);
    let found = rows_once_written(&daemon, &admin, "?action=access", 2);
    let [wrong, refused] = &found[..] else { panic!("{found:?}") };
    assert_eq!(
        (&refused["outcome"], &refused["actor"]["kind"]),
        (&json!("refused"), &json!("person"))
    );
    assert_eq!((&wrong["outcome"], &wrong["actor"]["kind"]), (&json!("failed"), &json!("unknown")));
    assert_eq!(wrong["subject"], json!({"kind": "route", "id": "GET /api/audit"}));
    assert_eq!(wrong["address"], "127.0.0.1");
}

#[test]
fn logins_and_logouts_are_audited_and_so_is_a_wrong_password() {
    let daemon = Daemon::with_config("");
    let admin = daemon.token("admin");
    let email = person(&daemon, "Dewi", "agent");
    let wrong = json!({"email": email, "password": "not the password"});
    assert_eq!(post(&daemon, "/api/auth/login", &[], &wrong).status, 401);
    let token = access(&daemon, &email);
    assert_eq!(ask(&daemon, &token, "POST", "/api/auth/logout", &json!({})).status, 204);
    let found = rows_once_written(&daemon, &admin, "?action=login", 2);
    let outcomes: Vec<_> = found.iter().map(|row| row["outcome"].as_str()).collect();
    assert!(outcomes.contains(&Some("done")) && outcomes.contains(&Some("failed")), "{found:?}");
    assert!(found.iter().all(|row| row["door"] == "login" && row["address"] == "127.0.0.1"));
    let out = rows(&daemon, &admin, "?action=logout");
    assert_eq!((out.len(), &out[0]["actor"]["name"]), (1, &json!("Dewi")));
    let added = rows(&daemon, &admin, "?action=person");
    assert!(added.iter().any(|row| row["door"] == "command line"), "{added:?}");
    let words = text(&daemon.cli(&["audit", "--all", "--json"]));
    assert!(!words.contains(&email) && !words.contains(PASSWORD), "{words}");
}

#[test]
fn a_colleagues_ticket_looks_absent_and_the_try_is_audited() {
    let daemon = Daemon::with_config("");
    let admin = daemon.token("admin");
    let (alice, bob) = (daemon.token_named("alice", "agent"), daemon.token_named("bob", "agent"));
    let bridge = daemon.token("ingest");
    ask(&daemon, &bridge, "POST", "/webhook/baileys", &message(1));
    assert_eq!(ask(&daemon, &alice, "POST", "/api/tickets/1001/claim", &json!({})).status, 200);
    let peek = ask(&daemon, &bob, "GET", "/api/tickets/1001", &Value::Null);
    let absent = ask(&daemon, &bob, "GET", "/api/tickets/1002", &Value::Null);
    assert_eq!((peek.status, absent.status), (404, 404));
    assert_eq!(peek.text(), absent.text(), "as if absent");
    assert_eq!(ask(&daemon, &bob, "POST", "/api/tickets/1001/resolve", &json!({})).status, 404);
    let found = rows_once_written(&daemon, &admin, "?action=access", 2);
    assert_eq!(found.len(), 2, "what is absent is no refusal: {found:?}");
    assert!(found.iter().all(|row| row["outcome"] == "refused" && row["actor"]["name"] == "bob"));
}

#[test]
fn a_flood_of_refusals_is_counted_and_does_not_flood_the_audit() {
    let mut daemon = Daemon::with_config("[audit]\nrefusals_per_minute = 5\n");
    let admin = daemon.token("admin");
    for _ in 0..200 {
        let status = ask(&daemon, "fd_wrong", "GET", "/api/feed", &Value::Null).status;
        assert_eq!(status, 401);
    }
    daemon.restart();
    let found = rows(&daemon, &admin, "?action=access&limit=100");
    assert!((6..=10).contains(&found.len()), "{} rows", found.len());
    let counted: u64 = found.iter().filter_map(|row| row["count"].as_u64()).sum();
    assert_eq!(counted, 200, "a stop writes what was counted");
}

#[test]
fn verify_finds_what_somebody_changed_and_knows_the_head_that_was_kept() {
    let mut daemon = Daemon::with_config("");
    let admin = daemon.token("admin");
    let call = |daemon: &Daemon, nth: usize| {
        let body = json!({"session_id": format!("s-{nth}")});
        assert_eq!(ask(daemon, &admin, "POST", "/api/calls", &body).status, 201);
    };
    call(&daemon, 0);
    let page = ask(&daemon, &admin, "GET", "/api/audit", &Value::Null).json();
    let head = page["audit"]["head"].as_str().expect("a head").to_owned();
    let status = daemon.cli(&["status"]);
    assert!(text(&status).contains(&head), "{}", text(&status));
    call(&daemon, 1);
    let sound = daemon.cli(&["verify", "--audit-head", &head]);
    assert!(sound.status.success(), "{}", text(&sound));
    assert!(text(&sound).contains("audit: 3 rows"), "{}", text(&sound));
    daemon.terminate();
    assert!(daemon.cli(&["verify", "--audit-head", &head]).status.success());
    // Another head of the same row, and one of a row that is not there any more.
    let (seq, hash) = head.split_once(':').expect("a head");
    let other = if hash.starts_with('0') { "1" } else { "0" };
    for wrong in [format!("{seq}:{other}{}", &hash[1..]), format!("99:{hash}")] {
        let found = daemon.cli(&["verify", "--audit-head", &wrong]);
        assert_eq!(found.status.code(), Some(1), "{wrong}: {}", text(&found));
        assert!(text(&found).contains("audit"), "{}", text(&found));
    }
    assert_eq!(daemon.cli(&["verify", "--audit-head", "nonsense"]).status.code(), Some(2));
}
