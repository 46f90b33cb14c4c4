//! What browsers are told, and which pages may use the box.

use crate::harness::Daemon;

#[test]
fn every_answer_says_what_browsers_may_do() {
    let daemon = Daemon::with_config("");
    for path in [
        "/docs/",
        "/openapi.json",
        "/health",
        "/api/tickets/queue",
        "/nothing",
        "/",
        "/docs/swagger-ui.css",
    ] {
        let answer = daemon.request("GET", path, &[], b"");
        let told = |name: &str| {
            let value = answer.header(name).unwrap_or_default().to_owned();
            assert!(!value.is_empty(), "{path}: no {name}");
            value
        };
        let policy = told("content-security-policy");
        assert!(policy.contains("default-src 'self'") || policy.contains("default-src 'none'"));
        assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(told("x-content-type-options"), "nosniff");
        // The workspace tells itself where it comes from, nobody else.
        let referrer = if path == "/" { "same-origin" } else { "no-referrer" };
        assert_eq!(told("referrer-policy"), referrer, "{path}");
        assert!(told("permissions-policy").contains("microphone=()"));
        assert_eq!(answer.header("access-control-allow-origin"), None);
        assert_eq!(answer.header("strict-transport-security"), None, "this is no TLS");
        let keeps = path.starts_with("/api/") || path == "/health";
        assert_eq!(answer.header("cache-control") == Some("no-store"), keeps, "{path}");
    }
}

#[test]
fn only_pages_that_are_listed_may_read_answers() {
    let daemon = Daemon::with_config("[http]\norigins = [\"https://intranet.example.org\"]\n");
    let from = |method: &str, origin: &str, more: &[(&str, &str)]| {
        let headers = [&[("Origin", origin)], more].concat();
        daemon.request(method, "/api/tickets/queue", &headers, b"")
    };
    let listed = "https://intranet.example.org";
    let answer = from("GET", listed, &[]);
    assert_eq!(answer.status, 401, "an origin is no token");
    assert_eq!(answer.header("access-control-allow-origin"), Some(listed));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    let asked = [("Access-Control-Request-Method", "GET")];
    let preflight = from("OPTIONS", listed, &asked);
    assert_eq!(preflight.status, 204);
    assert!(preflight.header("access-control-allow-methods").is_some_and(|m| m.contains("PATCH")));
    for other in ["https://evil.example", "https://intranet.example.org.evil.example", "null"] {
        assert_eq!(from("GET", other, &[]).header("access-control-allow-origin"), None, "{other}");
        let preflight = from("OPTIONS", other, &asked);
        assert_eq!(preflight.header("access-control-allow-methods"), None, "{other}");
    }
}

#[test]
fn a_page_elsewhere_opens_no_websocket() {
    let daemon = Daemon::with_config("[http]\norigins = [\"https://intranet.example.org\"]\n");
    let token = format!("Bearer {}", daemon.token("ingest"));
    let own = format!("http://{}", daemon.address());
    for (origin, opens) in [
        (None, true),
        (Some(own.as_str()), true),
        (Some("https://intranet.example.org"), true),
        (Some("https://evil.example"), false),
        (Some("null"), false),
    ] {
        let mut headers = vec![
            ("Authorization", token.as_str()),
            ("Upgrade", "websocket"),
            // Without the word `Upgrade` here it comes to no socket, but to an answer that can be read.
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        headers.extend(origin.map(|origin| ("Origin", origin)));
        let answer = daemon.request("GET", "/ingest/calls/s-1", &headers, b"");
        assert_eq!(answer.status == 403, !opens, "{origin:?}: {}", answer.text());
    }
}
