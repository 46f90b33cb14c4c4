//! The list of calls: pages, filters, limits.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Ledger, assert_names_field};

fn ids(answer: &Value) -> Vec<String> {
    let rows = answer["data"].as_array().expect("data").iter();
    let ids: Vec<_> =
        rows.map(|row| row["ticket_id"].as_str().expect("ticket_id").to_owned()).collect();
    assert_eq!(answer["count"], ids.len(), "count tells how many are in data");
    ids
}

/// S0.23, C6.
#[test]
fn pages_show_every_call_once_and_hold_50_by_default() {
    let ledger = Ledger::open();
    let calls: BTreeSet<_> = (0..57).map(|_| ledger.call(json!({}))).collect();
    assert_eq!(ids(&ledger.read("/api/calls")).len(), 50);
    assert_eq!(ids(&ledger.read("/api/calls?limit=100")).len(), 57);

    let pages: Vec<_> = (0..6)
        .flat_map(|page| ids(&ledger.read(&format!("/api/calls?limit=10&offset={}", page * 10))))
        .collect();
    assert_eq!(pages.len(), 57);
    assert_eq!(pages.iter().cloned().collect::<BTreeSet<_>>(), calls);
    assert_eq!(pages, ids(&ledger.read("/api/calls?limit=100")));
    assert_eq!(ids(&ledger.read("/api/calls?offset=57")), Vec::<String>::new());
}

/// C6: over the maximum is an error that says so, never a silent cut.
#[test]
fn a_limit_over_the_maximum_is_refused() {
    let ledger = Ledger::open();
    let answer = ledger.get("/api/calls?limit=101");
    assert_names_field(&answer, 400, "limit");
    assert!(answer.text().contains("at most 100"), "{}", answer.text());
    for limit in ["0", "-1", "ten", "1.5", "99999999999999999999", ""] {
        assert_names_field(&ledger.get(&format!("/api/calls?limit={limit}")), 400, "limit");
    }
    for offset in ["-1", "ten", "99999999999999999999"] {
        assert_names_field(&ledger.get(&format!("/api/calls?offset={offset}")), 400, "offset");
    }
}

/// S0.19, S0.23.
#[test]
fn the_list_is_filtered_by_the_seeds_four_statuses() {
    let ledger = Ledger::open();
    let open = ledger.call(json!({}));
    let handled = ledger.call(json!({}));
    ledger.update(&handled, json!({"status": "in_progress"}));
    let resolved = ledger.call(json!({}));
    ledger.update(&resolved, json!({"status": "resolved"}));
    let closed = ledger.example();
    for (status, id) in
        [("open", open), ("in_progress", handled), ("resolved", resolved), ("closed", closed)]
    {
        let answer = ledger.read(&format!("/api/calls?status={status}"));
        assert_eq!(ids(&answer), [id], "{status}");
        assert_eq!(answer["data"][0]["status"], status);
    }
    assert_eq!(ids(&ledger.read("/api/calls")).len(), 4);
    assert_names_field(&ledger.get("/api/calls?status=pending"), 400, "status");
}

#[test]
fn the_ledger_shows_calls_only() {
    let ledger = Ledger::open();
    let message = json!({"from": "628123456789@c.us", "text": "My card is lost", "pushname": "Budi", "timestamp": 1_764_291_600});
    let answer = ledger.send("POST", "/webhook/baileys", &message);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let number = answer.json()["messages"][0]["ticket"].as_u64().expect("a ticket");

    assert_eq!(ledger.get(&format!("/api/tickets/{number}")).status, 200);
    assert_eq!(ledger.get(&format!("/api/calls/{number}")).status, 404);
    assert_eq!(ledger.get(&format!("/api/calls/{number}/export")).status, 404);
    let turn = json!({"speaker": "user", "message": "Hello"});
    assert_eq!(
        ledger.send("POST", &format!("/api/calls/{number}/interactions"), &turn).status,
        404
    );
    assert_eq!(ledger.send("POST", &format!("/api/calls/{number}/close"), &json!({})).status, 404);
    assert_eq!(ids(&ledger.read("/api/calls")), Vec::<String>::new());
    assert_eq!(ledger.read("/api/calls/stats")["data"]["total_tickets"], 0);
}
