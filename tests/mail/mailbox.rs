//! A mailbox on a real IMAP server: taken once, whatever dies; a bad mail keeps none behind it; TLS on request.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::desk::{Desk, mail};
use crate::dovecot::Dovecot;
use crate::sink::{Does, Sink};

pub fn until(what: &str, mut good: impl FnMut() -> bool) {
    let began = Instant::now();
    while !good() {
        assert!(began.elapsed() < Duration::from_secs(40), "{what} did not come");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_round_trip_over_a_mailbox_and_back() {
    let Some(dovecot) = Dovecot::start(true) else { return };
    let sink = Sink::start(|_, _| Does::Takes);
    let mut desk = Desk::on(sink, &dovecot.config("starttls"));
    dovecot.deliver("1", &mail("o1@example.com", "", "Kulkas", "Rusak."));
    until("the ticket", || desk.total() == 1);
    let receipt = desk.sink.until(1).remove(0);
    desk.reply(1001, "Nomor seri?");
    let sent = desk.sink.until(2).remove(1);
    assert_eq!(sent.header("In-Reply-To"), receipt.header("Message-ID"));
    let thread = format!("In-Reply-To: {}\n", sent.header("Message-ID"));
    dovecot.deliver("2", &mail("o2@example.com", &thread, "Re: Kulkas", "12345"));
    // Delivered twice, as happens; and an answer that nobody wrote.
    dovecot.deliver("3", &mail("o2@example.com", &thread, "Re: Kulkas", "12345"));
    let absent = format!("{thread}Auto-Submitted: auto-replied\n");
    dovecot.deliver("4", &mail("o3@example.com", &absent, "Away", "Away."));
    let note = |desk: &Desk| desk.said(1001).iter().any(|said| said.2 == "Away.");
    until("the note", || note(&desk));
    assert_eq!(desk.heard(1001), ["Rusak.", "12345"]);
    assert_eq!((desk.total(), desk.sink.taken().len()), (1, 2));
    let shown = String::from_utf8_lossy(&desk.daemon.cli(&["status"]).stdout).into_owned();
    assert!(shown.contains("email: imap, connected; 4 taken"), "{shown}");
    desk.verify();
    // Nothing is read a second time.
    dovecot.deliver("5", &mail("o5@example.com", "", "Mesin cuci", "Bocor."));
    until("the second ticket", || desk.total() == 2);
    assert_eq!(desk.heard(1001).len(), 2);
}

#[test]
fn nothing_is_lost_or_doubled_though_the_daemon_is_killed_between_fetch_and_store() {
    let Some(dovecot) = Dovecot::start(false) else { return };
    let sink = Sink::start(|_, _| Does::Takes);
    let config = format!("receipts = false\n{}", dovecot.config("none"));
    let mut desk = Desk::on(sink, &config);
    let mut wanted = BTreeSet::new();
    for round in 0_u64..5 {
        for n in 0..12 {
            let text = format!("Mail {round}.{n}");
            // A file makes taking one take a while.
            dovecot.deliver(
                &format!("{round}-{n}"),
                &mail(&format!("p{round}.{n}@example.com"), "", &text, &text),
            );
            wanted.insert(text);
        }
        thread::sleep(Duration::from_millis(40 + 70 * round));
        desk.daemon.kill9();
        desk.daemon.restart();
    }
    until("all mails", || desk.total() >= wanted.len() as u64);
    thread::sleep(Duration::from_millis(500));
    assert_eq!(desk.total(), wanted.len() as u64);
    let page = desk.read("/api/tickets?limit=100");
    let subject = |row: &Value| row["subject"].as_str().unwrap_or_default().to_owned();
    let found: BTreeSet<String> =
        page["tickets"].as_array().expect("tickets").iter().map(subject).collect();
    assert_eq!(found, wanted);
    desk.verify();
}

#[test]
fn a_bad_mail_keeps_none_behind_it() {
    let Some(dovecot) = Dovecot::start(false) else { return };
    let sink = Sink::start(|_, _| Does::Takes);
    let config = format!("receipts = false\nmax_size = \"64 KiB\"\n{}", dovecot.config("none"));
    let desk = Desk::on(sink, &config);
    dovecot.deliver_raw("1", b"\r\n\r\n\xff\xfe no header at all");
    dovecot.deliver("2", &mail("q1@example.com", "", "Besar", &"x".repeat(200_000)));
    dovecot.deliver("3", &mail("q2@example.com", "", "Kulkas", "Rusak."));
    until("the last mail", || {
        let page = desk.read("/api/tickets?limit=100");
        page["tickets"]
            .as_array()
            .is_some_and(|all| all.iter().any(|row| row["subject"] == "Kulkas"))
    });
    assert!(desk.daemon.log().contains("it is kept as"), "the one without headers is put aside");
    let aside = std::fs::read_dir(desk.daemon.data_dir().join("mail-failed"));
    assert_eq!(aside.map(Iterator::count).unwrap_or_default(), 1);
    // Of the large one the beginning is there, and it says so.
    let large = desk.read("/api/tickets?limit=100");
    let large = large["tickets"]
        .as_array()
        .expect("tickets")
        .iter()
        .find(|row| row["subject"] == "Besar")
        .cloned();
    let number = large.expect("the large one")["number"].as_u64().expect("a number");
    assert!(desk.said(number).iter().any(|said| said.2.contains("its end is missing")));
}
