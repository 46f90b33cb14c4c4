//! A back office that reads the change feed from its own place, over every crash.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::recount::Recount;
use crate::{Machine, ask};

pub struct Reader {
    token: String,
    /// What was read, by number from 1: kind, ticket and entry.
    read: Vec<(String, Option<u64>, Option<u64>)>,
}

impl Reader {
    pub fn new(token: &str) -> Reader {
        Reader { token: token.to_owned(), read: Vec::new() }
    }

    /// Reads on behind `after`; what was read before must be the same.
    fn page(&mut self, address: &str, after: usize, wait: u32) -> io::Result<usize> {
        let path = format!("/api/feed?after={after}&limit=100&wait={wait}");
        let page = ask(address, &self.token, ("GET", &path), None, &Value::Null)?.json();
        let events = page["events"].as_array().unwrap_or_else(|| panic!("{page}"));
        for (event, seq) in events.iter().zip(after + 1..) {
            assert_eq!(event["seq"], seq, "the feed is gapless and in order");
            let kind = event["event"].as_str().expect("a kind").to_owned();
            let seen = (kind, event["ticket"]["number"].as_u64(), event["entry"]["id"].as_u64());
            match self.read.get(seq - 1) {
                Some(before) => assert_eq!(*before, seen, "event {seq} was another one before"),
                None => self.read.push(seen),
            }
        }
        Ok(events.len())
    }

    fn read_to_the_end(&mut self, address: &str, mut after: usize) -> io::Result<()> {
        loop {
            match self.page(address, after, 0)? {
                0 => return Ok(()),
                read => after += read,
            }
        }
    }
}

impl Machine for Reader {
    fn work(&mut self, address: &str, stop: &AtomicBool) -> io::Result<()> {
        // What was published before the crash is the same after it.
        let after = self.read.len().saturating_sub(100);
        self.page(address, after, 0)?;
        while !stop.load(Ordering::Relaxed) {
            self.page(address, self.read.len(), 1)?;
        }
        Ok(())
    }

    fn finish(&mut self, address: &str) -> io::Result<()> {
        self.read_to_the_end(address, 0)
    }

    fn check(&self, there: &Recount<'_>) -> u64 {
        let count = |kind| self.read.iter().filter(|(k, ..)| k == kind).count();
        if self.read.len() as u64 == there.newest {
            assert_eq!(count("ticket.message.added"), there.entries(), "an event an entry");
            assert_eq!(count("ticket.created"), there.tickets.len(), "an event a ticket");
        }
        self.read.len() as u64
    }
}
