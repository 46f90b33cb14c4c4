//! `/api/v2` in the words of the CRM's client (S2.15 to S2.22, S2.32, S2.39, S2.47).

use serde_json::{Value, json};

use crate::bridge::{members, message, phone, problem, rows, word};
use crate::harness::Response;
use crate::{ANA, Centre};

fn made(centre: &Centre, subject: &str) -> Value {
    let body = json!({"subject": subject, "description": "As it says above.", "customerPhone": ANA,
        "customerName": "Ana María López", "tags": ["vip"]});
    centre.done("POST", "/api/v2/tickets", &body)
}

/// S2.10, S2.12, S2.39
#[test]
fn an_agent_makes_a_ticket_with_the_forms_defaults() {
    let centre = Centre::open("");
    let body = json!({"subject": "Cannot log in", "description": "Since today.", "customerPhone": ANA,
        "customerName": "Ana María López", "location": {"address": "Calle 5", "latitude": 21.88, "longitude": -102.29}});
    let answer = centre.send(&centre.agent, "POST", "/api/v2/tickets", &body);
    assert_eq!(answer.status, 201, "{}", answer.text());
    let ticket = answer.json()["data"].clone();
    assert_eq!(
        answer.header("location"),
        Some(format!("/api/v2/tickets/{}", word(&ticket["ticketId"])).as_str())
    );
    assert!(word(&ticket["ticketId"]).ends_with("-000001"), "S2.10");
    assert_eq!(
        (&ticket["category"], &ticket["priority"]),
        (&json!("general_inquiry"), &json!("medium"))
    );
    assert_eq!((&ticket["status"], &ticket["tags"]), (&json!("new"), &json!([])), "S2.39");
    let customer = &ticket["customerId"];
    assert_eq!(
        (&customer["firstName"], &customer["lastName"]),
        (&json!("Ana"), &json!("María López"))
    );
    assert_eq!(ticket["location"]["address"], "Calle 5");
    assert_eq!(ticket["slaTargets"]["policy"], "Fast response", "C4, S2.27");
    // What the known client of that system reads.
    let fields = members(&ticket);
    for field in [
        "_id",
        "ticketId",
        "customerId",
        "conversationId",
        "assignedAgent",
        "slaTargets",
        "statusHistory",
        "notes",
        "escalated",
        "createdAt",
        "updatedAt",
    ] {
        assert!(fields.contains(field), "{field} in {ticket}");
    }
    // The helpdesk shows the same ticket.
    let same = centre.desk.read(&format!("/api/tickets/{}", word(&ticket["ticketId"])));
    assert_eq!((&same["id"], &same["status"]), (&ticket["_id"], &json!("new")));
    for (body, field) in [
        (json!({"subject": "x".repeat(201), "description": "d", "customerPhone": ANA}), "subject"),
        (json!({"subject": "s", "description": " ", "customerPhone": ANA}), "description"),
        (json!({"subject": "s", "description": "d"}), "customerId"),
        (json!({"subject": "s", "description": "d", "customerId": "99"}), "customerId"),
        (json!({"subject": "s", "description": "d", "conversationId": 99}), "conversationId"),
        (json!({"subject": "s", "description": "d", "customerPhone": "none"}), "customerPhone"),
        (
            json!({"subject": "s", "description": "d", "customerPhone": ANA, "priority": "now"}),
            "priority",
        ),
        (
            json!({"subject": "s", "description": "d", "customerPhone": ANA, "location": {"latitude": 1}}),
            "location",
        ),
        (json!({"description": "d", "customerPhone": ANA}), "subject"),
    ] {
        let refused = centre.send(&centre.agent, "POST", "/api/v2/tickets", &body);
        assert!(problem(&refused, 400).contains(field), "S2.19: {}", refused.text());
    }
}

#[test]
fn agents_filter_and_search_tickets() {
    let centre = Centre::open("");
    for at in 0..25 {
        made(&centre, &format!("Ticket number {at}"));
    }
    let urgent = made(&centre, "The kitchen burns");
    let path = format!("/api/v2/tickets/{}", word(&urgent["ticketId"]));
    centre.done("PUT", &path, &json!({"priority": "urgent", "category": "complaint"}));
    let list = |query: &str| centre.done("GET", &format!("/api/v2/tickets{query}"), &json!({}));
    let all = list("");
    assert_eq!(
        (&all["total"], &all["limit"], &all["page"]),
        (&json!(26), &json!(20), &json!(1)),
        "S2.18"
    );
    assert_eq!((&all["pages"], &all["totalPages"]), (&json!(2), &json!(2)));
    assert_eq!(rows(&all, "tickets").len(), 20);
    assert_eq!(rows(&list("?page=2"), "tickets").len(), 6);
    assert_eq!(rows(&list("?limit=100"), "tickets").len(), 26);
    for (query, found) in [
        ("?priority=urgent", 1),
        ("?category=complaint", 1),
        ("?status=new,open", 26),
        ("?status=new&status=resolved", 26),
        ("?status=resolved", 0),
        ("?search=kitchen", 1),
        ("?search=Ana+kitchen", 1),
        ("?assignedAgent=unassigned", 26),
        ("?assignedAgent=me", 0),
        ("?customerId=CUST-00001&tag=vip", 26),
        ("?customerId=2", 0),
        ("?escalated=true", 0),
        ("?startDate=2020-01-01&endDate=2020-12-31", 0),
        ("?sortBy=priority&limit=1", 26),
    ] {
        assert_eq!(list(query)["total"], found, "{query}");
    }
    let first = list("?sortBy=priority&limit=1");
    assert_eq!(first["tickets"][0]["subject"], "The kitchen burns");
    for (query, field) in [
        ("?limit=101", "limit"),
        ("?page=0", "page"),
        ("?status=lost", "status"),
        ("?customerId=ana", "customerId"),
        ("?assignedAgent=ana", "assignedAgent"),
        ("?sortBy=mood", "sortBy"),
        ("?startDate=soon", "startDate"),
    ] {
        let refused = centre.desk.call(&centre.agent, "GET", &format!("/api/v2/tickets{query}"));
        assert!(problem(&refused, 400).contains(field), "{}", refused.text());
    }
    let counted = centre.done("GET", "/api/v2/tickets/statistics", &json!({}));
    assert_eq!(
        (&counted["total"], &counted["byPriority"]["urgent"]),
        (&json!(26), &json!(1)),
        "S2.46"
    );
}

#[test]
fn agents_change_a_ticket_and_its_history_tells() {
    let mut centre = Centre::open("");
    let ticket = made(&centre, "Double charge");
    let path = |rest: &str| format!("/api/v2/tickets/{}{rest}", word(&ticket["ticketId"]));
    let changed = centre.done("PUT", &path(""), &json!({"subject": "Charged twice", "subcategory": "refund",
        "onHold": true, "tags": ["money"], "assignedAgent": "me", "ticketId": "TICKET-1999-000009"}));
    assert_eq!(
        (&changed["subject"], &changed["subcategory"]),
        (&json!("Charged twice"), &json!("refund"))
    );
    assert_eq!(
        (&changed["onHold"], &changed["status"]),
        (&json!(true), &json!("open")),
        "S2.15: a flag"
    );
    assert_eq!(changed["ticketId"], ticket["ticketId"], "what names it stays");
    assert_eq!(
        (&changed["assignedAgent"]["firstName"], &changed["assignedAgent"]["lastName"]),
        (&json!("Ani"), &json!("Wijaya"))
    );
    let moved =
        centre.done("PUT", &path("/status"), &json!({"status": "in_progress", "reason": "on it"}));
    assert_eq!(moved["status"], "in_progress");
    let moved = centre.done("PUT", &path("/status"), &json!({"status": "pending_customer"}));
    assert_eq!(moved["status"], "pending_customer", "in the CRM's words");
    let refused = centre.send(&centre.agent, "PUT", &path("/status"), &json!({"status": "new"}));
    assert!(problem(&refused, 409).contains("in_progress"), "S2.14");
    let noted = centre.done("POST", &path("/notes"), &json!({"content": "Bank asked."}));
    let note = &rows(&noted, "notes")[0];
    assert_eq!(
        (&note["content"], &note["isInternal"]),
        (&json!("Bank asked."), &json!(true)),
        "S2.52"
    );
    assert_eq!(note["createdBy"]["firstName"], "Ani");
    let resolved = centre.done("PUT", &path("/resolve"), &json!({"resolution": "Refunded"}));
    assert_eq!(
        (&resolved["status"], &resolved["resolution"]["summary"]),
        (&json!("resolved"), &json!("Refunded"))
    );
    let history: Vec<(String, String)> = rows(&resolved, "statusHistory")
        .iter()
        .map(|change| (word(&change["to"]), word(&change["changedBy"]["firstName"])))
        .collect();
    let told: Vec<&str> = history.iter().map(|(to, _)| to.as_str()).collect();
    assert_eq!(told, ["new", "open", "in_progress", "pending_customer", "resolved"], "S2.16");
    assert!(history.iter().all(|(_, by)| by == "Ani"));
    // A whole ticket may be sent back as it was shown; one who saw an older state changes nothing.
    let whole = centre.done("GET", &path(""), &json!({}));
    let again = centre.done("PUT", &path(""), &whole);
    assert_eq!((&again["subject"], &again["updatedAt"]), (&whole["subject"], &whole["updatedAt"]));
    let bearer = format!("Bearer {}", centre.agent);
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Content-Type", "application/json"),
        ("If-Match", "\"1001-1\""),
    ];
    let stale = centre.desk.daemon.request("PUT", &path(""), &headers, b"{\"subject\": \"late\"}");
    assert_eq!(stale.status, 412, "{}", stale.text());
    centre.is_sound();
}

#[test]
fn an_escalated_ticket_is_its_new_agents() {
    let centre = Centre::open("");
    let ticket = made(&centre, "Angry customer");
    let rini = centre.desk.daemon.token_named("Rini", "agent");
    let path = format!("/api/v2/tickets/{}", word(&ticket["ticketId"]));
    let hers = made(&centre, "to learn her id");
    let other = format!("/api/v2/tickets/{}/assign", word(&hers["ticketId"]));
    let answer = centre.send(&rini, "PUT", &other, &json!({"agentId": "me"}));
    let id = answer.json()["data"]["assignedAgent"]["_id"].clone();
    let body = json!({"toAgent": id, "reason": "A large account"});
    let told = centre.done("PUT", &format!("{path}/escalate"), &body);
    assert_eq!(
        (&told["escalated"], &told["escalationReason"]),
        (&json!(true), &json!("A large account"))
    );
    assert_eq!((&told["escalatedTo"]["_id"], &told["assignedAgent"]["_id"]), (&id, &id), "S2.22");
    // S2.20: it is Rini's now, and as if absent to Ani; the supervisor sees it.
    let gone = |answer: Response| problem(&answer, 404);
    gone(centre.desk.call(&centre.agent, "GET", &path));
    gone(centre.send(&centre.agent, "PUT", &path, &json!({"subject": "mine"})));
    gone(centre.send(
        &centre.agent,
        "POST",
        &format!("{path}/notes"),
        &json!({"content": "hello"}),
    ));
    assert_eq!(centre.desk.call(&rini, "GET", &path).status, 200);
    assert_eq!(centre.desk.read(&path)["success"], true);
    assert_eq!(centre.done("GET", "/api/v2/tickets", &json!({}))["total"], 0);
    let refused = centre.send(
        &rini,
        "PUT",
        &format!("{path}/escalate"),
        &json!({"toAgent": 99, "reason": "r"}),
    );
    assert!(problem(&refused, 400).contains("toAgent"));
    let refused = centre.send(&rini, "PUT", &format!("{path}/escalate"), &json!({"reason": " "}));
    assert!(problem(&refused, 400).contains("reason"));
}

/// S2.32
#[test]
fn some_categories_need_a_subcategory() {
    let centre = Centre::open("[crm]\nsubcategory_required = [\"billing\"]\nsla_policy = \"\"\n");
    let mut body =
        json!({"subject": "s", "description": "d", "customerPhone": ANA, "category": "billing"});
    let refused = centre.send(&centre.agent, "POST", "/api/v2/tickets", &body);
    assert!(problem(&refused, 422).contains("subcategory"));
    body["subcategory"] = json!("refund");
    let ticket = centre.done("POST", "/api/v2/tickets", &body);
    assert_eq!(ticket["slaTargets"]["policy"], "Standard", "the default one is configured");
    let path = format!("/api/v2/tickets/{}", word(&ticket["ticketId"]));
    let refused = centre.send(&centre.agent, "PUT", &path, &json!({"subcategory": null}));
    assert!(problem(&refused, 422).contains("billing"));
    centre.done("PUT", &path, &json!({"category": "account", "subcategory": null}));
    let refused = centre.send(&centre.agent, "PUT", &path, &json!({"category": "billing"}));
    problem(&refused, 422);
    // An assistant is not asked: its tool has no such field.
    centre.reported(ANA, "call_1", "Double charge");
}

#[test]
fn customers_and_conversations_show_their_tickets() {
    let centre = Centre::open("");
    let chat = centre.desk.ticket_of(&message(&phone(ANA), "A1", 0, "Hola"));
    centre.desk.ticket_of(&message(&phone("628123456789"), "B1", 0, "Halo"));
    made(&centre, "By an agent");
    let get = |path: &str| {
        let answer = centre.desk.call(&centre.agent, "GET", path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    };
    let customers = get("/api/v2/customers");
    assert_eq!(
        (&customers["success"], &customers["pagination"]["total"]),
        (&json!(true), &json!(2))
    );
    let found = get("/api/v2/customers?search=%2B5214491");
    let ana = &rows(&found, "customers")[0];
    assert_eq!(
        (&ana["phoneNumber"], &ana["statistics"]["totalTickets"]),
        (&json!(ANA), &json!(2)),
        "S2.11"
    );
    let id = word(&ana["_id"]);
    let detail = get(&format!("/api/v2/customers/{id}"));
    assert_eq!(detail["customer"]["customerId"], ana["customerId"]);
    let chats = rows(&detail, "recentConversations");
    assert_eq!((chats.len(), &chats[0]["mode"]), (1, &json!("agent")));
    let tickets = get(&format!("/api/v2/customers/{}/tickets?limit=1", word(&ana["customerId"])));
    assert_eq!((&tickets["data"]["total"], &tickets["data"]["pages"]), (&json!(2), &json!(2)));
    let body = json!({"lastName": "López", "tags": ["large"], "vip": true});
    let changed = centre.send(&centre.agent, "PUT", &format!("/api/v2/customers/{id}"), &body);
    assert_eq!(changed.status, 200, "{}", changed.text());
    assert_eq!(changed.json()["customer"]["lastName"], "López");
    assert_eq!(get(&format!("/api/v2/customers/{id}"))["customer"]["lastName"], "López");
    let conversations = get("/api/v2/conversations");
    assert_eq!(conversations["pagination"]["total"], 2);
    let mine = get("/api/v2/conversations?search=5214491");
    let conversation = word(&rows(&mine, "conversations")[0]["_id"]);
    let one = get(&format!("/api/v2/conversations/{conversation}"));
    assert_eq!(one["conversation"]["customerId"]["phoneNumber"], ANA);
    let body =
        json!({"subject": "In the chat", "description": "d", "conversationId": conversation});
    let beside = centre.done("POST", "/api/v2/tickets", &body);
    assert_eq!(beside["relatedTickets"], json!([chat]));
    let tickets = get(&format!("/api/v2/conversations/{conversation}/tickets"));
    assert_eq!(tickets["data"]["total"], 2, "{tickets}");
    let same = get(&format!("/api/v2/tickets?conversationId={conversation}"));
    assert_eq!(same["data"]["total"], 2);
    // What a colleague has in hand hides its chat (S2.20).
    let rini = centre.desk.daemon.token_named("Rini", "agent");
    let claimed = centre.send(&rini, "POST", &format!("/api/tickets/{chat}/claim"), &json!({}));
    assert_eq!(claimed.status, 200);
    for path in [
        format!("/api/v2/conversations/{conversation}"),
        format!("/api/v2/conversations/{conversation}/tickets"),
    ] {
        problem(&centre.desk.call(&centre.agent, "GET", &path), 404);
    }
    assert_eq!(get("/api/v2/conversations")["pagination"]["total"], 1);
    for path in ["/api/v2/customers/99", "/api/v2/customers/ana", "/api/v2/conversations/99"] {
        problem(&centre.desk.call(&centre.agent, "GET", path), 404);
    }
}

/// S2.13, S2.14, S2.31: the words of the seed, each one of which is taken and shown as it is.
#[test]
fn a_ticket_goes_through_all_statuses_and_categories_of_the_seed() {
    let centre = Centre::open("");
    let ticket = made(&centre, "A long way");
    let path = format!("/api/v2/tickets/{}", word(&ticket["ticketId"]));
    let way = ["open", "in_progress", "pending_customer", "in_progress", "waiting_internal"];
    for status in way.into_iter().chain(["in_progress", "resolved", "closed"]) {
        let moved = centre.done("PUT", &path, &json!({"status": status}));
        assert_eq!(moved["status"], status, "{moved}");
    }
    let shown = centre.done("GET", &path, &json!({}));
    let history = rows(&shown, "statusHistory");
    let went: Vec<String> = history.iter().map(|change| word(&change["to"])).collect();
    assert_eq!(
        went,
        [&["new"][..], &way, &["in_progress", "resolved", "closed"]].concat(),
        "S2.16"
    );
    let refused = centre.send(&centre.agent, "PUT", &path, &json!({"status": "pending_customer"}));
    assert!(problem(&refused, 409).contains("open"), "{}", refused.text());
    for category in [
        "technical_support",
        "billing",
        "account",
        "general_inquiry",
        "complaint",
        "feature_request",
        "other",
    ] {
        let body = json!({"subject": "One of seven", "description": "d", "category": category, "customerPhone": ANA});
        let made = centre.done("POST", "/api/v2/tickets", &body);
        assert_eq!(made["category"], category, "{made}");
        let listed =
            centre.done("GET", &format!("/api/v2/tickets?category={category}"), &json!({}));
        assert!(listed["total"].as_u64() >= Some(1), "{category}: {listed}");
    }
}
