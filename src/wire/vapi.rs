//! Vapi's server messages: the report at the end of a call bears all that was said; what comes before only tells that
//! there is a call.

use serde_json::Value;

use super::case::{id, label, words};
use super::report::{Delivery, MAX_TURNS, Report, Tool, Turn, digits};
use super::when;

const REPORT: &str = "end-of-call-report";

pub fn parse(body: &Value) -> Delivery {
    let Some(message) = body.get("message").filter(|message| message.is_object()) else {
        return Delivery::Empty("message: the server message is needed");
    };
    let kind = label(message.get("type")).unwrap_or_default();
    let status = label(message.get("status")).unwrap_or_default();
    match (kind.as_str(), status.as_str()) {
        (REPORT, _) | ("status-update", "queued" | "ringing" | "in-progress") => {}
        _ => return Delivery::Skipped("unknown_message"),
    }
    let nothing = Value::Null;
    let call = message.get("call").unwrap_or(&nothing);
    let Some(call_id) = id(call.get("id")) else {
        return Delivery::Empty("message.call.id: the id of the call is needed");
    };
    let customer = message.get("customer").or_else(|| call.get("customer")).unwrap_or(&nothing);
    let report = Report {
        call: call_id,
        event: if kind == REPORT { kind.clone() } else { format!("{kind}:{status}") },
        name: label(customer.get("name")),
        phone: label(customer.get("number")).as_deref().and_then(digits),
        ..Report::default()
    };
    Delivery::Report(Box::new(if kind == REPORT { whole(message, report) } else { report }))
}

fn whole(message: &Value, report: Report) -> Report {
    let nothing = Value::Null;
    let artifact = message.get("artifact").unwrap_or(&nothing);
    let find = |name: &str| artifact.get(name).or_else(|| message.get(name));
    let mut turns = turns(find("messages").and_then(Value::as_array).map_or(&[], Vec::as_slice));
    if turns.is_empty() {
        turns = transcript(&words(find("transcript")).unwrap_or_default());
    }
    let summary = message.get("analysis").and_then(|analysis| words(analysis.get("summary")));
    let details = [
        ("ended_reason", label(message.get("endedReason"))),
        ("started_at", label(message.get("startedAt"))),
        ("ended_at", label(message.get("endedAt"))),
        ("recording_url", words(find("recordingUrl"))),
    ];
    Report {
        turns,
        summary: summary.or_else(|| words(message.get("summary"))),
        ended: true,
        details: details.into_iter().filter_map(|(name, value)| Some((name, value?))).collect(),
        ..report
    }
}

/// What was said, in order; a tool's answer goes to its call. The system's words are no turn.
fn turns(messages: &[Value]) -> Vec<Turn> {
    let mut turns: Vec<Turn> = Vec::new();
    for message in messages.iter().take(MAX_TURNS) {
        let at = message.get("time").and_then(when::micros);
        let text = words(message.get("message")).or_else(|| words(message.get("content")));
        match label(message.get("role")).unwrap_or_default().as_str() {
            "tool_calls" => {
                let calls = message.get("toolCalls").and_then(Value::as_array);
                let tools: Vec<Tool> =
                    calls.into_iter().flatten().take(MAX_TOOLS).map(tool).collect();
                if !tools.is_empty() {
                    turns.push(Turn { by_customer: false, text: String::new(), at, tools });
                }
            }
            "tool_call_result" | "tool" => {
                let answered = id(message.get("toolCallId"));
                let tools = turns.iter_mut().flat_map(|turn| &mut turn.tools);
                let asked = tools
                    .into_iter()
                    .find(|t| t.output.is_none() && t.id.is_some() && t.id == answered);
                if let Some(tool) = asked {
                    tool.output = message.get("result").map(as_text);
                }
            }
            role @ ("user" | "bot" | "assistant") => {
                let by_customer = role == "user";
                turns.extend(text.map(|text| Turn { by_customer, text, at, tools: Vec::new() }));
            }
            _ => {}
        }
    }
    turns
}

const MAX_TOOLS: usize = 64;

fn tool(call: &Value) -> Tool {
    let function = call.get("function").unwrap_or(call);
    Tool {
        id: id(call.get("id")),
        name: label(function.get("name")).unwrap_or_else(|| "unknown".into()),
        arguments: function.get("arguments").map(as_text).unwrap_or_default(),
        output: None,
    }
}

/// JSON that may have come as text.
fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// `AI: …` and `User: …` a line; a line of neither goes on with the one before.
fn transcript(text: &str) -> Vec<Turn> {
    let mut turns: Vec<Turn> = Vec::new();
    for line in text.lines() {
        let said = [("User: ", true), ("AI: ", false), ("Bot: ", false), ("Assistant: ", false)];
        let said = said.into_iter().find_map(|(who, c)| Some((line.strip_prefix(who)?, c)));
        if let Some((words, by_customer)) = said {
            if !words.trim().is_empty() && turns.len() < MAX_TURNS {
                turns.push(Turn {
                    by_customer,
                    text: words.to_owned(),
                    at: None,
                    tools: Vec::new(),
                });
            }
        } else if let Some(last) = turns.last_mut() {
            last.text.push('\n');
            last.text.push_str(line);
        }
    }
    turns
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::wire::mutation::{junk, replace};

    fn report(body: &Value) -> Report {
        match parse(body) {
            Delivery::Report(report) => *report,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_report_at_the_end_tells_the_whole_call() {
        let text = include_str!("../../tests/fixtures/i_calls/vapi_end_of_call_report.json");
        let told = report(&serde_json::from_str(text).expect("JSON"));
        assert_eq!(told.call, "0195fixt-0000-4000-8000-000000000001");
        assert_eq!(
            (told.phone.as_deref(), told.name.as_deref()),
            (Some("6591234567"), Some("Lim"))
        );
        let said: Vec<_> =
            told.turns.iter().map(|t| (t.by_customer, t.text.as_str(), t.tools.len())).collect();
        assert_eq!(
            said,
            [
                (false, "Hi, this is Riley.", 0),
                (true, "My card was declined twice.", 0),
                (false, "", 1),
                (false, "Please check your spending limit in the app.", 0),
            ]
        );
        assert_eq!(told.turns[2].tools[0].output.as_deref(), Some("Check the spending limit."));
        assert_eq!(told.summary.as_deref(), Some("Customer reported two declined card payments."));
        assert!(
            told.ended && told.details.contains(&("ended_reason", "customer-ended-call".into()))
        );
    }

    #[test]
    fn without_messages_the_transcript_is_read() {
        let body = json!({"message": {"type": REPORT, "call": {"id": "c"}, "artifact": {
            "transcript": "AI: Hi.\nUser: Hello,\nit is me.\nAI: \n"}}});
        let turns = report(&body).turns;
        assert_eq!(turns.len(), 2);
        assert_eq!(turns[1].text, "Hello,\nit is me.");
    }

    #[test]
    fn other_messages_are_passed_over() {
        let of = |message: Value| parse(&json!({"message": message}));
        assert_eq!(of(json!({"type": "speech-update"})), Delivery::Skipped("unknown_message"));
        let ended = json!({"type": "status-update", "status": "ended", "call": {"id": "c"}});
        assert_eq!(of(ended), Delivery::Skipped("unknown_message"));
        let running = json!({"message": {"type": "status-update", "status": "in-progress", "call": {"id": "c"}}});
        assert!(!report(&running).ended);
        assert!(matches!(of(json!({"type": REPORT})), Delivery::Empty(_)));
        assert!(matches!(parse(&json!({})), Delivery::Empty(_)));
    }

    proptest! {
        #[test]
        fn a_mutated_body_is_read_without_a_panic(
            changes in prop::collection::vec((0_usize..70, junk()), 1..6),
        ) {
            let sample = include_str!("../../tests/fixtures/i_calls/vapi_end_of_call_report.json");
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
