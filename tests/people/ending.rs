//! What ends, and how soon: within a second, whatever somebody holds in their hands.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::*;

/// Somebody who waits for news, and the answer they get: sent once the waiting has begun.
fn waits(daemon: &Daemon, token: &str) -> mpsc::Receiver<(u16, Duration)> {
    let newest = expect(200, &get(daemon, token, "/api/feed?limit=1"))["newest"].clone();
    let (address, bearer) = (daemon.address().to_owned(), format!("Bearer {token}"));
    let (told, answer) = mpsc::channel();
    thread::spawn(move || {
        let began = Instant::now();
        let path = format!("/api/feed?after={newest}&wait=20");
        let headers = [("Authorization", bearer.as_str())];
        let answer = harness::http::request(&address, "GET", &path, &headers, b"");
        let _ = told.send((answer.map_or(0, |a| a.status), began.elapsed()));
    });
    thread::sleep(Duration::from_millis(300));
    answer
}

#[track_caller]
fn ends_soon(waiting: &mpsc::Receiver<(u16, Duration)>) {
    let (status, _) = waiting.recv_timeout(Duration::from_secs(1)).expect("within a second");
    assert_eq!(status, 401);
}

fn me(daemon: &Daemon, token: &str) -> u16 {
    get(daemon, token, "/api/auth/me").status
}

#[test]
fn whoever_is_disabled_has_nothing_any_more() {
    let daemon = Daemon::with_config("");
    let (email, admin) = (person(&daemon, "Wulan", "supervisor"), person(&daemon, "Adi", "admin"));
    let admin = access(&daemon, &admin);
    let session = expect(200, &try_login(&daemon, &json!({"email": email, "password": PASSWORD})));
    let token = member(&session, "access_token");
    let machine = daemon.token_named("Wulan", "agent");
    let waiting = waits(&daemon, &token);
    let path = format!("/api/agents/{}", session["agent"]["id"]);
    let changed = ask(&daemon, &admin, "PUT", &path, Some(&json!({"disabled": true})));
    assert_eq!(expect(200, &changed)["disabled"], true);
    ends_soon(&waiting);
    assert_eq!((me(&daemon, &token), me(&daemon, &machine)), (401, 401));
    let refresh = json!({"refresh_token": session["refresh_token"]});
    expect(401, &post(&daemon, "/api/auth/refresh", &[], &refresh));
    expect(401, &try_login(&daemon, &json!({"email": email, "password": PASSWORD})));
    // Disabled, not deleted: they come back with the same password and find their tickets.
    expect(200, &ask(&daemon, &admin, "PUT", &path, Some(&json!({"disabled": false}))));
    let token = access(&daemon, &email);
    assert_eq!((me(&daemon, &token), me(&daemon, &machine)), (200, 200));
}

#[test]
fn another_role_is_another_caller_at_once() {
    let daemon = Daemon::with_config("");
    let email = person(&daemon, "Wulan", "supervisor");
    let token = access(&daemon, &email);
    let waiting = waits(&daemon, &token);
    expect(200, &get(&daemon, &token, "/api/tickets/all"));
    assert!(cli(&daemon, &["user", "role", &email, "agent"], "").status.success());
    ends_soon(&waiting);
    expect(403, &get(&daemon, &token, "/api/tickets/all"));
    assert_eq!(expect(200, &get(&daemon, &token, "/api/auth/me"))["agent"]["role"], "agent");
}

#[test]
fn logging_out_and_another_password_end_what_waits() {
    let daemon = Daemon::with_config("");
    let email = person(&daemon, "Wulan", "supervisor");
    let token = access(&daemon, &email);
    let waiting = waits(&daemon, &token);
    expect(204, &ask(&daemon, &token, "POST", "/api/auth/logout", None));
    ends_soon(&waiting);
    assert_eq!(me(&daemon, &token), 401);
    let token = access(&daemon, &email);
    let waiting = waits(&daemon, &token);
    let set = cli(&daemon, &["user", "passwd", &email, "--password-stdin"], "a loud morning\n");
    assert!(set.status.success(), "{}", String::from_utf8_lossy(&set.stderr));
    ends_soon(&waiting);
    expect(200, &try_login(&daemon, &json!({"email": email, "password": "a loud morning"})));
}

#[test]
fn a_session_that_is_not_used_ends() {
    let daemon = Daemon::with_config("[auth]\nsession_idle = \"2s\"\n");
    let email = person(&daemon, "Dewi", "agent");
    let (used, unused) = (access(&daemon, &email), access(&daemon, &email));
    for _ in 0..5 {
        thread::sleep(Duration::from_millis(600));
        assert_eq!(me(&daemon, &used), 200);
    }
    assert_eq!(me(&daemon, &unused), 401);
}

#[test]
fn a_restart_logs_nobody_out() {
    let mut daemon = Daemon::with_config("");
    let email = person(&daemon, "Dewi", "agent");
    let token = access(&daemon, &email);
    daemon.kill9();
    daemon.restart();
    assert_eq!(me(&daemon, &token), 200);
}

/// The key that signed a token.
fn key_of(token: &str) -> String {
    use base64::Engine;
    let header = token.split('.').next().expect("a header");
    let header = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(header).expect("base 64");
    let header: Value = serde_json::from_slice(&header).expect("JSON");
    assert_eq!((&header["alg"], &header["typ"]), (&json!("HS256"), &json!("JWT")));
    member(&header, "kid")
}

#[test]
fn a_new_signing_key_leaves_the_tokens_of_the_old_one_good_until_they_run_out() {
    use std::os::unix::fs::PermissionsExt;
    let daemon = Daemon::with_config("[auth]\naccess_life = \"3s\"\n");
    let email = person(&daemon, "Dewi", "agent");
    let before = access(&daemon, &email);
    let rotated = cli(&daemon, &["user", "rotate-keys"], "");
    assert!(rotated.status.success(), "{}", String::from_utf8_lossy(&rotated.stderr));
    let after = access(&daemon, &email);
    assert_ne!(key_of(&before), key_of(&after));
    assert_eq!((me(&daemon, &before), me(&daemon, &after)), (200, 200));
    let file = daemon.data_dir().join("signing-keys");
    let mode = std::fs::metadata(&file).expect("the keys").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    thread::sleep(Duration::from_secs(3));
    assert_eq!(me(&daemon, &before), 401);
    // A key of the configuration is not ours to change.
    let daemon =
        Daemon::with_config("[auth]\nsigning_key = \"0123456789abcdef0123456789abcdef\"\n");
    let refused = cli(&daemon, &["user", "rotate-keys"], "");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("auth.signing_key"));
    assert!(!daemon.data_dir().join("signing-keys").exists());
}
