//! A WhatsApp bridge: posts deliveries of a few messages, and posts one again until it is answered.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use frontdesk::store::sim::Random;
use serde_json::{Value, json};

use crate::recount::Recount;
use crate::{Machine, ask};

pub struct Bridge {
    name: String,
    token: String,
    random: Random,
    sent: u64,
    /// Not answered yet.
    pending: Option<Value>,
    answered: Vec<(Value, Value)>,
}

impl Bridge {
    pub fn new(n: usize, token: &str, seed: u64) -> Bridge {
        let (name, token) = (format!("bridge-{n}"), token.to_owned());
        let (pending, answered) = (None, Vec::new());
        Bridge { name, token, random: Random::new(seed), sent: 0, pending, answered }
    }

    fn delivery(&mut self) -> Value {
        let messages: Vec<Value> = (0..1 + self.random.below(3))
            .map(|_| {
                self.sent += 1;
                let person = self.random.below(3 + self.sent / 12);
                let id = format!("{}-{}", self.name, self.sent);
                json!({
                    "key": {"remoteJid": format!("62812{person:07}@s.whatsapp.net"), "fromMe": false, "id": id},
                    "messageTimestamp": 1_769_596_200 + self.sent,
                    "pushName": format!("Person {person}"),
                    "message": {"conversation": format!("{id} says hello")},
                })
            })
            .collect();
        json!({"session": self.name, "type": "notify", "messages": messages})
    }

    fn post(&self, address: &str, delivery: &Value) -> io::Result<Value> {
        let answer = ask(address, &self.token, ("POST", "/webhook/baileys"), None, delivery)?;
        assert_eq!(answer.status, 200, "{}", answer.text());
        Ok(answer.json()["messages"].take())
    }

    fn post_pending(&mut self, address: &str) -> io::Result<()> {
        let Some(delivery) = &self.pending else { return Ok(()) };
        let answer = self.post(address, delivery)?;
        self.answered.extend(self.pending.take().map(|delivery| (delivery, answer)));
        Ok(())
    }
}

impl Machine for Bridge {
    fn work(&mut self, address: &str, stop: &AtomicBool) -> io::Result<()> {
        while !stop.load(Ordering::Relaxed) {
            self.post_pending(address)?;
            self.pending = Some(self.delivery());
            self.post_pending(address)?;
            if self.random.chance(15) {
                let which = self.random.below(self.answered.len() as u64) as usize;
                let (delivery, before) = &self.answered[which];
                let again = self.post(address, delivery)?;
                assert_eq!(again, *before, "a redelivery is answered as the first time");
            }
        }
        Ok(())
    }

    fn finish(&mut self, address: &str) -> io::Result<()> {
        self.post_pending(address)
    }

    fn check(&self, there: &Recount<'_>) -> u64 {
        let mut acknowledged = 0;
        for (delivery, answer) in &self.answered {
            let messages = delivery["messages"].as_array().expect("messages");
            for (at, message) in messages.iter().enumerate() {
                let told = answer[at]["ticket"].as_u64().unwrap_or_else(|| panic!("{answer}"));
                let text = message["message"]["conversation"].as_str().expect("a text");
                assert_eq!(there.tickets_that_say(text), [told], "{text}");
                acknowledged += 1;
            }
        }
        if let Some(delivery) = &self.pending {
            for message in delivery["messages"].as_array().expect("messages") {
                let text = message["message"]["conversation"].as_str().expect("a text");
                assert!(there.tickets_that_say(text).len() < 2, "{text}");
            }
        }
        acknowledged
    }
}
