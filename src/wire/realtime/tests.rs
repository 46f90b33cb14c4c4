//! Single events: what each brings, and what it must not.

mod recorded;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::*;

const SINGLE: &str = include_str!("../../../tests/fixtures/a_realtime/single_events.jsonl");
const CLIENT: &str = include_str!("../../../tests/fixtures/a_realtime/client_events.jsonl");

#[derive(serde::Deserialize)]
struct Row<'a> {
    #[serde(default)]
    dir: &'a str,
    event: &'a RawValue,
}

/// The events of a recording, byte for byte as a relay would send them.
fn recorded(rows: &str, wanted: impl Fn(&Row<'_>) -> bool) -> Vec<String> {
    let rows = rows.lines().map(|row| serde_json::from_str::<Row<'_>>(row).expect("a row"));
    rows.filter(wanted).map(|row| row.event.get().to_owned()).collect()
}

fn facts(event: &Value) -> Vec<Fact> {
    let frame = parse(&event.to_string()).expect("an object");
    assert_eq!(frame.seq, None);
    frame.event.facts
}

fn said(item: &str, index: u32, speaker: Speaker, text: &str) -> Fact {
    Fact::Said { item: Some(item.into()), index, speaker, text: text.into() }
}

fn placed(item: &str, after: After, kind: ItemKind) -> Fact {
    Fact::Placed { item: item.into(), after, kind }
}

#[test]
fn of_single_events_only_text_output_brings_words() {
    let told: Vec<Fact> = recorded(SINGLE, |_| true)
        .iter()
        .flat_map(|event| parse(event).expect("an event").event.facts)
        .filter(|fact| !matches!(fact, Fact::Piece { .. }))
        .collect();
    let wanted = [
        said("item_PubText000000000001", 0, Speaker::Agent, "Typed reply, no audio."),
        said("item_PubText000000000002", 0, Speaker::Agent, "Typed reply, beta name."),
    ];
    assert_eq!(told, wanted);
}

#[test]
fn of_client_events_without_an_id_a_tools_answer_counts_and_typed_text_is_told_apart() {
    let told: Vec<Fact> = recorded(CLIENT, |_| true)
        .iter()
        .flat_map(|event| parse(event).expect("an event").event.facts)
        .collect();
    let call_id = "call_PubOutput00000001".to_owned();
    let text = "I typed this instead of saying it.".to_owned();
    let typed = Fact::Typed { index: 0, speaker: Speaker::User, text };
    let answered = Fact::ToolAnswered { item: None, call_id, output: "{\"ok\":true}".into() };
    assert_eq!(told, [typed, answered]);
}

#[test]
fn audio_and_pieces_are_known_by_their_type_wherever_it_stands() {
    let audio = "QUJD".repeat(1000);
    for passing in [
        json!({"type": "response.output_audio.delta", "delta": audio}),
        json!({"audio": audio, "type": "input_audio_buffer.append"}),
        json!({"event_id": "e", "nested": {"type": "x"}, "type": "response.function_call_arguments.delta"}),
    ] {
        assert!(is_passing(&passing.to_string()));
    }
    for kept in [
        json!({"type": "response.output_audio_transcript.done", "transcript": "x.delta"}),
        json!({"type": "response.text.delta", "delta": "words"}),
        json!({"delta": "input_audio_buffer.append"}),
        json!({"type": 7}),
        json!(["input_audio_buffer.append"]),
    ] {
        assert!(!is_passing(&kept.to_string()), "{kept}");
    }
    assert!(!is_passing("{\"type\""));
}

#[test]
fn pieces_of_words_are_told_with_their_blanks_and_by_whom() {
    let piece = |kind: &str, delta: &str| json!({"type": kind, "item_id": "i1", "content_index": 2, "delta": delta});
    let told = |speaker, text: &str| Fact::Piece {
        item: "i1".into(),
        index: 2,
        speaker,
        text: text.into(),
    };
    let caller = "conversation.item.input_audio_transcription.delta";
    assert_eq!(facts(&piece(caller, " ")), [told(Speaker::User, " ")]);
    for kind in [
        "response.audio_transcript",
        "response.output_audio_transcript",
        "response.text",
        "response.output_text",
    ] {
        assert_eq!(facts(&piece(&format!("{kind}.delta"), "Of ")), [told(Speaker::Agent, "Of ")]);
    }
    assert_eq!(facts(&piece(caller, "")), []);
    assert_eq!(facts(&json!({"type": caller, "delta": "of no item"})), []);
}

#[test]
fn typed_text_of_the_customer_counts_when_its_item_has_an_id() {
    let typed = json!({"type": "conversation.item.create", "item": {"id": "i1", "type": "message",
        "role": "user", "content": [{"type": "input_text", "text": "My card is gone."}]}});
    assert_eq!(facts(&typed), [said("i1", 0, Speaker::User, "My card is gone.")]);
}

#[test]
fn a_relay_may_number_its_frames() {
    let event =
        json!({"type": "response.text.done", "event_id": "e1", "item_id": "i", "text": "Yes."});
    let frame = parse(&json!({"seq": 7, "event": event}).to_string()).expect("a frame");
    assert_eq!((frame.seq, frame.event.event_id.as_deref()), (Some(7), Some("e1")));
    assert_eq!(frame.event.facts, [said("i", 0, Speaker::Agent, "Yes.")]);
    let labelled = json!({"type": "event", "seq": 8, "event": event}).to_string();
    assert_eq!(
        parse(&labelled).map(|frame| (frame.seq, frame.event.facts.len())),
        Ok((Some(8), 1))
    );
    let unnumbered = json!({"seq": "8", "event": event}).to_string();
    assert_eq!(parse(&unnumbered).map(|frame| (frame.seq, frame.event.facts.len())), Ok((None, 1)));
    let key = r#"{"type":"input_audio_buffer.dtmf_event_received","event":"9","received_at":1}"#;
    let frame = parse(key).expect("an event of the service that has a member called event");
    assert_eq!(frame.event.kind, "input_audio_buffer.dtmf_event_received");
}

#[test]
fn what_is_no_object_is_refused_with_the_place() {
    for (frame, message) in [
        ("{\"type\": }", "a frame must be one JSON object: expected value at line 1 column 10"),
        ("", "a frame must be one JSON object: EOF while parsing a value at line 1 column 0"),
        ("{} {}", "a frame must be one JSON object: trailing characters at line 1 column 4"),
        (
            "{\"seq\": 3, \"event\": \"x\"}",
            "frame with seq 3: `event` must be the service's event, a JSON object; it is a string",
        ),
        (
            "{\"seq\": 3}",
            "frame with seq 3: `event` must be the service's event, a JSON object; it is missing",
        ),
    ] {
        assert_eq!(parse(frame).expect_err(frame).to_string(), message);
    }
    for other in ["[]", "1", "null", "\"text\"", "[{\"type\":\"error\"}]"] {
        let message = parse(other).expect_err(other).to_string();
        assert!(message.contains("expected a JSON object at line 1"), "{message}");
    }
}

/// Quirk 2
#[test]
fn blank_transcripts_are_noise() {
    for transcript in [json!(""), json!(" \n\u{3000}"), Value::Null, json!(17), json!(["x"])] {
        let completed = json!({"type": "conversation.item.input_audio_transcription.completed",
            "item_id": "i", "content_index": 0, "transcript": transcript});
        assert_eq!(facts(&completed), []);
    }
}

#[test]
fn words_are_kept_as_they_came() {
    let text = " مرحبا\u{200f} 👩‍👩‍👧 \u{2028}line\u{0}\n";
    let completed = json!({"type": "conversation.item.input_audio_transcription.completed",
        "item_id": "i", "content_index": 2, "transcript": text});
    assert_eq!(facts(&completed), [said("i", 2, Speaker::User, text)]);
}

#[test]
fn half_an_emoji_does_not_lose_the_line() {
    let cut = r#"{"type":"response.text.done","item_id":"i\udc00","text":"Bye \ud83d","\ud800":1}"#;
    let wanted = said("i\u{FFFD}", 0, Speaker::Agent, "Bye \u{FFFD}");
    assert_eq!(parse(cut).expect("an event").event.facts, [wanted]);
}

#[test]
fn an_item_in_progress_is_placed_and_says_nothing_yet() {
    let added = |status: &str| {
        json!({"type": "conversation.item.added", "previous_item_id": "before", "item": {"id": "i",
            "type": "message", "role": "assistant", "status": status,
            "content": [{"type": "output_audio", "transcript": "Half a sen"}]}})
    };
    let place = || placed("i", After::Item("before".into()), ItemKind::Agent);
    assert_eq!(facts(&added("in_progress")), [place()]);
    let finished = facts(&added("completed"));
    assert_eq!(finished, [place(), said("i", 0, Speaker::Agent, "Half a sen")]);
}

#[test]
fn an_item_may_have_several_parts() {
    let done = json!({"type": "conversation.item.done", "item": {"id": "i", "type": "message",
        "role": "user", "content": [{"type": "input_image", "image_url": "x"}, {"type": "input_text",
        "text": "Look"}, null, 4, {"type": "input_audio", "transcript": "here"}]}});
    let words = [said("i", 1, Speaker::User, "Look"), said("i", 4, Speaker::User, "here")];
    let place = placed("i", After::Unknown, ItemKind::User);
    assert_eq!(facts(&done), [vec![place], words.to_vec()].concat());
}

#[test]
fn where_an_item_stands_is_start_or_item_or_unknown() {
    let committed = |previous: Option<Value>| {
        let mut event = json!({"type": "input_audio_buffer.committed", "item_id": "i"});
        if let Some(previous) = previous {
            event["previous_item_id"] = previous;
        }
        facts(&event)
    };
    let place = |after| [placed("i", after, ItemKind::User)];
    assert_eq!(committed(None), place(After::Unknown));
    assert_eq!(committed(Some(json!(5))), place(After::Unknown));
    assert_eq!(committed(Some(Value::Null)), place(After::Start));
    assert_eq!(committed(Some(json!("root"))), place(After::Start));
    assert_eq!(committed(Some(json!("h"))), place(After::Item("h".into())));
}

#[test]
fn instructions_of_the_system_are_not_said() {
    let created = json!({"type": "conversation.item.created", "previous_item_id": null, "item": {"id": "s",
        "type": "message", "role": "system", "content": [{"type": "input_text", "text": "Be kind."}]}});
    assert_eq!(facts(&created), [placed("s", After::Start, ItemKind::System)]);
}

/// Quirk 4
#[test]
fn a_function_call_is_named_first_and_called_when_its_arguments_are_there() {
    let item = |status: &str, arguments: &str| {
        json!({"id": "i", "type": "function_call", "status": status, "name": "search", "call_id": "c",
            "arguments": arguments})
    };
    let named =
        Fact::ToolNamed { item: Some("i".into()), call_id: "c".into(), name: "search".into() };
    let called = |arguments: &str| Fact::ToolCalled {
        item: Some("i".into()),
        call_id: Some("c".into()),
        name: Some("search".into()),
        arguments: arguments.into(),
    };
    let event = |kind: &str, item: Value| facts(&json!({"type": kind, "item": item}));
    assert_eq!(event("response.output_item.added", item("in_progress", "")), [named]);
    assert_eq!(event("response.output_item.done", item("completed", "")), [called("")]);
    let cut = item("incomplete", "{\"query\": \"lo");
    assert_eq!(event("conversation.item.retrieved", cut.clone()), [called("{\"query\": \"lo")]);
    let response =
        json!({"type": "response.done", "response": {"status": "incomplete", "output": [cut]}});
    assert_eq!(facts(&response), [called("{\"query\": \"lo")]);
    let beta = json!({"type": "response.function_call_arguments.done", "item_id": "i", "call_id": "c",
        "arguments": "{}"});
    let nameless = Fact::ToolCalled {
        item: Some("i".into()),
        call_id: Some("c".into()),
        name: None,
        arguments: "{}".into(),
    };
    assert_eq!(facts(&beta), [nameless]);
}

#[test]
fn a_response_tells_its_output_in_order() {
    let call =
        json!({"id": "b", "type": "function_call", "call_id": "c", "name": "n", "arguments": "{}"});
    let speech = |id: &str| json!({"id": id, "type": "message", "content": [{"type": "audio", "transcript": id}]});
    let done =
        json!({"type": "response.done", "response": {"output": [speech("a"), call, speech("z")]}});
    let order: Vec<String> = facts(&done)
        .into_iter()
        .map(|fact| match fact {
            Fact::Said { item, speaker: Speaker::Agent, .. } | Fact::ToolCalled { item, .. } => {
                item
            }
            _ => None,
        })
        .map(Option::unwrap_or_default)
        .collect();
    assert_eq!(order, ["a", "b", "z"]);
}

#[test]
fn wrong_types_and_unknown_events_bring_no_facts() {
    for event in [
        json!({}),
        json!({"type": 3}),
        json!({"type": "brand.new", "item": {"id": "i"}}),
        json!({"type": "conversation.item.done"}),
        json!({"type": "conversation.item.done", "item": "i"}),
        json!({"type": "conversation.item.done", "item": {"id": 9, "type": "message", "role": 1, "content": {}}}),
        json!({"type": "response.done", "response": {"output": {"0": 1}}}),
        json!({"type": "response.done", "response": {"output": [1, null, [], "x", {}]}}),
        json!({"type": "response.done", "response": null}),
        json!({"type": "input_audio_buffer.committed", "item_id": {"id": "i"}}),
        json!({"type": "input_audio_buffer.committed", "item_id": "i".repeat(MAX_ID + 1)}),
        json!({"type": "response.content_part.done", "part": [{"text": "x"}]}),
        json!({"type": "response.function_call_arguments.done", "call_id": "c"}),
        json!({"type": "response.output_item.added", "item": {"type": "function_call", "name": "n"}}),
        json!({"type": "conversation.item.created", "item": {"type": "function_call_output", "output": "o"}}),
    ] {
        assert_eq!(facts(&event), [], "{event}");
    }
    let odd_index =
        json!({"type": "response.text.done", "item_id": 4, "content_index": -1, "text": "Hm."});
    let text = "Hm.".to_owned();
    assert_eq!(
        facts(&odd_index),
        [Fact::Said { item: None, index: 0, speaker: Speaker::Agent, text }]
    );
}

#[test]
fn a_hostile_frame_is_read_in_one_pass() {
    let began = std::time::Instant::now();
    let nested = format!(r#"{{"type":"response.done","response":{}"#, "[".repeat(1 << 20));
    assert!(parse(&nested).is_err());
    let closed = format!(r#"{{"type":"x","a":{}{}}}"#, "[".repeat(1 << 20), "]".repeat(1 << 20));
    assert_eq!(parse(&closed).map(|frame| frame.event.facts), Ok(vec![]));
    let item = r#"{"id":"i","content":[{"text":"a"}]},"#.repeat(50_000);
    let many = format!(r#"{{"type":"response.done","response":{{"output":[{item}0]}}}}"#);
    assert_eq!(parse(&many).map(|frame| frame.event.facts.len()), Ok(MAX_FACTS));
    let backslashes = format!(r#"{{"type":"x","a":"{}"}}"#, "\\\\ud800".repeat(200_000));
    assert!(parse(&backslashes).is_ok());
    assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
}
