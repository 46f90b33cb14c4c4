//! A name that changes its mind: what is connected to is what was judged, each time anew (S3.37).

use std::net::{IpAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::deliveries::until;
use crate::desk::Desk;
use crate::names::Names;
use crate::receiver::{Answer, Receiver};
use crate::webhooks::PATH;

/// The only address that the desk's operator allows: it stands for one of the internet.
const OUTSIDE: &str = "127.0.0.2";
/// Where nobody may be led.
const INSIDE: [&str; 8] = [
    "127.0.0.1",
    "10.0.0.1",
    "169.254.169.254",
    "192.168.1.1",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "fd00::1",
];

/// Counts who comes to this port of the box itself.
fn trap(port: u16) -> Arc<AtomicUsize> {
    let caught = Arc::new(AtomicUsize::new(0));
    for address in ["127.0.0.1", "::1"] {
        let address: IpAddr = address.parse().expect("an address");
        // A machine without IPv6 has nobody there to be reached either.
        let Ok(listener) = TcpListener::bind((address, port)) else { continue };
        let caught = Arc::clone(&caught);
        thread::spawn(move || {
            for stream in listener.incoming() {
                drop(stream);
                caught.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    caught
}

#[test]
fn a_name_that_changes_its_mind_leads_nobody_inside() {
    let outside = OUTSIDE.parse().expect("an address");
    let receiver = Receiver::at(outside);
    let caught = trap(receiver.port);
    let inside = INSIDE.iter().map(|address| address.parse().expect("an address"));
    let answers: Vec<IpAddr> = [outside].into_iter().chain(inside).chain([outside]).collect();
    let names = Names::start(&answers);
    let desk = Desk::open(&format!(
        "[network]\ndns = ['{}']\n[webhooks]\nallow = ['{OUTSIDE}']\nretry_first = '400ms'\nretry_longest = '400ms'\n",
        names.address
    ));
    let redirect = format!("http://127.0.0.1:{}/", receiver.port);
    receiver.answers(&[Answer::Status(200), Answer::Redirect(redirect)], Answer::Status(200));
    let url = format!("http://hooks.example.org:{}/hook", receiver.port);
    let body = json!({"url": url, "events": ["ticket.created"]});
    let made = desk.does("POST", PATH, &body, 201);
    desk.ticket("one");
    assert_eq!(receiver.waits_for(1).len(), 1, "the first answer is allowed");

    desk.ticket("two");
    let path = format!("{PATH}/{}", made["id"]);
    let mut reasons: Vec<String> = Vec::new();
    let began = Instant::now();
    while receiver.got().len() < 3 {
        assert!(began.elapsed() < Duration::from_secs(30), "{reasons:?} {:?}", names.told());
        let seen = desk.reads(&path);
        if let Some(reason) = seen["failing"]["error"].as_str()
            && reasons.last().is_none_or(|last| last != reason)
        {
            reasons.push(reason.to_owned());
        }
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(names.told()[..answers.len()], answers, "each attempt asks anew");
    assert_eq!(caught.load(Ordering::Relaxed), 0, "somebody came in");
    for address in ["10.0.0.1", "169.254.169.254", "192.168.1.1", "::1", "fd00::1"] {
        let told = format!("{address} is not a public address");
        assert!(reasons.iter().any(|reason| reason.contains(&told)), "{address}: {reasons:?}");
    }
    let redirected = |reason: &String| reason.contains("which is not followed");
    assert!(reasons.iter().any(redirected), "{reasons:?}");
    let log = until(&desk, &format!("{path}/deliveries"), |log| {
        log["deliveries"][0]["state"] == "delivered"
    });
    assert_eq!(log["deliveries"][0]["attempts"], json!(INSIDE.len() + 2), "{log}");
}
