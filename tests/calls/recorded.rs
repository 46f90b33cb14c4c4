//! Recorded calls, told as they were and in every way in which a network tells them.

use serde_json::{Value, json};

use super::relay::{Recording, recordings};
use super::{Desk, session, turns};

fn check(call: &Value, expected: &Value, how: &str) {
    assert_eq!(turns(call), expected["interactions_in_order"], "{how}");
    assert_eq!(call["ticket"]["category"], expected["category"], "{how}");
}

/// `GXS-YYYYMMDD-XXXXXXXX` with the date of its creation.
fn is_reference_of_a_call(ticket: &Value) -> bool {
    let (id, created) = (ticket["ticket_id"].as_str(), ticket["created_at"].as_str());
    let Some((id, created)) = id.zip(created) else { return false };
    let date: String = created.chars().take(10).filter(char::is_ascii_digit).collect();
    let parts: Vec<_> = id.split('-').collect();
    let [prefix, day, code] = parts[..] else { return false };
    let is_code = |c: u8| c.is_ascii_uppercase() || c.is_ascii_digit();
    prefix == "GXS" && day == date && code.len() == 8 && code.bytes().all(is_code)
}

/// S0.1 to S0.9, S0.25, S0.37 to S0.39, S0.53.
#[test]
fn a_recorded_call_becomes_a_closed_ticket_with_its_transcript() {
    let desk = Desk::shared();
    for Recording { events, expected } in recordings() {
        let session = format!("{}-{}", expected["session_id"].as_str().unwrap(), session());
        let mut relay = desk.relay(&session);
        let running = desk.call(&relay.ticket_id)["ticket"].take();
        assert_eq!(running["status"], "open", "a call that just started");
        assert_eq!(running["session_id"], session);
        assert_eq!(running["customer_name"], "Unknown");
        assert_eq!(running["priority"], "normal");
        assert_eq!(running["resolved_at"], Value::Null);
        assert!(is_reference_of_a_call(&running), "{running}");

        relay.tell(&events);
        let ticket_id = relay.ticket_id.clone();
        relay.hang_up();

        let call = desk.closed_call(&ticket_id);
        check(&call, &expected, "as recorded");
        assert_eq!(call["ticket"]["ticket_id"], ticket_id);
        assert_eq!(call["ticket"]["resolved_at"], call["ticket"]["updated_at"]);
        let summary = call["ticket"]["summary"].as_str().expect("a summary");
        assert!((1..=120).contains(&summary.chars().count()), "{summary}");
        for row in call["interactions"].as_array().unwrap() {
            assert_eq!(row["ticket_id"], ticket_id);
            assert!(row["interaction_id"].is_u64(), "{row}");
        }
    }
}

/// S0.38, S0.66: the summary names what the customer asked.
#[test]
fn the_summary_of_a_recorded_call_names_what_its_customer_asked() {
    let desk = Desk::shared();
    let [pockets, card] = recordings().map(|r| desk.whole_call(&r.events));
    let summary = |call: &Value| call["ticket"]["summary"].as_str().unwrap().to_lowercase();
    for word in ["saving pockets", "interest rate"] {
        assert!(summary(&pockets).contains(word), "{}", summary(&pockets));
    }
    assert!(
        summary(&card).contains("flexicard") || summary(&card).contains("freeze"),
        "{}",
        summary(&card)
    );
}

#[test]
fn frames_with_a_number_are_acknowledged_by_it() {
    let desk = Desk::shared();
    for Recording { events, expected } in recordings() {
        let mut relay = desk.relay(&session());
        for (seq, event) in (700..).zip(&events) {
            relay.say(&json!({"seq": seq, "event": event}).to_string());
        }
        for (seq, _) in (700..).zip(&events) {
            relay.expect_ack(seq);
        }
        let ticket_id = relay.ticket_id.clone();
        relay.hang_up();
        check(&desk.closed_call(&ticket_id), &expected, "numbered frames");
    }
}

fn is_transcription(event: &Value) -> bool {
    event["type"] == "conversation.item.input_audio_transcription.completed"
}

/// FORMATS 1.4: the caller's words come late, and out of order among themselves.
#[test]
fn the_callers_words_take_their_place_whenever_they_come() {
    let desk = Desk::shared();
    for Recording { events, expected } in recordings() {
        let (mut words, others): (Vec<_>, Vec<_>) = events.into_iter().partition(is_transcription);
        let last = [&others[..], &words].concat();
        check(&desk.whole_call(&last), &expected, "all transcriptions last");

        words.reverse();
        let last_in_reverse = [&others[..], &words].concat();
        check(&desk.whole_call(&last_in_reverse), &expected, "all transcriptions last, in reverse");

        // Before their own places are known, and before anything else is.
        let first = [&others[..2], &words, &others[2..]].concat();
        check(&desk.whole_call(&first), &expected, "all transcriptions first");
    }
}

/// Each transcription directly before the `committed` that gives it its place.
#[test]
fn words_that_overtake_their_place_still_find_it() {
    let desk = Desk::shared();
    for Recording { events, expected } in recordings() {
        let (words, others): (Vec<_>, Vec<_>) = events.into_iter().partition(is_transcription);
        let mut overtaking = Vec::new();
        for event in others {
            if event["type"] == "input_audio_buffer.committed" {
                overtaking
                    .extend(words.iter().filter(|w| w["item_id"] == event["item_id"]).cloned());
            }
            overtaking.push(event);
        }
        check(&desk.whole_call(&overtaking), &expected, "before its committed");
    }
}

/// Events displaced by up to `reach` places, the same way for the same seed.
fn shuffled(events: &[Value], reach: u64, seed: u64) -> Vec<Value> {
    let mut state = seed;
    let mut random = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    let mut keyed: Vec<_> =
        (0..).zip(events).map(|(i, e)| (i + random() % (reach + 1), e.clone())).collect();
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, event)| event).collect()
}

#[test]
fn the_order_of_arrival_does_not_change_the_order_spoken() {
    let desk = Desk::shared();
    for Recording { events, expected } in recordings() {
        for seed in 1..=8 {
            let call = desk.whole_call(&shuffled(&events, 8, seed));
            check(&call, &expected, &format!("shuffled with seed {seed}"));
        }
    }
}

#[test]
fn an_event_that_comes_twice_adds_nothing() {
    let desk = Desk::shared();
    for Recording { events, expected } in recordings() {
        let each_twice: Vec<_> = events.iter().flat_map(|e| [e.clone(), e.clone()]).collect();
        check(&desk.whole_call(&each_twice), &expected, "each event twice");

        let all_twice = [&events[..], &events].concat();
        check(&desk.whole_call(&all_twice), &expected, "the whole call twice");

        // As a relay sends them that makes up ids of its own, or none.
        let mut without_ids = all_twice;
        without_ids.iter_mut().for_each(|e| drop(e.as_object_mut().unwrap().remove("event_id")));
        check(&desk.whole_call(&without_ids), &expected, "twice, without event ids");
    }
}

/// FORMATS 1.4: if only `response.done` survives, it holds the whole text.
#[test]
fn the_end_of_a_response_alone_tells_what_the_agent_said() {
    let desk = Desk::shared();
    for Recording { events, expected } in recordings() {
        let survives = |event: &Value| {
            let kind = event["type"].as_str().unwrap();
            let of_the_agent =
                kind.starts_with("response.") || kind.starts_with("conversation.item.");
            kind == "response.done" || is_transcription(event) || !of_the_agent
        };
        let survivors: Vec<_> = events.into_iter().filter(survives).collect();
        check(&desk.whole_call(&survivors), &expected, "response.done only");
    }
}

/// A proxy between old and new: every second event under the other generation's name (S0.57).
#[test]
fn old_and_new_event_names_may_be_mixed() {
    const NAMES: [(&str, &str); 4] = [
        ("conversation.item.created", "conversation.item.added"),
        ("response.audio_transcript.done", "response.output_audio_transcript.done"),
        ("response.audio_transcript.delta", "response.output_audio_transcript.delta"),
        ("response.audio.delta", "response.output_audio.delta"),
    ];
    let desk = Desk::shared();
    for Recording { events, expected } in recordings() {
        for odd in [0, 1] {
            let mut mixed = events.clone();
            for event in mixed.iter_mut().skip(odd).step_by(2) {
                let kind = event["type"].as_str().unwrap();
                let pair = NAMES.iter().find(|(old, new)| kind == *old || kind == *new);
                if let Some((old, new)) = pair {
                    event["type"] = if kind == *old { *new } else { *old }.into();
                }
            }
            check(&desk.whole_call(&mixed), &expected, "mixed names");
        }
    }
}
