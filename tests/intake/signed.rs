//! Vendors' signatures over the very bytes: with a secret they are required and suffice.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

use crate::desk::{Desk, Recorded, example, problem, recorded};

const ZENDESK_SECRET: &str = "Zml4dHVyZS16ZW5kZXNrLXNpZ25pbmctc2VjcmV0";
const OPENAI_SECRET: &str = "whsec_Zml4dHVyZS1vcGVuYWktd2ViaG9vay1zZWNyZXQtMDE=";

/// Every vendor's secret, on a box that knows the time: `/` is there, so somebody has set the clock.
fn config() -> String {
    format!(
        "[clock]\nsynchronized_files = ['/']\n[doors]\n\
         zendesk.secret = '{ZENDESK_SECRET}'\nintercom.secret = 'fixture-intercom-client-secret'\n\
         vapi.secret = 'fixture-vapi-secret'\nopenai.webhook_secret = '{OPENAI_SECRET}'\n\
         [doors.livekit]\napi_key = 'APIfixture'\napi_secret = 'fixture-livekit-secret-at-least-32-bytes-long'\n\
         [doors.twilio]\nauth_token = '0123456789abcdef0123456789abcdef'\n\
         public_url = 'https://tickets.example.test/webhook/twilio/status'\n"
    )
}

fn now(seconds: i64) -> jiff::Timestamp {
    let now = jiff::Timestamp::now().as_second() + seconds;
    jiff::Timestamp::from_second(now).expect("a time")
}

fn base64_sha256(key: &[u8], signed: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    STANDARD.encode(hmac::sign(&key, signed))
}

/// A delivery that Zendesk signs so many seconds from now.
fn of_zendesk(secret: &str, seconds: i64, body: &[u8]) -> Recorded {
    let time = now(seconds).to_string();
    let signature = base64_sha256(secret.as_bytes(), &[time.as_bytes(), body].concat());
    let headers = [
        ("Content-Type", "application/json".to_owned()),
        ("X-Zendesk-Webhook-Signature-Timestamp", time),
        ("X-Zendesk-Webhook-Signature", signature),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value));
    Recorded { headers: headers.to_vec(), body: body.to_vec() }
}

fn of_openai(seconds: i64, body: &[u8]) -> Recorded {
    let key = STANDARD.decode(OPENAI_SECRET.trim_start_matches("whsec_")).expect("base64");
    let time = now(seconds).as_second().to_string();
    let signed = [b"wh_1.", time.as_bytes(), b".", body].concat();
    let headers = [
        ("Content-Type", "application/json".to_owned()),
        ("webhook-id", "wh_1".to_owned()),
        ("webhook-timestamp", time),
        ("webhook-signature", format!("v1,{}", base64_sha256(&key, &signed))),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value));
    Recorded { headers: headers.to_vec(), body: body.to_vec() }
}

#[test]
fn what_a_vendor_signed_comes_in_without_a_token() {
    let desk = Desk::open(&config());
    let intercom = recorded("f_intercom/conversation_user_created");
    let livekit = recorded("i_calls/livekit_participant_joined");
    let call = recorded("i_calls/openai_realtime_call_incoming").body;
    for (path, request) in [
        ("/api/tickets/webhook/zendesk", of_zendesk(ZENDESK_SECRET, 0, &example("001_07"))),
        ("/api/tickets/webhook/intercom", intercom),
        ("/ingest/twilio/status", recorded("i_calls/twilio_status_0_ringing")),
        ("/ingest/livekit", livekit),
        ("/ingest/vapi", recorded("i_calls/vapi_end_of_call_report")),
        ("/ingest/openai", of_openai(-200, &call)),
    ] {
        let answer = desk.send(path, &request, None);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    }
    assert_eq!(desk.tickets(), 6);
}

#[test]
fn what_is_not_signed_so_is_refused_and_nothing_is_stored() {
    let desk = Desk::open(&config());
    let call = recorded("i_calls/openai_realtime_call_incoming").body;
    let zendesk = of_zendesk(ZENDESK_SECRET, 0, &example("001_07"));
    let bare = |body: &[u8]| {
        let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
        Recorded { headers, body: body.to_vec() }
    };
    let changed = |mut request: Recorded| {
        request.body.push(b' ');
        request
    };
    let intercom = || recorded("f_intercom/conversation_user_created");
    let mut other_secret = recorded("i_calls/vapi_end_of_call_report");
    other_secret.headers.retain(|(name, _)| name != "x-vapi-secret");
    for (why, path, request) in [
        (
            "another key",
            "/api/tickets/webhook/zendesk",
            of_zendesk("another", 0, &example("001_07")),
        ),
        (
            "stale",
            "/api/tickets/webhook/zendesk",
            of_zendesk(ZENDESK_SECRET, -400, &example("001_07")),
        ),
        (
            "ahead",
            "/api/tickets/webhook/zendesk",
            of_zendesk(ZENDESK_SECRET, 400, &example("001_07")),
        ),
        ("recorded long ago", "/api/tickets/webhook/zendesk", recorded("e_zendesk/seed_example")),
        ("a byte more", "/api/tickets/webhook/zendesk", changed(zendesk)),
        ("a byte more", "/api/tickets/webhook/intercom", changed(intercom())),
        ("no signature", "/api/tickets/webhook/intercom", bare(&example("001_08"))),
        (
            "a byte more",
            "/ingest/twilio/status",
            changed(recorded("i_calls/twilio_status_0_ringing")),
        ),
        (
            "another body",
            "/ingest/livekit",
            changed(recorded("i_calls/livekit_participant_joined")),
        ),
        ("no secret", "/ingest/vapi", other_secret),
        ("stale", "/ingest/openai", of_openai(-400, &call)),
        ("a byte more", "/ingest/openai", changed(of_openai(0, &call))),
    ] {
        let refused = problem(&desk.send(path, &request, None), 401);
        assert!(refused.is_empty(), "{why}");
        // A token does not make up for it.
        problem(&desk.send(path, &request, Some(&desk.deliverer)), 401);
    }
    assert_eq!(desk.tickets(), 0);
    assert_eq!(desk.newest_event(), 2, "only the two tokens were made");
}

#[test]
fn a_signed_delivery_that_is_sent_again_adds_nothing() {
    let desk = Desk::open(&config());
    let request =
        of_zendesk(ZENDESK_SECRET, 0, &recorded("e_zendesk/event_comment_added_agent").body);
    for _ in 0..3 {
        assert_eq!(desk.send("/api/tickets/webhook/zendesk", &request, None).status, 200);
    }
    assert_eq!((desk.tickets(), desk.said("zendesk:5158").len()), (1, 2));
}
