//! A relay that speaks plain HTTP: opens calls, logs turns, attaches metadata, closes; each with an
//! `Idempotency-Key`, and now and then a request of long ago comes again.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use frontdesk::store::sim::Random;
use serde_json::{Value, json};

use crate::recount::Recount;
use crate::{Machine, ask};

struct Request {
    path: String,
    key: String,
    body: Value,
}

pub struct Ledger {
    token: String,
    random: Random,
    asked: u64,
    /// The call that is being written.
    call: Option<String>,
    turns: u64,
    pending: Option<Request>,
    /// With status and body of the answer.
    answered: Vec<(Request, u16, String)>,
}

impl Ledger {
    pub fn new(token: &str, seed: u64) -> Ledger {
        Ledger {
            token: token.to_owned(),
            random: Random::new(seed),
            asked: 0,
            call: None,
            turns: 0,
            pending: None,
            answered: Vec::new(),
        }
    }

    fn plan(&mut self) {
        self.asked += 1;
        let n = self.asked;
        let (path, body) = match &self.call {
            None => ("/api/calls".to_owned(), json!({"session_id": format!("ledger-{n}")})),
            Some(call) if self.turns == 6 => (format!("/api/calls/{call}/close"), json!({})),
            Some(call) => match self.random.below(4) {
                0 => (
                    format!("/api/calls/{call}/metadata"),
                    json!({"key": "order", "value": format!("ledger {n}")}),
                ),
                1 => {
                    let calls = json!([{"name": format!("tool_{}", n % 3), "arguments": "{}"}]);
                    let message = format!("ledger calls {n}");
                    (
                        format!("/api/calls/{call}/interactions"),
                        json!({"speaker": "agent", "message": message, "tool_calls": calls}),
                    )
                }
                _ => (
                    format!("/api/calls/{call}/interactions"),
                    json!({"speaker": "user", "message": format!("ledger says {n}")}),
                ),
            },
        };
        self.pending = Some(Request { path, key: format!("ledger-{n}"), body });
    }

    fn ask(&self, address: &str, request: &Request) -> io::Result<(u16, String)> {
        let what = ("POST", request.path.as_str());
        let answer = ask(address, &self.token, what, Some(&request.key), &request.body)?;
        assert!(matches!(answer.status, 200 | 201), "{}: {}", request.path, answer.text());
        Ok((answer.status, answer.text()))
    }

    fn ask_pending(&mut self, address: &str) -> io::Result<()> {
        let Some(request) = &self.pending else { return Ok(()) };
        let (status, text) = self.ask(address, request)?;
        if request.path == "/api/calls" {
            let answer: Value = serde_json::from_str(&text).expect("JSON");
            self.call = answer["data"]["ticket_id"].as_str().map(str::to_owned);
            self.turns = 0;
        } else if request.path.ends_with("/close") {
            self.call = None;
        } else {
            self.turns += 1;
        }
        self.answered.extend(self.pending.take().map(|request| (request, status, text)));
        Ok(())
    }

    fn ask_again(&self, address: &str, which: usize) -> io::Result<()> {
        let (request, status, text) = &self.answered[which];
        let again = self.ask(address, request)?;
        assert_eq!(
            again,
            (*status, text.clone()),
            "{} is answered as the first time",
            request.path
        );
        Ok(())
    }
}

impl Machine for Ledger {
    fn work(&mut self, address: &str, stop: &AtomicBool) -> io::Result<()> {
        while !stop.load(Ordering::Relaxed) {
            self.ask_pending(address)?;
            self.plan();
            self.ask_pending(address)?;
            if self.random.chance(20) {
                let which = self.random.below(self.answered.len() as u64) as usize;
                self.ask_again(address, which)?;
            }
        }
        Ok(())
    }

    fn finish(&mut self, address: &str) -> io::Result<()> {
        self.ask_pending(address)?;
        while self.call.is_some() {
            self.turns = 6;
            self.plan();
            self.ask_pending(address)?;
        }
        (0..self.answered.len()).try_for_each(|which| self.ask_again(address, which))
    }

    fn check(&self, there: &Recount<'_>) -> u64 {
        let mut metadata: HashMap<&str, Vec<&str>> = HashMap::new();
        for (request, _, _) in &self.answered {
            let call = request.path.split('/').nth(3).unwrap_or_default();
            if let Some(message) = request.body["message"].as_str() {
                let told = there.tickets_that_say(message);
                assert!(
                    told.len() == 1 && there.tickets[&told[0]].ticket_id == call,
                    "{message}: {told:?}"
                );
            } else if let Some(value) = request.body["value"].as_str() {
                metadata.entry(call).or_default().push(value);
            } else if request.path.ends_with("/close") {
                let ticket =
                    there.tickets.values().find(|t| t.ticket_id == call).expect("the call");
                assert!(ticket.status == "closed" && !ticket.running, "{ticket:?}");
            }
        }
        let waiting = self.pending.as_ref().and_then(|request| request.body["value"].as_str());
        for (call, mut expected) in metadata {
            let shown = there.metadata(call);
            let last = shown.last().map(String::as_str);
            expected.extend(waiting.filter(|value| last == Some(*value)));
            assert_eq!(shown, expected, "S0.35: {call}");
        }
        self.answered.len() as u64
    }
}
