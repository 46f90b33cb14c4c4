//! Canned responses: made, found by their shortcut, filled in for a ticket, counted.

use serde_json::{Value, json};

use crate::desk::{Desk, problem, rows};

const PATH: &str = "/api/tickets/canned-responses";

fn thanks() -> Value {
    json!({
        "title": "Thanks", "shortcut": "/thanks", "category": "billing",
        "content": "Dear {{customer_name}}, thank you. {{ticket_number}}, {{agent_name}} of {{desk_name}}",
    })
}

/// S3.7, S3.26
#[test]
fn a_response_is_made_changed_counted_and_deleted() {
    let desk = Desk::open("");
    let made = desk.does("POST", PATH, &thanks(), 201);
    assert_eq!((&made["shortcut"], &made["usage_count"]), (&json!("thanks"), &json!(0)));
    let path = format!("{PATH}/{}", made["id"]);
    for _ in 0..3 {
        assert_eq!(
            desk.call(&desk.agent, "POST", &format!("{path}/use"), &Value::Null).status,
            200
        );
    }
    assert_eq!(desk.reads(&path)["usage_count"], 3);
    let changed = desk.does("PUT", &path, &json!({"title": "Thank you", "shortcut": "ty"}), 200);
    assert_eq!((&changed["title"], &changed["usage_count"]), (&json!("Thank you"), &json!(3)));
    assert_eq!(changed["content"], thanks()["content"]);
    // The shortcut it had is free again.
    desk.does("POST", PATH, &thanks(), 201);
    desk.does("DELETE", &path, &Value::Null, 204);
    problem(&desk.call(&desk.admin, "GET", &path, &Value::Null), 404);
}

/// S3.8
#[test]
fn no_two_responses_have_the_same_shortcut() {
    let desk = Desk::open("");
    desk.does("POST", PATH, &thanks(), 201);
    let mut same = thanks();
    same["shortcut"] = json!("THANKS");
    let refused = desk.call(&desk.admin, "POST", PATH, &same);
    problem(&refused, 409);
    assert!(refused.text().contains("/thanks"), "{}", refused.text());
    let closing =
        json!({"title": "Closing", "shortcut": "/closing", "content": "I'm closing this."});
    let closing = desk.does("POST", PATH, &closing, 201);
    let path = format!("{PATH}/{}", closing["id"]);
    problem(&desk.call(&desk.admin, "PUT", &path, &json!({"shortcut": "thanks"})), 409);
    for (wanted, found) in [("/cl", 1), ("/", 2), ("closing this", 1), ("/closing", 1), ("none", 0)]
    {
        let query = wanted.replace(' ', "%20");
        let listed = desk.reads(&format!("{PATH}?q={query}"));
        assert_eq!(rows(&listed, "canned_responses").len(), found, "{wanted}");
    }
    assert_eq!(rows(&desk.reads(&format!("{PATH}?category=billing")), "canned_responses").len(), 1);
}

/// S3.9
#[test]
fn a_response_is_filled_in_for_a_ticket() {
    let desk = Desk::open("[desk]\nname = 'Helpdesk'\n");
    let ticket = desk.ticket("My invoice is wrong");
    let mut body = thanks();
    body["content"] = json!(format!(
        "{} {{{{ticket_subject}}}} {{{{order_id|none}}}} {{{{ticket_category}}}} {{{{nmae}}}}",
        thanks()["content"].as_str().unwrap()
    ));
    let made = desk.does("POST", PATH, &body, 201);
    assert_eq!(made["unknown_variables"], json!(["nmae"]));
    let path = format!("{PATH}/{}/render", made["id"]);
    let told = desk.call(&desk.agent, "POST", &path, &json!({"ticket": ticket.to_string()}));
    assert_eq!(told.status, 200, "{}", told.text());
    let told = told.json();
    assert_eq!(
        told["body"],
        format!(
            "Dear John Doe, thank you. #{ticket}, Support Agent of Helpdesk My invoice is wrong none Billing {{{{nmae}}}}"
        )
    );
    assert_eq!(told["unknown_variables"], json!(["nmae"]));
    assert_eq!(told["missing_variables"], json!(["order_id"]));
    problem(&desk.call(&desk.agent, "POST", &path, &json!({"ticket": "4711"})), 404);
}

#[test]
fn what_is_wrong_is_named() {
    let desk = Desk::open("");
    for (name, value) in [
        ("title", json!(" ")),
        ("content", json!("")),
        ("content", json!("x".repeat(10_001))),
        ("shortcut", json!("two words")),
        ("category", json!("nowhere")),
    ] {
        let mut body = thanks();
        body[name] = value;
        assert_eq!(problem(&desk.call(&desk.admin, "POST", PATH, &body), 400), [name]);
    }
    assert_eq!(desk.call(&desk.agent, "POST", PATH, &thanks()).status, 403);
    problem(&desk.call(&desk.admin, "GET", &format!("{PATH}/one"), &Value::Null), 400);
}
