//! What the list shows, to whom, and in which order (S3.4, S3.5, S3.28, S3.29, S2.21).

use serde_json::{Value, json};

use crate::bridge::{BUDI, Desk, members, message, phone, problem, rows, sample};
use crate::{chat, send};

/// The numbers that a query gives, in order.
fn numbers(desk: &Desk, token: &str, query: &str) -> Vec<u64> {
    let answer = desk.call(token, "GET", &format!("/api/tickets?{query}"));
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    rows(&answer.json(), "tickets")
        .iter()
        .map(|t| t["number"].as_u64().expect("a number"))
        .collect()
}

/// A ticket by form.
fn form(desk: &Desk, token: &str, name: &str, subject: &str) -> u64 {
    let email = format!("{}@example.com", name.to_lowercase());
    let body = json!({"customer_email": email, "customer_name": name, "subject": subject,
        "description": "As it says above."});
    let made = send(desk, token, "POST", "/api/tickets/create", &body);
    assert_eq!(made.status, 201, "{}", made.text());
    let shown = made.json();
    let id = shown["ticket"]["ticket_id"].as_str().expect("a reference").to_owned();
    desk.read(&format!("/api/tickets/{id}"))["number"].as_u64().expect("a number")
}

#[test]
fn a_page_of_the_list_has_the_fields_and_the_paging_of_the_seed() {
    let desk = Desk::open("");
    let admin = desk.daemon.token("admin");
    for n in 0..45 {
        chat(&desk, n, "Cannot login");
    }
    let listed = desk.read("/api/tickets?status=open,pending,new&priority=medium&page=3&limit=20");
    assert_eq!(
        listed["pagination"],
        json!({"page": 3, "limit": 20, "total": 45, "totalPages": 3}),
        "S3.28"
    );
    let page = rows(&listed, "tickets");
    assert_eq!(page.len(), 5);
    let ticket = &page[4];
    let seed = &sample("seeds_exact/003_01.json")[0];
    assert!(members(ticket).is_superset(&members(&seed["tickets"][0])), "S3.29: {ticket}");
    assert_eq!(members(&listed["pagination"]), members(&seed["pagination"]), "S3.28");
    assert_eq!(
        (&ticket["ticket_number"], &ticket["subject"]),
        (&json!("#1001"), &json!("Cannot login"))
    );
    assert_eq!(
        rows(&desk.read("/api/tickets"), "tickets").len(),
        20,
        "twenty if nobody says otherwise"
    );
    let none = desk.read("/api/tickets?status=closed");
    assert_eq!(none["pagination"], json!({"page": 1, "limit": 20, "total": 0, "totalPages": 0}));
    assert!(numbers(&desk, &admin, "page=4&limit=20").is_empty());
}

/// S3.4; S0.52: found by the index, whatever is asked.
#[test]
fn every_filter_leaves_what_it_says() {
    let desk = Desk::open("");
    let admin = desk.daemon.token("admin");
    let ani = desk.daemon.token_named("Ani", "agent");
    let first = form(&desk, &admin, "Jane", "Order hasn't shipped yet");
    let second = chat(&desk, 1, "Kartu saya hilang");
    let third = desk.ticket_of(&message(&phone(BUDI), "A1", 1, "Halo"));
    let waiting: Vec<_> =
        desk.queue().iter().map(|t| t["id"].as_u64().expect("a number")).collect();
    assert_eq!(
        numbers(&desk, &admin, "assignee=none&sort=number"),
        waiting,
        "S4.12 where all are medium"
    );
    assert_eq!(desk.call(&ani, "POST", &format!("/api/tickets/{second}/claim")).status, 200);
    assert_eq!(desk.call(&ani, "POST", &format!("/api/tickets/{third}/resolve")).status, 200);
    for (query, expected) in [
        ("", vec![third, second, first]),
        ("status=new", vec![first]),
        ("status=open,resolved", vec![third, second]),
        ("status=OPEN", vec![second]),
        ("priority=medium", vec![third, second, first]),
        ("priority=urgent,critical", vec![]),
        ("assignee=none", vec![third, first]),
        ("assignee=any", vec![second]),
        ("channel=whatsapp", vec![third, second]),
        ("channel=web,call", vec![first]),
        ("category=shipping", vec![first]),
        ("category=no_such_thing", vec![]),
        ("created_from=2020-01-01&created_to=2020-01-02", vec![]),
        ("created_from=2020-01-01T00:00:00Z", vec![third, second, first]),
        ("updated_to=2020-01-01", vec![]),
        ("on_hold=true", vec![]),
        ("escalated=false&sort=number", vec![first, second, third]),
        ("sort=-updated_at", vec![third, second, first]),
        ("sort=created_at&order=asc", vec![first, second, third]),
        ("sort=priority&order=desc", vec![first, second, third]),
        ("limit=1&page=2", vec![second]),
        ("q=shipped", vec![first]),
        ("q=JANE@example.com", vec![first]),
        ("q=kartu+hilang", vec![second]),
        ("q=kartu+shipped", vec![]),
        ("q=%2B628123456789", vec![third]),
        ("q=%231002", vec![second]),
        ("q=halo&status=open", vec![]),
    ] {
        assert_eq!(numbers(&desk, &admin, query), expected, "{query}");
    }
    assert_eq!(numbers(&desk, &ani, "assignee=me"), [second], "S3.4");
    let agent = desk.read(&format!("/api/tickets/{second}"))["assignee_id"].clone();
    assert_eq!(numbers(&desk, &admin, &format!("assignee={agent}")), [second]);
    let contact = desk.read(&format!("/api/tickets/{first}"))["contact_id"].clone();
    assert_eq!(numbers(&desk, &admin, &format!("contact={contact}")), [first]);
}

#[test]
fn an_agent_is_shown_and_counted_only_what_they_may_see() {
    let desk = Desk::open("");
    let (ani, dewi) =
        (desk.daemon.token_named("Ani", "agent"), desk.daemon.token_named("Dewi", "agent"));
    let (first, second) = (chat(&desk, 1, "Halo"), chat(&desk, 2, "Halo juga"));
    assert_eq!(desk.call(&ani, "POST", &format!("/api/tickets/{first}/claim")).status, 200);
    assert_eq!(numbers(&desk, &ani, ""), [second, first]);
    assert_eq!(numbers(&desk, &dewi, ""), [second], "S2.20");
    assert_eq!(numbers(&desk, &dewi, "q=halo"), [second]);
    assert!(numbers(&desk, &dewi, "q=%231001").is_empty(), "nor by its number");
    let total = desk.call(&dewi, "GET", "/api/tickets").json()["pagination"]["total"].clone();
    assert_eq!(total, 1, "nor counted");
}

#[test]
fn a_search_is_sorted_and_paged_as_any_list() {
    let desk = Desk::open("");
    let oldest = chat(&desk, 0, "jarum");
    for n in 1..=45 {
        chat(&desk, n, "jerami");
    }
    let found = desk.read("/api/tickets?q=jarum");
    assert_eq!(found["search"], json!({"complete": true}));
    assert_eq!(found["pagination"]["total"], 1);
    let found = desk.read("/api/tickets?q=jerami&sort=number&limit=2&page=3");
    assert_eq!(found["pagination"], json!({"page": 3, "limit": 2, "total": 45, "totalPages": 23}));
    assert_eq!(rows(&found, "tickets")[0]["number"], oldest + 5);
    let best = desk.read("/api/tickets?q=jerami&sort=relevance&limit=2&page=3");
    assert_eq!(best["pagination"]["total"], 45);
    assert_eq!(rows(&best, "tickets").len(), 2);
    let named = desk.read(&format!("/api/tickets?q={oldest}&sort=relevance"));
    assert_eq!(rows(&named, "tickets")[0]["number"], oldest, "what is named comes first");
    assert!(desk.read("/api/tickets")["search"].is_null());
}

#[test]
fn what_no_list_knows_is_told_with_what_it_knows() {
    let desk = Desk::open("");
    let (admin, ani) = (desk.daemon.token("admin"), desk.daemon.token_named("Ani", "agent"));
    for (query, told) in [
        ("status=lost", "pending, waiting_internal"),
        ("priority=asap", "low, medium, high, urgent"),
        ("channel=fax", "call, whatsapp"),
        ("assignee=Ani", "me, none"),
        ("sort=colour", "created_at, updated_at"),
        ("order=up", "asc or desc"),
        ("page=0", "at least 1"),
        ("page=-1", "whole number"),
        ("limit=101", "at most 100"),
        ("created_from=yesterday", "2026-01-28"),
        ("on_hold=maybe", "true or false"),
    ] {
        let answer = desk.call(&admin, "GET", &format!("/api/tickets?{query}"));
        let field = query.split('=').next().expect("a field");
        assert!(problem(&answer, 400).contains(told), "{query}: {}", answer.text());
        assert_eq!(answer.json()["errors"][0]["field"], field);
    }
    let long = format!("/api/tickets?q={}", "x".repeat(201));
    problem(&desk.call(&admin, "GET", &long), 400);
    problem(&desk.call(&ani, "GET", "/api/tickets?deleted=true"), 403);
    let read = desk.daemon.token("read");
    let me: Value = desk.call(&read, "GET", "/api/tickets?assignee=me").json();
    assert_eq!(me["status"], 400, "{me}");
}
