//! Intercom's bodies, the seed's among them, and mutations of them.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::wire::mutation::{junk, replace};

const SAMPLES: [&str; 7] = [
    include_str!("../../tests/fixtures/f_intercom/seed_example.json"),
    include_str!("../../tests/fixtures/f_intercom/conversation_user_created.json"),
    include_str!("../../tests/fixtures/f_intercom/conversation_user_replied.json"),
    include_str!("../../tests/fixtures/f_intercom/conversation_admin_replied.json"),
    include_str!("../../tests/fixtures/f_intercom/conversation_admin_noted.json"),
    include_str!("../../tests/fixtures/f_intercom/conversation_admin_closed.json"),
    include_str!("../../tests/fixtures/f_intercom/ping.json"),
];

fn sample(nth: usize) -> Value {
    serde_json::from_str(SAMPLES[nth]).expect("JSON")
}

fn case(body: &Value) -> Case {
    match parse(body) {
        Delivery::Case(case) => *case,
        other => panic!("{other:?}"),
    }
}

/// S1.16
#[test]
fn the_seeds_conversation_is_read() {
    let case = case(&sample(0));
    assert_eq!(case.description.as_deref(), Some("I need help with my order"));
    assert_eq!(case.requester.email.as_deref(), Some("user@example.com"));
    assert_eq!(case.requester.name.as_deref(), Some("User Name"));
    assert_eq!((case.id, case.subject), (None, None));
}

#[test]
fn every_notification_of_a_conversation_tells_how_it_began() {
    for nth in 1..6 {
        let case = case(&sample(nth));
        assert_eq!(case.id.as_deref(), Some("215469000000101"));
        assert_eq!(case.description.as_deref(), Some("My order never arrived.\nOrder #77"));
        assert_eq!(case.requester.id.as_deref(), Some("6329bd9ffe4e2e91dac76188"));
        assert_eq!(case.requester.email.as_deref(), Some("iris.cole@example.com"));
    }
}

#[test]
fn replies_notes_and_the_end_are_told_apart() {
    let said = |nth: usize| {
        let turn = case(&sample(nth)).turns.remove(0);
        (turn.side, turn.private, turn.text)
    };
    assert_eq!(said(2), (Side::Customer, false, "Any news?".into()));
    assert_eq!(said(3), (Side::Agent, false, "Hi Iris, looking into it & back soon.".into()));
    assert_eq!(said(4), (Side::Agent, true, "Courier lost it, refund".into()));
    let closed = case(&sample(5));
    assert!(closed.turns.is_empty(), "closing has no words");
    let state = State { step: Step::Closed, at: Some(1_769_597_100_000_000) };
    assert_eq!(closed.state, Some(state));
}

#[test]
fn pings_and_unknown_topics_are_passed_over() {
    assert_eq!(parse(&sample(6)), Delivery::Skipped("ping"));
    let of = |topic: &str| {
        parse(&json!({"type": "notification_event", "topic": topic, "data": {"item": {"id": "1"}}}))
    };
    assert_eq!(of("contact.created"), Delivery::Skipped("unknown_topic"));
    assert_eq!(of("conversation.deleted"), Delivery::Skipped("conversation_deleted"));
    assert!(matches!(of("conversation.user.replied"), Delivery::Case(_)));
    assert!(matches!(parse(&json!({"topic": "conversation.user.created"})), Delivery::Empty(_)));
    assert_eq!(parse(&json!({})), Delivery::Skipped("unknown_topic"));
}

#[test]
fn a_message_of_files_only_has_words_all_the_same() {
    let mut body = sample(2);
    let part = &mut body["data"]["item"]["conversation_parts"]["conversation_parts"][0];
    part["body"] = Value::Null;
    part["attachments"] = json!([{"type": "upload", "name": "receipt.pdf"}]);
    assert_eq!(case(&body).turns[0].text, "[File: receipt.pdf]");
}

#[test]
fn a_lead_without_name_and_mail_is_a_customer() {
    let mut body = sample(1);
    body["data"]["item"]["source"]["author"] =
        json!({"type": "lead", "id": "L1", "name": "", "email": ""});
    let case = case(&body);
    assert_eq!(case.requester, Person { id: Some("L1".into()), name: None, email: None });
}

proptest! {
    #[test]
    fn a_mutated_body_is_read_without_a_panic(
        nth in 0..SAMPLES.len(),
        changes in prop::collection::vec((0_usize..90, junk()), 1..6),
    ) {
        let mut body = sample(nth);
        for (at, part) in &changes {
            replace(&mut body, &mut at.clone(), part);
        }
        if let Delivery::Case(case) = parse(&body) {
            prop_assert!(case.turns.iter().all(|turn| !turn.text.is_empty()));
        }
    }
}
