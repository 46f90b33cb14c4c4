//! People who write over WhatsApp, and what became of what they wrote.

use std::collections::HashMap;

use super::steps::{Under, Writes};
use super::{Desk, relay};
use crate::domain::time::Micros;
use crate::engine::command::{Command, InboundMessage, Reply};

/// One message as a bridge delivered it, and what the bridge was told.
struct Delivered {
    person: usize,
    message: InboundMessage,
    reply: Reply,
    arrived: Micros,
}

#[derive(Default)]
pub struct Messages {
    delivered: Vec<Delivered>,
    /// Texts that must be in a timeline, once.
    pub kept: Vec<String>,
    /// Texts of our own that had no ticket when they came: one may be claimed later, once.
    pub unclaimed: Vec<String>,
    /// When each of them was sent, by the right time.
    pub sent: HashMap<String, Micros>,
}

pub fn addresses(person: usize, under: Under) -> Vec<String> {
    let phone = format!("62812000000{person}@s.whatsapp.net");
    let lid = format!("900000{person}@lid");
    match under {
        Under::Phone => vec![phone],
        Under::Lid => vec![lid],
        Under::Both => vec![phone, lid],
    }
}

fn phone(person: usize, under: Under) -> Option<String> {
    (under != Under::Lid).then(|| format!("62812000000{person}"))
}

impl Messages {
    pub fn join(&self, desk: &mut Desk, person: usize) {
        let [phone, lid] = <[String; 2]>::try_from(addresses(person, Under::Both)).unwrap();
        desk.own(Command::JoinAddresses { lid, phone }).unwrap();
    }

    pub fn arrives(&mut self, desk: &mut Desk, writes: Writes) {
        let Writes { person, instance, under, from_me, has_id, sent_before } = writes;
        let number = self.delivered.len();
        let message = InboundMessage {
            instance: format!("bridge {instance}"),
            id: has_id.then(|| format!("3EB0{number:04}")),
            addresses: addresses(person, under),
            phone: phone(person, under),
            from_me,
            name: (!from_me).then(|| format!("Person {person}")),
            sent_at: Some(desk.phones.plus(-sent_before)),
            text: format!("message {number}"),
            ..InboundMessage::default()
        };
        let command = Command::ReceiveMessage(Box::new(message.clone()));
        let (reply, wrote) = desk.ask(&relay(), command).unwrap();
        assert!(wrote, "a new message is remembered");
        let Reply::Message { ticket, .. } = reply else { panic!("{reply:?}") };
        assert!(from_me || ticket.is_some(), "S4.4: a customer's message has a ticket");
        if let Some(ticket) = ticket {
            let newest = desk.ticket(ticket);
            assert!(from_me || newest.status.is_open(), "it joins an open ticket");
            self.kept.push(message.text.clone());
        } else {
            self.unclaimed.push(message.text.clone());
        }
        self.sent.extend(message.sent_at.map(|at| (message.text.clone(), at)));
        self.delivered.push(Delivered { person, message, reply, arrived: desk.steady() });
    }

    /// The bridge delivers a message again, perhaps under other addresses of the same person.
    pub fn arrives_again(&mut self, desk: &mut Desk, which: usize, under: Option<Under>) {
        if self.delivered.is_empty() {
            return;
        }
        let which = which % self.delivered.len();
        let Delivered { person, message, reply, arrived } = &self.delivered[which];
        if !is_remembered(desk, *arrived) {
            return;
        }
        let mut message = message.clone();
        if let Some(under) = under {
            let others = addresses(*person, under);
            if !knows_as_one(desk, &message.addresses, &others) {
                return;
            }
            message.addresses = others;
            message.phone = phone(*person, under);
        }
        let command = Command::ReceiveMessage(Box::new(message));
        let again = desk.ask(&relay(), command).unwrap();
        if let Reply::Message { ticket: None, .. } = reply {
            // What had no ticket may have been claimed by a customer's message since.
            assert!(matches!(again, (Reply::Message { .. }, false)), "{again:?}");
            return;
        }
        assert_eq!(
            again,
            (reply.clone(), false),
            "it is answered as the first time and adds nothing"
        );
    }
}

/// Dedup keys live by the day; nothing of them is swept here before they are past their time for good.
pub fn is_remembered(desk: &Desk, arrived: Micros) -> bool {
    let days = i64::from(desk.rules.dedup_days);
    desk.steady().0 / Micros::DAY - arrived.0 / Micros::DAY <= days
}

/// The two sets of addresses overlap, or are known to be the same person's.
fn knows_as_one(desk: &Desk, a: &[String], b: &[String]) -> bool {
    a.iter().any(|address| b.contains(address))
        || desk.contact_of(a).is_some_and(|contact| desk.contact_of(b) == Some(contact))
}
