//! Rules that people make: triggers, conditions, actions, dry runs, what ran; loops end, and what fails is paused.

use serde_json::{Value, json};

use super::{Desk, QUIET};

fn rule(desk: &Desk, body: &Value) -> Value {
    desk.done("POST", "/api/rules", body, 201)
}

fn runs(desk: &Desk, rule: &Value) -> Vec<Value> {
    let found = desk.read(&format!("/api/rules/{}/runs", rule["id"]));
    found["runs"].as_array().unwrap().clone()
}

#[test]
fn a_rule_does_what_it_says_and_tells_so_on_the_ticket() {
    let desk = Desk::with(QUIET);
    let ani = desk.agent("Ani");
    let made = rule(
        &desk,
        &json!({
            "name": "Refunds",
            "trigger": {"events": ["ticket.created"]},
            "conditions": {"all": [{"field": "text", "op": "contains", "values": ["refund"]}]},
            "actions": [
                {"set_priority": "high"}, {"set_category": "billing"}, {"tag": ["refund"]}, {"assign": ani.id},
                {"note": "Look at the order first ({rule})."}, {"escalate": {"reason": "money"}},
                {"set_status": "in_progress"}, "notify", "webhook"
            ],
        }),
    );
    let other = desk.made("Where is my parcel?", &Value::Null);
    let ticket = desk.made("Refund", &json!({"description": "Please refund me"}));
    desk.until_ticket(ticket, "status", &json!("in_progress"));
    let view = desk.ticket(ticket);
    let said = [&view["priority"], &view["category"], &view["tags"], &view["assignee_id"]];
    assert_eq!(said, [&json!("high"), &json!("billing"), &json!(["refund"]), &json!(ani.id)]);
    assert_eq!(view["escalation"]["reason"], "money");
    assert_eq!(view["first_response_at"], Value::Null, "a rule answers nobody");
    let comments = desk.read(&format!("/api/tickets/{ticket}/comments")).to_string();
    assert!(comments.contains("Look at the order first (Refunds)."), "{comments}");
    let activity = desk.read(&format!("/api/tickets/{ticket}/activity")).to_string();
    assert!(activity.contains("rule “Refunds”"), "{activity}");
    assert_eq!((desk.told("ticket.alert"), desk.told("rule.fired")), (vec![ticket], vec![ticket]));
    let ran = runs(&desk, &made);
    assert_eq!(ran.len(), 1, "{ran:?}");
    assert_eq!(ran[0]["ticket_number"], format!("#{ticket}"));
    assert_eq!((&ran[0]["failed"], &ran[0]["depth"]), (&Value::Null, &json!(1)));
    assert_eq!(desk.ticket(other)["priority"], "medium");
}

#[test]
fn a_dry_run_tells_and_does_nothing() {
    let desk = Desk::with(QUIET);
    let ticket = desk.made("Refund, please", &Value::Null);
    let other = desk.made("Something else", &Value::Null);
    let made = rule(
        &desk,
        &json!({
            "name": "Refunds", "active": false, "trigger": {"events": ["ticket.created"]},
            "conditions": {"any": [{"field": "subject", "op": "contains", "values": ["refund"]}]},
            "actions": [{"set_priority": "urgent"}],
        }),
    );
    let path = format!("/api/rules/{}/test", made["id"]);
    let week = desk.done("POST", &path, &json!({}), 200);
    assert_eq!((&week["looked_at"], &week["tickets"]), (&json!(2), &json!([format!("#{ticket}")])));
    assert_eq!(week["actions"], json!([{"set_priority": "urgent"}]));
    let one = desk.done("POST", &path, &json!({"ticket": format!("#{other}")}), 200);
    assert_eq!(one["tickets"], json!([]));
    desk.done("POST", &path, &json!({"ticket": "#9999"}), 404);
    assert_eq!(desk.ticket(ticket)["priority"], "medium");
    assert!(runs(&desk, &made).is_empty());
}

#[test]
fn rules_that_wake_one_another_end() {
    let desk = Desk::with(QUIET);
    let ping = |name: &str, add: &str, remove: &str| {
        rule(
            &desk,
            &json!({
                "name": name, "trigger": {"events": ["ticket.updated"]},
                "conditions": {"all": [{"field": "tags", "op": "is_not", "values": [add]}]},
                "actions": [{"tag": [add]}, {"untag": [remove]}],
            }),
        )
    };
    let (one, other) = (ping("ping", "ping", "pong"), ping("pong", "pong", "ping"));
    let ticket = desk.made("table tennis", &Value::Null);
    let path = format!("/api/tickets/{ticket}/tags");
    desk.done("POST", &path, &json!({"tags": ["serve"]}), 200);
    desk.until("it has begun", || !runs(&desk, &one).is_empty());
    // A later ticket is dealt with after all that the first one caused.
    let last = rule(
        &desk,
        &json!({
            "name": "last", "trigger": {"events": ["ticket.created"]}, "actions": [{"tag": ["seen"]}],
        }),
    );
    let later = desk.made("later", &Value::Null);
    desk.until(&format!("#{later} was dealt with"), || runs(&desk, &last).len() == 1);
    let deepest = |rule: &Value| {
        runs(&desk, rule).iter().map(|run| run["depth"].as_u64().unwrap()).max().unwrap_or(0)
    };
    desk.until("it has ended", || {
        let before = (runs(&desk, &one).len(), runs(&desk, &other).len());
        std::thread::sleep(std::time::Duration::from_millis(1500));
        before == (runs(&desk, &one).len(), runs(&desk, &other).len())
    });
    assert!(deepest(&one) <= 3 && deepest(&other) <= 3);
    assert_eq!(runs(&desk, &last).len(), 1);
}

#[test]
fn a_rule_that_fails_is_paused_and_reported_and_intake_goes_on() {
    let desk = Desk::with(QUIET);
    let ani = desk.agent("Ani");
    let made = rule(
        &desk,
        &json!({
            "name": "To Ani", "trigger": {"events": ["ticket.created"]},
            "actions": [{"tag": ["half done"]}, {"set_category": "billing"}, {"assign": ani.id}],
        }),
    );
    let id = made["id"].as_u64().unwrap();
    let path = format!("/api/agents/{}", ani.id);
    desk.done("PUT", &path, &json!({"disabled": true}), 200);
    let ticket = desk.made("for Ani", &Value::Null);
    let read = || desk.read(&format!("/api/rules/{id}"));
    desk.until("it is paused", || !read()["paused"].is_null());
    assert!(read()["paused"]["why"].as_str().unwrap().contains("no active agent"), "{}", read());
    assert_eq!(desk.ticket(ticket)["tags"], json!([]), "all of it or nothing");
    assert_eq!(runs(&desk, &made).len(), 1);
    desk.customer(1, 1, "Halo");
    let on = desk.done("PATCH", &format!("/api/rules/{id}"), &json!({"active": true}), 200);
    assert_eq!(on["paused"], Value::Null);
}

#[test]
fn rules_are_asked_in_order_until_one_says_stop() {
    let desk = Desk::with(QUIET);
    for (name, position, stop) in [("third", 30, false), ("first", 10, false), ("second", 20, true)]
    {
        rule(
            &desk,
            &json!({
                "name": name, "position": position, "stop": stop,
                "trigger": {"events": ["ticket.created"]}, "actions": [{"tag": [name]}],
            }),
        );
    }
    let ticket = desk.made("in order", &Value::Null);
    desk.until_ticket(ticket, "tags", &json!(["first", "second"]));
}

#[test]
fn wrong_rules_are_named_field_by_field() {
    let desk = Desk::with(QUIET);
    let good =
        json!({"name": "x", "trigger": {"events": ["ticket.created"]}, "actions": ["notify"]});
    for (field, value, named) in [
        ("name", json!(" "), "name"),
        ("trigger", json!({"events": ["ticket.exploded"]}), "trigger.events"),
        ("trigger", json!({"after": {"since": "idle", "seconds": 0}}), "trigger.after.seconds"),
        ("actions", json!([]), "actions"),
        ("actions", json!([{"note": ""}]), "actions[0]"),
        ("actions", json!([{"assign": 404}]), "actions"),
        (
            "conditions",
            json!({"all": [{"field": "similar", "op": "at_least", "values": ["many"]}]}),
            "conditions.all[0].values",
        ),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let wrong = desk.done("POST", "/api/rules", &body, 400);
        assert_eq!(wrong["errors"][0]["field"], named, "{wrong}");
    }
    let mut odd = good.clone();
    odd["conditions"] = json!({"all": [{"field": "mood", "op": "is", "values": ["x"]}]});
    let wrong = desk.done("POST", "/api/rules", &odd, 400);
    assert!(wrong.to_string().contains("customer_messages"), "{wrong}");
    let id = desk.done("POST", "/api/rules", &good, 201)["id"].clone();
    desk.done("DELETE", &format!("/api/rules/{id}"), &Value::Null, 204);
    desk.done("GET", &format!("/api/rules/{id}"), &Value::Null, 404);
}
