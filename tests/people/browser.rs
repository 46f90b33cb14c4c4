//! Logging in as a browser does: a cookie, and what keeps pages of other sites from using it.

use super::*;

/// A browser's session: what it sends as `Cookie`, and its CSRF token.
fn enter(
    daemon: &Daemon,
    email: &str,
    remember: bool,
    headers: &[(&str, &str)],
) -> (String, String, String) {
    let body = json!({"email": email, "password": PASSWORD, "cookie": true, "remember": remember});
    let answer = post(daemon, "/api/auth/login", headers, &body);
    let told = expect(200, &answer);
    assert_eq!((&told["access_token"], &told["refresh_token"]), (&json!(null), &json!(null)));
    let set = answer.header("set-cookie").expect("a cookie").to_owned();
    let cookie = set.split(';').next().expect("its pair").to_owned();
    (cookie, member(&told, "csrf_token"), set)
}

#[test]
fn a_cookie_speaks_for_our_own_pages_alone() {
    let daemon = Daemon::with_config("");
    let email = person(&daemon, "Dewi", "agent");
    let (cookie, csrf, set) = enter(&daemon, &email, false, &[]);
    for attribute in ["; Path=/", "; HttpOnly", "; SameSite=Strict"] {
        assert!(set.contains(attribute), "{set}");
    }
    assert!(
        !set.contains("Max-Age") && !set.contains("Domain"),
        "until the browser is closed: {set}"
    );
    let send = |method: &str, path: &str, headers: &[(&str, &str)]| {
        let headers = [&[("Cookie", cookie.as_str())], headers].concat();
        daemon.request(method, path, &headers, b"")
    };
    let me = expect(200, &send("GET", "/api/auth/me", &[]));
    assert_eq!((&me["agent"]["email"], &me["csrf_token"]), (&json!(email), &json!(csrf)));
    // Reading needs the cookie alone; a change needs what only our own pages know.
    let change = "/api/auth/sessions";
    let origin = format!("http://{}", daemon.address());
    let evil = ("Origin", "https://evil.example");
    let token = ("X-CSRF-Token", csrf.as_str());
    for wrong in [
        &[][..],
        &[("X-CSRF-Token", "")],
        &[("X-CSRF-Token", "0000")],
        &[token, evil],
        &[token, ("Origin", "null")],
        &[token, ("Sec-Fetch-Site", "cross-site")],
        &[token, ("Sec-Fetch-Site", "same-site")],
    ] {
        expect(403, &send("DELETE", change, wrong));
    }
    expect(204, &send("DELETE", change, &[token]));
    expect(
        204,
        &send("DELETE", change, &[token, ("Origin", &origin), ("Sec-Fetch-Site", "same-origin")]),
    );
    // Another session's token is worth nothing here.
    let (_, others, _) = enter(&daemon, &email, false, &[]);
    expect(403, &send("DELETE", change, &[("X-CSRF-Token", &others)]));
    let out = send("POST", "/api/auth/logout", &[token]);
    expect(204, &out);
    assert!(out.header("set-cookie").is_some_and(|set| set.contains("Max-Age=0")));
    expect(401, &send("GET", "/api/auth/me", &[]));
}

#[test]
fn a_page_of_another_site_logs_nobody_in() {
    let daemon = Daemon::with_config("");
    let email = person(&daemon, "Dewi", "agent");
    let body = json!({"email": email, "password": PASSWORD, "cookie": true});
    let answer = post(&daemon, "/api/auth/login", &[("Origin", "https://evil.example")], &body);
    expect(403, &answer);
    assert_eq!(answer.header("set-cookie"), None);
}

#[test]
fn over_tls_the_cookie_is_bound_to_the_host() {
    let daemon = Daemon::with_config("");
    let email = person(&daemon, "Dewi", "agent");
    // As behind a proxy that speaks TLS, by what the browser says of its page.
    let origin = format!("https://{}", daemon.address());
    let (cookie, _, set) = enter(&daemon, &email, true, &[("Origin", &origin)]);
    assert!(cookie.starts_with("__Host-frontdesk="), "{set}");
    assert!(set.contains("; Secure") && set.contains("; Max-Age=2592000"), "{set}");
    expect(200, &daemon.request("GET", "/api/auth/me", &[("Cookie", &cookie)], b""));
    let damaged = cookie.replace("__Host-frontdesk=", "__Host-frontdesk=0");
    expect(401, &daemon.request("GET", "/api/auth/me", &[("Cookie", &damaged)], b""));
    let with_others = format!("a=b; {cookie}; c=d");
    expect(200, &daemon.request("GET", "/api/auth/me", &[("Cookie", &with_others)], b""));
}
