//! Zendesk's bodies, the seed's among them, and mutations of them.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::wire::case::Case;
use crate::wire::mutation::{junk, replace};

const SAMPLES: [&str; 5] = [
    include_str!("../../tests/fixtures/e_zendesk/seed_example.json"),
    include_str!("../../tests/fixtures/e_zendesk/trigger_custom_all_strings.json"),
    include_str!("../../tests/fixtures/e_zendesk/event_ticket_created.json"),
    include_str!("../../tests/fixtures/e_zendesk/event_comment_added_agent.json"),
    include_str!("../../tests/fixtures/e_zendesk/event_status_changed.json"),
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

/// S1.15
#[test]
fn the_seeds_ticket_is_read() {
    let case = case(&sample(0));
    assert_eq!(case.id.as_deref(), Some("123"));
    assert_eq!(case.subject.as_deref(), Some("Help needed"));
    assert_eq!(case.description.as_deref(), Some("I can't login to my account"));
    assert_eq!(case.requester.email.as_deref(), Some("user@example.com"));
    assert_eq!(case.requester.name.as_deref(), Some("User Name"));
}

#[test]
fn a_trigger_whose_values_are_all_strings_is_read() {
    let case = case(&sample(1));
    assert_eq!((case.id.as_deref(), case.priority.as_deref()), (Some("35436"), Some("high")));
    assert_eq!(case.requester.email.as_deref(), Some("lee.park@example.com"));
    assert_eq!(case.tags, ["billing", "urgent"]);
    assert_eq!(case.state, None, "a new ticket has not moved");
}

#[test]
fn events_tell_of_one_ticket() {
    let [created, comment, solved] = [2, 3, 4].map(|nth| case(&sample(nth)));
    for case in [&created, &comment, &solved] {
        assert_eq!(case.id.as_deref(), Some("5158"));
        assert_eq!(case.requester.id.as_deref(), Some("8447388090494"));
        assert_eq!(case.requester.email, None);
    }
    let said = &comment.turns[0];
    assert_eq!(
        (said.side, said.private, said.id.as_deref()),
        (Side::Agent, false, Some("9876543210"))
    );
    assert_eq!(said.author.as_deref(), Some("Dana Agent"));
    assert_eq!(solved.state.map(|state| state.step), Some(Step::Solved));
    assert!(created.state.is_none() && created.turns.is_empty());
}

#[test]
fn ids_beyond_53_bits_keep_their_digits() {
    let body = json!({"ticket": {"id": 9_007_199_254_740_993_i64, "subject": "x"}});
    assert_eq!(case(&body).id.as_deref(), Some("9007199254740993"));
}

#[test]
fn a_private_comment_is_a_note_and_the_description_is_no_comment() {
    let mut body = sample(3);
    body["event"]["comment"]["is_public"] = json!(false);
    assert!(case(&body).turns[0].private);
    let twice = json!({"ticket": {"id": 1, "description": "Help!", "latest_comment": "Help! "}});
    assert!(case(&twice).turns.is_empty());
    let later = json!({"ticket": {"id": 1, "description": "Help!", "latest_comment": "Any news?"}});
    assert_eq!(case(&later).turns[0].text, "Any news?");
}

#[test]
fn what_tells_of_no_ticket_is_said_so() {
    let of = |kind: &str| {
        parse(&json!({"type": format!("zen:event-type:{kind}"), "detail": {"id": "1"}}))
    };
    assert_eq!(of("user.created"), Delivery::Skipped("unknown_event"));
    assert_eq!(of("ticket.some_future_event"), Delivery::Skipped("unknown_event"));
    for nothing in
        [json!({}), json!({"ticket": {}}), json!([]), json!("x"), json!({"ticket": {"id": ""}})]
    {
        assert!(matches!(parse(&nothing), Delivery::Empty(_)), "{nothing}");
    }
}

proptest! {
    #[test]
    fn a_mutated_body_is_read_without_a_panic(
        nth in 0..SAMPLES.len(),
        changes in prop::collection::vec((0_usize..60, junk()), 1..6),
    ) {
        let mut body = sample(nth);
        for (at, part) in &changes {
            replace(&mut body, &mut at.clone(), part);
        }
        if let Delivery::Case(case) = parse(&body) {
            prop_assert!(case.turns.iter().all(|turn| !turn.text.trim().is_empty()));
        }
    }
}
