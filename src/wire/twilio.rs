//! Twilio's status callbacks of a call: a form a step, `queued` to `completed`.

use super::form;
use super::report::{Delivery, Report, digits};

/// Steps after which nothing more is said.
const ENDS: [&str; 5] = ["completed", "busy", "failed", "no-answer", "canceled"];
const MAX_ID: usize = 100;

/// `pairs` are the names and values of the form.
pub fn parse(pairs: &[(String, String)]) -> Delivery {
    let get = |name: &str| form::value(pairs, name);
    let Some(call) = get("CallSid").filter(|sid| sid.len() <= MAX_ID) else {
        return Delivery::Empty("CallSid: the id of the call is needed");
    };
    // The other leg of a call that is known by its parent.
    if get("ParentCallSid").is_some() {
        return Delivery::Skipped("leg");
    }
    let status = get("CallStatus").unwrap_or_default().to_lowercase();
    let direction = get("Direction").unwrap_or_default();
    let outbound = direction.starts_with("outbound");
    let (customer, ours) = if outbound { ("To", "From") } else { ("From", "To") };
    let ended = ENDS.contains(&status.as_str());
    let details = [
        ("direction", Some(direction)),
        ("line", get(ours)),
        ("call_status", Some(status.as_str())),
        ("duration_seconds", get("CallDuration")),
        ("recording_url", get("RecordingUrl")),
    ];
    let kept = details.into_iter().filter_map(|(name, value)| Some((name, cut(value?))));
    Delivery::Report(Box::new(Report {
        call: call.to_owned(),
        event: format!("{}:{status}", cut(get("SequenceNumber").unwrap_or_default())),
        name: get("CallerName").map(cut),
        phone: get(customer).and_then(digits),
        ended,
        details: if ended {
            kept.filter(|(_, value)| !value.is_empty()).collect()
        } else {
            Vec::new()
        },
        ..Report::default()
    }))
}

fn cut(text: &str) -> String {
    text.chars().take(super::case::MAX_LABEL).collect()
}

/// What Twilio signs besides the address: every name with its value, sorted.
pub fn signed(pairs: &[(String, String)]) -> String {
    let mut sorted: Vec<_> = pairs.iter().collect();
    sorted.sort();
    sorted.dedup();
    sorted.into_iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn report(name: &str) -> Report {
        let body = match name {
            "ringing" => include_str!("../../tests/fixtures/i_calls/twilio_status_0_ringing.form"),
            "in-progress" => {
                include_str!("../../tests/fixtures/i_calls/twilio_status_1_in-progress.form")
            }
            _ => include_str!("../../tests/fixtures/i_calls/twilio_status_2_completed.form"),
        };
        match parse(&form::pairs(body.trim_end().as_bytes())) {
            Delivery::Report(report) => *report,
            other => panic!("{name}: {other:?}"),
        }
    }

    #[test]
    fn a_call_is_known_by_its_sid_and_ends_when_completed() {
        for name in ["ringing", "in-progress", "completed"] {
            let report = report(name);
            assert_eq!(report.call, "CAfixture00000000000000000000001");
            assert_eq!(report.phone.as_deref(), Some("6591234567"));
            assert_eq!(report.ended, name == "completed");
        }
        let told = report("completed").details;
        assert!(told.contains(&("duration_seconds", "63".into())), "{told:?}");
    }

    #[test]
    fn of_an_outbound_call_the_customer_is_who_was_called() {
        let body = b"CallSid=CA1&CallStatus=no-answer&Direction=outbound-api&From=%2B6562220000&To=%2B6591234567";
        let Delivery::Report(report) = parse(&form::pairs(body)) else { panic!("a report") };
        assert_eq!((report.phone.as_deref(), report.ended), (Some("6591234567"), true));
    }

    #[test]
    fn legs_and_forms_without_a_call_are_no_calls() {
        assert_eq!(
            parse(&form::pairs(b"CallSid=CA2&ParentCallSid=CA1&CallStatus=completed")),
            Delivery::Skipped("leg")
        );
        assert!(matches!(parse(&form::pairs(b"MessageSid=SM1")), Delivery::Empty(_)));
    }

    proptest! {
        #[test]
        fn any_form_is_read_without_a_panic(
            status in "\\PC{0,12}", sid in "\\PC{0,8}", from in "\\PC{0,20}", tail in prop::collection::vec(any::<u8>(), 0..60),
        ) {
            let head = format!("CallSid={sid}&CallStatus={status}&From={from}&");
            let pairs = form::pairs(&[head.as_bytes(), &tail[..]].concat());
            let _ = (parse(&pairs), signed(&pairs));
        }
    }
}
