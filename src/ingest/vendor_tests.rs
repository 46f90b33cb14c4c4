//! Signatures of recorded deliveries, over exactly the recorded bytes.

use axum::http::Request;
use serde_json::Value;

use super::*;
use crate::ingest::door::Check;

const ZENDESK: &str = "Zml4dHVyZS16ZW5kZXNrLXNpZ25pbmctc2VjcmV0";
const INTERCOM: &str = "fixture-intercom-client-secret";
const TWILIO: &str = "0123456789abcdef0123456789abcdef";
const LIVEKIT: (&str, &str) = ("APIfixture", "fixture-livekit-secret-at-least-32-bytes-long");
const OPENAI: &str = "whsec_Zml4dHVyZS1vcGVuYWktd2ViaG9vay1zZWNyZXQtMDE=";

/// Head and body of a recorded request.
fn recorded(name: &str) -> (Parts, Vec<u8>) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    let told = std::fs::read(format!("{folder}/{name}.req.json")).expect(name);
    let told: Value = serde_json::from_slice(&told).expect("JSON");
    let directory = name.split('/').next().expect("a folder");
    let file = told["body"].as_str().expect("the file of the body");
    let body = std::fs::read(format!("{folder}/{directory}/{file}")).expect(file);
    let mut request = Request::post(told["path_hint"].as_str().expect("a path"));
    for (name, value) in told["headers"].as_object().expect("headers") {
        request = request.header(name, value.as_str().expect("text"));
    }
    (request.body(()).expect("a request").into_parts().0, body)
}

fn at(text: &str) -> Now {
    Some(Micros::parse_rfc3339(text).expect("a time"))
}

/// The signature is good, and no longer once a byte, the secret or nothing but the head has changed.
fn only_as_recorded(name: &str, check: &Check<'_>) {
    let (head, body) = recorded(name);
    assert_eq!(check(&head, &body), Ok(()), "{name}");
    let mut changed = body.clone();
    changed[body.len() / 2] ^= 1;
    assert!(check(&head, &changed).is_err(), "{name}");
    assert!(check(&head, &body[..body.len() - 1]).is_err(), "{name}");
    assert!(check(&head, &[&body[..], b" "].concat()).is_err(), "{name}");
    let bare = Request::post("/").body(()).expect("a request").into_parts().0;
    assert!(check(&bare, &body).is_err(), "{name}");
}

#[test]
fn zendesk_signs_time_and_body() {
    for (name, time) in [
        ("seed_example", "2026-01-28T10:30:00Z"),
        ("trigger_custom_all_strings", "2026-01-28T10:31:02Z"),
        ("event_ticket_created", "2026-01-28T10:32:01Z"),
    ] {
        let name = format!("e_zendesk/{name}");
        only_as_recorded(&name, &|head, body| zendesk(ZENDESK, at(time), head, body));
        let (head, body) = recorded(&name);
        assert!(zendesk("another", at(time), &head, &body).is_err());
    }
}

#[test]
fn what_was_signed_more_than_five_minutes_ago_is_refused() {
    let (head, body) = recorded("e_zendesk/seed_example");
    let check = |now: Now| zendesk(ZENDESK, now, &head, &body);
    assert!(check(at("2026-01-28T10:34:59Z")).is_ok() && check(at("2026-01-28T10:25:01Z")).is_ok());
    assert!(
        check(at("2026-01-28T10:35:01Z")).is_err() && check(at("2026-01-28T10:24:59Z")).is_err()
    );
    assert!(check(None).is_ok(), "a box that does not know the time cannot tell");
}

#[test]
fn intercom_signs_the_body() {
    for name in ["seed_example", "conversation_user_created", "conversation_admin_noted", "ping"] {
        let name = format!("f_intercom/{name}");
        only_as_recorded(&name, &|head, body| intercom(INTERCOM, head, body));
    }
}

#[test]
fn twilio_signs_its_address_and_the_sorted_fields() {
    let steps = ["0_ringing", "1_in-progress", "2_completed"];
    for name in steps.map(|step| format!("i_calls/twilio_status_{step}")) {
        let (head, body) = recorded(&name);
        for public in
            ["https://tickets.example.test", "https://tickets.example.test/webhook/twilio/status"]
        {
            assert_eq!(twilio(TWILIO, public, &head, &body), Ok(()), "{public}");
        }
        assert!(twilio(TWILIO, "https://other.example.test", &head, &body).is_err());
        assert!(twilio("another", "https://tickets.example.test", &head, &body).is_err());
        let more = [&body[..], b"&More=1"].concat();
        assert!(twilio(TWILIO, "https://tickets.example.test", &head, &more).is_err());
    }
}

#[test]
fn livekit_shows_a_token_for_this_body() {
    let (key, secret) = LIVEKIT;
    let now = at("2026-01-28T10:31:00Z");
    for name in ["livekit_participant_joined", "livekit_room_finished"] {
        only_as_recorded(&format!("i_calls/{name}"), &|head, body| {
            livekit(key, secret, now, head, body)
        });
    }
    let (head, body) = recorded("i_calls/livekit_room_finished");
    assert!(livekit("another", secret, now, &head, &body).is_err());
    assert!(livekit(key, "another", now, &head, &body).is_err());
    assert!(livekit(key, secret, at("2101-01-01T00:00:00Z"), &head, &body).is_err());
    assert!(livekit(key, secret, at("2020-01-01T00:00:00Z"), &head, &body).is_err());
    let (other, _) = recorded("i_calls/livekit_participant_joined");
    assert!(livekit(key, secret, now, &other, &body).is_err(), "another body's token");
}

/// `{"alg":"none"}` and nothing behind it.
#[test]
fn a_token_that_is_not_signed_opens_nothing() {
    let (_, body) = recorded("i_calls/livekit_room_finished");
    for token in
        ["", "a.b", "a.b.c", "eyJhbGciOiJub25lIn0.eyJpc3MiOiJBUElmaXh0dXJlIn0.", "..", "ü.ü.ü"]
    {
        let head = Request::post("/").header("authorization", token.as_bytes());
        let head = head.body(()).expect("a request").into_parts().0;
        assert!(livekit(LIVEKIT.0, LIVEKIT.1, None, &head, &body).is_err(), "{token}");
    }
}

#[test]
fn openai_signs_id_time_and_body() {
    let now = at("2026-01-28T10:31:00Z");
    let name = "i_calls/openai_realtime_call_incoming";
    only_as_recorded(name, &|head, body| openai(OPENAI, now, head, body));
    let (mut head, body) = recorded(name);
    assert!(openai(OPENAI, at("2026-01-28T10:36:00Z"), &head, &body).is_err());
    let one = head.headers["webhook-signature"].to_str().expect("text").to_owned();
    let several = format!("v2,other v1,AAAA {one}").parse().expect("a header");
    head.headers.insert("webhook-signature", several);
    assert_eq!(openai(OPENAI, now, &head, &body), Ok(()));
}

#[test]
fn vapi_sends_the_secret() {
    let (head, _) = recorded("i_calls/vapi_end_of_call_report");
    assert_eq!(vapi("fixture-vapi-secret", &head), Ok(()));
    assert!(vapi("another", &head).is_err());
}
