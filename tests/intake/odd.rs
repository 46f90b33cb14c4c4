//! What no report shows: every member of every platform's report replaced by what it should not be, and every field
//! of its forms. Nothing is a server error, and the true report after it tells all of its call.

use serde_json::{Value, json};

use crate::desk::{Desk, Recorded, recorded, sample};
use crate::mutated::mutated;

const REPORTS: [(&str, &str); 4] = [
    ("/ingest/livekit", "i_calls/livekit_participant_joined"),
    ("/ingest/livekit", "i_calls/livekit_room_finished"),
    ("/ingest/vapi", "i_calls/vapi_end_of_call_report"),
    ("/ingest/openai", "i_calls/openai_realtime_call_incoming"),
];

/// A body under the headers of a recorded delivery; it must not be the server's fault.
fn post(desk: &Desk, path: &str, request: &Recorded, body: Vec<u8>, what: &str) {
    let headers = request.headers.clone();
    let told = desk.send(path, &Recorded { headers, body }, Some(&desk.deliverer));
    assert!(told.status < 500, "{path}, {what}: {} {}", told.status, told.text());
}

#[test]
fn no_member_of_a_report_can_break_its_door_whatever_stands_in_it() {
    let desk = Desk::open("");
    let mut sent = 0;
    for (path, name) in REPORTS {
        let request = recorded(name);
        let body: Value = serde_json::from_slice(&request.body).expect(name);
        for (what, changed) in mutated(&body) {
            post(&desk, path, &request, changed.to_string().into_bytes(), &what);
            sent += 1;
        }
    }
    // Asterisk's events come as lines, each of which may be odd.
    let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
    let request = Recorded { headers, body: Vec::new() };
    let events = String::from_utf8(sample("i_calls/asterisk_ari_events.jsonl")).expect("text");
    for line in events.lines() {
        let event: Value = serde_json::from_str(line).expect("an event");
        for (what, changed) in mutated(&event) {
            post(&desk, "/ingest/asterisk", &request, changed.to_string().into_bytes(), &what);
            sent += 1;
        }
    }
    assert!(sent > 300, "{sent}");
    assert!(!desk.daemon.log().contains("panicked"), "{}", desk.daemon.log());
    let mut report: Value =
        serde_json::from_slice(&recorded("i_calls/vapi_end_of_call_report").body).expect("JSON");
    report["message"]["call"]["id"] = json!("a-call-of-its-own");
    let told = desk.deliver("/ingest/vapi", report.to_string().as_bytes());
    let untouched = Desk::open("");
    let alone = untouched.deliver("/ingest/vapi", report.to_string().as_bytes());
    let said = desk.said(&told["number"].to_string());
    assert_eq!(said, untouched.said(&alone["number"].to_string()));
    assert!(!said.is_empty());
}

#[test]
fn no_field_of_a_form_can_break_its_door_whatever_stands_in_it() {
    let desk = Desk::open("");
    let values =
        ["", "%00%E2%80%AE", "%FF%FE", "-1", "99999999999999999999", "a=b%26c", "%", "%zz"];
    let request = recorded("i_calls/twilio_status_2_completed");
    let form = String::from_utf8(request.body.clone()).expect("a form");
    let fields: Vec<&str> = form.trim().split('&').collect();
    for (at, field) in fields.iter().enumerate() {
        let name = field.split('=').next().expect("a name");
        let with = |other: Option<String>| {
            let mut all: Vec<String> = fields.iter().map(|field| (*field).to_owned()).collect();
            all.splice(at..=at, other);
            all.join("&").into_bytes()
        };
        post(&desk, "/ingest/twilio/status", &request, with(None), &format!("without {name}"));
        for value in values.iter().map(|v| (*v).to_owned()).chain(["x".repeat(70_000)]) {
            let odd = with(Some(format!("{name}={value}")));
            post(&desk, "/ingest/twilio/status", &request, odd, name);
        }
    }
    assert!(!desk.daemon.log().contains("panicked"), "{}", desk.daemon.log());
}
