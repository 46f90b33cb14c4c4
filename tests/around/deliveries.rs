//! A receiver that fails in every way: what was promised to it comes, in order, or is parked and shown.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::desk::{Desk, problem, rows, word};
use crate::receiver::{Answer, Got, Receiver};
use crate::webhooks::{LOCAL, PATH, subscribed};

fn subjects(got: &[Got]) -> Vec<String> {
    got.iter().map(|one| word(&one.json()["data"]["subject"])).collect()
}

/// Waits until a page of deliveries is as it should be.
#[track_caller]
pub fn until(desk: &Desk, path: &str, good: impl Fn(&Value) -> bool) -> Value {
    let began = Instant::now();
    loop {
        let seen = desk.reads(path);
        if good(&seen) {
            return seen;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{seen}");
        thread::sleep(Duration::from_millis(30));
    }
}

#[test]
fn what_failed_comes_again_under_its_id_and_keeps_its_place() {
    let desk = Desk::open(&format!("{LOCAL}timeout = '500ms'\n"));
    let receiver = Receiver::start();
    let failures = [
        Answer::Status(500),
        Answer::Break,
        Answer::Hang,
        Answer::Status(404),
        Answer::Status(301),
        Answer::Later(1),
    ];
    receiver.answers(&failures, Answer::Status(200));
    let made = subscribed(&desk, &receiver, &["ticket.created"]);
    for subject in ["one", "two", "three"] {
        desk.ticket(subject);
    }
    let got = receiver.waits_for(failures.len() + 3);
    let (tried, arrived) = got.split_at(failures.len());
    assert!(tried.iter().all(|one| one.header("webhook-id") == arrived[0].header("webhook-id")));
    assert!(tried.iter().all(|one| one.body == arrived[0].body));
    assert_eq!(subjects(arrived), ["one", "two", "three"]);
    let waited = arrived[0].at.duration_since(tried[5].at);
    assert!(waited >= Duration::from_millis(950), "Retry-After was 1 s, it waited {waited:?}");
    let path = format!("{PATH}/{}/deliveries", made["id"]);
    let log = until(&desk, &path, |log| {
        rows(log, "deliveries").iter().all(|d| d["state"] == "delivered")
    });
    let log = rows(&log, "deliveries");
    assert_eq!((log.len(), &log[2]["number"], &log[2]["attempts"]), (3, &json!(1), &json!(7)));
    assert_eq!((&log[0]["response_status"], &log[0]["attempts"]), (&json!(200), &json!(1)));
    let one = desk.reads(&format!("{path}/1"));
    assert_eq!(one["payload"]["data"]["subject"], "one");
}

/// A body that does not end keeps nobody waiting: the status is the answer.
#[test]
fn a_slow_body_is_not_waited_for() {
    let desk = Desk::open(LOCAL);
    let receiver = Receiver::start();
    receiver.answers(&[], Answer::SlowBody);
    subscribed(&desk, &receiver, &["ticket.created"]);
    let began = Instant::now();
    for subject in ["one", "two", "three"] {
        desk.ticket(subject);
    }
    assert_eq!(subjects(&receiver.waits_for(3)), ["one", "two", "three"]);
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
}

#[test]
fn a_receiver_that_hangs_or_is_not_there_delays_nobody_else() {
    let desk = Desk::open(LOCAL);
    let (hanging, good) = (Receiver::start(), Receiver::start());
    hanging.answers(&[], Answer::Hang);
    subscribed(&desk, &hanging, &["ticket.created"]);
    // Nobody listens on this port any more.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr());
    let nobody = format!("http://{}/", closed.expect("a port"));
    let nobody = json!({"url": nobody, "events": ["ticket.created"]});
    let nobody = desk.does("POST", PATH, &nobody, 201);
    subscribed(&desk, &good, &["ticket.created"]);
    let began = Instant::now();
    for n in 0..20 {
        desk.ticket(&format!("ticket {n}"));
    }
    assert_eq!(subjects(&good.waits_for(20)).last().map(String::as_str), Some("ticket 19"));
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    assert_eq!(hanging.got().len(), 1, "one at a time");
    let path = format!("{PATH}/{}", nobody["id"]);
    let failing = until(&desk, &path, |seen| seen["failing"]["attempts"].as_u64() > Some(1));
    assert_eq!(failing["waiting"], 20);
    assert!(word(&failing["failing"]["error"]).contains("cannot be reached"), "{failing}");
}

/// Into the box itself, or to any address that is not meant: neither by a redirection nor by a name.
#[test]
fn nobody_is_led_inside() {
    let desk = Desk::open(LOCAL);
    let (receiver, inside) = (Receiver::start(), Receiver::start());
    receiver.answers(
        &[Answer::Redirect(inside.url()), Answer::Redirect(inside.url())],
        Answer::Status(200),
    );
    let made = subscribed(&desk, &receiver, &["ticket.created"]);
    desk.ticket("one");
    receiver.waits_for(3);
    assert!(inside.got().is_empty(), "redirections are not followed");
    desk.does("DELETE", &format!("{PATH}/{}", made["id"]), &Value::Null, 204);

    // A name that leads to the box, on a desk that allows nothing.
    let desk = Desk::open("[webhooks]\nretry_first = '20ms'\nretry_longest = '100ms'\n");
    let url = format!("https://localhost:{}/hook", inside.port);
    let made = desk.does("POST", PATH, &json!({"url": url, "events": ["ticket.created"]}), 201);
    desk.ticket("one");
    let path = format!("{PATH}/{}", made["id"]);
    let failing = until(&desk, &path, |seen| seen["failing"].is_object());
    assert!(word(&failing["failing"]["error"]).contains("not a public address"), "{failing}");
    assert!(inside.got().is_empty());
}

#[test]
fn what_was_tried_long_enough_is_parked_and_is_sent_anew_by_hand() {
    let desk = Desk::open(&format!("{LOCAL}retry_for = '1s'\n"));
    let receiver = Receiver::start();
    receiver.answers(&[], Answer::Status(500));
    let made = subscribed(&desk, &receiver, &["ticket.created"]);
    for subject in ["one", "two", "three"] {
        desk.ticket(subject);
    }
    let path = format!("{PATH}/{}", made["id"]);
    let parked = |count: usize| move |seen: &Value| rows(seen, "deliveries").len() == count;
    let log = until(&desk, &format!("{path}/deliveries?state=parked"), parked(3));
    let first = rows(&log, "deliveries").last().expect("a delivery");
    assert_eq!((&first["number"], &first["response_status"]), (&json!(1), &json!(500)));
    assert_eq!(desk.reads(&path)["active"], true, "it is given time");
    receiver.answers(&[], Answer::Status(200));
    let before = receiver.got().len();
    let queued = desk.does("POST", &format!("{path}/redeliver"), &Value::Null, 202);
    assert_eq!(queued["deliveries"], json!([4, 5, 6]));
    let got = receiver.waits_for(before + 3);
    assert_eq!(subjects(&got[before..]), ["one", "two", "three"]);
    assert_eq!(got[before].header("webhook-id"), word(&first["message_id"]));
    let one = until(&desk, &format!("{path}/deliveries/1"), |one| one["state"] == "sent_anew");
    assert_eq!(one["sent_anew_as"], 4);
    let again = desk.does("POST", &format!("{path}/deliveries/4/redeliver"), &Value::Null, 202);
    assert_eq!(again["deliveries"], json!([7]));
    assert_eq!(subjects(&receiver.waits_for(before + 4)[before + 3..]), ["one"]);
    problem(
        &desk.call(&desk.admin, "POST", &format!("{path}/deliveries/99/redeliver"), &Value::Null),
        404,
    );
}

#[test]
fn a_receiver_that_is_gone_is_switched_off_and_one_that_fails_for_days_too() {
    let desk = Desk::open(&format!("{LOCAL}retry_for = '1s'\npause_after = '2s'\n"));
    let (gone, failing) = (Receiver::start(), Receiver::start());
    gone.answers(&[], Answer::Status(410));
    failing.answers(&[], Answer::Status(503));
    let gone_hook = subscribed(&desk, &gone, &["ticket.created"]);
    let failing_hook = subscribed(&desk, &failing, &["ticket.created"]);
    desk.ticket("one");
    let path = format!("{PATH}/{}", gone_hook["id"]);
    let seen = until(&desk, &path, |seen| seen["active"] == false);
    assert!(word(&seen["stopped"]["why"]).contains("410"), "{seen}");
    desk.ticket("two");
    let path = format!("{PATH}/{}", failing_hook["id"]);
    let began = Instant::now();
    while desk.reads(&path)["active"] == true {
        assert!(began.elapsed() < Duration::from_secs(30));
        desk.ticket("more");
        thread::sleep(Duration::from_millis(300));
    }
    let seen = desk.reads(&path);
    assert!(word(&seen["stopped"]["why"]).contains("nothing has arrived"), "{seen}");
    assert_eq!(seen["waiting"], 0);
    // What happens meanwhile is not kept for it; from now on it is.
    failing.answers(&[], Answer::Status(200));
    desk.ticket("missed");
    let seen = desk.does("PUT", &path, &json!({"active": true}), 200);
    assert_eq!(seen["stopped"], Value::Null);
    let before = failing.got().len();
    desk.ticket("heard");
    assert_eq!(subjects(&failing.waits_for(before + 1)[before..]), ["heard"]);
    assert_eq!(gone.got().len(), 1, "who is gone hears nothing");
}

#[test]
fn the_log_is_bounded_and_a_subscription_that_never_empties_is_switched_off() {
    let desk = Desk::open(&format!("{LOCAL}keep_log = 5\nmax_waiting = 8\n"));
    let (good, dead) = (Receiver::start(), Receiver::start());
    dead.answers(&[], Answer::Hang);
    let good_hook = subscribed(&desk, &good, &["ticket.created"]);
    let dead_hook = subscribed(&desk, &dead, &["ticket.created"]);
    for n in 0..12 {
        desk.ticket(&format!("ticket {n}"));
        good.waits_for(n + 1);
    }
    let path = format!("{PATH}/{}/deliveries", good_hook["id"]);
    let last = |seen: &Value| {
        rows(seen, "deliveries")
            .first()
            .is_some_and(|d| d["state"] == "delivered" && d["number"] == 12)
    };
    let log = until(&desk, &path, last);
    assert_eq!(rows(&log, "deliveries").len(), 5);
    assert_eq!(rows(&log, "deliveries")[4]["number"], 8);
    let page = desk.reads(&format!("{path}?limit=2"));
    assert_eq!(page["next"], 11);
    assert_eq!(
        rows(&desk.reads(&format!("{path}?limit=2&before=11")), "deliveries")[0]["number"],
        10
    );
    let seen = desk.reads(&format!("{PATH}/{}", dead_hook["id"]));
    assert_eq!(seen["active"], false);
    assert!(word(&seen["stopped"]["why"]).contains("8 deliveries wait"), "{seen}");
}
