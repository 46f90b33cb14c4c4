//! Who is shown which tickets, in which order, and how many.

use serde_json::{Value, json};

use super::{claim, listed, new_ticket, numbers};
use crate::bridge::{BUDI, Desk, message, phone, problem, rows};

#[test]
fn the_highest_priority_is_first_and_of_equals_the_oldest() {
    let mut desk = Desk::open("");
    let mut made = Vec::new();
    for (customer, priority) in
        ["medium", "low", "urgent", "high", "medium", "urgent"].into_iter().enumerate()
    {
        let config = format!("[tickets]\ndefault_priority = \"{priority}\"\n");
        std::fs::write(desk.daemon.config_file(), config).expect("a configuration file");
        desk.daemon.restart();
        made.push(new_ticket(&desk, customer as u32));
    }
    // By rank, not by spelling (S4.12), and rank before age.
    let order = [2, 5, 3, 0, 4, 1].map(|nth: usize| made[nth]);
    assert_eq!(numbers(&desk.queue()), order);
    let first_three = numbers(&rows(&desk.read("/api/tickets/queue?limit=3"), "tickets"));
    assert_eq!(first_three, order[..3], "S4.11");

    let urgent = numbers(&rows(&desk.read("/api/tickets/all?priority=urgent"), "tickets"));
    assert_eq!(urgent, [made[2], made[5]], "S4.15");
}

#[test]
fn a_list_has_fifty_unless_asked_and_never_over_its_maximum() {
    let desk = Desk::open("");
    let hello = |n: u32| message(&phone(&format!("62811{n:06}")), "A1", 0, "Halo");
    let messages: Vec<Value> = (0..60).map(hello).collect();
    let told = desk.deliver(&json!({"messages": messages, "type": "notify"}));
    assert_eq!(told.len(), 60);
    assert_eq!(desk.queue().len(), 50, "S4.11");
    assert_eq!(rows(&desk.read("/api/tickets/queue?limit=100"), "tickets").len(), 60);
    let supervisor = desk.daemon.token("admin");
    for list in ["queue", "all", "my-tickets"] {
        let token =
            if list == "my-tickets" { desk.daemon.token("agent") } else { supervisor.clone() };
        for limit in ["101", "0", "-1", "ten", "", "99999999999999999999"] {
            let path = format!("/api/tickets/{list}?limit={limit}");
            let refused = desk.call(&token, "GET", &path);
            assert!(problem(&refused, 400).contains("limit"), "{path}");
            assert_eq!(rows(&refused.json(), "errors")[0]["field"], "limit", "{path}");
        }
    }
}

#[test]
fn what_is_done_taken_or_still_being_spoken_does_not_wait() {
    let desk = Desk::open("");
    let ani = desk.daemon.token_named("Ani", "agent");
    let tickets = [1, 2, 3, 4].map(|customer| new_ticket(&desk, customer));
    assert_eq!(claim(&desk, &ani, tickets[0]).status, 200);
    for (ticket, end) in [(tickets[1], "resolve"), (tickets[2], "close")] {
        let done = desk.call(&ani, "POST", &format!("/api/tickets/{ticket}/{end}"));
        assert_eq!(done.status, 200, "{}", done.text());
    }
    let relay = format!("Bearer {}", desk.daemon.token("ingest"));
    let headers = [("Authorization", relay.as_str()), ("Content-Type", "application/json")];
    let call = json!({"session_id": "sess_1"}).to_string();
    let running = desk.daemon.request("POST", "/api/calls", &headers, call.as_bytes());
    assert_eq!(running.status, 201, "{}", running.text());
    assert_eq!(numbers(&desk.queue()), [tickets[3]], "a running call waits for nobody");
}

#[test]
fn an_admin_lists_all_tickets_and_filters_them() {
    let desk = Desk::open("");
    let (ani, supervisor) = (desk.daemon.token_named("Ani", "agent"), desk.daemon.token("admin"));
    let tickets = [1, 2, 3].map(|customer| new_ticket(&desk, customer));
    assert_eq!(claim(&desk, &ani, tickets[0]).status, 200);
    let done = desk.call(&ani, "POST", &format!("/api/tickets/{}/resolve", tickets[1]));
    assert_eq!(done.status, 200, "{}", done.text());

    let all = |query: &str| {
        let mut found = listed(&desk, &supervisor, &format!("/api/tickets/all{query}"));
        found.sort_unstable();
        found
    };
    assert_eq!(all(""), tickets);
    assert_eq!(all("?status=pending"), [tickets[2]], "S4.16");
    assert_eq!(all("?status=assigned"), [tickets[0]], "S4.16");
    assert_eq!(all("?status=resolved"), [tickets[1]]);
    assert_eq!(all("?priority=medium"), tickets);
    assert_eq!(all("?status=pending&priority=medium"), [tickets[2]]);
    assert!(all("?priority=urgent").is_empty());
    for (query, field) in [("status=lost", "status"), ("priority=somewhat", "priority")] {
        let refused = desk.call(&supervisor, "GET", &format!("/api/tickets/all?{query}"));
        problem(&refused, 400);
        assert_eq!(rows(&refused.json(), "errors")[0]["field"], field);
    }
    for token in [&ani, &desk.daemon.token("read")] {
        problem(&desk.call(token, "GET", "/api/tickets/all"), 403);
    }
}

#[test]
fn the_lists_want_a_token_that_may_read_them() {
    let desk = Desk::open("");
    desk.ticket_of(&message(&phone(BUDI), "A1", 0, "Halo"));
    for list in ["queue", "my-tickets", "all", "1001", "1001/timeline"] {
        let path = format!("/api/tickets/{list}");
        problem(&desk.daemon.request("GET", &path, &[], b""), 401);
        problem(&desk.call(&desk.daemon.token("ingest"), "GET", &path), 403);
    }
    let agent = desk.daemon.token("agent");
    assert_eq!(listed(&desk, &agent, "/api/tickets/queue"), [1001]);
    assert_eq!(listed(&desk, &desk.daemon.token("read"), "/api/tickets/queue"), [1001]);
}

#[test]
fn a_revoked_token_opens_nothing() {
    let desk = Desk::open("");
    let token = desk.daemon.token_named("Lama", "read");
    assert!(listed(&desk, &token, "/api/tickets/queue").is_empty());
    let list = desk.daemon.cli(&["token", "list"]);
    let list = String::from_utf8(list.stdout).expect("text");
    assert!(!list.contains(&token), "a token is shown once");
    let line = list.lines().find(|line| line.contains("Lama")).expect("its line");
    let id = line.split_whitespace().next().expect("its id");
    let revoked = desk.daemon.cli(&["token", "revoke", id]);
    assert!(revoked.status.success(), "{}", String::from_utf8_lossy(&revoked.stderr));
    problem(&desk.call(&token, "GET", "/api/tickets/queue"), 401);
}
