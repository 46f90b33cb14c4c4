//! Whole recorded calls, and what damage does to their events.

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{CLIENT, SINGLE, facts, recorded};
use crate::wire::realtime::{After, Fact, Speaker, parse};

const BETA: &str =
    include_str!("../../../../tests/fixtures/a_realtime/call_beta_saving_pockets.jsonl");
const BETA_EXPECTED: &str =
    include_str!("../../../../tests/fixtures/a_realtime/call_beta_saving_pockets.expected.json");
const GA: &str = include_str!("../../../../tests/fixtures/a_realtime/call_ga_lost_card.jsonl");
const GA_EXPECTED: &str =
    include_str!("../../../../tests/fixtures/a_realtime/call_ga_lost_card.expected.json");

fn from_service(rows: &str) -> Vec<String> {
    recorded(rows, |row| row.dir == "s2c")
}

/// What whoever keeps the facts makes of them: words by item and index, tools by call.
#[derive(Default)]
struct Heard {
    words: BTreeMap<(String, u32), (Speaker, String)>,
    tools: BTreeMap<String, (Option<String>, Option<String>)>,
}

impl Heard {
    fn of<'a>(events: impl IntoIterator<Item = &'a String>) -> Heard {
        let mut heard = Heard::default();
        for event in events {
            for fact in parse(event).expect("an event").event.facts {
                heard.take(fact);
            }
        }
        heard
    }

    fn take(&mut self, fact: Fact) {
        match fact {
            Fact::Said { item, index, speaker, text } => {
                let key = (item.expect("recorded items have ids"), index);
                let first = self.words.entry(key).or_insert((speaker, text.clone()));
                assert_eq!(*first, (speaker, text), "told again, told the same");
            }
            Fact::ToolNamed { call_id, name, .. } => {
                self.tools.entry(call_id).or_default().0.get_or_insert(name);
            }
            Fact::ToolCalled { call_id, name, arguments, .. } => {
                let call = self.tools.entry(call_id.expect("recorded calls have ids")).or_default();
                call.0 = call.0.take().or(name);
                call.1.get_or_insert(arguments);
            }
            Fact::Placed { .. }
            | Fact::ToolAnswered { .. }
            | Fact::Piece { .. }
            | Fact::Typed { .. }
            | Fact::SessionStarted { .. } => {}
        }
    }

    /// Interactions as the expected files write them (S0.28, S0.29), sorted.
    fn interactions(&self) -> Vec<String> {
        let words = self.words.values().map(|(speaker, text)| {
            let speaker = if *speaker == Speaker::User { "user" } else { "agent" };
            json!({"speaker": speaker, "message": text, "tool_calls": null})
        });
        let tools = self.tools.values().map(|(name, arguments)| {
            let name = name.as_deref().expect("named");
            let calls = json!([{"name": name, "arguments": arguments}]);
            json!({"speaker": "agent", "message": format!("[Tool Call: {name}]"), "tool_calls": calls})
        });
        sorted(words.chain(tools))
    }
}

fn sorted(values: impl Iterator<Item = Value>) -> Vec<String> {
    let mut texts: Vec<String> = values.map(|value| value.to_string()).collect();
    texts.sort();
    texts
}

fn expected(file: &str) -> Value {
    serde_json::from_str(file).expect("an expected file")
}

fn expected_interactions(file: &str) -> Vec<String> {
    let file = expected(file);
    let interactions = file["interactions_in_order"].as_array().expect("interactions");
    sorted(interactions.iter().cloned())
}

/// S0.5, S0.6, S0.56, S0.57
#[test]
fn a_recorded_call_brings_every_word_and_tool_call() {
    for (rows, file) in [(BETA, BETA_EXPECTED), (GA, GA_EXPECTED)] {
        let heard = Heard::of(&from_service(rows));
        assert_eq!(heard.interactions(), expected_interactions(file));
    }
}

/// Quirk 5: proxies lose events; what one event tells, another tells too.
#[test]
fn the_agents_part_survives_in_any_one_kind_of_event() {
    let survivors = ["response.done", "response.output_item.done", "conversation.item.done"];
    for survivor in survivors {
        let events = from_service(GA);
        let kept = events.iter().filter(|event| {
            let kind = parse(event).expect("an event").event.kind;
            kind == survivor || kind.ends_with("transcription.completed")
        });
        assert_eq!(
            Heard::of(kept).interactions(),
            expected_interactions(GA_EXPECTED),
            "{survivor}"
        );
    }
}

#[test]
fn what_the_client_sends_too_changes_nothing() {
    for (rows, file) in [(BETA, BETA_EXPECTED), (GA, GA_EXPECTED)] {
        let heard = Heard::of(&recorded(rows, |_| true));
        assert_eq!(heard.interactions(), expected_interactions(file));
    }
}

/// The caller's words come late; their place is known from the chain alone.
#[test]
fn a_recorded_call_places_every_item_behind_the_one_before() {
    for rows in [BETA, GA] {
        let mut behind: HashMap<String, After> = HashMap::new();
        for event in from_service(rows) {
            for fact in parse(&event).expect("an event").event.facts {
                if let Fact::Placed { item, after, .. } = fact {
                    assert_eq!(*behind.entry(item).or_insert(after.clone()), after);
                }
            }
        }
        let firsts = behind.values().filter(|after| **after == After::Start).count();
        assert_eq!((firsts, behind.len()), (1, 7));
        let known = |after: &After| match after {
            After::Item(before) => behind.contains_key(before),
            After::Start => true,
            After::Unknown => false,
        };
        assert!(behind.values().all(known));
    }
}

#[test]
fn a_call_starts_with_its_session() {
    let first = parse(&from_service(BETA)[0]).expect("an event").event;
    let session = Some("sess_l2M69i7WdDqgNmO6SfsyN".to_owned());
    assert_eq!(first.facts, [Fact::SessionStarted { session }]);
    assert_eq!(first.event_id.as_deref(), Some("event_EbdTNHp0nrVq24RZyYObE"));
    assert_eq!(first.kind, "session.created");
}

fn all_events() -> Vec<String> {
    [BETA, GA, SINGLE, CLIENT].iter().flat_map(|rows| recorded(rows, |_| true)).collect()
}

/// The character boundary at or behind `at`.
fn boundary(text: &str, at: usize) -> usize {
    (at..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
}

/// Puts `with` in the place of the `at`th value inside, counted over all levels.
fn replace(value: &mut Value, at: &mut usize, with: &Value) {
    if *at == 0 {
        *value = with.clone();
    }
    *at = at.wrapping_sub(1);
    match value {
        Value::Array(elements) => elements.iter_mut().for_each(|value| replace(value, at, with)),
        Value::Object(members) => members.values_mut().for_each(|value| replace(value, at, with)),
        _ => {}
    }
}

proptest! {
    #[test]
    fn an_event_with_a_changed_value_still_reads(
        event in prop::sample::select(all_events()),
        at in 1usize..60,
        with in prop::sample::select(vec![
            json!(null), json!(0), json!(-1.5), json!(true), json!(""), json!("x"), json!([]), json!({}),
            json!([null]), json!({"id": {}}), json!(u64::MAX),
        ]),
    ) {
        let mut event: Value = serde_json::from_str(&event).expect("recorded");
        replace(&mut event, &mut { at }, &with);
        for fact in facts(&event) {
            if let Fact::Said { item, text, .. } = fact {
                prop_assert!(!text.trim().is_empty() && item.as_deref() != Some(""));
            }
        }
    }

    #[test]
    fn a_damaged_event_never_panics(
        event in prop::sample::select(all_events()),
        at in any::<prop::sample::Index>(),
        cut in 0usize..12,
        with in "[\\\\\"{}\\[\\]ud8,:0-9é👩 ]{0,8}",
    ) {
        let start = boundary(&event, at.index(event.len()));
        let end = boundary(&event, start + cut);
        let damaged = format!("{}{with}{}", &event[..start], &event[end..]);
        if let Err(error) = parse(&damaged) {
            prop_assert!(error.to_string().len() < 500);
        }
    }
}
