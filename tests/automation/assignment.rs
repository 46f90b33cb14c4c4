//! Tickets go to people: by rules, by strategies, back from those who left, and to whoever asks for the next.

use serde_json::{Value, json};

use super::{Desk, QUIET};

fn rule(desk: &Desk, name: &str, body: &Value) -> u64 {
    let mut whole = json!({"name": name});
    for (field, value) in body.as_object().into_iter().flatten() {
        whole[field] = value.clone();
    }
    desk.done("POST", "/api/assignment-rules", &whole, 201)["id"].as_u64().unwrap()
}

fn holder(desk: &Desk, ticket: u64) -> Option<u64> {
    desk.ticket(ticket)["assignee_id"].as_u64()
}

/// S3.17
#[test]
fn tickets_go_by_category_priority_keyword_attribute_channel_and_language() {
    let desk = Desk::with(QUIET);
    let fields = [
        ("category", "is", "billing"),
        ("priority", "is", "high"),
        ("text", "contains", "umbrella"),
        ("metadata.plan", "is", "enterprise"),
        ("channel", "is", "whatsapp"),
        ("language", "is", "es"),
    ];
    let mut agents = Vec::new();
    for (at, (field, op, value)) in fields.into_iter().enumerate() {
        let agent = desk.agent(field);
        desk.is(&agent, "online");
        let all = json!([{"field": field, "op": op, "values": [value]}]);
        let body = json!({"position": at, "conditions": {"all": all}, "agents": [agent.id]});
        rule(&desk, field, &body);
        agents.push(agent);
    }
    let tickets = [
        desk.made("one", &json!({"category": "billing", "priority": "low"})),
        desk.made("two", &json!({"priority": "high"})),
        desk.made("three", &json!({"description": "I left my umbrella"})),
        desk.made("four", &json!({"metadata": {"plan": "enterprise"}})),
        desk.customer(1, 1, "Halo"),
        desk.made("five", &json!({"description": "Hola, no puedo entrar en mi cuenta"})),
    ];
    for (agent, ticket) in agents.iter().zip(tickets) {
        desk.until_ticket(ticket, "assignee_id", &json!(agent.id));
    }
    let other = desk.made("six", &Value::Null);
    let last = desk.made("seven", &json!({"priority": "high"}));
    desk.until_ticket(last, "assignee_id", &json!(agents[1].id));
    assert_eq!(holder(&desk, other), None, "what fits no rule waits to be claimed");
    let activity = desk.read(&format!("/api/tickets/{last}/activity")).to_string();
    assert!(activity.contains("assignment rule “priority”"), "{activity}");
}

/// S3.18
#[test]
fn the_least_busy_gets_it_and_nobody_who_is_away_offline_or_full() {
    let desk = Desk::with(QUIET);
    let (ani, budi, citra) = (desk.agent("Ani"), desk.agent("Budi"), desk.agent("Citra"));
    let mine = desk.made("Ani's own", &json!({"assignee_id": ani.id}));
    assert_eq!(holder(&desk, mine), Some(ani.id));
    desk.done("PUT", &format!("/api/agents/{}/workload", budi.id), &json!({"capacity": 2}), 200);
    desk.done("PUT", &format!("/api/agents/{}/workload", ani.id), &json!({"capacity": 2}), 200);
    rule(&desk, "everything", &json!({"strategy": "least_busy"}));
    desk.is(&ani, "online");
    desk.is(&budi, "online");
    desk.is(&citra, "away");
    let first = desk.made("first", &Value::Null);
    desk.until_ticket(first, "assignee_id", &json!(budi.id));
    let rest = [desk.made("second", &Value::Null), desk.made("third", &Value::Null)];
    desk.until("both have two", || rest.iter().all(|ticket| holder(&desk, *ticket).is_some()));
    let loads = desk.read("/api/presence");
    let load = |id: u64| {
        let all = loads["agents"].as_array().unwrap();
        all.iter().find(|one| one["agent_id"] == id).unwrap()["open_tickets"].clone()
    };
    assert_eq!((load(ani.id), load(budi.id), load(citra.id)), (json!(2), json!(2), json!(0)));
    // Both are full and Citra is away: it waits, and goes out when she is there.
    let waiting = desk.made("fourth", &json!({"priority": "high"}));
    let probe = desk.made("fifth", &Value::Null);
    assert_eq!((holder(&desk, waiting), holder(&desk, probe)), (None, None));
    desk.is(&citra, "online");
    desk.until_ticket(waiting, "assignee_id", &json!(citra.id));
    desk.until_ticket(probe, "assignee_id", &json!(citra.id));
    // Room is made by what is done.
    desk.is(&citra, "offline");
    let later = desk.made("sixth", &Value::Null);
    desk.done("POST", &format!("/api/tickets/{first}/resolve"), &json!({}), 200);
    desk.until_ticket(later, "assignee_id", &json!(budi.id));
}

#[test]
fn turns_are_taken_and_a_customer_comes_back_to_who_knows_them() {
    let desk = Desk::with(QUIET);
    let (ani, budi) = (desk.agent("Ani"), desk.agent("Budi"));
    let sticky = json!({"all": [{"field": "channel", "op": "is", "values": ["whatsapp"]}]});
    rule(&desk, "known", &json!({"strategy": "sticky", "conditions": sticky, "position": 1}));
    rule(&desk, "turns", &json!({"strategy": "round_robin", "position": 2}));
    desk.is(&ani, "online");
    desk.is(&budi, "online");
    let mut holders = Vec::new();
    for n in 0..4 {
        let ticket = desk.made(&format!("turn {n}"), &Value::Null);
        desk.until("it is given", || holder(&desk, ticket).is_some());
        holders.push(holder(&desk, ticket).unwrap());
    }
    assert_eq!(holders, [ani.id, budi.id, ani.id, budi.id]);
    // Budi had this customer; Ani has fewer tickets now.
    let first = desk.customer(5, 1, "Halo");
    desk.until("it is given", || holder(&desk, first).is_some());
    let body = json!({"assignee_id": budi.id});
    desk.done("POST", &format!("/api/tickets/{first}/assign"), &body, 200);
    desk.done("POST", &format!("/api/tickets/{first}/unassign"), &json!({}), 200);
    desk.until_ticket(first, "assignee_id", &json!(budi.id));
}

/// S4.25
#[test]
fn what_an_agent_had_goes_to_others_when_they_drop_off() {
    let times = "heartbeat_grace = \"5s\"\nreassign_after = \"1s\"\n";
    let desk = Desk::with(&format!("{QUIET}{times}"));
    let (ani, budi) = (desk.agent("Ani"), desk.agent("Budi"));
    rule(&desk, "everything", &json!({}));
    desk.is(&ani, "online");
    let tickets = [desk.made("one", &Value::Null), desk.made("two", &json!({"priority": "high"}))];
    for ticket in tickets {
        desk.until_ticket(ticket, "assignee_id", &json!(ani.id));
    }
    desk.until("both are Budi's", || {
        // Budi's heart beats, Ani's does not.
        desk.is(&budi, "online");
        tickets.iter().all(|ticket| holder(&desk, *ticket) == Some(budi.id))
    });
    let activity = desk.read(&format!("/api/tickets/{}/activity", tickets[0])).to_string();
    assert!(activity.contains("their agent is offline"), "{activity}");
}

/// S4.25: so does what is opened again after they went.
#[test]
fn a_customer_who_writes_again_to_somebody_who_has_gone_goes_to_another() {
    let desk = Desk::with(&format!("{QUIET}reassign_after = \"1s\"\n"));
    let (ani, budi) = (desk.agent("Ani"), desk.agent("Budi"));
    rule(&desk, "everything", &json!({}));
    desk.is(&ani, "online");
    let again = desk.customer(1, 1, "Halo");
    desk.until_ticket(again, "assignee_id", &json!(ani.id));
    desk.done("POST", &format!("/api/tickets/{again}/resolve"), &json!({}), 200);
    let open = desk.customer(2, 1, "Halo");
    desk.until_ticket(open, "assignee_id", &json!(ani.id));
    desk.is(&ani, "offline");
    desk.until("what was open is nobody's", || holder(&desk, open).is_none());
    assert_eq!(holder(&desk, again), Some(ani.id), "what is done stays hers");
    assert_eq!(desk.customer(1, 2, "Masih ada masalah"), again);
    desk.until("what is opened again is nobody's", || holder(&desk, again).is_none());
    desk.is(&budi, "online");
    for ticket in [again, open] {
        desk.until_ticket(ticket, "assignee_id", &json!(budi.id));
    }
}

#[test]
fn the_next_ticket_is_the_one_whose_promise_is_nearest_to_be_broken() {
    let Some((daemon, clock)) = crate::faketime::daemon(QUIET) else { return };
    let desk = Desk::open(daemon);
    let ani = desk.agent("Ani");
    let next = || desk.ask(&ani.token, "POST", "/api/tickets/next", &json!({}));
    assert_eq!(next().status, 204, "nothing waits");
    let low = desk.made("low, and late", &json!({"priority": "low"}));
    std::fs::write(&clock, "+25h").expect("a file");
    let medium = desk.made("medium", &Value::Null);
    let high = desk.made("high", &json!({"priority": "high"}));
    let older = desk.made("medium, later", &Value::Null);
    for wanted in [low, high, medium, older] {
        let answer = next();
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.json()["number"], wanted);
        assert_eq!(answer.json()["assignee_id"], ani.id);
    }
    assert_eq!(next().status, 204);
}

#[test]
fn rules_of_assignment_are_checked_field_by_field() {
    let desk = Desk::with(QUIET);
    for (body, field) in [
        (json!({"name": ""}), "name"),
        (json!({"name": "x", "strategy": "lottery"}), "strategy"),
        (json!({"name": "x", "agents": [404]}), "agents"),
        (
            json!({"name": "x", "conditions": {"all": [{"field": "channel", "op": "is"}]}}),
            "conditions.all[0].values",
        ),
    ] {
        let wrong = desk.done("POST", "/api/assignment-rules", &body, 400);
        assert_eq!(wrong["errors"][0]["field"], field, "{wrong}");
    }
    let id = rule(&desk, "one", &json!({"active": false}));
    let path = format!("/api/assignment-rules/{id}");
    let changed = desk.done("PUT", &path, &json!({"name": "two", "strategy": "sticky"}), 200);
    assert_eq!((&changed["name"], &changed["strategy"]), (&json!("two"), &json!("sticky")));
    assert_eq!(desk.read("/api/assignment-rules")["rules"][0], desk.read(&path));
    desk.done("DELETE", &path, &Value::Null, 204);
    desk.done("GET", &path, &Value::Null, 404);
}

/// "Sticky" over the ends of tickets and over a merge of two contacts that are one person (S3.17).
#[test]
fn a_customer_comes_back_to_their_last_agent_in_a_new_ticket() {
    let desk = Desk::with(QUIET);
    let (ani, budi) = (desk.agent("Ani"), desk.agent("Budi"));
    rule(&desk, "known", &json!({"strategy": "sticky"}));
    let first = desk.made("first", &json!({"assignee_id": budi.id}));
    desk.done("POST", &format!("/api/tickets/{first}/resolve"), &json!({}), 200);
    desk.done("POST", &format!("/api/tickets/{first}/close"), &json!({}), 200);
    // Budi has one ticket of somebody else: Ani is the least busy.
    desk.made("his", &json!({"requester_email": "tom@example.com", "assignee_id": budi.id}));
    desk.is(&ani, "online");
    desk.is(&budi, "online");
    let second = desk.made("second", &Value::Null);
    desk.until_ticket(second, "assignee_id", &json!(budi.id));
    // They turn out to be one with somebody whom nobody has had yet.
    let fresh = desk.done("POST", "/api/contacts", &json!({"email": "sari@example.org"}), 201);
    let merge = format!("/api/contacts/{}/merge", desk.ticket(first)["contact_id"]);
    desk.done("POST", &merge, &json!({"into": fresh["id"]}), 200);
    let third = desk.made("third", &json!({"requester_email": "sari@example.org"}));
    desk.until_ticket(third, "assignee_id", &json!(budi.id));
    // Without him it is whoever has the least to do.
    desk.is(&budi, "offline");
    let fourth = desk.made("fourth", &json!({"requester_email": "sari@example.org"}));
    desk.until_ticket(fourth, "assignee_id", &json!(ani.id));
}
