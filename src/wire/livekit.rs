//! LiveKit's webhooks: a room is a call, the participant who came by telephone its customer.

use serde_json::Value;

use super::case::{id, label};
use super::report::{Delivery, Report, digits};

pub fn parse(body: &Value) -> Delivery {
    let Some(event) = label(body.get("event")) else {
        return Delivery::Empty("event: the name of the event is needed");
    };
    if !matches!(event.as_str(), "participant_joined" | "room_finished") {
        return Delivery::Skipped("unknown_event");
    }
    let room = body.get("room").unwrap_or(&Value::Null);
    let Some(call) = id(room.get("sid")) else {
        return Delivery::Empty("room.sid: the id of the room is needed");
    };
    let nobody = Value::Null;
    let participant = body.get("participant").unwrap_or(&nobody);
    // Voice agents and recorders join rooms, too.
    let kind = label(participant.get("kind")).unwrap_or_default();
    if event == "participant_joined" && matches!(kind.as_str(), "AGENT" | "EGRESS" | "INGRESS") {
        return Delivery::Skipped("no_customer");
    }
    let attributes = participant.get("attributes").unwrap_or(&nobody);
    let told = |name: &str| label(attributes.get(name));
    let phone = told("sip.phoneNumber").as_deref().and_then(digits);
    let details = [
        ("room", label(room.get("name"))),
        ("sip_call_id", told("sip.callID")),
        ("line", told("sip.trunkPhoneNumber")),
    ];
    let ended = event == "room_finished";
    Delivery::Report(Box::new(Report {
        call,
        event: id(body.get("id")).unwrap_or(event),
        name: label(participant.get("name")),
        phone,
        ended,
        details: details.into_iter().filter_map(|(name, value)| Some((name, value?))).collect(),
        ..Report::default()
    }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::wire::mutation::{junk, replace};

    fn fixture(text: &str) -> Report {
        match parse(&serde_json::from_str(text).expect("JSON")) {
            Delivery::Report(report) => *report,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn joining_and_finishing_are_one_call() {
        let joined =
            fixture(include_str!("../../tests/fixtures/i_calls/livekit_participant_joined.json"));
        let finished =
            fixture(include_str!("../../tests/fixtures/i_calls/livekit_room_finished.json"));
        assert_eq!(
            (&*joined.call, joined.phone.as_deref()),
            ("RM_fixture0001", Some("6591234567"))
        );
        assert!(joined.details.contains(&("sip_call_id", "SCL_fixture01".into())));
        assert_eq!((finished.call, finished.ended, joined.ended), (joined.call, true, false));
    }

    #[test]
    fn agents_and_tracks_are_nobodys_calls() {
        let agent = json!({"event": "participant_joined", "room": {"sid": "R"}, "participant": {"kind": "AGENT"}});
        assert_eq!(parse(&agent), Delivery::Skipped("no_customer"));
        assert_eq!(parse(&json!({"event": "track_published"})), Delivery::Skipped("unknown_event"));
        assert!(matches!(parse(&json!({"event": "room_finished"})), Delivery::Empty(_)));
        assert!(matches!(parse(&json!([])), Delivery::Empty(_)));
    }

    proptest! {
        #[test]
        fn a_mutated_body_is_read_without_a_panic(
            nth in 0_usize..2,
            changes in prop::collection::vec((0_usize..70, junk()), 1..6),
        ) {
            let samples = [include_str!("../../tests/fixtures/i_calls/livekit_participant_joined.json"),
            include_str!("../../tests/fixtures/i_calls/livekit_room_finished.json")];
            let mut body: Value = serde_json::from_str(samples[nth]).expect("JSON");
            for (at, part) in &changes {
                replace(&mut body, &mut at.clone(), part);
            }
            if let Delivery::Report(report) = parse(&body) {
                prop_assert!(!report.call.is_empty());
            }
        }
    }
}
