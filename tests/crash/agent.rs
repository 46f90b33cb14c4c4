//! An agent: looks at the queue, claims, answers, notes, now and then resolves; asks again with the same key until it
//! is told.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use frontdesk::store::sim::Random;
use serde_json::{Value, json};

use crate::recount::Recount;
use crate::{Machine, ask};

struct Asked {
    path: String,
    key: String,
    body: Value,
    ticket: u64,
    claims: bool,
}

pub struct Agent {
    name: String,
    token: String,
    random: Random,
    asked: u64,
    /// Not answered yet.
    pending: Option<Asked>,
    claimed: Vec<u64>,
    /// Comments that were taken, and their tickets.
    written: Vec<(String, u64)>,
    acknowledged: u64,
}

impl Agent {
    pub fn new(name: &str, token: &str, seed: u64) -> Agent {
        Agent {
            name: name.to_owned(),
            token: token.to_owned(),
            random: Random::new(seed),
            asked: 0,
            pending: None,
            claimed: Vec::new(),
            written: Vec::new(),
            acknowledged: 0,
        }
    }

    fn ask_pending(&mut self, address: &str) -> io::Result<()> {
        let Some(asked) = &self.pending else { return Ok(()) };
        let at = ("POST", asked.path.as_str());
        let answer = ask(address, &self.token, at, Some(&asked.key), &asked.body)?;
        match answer.status {
            200 => {
                self.claimed.extend(asked.claims.then_some(asked.ticket));
                self.acknowledged += 1;
            }
            201 => {
                let words = asked.body["body"].as_str().expect("words").to_owned();
                self.written.push((words, asked.ticket));
                self.acknowledged += 1;
            }
            // A colleague was faster, it is resolved already, or its bridge has enough to do.
            409 | 503 => {}
            _ => panic!("{}: {}", asked.path, answer.text()),
        }
        self.pending = None;
        Ok(())
    }

    fn plan(&mut self, action: &str, ticket: u64, body: Value) {
        self.asked += 1;
        let key = format!("{}-{}", self.name.replace(' ', "-"), self.asked);
        let path = format!("/api/tickets/{ticket}/{action}");
        self.pending = Some(Asked { path, key, body, ticket, claims: action == "claim" });
    }
}

impl Machine for Agent {
    fn work(&mut self, address: &str, stop: &AtomicBool) -> io::Result<()> {
        while !stop.load(Ordering::Relaxed) {
            self.ask_pending(address)?;
            let path = "/api/tickets/queue?limit=10";
            let queue = ask(address, &self.token, ("GET", path), None, &Value::Null)?.json();
            let queue = queue["tickets"].as_array().expect("a list");
            if !self.claimed.is_empty() && self.random.chance(30) {
                let which = self.random.below(self.claimed.len() as u64) as usize;
                if self.random.chance(60) {
                    let words = format!("{} says {}", self.name, self.asked);
                    let body = json!({"body": words, "is_internal": self.random.chance(50)});
                    self.plan("comments", self.claimed[which], body);
                } else {
                    self.plan("resolve", self.claimed[which], Value::Null);
                }
            } else if !queue.is_empty() {
                let which = self.random.below(queue.len() as u64) as usize;
                let ticket = queue[which]["id"].as_u64().expect("a number");
                self.plan("claim", ticket, Value::Null);
            }
            self.ask_pending(address)?;
        }
        Ok(())
    }

    fn finish(&mut self, address: &str) -> io::Result<()> {
        self.ask_pending(address)
    }

    fn check(&self, there: &Recount<'_>) -> u64 {
        let mut mine = self.claimed.clone();
        mine.sort_unstable();
        let tickets = there.tickets.iter();
        let mut shown: Vec<u64> = tickets
            .filter(|(_, ticket)| ticket.assignee.as_ref() == Some(&self.name))
            .map(|(number, _)| *number)
            .collect();
        if let Some(asked) = self.pending.as_ref().filter(|asked| asked.claims) {
            shown.retain(|number| *number != asked.ticket || mine.contains(number));
        }
        for (words, ticket) in &self.written {
            assert_eq!(there.tickets_that_say(words), [*ticket], "{words}");
        }
        assert_eq!(shown, mine, "S4.13: what {} was told to have claimed", self.name);
        self.acknowledged
    }
}
