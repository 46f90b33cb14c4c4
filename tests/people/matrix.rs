//! Every route of `/openapi.json` with every kind of caller, through the running daemon.
//!
//! A caller is told from the others by the status: 401 who is nobody, 403 who may not; anything else got in.

use std::fs;
use std::path::Path;

use super::*;

/// What somebody at the door is called, and their credential.
type Caller = (&'static str, Option<String>);

/// Addresses under which nothing is found, so that nothing comes of what is let in.
fn address(path: &str) -> String {
    let mut address = String::new();
    for (nth, part) in path.split(['{', '}']).enumerate() {
        address += if nth % 2 == 0 { part } else { "9999" };
    }
    address
}

#[test]
fn every_route_lets_in_whom_the_table_says() {
    // More is refused here than any address would be in a minute.
    let daemon = Daemon::with_config("[limits]\nrefused = 0\n");
    let mut callers: Vec<Caller> = vec![("nobody", None)];
    for scope in ["ingest", "read", "agent", "admin", "assistant"] {
        callers.push((scope, Some(daemon.token(scope))));
    }
    let roles = [("Dewi", "agent"), ("Wulan", "supervisor"), ("Adi", "admin")];
    let emails = roles.map(|(name, role)| person(&daemon, name, role));
    let people = ["person agent", "person supervisor", "person admin"];
    for (name, email) in people.into_iter().zip(&emails) {
        callers.push((name, Some(access(&daemon, email))));
    }
    let revoked = daemon.token_named("gone", "admin");
    let admin = access(&daemon, &emails[2]);
    let tokens = expect(200, &get(&daemon, &admin, "/api/tokens"));
    let tokens = tokens["tokens"].as_array().expect("tokens");
    let of_gone = tokens.iter().find(|token| token["name"] == "gone").expect("the token");
    let path = format!("/api/tokens/{}", of_gone["id"]);
    expect(204, &ask(&daemon, &admin, "DELETE", &path, None));
    callers.push(("revoked admin", Some(revoked)));
    let disabled = person(&daemon, "Eka", "admin");
    let of_disabled = access(&daemon, &disabled);
    assert!(cli(&daemon, &["user", "disable", &disabled], "").status.success());
    callers.push(("disabled admin", Some(of_disabled)));
    let ended = access(&daemon, &emails[2]);
    expect(204, &ask(&daemon, &ended, "POST", "/api/auth/logout", None));
    callers.push(("logged out", Some(ended)));
    let chat = json!({"workspace_id": "w", "conversation_id": "c", "subject": "Help", "customer_email": "c@example.com"});
    let handed = expect(201, &post(&daemon, "/api/public/tickets/from-chat", &[], &chat));
    callers.push(("customer", Some(member(&handed, "accessToken"))));

    let document = daemon.request("GET", "/openapi.json", &[], b"").json();
    let mut matrix = String::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for method in methods.as_object().expect("methods").keys() {
            let method = method.to_uppercase();
            matrix += &format!("{method} {path}:");
            for caller in &callers {
                let (name, token) = caller;
                let bearer = token.as_ref().map(|token| format!("Bearer {token}"));
                let mut headers: Vec<_> =
                    bearer.iter().map(|bearer| ("Authorization", bearer.as_str())).collect();
                headers.push(("Content-Type", "application/json"));
                // No body that anything could be made of; reading carries none.
                let body: &[u8] = if method == "GET" { b"" } else { b"[" };
                let answer = daemon.request(&method, &address(path), &headers, body);
                assert!(answer.status < 500, "{method} {path}: {}", answer.text());
                match answer.status {
                    401 | 403 => {}
                    _ => matrix += &format!(" {name},"),
                }
            }
            matrix.truncate(matrix.trim_end_matches(',').len());
            matrix += "\n";
        }
    }
    let pinned = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/matrix.txt");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&pinned, &matrix).expect("the snapshot is written");
    }
    let pinned = fs::read_to_string(&pinned).expect("the snapshot");
    for (now, was) in matrix.lines().zip(pinned.lines()) {
        assert_eq!(
            now, was,
            "who may what has changed; if that is meant: UPDATE_SNAPSHOTS=1 cargo test --test people"
        );
    }
    assert_eq!(matrix.lines().count(), pinned.lines().count(), "routes came or went");
    // What no longer holds opens nothing that is not open to all.
    for line in matrix.lines().filter(|line| !is_portal(line)) {
        let open = line.contains(" nobody");
        for gone in ["revoked admin", "disabled admin", "logged out"] {
            assert!(open || !line.contains(gone), "{line}");
        }
    }
}

/// A customer's own face, which looks at their tokens itself: a wrong one finds no ticket.
fn is_portal(line: &str) -> bool {
    line.contains(" /api/public/")
}

/// What the table shows is what the daemon does.
#[test]
fn the_printed_table_is_the_one_that_is_enforced() {
    let daemon = Daemon::with_config("");
    let shown = cli(&daemon, &["policy"], "");
    let shown = String::from_utf8(shown.stdout).expect("text");
    let pinned = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/matrix.txt");
    let pinned = fs::read_to_string(pinned).expect("the snapshot");
    let columns = [
        "ingest",
        "read",
        "agent",
        "admin",
        "assistant",
        "person agent",
        "person supervisor",
        "person admin",
    ];
    let mut compared = 0;
    for line in shown.lines().skip(2) {
        let mut words = line.split_whitespace();
        let (method, route) = (words.next().expect("a method"), words.next().expect("a route"));
        let prefix = format!("{method} {route}:");
        let Some(enforced) = pinned.lines().find_map(|line| line.strip_prefix(&prefix)) else {
            // Not described: the docs themselves, the other methods of a door.
            continue;
        };
        let enforced: Vec<_> = enforced.split(',').map(str::trim).collect();
        // Columns by their place; a door that vendors sign tells each caller itself, a socket whoever shows no token yet.
        let cell =
            |nth: usize| line.get(68 + 11 * nth..).is_some_and(|rest| rest.starts_with("yes"));
        let first = line.get(61..line.len().min(68)).unwrap_or_default().trim();
        if first == "signed" || first == "later" || is_portal(line) {
            continue;
        }
        assert_eq!(first == "yes", enforced.contains(&"nobody"), "{line}");
        for (nth, name) in columns.iter().enumerate().filter(|_| first.is_empty()) {
            assert_eq!(cell(nth), enforced.contains(name), "{name}: {line}");
        }
        compared += 1;
    }
    assert!(compared > 60, "{compared} routes are not all");
}
