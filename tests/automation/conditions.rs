//! What rules may ask of a ticket: every field, with what fits and what does not, and who the customer is in rules and in
//! assignment (S2.33, S3.17).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Desk, QUIET};

fn condition(field: &str, op: &str, values: &[&str]) -> Value {
    json!({"all": [{"field": field, "op": op, "values": values}]})
}

fn rule(desk: &Desk, conditions: &Value, actions: &Value) -> Value {
    let body = json!({"name": "asked", "trigger": {"events": ["ticket.created"]},
        "conditions": conditions, "actions": actions});
    desk.done("POST", "/api/rules", &body, 201)["id"].clone()
}

/// What people note of a ticket's contact.
fn noted(desk: &Desk, ticket: u64, what: &Value) {
    let contact = desk.ticket(ticket)["contact_id"].clone();
    desk.done("PATCH", &format!("/api/contacts/{contact}"), what, 200);
}

/// The names that a refusal of an unknown field lists: all there are.
fn names(desk: &Desk) -> BTreeSet<String> {
    let body = json!({"name": "x", "trigger": {"events": ["ticket.created"]},
        "conditions": condition("nonsense", "is", &["x"]), "actions": ["notify"]});
    let refused = desk.done("POST", "/api/rules", &body, 400).to_string();
    let list = refused.split("is none of ").nth(1).expect("the names");
    let list = list.split("KEY, contact.KEY").next().expect("the names");
    let names = list.trim_end_matches("metadata.").split(", ");
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// S3.17, S2.33: one line a field and operator, with a value that the ticket has and one that it has not.
#[test]
fn every_field_is_asked_and_answered() {
    let desk = Desk::with(QUIET);
    let ani = desk.agent("Ani");
    let made = desk.made(
        "Where is my parcel",
        &json!({
            "description": "It was due on Monday", "priority": "high", "category": "shipping",
            "tags": ["fragile"], "order_id": "A-17", "metadata": {"plan": "enterprise", "seats": "40",
            "sentiment": "negative"}, "requester_name": "Sari Dewi", "assignee_id": ani.id,
        }),
    );
    let path = format!("/api/tickets/{made}");
    desk.done("POST", &format!("{path}/escalate"), &json!({"reason": "late"}), 200);
    desk.done("PATCH", &path, &json!({"on_hold": true}), 200);
    noted(
        &desk,
        made,
        &json!({"vip": true, "language": "es-MX", "tags": ["wholesale"], "attributes": {"plan": "gold"}}),
    );
    let form = json!({"customer_email": "budi@example.com", "subject": "Broken", "description": "It broke", "source": "email"});
    let form = desk.done("POST", "/api/tickets/create", &form, 201);
    let form = desk.done(
        "GET",
        &format!("/api/tickets/{}", form["ticket"]["ticket_id"].as_str().unwrap()),
        &Value::Null,
        200,
    );
    let form = form["number"].as_u64().expect("a number");
    let chat = desk.customer(1, 1, "Halo, pesanan saya belum sampai");
    desk.customer(1, 2, "Halo?");
    let me = ani.id.to_string();
    let table: &[(u64, &str, &str, &str, &str)] = &[
        (made, "channel", "is", "api", "call"),
        (chat, "channel", "is", "whatsapp", "web"),
        (made, "status", "is_not", "closed", "open"),
        (chat, "status", "is", "new", "open"),
        (made, "priority", "is", "HIGH", "urgent"),
        (made, "category", "is", "shipping", "billing"),
        (made, "tags", "is", "Fragile", "vip"),
        (made, "subject", "contains", "parcel", "parcels are"),
        (made, "text", "contains", "on monday", "tuesday"),
        (made, "text", "contains_not", "tuesday", "monday"),
        (made, "language", "is", "es", "en"),
        (made, "language", "is", "es-mx", "es-AR"),
        (chat, "language", "is", "id", "es"),
        (made, "assignee", "is", &me, "404"),
        (made, "requester", "contains", "dewi", "budi"),
        (form, "requester", "is", "budi@example.com", "ani@example.com"),
        (made, "vip", "is", "true", "false"),
        (chat, "vip", "is", "false", "true"),
        (made, "contact_tags", "is", "wholesale", "retail"),
        (made, "contact.plan", "is", "Gold", "silver"),
        (chat, "contact.plan", "is_not", "gold", ""),
        (chat, "speaker", "is", "customer", "agent"),
        (made, "escalated", "is", "true", "false"),
        (made, "on_hold", "is", "true", "false"),
        (chat, "customer_messages", "at_least", "2", "3"),
        (chat, "customer_messages", "at_most", "2", "1"),
        (made, "similar", "at_most", "2", ""),
        (made, "sentiment", "is", "negative", "positive"),
        (made, "order_id", "is", "a-17", "A-18"),
        (form, "source", "is", "email", "chat"),
        (made, "metadata.plan", "is", "enterprise", "free"),
        (made, "metadata.seats", "at_least", "40", "41"),
    ];
    // The rules have seen both messages.
    let watched = json!({"name": "seen", "trigger": {"events": ["ticket.message.added"]},
        "conditions": condition("customer_messages", "at_least", &["2"]), "actions": [{"tag": ["seen"]}]});
    desk.done("POST", "/api/rules", &watched, 201);
    desk.customer(2, 1, "Halo");
    desk.customer(2, 2, "Halo?");
    desk.until("the rules have seen them", || {
        let last = desk.customer(2, 2, "Halo?");
        desk.ticket(last)["tags"].to_string().contains("seen")
    });
    for (ticket, field, op, fits, other) in table {
        for (value, wanted) in [(fits, true), (other, false)] {
            if value.is_empty() {
                continue;
            }
            let id = rule(&desk, &condition(field, op, &[value]), &json!(["notify"]));
            let asked = json!({"ticket": format!("#{ticket}")});
            let told = desk.done("POST", &format!("/api/rules/{id}/test"), &asked, 200);
            let found = told["tickets"] == json!([format!("#{ticket}")]);
            assert_eq!(found, wanted, "#{ticket} {field} {op} {value}: {told}");
            desk.done("DELETE", &format!("/api/rules/{id}"), &Value::Null, 204);
        }
    }
    let asked: BTreeSet<String> = table.iter().map(|(_, field, ..)| (*field).to_owned()).collect();
    let missing: Vec<_> = names(&desk).difference(&asked).cloned().collect();
    assert!(missing.is_empty(), "no line for {missing:?}");
}

#[test]
fn what_is_set_is_told_from_what_is_not() {
    let desk = Desk::with(QUIET);
    let known = desk.made("one", &json!({"category": "billing"}));
    noted(&desk, known, &json!({"attributes": {"plan": "gold"}, "language": "id"}));
    let bare = desk.customer(1, 1, "…");
    for field in ["category", "contact.plan", "language"] {
        for (op, ticket) in [("is_set", known), ("is_not_set", bare)] {
            let all = json!({"all": [{"field": field, "op": op}]});
            let id = rule(&desk, &all, &json!(["notify"]));
            for asked in [known, bare] {
                let body = json!({"ticket": format!("#{asked}")});
                let told = desk.done("POST", &format!("/api/rules/{id}/test"), &body, 200);
                assert_eq!(told["tickets"] != json!([]), asked == ticket, "{field} {op} {told}");
            }
        }
    }
}

/// S3.17: by what is noted of the contact, whatever the ticket itself says.
#[test]
fn tickets_go_by_who_the_customer_is() {
    let desk = Desk::with(QUIET);
    let mut agents = Vec::new();
    for (at, (field, value)) in
        [("contact.plan", "gold"), ("vip", "true"), ("language", "zh"), ("contact_tags", "press")]
            .into_iter()
            .enumerate()
    {
        let agent = desk.agent(field);
        desk.is(&agent, "online");
        let body = json!({"name": field, "position": at, "agents": [agent.id],
            "conditions": condition(field, "is", &[value])});
        desk.done("POST", "/api/assignment-rules", &body, 201);
        agents.push(agent.id);
    }
    let customers = [
        json!({"email": "one@example.com", "attributes": {"plan": "gold"}, "vip": true}),
        json!({"email": "two@example.com", "vip": true}),
        json!({"email": "three@example.com", "language": "zh-Hans"}),
        json!({"email": "four@example.com", "tags": ["press"]}),
    ];
    for (who, agent) in customers.iter().zip(agents) {
        desk.done("POST", "/api/contacts", who, 201);
        let ticket = desk.made("Halo", &json!({"requester_email": who["email"]}));
        desk.until_ticket(ticket, "assignee_id", &json!(agent));
    }
    let nobody = desk.made("Halo", &json!({"requester_email": "five@example.com"}));
    let probe = desk.made("Halo", &json!({"requester_email": "two@example.com"}));
    desk.until("the probe is given", || !desk.ticket(probe)["assignee_id"].is_null());
    assert_eq!(desk.ticket(nobody)["assignee_id"], Value::Null);
}
