//! OpenAI's `realtime.call.incoming`: a caller has reached a project over SIP.

use serde_json::Value;

use super::case::{id, label};
use super::report::{Delivery, Report, digits};

const INCOMING: &str = "realtime.call.incoming";

pub fn parse(body: &Value) -> Delivery {
    match label(body.get("type")).as_deref() {
        Some(INCOMING) => {}
        Some(_) => return Delivery::Skipped("unknown_event"),
        None => return Delivery::Empty("type: the kind of the event is needed"),
    }
    let data = body.get("data").unwrap_or(&Value::Null);
    let Some(call) = id(data.get("call_id")) else {
        return Delivery::Empty("data.call_id: the id of the call is needed");
    };
    let headers = data.get("sip_headers").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let header = |wanted: &str| {
        let named =
            |h: &&Value| label(h.get("name")).is_some_and(|n| n.eq_ignore_ascii_case(wanted));
        headers.iter().find(named).and_then(|h| label(h.get("value")))
    };
    let (name, phone) = header("From").map(|from| party(&from)).unwrap_or_default();
    let details = [("sip_call_id", header("Call-ID")), ("line", header("To"))];
    Delivery::Report(Box::new(Report {
        call,
        event: id(body.get("id")).unwrap_or_else(|| INCOMING.into()),
        name,
        phone,
        details: details.into_iter().filter_map(|(name, value)| Some((name, value?))).collect(),
        ..Report::default()
    }))
}

/// Name and number of a SIP party: `"Lim" <sip:+6591234567@host>;tag=1`.
fn party(text: &str) -> (Option<String>, Option<String>) {
    let (name, uri) = text.split_once('<').unwrap_or(("", text));
    let name = name.trim().trim_matches('"').trim();
    ((!name.is_empty()).then(|| name.to_owned()), digits(uri))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::wire::mutation::{junk, replace};

    #[test]
    fn an_incoming_call_tells_who_calls() {
        let text = include_str!("../../tests/fixtures/i_calls/openai_realtime_call_incoming.json");
        let Delivery::Report(told) = parse(&serde_json::from_str(text).expect("JSON")) else {
            panic!("a report")
        };
        assert_eq!(told.call, "rtc_fixture0000000000000001");
        assert_eq!(
            (told.name.as_deref(), told.phone.as_deref()),
            (Some("Lim"), Some("6591234567"))
        );
        assert!(!told.ended && told.details.contains(&("sip_call_id", "fixture-call-id-1".into())));
        assert_eq!(party("<sip:anonymous@x>"), (None, None));
    }

    #[test]
    fn other_events_are_passed_over() {
        assert_eq!(
            parse(&json!({"type": "response.completed"})),
            Delivery::Skipped("unknown_event")
        );
        assert!(matches!(parse(&json!({"type": INCOMING})), Delivery::Empty(_)));
        assert!(matches!(parse(&json!({})), Delivery::Empty(_)));
    }

    proptest! {
        #[test]
        fn a_mutated_body_is_read_without_a_panic(
            changes in prop::collection::vec((0_usize..70, junk()), 1..6),
        ) {
            let sample = include_str!("../../tests/fixtures/i_calls/openai_realtime_call_incoming.json");
            let mut body: Value = serde_json::from_str(sample).expect("JSON");
            for (at, part) in &changes {
                replace(&mut body, &mut at.clone(), part);
            }
            if let Delivery::Report(report) = parse(&body) {
                prop_assert!(!report.call.is_empty());
            }
        }
    }
}
