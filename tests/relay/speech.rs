//! What a realtime speech service says during a call: whole recordings, and single events to make calls of.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

/// A recorded call: what the service sent, in order of arrival, and what must become of it.
pub struct Recording {
    pub events: Vec<Value>,
    pub expected: Value,
}

/// The recordings of `tests/fixtures/a_realtime`: old event names and new ones.
pub fn recordings() -> [Recording; 2] {
    ["call_beta_saving_pockets", "call_ga_lost_card"].map(|name| {
        let rows = fixture(&format!("{name}.jsonl"));
        let rows = rows.lines().map(|row| serde_json::from_str::<Value>(row).expect("a row"));
        let from_service = rows.filter(|row| row["dir"] == "s2c");
        Recording {
            events: from_service.map(|mut row| row["event"].take()).collect(),
            expected: serde_json::from_str(&fixture(&format!("{name}.expected.json")))
                .expect("JSON"),
        }
    })
}

pub fn fixture(name: &str) -> String {
    let path = format!("{}/tests/fixtures/a_realtime/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// An event with an id of its own.
pub fn event(kind: &str, mut fields: Value) -> Value {
    static EVENTS: AtomicU64 = AtomicU64::new(1);
    fields["type"] = kind.into();
    fields["event_id"] = format!("event_{:021}", EVENTS.fetch_add(1, Ordering::Relaxed)).into();
    fields
}

pub fn session_created(id: &str) -> Value {
    event("session.created", json!({"session": {"id": id, "object": "realtime.session"}}))
}

/// The caller stopped speaking: their turn has its place, its words come later.
pub fn committed(item: &str, previous: Option<&str>) -> Value {
    event("input_audio_buffer.committed", json!({"item_id": item, "previous_item_id": previous}))
}

/// The caller's words.
pub fn heard(item: &str, words: &str) -> Value {
    event(
        "conversation.item.input_audio_transcription.completed",
        json!({"item_id": item, "content_index": 0, "transcript": words}),
    )
}

/// An item of the agent's gets its place.
pub fn placed(item: &str, previous: Option<&str>) -> Value {
    let item = json!({"id": item, "type": "message", "status": "in_progress", "role": "assistant", "content": []});
    event("conversation.item.created", json!({"previous_item_id": previous, "item": item}))
}

/// The agent's words.
pub fn answered(item: &str, words: &str) -> Value {
    event(
        "response.audio_transcript.done",
        json!({"response_id": "resp_1", "item_id": item, "output_index": 0, "content_index": 0, "transcript": words}),
    )
}

/// A whole turn of the caller's.
pub fn user_turn(item: &str, previous: Option<&str>, words: &str) -> Vec<Value> {
    vec![committed(item, previous), heard(item, words)]
}

/// A whole turn of the agent's.
pub fn agent_turn(item: &str, previous: Option<&str>, words: &str) -> Vec<Value> {
    vec![placed(item, previous), answered(item, words)]
}

/// A call in which the customer says these words and nothing else happens.
pub fn customer_says(words: &str) -> Vec<Value> {
    user_turn("item_only", None, words)
}
