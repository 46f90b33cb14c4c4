//! Policies and business hours: what ships, what may be said, what a ticket is promised by them.

use serde_json::{Value, json};

use super::Desk;
use crate::harness::Daemon;

const POLICIES: &str = "/api/tickets/sla-policies";

fn enterprise() -> Value {
    json!({
        "name": "Enterprise SLA",
        "first_response_hours": 4,
        "resolution_hours": 24,
        "priority_overrides": {
            "urgent": { "first_response_hours": 1, "resolution_hours": 4 },
            "high": { "first_response_hours": 2, "resolution_hours": 8 }
        },
        "business_hours_only": true,
        "is_default": false
    })
}

/// S2.26, and with it the ranges of the trade, S2.30; S3.10
#[test]
fn both_tables_of_the_seeds_ship_and_the_standard_one_is_the_default() {
    let desk = Desk::open(Daemon::with_config(""));
    let policies = desk.read(POLICIES)["policies"].clone();
    let hours = |policy: &Value, priority: &str| {
        let own = &policy["priority_overrides"][priority];
        let of = if own.is_null() { policy } else { own };
        [of["first_response_hours"].as_f64().unwrap(), of["resolution_hours"].as_f64().unwrap()]
    };
    let table = |policy: &Value| ["urgent", "high", "medium", "low"].map(|p| hours(policy, p));
    assert_eq!(policies[0]["name"], "Standard");
    assert_eq!(policies[0]["is_default"], true);
    assert_eq!(table(&policies[0]), [[1.0, 4.0], [4.0, 8.0], [8.0, 24.0], [24.0, 72.0]], "S3.2");
    assert_eq!(policies[1]["name"], "Fast response");
    assert_eq!(
        table(&policies[1]),
        [[0.25, 4.0], [1.0, 24.0], [4.0, 72.0], [24.0, 168.0]],
        "S2.26"
    );
    let hours = &desk.read("/api/business-hours")["business_hours"][0];
    assert_eq!(hours["schedule"]["friday"], json!({"start": "09:00", "end": "18:00"}), "S3.15");
    assert!(hours["schedule"]["saturday"].is_null());
}

#[test]
fn the_seeds_policy_is_taken_as_it_stands_and_comes_back_so() {
    let mut desk = Desk::open(Daemon::with_config(""));
    let made = desk.done("POST", POLICIES, &enterprise(), 201);
    for (name, value) in enterprise().as_object().unwrap() {
        let same = match (value.as_f64(), made[name].as_f64()) {
            (Some(sent), Some(shown)) => sent == shown,
            _ if name == "priority_overrides" => true,
            _ => *value == made[name],
        };
        assert!(same, "S3.14 {name}: {made}");
    }
    assert_eq!(made["priority_overrides"]["high"]["resolution_hours"], 8.0);
    assert_eq!(made["business_hours_id"], 1);
    let path = format!("{POLICIES}/{}", made["id"]);
    let mut changed = enterprise();
    changed["is_default"] = json!(true);
    desk.done("PUT", &path, &changed, 200);
    desk.daemon.restart();
    let policies = desk.read(POLICIES)["policies"].as_array().unwrap().clone();
    let defaults: Vec<_> = policies.iter().filter(|p| p["is_default"] == true).collect();
    assert_eq!(defaults.len(), 1, "there is one default");
    assert_eq!(defaults[0]["name"], "Enterprise SLA");
    assert_eq!(desk.ask("DELETE", &path, &Value::Null).status, 409, "the default stays");
    assert_eq!(desk.ask("DELETE", &format!("{POLICIES}/1"), &Value::Null).status, 204);
    assert_eq!(desk.ask("DELETE", &format!("{POLICIES}/1"), &Value::Null).status, 404);
}

#[test]
fn a_ticket_shows_what_it_was_promised_and_how_it_stands() {
    let desk = Desk::open(Daemon::with_config(""));
    let ticket = desk.customer(1);
    let path = format!("/api/tickets/{ticket}/sla");
    let sla = desk.read(&path);
    assert_eq!((&sla["policy_name"], &sla["status"]), (&json!("Standard"), &json!("on_track")));
    let first = &sla["first_response"];
    assert_eq!((&first["target_minutes"], &first["paused"]), (&json!(480), &json!(false)), "S3.2");
    let left = first["remaining_seconds"].as_i64().unwrap();
    assert!((8 * 3600 - 120..=8 * 3600).contains(&left), "S3.12: {left}");
    assert!(first["due_at"].as_str().is_some_and(|at| at.ends_with('Z')));

    let reply = json!({"body": "Kami cek dulu.", "is_internal": true});
    desk.done("POST", &format!("/api/tickets/{ticket}/comments"), &reply, 201);
    assert_eq!(
        desk.read(&path)["first_response"]["status"],
        "on_track",
        "a note is no response, S3.11"
    );
    desk.done("POST", &format!("/api/tickets/{ticket}/resolve"), &json!({}), 200);
    let sla = desk.read(&path);
    assert_eq!(
        (&sla["resolution"]["status"], &sla["resolution"]["paused"]),
        (&json!("met"), &json!(true))
    );
    assert!(sla["resolution"]["due_at"].is_null());
}

#[test]
fn the_clock_stands_still_while_the_customer_is_waited_for() {
    let desk = Desk::open(Daemon::with_config(""));
    let ticket = desk.customer(1);
    let to = |status: &str| {
        let path = format!("/api/tickets/{ticket}/status");
        desk.done("PUT", &path, &json!({"status": status}), 200);
        desk.read(&format!("/api/tickets/{ticket}/sla"))["resolution"].clone()
    };
    let waiting = to("pending");
    assert_eq!((&waiting["paused"], &waiting["due_at"]), (&json!(true), &Value::Null), "S2.29");
    let on = to("in_progress");
    assert_eq!(on["paused"], false);
    assert!(on["due_at"].is_string());
}

#[test]
fn conditions_choose_a_policy_and_applying_it_says_how_many_tickets_it_changed() {
    let desk = Desk::open(Daemon::with_config(""));
    let mut policy = enterprise();
    policy["conditions"] = json!({"channels": ["whatsapp"]});
    policy["business_hours_only"] = json!(false);
    let made = desk.done("POST", POLICIES, &policy, 201);
    let tickets: Vec<u64> = (1..=3).map(|n| desk.customer(n)).collect();
    let target = |ticket: u64| {
        let sla = desk.read(&format!("/api/tickets/{ticket}/sla"));
        assert_eq!(sla["policy_name"], "Enterprise SLA");
        sla["first_response"]["target_minutes"].as_u64().unwrap()
    };
    assert!(tickets.iter().all(|n| target(*n) == 240));
    policy["first_response_hours"] = json!(0.5);
    let path = format!("{POLICIES}/{}", made["id"]);
    desk.done("PUT", &path, &policy, 200);
    assert!(tickets.iter().all(|n| target(*n) == 240), "until it is applied");
    let apply = format!("{path}/apply");
    assert_eq!(desk.done("POST", &apply, &json!({}), 200)["applied"], 3);
    assert!(tickets.iter().all(|n| target(*n) == 30));
    assert_eq!(desk.done("POST", &apply, &json!({}), 200)["applied"], 0);
    assert_eq!(desk.ask("POST", &format!("{POLICIES}/99/apply"), &json!({})).status, 404);
}

/// S3.14: who the customer is chooses a policy, as noted of the contact.
#[test]
fn who_the_customer_is_chooses_a_policy() {
    let mut desk = Desk::open(Daemon::with_config(""));
    for (name, conditions) in [
        ("Gold", json!({"contact": {"plan": ["gold", "enterprise"], "region": ["emea"]}})),
        ("VIPs", json!({"vip": true})),
        ("Spanish", json!({"languages": ["es"], "vip": false})),
    ] {
        let body = json!({"name": name, "first_response_hours": 1, "conditions": conditions});
        let made = desk.done("POST", POLICIES, &body, 201);
        for (field, value) in conditions.as_object().unwrap() {
            assert_eq!(made["conditions"][field], *value, "{made}");
        }
    }
    let customers = [
        (json!({"attributes": {"plan": "Enterprise", "region": "EMEA"}, "vip": true}), "Gold"),
        (json!({"attributes": {"plan": "gold", "region": "apac"}}), "Standard"),
        (json!({"vip": true, "language": "es"}), "VIPs"),
        (json!({"language": "es-MX"}), "Spanish"),
        (json!({"language": "en"}), "Standard"),
    ];
    let promised = |desk: &Desk, mail: &str, text: &str| {
        let body = json!({"subject": "Halo", "description": text, "requester_email": mail});
        let made = desk.done("POST", "/api/tickets", &body, 201);
        desk.read(&format!("/api/tickets/{}/sla", made["number"]))["policy_name"].clone()
    };
    for (at, (noted, policy)) in customers.iter().enumerate() {
        let mail = format!("customer{at}@example.com");
        let mut who = noted.clone();
        who["email"] = json!(mail);
        desk.done("POST", "/api/contacts", &who, 201);
        assert_eq!(promised(&desk, &mail, "Halo"), *policy, "{noted}");
    }
    let spanish = "Hola, no puedo entrar en mi cuenta";
    assert_eq!(promised(&desk, "new@example.com", spanish), "Spanish", "by the words");
    assert_eq!(promised(&desk, "customer4@example.com", spanish), "Standard", "as noted");
    desk.daemon.kill9();
    desk.daemon.restart();
    let policies = desk.read(POLICIES)["policies"].to_string();
    assert!(policies.contains("enterprise"), "{policies}");
    for (conditions, field) in [
        (json!({"contact": {"plan": []}}), "conditions.contact.plan"),
        (json!({"contact": {"": ["x"]}}), "conditions.contact"),
        (json!({"languages": [""]}), "conditions.languages"),
    ] {
        let body = json!({"name": "Wrong", "first_response_hours": 1, "conditions": conditions});
        let wrong = desk.done("POST", POLICIES, &body, 400);
        assert_eq!(wrong["errors"][0]["field"], field, "{wrong}");
    }
}

#[test]
fn business_hours_are_taken_as_the_seed_writes_them() {
    let desk = Desk::open(Daemon::with_config(""));
    let hours = json!({
        "name": "New York",
        "timezone": "America/New_York",
        "schedule": {
            "monday": { "start": "09:00", "end": "18:00" },
            "friday": { "start": "09:00", "end": "17:00" },
            "saturday": [{ "start": "09:00", "end": "12:00" }, { "start": "22:00", "end": "02:00" }]
        },
        "holidays": ["2024-12-25", "2024-01-01"]
    });
    let made = desk.done("POST", "/api/business-hours", &hours, 201);
    assert_eq!(
        (&made["schedule"], &made["timezone"]),
        (&hours["schedule"], &hours["timezone"]),
        "S3.16"
    );
    assert_eq!(made["holidays"], json!(["2024-01-01", "2024-12-25"]));
    let mut policy = enterprise();
    policy["business_hours_id"] = made["id"].clone();
    desk.done("POST", POLICIES, &policy, 201);
    let path = format!("/api/business-hours/{}", made["id"]);
    let refused = desk.ask("DELETE", &path, &Value::Null);
    assert_eq!(refused.status, 409, "{}", refused.text());
    assert!(refused.text().contains("Enterprise SLA"));
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let desk = Desk::open(Daemon::with_config(""));
    let wrong = [
        (json!({"name": ""}), "name"),
        (json!({"first_response_hours": 0}), "first_response_hours"),
        (json!({"resolution_hours": 9000}), "resolution_hours"),
        (json!({"priority_overrides": {"huge": {}}}), "priority_overrides.huge"),
        (
            json!({"priority_overrides": {"low": {"resolution_hours": -1}}}),
            "priority_overrides.low.resolution_hours",
        ),
        (json!({"conditions": {"channels": ["fax"]}}), "conditions.channels"),
        (json!({"business_hours_id": 77}), "business_hours_id"),
        (
            json!({"first_response_hours": null, "resolution_hours": null, "priority_overrides": {}}),
            "first_response_hours",
        ),
    ];
    for (change, field) in wrong {
        let mut policy = enterprise();
        for (name, value) in change.as_object().unwrap() {
            policy[name] = value.clone();
        }
        let refused = desk.ask("POST", POLICIES, &policy);
        assert_eq!(refused.status, 400, "{change}: {}", refused.text());
        assert!(refused.text().contains(&format!("\"{field}\"")), "{field}: {}", refused.text());
    }
    let hours = |change: Value| {
        let mut hours = json!({"timezone": "UTC", "name": "x", "schedule": {"monday": {"start": "09:00", "end": "18:00"}}});
        for (name, value) in change.as_object().unwrap() {
            hours[name] = value.clone();
        }
        desk.ask("POST", "/api/business-hours", &hours)
    };
    for (change, field) in [
        (json!({"timezone": "Mars/Olympus"}), "timezone"),
        (json!({"schedule": {"someday": {"start": "09:00", "end": "18:00"}}}), "schedule.someday"),
        (json!({"schedule": {"monday": {"start": "9am", "end": "18:00"}}}), "schedule.monday"),
        (
            json!({"schedule": {"monday": [{"start": "09:00", "end": "18:00"}, {"start": "17:00", "end": "19:00"}]}}),
            "schedule",
        ),
        (json!({"holidays": ["25.12.2025"]}), "holidays"),
    ] {
        let refused = hours(change.clone());
        assert_eq!(refused.status, 400, "{change}: {}", refused.text());
        assert!(refused.text().contains(&format!("\"{field}\"")), "{field}: {}", refused.text());
    }
    let same = desk.ask("POST", POLICIES, &json!({"name": "STANDARD", "resolution_hours": 1}));
    assert_eq!(same.status, 409, "names are unique whatever their case: {}", same.text());
}

#[test]
fn only_administrators_change_what_is_promised() {
    let desk = Desk::open(Daemon::with_config(""));
    let agent = format!("Bearer {}", desk.daemon.token("agent"));
    let headers = [("Authorization", agent.as_str()), ("Content-Type", "application/json")];
    let ask = |method: &str, path: &str| {
        desk.daemon.request(method, path, &headers, enterprise().to_string().as_bytes()).status
    };
    assert_eq!(ask("GET", POLICIES), 200);
    assert_eq!(ask("POST", POLICIES), 403);
    assert_eq!(ask("DELETE", &format!("{POLICIES}/2")), 403);
    assert_eq!(ask("POST", "/api/business-hours"), 403);
}
