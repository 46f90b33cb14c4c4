//! The bridge delivers our own messages too: each is known again, before its answer and after it.

use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use super::fake::Does;
use super::{Centre, taken, turn};
use crate::bridge::{BUDI, message, phone};

#[test]
fn the_echo_after_the_answer_is_not_stored() {
    let centre = Centre::open("");
    let ticket = centre.customer(BUDI);
    let reply = centre.reply(ticket, "Selamat pagi");
    centre.until(ticket, reply, "sent");
    for _ in 0..2 {
        let told = centre.echo(BUDI, "WA0", "Selamat pagi");
        assert_eq!((&told["ticket"], &told["skip_bot"]), (&json!(ticket), &json!(true)));
    }
    let said = [turn("user", "Halo, ada orang?"), turn("agent", "Selamat pagi")];
    assert_eq!(centre.said(ticket), said);
    // The same words, typed on the phone: another message.
    centre.echo(BUDI, "TYPED", "Selamat pagi");
    assert_eq!(centre.said(ticket).len(), 3);
}

/// A bridge whose answer waits until the test lets it go.
fn held_back() -> (Centre, mpsc::Sender<Value>) {
    let (release, released) = mpsc::channel::<Value>();
    let released = Arc::new(Mutex::new(released));
    let config = "[whatsapp]\nretry_first = \"50ms\"\nretry_longest = \"100ms\"\n";
    let centre = Centre::with(
        move |_, _| match released.lock().expect("it").recv_timeout(Duration::from_secs(10)) {
            Ok(answer) => Does::Answers(200, answer),
            Err(_) => Does::Drops,
        },
        config,
    );
    (centre, release)
}

#[test]
fn the_echo_before_the_answer_is_not_stored_and_counts_as_the_answer() {
    let (centre, release) = held_back();
    let ticket = centre.customer(BUDI);
    let reply = centre.reply(ticket, "Selamat pagi");
    centre.fake.wait_for(1);
    centre.echo(BUDI, "3EB0EARLY", "Selamat pagi");
    centre.until(ticket, reply, "sent");
    release.send(json!({"key": {"id": "3EB0EARLY"}})).expect("the bridge waits");
    let next = centre.reply(ticket, "Ada yang lain?");
    centre.fake.wait_for(2);
    release.send(json!({"key": {"id": "3EB0NEXT"}})).expect("the bridge waits");
    centre.until(ticket, next, "sent");
    let said = [
        turn("user", "Halo, ada orang?"),
        turn("agent", "Selamat pagi"),
        turn("agent", "Ada yang lain?"),
    ];
    assert_eq!(centre.said(ticket), said);
    let page = centre.desk.read(&format!("/api/tickets/{ticket}/timeline"));
    assert_eq!(page["entries"][1]["provider_id"], "3EB0EARLY");
    assert_eq!(page["entries"][2]["provider_id"], "3EB0NEXT");
}

#[test]
fn what_came_back_is_not_sent_again_though_the_bridge_never_answered() {
    let centre = Centre::with(|_, _| Does::Hangs(Duration::from_secs(2)), "");
    let ticket = centre.customer(BUDI);
    let reply = centre.reply(ticket, "Selamat pagi");
    centre.fake.wait_for(1);
    centre.echo(BUDI, "3EB0HUNG", "Selamat pagi");
    centre.until(ticket, reply, "sent");
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(centre.fake.seen().len(), 1, "it has arrived: it is not sent again");
    assert_eq!(centre.said(ticket).len(), 2);
}

#[test]
fn a_bridge_that_names_no_id_is_known_by_its_words_once() {
    let centre = Centre::with(|_, _| Does::Answers(200, json!({"ok": true})), "");
    let ticket = centre.customer(BUDI);
    let reply = centre.reply(ticket, "Selamat pagi");
    centre.until(ticket, reply, "sent");
    centre.echo(BUDI, "3EB0A", " Selamat pagi\n");
    assert_eq!(centre.said(ticket).len(), 2);
    centre.echo(BUDI, "3EB0B", "Selamat pagi");
    assert_eq!(centre.said(ticket).len(), 3, "once more, typed on the phone");
}

#[test]
fn equal_words_are_as_many_messages_as_were_written() {
    let centre = Centre::open("");
    let ticket = centre.customer(BUDI);
    let (first, second) = (centre.reply(ticket, "ok"), centre.reply(ticket, "ok"));
    centre.until(ticket, first, "sent");
    centre.until(ticket, second, "sent");
    centre.echo(BUDI, "WA1", "ok");
    centre.echo(BUDI, "WA0", "ok");
    assert_eq!(centre.said(ticket).len(), 3);
    assert_eq!(centre.fake.seen().len(), 2);
}

#[test]
fn what_is_typed_on_the_phone_is_no_echo() {
    let centre =
        Centre::with(|seen, before| if before < 2 { Does::Drops } else { taken(seen, before) }, "");
    let ticket = centre.customer(BUDI);
    let reply = centre.reply(ticket, "dari meja");
    centre.echo(BUDI, "TYPED", "dari telepon");
    centre.until(ticket, reply, "sent");
    let mut said: Vec<String> = centre.said(ticket).into_iter().map(|(_, words)| words).collect();
    said.sort();
    assert_eq!(said, ["Halo, ada orang?", "dari meja", "dari telepon"]);
    centre.desk.ticket_of(&message(&phone(BUDI), "IN2", 90, "terima kasih"));
}
