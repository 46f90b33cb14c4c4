//! `kill -9` in between: nothing that was promised to a receiver is lost, and what comes twice bears one id.

use std::collections::HashSet;
use std::thread;
use std::time::Duration;

use crate::desk::{Desk, word};
use crate::receiver::{Answer, Receiver};
use crate::webhooks::{LOCAL, subscribed};

#[test]
fn a_power_cut_loses_no_delivery_and_keeps_their_order() {
    let mut desk = Desk::open(LOCAL);
    let receiver = Receiver::start();
    receiver.answers(&[], Answer::Status(500));
    subscribed(&desk, &receiver, &["ticket.created"]);
    let mut made = Vec::new();
    for round in 0..6 {
        for n in 0..8 {
            let subject = format!("ticket {round}.{n}");
            desk.ticket(&subject);
            made.push(subject);
        }
        if round == 2 {
            // A receiver that fails now and then, and dies with the box.
            let unsteady = [Answer::Break, Answer::Status(200), Answer::Status(503)];
            let unsteady: Vec<Answer> = unsteady.into_iter().cycle().take(90).collect();
            receiver.answers(&unsteady, Answer::Status(200));
        }
        thread::sleep(Duration::from_millis(20 * round));
        desk.daemon.kill9();
        desk.daemon.restart();
    }
    receiver.answers(&[], Answer::Status(200));
    let last = made.last().cloned().expect("a ticket");
    let mut count = 1;
    let got = loop {
        let got = receiver.waits_for(count);
        if got.iter().any(|one| word(&one.json()["data"]["subject"]) == last) {
            break got;
        }
        count = got.len() + 1;
    };
    let mut ids = HashSet::new();
    let mut first_seen = Vec::new();
    for one in &got {
        if ids.insert(one.header("webhook-id").to_owned()) {
            first_seen.push(word(&one.json()["data"]["subject"]));
        }
    }
    assert_eq!(first_seen, made, "each came, in the order in which it happened");
}
