//! What passes through the proxy comes out as it went in, and what was said is in the ticket.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::speech::{self, agent_turn, fixture, recordings, session_created, user_turn};
use crate::wire::Service;
use crate::{Desk, lines, said, session, turns};

/// S0.58: both recorded calls, old event names and new ones, as they went to and fro.
#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_call_passes_verbatim_and_becomes_a_ticket() {
    let desk = Desk::new().await;
    for name in ["call_beta_saving_pockets", "call_ga_lost_card"] {
        let session = session();
        let (mut client, mut service) = desk.call(&session).await;
        for row in fixture(&format!("{name}.jsonl")).lines() {
            let row: Value = serde_json::from_str(row).expect("a row");
            let frame = Message::text(row["event"].to_string());
            let passed = if row["dir"] == "s2c" {
                service.end.send(frame.clone()).await;
                client.hear().await
            } else {
                client.send(frame.clone()).await;
                service.end.hear().await
            };
            assert_eq!(passed, frame);
        }
        client.close(1000, "").await;
        assert_eq!(service.end.closed_with().await, Some((1000, String::new())));
        assert_eq!(client.closed_with().await, Some((1000, String::new())));
        let expected: Value =
            serde_json::from_str(&fixture(&format!("{name}.expected.json"))).expect("JSON");
        // Whoever has seen the end of the handshake finds the call ended.
        let call = desk.calls(&session).pop().expect("a call");
        assert_eq!(call["ticket"]["status"], "closed");
        assert_eq!(turns(&call), expected["interactions_in_order"], "{name}");
        assert_eq!(call["ticket"]["category"], expected["category"], "{name}");
    }
}

/// The service alone speaks, as fast as it can.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_told_at_once_is_recorded_whole() {
    let desk = Desk::new().await;
    for recording in recordings() {
        let session = session();
        let (mut client, mut service) = desk.call(&session).await;
        for event in &recording.events {
            service.end.say(event).await;
        }
        service.end.close(1000, "").await;
        for event in &recording.events {
            assert_eq!(client.hear_json().await, *event);
        }
        assert_eq!(client.closed_with().await, Some((1000, String::new())));
        assert_eq!(turns(&desk.closed(&session)), recording.expected["interactions_in_order"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_of_every_kind_and_size_come_out_as_they_went_in() {
    let desk = Desk::new().await;
    let (mut client, mut service) = desk.call(&session()).await;
    let audio = |bytes: usize| (0..bytes).map(|at| (at * 31 % 251) as u8).collect::<Vec<u8>>();
    let base64 = "QUJD".repeat(8192);
    let frames = [
        Message::text(""),
        Message::text("no JSON at all"),
        Message::text("\u{2028} 👩‍👩‍👧 \u{202e}ابجد"),
        Message::text("{\"type\":\"cut \\ud83d\"}"),
        Message::binary(Vec::new()),
        Message::binary(audio(1)),
        Message::binary(audio(65_536)),
        Message::binary(audio(3_000_000)),
        Message::text(format!("{{\"type\":\"response.audio.delta\",\"delta\":\"{base64}\"}}")),
        Message::text(format!("{{\"audio\":\"{base64}\",\"type\":\"input_audio_buffer.append\"}}")),
    ];
    for frame in &frames {
        client.send(frame.clone()).await;
        service.end.send(frame.clone()).await;
    }
    for frame in &frames {
        assert!(service.end.hear().await == *frame, "to the service");
        assert!(client.hear().await == *frame, "to the client");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pings_are_answered_on_the_connection_on_which_they_came() {
    use futures_util::StreamExt;
    let desk = Desk::new().await;
    let (mut client, mut service) = desk.call(&session()).await;
    for end in [&mut client, &mut service.end] {
        end.send(Message::Ping("are you there".into())).await;
        let answer = end.0.next().await.expect("an answer").expect("a frame");
        assert_eq!(answer, Message::Pong("are you there".into()));
    }
}

/// The seed's hand-off: another agent of the service takes over, under a session of its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_handoff_stays_one_ticket() {
    let desk = Desk::new().await;
    let session = session();
    let (mut client, mut service) = desk.call(&session).await;
    let first = [
        vec![session_created("sess_riley")],
        agent_turn("item_1", None, "Hi, this is Riley."),
        user_turn("item_2", Some("item_1"), "My loan, please."),
    ];
    let second = [
        vec![session_created("sess_loans")],
        agent_turn("item_3", None, "This is the loan desk."),
        speech::customer_says("Great."),
    ];
    for event in first.concat().iter().chain(&second.concat()) {
        service.end.say(event).await;
        assert_eq!(client.hear_json().await, *event);
    }
    client.close(1001, "").await;
    client.closed_with().await;
    let expected = said([
        ("agent", "Hi, this is Riley."),
        ("user", "My loan, please."),
        ("agent", "This is the loan desk."),
        ("user", "Great."),
    ]);
    assert_eq!(lines(&desk.closed(&session)), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_is_reached_over_tls_with_its_key_and_the_callers_model() {
    let authority = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls/authority.pem");
    let service = Service::with_tls().await;
    let desk = Desk::before(service, &format!("ca_file = \"{authority}\"\n"));
    let mut client = desk.client("?model=voice-2&session_id=tls-1&customer_name=Ana").await;
    let mut service = desk.service.session().await;
    assert_eq!(service.address, "/v1/realtime?model=voice-2");
    assert_eq!(service.headers["authorization"], "Bearer sk-secret");
    assert!(!service.headers.contains_key("openai-beta"));
    let event = json!({"type": "session.created", "session": {"id": "sess_1"}});
    service.end.say(&event).await;
    assert_eq!(client.hear_json().await, event);
    client.close(1000, "").await;
    client.closed_with().await;
    assert_eq!(desk.closed("tls-1")["ticket"]["customer_name"], "Ana");
}

#[tokio::test(flavor = "multi_thread")]
async fn azure_gets_its_own_addresses_and_header() {
    for (kind, address) in [
        ("azure-preview", "/openai/realtime?api-version=2025-04-01-preview&deployment=voice-1"),
        ("azure-ga", "/openai/v1/realtime?model=voice-1"),
    ] {
        let service = Service::start().await;
        let config = crate::proxy_to(&service, "").replace("\"openai\"", &format!("{kind:?}"));
        let daemon = crate::harness::Daemon::with_config(&config);
        let (ingest, read) = (daemon.token("ingest"), daemon.token("read"));
        let desk = Desk { daemon, service, ingest, read };
        let (_client, session) = desk.call("azure").await;
        assert_eq!(session.address, address);
        assert_eq!(session.headers["api-key"], "sk-secret");
        assert!(!session.headers.contains_key("authorization"));
    }
}
