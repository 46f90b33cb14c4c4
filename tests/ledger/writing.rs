//! A relay that speaks plain HTTP: opens a call, logs turns and metadata, corrects, closes.

use serde_json::{Value, json};

use super::{Ledger, assert_names_field};

/// S0.30, S0.32 to S0.34, S0.37 to S0.39, S0.53.
#[test]
fn a_call_is_opened_logged_and_closed_over_plain_http() {
    let ledger = Ledger::open();
    let opened = ledger.write("POST", "/api/calls", &json!({"session_id": "s-1"}), 201);
    assert_eq!(opened["session_id"], "s-1");
    assert_eq!(opened["customer_name"], "Unknown");
    assert_eq!(opened["status"], "open");
    assert_eq!(opened["priority"], "normal");
    for unset in ["category", "summary", "resolved_at", "resolution_notes"] {
        assert_eq!(opened[unset], Value::Null, "{unset}");
    }
    let id = opened["ticket_id"].as_str().unwrap();

    ledger.turn(id, "agent", "Hello, this is Riley.");
    ledger.turn(id, "user", "What's the interest rate for Saving Pockets?");
    let body = json!({"speaker": "agent", "message": "[Tool Call: search]", "tool_calls": [{"name": "search", "arguments": "{}"}]});
    let logged = ledger.write("POST", &format!("/api/calls/{id}/interactions"), &body, 201);
    assert_eq!(logged["interaction_id"], 3);
    assert_eq!(logged["ticket_id"], id);
    assert_eq!(logged["speaker"], "agent");
    assert_eq!(logged["tool_calls"], body["tool_calls"]);

    let closed = ledger.close(id);
    assert_eq!(closed["status"], "closed");
    assert_eq!(closed["category"], "interest_rates");
    assert_eq!(closed["resolved_at"], closed["updated_at"]);
    let summary = closed["summary"].as_str().expect("a summary");
    assert!(summary.contains("Saving Pockets") && summary.chars().count() <= 120, "{summary}");
    assert_eq!(ledger.read(&format!("/api/calls/{id}"))["data"]["ticket"], closed);
}

#[test]
fn a_call_may_be_opened_with_all_that_is_known() {
    let ledger = Ledger::open();
    let body = json!({"session_id": "s-1", "customer_name": "Tan Mei Ling", "category": "loan_inquiry", "priority": "high"});
    let ticket = ledger.write("POST", "/api/calls", &body, 201);
    for (field, value) in body.as_object().unwrap() {
        assert_eq!(ticket[field], *value, "{field}");
    }
}

/// S0.35: many keys a ticket; an array on the calls face (C11).
#[test]
fn metadata_is_kept_in_the_order_it_came() {
    let ledger = Ledger::open();
    let id = ledger.call(json!({}));
    let pairs = [
        ("customer_id", "CUST123456"),
        ("product", "GXS_SAVINGS_ACCOUNT"),
        ("account_number", "1234567890"),
    ];
    for (key, value) in pairs {
        let row = ledger.write(
            "POST",
            &format!("/api/calls/{id}/metadata"),
            &json!({"key": key, "value": value}),
            201,
        );
        assert_eq!((&row["key"], &row["value"]), (&json!(key), &json!(value)));
    }
    let call = ledger.read(&format!("/api/calls/{id}"));
    let rows = call["data"]["metadata"].as_array().unwrap();
    assert_eq!(rows.len(), pairs.len());
    for ((row, (key, value)), number) in rows.iter().zip(pairs).zip(1..) {
        assert_eq!(
            *row,
            json!({"metadata_id": number, "ticket_id": id, "key": key, "value": value})
        );
    }
}

/// S0.36, S0.26, S0.49.
#[test]
fn an_update_changes_what_it_names_and_nothing_else() {
    let ledger = Ledger::open();
    let id = ledger.call(json!({}));
    let before = ledger.update(&id, json!({"customer_name": "Tan Mei Ling"}));
    assert_eq!(before["customer_name"], "Tan Mei Ling");
    assert_eq!(before["status"], "open");

    let changes = json!({
        "status": "resolved",
        "summary": "Customer inquiry about Saving Pockets interest rate",
        "category": "interest_rates",
        "priority": "urgent",
        "resolution_notes": "Provided current interest rate information",
    });
    let after = ledger.update(&id, changes.clone());
    for (field, value) in changes.as_object().unwrap() {
        assert_eq!(after[field], *value, "{field}");
    }
    assert_ne!(after["resolved_at"], Value::Null);
    for field in ["ticket_id", "session_id", "customer_name", "created_at"] {
        assert_eq!(after[field], before[field], "{field}");
    }
    assert_eq!(ledger.read(&format!("/api/calls/{id}"))["data"]["ticket"], after);
}

/// S0.50, S0.60: corrected by hand, a category outlives every later automatic run.
#[test]
fn a_category_set_by_hand_is_not_overwritten_when_the_call_ends() {
    let ledger = Ledger::open();
    let corrected = ledger.call(json!({}));
    ledger.turn(&corrected, "user", "I have lost my card.");
    ledger.update(&corrected, json!({"category": "fraud_suspicion"}));
    assert_eq!(ledger.close(&corrected)["category"], "fraud_suspicion");

    let given = ledger.call(json!({"category": "promotions"}));
    ledger.turn(&given, "user", "I have lost my card.");
    assert_eq!(ledger.close(&given)["category"], "promotions");

    let untouched = ledger.call(json!({}));
    ledger.turn(&untouched, "user", "I have lost my card.");
    assert_eq!(ledger.close(&untouched)["category"], "card_inquiry");
}

/// S0.37: `auto_categorize` may be switched off.
#[test]
fn a_call_may_be_closed_without_a_category() {
    let ledger = Ledger::open();
    let id = ledger.call(json!({}));
    ledger.turn(&id, "user", "I have lost my card.");
    let body = json!({"auto_categorize": false});
    let closed = ledger.write("POST", &format!("/api/calls/{id}/close"), &body, 200);
    assert_eq!((&closed["status"], &closed["category"]), (&json!("closed"), &Value::Null));
}

/// C3: closed may only become open again; the answer says so.
#[test]
fn an_illegal_change_of_status_is_a_conflict_that_names_the_legal_ones() {
    let ledger = Ledger::open();
    let id = ledger.example();
    let answer = ledger.send("PUT", &format!("/api/calls/{id}"), &json!({"status": "in_progress"}));
    assert_eq!(answer.status, 409, "{}", answer.text());
    let problem = answer.json();
    assert!(problem["detail"].as_str().unwrap().contains("open"), "{problem}");
    assert_eq!(ledger.update(&id, json!({"status": "open"}))["status"], "open");
}

#[test]
fn what_is_wrong_is_refused_by_name_and_changes_nothing() {
    let ledger = Ledger::open();
    let id = ledger.call(json!({}));
    let before = ledger.read(&format!("/api/calls/{id}"));
    let (call, interactions) =
        (format!("/api/calls/{id}"), format!("/api/calls/{id}/interactions"));
    let metadata = format!("/api/calls/{id}/metadata");
    for (method, path, body, field) in [
        ("POST", "/api/calls", json!({}), "session_id"),
        ("POST", "/api/calls", json!({"session_id": ""}), "session_id"),
        ("POST", "/api/calls", json!({"session_id": 7}), "session_id"),
        ("POST", "/api/calls", json!({"session_id": "x".repeat(129)}), "session_id"),
        ("POST", "/api/calls", json!({"session_id": "s", "priority": "asap"}), "priority"),
        ("PUT", &call, json!({"status": "done"}), "status"),
        ("PUT", &call, json!({"priority": "asap"}), "priority"),
        ("PUT", &call, json!({"summary": 5}), "summary"),
        ("PUT", &call, json!({"category": ""}), "category"),
        ("PUT", &call, json!({"customer_name": "x".repeat(100_000)}), "customer_name"),
        ("POST", &interactions, json!({"message": "Hello"}), "speaker"),
        ("POST", &interactions, json!({"speaker": "nobody", "message": "Hello"}), "speaker"),
        ("POST", &interactions, json!({"speaker": "user"}), "message"),
        (
            "POST",
            &interactions,
            json!({"speaker": "user", "message": "Hello", "timestamp": "yesterday"}),
            "timestamp",
        ),
        (
            "POST",
            &interactions,
            json!({"speaker": "user", "message": "Hello", "timestamp": "-000001-12-31T23:59:59Z"}),
            "timestamp",
        ),
        ("POST", &metadata, json!({"value": "x"}), "key"),
        ("POST", &metadata, json!({"key": "", "value": "x"}), "key"),
        ("POST", &metadata, json!({"key": "k", "value": "x".repeat(1 << 20)}), "value"),
    ] {
        let answer = ledger.send(method, path, &body);
        assert!(answer.status == 400, "{method} {path} {body:.60}: {}", answer.text());
        assert_names_field(&answer, 400, field);
    }
    assert_eq!(ledger.read(&format!("/api/calls/{id}")), before);
    assert_eq!(ledger.read("/api/calls/stats")["data"]["total_tickets"], 1);
}

/// S0.20, C2: the words of other faces are understood; this one shows its own.
#[test]
fn priorities_are_understood_in_every_dialect_and_shown_in_this_ones() {
    let ledger = Ledger::open();
    for (word, shown) in [
        ("medium", "normal"),
        ("normal", "normal"),
        ("critical", "urgent"),
        ("low", "low"),
        ("high", "high"),
        ("urgent", "urgent"),
    ] {
        let body = json!({"session_id": "s", "priority": word});
        assert_eq!(ledger.write("POST", "/api/calls", &body, 201)["priority"], shown, "{word}");
    }
}

/// `calls.max_open`: more are refused with 503, until one ends.
#[test]
fn more_calls_than_may_run_are_refused_until_one_ends() {
    let ledger = Ledger::with_config("[calls]\nmax_open = 2\n");
    let first = ledger.call(json!({}));
    ledger.call(json!({}));
    let refused = ledger.send("POST", "/api/calls", &json!({"session_id": "s-3"}));
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(refused.header("retry-after").is_some());
    assert!(refused.text().contains("calls.max_open"), "{}", refused.text());
    ledger.close(&first);
    ledger.call(json!({}));
}
