//! Asterisk: events of its REST interface (ARI, JSON) and of its manager interface (AMI, blocks of `Name: value`), posted
//! by a small forwarder, one or many at once. A call is known by its first channel; other legs are not calls.

use serde_json::Value;

use super::case::{MAX_LABEL, id, label};
use super::json;
use super::report::{Delivery, Report, digits};

/// The most events of one delivery that are read.
pub const MAX_EVENTS: usize = 1000;

/// Every event of a body: a JSON object, an array of them, one a line, or AMI's blocks. The error says why a JSON body
/// is none.
pub fn parse(body: &[u8]) -> Result<Vec<Delivery>, String> {
    let body = body.trim_ascii();
    if matches!(body.first(), Some(b'{' | b'[')) {
        let lines = match json::from_bytes(body) {
            Ok(Value::Array(events)) => events,
            Ok(event) => vec![event],
            Err(error) => by_line(body).ok_or_else(|| error.to_string())?,
        };
        return Ok(lines.iter().take(MAX_EVENTS).map(ari).collect());
    }
    let text = std::str::from_utf8(body).map_err(|e| e.to_string())?;
    let text = text.replace("\r\n", "\n");
    let blocks = text.split("\n\n").map(str::trim).filter(|block| !block.is_empty());
    Ok(blocks.take(MAX_EVENTS).map(ami).collect())
}

fn by_line(body: &[u8]) -> Option<Vec<Value>> {
    let lines = body.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let events: Option<Vec<Value>> =
        lines.take(MAX_EVENTS).map(|line| json::from_bytes(line).ok()).collect();
    events.filter(|events| events.len() > 1)
}

fn ari(event: &Value) -> Delivery {
    let kind = label(event.get("type")).unwrap_or_default();
    let ended = match kind.as_str() {
        "StasisStart" => false,
        "StasisEnd" | "ChannelDestroyed" => true,
        "" => return Delivery::Empty("type: the kind of the event is needed"),
        _ => return Delivery::Skipped("unknown_event"),
    };
    let nothing = Value::Null;
    let channel = event.get("channel").unwrap_or(&nothing);
    let Some(call) = id(channel.get("id")) else {
        return Delivery::Empty("channel.id: the id of the channel is needed");
    };
    let caller = channel.get("caller").unwrap_or(&nothing);
    let dialplan = channel.get("dialplan").unwrap_or(&nothing);
    let details =
        [("line", label(dialplan.get("exten"))), ("ended_reason", label(event.get("cause_txt")))];
    Delivery::Report(Box::new(Report {
        call,
        event: kind,
        name: label(caller.get("name")),
        phone: label(caller.get("number")).as_deref().and_then(digits),
        ended,
        details: details.into_iter().filter_map(|(name, value)| Some((name, value?))).collect(),
        ..Report::default()
    }))
}

fn ami(block: &str) -> Delivery {
    let get = |name: &str| {
        let mut lines = block.lines().filter_map(|line| line.split_once(':'));
        let found = lines.find(|(n, _)| n.trim().eq_ignore_ascii_case(name))?;
        let value = found.1.trim();
        let known = !value.is_empty() && value != "<unknown>";
        known.then(|| value.chars().take(MAX_LABEL).collect::<String>())
    };
    let ended = match get("Event").as_deref() {
        Some("Newchannel") => false,
        Some("Hangup") => true,
        Some(_) => return Delivery::Skipped("unknown_event"),
        None => return Delivery::Empty("Event: the name of the event is needed"),
    };
    let Some(leg) = get("Uniqueid") else {
        return Delivery::Empty("Uniqueid: the id of the channel is needed");
    };
    if get("Linkedid").is_some_and(|call| call != leg) {
        return Delivery::Skipped("leg");
    }
    let details = [("line", get("Exten")), ("ended_reason", get("Cause-txt"))];
    Delivery::Report(Box::new(Report {
        call: leg,
        event: if ended { "Hangup".into() } else { "Newchannel".into() },
        name: get("CallerIDName"),
        phone: get("CallerIDNum").as_deref().and_then(digits),
        ended,
        details: details.into_iter().filter_map(|(name, value)| Some((name, value?))).collect(),
        ..Report::default()
    }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const AMI: &str = include_str!("../../tests/fixtures/i_calls/asterisk_ami_call.txt");
    const ARI: &str = include_str!("../../tests/fixtures/i_calls/asterisk_ari_events.jsonl");

    fn reports(body: &str) -> Vec<Report> {
        let told = parse(body.as_bytes()).expect("events").into_iter();
        let report = |one| if let Delivery::Report(report) = one { Some(*report) } else { None };
        told.filter_map(report).collect()
    }

    #[test]
    fn both_interfaces_tell_of_the_same_call() {
        for body in [AMI.to_owned(), ARI.to_owned(), AMI.replace("\r\n", "\n")] {
            let told = reports(&body);
            assert!(told.iter().all(|report| report.call == "1769596200.41"), "{told:?}");
            assert_eq!(told[0].phone.as_deref(), Some("6591234567"));
            assert!(!told[0].ended && told.last().is_some_and(|report| report.ended));
        }
    }

    #[test]
    fn another_leg_is_no_call() {
        let leg = AMI.replace("Uniqueid: 1769596200.41", "Uniqueid: 1769596200.42");
        assert_eq!(reports(&leg), []);
    }

    #[test]
    fn what_is_no_event_is_told() {
        assert!(parse(b"{\"type\":").is_err());
        assert!(parse(b"\xff\xfe").is_err());
        assert!(matches!(parse(b"{}").expect("JSON")[..], [Delivery::Empty(_)]));
        assert!(matches!(parse(b"hello").expect("text")[..], [Delivery::Empty(_)]));
    }

    proptest! {
        #[test]
        fn mutated_events_are_read_without_a_panic(
            of_ari in any::<bool>(), at in 0_usize..900, with in "\\PC{0,8}", cut in 0_usize..40,
        ) {
            let mut body = if of_ari { ARI.to_owned() } else { AMI.to_owned() };
            let at = (0..=at).rev().find(|at| body.is_char_boundary(*at)).unwrap_or(0);
            body.replace_range(at..(at + cut).min(body.len()), &with);
            let _ = parse(body.as_bytes());
        }
    }
}
