//! Whose tickets somebody sees (DESIGN C9, S2.20, S4.15): what is not theirs is 404, as if it were not there.

use super::*;

/// A call that has ended and that this agent has claimed.
fn claimed(daemon: &Daemon, token: &str, session: &str) -> String {
    let opened = ask(daemon, token, "POST", "/api/calls", Some(&json!({"session_id": session})));
    let call = member(&expect(201, &opened)["data"], "ticket_id");
    expect(200, &ask(daemon, token, "POST", &format!("/api/calls/{call}/close"), Some(&json!({}))));
    expect(200, &ask(daemon, token, "POST", &format!("/api/tickets/{call}/reopen"), None));
    expect(200, &ask(daemon, token, "POST", &format!("/api/tickets/{call}/claim"), None));
    call
}

#[test]
fn a_colleagues_ticket_is_as_if_it_were_not_there_on_every_route() {
    let daemon = Daemon::with_config("");
    let dewi = access(&daemon, &person(&daemon, "Dewi", "agent"));
    let budi = access(&daemon, &person(&daemon, "Budi", "agent"));
    let wulan = access(&daemon, &person(&daemon, "Wulan", "supervisor"));
    let ticket = claimed(&daemon, &dewi, "s-1");
    let about = |token: &str| expect(200, &get(&daemon, token, &format!("/api/tickets/{ticket}")));
    let names = about(&dewi);
    about(&wulan);
    let document = daemon.request("GET", "/openapi.json", &[], b"").json();
    let mut tried = 0;
    for (path, methods) in document["paths"].as_object().expect("paths") {
        let of_a_ticket = path.contains("{ref}") || path.contains("/api/calls/{id}");
        if !of_a_ticket || path.starts_with("/api/public/") {
            continue;
        }
        for name in [&ticket, &names["number"].to_string(), &member(&names, "id")] {
            let path = path.replace("{ref}", name).replace("{id}", name).replace("{comment}", "1");
            for method in methods.as_object().expect("methods").keys() {
                let method = method.to_uppercase();
                // Who lost a claim is told who won it (DESIGN C9).
                if path.ends_with("/claim") {
                    continue;
                }
                // What every route takes: its fields, if it knows them.
                let body = json!({"status": "open", "body": "x", "message": "x", "speaker": "user", "key": "k", "value": "v"});
                let body = (method != "GET").then_some(&body);
                let answer = ask(&daemon, &budi, &method, &path, body);
                assert!(matches!(answer.status, 404 | 400), "{method} {path}: {}", answer.text());
                let absent = ask(&daemon, &budi, &method, &path.replace(name, "999999"), body);
                assert_eq!(
                    (answer.status, answer.text()),
                    (absent.status, absent.text()),
                    "{method} {path}"
                );
                tried += 1;
            }
        }
    }
    assert!(tried > 40, "{tried} are not all");
    for list in ["/api/calls", "/api/tickets/queue", "/api/tickets"] {
        let seen = expect(200, &get(&daemon, &budi, list)).to_string();
        assert!(!seen.contains(&ticket), "{list}");
    }
    about(&dewi);
}

#[test]
fn a_customers_token_opens_their_ticket_alone_until_it_is_revoked() {
    let daemon = Daemon::with_config("");
    let dewi = access(&daemon, &person(&daemon, "Dewi", "agent"));
    let hand_over = |session: &str| {
        let email = format!("{session}@example.com");
        let chat = json!({"workspace_id": "w", "conversation_id": session, "subject": "Help", "customer_email": email});
        expect(201, &post(&daemon, "/api/public/tickets/from-chat", &[], &chat))
    };
    let (one, other) = (hand_over("one"), hand_over("other"));
    let look = |ticket: &Value, token: &Value| {
        let ticket = ticket["ticket_number"].as_str().expect("a number").trim_start_matches('#');
        get(&daemon, token.as_str().expect("a token"), &format!("/api/public/tickets/{ticket}"))
    };
    expect(200, &look(&one["ticket"], &one["accessToken"]));
    let stolen = look(&other["ticket"], &one["accessToken"]);
    expect(404, &stolen);
    let absent = get(&daemon, one["accessToken"].as_str().unwrap(), "/api/public/tickets/999999");
    assert_eq!(stolen.text(), absent.text());
    let number =
        one["ticket"]["ticket_number"].as_str().unwrap().trim_start_matches('#').to_owned();
    let path = format!("/api/tickets/{number}/portal-tokens");
    assert_eq!(expect(200, &ask(&daemon, &dewi, "DELETE", &path, None))["revoked"], 1);
    expect(404, &look(&one["ticket"], &one["accessToken"]));
    expect(200, &look(&other["ticket"], &other["accessToken"]));
    assert_eq!(expect(200, &ask(&daemon, &dewi, "DELETE", &path, None))["revoked"], 0);
}
