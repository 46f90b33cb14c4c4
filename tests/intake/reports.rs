//! Calls that a platform reports without streaming them: one ticket a call, in whatever order it is told.

use serde_json::{Value, json};

use crate::desk::{Desk, Recorded, orders, problem, recorded, sample, turns, word};

const TWILIO: &str = "/ingest/twilio/status";
const LIVEKIT: &str = "/ingest/livekit";
const VAPI: &str = "/ingest/vapi";
const OPENAI: &str = "/ingest/openai";
const ASTERISK: &str = "/ingest/asterisk";

fn metadata(desk: &Desk, call: &Value) -> Value {
    let id = word(&call["ticket_id"]);
    desk.read(&format!("/api/calls/{id}/export"))["metadata"].clone()
}

#[test]
fn a_twilio_call_is_one_ticket_and_closed_when_completed() {
    let steps = ["0_ringing", "1_in-progress", "2_completed"];
    for order in orders(&steps) {
        let desk = Desk::open("");
        for _ in 0..2 {
            for step in &order {
                let told = desk.replay(TWILIO, &format!("i_calls/twilio_status_{step}"));
                assert_eq!(told["number"], 1001, "{order:?}");
            }
        }
        let ticket = desk.ticket("1001");
        assert_eq!((&ticket["status"], &ticket["channel"]), (&json!("closed"), &json!("call")));
        assert_eq!(ticket["session_id"], "CAfixture00000000000000000000001");
        assert_eq!(ticket["requester_phone"], "6591234567");
        let told = metadata(&desk, &ticket);
        assert_eq!(
            (&told["call_status"], &told["duration_seconds"]),
            (&json!("completed"), &json!("63"))
        );
        assert_eq!(desk.tickets(), 1, "{order:?}");
    }
}

#[test]
fn a_ringing_call_is_running_until_it_ends() {
    let desk = Desk::open("");
    desk.replay(TWILIO, "i_calls/twilio_status_0_ringing");
    let ticket = desk.ticket("1001");
    assert_eq!((&ticket["status"], &ticket["call_running"]), (&json!("open"), &json!(true)));
    desk.replay(TWILIO, "i_calls/twilio_status_2_completed");
    assert_eq!(desk.ticket("1001")["call_running"], false);
}

#[test]
fn a_livekit_room_is_one_call() {
    for order in orders(&["livekit_participant_joined", "livekit_room_finished"]) {
        let desk = Desk::open("");
        for name in order.iter().chain(&order) {
            desk.replay(LIVEKIT, &format!("i_calls/{name}"));
        }
        let ticket = desk.ticket("1001");
        assert_eq!(
            (&ticket["status"], &ticket["session_id"]),
            (&json!("closed"), &json!("RM_fixture0001"))
        );
        assert_eq!(ticket["requester_phone"], "6591234567", "{order:?}");
        assert_eq!(desk.tickets(), 1);
    }
}

#[test]
fn vapis_report_is_a_closed_call_with_all_that_was_said() {
    let desk = Desk::open("");
    desk.replay(VAPI, "i_calls/vapi_end_of_call_report");
    let shown = desk.shown("1001");
    let (ticket, said) = &shown;
    assert_eq!((&ticket["status"], &ticket["requester_name"]), (&json!("closed"), &json!("Lim")));
    assert_eq!(ticket["summary"], "Customer reported two declined card payments.");
    assert_eq!(ticket["category"], "card_inquiry", "seed 000's categories");
    let expected = [
        ("agent", "message", "Hi, this is Riley."),
        ("user", "message", "My card was declined twice."),
        ("agent", "tool_call", "[Tool Call: search_gxs_help_center]"),
        ("agent", "message", "Please check your spending limit in the app."),
    ];
    assert_eq!(*said, turns(&expected));
    let page = desk.read("/api/tickets/1001/timeline");
    assert_eq!(page["entries"][2]["tool_calls"][0]["output"], "Check the spending limit.");
    assert_eq!(page["entries"][1]["at"], "2026-01-28T10:30:03.6Z");
    assert_eq!(metadata(&desk, ticket)["ended_reason"], "customer-ended-call");
    desk.replay(VAPI, "i_calls/vapi_end_of_call_report");
    assert_eq!(desk.shown("1001"), shown);
    let running = json!({"message": {"type": "status-update", "status": "in-progress",
        "call": {"id": "0195fixt-0000-4000-8000-000000000001"}}});
    desk.deliver(VAPI, running.to_string().as_bytes());
    assert_eq!(
        (desk.tickets(), &desk.ticket("1001")["status"]),
        (1, &json!("closed")),
        "late news"
    );
}

#[test]
fn a_sip_call_at_openai_opens_a_ticket_that_its_relay_goes_on_with() {
    let desk = Desk::open("");
    let told = desk.replay(OPENAI, "i_calls/openai_realtime_call_incoming");
    assert_eq!(told["number"], 1001);
    let ticket = desk.ticket("1001");
    assert_eq!(ticket["session_id"], "rtc_fixture0000000000000001");
    assert_eq!(
        (&ticket["requester_name"], &ticket["requester_phone"]),
        (&json!("Lim"), &json!("6591234567"))
    );
    desk.replay(OPENAI, "i_calls/openai_realtime_call_incoming");
    assert_eq!(desk.tickets(), 1);
}

#[test]
fn asterisk_tells_of_a_call_by_either_interface() {
    for (name, kind) in
        [("asterisk_ami_call.txt", "text/plain"), ("asterisk_ari_events.jsonl", "application/json")]
    {
        let desk = Desk::open("");
        let headers = vec![("Content-Type".to_owned(), kind.to_owned())];
        let events = Recorded { headers, body: sample(&format!("i_calls/{name}")) };
        for _ in 0..2 {
            let answer = desk.send(ASTERISK, &events, Some(&desk.deliverer));
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
        let ticket = desk.ticket("1001");
        assert_eq!(
            (&ticket["status"], &ticket["session_id"]),
            (&json!("closed"), &json!("1769596200.41"))
        );
        assert_eq!(
            (&ticket["requester_name"], &ticket["requester_phone"]),
            (&json!("LIM"), &json!("6591234567"))
        );
        assert_eq!(metadata(&desk, &ticket)["ended_reason"], "Normal Clearing");
        assert_eq!(desk.tickets(), 1);
    }
}

#[test]
fn what_tells_of_no_call_is_refused_or_passed_over() {
    let desk = Desk::open("");
    let post = |path: &str, kind: &str, body: &[u8]| {
        let headers = vec![("Content-Type".to_owned(), kind.to_owned())];
        desk.send(path, &Recorded { headers, body: body.to_vec() }, Some(&desk.deliverer))
    };
    let (form, json) = ("application/x-www-form-urlencoded", "application/json");
    problem(&post(TWILIO, json, b"{}"), 415);
    problem(&post(TWILIO, form, b"MessageSid=SM1"), 400);
    for path in [LIVEKIT, VAPI, OPENAI] {
        problem(&post(path, form, b"a=b"), 415);
        for body in ["{", "[]", "{}", ""] {
            problem(&post(path, json, body.as_bytes()), 400);
        }
    }
    problem(&post(ASTERISK, "text/plain", b"\xff\xfe"), 400);
    problem(&post(ASTERISK, "text/plain", b"hello"), 400);
    assert_eq!(post(ASTERISK, "text/plain", b"").status, 200);
    assert_eq!(post(LIVEKIT, json, b"{\"event\":\"track_published\"}").status, 200);
    for path in [TWILIO, LIVEKIT, VAPI, OPENAI, ASTERISK] {
        let mut nobody = recorded("i_calls/vapi_end_of_call_report");
        nobody.headers.clear();
        problem(&desk.send(path, &nobody, None), 401);
    }
    assert_eq!(desk.tickets(), 0);
}
