//! What analytics tell of tickets that are older than analytics: as much as their rows, as the API shows them, say.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::desk::Desk;
use crate::fixtures::{fixtures, opened};

fn time(value: &Value) -> Option<Timestamp> {
    Some(value.as_str()?.parse().expect("a time"))
}

fn tickets(desk: &Desk) -> Vec<Value> {
    let told = desk.read("/api/tickets?limit=100");
    let tickets = told["tickets"].as_array().expect("tickets").clone();
    assert_eq!(told["pagination"]["total"], tickets.len(), "one page has them all");
    tickets
}

/// Seconds as analytics tell them: to a thousandth.
fn mean(lengths: &[f64]) -> Value {
    let mean = lengths.iter().sum::<f64>() / lengths.len() as f64;
    if lengths.is_empty() { Value::Null } else { json!((mean * 1e3).round() / 1e3) }
}

fn took(tickets: &[Value], begin: &str, end: &str) -> Vec<f64> {
    let took =
        |t: &Value| Some(time(&t[end])?.duration_since(time(&t[begin])?).as_micros() as f64 / 1e6);
    tickets.iter().filter_map(took).collect()
}

/// S3.48; escalations, ratings and promises are counted from the version on that tells them.
#[test]
fn tickets_of_an_earlier_store_are_in_the_figures() {
    for name in fixtures() {
        let (mut desk, _) = opened(&name);
        for when in ["upgraded", "started again"] {
            let tickets = tickets(&desk);
            assert!(tickets.len() > 10, "{name}: {tickets:?}");
            let figures = |of: &str| {
                let path = format!("/api/tickets/analytics/{of}?from=2026-01-01&to=2031-12-31");
                desk.read(&path)["current"].clone()
            };
            let told = figures("overview");
            let resolved = took(&tickets, "created_at", "resolved_at");
            let open = tickets.iter().filter(|t| t["resolved_at"].is_null()).count();
            let of = |name: &str| told[name].as_u64().expect("a count") as usize;
            let seen = [of("created"), of("resolved"), of("backlog")];
            assert_eq!(seen, [tickets.len(), resolved.len(), open], "{name}, {when}");
            assert_eq!(told["resolution_time"]["mean_seconds"], mean(&resolved), "{name}");
            // What is said in a call is the voice assistant's.
            let chats: Vec<Value> =
                tickets.iter().filter(|t| t["channel"] != "call").cloned().collect();
            let answered = took(&chats, "created_at", "first_response_at");
            assert_eq!(told["first_response_time"]["count"], answered.len(), "{name}");
            assert_eq!(told["first_response_time"]["mean_seconds"], mean(&answered), "{name}");

            let told = figures("distribution");
            for by in ["status", "priority", "channel", "category"] {
                let mut counted: BTreeMap<String, u64> = BTreeMap::new();
                for ticket in &tickets {
                    *counted.entry(ticket[by].to_string()).or_default() += 1;
                }
                let shares = told[by].as_array().expect("shares").iter();
                let shares = shares.map(|s| (s["key"].to_string(), s["count"].as_u64().unwrap()));
                assert_eq!(shares.collect::<BTreeMap<_, _>>(), counted, "{name}, {when}: {by}");
            }
            let agents = figures("agents");
            for row in agents["agents"].as_array().expect("agents") {
                let had = tickets.iter().filter(|t| t["assignee_id"] == row["agent_id"]).count();
                assert_eq!(row["assigned"], had, "{name}, {when}: {}", row["name"]);
            }
            desk.daemon.restart();
        }
    }
}
