//! Who may come in: tokens that are missing, wrong or too small (S0.51).

use super::Desk;
use super::operation::Operation;

/// Meta's challenge knows no token, and without the words of the configuration there is nothing.
fn is_closed(operation: &Operation) -> bool {
    operation.name() == "GET /webhook/whatsapp"
}

#[test]
fn without_a_token_there_is_no_way_in() {
    let desk = Desk::shared();
    let mut open = Vec::new();
    for operation in &desk.operations {
        let path = operation.about("GXS-20200101-00000000");
        if operation.open {
            open.push(operation.path.as_str());
            let answer = desk.ask(&operation.method, &path, None, &[], b"");
            let wanted = match (operation.method.as_str(), path.as_str()) {
                // There is one only where TLS is of the box's making.
                (_, "/ca.pem") => 404,
                // It is asked for somebody.
                (_, "/api/public/tickets/lookup") => 400,
                ("GET", _) => 200,
                // Files are taken only for a ticket that one has shown to be one's own.
                (_, path) if path.ends_with("/attachments") => 401,
                _ => 400,
            };
            assert_eq!(answer.status, wanted, "{path}");
            continue;
        }
        let answer = desk.ask(&operation.method, &path, None, &[], b"{}");
        // Its client may say who it is later, but it is for WebSockets alone.
        if operation.path == "/api/live" {
            assert_eq!(answer.status, 400, "{}", answer.text());
            continue;
        }
        if is_closed(operation) {
            assert_eq!(answer.status, 404, "{}: {}", operation.name(), answer.text());
            continue;
        }
        assert_eq!(answer.status, 401, "{}: {}", operation.name(), answer.text());
        assert!(answer.header("www-authenticate").is_some(), "{}", operation.name());
    }
    let people = ["/api/auth/login", "/api/auth/refresh"];
    let chat = [
        "/api/public/tickets",
        "/api/public/tickets/escalate",
        "/api/public/tickets/from-chat",
        "/api/public/tickets/lookup",
        // Of one ticket, by its own token.
        "/api/public/tickets/{ref}/attachments",
        "/api/public/tickets/{ref}/reply",
        "/api/public/tickets/{ref}/satisfaction",
    ];
    let desk_itself = ["/api/public/desk"];
    let others = ["/api/setup", "/ca.pem", "/health", "/ready"];
    let wanted = [&people[..], &desk_itself, &chat, &others].concat();
    assert_eq!(open, wanted, "DESIGN C9 names what needs no token");
}

#[test]
fn what_is_no_token_of_ours_opens_nothing() {
    let desk = Desk::shared();
    let cut = &desk.admin[..desk.admin.len() - 1];
    let longer = format!("{}x", desk.admin);
    let long = "x".repeat(4000);
    for wrong in ["", " ", "x", "null", "💥", cut, &longer, &long] {
        let answer = desk.ask("GET", "/api/calls", Some(wrong), &[], b"");
        assert_eq!(answer.status, 401, "{wrong:.40}: {}", answer.text());
    }
    for header in [
        desk.admin.clone(),
        format!("Basic {}", desk.admin),
        "Bearer".to_owned(),
        format!("Bearer {0} {0}", desk.admin),
    ] {
        let answer = desk.ask("GET", "/api/calls", None, &[("Authorization", &header)], b"");
        assert_eq!(answer.status, 401, "{}", answer.text());
    }
    let in_the_query = format!("/api/calls?token={}", desk.admin);
    assert_eq!(desk.ask("GET", &in_the_query, None, &[], b"").status, 401);
}

/// The scopes that an operation must refuse: `ingest` brings in, `read` reads, `agent` works the tickets.
fn too_small(method: &str, path: &str) -> &'static [&'static str] {
    match (method, path) {
        (_, "/api/tickets/all") => &["ingest", "read", "agent"],
        (_, "/api/tickets/my-tickets") => &["ingest", "read"],
        // A customer's token is none of ours: nobody learns what it would open.
        (_, path) if path.starts_with("/api/public/") => &[],
        (_, path) if path == "/api/tickets/create" || path.starts_with("/api/tickets/webhook/") => {
            &["read", "agent"]
        }
        (_, path) if path.starts_with("/ingest/") || path.starts_with("/webhook/") => {
            &["read", "agent"]
        }
        // Everybody may ask who they are.
        (_, "/api/auth/me") => &[],
        // Moving its cursor is part of reading the feed.
        ("GET", _) => &["ingest"],
        (_, path) if path.starts_with("/api/feed/") => &["ingest"],
        (_, path) if path.starts_with("/api/tickets/") => &["ingest", "read"],
        _ => &["read"],
    }
}

#[test]
fn a_token_of_too_small_a_scope_is_refused() {
    let desk = Desk::shared();
    for operation in desk.operations.iter().filter(|operation| !operation.open) {
        let path = operation.about("GXS-20200101-00000000");
        for scope in too_small(&operation.method, &operation.path) {
            let token = match *scope {
                "ingest" => &desk.ingest,
                "read" => &desk.read,
                _ => &desk.agent,
            };
            let answer = desk.ask(&operation.method, &path, Some(token), &[], b"{}");
            // A door whose vendor may sign tells only that this is no way in.
            let refused = matches!(answer.status, 401 | 403) || is_closed(operation);
            assert!(refused, "{} to {scope}: {}", operation.name(), answer.text());
        }
    }
    desk.must_be_well();
}
