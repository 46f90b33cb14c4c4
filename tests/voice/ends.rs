//! How calls through the proxy end, by whoever ends them.

use tokio_tungstenite::tungstenite::Message;

use crate::speech::{agent_turn, user_turn};
use crate::{Desk, eventually, lines, said, session};

#[tokio::test(flavor = "multi_thread")]
async fn a_close_passes_with_its_code_and_reason_whoever_closes() {
    let desk = Desk::new().await;
    for (code, reason) in [
        (1000, "goodbye"),
        (1001, ""),
        (1008, "policy"),
        (1011, "the model fell over"),
        (3000, "registered"),
        (4000, "beta_api_shape_disabled"),
    ] {
        let told = Some((code, reason.to_owned()));
        let (mut client, mut service) = desk.call(&session()).await;
        service.end.close(code, reason).await;
        assert_eq!(client.closed_with().await, told, "the service's");
        assert_eq!(service.end.closed_with().await, told, "and its answer");

        let (mut client, mut service) = desk.call(&session()).await;
        client.close(code, reason).await;
        assert_eq!(service.end.closed_with().await, told, "the client's");
        assert_eq!(client.closed_with().await, told, "and its answer");
    }
    let (mut client, mut service) = desk.call(&session()).await;
    client.send(Message::Close(None)).await;
    assert_eq!(service.end.closed_with().await, None, "a close without a code");
    assert_eq!(client.closed_with().await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_service_says_while_the_client_closes_is_recorded() {
    let desk = Desk::new().await;
    let session = session();
    let (mut client, mut service) = desk.call(&session).await;
    client.close(1000, "").await;
    // Not answered yet: the service finishes its sentence first.
    for event in user_turn("item_1", None, "Last words.") {
        service.end.say(&event).await;
    }
    service.end.closed_with().await;
    client.closed_with().await;
    assert_eq!(lines(&desk.closed(&session)), said([("user", "Last words.")]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_breaks_off_goes_on_in_the_same_ticket() {
    let desk = Desk::new().await;
    let session = session();
    let (mut client, mut service) = desk.call(&session).await;
    for event in agent_turn("item_1", None, "Hello.") {
        service.end.say(&event).await;
        client.hear().await;
    }
    drop(client);
    let told = service.end.closed_with().await.expect("a close");
    assert_eq!(told.0, 1001, "the service learns that its caller is gone");
    let (mut client, mut service) = desk.call(&session).await;
    for event in user_turn("item_2", None, "I am back.") {
        service.end.say(&event).await;
        client.hear().await;
    }
    client.close(1000, "").await;
    client.closed_with().await;
    let expected = said([("agent", "Hello."), ("user", "I am back.")]);
    assert_eq!(lines(&desk.closed(&session)), expected);
}

/// S0.2
#[tokio::test(flavor = "multi_thread")]
async fn a_second_client_of_a_session_whose_first_one_lives_is_another_call() {
    let desk = Desk::new().await;
    let session = session();
    let (mut first, _first_service) = desk.call(&session).await;
    desk.when(&session, "the first call", |_| true);
    // It answers the daemon's question whether it lives, as every library does.
    let alive = tokio::spawn(async move { first.closed_with().await });
    let (_second, _second_service) = desk.call(&session).await;
    eventually("another call", || (desk.calls(&session).len() == 2).then_some(()));
    assert!(!alive.is_finished(), "the first one goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_breaks_off_is_told_to_the_client_and_to_the_ticket() {
    let desk = Desk::before(crate::Service::start().await, "[calls]\nresume_grace = \"0s\"\n");
    let session = session();
    let (mut client, service) = desk.call(&session).await;
    drop(service);
    let told = client.hear_json().await;
    assert_eq!((&told["type"], &told["error"]["code"]), (&"error".into(), &"call_ended".into()));
    let (code, reason) = client.closed_with().await.expect("a close");
    assert_eq!(code, 1011);
    assert!(reason.contains("the speech service broke"), "{reason}");
    let call = desk.closed(&session);
    let summary = call["ticket"]["summary"].as_str().expect("a summary");
    assert!(summary.contains("the speech service broke"), "{summary}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_over_the_limit_ends_its_call_alone() {
    let desk = Desk::before(crate::Service::start().await, "max_frame = \"64 KiB\"\n");
    let (mut other, mut other_service) = desk.call(&session()).await;
    let (mut client, mut service) = desk.call(&session()).await;
    client.send(Message::binary(vec![0; 65_537])).await;
    let (code, reason) = client.closed_with().await.expect("a close");
    assert_eq!(code, 1009);
    assert!(reason.contains("realtime.max_frame"), "{reason}");
    assert_eq!(service.end.closed_with().await.expect("a close").0, 1001);
    other.send(Message::binary(vec![0; 65_536])).await;
    assert_eq!(other_service.end.hear().await, Message::binary(vec![0; 65_536]));
}

/// A stop puts calls down as it does a relay's: they go on after it.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_keeps_what_was_said_and_tells_both_sides() {
    let mut desk = Desk::new().await;
    let session = session();
    let (mut client, mut service) = desk.call(&session).await;
    for event in agent_turn("item_1", None, "Hello.") {
        service.end.say(&event).await;
    }
    client.hear().await;
    client.hear().await;
    let both =
        tokio::spawn(async move { (client.closed_with().await, service.end.closed_with().await) });
    desk.daemon.terminate();
    let (to_client, to_service) = both.await.expect("both are told");
    assert_eq!(to_client.expect("a close").0, 1012);
    assert_eq!(to_service.expect("a close").0, 1001);
    desk.daemon.restart();
    let call = desk.calls(&session).pop().expect("the call");
    assert_eq!(lines(&call), said([("agent", "Hello.")]));
    assert_eq!(call["ticket"]["status"], "open", "its client may come back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_whose_token_is_revoked_is_cut_off_and_the_ticket_says_so() {
    let desk = Desk::new().await;
    let session = session();
    let (mut client, mut service) = desk.call(&session).await;
    for event in agent_turn("item_1", None, "Hello.") {
        service.end.say(&event).await;
        client.hear().await;
    }
    let bearer = format!("Bearer {}", desk.daemon.token("admin"));
    let headers = [("Authorization", bearer.as_str())];
    let listed = desk.daemon.request("GET", "/api/tokens", &headers, b"").json();
    let tokens = listed["tokens"].as_array().expect("tokens").iter();
    let mut theirs = tokens.filter(|token| token["name"] == "ingest").map(|token| &token["id"]);
    let path = format!("/api/tokens/{}", theirs.next_back().expect("the token"));
    let answer = desk.daemon.request("DELETE", &path, &headers, b"");
    assert!(answer.status < 300, "{}", answer.text());
    let told = client.closed_with().await.expect("a close");
    assert_eq!(told.0, 1008, "{told:?}");
    assert_eq!(service.end.closed_with().await.map(|told| told.0), Some(1001));
    let call = desk.when(&session, "what was said", |call| lines(call).len() == 1);
    assert_eq!(lines(&call), said([("agent", "Hello.")]));
    let path =
        format!("/api/tickets/{}/timeline", call["ticket"]["ticket_id"].as_str().expect("an id"));
    eventually("the ticket to say why", || {
        desk.get(&path).text().contains("its token was revoked").then_some(())
    });
}
