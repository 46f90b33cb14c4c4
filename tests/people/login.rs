//! Logging in as an API client does: access and refresh tokens, and what guessing comes to.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::*;

#[test]
fn who_logs_in_is_known_by_their_access_token() {
    let daemon = Daemon::with_config("");
    let email = person(&daemon, "Dewi", "supervisor");
    let shouted = json!({"email": "  DEWI@desk.example ", "password": PASSWORD});
    let answer = try_login(&daemon, &shouted);
    let told = expect(200, &answer);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("set-cookie"), None);
    assert_eq!((&told["token_type"], &told["expires_in"]), (&json!("Bearer"), &json!(900)));
    assert_eq!(
        (&told["agent"]["email"], &told["agent"]["role"]),
        (&json!(email), &json!("supervisor"))
    );
    let token = member(&told, "access_token");
    assert_eq!(token.split('.').count(), 3, "a JWT (S3.1): {token}");
    let me = expect(200, &get(&daemon, &token, "/api/auth/me"));
    assert_eq!((&me["agent"]["name"], &me["scopes"]), (&json!("Dewi"), &json!([])));
    expect(200, &get(&daemon, &token, "/api/tickets/all"));
    assert_eq!(get(&daemon, &token, "/api/tokens").status, 403);
    assert!(!daemon.log().contains("desk.example"), "no addresses in the log: {}", daemon.log());
}

#[test]
fn an_unknown_address_and_a_wrong_password_answer_alike_and_take_alike_long() {
    let daemon = Daemon::with_config("");
    let email = person(&daemon, "Dewi", "agent");
    let mut refusals = Vec::new();
    for email in [&email, "nobody@desk.example", &email, "no address"] {
        let began = Instant::now();
        let answer = try_login(&daemon, &json!({"email": email, "password": "not this one"}));
        refusals.push((expect(401, &answer), began.elapsed()));
    }
    for (told, took) in &refusals {
        assert_eq!(*told, refusals[0].0);
        // A password that is not hashed is refused within a millisecond or two.
        assert!(*took > Duration::from_millis(25), "{refusals:?}");
    }
}

#[test]
fn after_five_failures_attempts_have_to_wait_and_then_may() {
    let daemon = Daemon::with_config("");
    let email = person(&daemon, "Dewi", "agent");
    let right = json!({"email": email, "password": PASSWORD});
    for nth in 0..5 {
        let answer =
            try_login(&daemon, &json!({"email": email, "password": format!("guess {nth}")}));
        expect(401, &answer);
    }
    // Whatever is tried now is not even looked at.
    let answer = try_login(&daemon, &right);
    expect(429, &answer);
    let wait: u64 = answer.header("retry-after").expect("how long").parse().expect("seconds");
    assert!((1..=2).contains(&wait), "{wait}");
    sleep(Duration::from_secs(wait));
    expect(200, &try_login(&daemon, &right));
    // Ten minutes of guessing later it would not be otherwise: nobody is locked out.
    expect(200, &try_login(&daemon, &right));
}

#[test]
fn a_refresh_token_is_good_once_and_its_reuse_ends_the_session() {
    let daemon = Daemon::with_config("");
    let email = person(&daemon, "Dewi", "agent");
    let first = expect(200, &try_login(&daemon, &json!({"email": email, "password": PASSWORD})));
    let refresh =
        |token: &str| post(&daemon, "/api/auth/refresh", &[], &json!({"refresh_token": token}));
    let used = member(&first, "refresh_token");
    let second = expect(200, &refresh(&used));
    let access = member(&second, "access_token");
    expect(200, &get(&daemon, &access, "/api/auth/me"));
    let third = expect(200, &refresh(&member(&second, "refresh_token")));
    // Whoever guesses at a session, and has never had a token of it, ends nothing.
    let mut guess = member(&third, "refresh_token").into_bytes();
    guess[25] = if guess[25] == b'0' { b'1' } else { b'0' };
    expect(401, &refresh(std::str::from_utf8(&guess).unwrap()));
    for nonsense in ["", "fdr_", "x", &"f".repeat(116)] {
        expect(401, &refresh(nonsense));
    }
    expect(200, &get(&daemon, &access, "/api/auth/me"));
    // Somebody else has the token too: nobody has the session any more.
    expect(401, &refresh(&used));
    expect(401, &refresh(&member(&third, "refresh_token")));
    expect(401, &get(&daemon, &access, "/api/auth/me"));
}

#[test]
fn a_forged_or_outlived_access_token_opens_nothing() {
    let daemon = Daemon::with_config("[auth]\naccess_life = \"1s\"\n");
    let email = person(&daemon, "Dewi", "agent");
    let token = access(&daemon, &email);
    let (message, _) = token.rsplit_once('.').unwrap();
    for forged in [format!("{message}."), format!("{message}.AAAA"), "..".into(), "a.b.c".into()] {
        expect(401, &get(&daemon, &forged, "/api/auth/me"));
    }
    sleep(Duration::from_millis(1100));
    expect(401, &get(&daemon, &token, "/api/auth/me"));
}

#[test]
fn a_new_password_ends_every_other_session() {
    let daemon = Daemon::with_config("");
    let email = person(&daemon, "Dewi", "agent");
    let (here, elsewhere) = (access(&daemon, &email), access(&daemon, &email));
    let change = |current: &str, new: &str| {
        let body = json!({"current": current, "new": new});
        ask(&daemon, &here, "POST", "/api/auth/password", Some(&body))
    };
    for (weak, why) in [
        ("short", "10"),
        ("password1234", "guessed"),
        ("dewi@desk.example", "own name"),
        (&*"x".repeat(257), "256"),
    ] {
        let told = expect(400, &change(PASSWORD, weak));
        assert_eq!(told["errors"][0]["field"], "new", "{told}");
        assert!(told["detail"].as_str().unwrap().contains(why), "{told}");
    }
    assert_eq!(expect(400, &change("not mine", "a loud morning"))["errors"][0]["field"], "current");
    expect(204, &change(PASSWORD, "a loud morning"));
    expect(200, &get(&daemon, &here, "/api/auth/me"));
    expect(401, &get(&daemon, &elsewhere, "/api/auth/me"));
    expect(401, &try_login(&daemon, &json!({"email": email, "password": PASSWORD})));
    expect(200, &try_login(&daemon, &json!({"email": email, "password": "a loud morning"})));
}

#[test]
fn a_person_sees_their_sessions_and_ends_them() {
    let daemon = Daemon::with_config("");
    let email = person(&daemon, "Dewi", "agent");
    let tokens: Vec<_> = (0..3).map(|_| access(&daemon, &email)).collect();
    let other = access(&daemon, &person(&daemon, "Budi", "agent"));
    let list = |token: &str| {
        let told = expect(200, &get(&daemon, token, "/api/auth/sessions"));
        told["sessions"].as_array().expect("sessions").clone()
    };
    let sessions = list(&tokens[0]);
    assert_eq!(sessions.len(), 3);
    assert_eq!((&sessions[0]["current"], &sessions[1]["current"]), (&json!(true), &json!(false)));
    let second = format!("/api/auth/sessions/{}", sessions[1]["id"]);
    expect(404, &ask(&daemon, &other, "DELETE", &second, None));
    expect(204, &ask(&daemon, &tokens[0], "DELETE", &second, None));
    expect(401, &get(&daemon, &tokens[1], "/api/auth/me"));
    expect(204, &ask(&daemon, &tokens[0], "DELETE", "/api/auth/sessions", None));
    expect(401, &get(&daemon, &tokens[2], "/api/auth/me"));
    assert_eq!(list(&tokens[0]).len(), 1);
    assert_eq!(list(&other).len(), 1);
}
