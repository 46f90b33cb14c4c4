//! Who may use the proxy, and what a caller learns when the speech service cannot be used.

use serde_json::Value;

use crate::harness::Daemon;
use crate::wire::{self, Service};
use crate::{Desk, session};

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_scope_ingest_opens_the_door_wherever_it_can_be_sent() {
    let desk = Desk::new().await;
    let token = &desk.ingest;
    let protocols = format!("realtime, openai-insecure-api-key.{token}");
    let open = |query: String, headers: Vec<(&'static str, String)>| {
        let address = desk.daemon.address().to_owned();
        async move {
            let headers: Vec<_> = headers.iter().map(|(name, v)| (*name, v.as_str())).collect();
            wire::connect(&address, &format!("/ingest/realtime{query}"), &headers).await
        }
    };
    for (query, headers) in [
        (String::new(), vec![("Authorization", format!("Bearer {token}"))]),
        (format!("?token={token}"), vec![]),
        (String::new(), vec![("X-API-Key", token.clone())]),
        (String::new(), vec![("Sec-WebSocket-Protocol", protocols.clone())]),
    ] {
        let (_client, headers) = open(query, headers).await.expect("it opens");
        let service = desk.service.session().await;
        if let Some(chosen) = headers.get("sec-websocket-protocol") {
            assert_eq!(chosen, "realtime");
        }
        let passed_on = format!("{:?}", service.headers) + &service.address;
        assert!(!passed_on.contains(token.as_str()), "our token is none of the service's");
    }
    for (headers, status) in [
        (vec![], 401),
        (vec![("Authorization", "Bearer fd_1".to_owned())], 401),
        (vec![("Authorization", format!("Bearer {}", desk.read))], 403),
        (vec![("Sec-WebSocket-Protocol", "openai-insecure-api-key.x".to_owned())], 401),
    ] {
        let refused = open(String::new(), headers).await.err().expect("it stays shut");
        assert_eq!(refused.0, status, "{refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_may_not_ask_for_is_refused_before_anything_is_dialled() {
    let desk = Desk::new().await;
    for (query, told) in [
        ("?model=voice-9", "one of voice-1, voice-2"),
        ("?deployment=voice-9", "one of voice-1, voice-2"),
        ("?session_id=%0A", "session_id"),
    ] {
        let (status, body) = desk.dial(query).await.err().expect("refused");
        assert_eq!(status, 400, "{body}");
        assert!(body.contains(told), "{body}");
    }
    let (_client, session) = desk.call("wanted").await;
    assert_eq!(session.address, "/v1/realtime?model=voice-1", "the first that was dialled");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_service_there_is_no_door() {
    let daemon = Daemon::with_config("");
    let bearer = format!("Bearer {}", daemon.token("ingest"));
    let headers = [("Authorization", bearer.as_str())];
    let refused = wire::connect(daemon.address(), "/ingest/realtime", &headers).await;
    let (status, body) = refused.err().expect("refused");
    assert_eq!(status, 404);
    assert!(body.contains("realtime.kind"), "{body}");
}

/// What a caller is told, and what the ticket says, when the service at `url` cannot be used.
async fn refused(url: &str, more: &str) -> (Value, u16, Value) {
    let mut service = Service::start().await;
    service.url = url.to_owned();
    let desk = Desk::before(service, more);
    let session = session();
    let mut client = desk.client(&format!("?session_id={session}")).await;
    let told = client.hear_json().await;
    let (code, reason) = client.closed_with().await.expect("a close");
    let message = told["error"]["message"].as_str().expect("a message");
    assert!(!reason.is_empty() && message.starts_with(&reason), "{reason}: {message}");
    let call = desk.closed(&session);
    assert!(!desk.daemon.log().contains("sk-secret"));
    (told, code, call)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_cannot_be_used_is_told_to_the_client_and_leaves_a_ticket() {
    let port = {
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        free.local_addr().expect("an address").port()
    };
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let silent_url = format!("ws://{}", silent.local_addr().expect("an address"));
    let (unauthorized, overloaded) = (Service::refusing(401).await, Service::refusing(503).await);
    let untrusted = Service::with_tls().await;
    for (url, more, code, why) in [
        (unauthorized.url.as_str(), "", 1011, "HTTP 401, DeploymentNotFound"),
        (&overloaded.url, "", 1013, "HTTP 503"),
        (&format!("ws://127.0.0.1:{port}"), "", 1013, "refused"),
        (&untrusted.url, "", 1011, "TLS with localhost failed"),
        (&silent_url, "connect_timeout = \"1s\"\n", 1013, "did not answer within 1 s"),
        ("ws://no-such-host.invalid", "", 1013, "no-such-host.invalid"),
    ] {
        let (told, closed, call) = refused(url, more).await;
        assert_eq!(told["type"], "error", "{url}");
        assert_eq!(told["error"]["code"], "upstream_unavailable", "{url}");
        assert_eq!(closed, code, "{url}: {told}");
        let message = told["error"]["message"].as_str().expect("a message");
        let summary = call["ticket"]["summary"].as_str().expect("a summary");
        for text in [message, summary] {
            assert!(text.contains(why), "{url}: {text}");
        }
        let id = call["ticket"]["ticket_id"].as_str().expect("ticket_id");
        assert!(id.starts_with("GXS-"), "{call}");
    }
}

/// The limit counts calls of every door; the proxy's own count holds while the store cannot count.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_over_the_limit_of_open_calls_is_ended_and_says_why() {
    for by_relay in [true, false] {
        let desk = Desk::before(Service::start().await, "[calls]\nmax_open = 1\n");
        let mut first = None;
        if by_relay {
            let bearer = format!("Bearer {}", desk.ingest);
            let headers =
                [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
            let body = br#"{"session_id": "of-a-relay"}"#;
            assert_eq!(desk.daemon.request("POST", "/api/calls", &headers, body).status, 201);
        } else {
            first = Some(desk.call(&session()).await);
        }
        let mut second = desk.client("").await;
        let told = second.hear_json().await;
        let (code, reason) = second.closed_with().await.expect("a close");
        assert_eq!((code, &told["type"]), (1013, &"error".into()));
        let message = told["error"]["message"].as_str().expect("a message");
        assert!(message.contains("calls.max_open") && message.starts_with(&reason), "{message}");
        drop(first);
    }
}
