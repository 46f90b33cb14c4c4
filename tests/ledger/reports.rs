//! Figures over the calls (S0.21, S0.45 to S0.48).

use serde_json::{Value, json};

use super::Ledger;

/// S0.21, S0.22, S0.40.
#[test]
fn the_figures_count_calls_by_status_and_category() {
    let ledger = Ledger::open();
    let empty = ledger.read("/api/calls/stats")["data"].take();
    let none = json!({"open": 0, "in_progress": 0, "resolved": 0, "closed": 0});
    assert_eq!(
        (&empty["total_tickets"], &empty["by_status"], &empty["by_category"]),
        (&json!(0), &none, &json!({}))
    );
    assert!(empty["avg_resolution_hours"].is_number(), "{empty}");

    ledger.example();
    ledger.example();
    ledger.call(json!({"category": "loan_inquiry"}));
    ledger.call(json!({}));
    let resolved = ledger.call(json!({"category": "promotions"}));
    ledger.update(&resolved, json!({"status": "resolved"}));
    let stats = ledger.read("/api/calls/stats")["data"].take();
    assert_eq!(stats["total_tickets"], 5);
    assert_eq!(
        stats["by_status"],
        json!({"open": 2, "in_progress": 0, "resolved": 1, "closed": 2})
    );
    assert_eq!(
        stats["by_category"],
        json!({"interest_rates": 2, "loan_inquiry": 1, "promotions": 1})
    );
    let hours = stats["avg_resolution_hours"].as_f64().expect("a number");
    assert!((0.0..0.1).contains(&hours), "{hours} hours to resolve what took seconds");
}

/// S0.45: the ten most frequent, most frequent first.
#[test]
fn the_report_of_categories_names_the_top_ten() {
    let ledger = Ledger::open();
    for n in 1..=11 {
        for _ in 0..n {
            ledger.call(json!({"category": format!("topic_{n:02}")}));
        }
    }
    ledger.call(json!({}));
    let report = ledger.read("/api/calls/reports/categories");
    assert_eq!(report["status"], "success");
    let top: Value =
        (2..=11).rev().map(|n| json!({"category": format!("topic_{n:02}"), "count": n})).collect();
    assert_eq!(report["data"], top);
}

/// S0.46: resolved calls only, longest first.
#[test]
fn the_report_of_resolution_times_is_by_category() {
    let ledger = Ledger::open();
    let slow = ledger.call(json!({"category": "slow"}));
    std::thread::sleep(std::time::Duration::from_millis(300));
    let quick = ledger.call(json!({"category": "quick"}));
    ledger.call(json!({"category": "unresolved"}));
    ledger.close(&quick);
    ledger.close(&slow);
    let report = ledger.read("/api/calls/reports/resolution-time")["data"].take();
    let rows = report.as_array().expect("rows");
    let categories: Vec<_> =
        rows.iter().map(|row| row["category"].as_str().unwrap_or("none")).collect();
    assert_eq!(categories, ["slow", "quick"]);
    let hours: Vec<_> =
        rows.iter().map(|row| row["avg_hours"].as_f64().expect("avg_hours")).collect();
    assert!(hours[0] > hours[1] && hours[1] >= 0.0 && hours[0] < 0.1, "{hours:?}");
}

/// S0.47: buckets `YYYY-MM-DD HH:00`, ascending.
#[test]
fn the_report_by_the_hour_counts_the_calls_of_today() {
    let ledger = Ledger::open();
    let ids: Vec<_> = (0..3).map(|_| ledger.call(json!({}))).collect();
    let report = ledger.read("/api/calls/reports/hourly")["data"].take();
    let rows = report.as_array().expect("rows");
    let total: u64 = rows.iter().map(|row| row["count"].as_u64().expect("count")).sum();
    assert_eq!(total, 3);
    let call = ledger.read(&format!("/api/calls/{}", ids[0]));
    let created = call["data"]["ticket"]["created_at"].as_str().unwrap();
    let hour = format!("{} {}:00", &created[..10], &created[11..13]);
    assert_eq!(rows[0]["hour"], hour);
    assert!(
        rows.windows(2).all(|pair| pair[0]["hour"].as_str() < pair[1]["hour"].as_str()),
        "{report}"
    );
}

/// S0.48, over every tool of an interaction.
#[test]
fn the_report_of_tool_calls_counts_each_tool() {
    let ledger = Ledger::open();
    let id = ledger.call(json!({}));
    for tools in [&["search"][..], &["search", "find_branch"], &["search"]] {
        let calls: Value =
            tools.iter().map(|name| json!({"name": name, "arguments": "{}"})).collect();
        let body = json!({"speaker": "agent", "message": format!("[Tool Call: {}]", tools[0]), "tool_calls": calls});
        ledger.write("POST", &format!("/api/calls/{id}/interactions"), &body, 201);
    }
    ledger.turn(&id, "user", "search");
    let report = ledger.read("/api/calls/reports/tool-calls")["data"].take();
    assert_eq!(
        report,
        json!([{"tool_name": "search", "count": 3}, {"tool_name": "find_branch", "count": 1}])
    );
}
