//! Everything that is there, read ticket by ticket over the API, and counted once more.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Value, json};

use crate::harness::Daemon;

#[derive(Debug)]
pub struct Ticket {
    pub ticket_id: String,
    pub status: String,
    pub channel: String,
    pub category: Option<String>,
    pub assignee: Option<String>,
    pub running: bool,
    spoken: Vec<String>,
    tools: Vec<String>,
}

pub struct Recount<'a> {
    daemon: &'a Daemon,
    token: &'a str,
    pub tickets: BTreeMap<u64, Ticket>,
    /// The newest event of the feed.
    pub newest: u64,
    says: HashMap<String, Vec<u64>>,
}

fn get(daemon: &Daemon, token: &str, path: &str) -> Value {
    let answer = daemon.request("GET", path, &[("Authorization", &format!("Bearer {token}"))], b"");
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.json()
}

fn word(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// Every row of a list in pages of a hundred.
fn rows(daemon: &Daemon, token: &str, path: &str, list: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    loop {
        let page = get(daemon, token, &format!("{path}?limit=100&offset={}", rows.len()));
        let page = page[list].as_array().expect("a list");
        if page.is_empty() {
            return rows;
        }
        rows.extend(page.iter().cloned());
    }
}

impl<'a> Recount<'a> {
    pub fn take(daemon: &'a Daemon, token: &'a str) -> Recount<'a> {
        let newest = get(daemon, token, "/api/feed?limit=1")["newest"].as_u64().expect("a number");
        let mut numbers: Vec<u64> = rows(daemon, token, "/api/tickets/all", "tickets")
            .iter()
            .map(|row| row["id"].as_u64().expect("a number"))
            .collect();
        numbers.sort_unstable();
        let dense: Vec<u64> = (1001..1001 + numbers.len() as u64).collect();
        assert_eq!(numbers, dense, "numbers are dense");
        let mut recount =
            Recount { daemon, token, tickets: BTreeMap::new(), newest, says: HashMap::new() };
        for number in numbers {
            let ticket = recount.read(number);
            for words in &ticket.spoken {
                recount.says.entry(words.clone()).or_default().push(number);
            }
            recount.tickets.insert(number, ticket);
        }
        recount
    }

    fn read(&self, number: u64) -> Ticket {
        let shown = get(self.daemon, self.token, &format!("/api/tickets/{number}"));
        let (mut spoken, mut tools) = (Vec::new(), Vec::new());
        let mut after = 0;
        loop {
            let path = format!("/api/tickets/{number}/timeline?limit=100&after={after}");
            let page = get(self.daemon, self.token, &path);
            for entry in page["entries"].as_array().expect("entries") {
                spoken.extend(word(&entry["body"]));
                let calls = entry["tool_calls"].as_array().into_iter().flatten();
                tools.extend(calls.filter_map(|call| word(&call["name"])));
            }
            match page["next"].as_u64() {
                Some(next) => after = next,
                None => break,
            }
        }
        Ticket {
            ticket_id: word(&shown["ticket_id"]).expect("a reference"),
            status: word(&shown["status"]).expect("a status"),
            channel: word(&shown["channel"]).expect("a channel"),
            category: word(&shown["category"]),
            assignee: word(&shown["assignee_name"]),
            running: shown["call_running"].as_bool().expect("call_running"),
            spoken,
            tools,
        }
    }

    pub fn entries(&self) -> usize {
        self.tickets.values().map(|ticket| ticket.spoken.len()).sum()
    }

    pub fn spoken(&self, ticket: u64) -> impl Iterator<Item = &str> {
        self.tickets[&ticket].spoken.iter().map(String::as_str)
    }

    /// The tickets in whose timelines a text stands, once for each time.
    pub fn tickets_that_say(&self, text: &str) -> &[u64] {
        self.says.get(text).map_or(&[], Vec::as_slice)
    }

    /// The values that were attached to a call, in order.
    pub fn metadata(&self, call: &str) -> Vec<String> {
        let shown = get(self.daemon, self.token, &format!("/api/calls/{call}"));
        let rows = shown["data"]["metadata"].as_array().expect("metadata").iter();
        rows.filter_map(|row| word(&row["value"])).collect()
    }

    pub fn counters_are_a_recount(&self, daemon: &Daemon, token: &str) {
        let tickets = || self.tickets.values();
        let calls = || tickets().filter(|ticket| ticket.channel == "call");
        let faced = |words: &[&str]| calls().filter(|t| words.contains(&t.status.as_str())).count();
        let mut stats = get(daemon, token, "/api/calls/stats")["data"].take();
        let mut by_category: BTreeMap<&str, u64> = BTreeMap::new();
        for category in calls().filter_map(|ticket| ticket.category.as_deref()) {
            *by_category.entry(category).or_default() += 1;
        }
        stats["avg_resolution_hours"].take();
        let expected = json!({
            "total_tickets": calls().count(),
            "by_status": {
                "open": faced(&["new", "open"]),
                "in_progress": faced(&["in_progress", "pending", "waiting_internal"]),
                "resolved": faced(&["resolved"]),
                "closed": faced(&["closed"]),
            },
            "by_category": by_category,
            "avg_resolution_hours": null,
        });
        assert_eq!(stats, expected, "S0.21");
        self.gauges_are_a_recount(daemon, token);
        let queue = rows(daemon, token, "/api/tickets/queue", "tickets");
        let queue: BTreeSet<u64> = queue.iter().filter_map(|row| row["id"].as_u64()).collect();
        let waits = |t: &Ticket| {
            let over = matches!(t.status.as_str(), "resolved" | "closed");
            !over && !t.running && t.assignee.is_none()
        };
        let waiting = self.tickets.iter().filter(|(_, t)| waits(t)).map(|(n, _)| *n).collect();
        assert_eq!(queue, waiting, "S4.11");
        let mut tools: BTreeMap<String, u64> = BTreeMap::new();
        for name in tickets().flat_map(|ticket| &ticket.tools) {
            *tools.entry(name.clone()).or_default() += 1;
        }
        let report = get(daemon, token, "/api/calls/reports/tool-calls")["data"].take();
        let report = report.as_array().expect("a list").iter();
        let counted: BTreeMap<String, u64> = report
            .filter_map(|row| Some((word(&row["tool_name"])?, row["count"].as_u64()?)))
            .collect();
        assert_eq!(counted, tools, "S0.48");
    }

    fn gauges_are_a_recount(&self, daemon: &Daemon, token: &str) {
        let bearer = format!("Bearer {token}");
        let figures = daemon.request("GET", "/metrics", &[("Authorization", &bearer)], b"").text();
        let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
        for ticket in self.tickets.values() {
            // The helpdesk face says `pending` for what waits for the customer.
            let status =
                if ticket.status == "pending" { "pending_customer" } else { &ticket.status };
            *counted.entry(status).or_default() += 1;
        }
        for (status, count) in counted {
            let line = format!("frontdesk_tickets{{status=\"{status}\"}} {count}\n");
            assert!(figures.contains(&line), "{line} in\n{figures}");
        }
    }
}
