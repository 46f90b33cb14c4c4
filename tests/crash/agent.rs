//! An agent: looks at the queue, claims, now and then resolves; asks again with the same key until it is told.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use frontdesk::store::sim::Random;
use serde_json::Value;

use crate::recount::Recount;
use crate::{Machine, ask};

pub struct Agent {
    name: String,
    token: String,
    random: Random,
    asked: u64,
    /// Path and key of a request that was not answered yet, and the ticket that it claims.
    pending: Option<(String, String, Option<u64>)>,
    claimed: Vec<u64>,
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
            acknowledged: 0,
        }
    }

    fn ask_pending(&mut self, address: &str) -> io::Result<()> {
        let Some((path, key, claims)) = &self.pending else { return Ok(()) };
        let answer = ask(address, &self.token, ("POST", path), Some(key), &Value::Null)?;
        match answer.status {
            200 => {
                self.claimed.extend(claims);
                self.acknowledged += 1;
            }
            // A colleague was faster, or it is resolved already.
            409 => {}
            _ => panic!("{path}: {}", answer.text()),
        }
        self.pending = None;
        Ok(())
    }

    fn plan(&mut self, action: &str, ticket: u64, claims: bool) {
        self.asked += 1;
        let key = format!("{}-{}", self.name.replace(' ', "-"), self.asked);
        let path = format!("/api/tickets/{ticket}/{action}");
        self.pending = Some((path, key, claims.then_some(ticket)));
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
                self.plan("resolve", self.claimed[which], false);
            } else if !queue.is_empty() {
                let which = self.random.below(queue.len() as u64) as usize;
                self.plan("claim", queue[which]["id"].as_u64().expect("a number"), true);
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
        if let Some((_, _, Some(claims))) = &self.pending {
            shown.retain(|number| number != claims || mine.contains(claims));
        }
        assert_eq!(shown, mine, "S4.13: what {} was told to have claimed", self.name);
        self.acknowledged
    }
}
