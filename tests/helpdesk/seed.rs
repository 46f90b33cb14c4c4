//! Every example request of seed 003 for tickets and comments, sent as it is written there; every field that an example
//! answer names is compared.

use serde_json::{Value, json};

use crate::bridge::{Desk, members, sample};
use crate::examples::fits;
use crate::{done, made, send};

#[test]
fn a_ticket_is_made_as_the_seed_makes_it() {
    let desk = Desk::open("");
    let ani = desk.daemon.token_named("Ani", "agent");
    let seed = &sample("seeds_exact/003_02.json")[0];
    let answer = send(&desk, &ani, "POST", "/api/tickets", &seed["request"]);
    assert_eq!(answer.status, 201, "S3.31: {}", answer.text());
    let ticket = answer.json();
    let mut expected = seed["response"].clone();
    // S3.30: it is the first one here.
    expected["ticket_number"] = json!("#1001");
    fits(&expected, &ticket, "S3.31");
    assert_eq!(answer.header("location"), Some("/api/tickets/1001"));
    // The agent guide's example, with a category (S3.3).
    let guide = json!({
        "subject": "Cannot access my account",
        "description": "I'm getting an error when trying to login",
        "requester_email": "customer@example.com",
        "requester_name": "John Doe",
        "priority": "high",
        "category_id": "account",
    });
    let second = done(&desk, &ani, "POST", "/api/tickets", &guide);
    assert_eq!(
        (&second["ticket_number"], &second["category"]),
        (&json!("#1002"), &json!("account"))
    );
    assert_eq!(second["customer_id"], ticket["customer_id"], "one person by their e-mail");
    // S3.46, S3.47: the fields of a ticket.
    let fields = members(&desk.read("/api/tickets/1002"));
    for field in [
        "id",
        "workspace_id",
        "ticket_number",
        "subject",
        "description",
        "status",
        "priority",
        "requester_email",
        "assignee_id",
        "first_response_at",
        "resolved_at",
        "closed_at",
    ] {
        assert!(fields.contains(field), "S3.46: {field}");
    }
    let said = desk.read("/api/tickets/1002/timeline");
    assert_eq!(said["entries"][0]["body"], "I'm getting an error when trying to login");
    assert_eq!(said["entries"][0]["speaker"], "user");
}

#[test]
fn a_comment_is_added_as_the_seed_adds_it() {
    let desk = Desk::open("");
    let ani = desk.daemon.token_named("Ani", "agent");
    let ticket = made(&desk, &ani, "Payment failed");
    let seed = &sample("seeds_exact/003_03.json")[0];
    let path = format!("/api/tickets/{ticket}/comments");
    let answer = send(&desk, &ani, "POST", &path, &seed["request"]);
    assert_eq!(answer.status, 201, "S3.32: {}", answer.text());
    let mut expected = seed["response"].clone();
    expected["author_name"] = json!("Ani");
    fits(&expected, &answer.json(), "S3.32");
    let shown = desk.read(&format!("/api/tickets/{ticket}"));
    assert_eq!(answer.json()["ticket_id"], shown["id"]);
    assert!(shown["first_response_at"].is_string(), "S3.11");
}

/// The table of seed 003's endpoints for tickets and comments, one after the other on one ticket (S3.6, S3.22, S3.23).
#[test]
fn every_endpoint_of_the_seed_does_what_its_name_says() {
    let desk = Desk::open("");
    let (ani, admin) = (desk.daemon.token_named("Ani", "agent"), desk.daemon.token("admin"));
    let ticket = made(&desk, &ani, "Cannot login");
    let twin = made(&desk, &ani, "Cannot login either");
    let me = crate::id_of(&desk, &ani);
    let at = |rest: &str| format!("/api/tickets/{ticket}{rest}");
    let nothing = json!({});
    let assigned = json!({"assignee_id": me});
    for (method, path, body, field, expected) in [
        ("GET", at(""), &nothing, "status", json!("open")),
        ("PUT", at(""), &json!({"priority": "urgent"}), "priority", json!("urgent")),
        ("POST", at("/assign"), &assigned, "assignee_name", json!("Ani")),
        ("POST", at("/unassign"), &nothing, "assignee_id", Value::Null),
        ("POST", at("/resolve"), &nothing, "status", json!("resolved")),
        ("POST", at("/close"), &nothing, "status", json!("closed")),
        ("POST", at("/reopen"), &nothing, "status", json!("open")),
        ("POST", at("/merge"), &json!({"ticket_ids": [twin]}), "number", json!(ticket)),
        (
            "POST",
            at("/comments"),
            &json!({"body": "one", "is_internal": true}),
            "body",
            json!("one"),
        ),
        ("PUT", at("/comments/3"), &json!({"body": "two"}), "body", json!("two")),
        ("DELETE", at("/comments/3"), &nothing, "", Value::Null),
    ] {
        let shown = done(&desk, &ani, method, &path, body);
        let found = if field.is_empty() { &Value::Null } else { &shown[field] };
        assert_eq!(found, &expected, "{method} {path}: {shown}");
    }
    let comments = desk.read(&at("/comments"));
    assert_eq!(
        comments["comments"].as_array().map(Vec::len),
        Some(3),
        "two descriptions and one comment"
    );
    assert_eq!(done(&desk, &admin, "DELETE", &at(""), &nothing), Value::Null);
    assert_eq!(desk.call(&admin, "GET", &at("")).status, 404);
}
