//! The rules that ship, and priority by words at intake.

use serde_json::{Value, json};

use super::{Desk, QUIET};

/// Only this rule is on.
fn only(key: &str, settings: &str) -> Desk {
    let on = QUIET.replace(&format!("\"{key}\", "), "").replace(&format!(", \"{key}\""), "");
    assert_ne!(on, QUIET, "{key}");
    let desk = Desk::with(&format!("{on}{settings}"));
    assert_eq!(desk.rule(key)["active"], true);
    desk
}

fn reason(desk: &Desk, ticket: u64) -> Value {
    desk.ticket(ticket)["escalation"]["reason"].clone()
}

/// S4.22
#[test]
fn a_customer_who_says_that_it_is_urgent_has_an_urgent_ticket_at_once() {
    let desk = Desk::with(QUIET);
    for (n, (text, priority)) in [
        ("GAWAT! Kartu saya hilang", "urgent"),
        ("this is urgent", "urgent"),
        ("please help", "urgent"),
        ("very helpful, thanks", "medium"),
    ]
    .into_iter()
    .enumerate()
    {
        let ticket = desk.customer(n as u32, 1, text);
        assert_eq!(desk.ticket(ticket)["priority"], priority, "{text}");
    }
    let said = desk.made("urgent?", &json!({"priority": "low"}));
    assert_eq!(desk.ticket(said)["priority"], "low", "who names one is believed");
    // Later words change nothing that people have decided.
    let ticket = desk.customer(9, 1, "Halo");
    desk.customer(9, 2, "gawat");
    assert_eq!(desk.ticket(ticket)["priority"], "medium");
}

/// S4.23
#[test]
fn a_ticket_that_nobody_takes_is_told_of() {
    let desk = only("pending_alert", "alert_after = \"2s\"\n");
    let (waits, taken) = (desk.customer(1, 1, "Halo"), desk.customer(2, 1, "Halo"));
    let ani = desk.agent("Ani");
    desk.done(
        "POST",
        &format!("/api/tickets/{taken}/assign"),
        &json!({"assignee_id": ani.id}),
        200,
    );
    desk.until("there is an alert", || !desk.told("ticket.alert").is_empty());
    let third = desk.customer(3, 1, "Halo");
    desk.until("there is another", || desk.told("ticket.alert").len() > 1);
    assert_eq!(desk.told("ticket.alert"), [waits, third], "once each, and not of what was taken");
}

/// S4.24 and S3.19
#[test]
fn a_customer_who_is_not_answered_becomes_urgent_and_then_escalated() {
    let desk = only("unanswered_urgent", "urgent_after = \"2s\"\n");
    let (waits, answered) = (desk.made("waits", &Value::Null), desk.made("answered", &Value::Null));
    let path = format!("/api/tickets/{answered}/comments");
    desk.done("POST", &path, &json!({"body": "Good morning"}), 201);
    desk.until_ticket(waits, "priority", &json!("urgent"));
    let probe = desk.made("later", &Value::Null);
    desk.until_ticket(probe, "priority", &json!("urgent"));
    assert_eq!(desk.ticket(answered)["priority"], "medium");
    let desk = only("unanswered_escalate", "escalate_after = \"1s\"\n");
    let ticket = desk.made("waits", &Value::Null);
    desk.until("it is escalated", || !reason(&desk, ticket).is_null());
}

/// S3.19
#[test]
fn a_customer_who_writes_again_and_again_is_escalated() {
    let desk = only("customer_repeats", "customer_wrote = 3\n");
    let ticket = desk.customer(1, 1, "Halo");
    desk.customer(1, 2, "Halo?");
    let patient = desk.customer(2, 1, "Halo");
    desk.customer(1, 3, "Halo??");
    desk.until("it is escalated", || !reason(&desk, ticket).is_null());
    assert_eq!(reason(&desk, ticket), "the customer wrote 3 times without an answer");
    assert_eq!(reason(&desk, patient), Value::Null);
}

/// S2.33, S0.61: sentiment as the relay tells it.
#[test]
fn vips_words_that_cannot_wait_and_sentiment_escalate() {
    let desk = only("vip", "");
    let ticket = desk.made("from a VIP", &json!({"tags": ["VIP"]}));
    desk.until("it is escalated", || !reason(&desk, ticket).is_null());
    // Whoever is one is one in each of their tickets.
    let who = json!({"email": "boss@example.com", "vip": true});
    desk.done("POST", "/api/contacts", &who, 201);
    let other = desk.made("from nobody special", &json!({"requester_email": "tom@example.com"}));
    let theirs = desk.made("no tag", &json!({"requester_email": "boss@example.com"}));
    desk.until("it is escalated", || !reason(&desk, theirs).is_null());
    assert_eq!(reason(&desk, other), Value::Null);
    for (key, text) in [
        ("keywords_en", "I can't access my account"),
        ("keywords_id", "aplikasinya rusak"),
        ("keywords_es", "es urgente, por favor"),
    ] {
        let desk = only(key, "");
        let calm = desk.customer(1, 1, "Terima kasih, thanks, gracias");
        let ticket = desk.customer(2, 1, text);
        desk.until("it is escalated", || !reason(&desk, ticket).is_null());
        assert_eq!(reason(&desk, calm), Value::Null, "{key}");
    }
    let desk = Desk::with(QUIET);
    let id = desk.rule("sentiment")["id"].clone();
    desk.done("PATCH", &format!("/api/rules/{id}"), &json!({"active": true}), 200);
    let ticket = desk.made("calm words", &Value::Null);
    let path = format!("/api/tickets/{ticket}");
    desk.done("PATCH", &path, &json!({"metadata": {"sentiment": "very_negative"}}), 200);
    desk.until("it is escalated", || !reason(&desk, ticket).is_null());
}

/// S2.33
#[test]
fn three_tickets_alike_within_an_hour_are_escalated_and_say_which() {
    let desk = only("similar", "");
    let one = desk.made("Payment page shows error 502", &Value::Null);
    let two = desk.made("Error 502 on the payment page", &Value::Null);
    let other = desk.made("Where does my parcel stay?", &Value::Null);
    let three = desk.customer(1, 1, "the payment page says error 502");
    desk.until("it is escalated", || !reason(&desk, three).is_null());
    let said = format!("tickets alike within an hour: #{one}, #{two}, #{three}");
    assert_eq!(reason(&desk, three), said);
    assert_eq!(reason(&desk, other), Value::Null);
}

/// S2.33, S3.10 to S3.12
#[test]
fn three_quarters_of_the_sla_escalate_and_lists_show_how_it_stands() {
    let on = QUIET.replace("\"sla_at_risk\", ", "");
    let Some((daemon, clock)) = crate::faketime::daemon(&on) else { return };
    let desk = Desk::open(daemon);
    let ticket = desk.made("medium: eight hours", &Value::Null);
    let urgent = desk.made("urgent: one hour", &json!({"priority": "urgent"}));
    let sla = desk.ticket(ticket)["sla"].clone();
    assert_eq!((&sla["policy"], &sla["state"]), (&json!("Standard"), &json!("on_track")), "{sla}");
    assert_eq!(sla["first_response"]["target_minutes"], 480);
    assert!(sla["first_response"]["remaining_seconds"].as_i64().unwrap() > 28_000, "{sla}");
    let listed = |state: &str| {
        let page = desk.read(&format!("/api/tickets?sla={state}&sort=sla"));
        let all = page["tickets"].as_array().unwrap().clone();
        all.iter().map(|t| (t["number"].clone(), t["sla"]["state"].clone())).collect::<Vec<_>>()
    };
    let track = json!("on_track");
    assert_eq!(listed("on_track"), [(json!(urgent), track.clone()), (json!(ticket), track)]);
    std::fs::write(&clock, "+7h").expect("a file");
    desk.until("it is escalated", || !reason(&desk, ticket).is_null());
    assert_eq!(listed("at_risk"), [(json!(ticket), json!("at_risk"))]);
    assert_eq!(listed("breached"), [(json!(urgent), json!("breached"))]);
    assert_eq!(desk.ticket(ticket)["sla"]["state"], "at_risk");
    desk.done("GET", "/api/tickets?sla=late", &Value::Null, 400);
}

/// S2.14
#[test]
fn what_is_resolved_long_enough_is_closed() {
    let desk = only("auto_close", "close_after = \"2s\"\n");
    let (done, open) = (desk.made("done", &Value::Null), desk.made("open", &Value::Null));
    desk.done("POST", &format!("/api/tickets/{done}/resolve"), &json!({}), 200);
    desk.until_ticket(done, "status", &json!("closed"));
    assert_eq!(desk.ticket(open)["status"], "open");
    let activity = desk.read(&format!("/api/tickets/{done}/activity")).to_string();
    assert!(activity.contains("Resolved long enough"), "{activity}");
}

#[test]
fn what_ships_follows_the_configuration_until_somebody_changes_it() {
    let mut desk = Desk::with(QUIET);
    let id = desk.rule("auto_close")["id"].clone();
    let seconds = |desk: &Desk, key: &str| desk.rule(key)["trigger"]["after"]["seconds"].clone();
    assert_eq!(seconds(&desk, "auto_close"), 7 * 86_400);
    desk.done("PATCH", &format!("/api/rules/{id}"), &json!({"active": true}), 200);
    let config = format!("{QUIET}close_after = \"3d\"\nalert_after = \"9m\"\n");
    std::fs::write(desk.daemon.config_file(), config).expect("a file");
    desk.daemon.restart();
    assert_eq!(seconds(&desk, "auto_close"), 7 * 86_400);
    assert_eq!(seconds(&desk, "pending_alert"), 540);
    desk.done("DELETE", &format!("/api/rules/{id}"), &Value::Null, 204);
    desk.daemon.restart();
    let keys = desk.read("/api/rules").to_string();
    assert!(!keys.contains("auto_close") && keys.contains("pending_alert"));
}

/// S2.15, S2.33
#[test]
fn an_escalation_has_a_target_and_a_history() {
    let desk = Desk::with(QUIET);
    let ani = desk.agent("Ani");
    let ticket = desk.made("hard", &Value::Null);
    let path = format!("/api/tickets/{ticket}");
    let body = json!({"reason": "needs a lead", "to": ani.id});
    let view = desk.done("POST", &format!("{path}/escalate"), &body, 200);
    assert_eq!((&view["escalation"]["to"], &view["assignee_id"]), (&json!(ani.id), &json!(ani.id)));
    assert_eq!(view["escalation"]["to_name"], "Ani");
    desk.done("POST", &format!("{path}/escalate"), &json!({"reason": "x", "to": 404}), 400);
    let view = desk.done("POST", &format!("{path}/deescalate"), &json!({}), 200);
    assert_eq!(view["escalation"], Value::Null);
    desk.done("POST", &format!("{path}/escalate"), &json!({"reason": "again"}), 200);
    let history = desk.read(&format!("{path}/escalations"))["escalations"].clone();
    let reasons: Vec<_> =
        history.as_array().unwrap().iter().map(|one| one["reason"].clone()).collect();
    assert_eq!(reasons, ["again", "needs a lead"]);
    assert!(!history[1]["ended_at"].is_null() && history[0]["ended_at"].is_null(), "{history}");
}
