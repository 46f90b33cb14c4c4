//! A customer opens a ticket, looks at it, replies and rates, with nothing but the token of this ticket.

use serde_json::{Value, json};

use crate::desk::{Desk, problem, rows, word};
use crate::harness::Response;

const PATH: &str = "/api/public/tickets";

/// The seed's example.
fn example() -> Value {
    json!({
        "workspace_id": "uuid", "subject": "Question about billing", "description": "I have a question...",
        "requester_email": "customer@example.com", "requester_name": "John Doe",
    })
}

fn submitted(desk: &Desk) -> (String, String) {
    let answer = desk.visits("POST", PATH, &example());
    assert_eq!(answer.status, 201, "{}", answer.text());
    let told = answer.json();
    (word(&told["ticket"]["id"]), word(&told["accessToken"]))
}

/// S3.40 to S3.42
#[test]
fn a_customer_submits_looks_and_replies() {
    let desk = Desk::open("");
    let (id, token) = submitted(&desk);
    let look = format!("{PATH}/{id}?token={token}");
    let seen = desk.visits("GET", &look, &Value::Null).json();
    assert_eq!(seen["subject"], "Question about billing");
    assert_eq!(seen["requester_email"], "customer@example.com");
    assert_eq!((&seen["status"], &seen["may_be_rated"]), (&json!("new"), &json!(false)));
    let inside = desk.reads("/api/tickets/1001");
    assert_eq!(
        (&inside["channel"], &inside["category"]),
        (&json!("web"), &json!("general_inquiry"))
    );
    let comment = json!({"body": "Which invoice?", "is_internal": false});
    desk.does("POST", "/api/tickets/1001/comments", &comment, 201);
    desk.does(
        "POST",
        "/api/tickets/1001/comments",
        &json!({"body": "odd", "is_internal": true}),
        201,
    );
    desk.does("PUT", "/api/tickets/1001/status", &json!({"status": "pending"}), 200);
    let reply = json!({"access_token": token, "body": "The one of May"});
    let told = desk.visits("POST", &format!("{PATH}/{id}/reply"), &reply);
    assert_eq!(told.status, 201, "{}", told.text());
    assert_eq!(told.json()["comment"]["body"], "The one of May");
    assert_eq!(told.json()["ticket"]["status"], "in_progress");
    let seen = desk.visits("GET", &look, &Value::Null).json();
    let said: Vec<String> = rows(&seen, "timeline").iter().map(|e| word(&e["body"])).collect();
    assert_eq!(said, ["I have a question...", "Which invoice?", "The one of May"]);
}

/// DESIGN C3
#[test]
fn a_reply_reopens_a_ticket_or_follows_it_up() {
    let desk = Desk::open("[tickets]\nreopen_window = '0s'\n");
    let (id, token) = submitted(&desk);
    let path = format!("{PATH}/{id}/reply");
    desk.does("POST", "/api/tickets/1001/resolve", &Value::Null, 200);
    let told = desk.visits("POST", &path, &json!({"access_token": token, "body": "Still wrong"}));
    assert_eq!(told.status, 201, "{}", told.text());
    let told = told.json();
    assert_eq!(told["ticket"]["ticket_number"], "#1002", "the window is over: another one");
    let next = word(&told["ticket"]["id"]);
    let seen = desk.visits("GET", &format!("{PATH}/{next}?token={token}"), &Value::Null).json();
    assert_eq!(rows(&seen, "timeline")[0]["body"], "Still wrong");
    assert_eq!(desk.reads("/api/tickets/1001")["status"], "resolved");
    assert_eq!(desk.reads("/api/tickets/1002")["related"], json!([1001]));

    let desk = Desk::open("");
    let (id, token) = submitted(&desk);
    desk.does("POST", "/api/tickets/1001/resolve", &Value::Null, 200);
    let reply = json!({"access_token": token, "body": "Still wrong"});
    let told = desk.visits("POST", &format!("{PATH}/{id}/reply"), &reply).json();
    assert_eq!(told["ticket"]["status"], "open");
    assert_eq!(told["ticket"]["ticket_number"], "#1001");
}

/// S3.44
#[test]
fn a_resolved_ticket_is_rated_once_and_the_rating_may_be_changed() {
    let desk = Desk::open("");
    let (id, token) = submitted(&desk);
    let path = format!("{PATH}/{id}/satisfaction");
    let rating = json!({"access_token": token, "rating": 5, "feedback": "Great support!"});
    problem(&desk.visits("POST", &path, &rating), 409);
    problem(&desk.call(&desk.admin, "GET", "/api/tickets/1001/satisfaction", &Value::Null), 404);
    desk.does("POST", "/api/tickets/1001/resolve", &Value::Null, 200);
    let told = desk.visits("POST", &path, &rating);
    assert_eq!(told.status, 201, "{}", told.text());
    let told = told.json();
    assert_eq!((&told["rating"], &told["feedback"]), (&json!(5), &json!("Great support!")));
    let worse = json!({"access_token": token, "rating": 2});
    assert_eq!(desk.visits("POST", &path, &worse).json()["rating"], 2);
    let seen = desk.reads("/api/tickets/1001/satisfaction");
    assert_eq!((&seen["rating"], &seen["feedback"]), (&json!(2), &Value::Null));
    let look = desk.visits("GET", &format!("{PATH}/{id}?token={token}"), &Value::Null).json();
    assert_eq!((&look["rating"], &look["may_be_rated"]), (&json!(2), &json!(true)));
    for (wrong, fields) in [(json!(0), 1), (json!(6), 1), (json!("five"), 1), (json!(4.5), 1)] {
        let answer = desk.visits("POST", &path, &json!({"access_token": token, "rating": wrong}));
        assert_eq!(problem(&answer, 400).len(), fields, "{wrong}");
    }
}

#[test]
fn without_the_tickets_own_token_there_is_no_such_ticket() {
    let desk = Desk::open("");
    let (id, _) = submitted(&desk);
    let (_, other) = submitted(&desk);
    for (path, body) in [
        (format!("{PATH}/{id}/reply"), json!({"access_token": other, "body": "x"})),
        (format!("{PATH}/{id}/satisfaction"), json!({"access_token": other, "rating": 5})),
        (format!("{PATH}/{id}/reply"), json!({"access_token": desk.admin, "body": "x"})),
    ] {
        problem(&desk.visits("POST", &path, &body), 404);
    }
    problem(&desk.visits("POST", &format!("{PATH}/{id}/reply"), &json!({"body": "x"})), 401);
    problem(&desk.visits("GET", &format!("{PATH}/{id}?token={other}"), &Value::Null), 404);
}

/// S3.43, as it was decided: an address alone tells nobody anything.
#[test]
fn a_ticket_is_found_by_number_and_address_together() {
    let desk = Desk::open("");
    submitted(&desk);
    let lookup = |query: &str| {
        let answer = desk.visits("GET", &format!("{PATH}/lookup?{query}"), &Value::Null);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    };
    let known = lookup("email=customer@example.com");
    assert_eq!(known, lookup("email=nobody@example.com"));
    let found = lookup("email=Customer@Example.com&ticket_number=%231001");
    let found = &rows(&found, "tickets")[0];
    assert_eq!((&found["ticket_number"], &found["status"]), (&json!("#1001"), &json!("new")));
    assert!(found["created_at"].is_string() && found.get("subject").is_none());
    let wrong = lookup("email=nobody@example.com&ticket_number=1001");
    assert_eq!(wrong, lookup("email=customer@example.com&ticket_number=4711"));
    assert!(rows(&wrong, "tickets").is_empty());
}

/// S3.47, S3.49
#[test]
fn another_desks_workspace_is_refused_and_too_much_is_told_to_wait() {
    let desk = Desk::open("[public]\nworkspaces = ['uuid']\nrequests_per_minute = 3\n");
    let mut other = example();
    other["workspace_id"] = json!("another");
    assert_eq!(problem(&desk.visits("POST", PATH, &other), 400), ["workspace_id"]);
    for _ in 0..3 {
        submitted(&desk);
    }
    let answer = desk.visits("POST", PATH, &example());
    problem(&answer, 429);
    assert!(answer.header("retry-after").is_some());
}

#[test]
fn a_request_that_comes_again_makes_one_ticket_and_gives_a_token_that_is_good() {
    let desk = Desk::open("");
    let send = || {
        let headers = [("Content-Type", "application/json"), ("Idempotency-Key", "5f1c-a-key")];
        let body = example().to_string();
        let answer = desk.daemon.request("POST", PATH, &headers, body.as_bytes());
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()
    };
    let (first, again) = (send(), send());
    assert_eq!(first, again);
    let (id, token) = (word(&again["ticket"]["id"]), word(&again["accessToken"]));
    assert_eq!(desk.visits("GET", &format!("{PATH}/{id}?token={token}"), &Value::Null).status, 200);
    problem(&desk.call(&desk.admin, "GET", "/api/tickets/1002", &Value::Null), 404);
}

#[test]
fn what_is_wrong_is_named() {
    let desk = Desk::open("");
    let wrong = |name: &str, value: Value| {
        let mut body = example();
        body[name] = value;
        problem(&desk.visits("POST", PATH, &body), 400)
    };
    assert_eq!(wrong("requester_email", json!("nobody")), ["requester_email"]);
    assert_eq!(wrong("subject", json!("")), ["subject"]);
    assert_eq!(wrong("description", json!("x".repeat(10_001))), ["description"]);
    let lookup = desk.visits("GET", &format!("{PATH}/lookup?email=nobody"), &Value::Null);
    assert_eq!(problem(&lookup, 400), ["email"]);
}

/// A form with files, as a browser sends it.
fn files(desk: &Desk, path: &str, words: &str, files: &[(&str, &[u8])]) -> Response {
    let mut body = Vec::new();
    if !words.is_empty() {
        body.extend(
            format!("--XX\r\nContent-Disposition: form-data; name=\"body\"\r\n\r\n{words}\r\n")
                .bytes(),
        );
    }
    for (name, bytes) in files {
        let head = format!(
            "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: image/png\r\n\r\n"
        );
        body.extend(head.bytes().chain(bytes.iter().copied()).chain(*b"\r\n"));
    }
    body.extend(*b"--XX--\r\n");
    let headers = [("Content-Type", "multipart/form-data; boundary=XX")];
    desk.daemon.request("POST", path, &headers, &body)
}

/// S3.40: what agents' files may be, customers' may be.
#[test]
fn a_customer_sends_files_with_a_reply() {
    let desk = Desk::open("[attachments]\nmax_size = '100 KiB'\n");
    let (id, token) = submitted(&desk);
    let path = format!("{PATH}/{id}/attachments?token={token}");
    let page = b"<html><script>alert(1)</script></html>".as_slice();
    let told =
        files(&desk, &path, "The invoice", &[("../invoice.pdf", b"%PDF-1.7"), ("x.png", page)]);
    assert_eq!(told.status, 201, "{}", told.text());
    let told = told.json();
    assert_eq!(
        (&told["comment"]["body"], &told["comment"]["speaker"]),
        (&json!("The invoice"), &json!("user"))
    );
    let sent = rows(&told["comment"], "attachments");
    let kinds: Vec<_> =
        sent.iter().map(|f| (word(&f["file_name"]), word(&f["media_type"]))).collect();
    let is = |name: &str, kind: &str| (name.to_owned(), kind.to_owned());
    assert_eq!(
        kinds,
        [is("invoice.pdf", "application/pdf"), is("x.png", "application/octet-stream")]
    );
    // The agent has them, and the customer reads them again.
    let listed = desk.reads("/api/tickets/1001/timeline");
    let last = rows(&listed, "entries").last().expect("an entry");
    assert_eq!((&last["speaker"], rows(last, "attachments").len()), (&json!("user"), 2));
    for base in [format!("{PATH}/{id}"), "/api/tickets/1001".to_owned()] {
        let path = format!("{base}/attachments/{}?token={token}", sent[0]["id"]);
        let seen = match base.starts_with(PATH) {
            true => desk.visits("GET", &path, &Value::Null),
            false => desk.call(&desk.agent, "GET", &path, &Value::Null),
        };
        assert_eq!((seen.status, seen.body.as_slice()), (200, b"%PDF-1.7".as_slice()), "{path}");
    }
    // Without words the reply is the names; a file as the body will do.
    let raw = desk.daemon.request(
        "POST",
        &format!("{path}&name=photo.txt"),
        &[("Content-Type", "text/plain")],
        b"a photo",
    );
    assert_eq!(raw.status, 201, "{}", raw.text());
    assert_eq!(raw.json()["comment"]["body"], "photo.txt");
}

#[test]
fn what_a_customer_may_not_send_leaves_nothing() {
    let desk =
        Desk::open("[attachments]\nmax_size = '10 KiB'\n[public]\nrequests_per_minute = 1000\n");
    let (id, token) = submitted(&desk);
    let (_, other) = submitted(&desk);
    let path = format!("{PATH}/{id}/attachments");
    let one: [(&str, &[u8]); 1] = [("a.txt", b"one")];
    problem(&files(&desk, &path, "x", &one), 401);
    problem(&files(&desk, &format!("{path}?token={other}"), "x", &one), 404);
    let path = format!("{path}?token={token}");
    problem(&files(&desk, &path, "x", &[("large.txt", &[b'x'; 11_000])]), 413);
    let half = [b'x'; 6_000].as_slice();
    problem(&files(&desk, &path, "x", &[("a.txt", half), ("b.txt", half)]), 413);
    assert_eq!(problem(&files(&desk, &path, "x", &[]), 400), ["file"]);
    assert_eq!(problem(&files(&desk, &path, &"x".repeat(10_001), &one), 400), ["body"]);
    let eleven: Vec<(&str, &[u8])> = (0..11).map(|_| one[0]).collect();
    assert_eq!(problem(&files(&desk, &path, "x", &eleven), 400), ["file"]);
    let inside = desk.reads("/api/tickets/1001/timeline");
    assert_eq!(rows(&inside, "entries").len(), 1, "nothing was said");
    // No more than a ticket holds, whoever sends them.
    let ten = &eleven[..10];
    for _ in 0..20 {
        assert_eq!(files(&desk, &path, "ten", ten).status, 201);
    }
    problem(&files(&desk, &path, "one more", &one), 409);
    assert_eq!(rows(&desk.reads("/api/tickets/1001/timeline?limit=100"), "entries").len(), 21);
}

/// DESIGN C3: the files stand where the words stand.
#[test]
fn files_on_a_ticket_that_ended_long_ago_stand_on_the_one_that_follows() {
    let desk = Desk::open("[tickets]\nreopen_window = '0s'\n");
    let (id, token) = submitted(&desk);
    desk.does("POST", "/api/tickets/1001/resolve", &Value::Null, 200);
    let path = format!("{PATH}/{id}/attachments?token={token}");
    let told = files(&desk, &path, "Again", &[("a.txt", b"again")]).json();
    assert_eq!(told["ticket"]["ticket_number"], "#1002");
    let listed = desk.reads("/api/tickets/1002/attachments");
    assert_eq!(rows(&listed, "attachments")[0]["file_name"], "a.txt");
    assert!(rows(&desk.reads("/api/tickets/1001/attachments"), "attachments").is_empty());
}

/// A sum a day and ticket, beside the limit of each file: what is spent is told, with the time when it comes back.
#[test]
fn a_customer_sends_a_ticket_so_much_a_day() {
    let mut desk = Desk::open(
        "[attachments]\nmax_size = '4 KiB'\ncustomer_daily = '10 KiB'\n[public]\nrequests_per_minute = 1000\n",
    );
    let (id, token) = submitted(&desk);
    let path = format!("{PATH}/{id}/attachments?token={token}");
    let four = [b'x'; 4_000].as_slice();
    for _ in 0..2 {
        assert_eq!(files(&desk, &path, "more", &[("a.txt", four)]).status, 201);
    }
    let refused = files(&desk, &path, "more", &[("a.txt", four)]);
    problem(&refused, 413);
    assert!(refused.text().contains("attachments.customer_daily"), "{}", refused.text());
    let rest = [b'x'; 10_240 - 8_000].as_slice();
    assert_eq!(files(&desk, &path, "the rest", &[("a.txt", rest)]).status, 201);
    // A restart gives nothing back.
    desk.daemon.restart();
    let refused = files(&desk, &path, "a byte", &[("a.txt", b"x")]);
    problem(&refused, 429);
    let later: u32 = refused.header("retry-after").expect("when").parse().expect("seconds");
    assert!((86_000..=86_401).contains(&later), "{later}");
    assert!(refused.text().contains("10240 bytes"), "{}", refused.text());
    // Words are taken still, agents' files too, and so is what another ticket's customer sends.
    let reply = json!({"access_token": token, "body": "I cannot send more"});
    assert_eq!(desk.visits("POST", &format!("{PATH}/{id}/reply"), &reply).status, 201);
    let bearer = format!("Bearer {}", desk.agent);
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "text/plain")];
    let own = desk.daemon.request("POST", "/api/tickets/1001/attachments", &headers, four);
    assert_eq!(own.status, 201, "{}", own.text());
    let (id, token) = submitted(&desk);
    let path = format!("{PATH}/{id}/attachments?token={token}");
    assert_eq!(files(&desk, &path, "mine", &[("a.txt", four)]).status, 201);
}
