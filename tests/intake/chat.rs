//! Chatbots hand chats over, and the customer looks at their one ticket (seed 003).

use serde_json::{Value, json};

use crate::desk::{Desk, problem, turns, word};
use crate::harness::Response;

const FROM_CHAT: &str = "/api/public/tickets/from-chat";
const ESCALATE: &str = "/api/public/tickets/escalate";

/// The seed's example.
fn chat() -> Value {
    json!({
        "workspace_id": "uuid",
        "conversation_id": "conv-uuid",
        "subject": "Escalated from chat",
        "description": "Customer needs human support",
        "customer_email": "customer@example.com",
        "customer_name": "John Doe",
        "chat_history": [
            {"role": "user", "content": "I need help"},
            {"role": "bot", "content": "How can I assist?"}
        ]
    })
}

/// As anybody, without a token.
fn post(desk: &Desk, path: &str, body: &Value) -> Response {
    let headers = [("Content-Type", "application/json")];
    desk.daemon.request("POST", path, &headers, body.to_string().as_bytes())
}

fn handed_over(desk: &Desk, body: &Value) -> (String, String) {
    let answer = post(desk, FROM_CHAT, body);
    assert!(matches!(answer.status, 200 | 201), "{}", answer.text());
    let told = answer.json();
    (word(&told["ticket"]["id"]), word(&told["accessToken"]))
}

fn look(desk: &Desk, ticket: &str, token: &str) -> Response {
    desk.daemon.request("GET", &format!("/api/public/tickets/{ticket}?token={token}"), &[], b"")
}

/// S3.33
#[test]
fn a_chat_becomes_a_ticket_with_its_history() {
    let desk = Desk::open("");
    let answer = post(&desk, FROM_CHAT, &chat());
    assert_eq!(answer.status, 201, "{}", answer.text());
    let told = answer.json();
    assert_eq!(told["ticket"]["ticket_number"], "#1001");
    assert_eq!(told["ticket"]["subject"], "Escalated from chat");
    let ticket = desk.ticket("1001");
    assert_eq!(ticket["id"], told["ticket"]["id"]);
    assert_eq!((&ticket["channel"], &ticket["status"]), (&json!("chat"), &json!("new")));
    assert_eq!(ticket["requester_email"], "customer@example.com");
    assert_eq!(ticket["description"], "Customer needs human support");
    assert_eq!(desk.ticket("chat:uuid:conv-uuid")["id"], ticket["id"]);
    let said = [("user", "message", "I need help"), ("bot", "message", "How can I assist?")];
    assert_eq!(desk.said("1001"), turns(&said));
}

#[test]
fn the_same_chat_is_the_same_ticket_and_adds_what_is_new() {
    let desk = Desk::open("");
    let (first, _) = handed_over(&desk, &chat());
    let newest = desk.newest_event();
    assert_eq!(post(&desk, FROM_CHAT, &chat()).status, 200);
    assert_eq!(desk.newest_event(), newest);
    let mut longer = chat();
    longer["chat_history"]
        .as_array_mut()
        .expect("turns")
        .push(json!({"role": "user", "content": "I need help"}));
    assert_eq!(handed_over(&desk, &longer).0, first);
    let mut newest_only = chat();
    newest_only["chat_history"] = json!([
        {"role": "user", "content": "I need help"},
        {"role": "bot", "content": "A person will come"},
    ]);
    assert_eq!(handed_over(&desk, &newest_only).0, first);
    let said: Vec<_> = desk.said("1001").into_iter().map(|(_, _, words)| words).collect();
    assert_eq!(said, ["I need help", "How can I assist?", "I need help", "A person will come"]);
    assert_eq!(desk.tickets(), 1);
}

#[test]
fn the_token_shows_its_ticket_and_no_other() {
    let mut desk = Desk::open("");
    let (mine, token) = handed_over(&desk, &chat());
    let mut other = chat();
    other["conversation_id"] = json!("another");
    let (theirs, _) = handed_over(&desk, &other);
    let escalation =
        json!({"workspace_id": "uuid", "conversation_id": "conv-uuid", "reason": "complex_issue"});
    assert_eq!(post(&desk, ESCALATE, &escalation).status, 200);
    desk.daemon.restart();
    let shown = look(&desk, &mine, &token);
    assert_eq!(shown.status, 200, "{}", shown.text());
    let shown = shown.json();
    assert_eq!((&shown["id"], &shown["status"]), (&json!(mine), &json!("new")));
    let said: Vec<_> =
        shown["timeline"].as_array().expect("turns").iter().map(|e| word(&e["body"])).collect();
    assert_eq!(said, ["I need help", "How can I assist?"], "no word of the escalation");
    let bearer = format!("Bearer {token}");
    let path = format!("/api/public/tickets/{mine}");
    assert_eq!(desk.daemon.request("GET", &path, &[("Authorization", &bearer)], b"").status, 200);
    problem(&look(&desk, &theirs, &token), 404);
    problem(&look(&desk, &mine, &format!("{token}0")), 404);
    problem(&look(&desk, "999999", &token), 404);
    problem(&desk.daemon.request("GET", &path, &[], b""), 401);
    assert_eq!(token.len(), "fd_".len() + 64, "256 bits");
    // It opens nothing else, and is nowhere on disk.
    problem(&desk.call(&token, "GET", "/api/tickets/1001", b""), 401);
    let segments = std::fs::read_dir(desk.daemon.data_dir().join("journal")).expect("the journal");
    for file in segments {
        let bytes = std::fs::read(file.expect("a file").path()).expect("its bytes");
        assert!(!bytes.windows(token.len()).any(|part| part == token.as_bytes()));
    }
    assert!(!desk.daemon.log().contains(&token));
}

/// S3.34
#[test]
fn an_escalation_flags_and_raises_the_chats_ticket() {
    let desk = Desk::open("");
    handed_over(&desk, &chat());
    let body = json!({"workspace_id": "uuid", "bot_id": "bot-uuid", "conversation_id": "conv-uuid",
        "reason": "complex_issue", "context": {"plan": "enterprise", "tries": 3}});
    let answer = post(&desk, ESCALATE, &body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let ticket = desk.ticket("1001");
    assert_eq!(ticket["escalation"]["reason"], "complex_issue");
    assert_eq!(ticket["escalation"]["by"], "bot-uuid");
    assert_eq!((&ticket["priority"], &ticket["status"]), (&json!("high"), &json!("new")));
    let told = desk.said("1001").pop().expect("an entry");
    assert_eq!((told.0.as_str(), told.1.as_str()), ("system", "event"));
    for word in ["bot-uuid", "complex_issue", "plan: enterprise", "tries: 3"] {
        assert!(told.2.contains(word), "{told:?}");
    }
    let newest = desk.newest_event();
    assert_eq!(post(&desk, ESCALATE, &body).status, 200);
    assert_eq!(desk.newest_event(), newest, "once is enough");
}

#[test]
fn an_escalation_of_an_unknown_chat_makes_its_ticket() {
    let desk = Desk::open("");
    let body =
        json!({"workspace_id": "uuid", "bot_id": "b", "conversation_id": "new", "reason": "angry"});
    assert_eq!(post(&desk, ESCALATE, &body).status, 201);
    let mut later = chat();
    later["conversation_id"] = json!("new");
    handed_over(&desk, &later);
    let ticket = desk.ticket("1001");
    assert_eq!(ticket["customer_email"], "customer@example.com");
    assert_eq!(ticket["escalation"]["reason"], "angry");
    assert_eq!((desk.tickets(), desk.said("1001").len()), (1, 3));
}

/// Nobody is asked for a token, so a guessed conversation must not open somebody's ticket.
#[test]
fn somebody_elses_conversation_gives_no_token() {
    let desk = Desk::open("");
    handed_over(&desk, &chat());
    for email in [json!("thief@example.com"), Value::Null] {
        let mut guessed = chat();
        guessed["customer_email"] = email;
        let answer = post(&desk, FROM_CHAT, &guessed);
        problem(&answer, 403);
        assert!(!answer.text().contains("accessToken"));
    }
    assert_eq!(desk.said("1001").len(), 2);
}

#[test]
fn only_known_workspaces_may_hand_over() {
    let desk = Desk::open("[public]\nworkspaces = ['uuid']\n");
    handed_over(&desk, &chat());
    let mut other = chat();
    other["workspace_id"] = json!("another");
    assert_eq!(problem(&post(&desk, FROM_CHAT, &other), 400), ["workspace_id"]);
    other["workspace_id"] = json!("a:b");
    assert_eq!(problem(&post(&desk, FROM_CHAT, &other), 400), ["workspace_id"]);
    assert_eq!(desk.tickets(), 1);
}

#[test]
fn what_is_wrong_with_a_chat_is_named() {
    let desk = Desk::open("");
    let wrong = |name: &str, value: Value| {
        let mut body = chat();
        body[name] = value;
        problem(&post(&desk, FROM_CHAT, &body), 400)
    };
    assert_eq!(wrong("customer_email", json!("nobody")), ["customer_email"]);
    assert_eq!(wrong("conversation_id", json!("")), ["conversation_id"]);
    assert_eq!(
        wrong("chat_history", json!([{"role": "ghost", "content": "boo"}])),
        ["chat_history[0].role"]
    );
    let many: Vec<_> =
        (0..201).map(|n| json!({"role": "user", "content": n.to_string()})).collect();
    assert_eq!(wrong("chat_history", json!(many)), ["chat_history"]);
    let bare = json!({"workspace_id": "w", "conversation_id": "c"});
    assert_eq!(problem(&post(&desk, FROM_CHAT, &bare), 400), ["chat_history"]);
    assert_eq!(desk.tickets(), 0);
}

/// S3.49
#[test]
fn too_many_chats_are_told_to_wait() {
    let desk = Desk::open("[public]\nrequests_per_minute = 3\n");
    for n in 0..3 {
        let mut body = chat();
        body["conversation_id"] = json!(n.to_string());
        handed_over(&desk, &body);
    }
    let answer = post(&desk, FROM_CHAT, &chat());
    problem(&answer, 429);
    let wait: u32 = answer.header("retry-after").expect("Retry-After").parse().expect("seconds");
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(desk.tickets(), 3);
}
