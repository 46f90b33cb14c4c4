//! Every example of seed 003 as one table: the request as its pages write it, the status, and each field that the
//! example answer names. What helpdesk/seed.rs shows of tickets and comments alone is here in the seed's own order.

use std::collections::HashMap;
use std::fs;

use serde_json::{Value, json};

use crate::desk::{Desk, rows};
use crate::examples::fits;
use crate::faketime;
use crate::receiver::Receiver;
use crate::webhooks::LOCAL;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Who {
    Agent,
    Admin,
    /// Nobody in particular: the portal and the chatbot show no token.
    Public,
}
use Who::{Admin, Agent, Public};

struct Example {
    /// The seed's item.
    item: &'static str,
    who: Who,
    request: &'static str,
    body: Value,
    status: u16,
    /// What the answer holds at least; `"uuid"` is any id, a time any time, `"any"` anything that is there.
    answer: Value,
    /// The name under which later examples use a field of the answer: `("ticket", "/id")`.
    keep: &'static [(&'static str, &'static str)],
}

#[rustfmt::skip]
fn example(item: &'static str, who: Who, request: &'static str, body: Value, status: u16, answer: Value) -> Example {
    Example { item, who, request, body, status, answer, keep: &[] }
}

impl Example {
    fn keeps(mut self, keep: &'static [(&'static str, &'static str)]) -> Example {
        self.keep = keep;
        self
    }
}

/// The agent's guide, the administrator's, and the API reference, in that order.
#[rustfmt::skip]
fn inside() -> Vec<Example> {
    let none = || Value::Null;
    let category = json!({"name": "Billing", "description": "Payment and subscription issues", "color": "#3B82F6"});
    let guide = json!({
        "subject": "Cannot access my account", "description": "I'm getting an error when trying to login",
        "requester_email": "customer@example.com", "requester_name": "John Doe", "priority": "high",
        "category_id": "{category}",
    });
    let policy = json!({
        "name": "Enterprise SLA", "first_response_hours": 4, "resolution_hours": 24,
        "priority_overrides": {
            "urgent": {"first_response_hours": 1, "resolution_hours": 4},
            "high": {"first_response_hours": 2, "resolution_hours": 8},
        },
        "business_hours_only": true, "is_default": false,
    });
    let hours = json!({
        "timezone": "America/New_York",
        "schedule": {
            "monday": {"start": "09:00", "end": "18:00"}, "tuesday": {"start": "09:00", "end": "18:00"},
            "wednesday": {"start": "09:00", "end": "18:00"}, "thursday": {"start": "09:00", "end": "18:00"},
            "friday": {"start": "09:00", "end": "17:00"},
        },
        "holidays": ["2024-12-25", "2024-01-01"],
    });
    let mut sorted = hours.clone();
    sorted["holidays"] = json!(["2024-01-01", "2024-12-25"]);
    let canned = json!({
        "title": "Thanks", "shortcut": "thanks", "category": "billing",
        "content": "Thank you for contacting us, {{customer_name}}. {{ticket_number}}, {{agent_name}}",
    });
    let failed = json!({
        "subject": "Payment failed", "description": "My payment was declined",
        "requester_email": "customer@example.com", "requester_name": "Jane Smith", "priority": "high",
    });
    let failed_answer = json!({"id": "uuid", "ticket_number": "#1002", "subject": "Payment failed",
        "status": "open", "priority": "high", "created_at": "2024-01-15T11:00:00Z"});
    let comment = json!({"body": "I'll look into this for you.", "is_internal": false});
    let comment_answer = json!({"id": "uuid", "ticket_id": "ticket-uuid", "body": "I'll look into this for you.",
        "author_type": "agent", "author_name": "Support Agent", "is_internal": false,
        "created_at": "2024-01-15T11:05:00Z"});
    let listed = json!({
        "tickets": [{"id": "uuid", "ticket_number": "#1001", "subject": "Cannot access my account", "status": "open",
            "priority": "high", "requester_email": "customer@example.com", "requester_name": "John Doe",
            "assignee_id": null, "created_at": "2024-01-15T10:30:00Z", "updated_at": "2024-01-15T10:30:00Z"}],
        "pagination": {"page": 1, "limit": 20, "total": 1, "totalPages": 1},
    });
    let fields = json!({"id": "uuid", "workspace_id": "any", "ticket_number": "#1002", "subject": "Payment failed",
        "description": "My payment was declined", "status": "in_progress", "priority": "high",
        "requester_email": "customer@example.com", "assignee_id": null,
        "first_response_at": "2024-01-15T11:05:00Z", "resolved_at": null, "closed_at": null});
    let subscription = json!({"url": "https://your-app.com/webhooks", "events": ["ticket.created", "ticket.updated",
        "ticket.resolved", "ticket.closed", "ticket.comment.added", "ticket.assigned", "ticket.sla.breached"]});
    vec![
        example("S3.13", Admin, "POST /api/tickets/categories", json!({"name": "Help", "color": "#123456"}), 201,
            json!({"id": "any", "name": "Help"})).keeps(&[("parent", "/id")]),
        example("S3.13", Admin, "POST /api/tickets/categories", merged(&category, &json!({"name": "Invoices",
            "parent_id": "{parent}"})), 201, json!({"parent_id": "{parent}", "color": "#3B82F6",
            "description": "Payment and subscription issues"})).keeps(&[("category", "/id")]),
        example("S3.24", Admin, "PUT /api/tickets/categories/{category}", json!({"color": "#3B82F7"}), 200,
            json!({"name": "Invoices", "color": "#3B82F7"})),
        example("S3.24", Agent, "GET /api/tickets/categories", none(), 200, json!({"categories": "any"})),
        example("S3.3", Agent, "POST /api/tickets", guide, 201, json!({"ticket_number": "#1001", "status": "open",
            "priority": "high", "category": "any", "requester_name": "John Doe"})),
        example("S3.28", Agent, "GET /api/tickets?status=open,pending&priority=high&page=1&limit=20", none(), 200, listed),
        example("S3.31", Agent, "POST /api/tickets", failed, 201, failed_answer).keeps(&[("id", "/id")]),
        example("S3.32", Agent, "POST /api/tickets/{id}/comments", comment, 201, comment_answer).keeps(&[("comment", "/id")]),
        example("S3.23", Agent, "GET /api/tickets/{id}/comments", none(), 200, json!({"comments": "any"})),
        example("S3.23", Agent, "PUT /api/tickets/{id}/comments/{comment}", json!({"body": "I look into it."}), 200,
            json!({"body": "I look into it.", "is_internal": false})),
        example("S3.46", Agent, "GET /api/tickets/{id}", none(), 200, fields),
        example("S3.12", Agent, "GET /api/tickets/{id}/sla", none(), 200, json!({"status": "on_track",
            "first_response": {"remaining_seconds": "any", "status": "any"}, "resolution": {"remaining_seconds": "any"}})),
        example("S3.14", Admin, "POST /api/tickets/sla-policies", policy.clone(), 201, policy).keeps(&[("policy", "/id")]),
        example("S3.25", Admin, "PUT /api/tickets/sla-policies/{policy}", json!({"name": "Enterprise",
            "first_response_hours": 3, "resolution_hours": 20}), 200, json!({"name": "Enterprise", "first_response_hours": 3})),
        example("S3.25", Agent, "GET /api/tickets/sla-policies", none(), 200, json!({"policies": "any"})),
        example("S3.25", Admin, "DELETE /api/tickets/sla-policies/{policy}", none(), 204, none()),
        example("S3.16", Admin, "POST /api/business-hours", merged(&hours, &json!({"name": "New York"})), 201, sorted),
        example("S3.7", Admin, "POST /api/tickets/canned-responses", canned.clone(), 201, canned).keeps(&[("canned", "/id")]),
        example("S3.9", Agent, "POST /api/tickets/canned-responses/{canned}/render", json!({"ticket": "{id}"}), 200,
            json!({"body": "Thank you for contacting us, Jane Smith. #1002, Support Agent"})),
        example("S3.26", Agent, "POST /api/tickets/canned-responses/{canned}/use", none(), 200, json!({"usage_count": 1})),
        example("S3.26", Admin, "PUT /api/tickets/canned-responses/{canned}", json!({"title": "Thank you"}), 200,
            json!({"title": "Thank you", "shortcut": "thanks", "usage_count": 1})),
        example("S3.26", Agent, "GET /api/tickets/canned-responses", none(), 200, json!({"canned_responses": "any"})),
        example("S3.26", Admin, "DELETE /api/tickets/canned-responses/{canned}", none(), 204, none()),
        example("S3.27", Admin, "GET /api/tickets/analytics/overview", none(), 200, json!({"current": "any"})),
        example("S3.27", Admin, "GET /api/tickets/analytics/volume", none(), 200, json!({"current": "any"})),
        example("S3.27", Admin, "GET /api/tickets/analytics/distribution", none(), 200, json!({"current": "any"})),
        example("S3.27", Admin, "GET /api/tickets/analytics/agents", none(), 200, json!({"current": "any"})),
        example("S3.27", Admin, "GET /api/tickets/analytics/sla/detailed", none(), 200, json!({"current": "any"})),
        example("S3.27", Admin, "GET /api/tickets/analytics/csat", none(), 200, json!({"current": "any"})),
        example("S3.27", Admin, "GET /api/tickets/analytics/peak-hours", none(), 200, json!({"current": "any"})),
        example("S3.37", Admin, "POST /api/webhooks", subscription.clone(), 201, subscription),
        example("S3.23", Agent, "DELETE /api/tickets/{id}/comments/{comment}", none(), 204, none()),
        example("S3.22", Admin, "DELETE /api/tickets/{id}", none(), 204, none()),
        example("S3.24", Admin, "DELETE /api/tickets/categories/{category}", none(), 409, json!({"status": 409})),
    ]
}

/// What customers and chatbots send; a rating comes after an agent resolved the ticket.
#[rustfmt::skip]
fn outside() -> Vec<Example> {
    let chat = json!({
        "workspace_id": "uuid", "conversation_id": "conv-uuid", "subject": "Escalated from chat",
        "description": "Customer needs human support", "customer_email": "customer@example.com",
        "customer_name": "John Doe",
        "chat_history": [{"role": "user", "content": "I need help"}, {"role": "bot", "content": "How can I assist?"}],
    });
    let escalation = json!({"workspace_id": "uuid", "bot_id": "bot-uuid", "conversation_id": "conv-uuid",
        "reason": "complex_issue", "context": {"plan": "enterprise"}});
    let question = json!({
        "workspace_id": "uuid", "subject": "Question about billing", "description": "I have a question...",
        "requester_email": "customer@example.com", "requester_name": "John Doe",
    });
    let rating = json!({"access_token": "{token}", "rating": 5, "feedback": "Great support!"});
    vec![
        example("S3.33", Public, "POST /api/public/tickets/from-chat", chat, 201, json!({"ticket": {"id": "uuid",
            "ticket_number": "#1001", "subject": "Escalated from chat"}, "accessToken": "any"})),
        example("S3.34", Public, "POST /api/public/tickets/escalate", escalation, 200, json!({"ticket": {"id": "uuid",
            "ticket_number": "#1001"}})),
        example("S3.41", Public, "POST /api/public/tickets", question, 201, json!({"ticket": {"id": "uuid",
            "ticket_number": "#1002", "subject": "Question about billing"}, "accessToken": "any"}))
            .keeps(&[("id", "/ticket/id"), ("token", "/accessToken")]),
        example("S3.43", Public, "GET /api/public/tickets/lookup?email=customer@example.com", Value::Null, 200,
            json!({"tickets": []})),
        example("S3.40", Public, "GET /api/public/tickets/{id}?token={token}", Value::Null, 200, json!({"id": "uuid",
            "subject": "Question about billing", "requester_email": "customer@example.com"})),
        example("S3.40", Public, "POST /api/public/tickets/{id}/reply", json!({"access_token": "{token}",
            "body": "The one of May"}), 201, json!({"comment": {"body": "The one of May"}})),
        example("S3.42", Public, "GET /portal/tickets/{id}?token={token}", Value::Null, 200, Value::Null),
        example("S3.44", Public, "POST /api/public/tickets/{id}/satisfaction", rating.clone(), 409, json!({"status": 409})),
        example("S3.6", Agent, "POST /api/tickets/{id}/resolve", Value::Null, 200, json!({"status": "resolved"})),
        example("S3.44", Public, "POST /api/public/tickets/{id}/satisfaction", rating, 201, json!({"rating": 5,
            "feedback": "Great support!"})),
        example("S3.6", Agent, "POST /api/tickets/{id}/close", Value::Null, 200, json!({"status": "closed"})),
        example("S3.6", Agent, "POST /api/tickets/{id}/reopen", Value::Null, 200, json!({"status": "open"})),
    ]
}

fn merged(one: &Value, other: &Value) -> Value {
    let mut both = one.clone();
    for (name, value) in other.as_object().expect("an object") {
        both[name] = value.clone();
    }
    both
}

/// `{name}` in every string, from what was kept.
fn filled(value: &Value, kept: &HashMap<String, Value>) -> Value {
    match value {
        Value::String(text) => match text.strip_prefix('{').and_then(|t| t.strip_suffix('}')) {
            Some(name) => kept.get(name).unwrap_or_else(|| panic!("{name} was not kept")).clone(),
            None => value.clone(),
        },
        Value::Array(all) => all.iter().map(|one| filled(one, kept)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, field)| (name.clone(), filled(field, kept))).collect()
        }
        _ => value.clone(),
    }
}

fn runs(desk: &Desk, examples: &[Example]) {
    let mut kept: HashMap<String, Value> = HashMap::new();
    for one in examples {
        let (method, path) = one.request.split_once(' ').expect("a method and a path");
        let path = kept.iter().fold(path.to_owned(), |path, (name, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            path.replace(&format!("{{{name}}}"), &value)
        });
        let body = filled(&one.body, &kept);
        let answer = match one.who {
            Agent => desk.call(&desk.agent, method, &path, &body),
            Admin => desk.call(&desk.admin, method, &path, &body),
            Public => desk.visits(method, &path, &body),
        };
        let at = format!("{} {method} {path}", one.item);
        assert_eq!(answer.status, one.status, "{at}: {}", answer.text());
        if !one.answer.is_null() {
            let shown = answer.json();
            fits(&filled(&one.answer, &kept), &shown, &at);
            for (name, pointer) in one.keep {
                let value = shown.pointer(pointer).unwrap_or_else(|| panic!("{at}: no {pointer}"));
                kept.insert((*name).to_owned(), value.clone());
            }
        }
    }
}

#[test]
fn every_example_for_agents_and_administrators_is_answered_as_the_seed_writes_it() {
    runs(&Desk::open(""), &inside());
}

#[test]
fn every_example_for_customers_and_chatbots_is_answered_as_the_seed_writes_it() {
    runs(&Desk::open(""), &outside());
}

/// S3.27: what takes its data along.
#[test]
fn the_export_has_a_line_for_each_ticket() {
    let desk = Desk::open("");
    desk.ticket("One");
    let path = "/api/tickets/analytics/export";
    let table = desk.call(&desk.admin, "GET", path, &Value::Null);
    assert_eq!(table.status, 200, "{}", table.text());
    assert!(table.text().contains("\n1001,"), "{}", table.text());
    assert_eq!(table.text().lines().count(), 2, "a head and a ticket");
}

/// S3.39: the payload of a broken promise, as it reaches the receiver.
#[test]
fn a_broken_promise_is_told_as_the_seed_tells_it() {
    let config = format!("{LOCAL}[clock]\nsynchronized_files = ['/dev/null']\n");
    let Some((daemon, clock)) = faketime::daemon(&config) else { return };
    let desk = Desk::on(daemon);
    let receiver = Receiver::start();
    let body = json!({"url": receiver.url(), "events": ["ticket.sla.breached"]});
    desk.does("POST", "/api/webhooks", &body, 201);
    let number = desk.ticket("Need help");
    fs::write(&clock, "+9h").expect("a file");
    let told = receiver.waits_for(1)[0].json();
    let ticket = desk.reads(&format!("/api/tickets/{number}"));
    let example = json!({
        "event": "ticket.sla.breached", "timestamp": "2024-01-15T14:30:00Z",
        "data": {"ticket_id": ticket["id"], "ticket_number": "#1001", "breach_type": "first_response",
            "sla_policy_id": "policy-uuid"},
    });
    fits(&example, &told, "S3.39");
    let policies = desk.reads("/api/tickets/sla-policies");
    let known: Vec<&Value> = rows(&policies, "policies").iter().map(|one| &one["id"]).collect();
    assert!(known.contains(&&told["data"]["sla_policy_id"]), "{told}");
}
